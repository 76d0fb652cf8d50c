// SPDX-License-Identifier: BSL-1.0
#include <websockxx/protocol/protocol.hpp>

#include "protocol/talk.hpp"
#include "support/test.hpp"

using namespace websockxx;
using namespace websockxx::test;
using frames::encode;
using frames::encode_close;

namespace {

Pieces any_pieces() { return GENERATE(Pieces::whole, Pieces::bytes, Pieces::random); }
Conn any_conn() { return GENERATE(false, true) ? Talk::deflate_conn() : Talk::plain_conn(); }

} // namespace

TEST_CASE("WX-147 the server's close frame is answered with its code and text", "[protocol]")
{
    OpenTalk talk(any_conn(), any_pieces());
    const auto code = GENERATE(as<std::uint16_t>(), 1000, 1001, 1014, 3000, 4999);
    const std::string text = GENERATE(as<std::string>(), "", "Hello", std::string(123, 'x'));
    talk.feed(encode(frames::text, "before") + encode_close(code, text) + encode(frames::text, "never read"));
    CHECK(talk.happenings == Happenings{message(Frame::text("before")), closed});
    CHECK(talk.protocol.received() == CloseFrame{code, text});
    CHECK(talk.protocol.sent() == CloseFrame{code, text});
    CHECK_FALSE(talk.protocol.error());
    const auto answer = talk.take_frame();
    CHECK(answer.opcode == frames::close);
    CHECK(answer.masked);
    CHECK(answer.payload == frames::big_endian(code, 2) + text);
    CHECK(talk.protocol.write(Frame::text("late")) == errc::not_connected_closing);
}

TEST_CASE("WX-144 an empty close frame is answered with an empty one", "[protocol]")
{
    OpenTalk talk(any_pieces());
    CHECK(talk.feed(encode(frames::close, "")) == Happenings{closed});
    CHECK(talk.protocol.received() == CloseFrame{close_code::no_status});
    CHECK(talk.protocol.sent() == CloseFrame{close_code::no_status});
    CHECK(talk.take_frame().payload.empty());
}

TEST_CASE("WX-170 WX-171 WX-173 WXB-07 WXB-08 S12 a wrong close frame is an error, and is not echoed", "[protocol]")
{
    const auto [payload, code] = GENERATE(table<std::string, std::uint16_t>({
        {"\x03", 1002},
        {frames::big_endian(0, 2), 1002},
        {frames::big_endian(999, 2), 1002},
        {frames::big_endian(1004, 2), 1002},
        {frames::big_endian(1005, 2), 1002},
        {frames::big_endian(1006, 2), 1002},
        {frames::big_endian(1015, 2), 1002},
        {frames::big_endian(1016, 2), 1002},
        {frames::big_endian(2500, 2), 1002},
        {frames::big_endian(2999, 2), 1002},
        {frames::big_endian(5000, 2), 1002},
        {frames::big_endian(1000, 2) + "\xFF\xFF", 1007},
    }));
    OpenTalk talk(any_pieces());
    CHECK(talk.feed(encode(frames::close, payload)) == Happenings{failed});
    CHECK_FALSE(talk.protocol.received());
    CHECK(talk.protocol.sent()->code == code);
    CHECK(talk.protocol.error().code() == (code == 1007 ? errc::bad_payload : errc::protocol_error));
    CHECK(talk.take_frame().payload.substr(0, 2) == frames::big_endian(code, 2));
}

TEST_CASE("a close frame inside a fragmented message closes", "[protocol]")
{
    OpenTalk talk(any_conn(), any_pieces());
    CHECK(talk.feed(encode(frames::text, "He", frames::unfinished) + encode_close(1000)) == Happenings{closed});
}

TEST_CASE("WX-184 WX-185 our close frame is written, and the server's answer ends it", "[protocol]")
{
    OpenTalk talk(any_conn(), any_pieces());
    const bool empty = GENERATE(false, true);
    const auto error = empty ? talk.protocol.close(std::nullopt, "") : talk.protocol.close(1000, "Hello");
    CHECK_FALSE(error);
    CHECK(talk.protocol.sent() == (empty ? CloseFrame{} : CloseFrame{1000, "Hello"}));
    CHECK(talk.take_frame().payload == (empty ? "" : "\x03\xE8Hello"));
    talk.look();
    CHECK(talk.happenings.empty());
    CHECK(talk.feed(encode_close(1001, "bye") + encode(frames::text, "late")) == Happenings{closed});
    CHECK(talk.protocol.received() == CloseFrame{1001, "bye"});
    CHECK(talk.take_output().empty());
}

TEST_CASE("WX-189 a close code that may not be sent, and a text that is not UTF-8, are refused", "[protocol]")
{
    OpenTalk talk;
    for (const auto code : std::vector<std::uint16_t>{0, 999, 1004, 1005, 1006, 1015, 2500, 5000, 5838})
        CHECK(talk.protocol.close(code, "Hello") == errc::invalid_close_code);
    CHECK(talk.protocol.close(1000, "\xFF") == errc::invalid_utf8);
    CHECK_FALSE(talk.protocol.sent());
    CHECK(talk.take_output().empty());
    CHECK_FALSE(talk.protocol.write(Frame::text("still open")));
}

TEST_CASE("WX-188 S12 a close text is cut to 123 bytes, between characters", "[protocol]")
{
    OpenTalk talk;
    SECTION("of one byte each")
    {
        CHECK_FALSE(talk.protocol.close(1000, std::string(305, 'x')));
        CHECK(talk.take_frame().payload.substr(2) == std::string(123, 'x'));
    }
    SECTION("of three bytes each")
    {
        std::string text = "xx";
        for (int times = 0; times < 100; ++times) text += "\xE2\x82\xAC";
        CHECK_FALSE(talk.protocol.close(1000, text));
        CHECK(talk.take_frame().payload.substr(2) == text.substr(0, 122));
        CHECK(talk.protocol.sent()->text == text.substr(0, 122));
    }
}

TEST_CASE("WXB-18 after our close frame messages, pings and pongs are dropped", "[protocol]")
{
    OpenTalk talk(any_conn(), any_pieces());
    (void)talk.protocol.close(1000, "");
    talk.take_output();
    talk.feed(encode(frames::text, "late") + encode(frames::ping, "p") + encode(frames::pong, "p") +
              encode(frames::binary, "", frames::unfinished) +
              encode(frames::continuation, std::string(100'000, 'x'), frames::unfinished) + encode(frames::ping, "") +
              encode(frames::continuation, "") + encode(frames::text, "\xFF"));
    CHECK(talk.happenings.empty());
    CHECK(talk.take_output().empty());
    CHECK(talk.feed(encode_close(1000)) == Happenings{closed});
}

TEST_CASE("a close in the middle of a message drops the rest of it", "[protocol]")
{
    OpenTalk talk(any_conn(), any_pieces());
    const auto frame = GENERATE(encode(frames::text, std::string(200'000, 'x')), encode(frames::text, "Hello"));
    const auto cut = GENERATE(std::size_t{1}, std::size_t{3}, std::size_t{5});
    const bool fragment = GENERATE(false, true);
    if (fragment) talk.feed(encode(frames::binary, "x", frames::unfinished));
    const auto& rest = fragment ? encode(frames::continuation, std::string(70'000, 'y')) : frame;
    talk.feed(rest.substr(0, cut));
    (void)talk.protocol.close(1000, "");
    talk.feed(rest.substr(cut));
    CHECK(talk.happenings.empty());
    CHECK(talk.feed(encode_close(1000)) == Happenings{closed});
    CHECK(talk.take_frames().size() == 1);
}

TEST_CASE("a close between messages that have all arrived drops those behind it", "[protocol]")
{
    OpenTalk talk;
    const auto room = talk.protocol.prepare();
    const auto bytes = encode(frames::text, "one") + encode(frames::text, "two") + encode_close(1000);
    std::memcpy(room.data(), bytes.data(), bytes.size());
    talk.protocol.commit(bytes.size());
    CHECK(talk.protocol.next() == Event::message);
    (void)talk.protocol.close(1000, "");
    CHECK(talk.protocol.next() == Event::closed);
    CHECK(talk.protocol.next() == Event::nothing);
}

TEST_CASE("S15 a server that never answers our close frame is read without an end and without memory", "[protocol]")
{
    OpenTalk talk;
    (void)talk.protocol.close(1000, "");
    const auto data = encode(frames::binary, std::string(60'000, 'x'));
    for (int times = 0; times < 500; ++times) talk.feed(data);
    CHECK(talk.happenings.empty());
    CHECK(talk.protocol.prepare().size() <= 64 * 1024);
}

TEST_CASE("after our close frame the server may still break the protocol, and is not told", "[protocol]")
{
    OpenTalk talk(any_pieces());
    (void)talk.protocol.close(1000, "bye");
    talk.take_output();
    const auto bytes = GENERATE(
        encode(frames::text, "x", {.mask = 1}), encode(frames::continuation, "x"), encode(frames::close, "\x03"));
    CHECK(talk.feed(bytes) == Happenings{failed});
    CHECK(talk.protocol.error().code() == errc::protocol_error);
    CHECK(talk.protocol.error().phase() == Phase::closing);
    CHECK(talk.protocol.sent() == CloseFrame{1000, "bye"});
    CHECK(talk.take_output().empty());
}

TEST_CASE("what comes after the end is dropped", "[protocol]")
{
    OpenTalk talk;
    talk.feed(encode_close(1000));
    for (int times = 0; times < 100; ++times) talk.feed(std::string(50'000, 'x'));
    CHECK(talk.happenings == Happenings{closed});
    CHECK(talk.protocol.prepare().size() <= 64 * 1024);
}
