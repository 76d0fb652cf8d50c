// SPDX-License-Identifier: BSL-1.0
#include <websockxx/protocol/protocol.hpp>

#include "protocol/compressor.hpp"
#include "protocol/talk.hpp"
#include "support/test.hpp"

using namespace websockxx;
using namespace websockxx::test;
using frames::encode;

namespace {

Pieces any_pieces() { return GENERATE(Pieces::whole, Pieces::bytes, Pieces::random); }

std::string words(std::size_t size)
{
    std::minstd_rand random(3);
    std::string text;
    while (text.size() < size)
        text += std::to_string(random() % 1000) + (random() % 3 == 0 ? " the quick brown fox " : ",");
    text.resize(size);
    return text;
}

std::string noise(std::size_t size)
{
    std::minstd_rand random(5);
    std::string bytes;
    while (bytes.size() < size) bytes += static_cast<char>(random() >> 7);
    return bytes;
}

/// What the client has sent, as one message.
std::string sent_message(std::vector<frames::FromClient> sent, Inflater& inflater)
{
    std::string payload;
    REQUIRE_FALSE(sent.empty());
    CHECK(sent.front().rsv == 4);
    for (std::size_t index = 0; index < sent.size(); ++index) {
        CHECK(sent[index].fin == (index + 1 == sent.size()));
        if (index > 0) CHECK((sent[index].opcode == frames::continuation && sent[index].rsv == 0));
        payload += sent[index].payload;
    }
    return inflater.message(payload);
}

} // namespace

TEST_CASE("compressed messages are inflated, one after the other", "[protocol]")
{
    OpenTalk talk(Talk::deflate_conn(), any_pieces());
    Compressor compressor;
    const bool takeover = GENERATE(true, false);
    for (const auto& text :
        {words(5), words(300), words(300), words(100'000), std::string(), std::string(70'000, 'a'), words(20'000)}) {
        talk.happenings.clear();
        talk.feed(encode(frames::text, compressor.message(text), frames::compressed));
        REQUIRE(talk.happenings == Happenings{message(Frame::text(text))});
        if (!takeover) compressor.reset();
    }
    talk.happenings.clear();
    const auto bytes = noise(50'000);
    CHECK(talk.feed(encode(frames::binary, compressor.message(bytes), frames::compressed)) ==
          Happenings{message(Frame::binary(bytes))});
}

TEST_CASE("compressed and other messages may follow each other", "[protocol]")
{
    OpenTalk talk(Talk::deflate_conn(), any_pieces());
    Compressor compressor;
    for (int times = 0; times < 20; ++times) {
        talk.happenings.clear();
        talk.feed(encode(frames::text, "plain") +
                  encode(frames::text, compressor.message(words(500)), frames::compressed) + encode(frames::ping, "p") +
                  encode(frames::binary, noise(2000)));
        REQUIRE(talk.happenings == Happenings{message(Frame::text("plain")), message(Frame::text(words(500))),
                                       ping("p"), message(Frame::binary(noise(2000)))});
    }
}

TEST_CASE("a compressed message may come in fragments, cut anywhere, with empty ones and control frames between",
    "[protocol]")
{
    OpenTalk talk(Talk::deflate_conn(), any_pieces());
    Compressor compressor;
    const auto text = words(3000);
    for (std::size_t number = 0; number < 40; ++number) {
        const auto payload = compressor.message(text);
        const auto cut = std::min(number, payload.size());
        const auto middle = std::min(cut * 30, payload.size());
        const bool ends_empty = number % 2 == 0;
        talk.happenings.clear();
        talk.feed(
            encode(frames::text, payload.substr(0, cut), frames::compressed_unfinished) + encode(frames::ping, "") +
            encode(frames::continuation, "", frames::unfinished) +
            encode(frames::continuation, payload.substr(cut, middle), frames::unfinished) +
            encode(frames::continuation, payload.substr(std::min(payload.size(), cut + middle)), {.fin = !ends_empty}) +
            (ends_empty ? encode(frames::continuation, "") : ""));
        REQUIRE(talk.happenings == Happenings{ping(), message(Frame::text(text))});
    }
}

TEST_CASE("many messages of every size that fill Beast's buffers to the byte are inflated", "[protocol]")
{
    // Beast before Boost 1.90 fails on the message behind one that has filled the room it was given.
    OpenTalk talk(Talk::deflate_conn(), GENERATE(Pieces::whole, Pieces::random));
    Compressor compressor;
    std::minstd_rand random(11);
    const auto text = words(40'000);
    for (int times = 0; times < 600; ++times) {
        const auto size = times % 3 == 0 ? std::size_t{1} << random() % 15 : random() % 4100;
        const auto part = text.substr(random() % 20'000, size);
        talk.happenings.clear();
        talk.feed(encode(frames::text, compressor.message(part), frames::compressed));
        REQUIRE(talk.happenings == Happenings{message(Frame::text(part))});
    }
}

TEST_CASE("S1 the limit of a message holds for what is inflated, to the byte", "[protocol]")
{
    auto conn = Talk::deflate_conn();
    conn.limits.message_bytes = 1024 * 1024;
    OpenTalk talk(conn, GENERATE(Pieces::whole, Pieces::random));
    Compressor compressor;
    const std::string zeros(conn.limits.message_bytes, '\0');
    const bool fragments = GENERATE(false, true);
    const auto feed = [&](const std::string& payload) {
        if (!fragments) return talk.feed(encode(frames::binary, payload, frames::compressed));
        return talk.feed(encode(frames::binary, payload.substr(0, 10), frames::compressed_unfinished) +
                         encode(frames::continuation, payload.substr(10, 300), frames::unfinished) +
                         encode(frames::continuation, payload.substr(310)));
    };
    CHECK(feed(compressor.message(zeros)) == Happenings{message(Frame::binary(zeros))});
    talk.happenings.clear();
    CHECK(feed(compressor.message(zeros)) == Happenings{message(Frame::binary(zeros))});
    talk.happenings.clear();
    const std::string more(GENERATE(std::size_t{1}, std::size_t{8} * 1024 * 1024), '\0');
    CHECK(feed(compressor.message(zeros + more)) == Happenings{failed});
    CHECK(talk.protocol.error().code() == errc::message_too_big);
    CHECK(talk.protocol.sent()->code == close_code::too_big);
    CHECK(talk.take_frame().payload.substr(0, 2) == frames::big_endian(1009, 2));
}

TEST_CASE("S1 a compressed message that announces much more than the limit is refused by its header", "[protocol]")
{
    auto conn = Talk::deflate_conn();
    conn.limits.message_bytes = 10'000;
    OpenTalk talk(conn);
    CHECK(talk.feed(frames::header(frames::binary, 10'000 + 1250 + 1024, frames::compressed)).empty());
    OpenTalk other(conn);
    CHECK(other.feed(frames::header(frames::binary, 10'000 + 1250 + 1025, frames::compressed)) == Happenings{failed});
    CHECK(other.protocol.error().code() == errc::message_too_big);
}

TEST_CASE("what deflate cannot make smaller is accepted up to the limit", "[protocol]")
{
    auto conn = Talk::deflate_conn();
    conn.limits.message_bytes = 10'000;
    OpenTalk talk(conn);
    Compressor stored(15, 0);
    const auto bytes = noise(10'000);
    const auto payload = stored.message(bytes);
    CHECK(payload.size() > bytes.size());
    CHECK(talk.feed(encode(frames::binary, payload, frames::compressed)) == Happenings{message(Frame::binary(bytes))});
}

TEST_CASE("a compressed message that cannot be inflated is a protocol error, and the server is told", "[protocol]")
{
    OpenTalk talk(Talk::deflate_conn(), any_pieces());
    Compressor compressor;
    auto payload = GENERATE(as<std::string>(), "\x07\xFF\xFF", "\xFF\xFF\xFF\xFF\xFF", noise(500));
    if (payload.size() == 500) payload = compressor.message(words(2000)).substr(0, 100) + payload;
    talk.feed(encode(frames::binary, payload, frames::compressed) + encode(frames::text, "never read"));
    CHECK(talk.happenings == Happenings{failed});
    CHECK(talk.protocol.error().code() == errc::protocol_error);
    CHECK(talk.protocol.error().detail() == "compressed message that cannot be inflated");
    const auto close = talk.take_frame();
    CHECK(close.opcode == frames::close);
    CHECK(close.masked);
    CHECK(close.payload == frames::big_endian(1002, 2) + "compressed message that cannot be inflated");
    CHECK(talk.protocol.write(Frame::text("late")) == errc::not_connected_closing);
}

TEST_CASE("a final block of deflate, which Beast cannot read, is an error and not a hang", "[protocol]")
{
    OpenTalk talk(Talk::deflate_conn(), any_pieces());
    // RFC 7692 7.2.3.4: "Hello".
    talk.feed(encode(frames::text, {"\xF3\x48\xCD\xC9\xC9\x07\x00\x00", 8}, frames::compressed));
    REQUIRE(talk.happenings.size() == 1);
    if (talk.happenings.front() == failed) CHECK(talk.protocol.error().code() == errc::protocol_error);
    else CHECK(talk.happenings.front() == message(Frame::text("Hello")));
}

TEST_CASE("compressed messages that are cut off or changed never hang, crash or go over the limit", "[protocol]")
{
    auto conn = Talk::deflate_conn();
    conn.limits.message_bytes = 100'000;
    std::minstd_rand random(13);
    Compressor compressor;
    for (int times = 0; times < 1000; ++times) {
        compressor.reset();
        auto payload = compressor.message(times % 2 == 0 ? words(random() % 5000) : noise(random() % 3000));
        if (times % 3 == 0) payload.resize(random() % (payload.size() + 1));
        for (auto changes = random() % 4; changes > 0 && !payload.empty(); --changes)
            payload[random() % payload.size()] = static_cast<char>(random() >> 9);
        OpenTalk talk(conn, Pieces::random);
        talk.feed(encode(frames::binary, payload, frames::compressed));
        REQUIRE(talk.happenings.size() == 1);
        const auto& it = talk.happenings.front();
        REQUIRE((it.event == Event::failed || (it.event == Event::message && it.frame.size() <= 100'000)));
        if (it.event == Event::failed) REQUIRE(talk.take_frame().opcode == frames::close);
    }
}

TEST_CASE("a compressed text must be UTF-8", "[protocol]")
{
    OpenTalk talk(Talk::deflate_conn(), any_pieces());
    Compressor compressor;
    SECTION("inside") { talk.feed(encode(frames::text, compressor.message("Hello\xFF"), frames::compressed)); }
    SECTION("at its end") { talk.feed(encode(frames::text, compressor.message("Hello\xE2\x82"), frames::compressed)); }
    SECTION("at its end, in an empty frame")
    {
        talk.feed(encode(frames::text, compressor.message("Hello\xE2\x82"), frames::compressed_unfinished) +
                  encode(frames::continuation, ""));
    }
    CHECK(talk.happenings == Happenings{failed});
    CHECK(talk.protocol.error().code() == errc::bad_payload);
    CHECK(talk.take_frame().payload.substr(0, 2) == frames::big_endian(1007, 2));
}

TEST_CASE("a wrong byte of a compressed text is found before the message is whole", "[protocol]")
{
    OpenTalk talk(Talk::deflate_conn());
    Compressor compressor;
    CHECK(talk.feed(encode(frames::text, compressor.part("Hello\xFF"), {.rsv = 4, .announced = 100'000})) ==
          Happenings{failed});
    CHECK(talk.protocol.error().code() == errc::bad_payload);
}

TEST_CASE("our close in the middle of a compressed message drops the rest of it", "[protocol]")
{
    OpenTalk talk(Talk::deflate_conn(), any_pieces());
    Compressor compressor;
    const auto frame = encode(frames::text, compressor.message(words(30'000)), frames::compressed);
    const auto cut = GENERATE(1u, 5u, 300u, 5000u);
    talk.feed(frame.substr(0, cut));
    CHECK_FALSE(talk.protocol.close(1000, ""));
    talk.feed(frame.substr(cut));
    CHECK(talk.happenings.empty());
    CHECK(talk.feed(frames::encode_close(1000)) == Happenings{closed});
}

TEST_CASE("messages of the threshold and more are sent compressed", "[protocol]")
{
    OpenTalk talk(Talk::deflate_conn());
    Inflater inflater;
    for (const auto size : {16u, 300u, 20'000u, 200'000u, 17u}) {
        CHECK_FALSE(talk.protocol.write(Frame::text(words(size))));
        CHECK(sent_message(talk.take_frames(), inflater) == words(size));
        CHECK_FALSE(talk.protocol.write(Frame::binary(noise(size))));
        CHECK(sent_message(talk.take_frames(), inflater) == noise(size));
    }
    CHECK_FALSE(talk.protocol.write(Frame::text(words(15))));
    const auto frame = talk.take_frame();
    CHECK(frame.rsv == 0);
    CHECK(frame.payload == words(15));
}

TEST_CASE("every frame of a compressed message has a mask of its own", "[protocol]")
{
    OpenTalk talk(Talk::deflate_conn());
    (void)talk.protocol.write(Frame::binary(noise(100'000)));
    const auto sent = talk.take_frames();
    REQUIRE(sent.size() > 1);
    for (std::size_t index = 1; index < sent.size(); ++index) CHECK(sent[index].mask != sent[0].mask);
}

TEST_CASE("messages that are sent in fragments are not compressed, and those behind them are", "[protocol]")
{
    OpenTalk talk(Talk::deflate_conn());
    Inflater inflater;
    (void)talk.protocol.write(Frame::text(words(400)));
    CHECK(sent_message(talk.take_frames(), inflater) == words(400));
    (void)talk.protocol.write(Frame::text_fragment(words(400)));
    (void)talk.protocol.write(Frame::ping());
    (void)talk.protocol.write(Frame::continuation("x"));
    (void)talk.protocol.write(Frame::finish(words(400)));
    const auto sent = talk.take_frames();
    REQUIRE(sent.size() == 4);
    for (const auto& frame : sent) CHECK(frame.rsv == 0);
    CHECK(sent[0].payload + sent[2].payload + sent[3].payload == words(400) + "x" + words(400));
    (void)talk.protocol.write(Frame::text(words(500)));
    CHECK(sent_message(talk.take_frames(), inflater) == words(500));
}

TEST_CASE("what was agreed on is kept to", "[protocol]")
{
    auto conn = Talk::deflate_conn();
    conn.deflate.client_max_window_bits = 12;
    Talk talk(conn);
    SECTION("windows")
    {
        talk.feed(talk.answer(
            "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=9; server_max_window_bits=8\r\n"));
        Inflater inflater(9);
        Compressor compressor(9); // deflate has none of 8
        for (int times = 0; times < 5; ++times) {
            (void)talk.protocol.write(Frame::text(words(10'000)));
            CHECK(sent_message(talk.take_frames(), inflater) == words(10'000));
        }
        talk.happenings.clear();
        compressor.reset();
        talk.feed(encode(frames::text, compressor.message(words(200)), frames::compressed));
        CHECK(talk.happenings == Happenings{message(Frame::text(words(200)))});
    }
    SECTION("the window that we wanted")
    {
        talk.feed(talk.answer("Sec-WebSocket-Extensions: permessage-deflate\r\n"));
        Inflater inflater(12);
        for (int times = 0; times < 5; ++times) {
            (void)talk.protocol.write(Frame::text(words(10'000)));
            CHECK(sent_message(talk.take_frames(), inflater) == words(10'000));
        }
    }
    SECTION("a window of 8 bits, which Beast cannot make: nothing is compressed")
    {
        talk.feed(talk.answer("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=8\r\n"));
        (void)talk.protocol.write(Frame::text(words(10'000)));
        const auto frame = talk.take_frame();
        CHECK(frame.rsv == 0);
        CHECK(frame.payload == words(10'000));
        (void)talk.protocol.write(Frame::text_fragment("a"));
        (void)talk.protocol.write(Frame::finish("z"));
        talk.take_output();
        (void)talk.protocol.write(Frame::text(words(10'000)));
        CHECK(talk.take_frame().rsv == 0);
    }
    SECTION("no context takeover")
    {
        talk.feed(talk.answer("Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover; "
                              "server_no_context_takeover\r\n"));
        Inflater inflater;
        Compressor compressor;
        for (int times = 0; times < 5; ++times) {
            (void)talk.protocol.write(Frame::text(words(10'000)));
            inflater.reset();
            CHECK(sent_message(talk.take_frames(), inflater) == words(10'000));
            talk.happenings.clear();
            compressor.reset();
            talk.feed(encode(frames::text, compressor.message(words(900)), frames::compressed));
            CHECK(talk.happenings == Happenings{message(Frame::text(words(900)))});
        }
    }
}
