// SPDX-License-Identifier: BSL-1.0
#include <websockxx/protocol/receiver.hpp>

#include "protocol/compressor.hpp"
#include "protocol/talk.hpp"
#include "support/test.hpp"

#include <cstring>
#include <limits>

using namespace websockxx;
using namespace websockxx::test;
using frames::encode;

namespace {

const std::string small = "Hello";
const std::string large(5005, 'l');
const std::string very_large(80'005, 'v');

Pieces any_pieces() { return GENERATE(Pieces::whole, Pieces::bytes, Pieces::random); }
Conn any_conn() { return GENERATE(false, true) ? Talk::deflate_conn() : Talk::plain_conn(); }

/// The server does this, and is told what was wrong.
void check_failure(const std::string& bytes, std::uint16_t close_code, errc code, const std::string& words)
{
    OpenTalk talk(any_pieces());
    talk.feed(bytes + encode(frames::text, "never read"));
    CHECK(talk.happenings.back() == failed);
    CHECK(talk.protocol.error().code() == code);
    CHECK(talk.protocol.error().phase() == Phase::open);
    CHECK(talk.protocol.error().detail() == words);
    REQUIRE(talk.protocol.sent());
    CHECK(talk.protocol.sent()->code == close_code);
    CHECK_FALSE(talk.protocol.received());

    const auto close = talk.take_frame();
    CHECK(close.opcode == frames::close);
    CHECK(close.payload == frames::big_endian(close_code, 2) + talk.protocol.sent()->text);
    CHECK(talk.protocol.write(Frame::text("late")) == errc::not_connected_closing);
    CHECK(talk.take_output().empty());
    CHECK(talk.happenings.size() <= 2);
}

void check_protocol_error(const std::string& bytes, const std::string& words)
{
    check_failure(bytes, close_code::protocol_error, errc::protocol_error, words);
}

} // namespace

TEST_CASE("WX-025 WX-138 a text that is cut anywhere is read when it is whole, and not before", "[protocol]")
{
    const auto frame = encode(frames::text, small);
    for (std::size_t cut = 1; cut < frame.size(); ++cut) {
        OpenTalk talk;
        CHECK(talk.feed(frame.substr(0, cut)).empty());
        CHECK(talk.feed(frame.substr(cut)) == Happenings{message(Frame::text(small))});
    }
}

TEST_CASE("WX-026 two frames that arrive together are read in their order", "[protocol]")
{
    OpenTalk talk(any_conn(), any_pieces());
    CHECK(talk.feed(encode(frames::text, "one") + encode(frames::binary, "two")) ==
          Happenings{message(Frame::text("one")), message(Frame::binary("two"))});
}

TEST_CASE("WX-027 a first fragment inside a message is a protocol error with WebSockex's words", "[protocol]")
{
    check_protocol_error(encode(frames::text, "a", frames::unfinished) + encode(frames::text, "b", frames::unfinished),
        "Endpoint tried to start a fragment without finishing another");
}

TEST_CASE("WXB-05 WX-174 a whole message inside a fragmented one is a protocol error", "[protocol]")
{
    const auto opcode = GENERATE(frames::text, frames::binary);
    check_protocol_error(encode(frames::binary, "a", frames::unfinished) + encode(opcode, "b"),
        "Endpoint tried to start a fragment without finishing another");
}

TEST_CASE("WX-028 WXB-04 a continuation without a start is a protocol error with WebSockex's words", "[protocol]")
{
    const bool fin = GENERATE(false, true);
    const std::string before = GENERATE(as<std::string>(), "", encode(frames::text, "whole"),
        encode(frames::text, "a", frames::unfinished) + encode(frames::continuation, "b"));
    check_protocol_error(before + encode(frames::continuation, "c", {.fin = fin}),
        "Endpoint sent a continuation frame without starting a fragment");
}

TEST_CASE("WX-029 WX-176 a text in fragments is one message", "[protocol]")
{
    OpenTalk talk(any_conn(), any_pieces());
    CHECK(talk.feed(encode(frames::text, "He", frames::unfinished) +
                    encode(frames::continuation, "ll", frames::unfinished) + encode(frames::continuation, "o")) ==
          Happenings{message(Frame::text("Hello"))});
}

TEST_CASE("WX-030 WX-178 WX-179 a binary message in fragments is one message, byte for byte", "[protocol]")
{
    OpenTalk talk(any_pieces());
    std::string payload;
    for (int byte = 0; byte < 3000; ++byte) payload += static_cast<char>(byte * 7);
    CHECK(talk.feed(encode(frames::binary, payload.substr(0, 100), frames::unfinished) +
                    encode(frames::continuation, payload.substr(100, 2000), frames::unfinished) +
                    encode(frames::continuation, payload.substr(2100))) == Happenings{message(Frame::binary(payload))});
}

TEST_CASE("WX-137 WX-139 to WX-142 what is not whole is no message", "[protocol]")
{
    OpenTalk talk(any_pieces());
    SECTION("fewer than 16 bits") { CHECK(talk.feed("\x81").empty()); }
    SECTION("a large last fragment")
    {
        talk.feed(encode(frames::text, "a", frames::unfinished));
        CHECK(talk.feed(encode(frames::continuation, std::string(505, 'c'), {.announced = 0x5555})).empty());
    }
    SECTION("a very large last fragment")
    {
        talk.feed(encode(frames::text, "a", frames::unfinished));
        CHECK(talk.feed(encode(frames::continuation, std::string(1005, 'c'), {.announced = 0x5FFFF})).empty());
    }
    SECTION("a large text") { CHECK(talk.feed(encode(frames::text, "short", {.announced = 0x5555})).empty()); }
    SECTION("a very large text") { CHECK(talk.feed(encode(frames::text, "short", {.announced = 0x5FFFF})).empty()); }
    CHECK(talk.end().empty());
    CHECK(talk.take_output().empty());
}

TEST_CASE("WX-143 a ping is read although the frame behind it is not whole", "[protocol]")
{
    OpenTalk talk(any_pieces());
    const auto second = encode(frames::ping, "Hello");
    CHECK(talk.feed(encode(frames::ping, "") + second.substr(0, 4)) == Happenings{ping()});
    CHECK(talk.feed(second.substr(4)) == Happenings{ping(), ping("Hello")});
}

TEST_CASE("WX-145 WX-146 WX-148 WX-149 pings and pongs are told, and not answered", "[protocol]")
{
    OpenTalk talk(any_conn(), any_pieces());
    const std::string payload = GENERATE(as<std::string>(), "", "Hello", std::string(125, 'p'));
    CHECK(talk.feed(encode(frames::ping, payload) + encode(frames::pong, payload)) ==
          Happenings{ping(payload), pong(payload)});
    CHECK(talk.take_output().empty());
}

TEST_CASE("WX-150 to WX-155 messages of each form of length are read", "[protocol]")
{
    OpenTalk talk(any_conn(), any_pieces());
    for (const auto& payload : {small, large, very_large, std::string(), std::string(125, 'a'), std::string(126, 'b'),
             std::string(1534, 'c'), std::string(1535, 'd'), std::string(65'535, 'e'), std::string(65'536, 'f')}) {
        talk.happenings.clear();
        CHECK(talk.feed(encode(frames::text, payload)) == Happenings{message(Frame::text(payload))});
        talk.happenings.clear();
        CHECK(talk.feed(encode(frames::binary, payload)) == Happenings{message(Frame::binary(payload))});
    }
}

TEST_CASE("WX-156 to WX-167 fragments of each form of length are read", "[protocol]")
{
    OpenTalk talk(any_conn(), any_pieces());
    const auto& first = GENERATE_REF(small, large, very_large);
    const auto opcode = GENERATE(frames::text, frames::binary);
    const auto whole = first + very_large + large + small + first;
    talk.feed(encode(opcode, first, frames::unfinished));
    talk.feed(encode(frames::continuation, very_large, frames::unfinished));
    talk.feed(encode(frames::continuation, large, frames::unfinished));
    talk.feed(encode(frames::continuation, small, frames::unfinished));
    CHECK(talk.happenings.empty());
    talk.feed(encode(frames::continuation, first));
    CHECK(talk.happenings == Happenings{message(opcode == frames::text ? Frame::text(whole) : Frame::binary(whole))});
}

TEST_CASE("WX-168 a fragmented control frame is a protocol error", "[protocol]")
{
    const auto opcode = GENERATE(frames::ping, frames::pong, frames::close);
    check_protocol_error(encode(opcode, "", frames::unfinished), "fragmented control frame");
}

TEST_CASE("WX-169 S12 a control frame of more than 125 bytes is a protocol error", "[protocol]")
{
    const auto opcode = GENERATE(frames::ping, frames::pong, frames::close);
    const auto size = GENERATE(std::size_t{126}, std::size_t{70'000});
    check_protocol_error(encode(opcode, std::string(size, 'p')), "control frame of more than 125 bytes");
}

TEST_CASE("WX-172 WXB-01 a text that begins with FF FF is refused as not UTF-8", "[protocol]")
{
    const std::string rest = GENERATE(as<std::string>(), "", "Hello", std::string(3000, 'x'));
    check_failure(
        encode(frames::text, "\xFF\xFF" + rest), close_code::bad_payload, errc::bad_payload, "text that is not UTF-8");
}

TEST_CASE("a text is refused at its first wrong byte, not at its end", "[protocol]")
{
    const auto conn = any_conn();
    OpenTalk talk(conn);
    SECTION("in the first piece") { talk.feed(encode(frames::text, "Hi\xFF", {.announced = 1'000'000})); }
    SECTION("in a later piece")
    {
        talk.feed(encode(frames::text, std::string(9000, 'x'), {.announced = 1'000'000}));
        CHECK(talk.happenings.empty());
        talk.feed("\xC0");
    }
    SECTION("in a fragment") { talk.feed(encode(frames::text, "\xED\xA0", frames::unfinished)); }
    SECTION("behind a cut character")
    {
        talk.feed(encode(frames::text, "\xE2\x82", frames::unfinished));
        CHECK(talk.happenings.empty());
        talk.feed(encode(frames::continuation, "A", {.announced = 10}));
    }
    CHECK(talk.happenings == Happenings{failed});
    CHECK(talk.protocol.sent() == CloseFrame{close_code::bad_payload, "text that is not UTF-8"});
}

TEST_CASE("WX-175 WX-177 WXB-02 a fragmented text that is not UTF-8 is refused", "[protocol]")
{
    check_failure(encode(frames::text, "Hello\xCE", frames::unfinished) + encode(frames::continuation, "Hello"),
        close_code::bad_payload, errc::bad_payload, "text that is not UTF-8");
}

TEST_CASE("a text that ends inside a character is refused, wherever its last frame ends", "[protocol]")
{
    const std::string bytes = GENERATE(as<std::string>(), encode(frames::text, "Hello\xCE"),
        encode(frames::text, "Hello", frames::unfinished) + encode(frames::continuation, "\xCE"),
        encode(frames::text, "Hello\xCE", frames::unfinished) + encode(frames::continuation, ""));
    check_failure(bytes, close_code::bad_payload, errc::bad_payload, "text that is not UTF-8");
}

TEST_CASE("a character may be cut by the borders of fragments", "[protocol]")
{
    const std::string text = "\xF0\x9F\x98\x80 \xE2\x82\xAC \xC3\xA9";
    OpenTalk talk(any_conn(), any_pieces());
    std::string bytes;
    for (std::size_t index = 0; index < text.size(); ++index)
        bytes += encode(index == 0 ? frames::text : frames::continuation, text.substr(index, 1), frames::unfinished);
    CHECK(talk.feed(bytes + encode(frames::continuation, "")) == Happenings{message(Frame::text(text))});
}

TEST_CASE("binary messages need not be UTF-8", "[protocol]")
{
    OpenTalk talk(any_conn(), any_pieces());
    CHECK(talk.feed(encode(frames::binary, "\xFF\xFE")) == Happenings{message(Frame::binary("\xFF\xFE"))});
}

TEST_CASE("WXB-03 S13 reserved bits, reserved opcodes and masks are protocol errors", "[protocol]")
{
    SECTION("masked") { check_protocol_error(encode(frames::text, "x", {.mask = 1}), "masked frame from a server"); }
    SECTION("masked, all zero")
    {
        check_protocol_error(encode(frames::ping, "x", {.mask = 0}), "masked frame from a server");
    }
    SECTION("a reserved bit")
    {
        const auto rsv = GENERATE(1u, 2u, 4u);
        const auto opcode = GENERATE(frames::text, frames::binary, frames::ping, frames::pong, frames::close);
        check_protocol_error(encode(opcode, "", {.rsv = rsv}), "reserved bits are set in a frame");
    }
    SECTION("RSV1 on a continuation")
    {
        check_protocol_error(
            encode(frames::text, "", frames::unfinished) + encode(frames::continuation, "", {.rsv = 4}),
            "reserved bits are set in a frame");
    }
    SECTION("a reserved opcode")
    {
        const auto opcode = GENERATE(3u, 4u, 5u, 6u, 7u, 11u, 12u, 13u, 14u, 15u);
        check_protocol_error(encode(opcode, ""), "frame with a reserved opcode");
    }
}

TEST_CASE("WXB-06 control frames between fragments are told, and the message goes on", "[protocol]")
{
    OpenTalk talk(any_conn(), any_pieces());
    CHECK(talk.feed(encode(frames::text, "He", frames::unfinished) + encode(frames::ping, "1") +
                    encode(frames::continuation, "ll", frames::unfinished) + encode(frames::pong, "2") +
                    encode(frames::continuation, "o")) ==
          Happenings{ping("1"), pong("2"), message(Frame::text("Hello"))});
}

TEST_CASE("WXB-09 a length that is not in its shortest form is a protocol error", "[protocol]")
{
    const auto [size, length_bytes] = GENERATE(table<std::size_t, unsigned>({{0, 2}, {125, 2}, {125, 8}, {65'535, 8}}));
    check_protocol_error(encode(frames::binary, std::string(size, 'x'), {.length_bytes = length_bytes}),
        "frame length not in its shortest form");
}

TEST_CASE("WXB-10 S3 a length with the top bit set is a protocol error at once", "[protocol]")
{
    const auto announced = GENERATE(std::uint64_t{1} << 63, ~std::uint64_t{0});
    const auto header = frames::header(frames::binary, announced);
    OpenTalk talk;
    CHECK(talk.feed(header.substr(0, 3)) == Happenings{failed});
    check_protocol_error(header, "frame length of 64 bits");
}

TEST_CASE("S2 S3 a length over the limit is refused when its header has come", "[protocol]")
{
    const auto limit = Limits().message_bytes;
    const auto announced =
        GENERATE_COPY(std::uint64_t{1} << 62, (std::uint64_t{1} << 63) - 1, std::uint64_t{limit} + 1);
    const auto begun = GENERATE(false, true);
    const auto before = begun ? encode(frames::binary, "", frames::unfinished) : "";
    check_failure(before + frames::header(begun ? frames::continuation : frames::binary, announced),
        close_code::too_big, errc::message_too_big, "message larger than the limit");
}

TEST_CASE("S3 the limit of a message holds for all its fragments together, to the byte", "[protocol]")
{
    auto conn = any_conn();
    conn.limits.message_bytes = 1000;
    OpenTalk talk(conn, any_pieces());
    CHECK(talk.feed(encode(frames::binary, std::string(1000, 'x'))) ==
          Happenings{message(Frame::binary(std::string(1000, 'x')))});
    talk.happenings.clear();
    talk.feed(encode(frames::binary, std::string(600, 'x'), frames::unfinished));
    SECTION("at the limit")
    {
        talk.feed(encode(frames::continuation, std::string(400, 'x')));
        CHECK(talk.happenings == Happenings{message(Frame::binary(std::string(1000, 'x')))});
    }
    SECTION("over it")
    {
        talk.feed(frames::header(frames::continuation, 401));
        CHECK(talk.happenings == Happenings{failed});
        CHECK(talk.protocol.error().code() == errc::message_too_big);
        CHECK(talk.protocol.sent() == CloseFrame{close_code::too_big, "message larger than the limit"});
    }
}

TEST_CASE("a limit of no bytes allows empty messages only", "[protocol]")
{
    auto conn = Talk::plain_conn();
    conn.limits.message_bytes = 0;
    OpenTalk talk(conn);
    CHECK(talk.feed(encode(frames::text, "")) == Happenings{message(Frame::text(""))});
    CHECK(talk.feed(encode(frames::text, "x")).back() == failed);
}

TEST_CASE("S1 a limit of no bytes allows nothing to be inflated", "[protocol]")
{
    auto conn = Talk::deflate_conn();
    conn.limits.message_bytes = 0;
    OpenTalk talk(conn);
    Compressor compressor;
    CHECK(talk.feed(encode(frames::text, compressor.message(""), frames::compressed)) ==
          Happenings{message(Frame::text(""))});
    CHECK(talk.feed(encode(frames::text, compressor.message("x"), frames::compressed)).back() == failed);
    CHECK(talk.protocol.error().code() == errc::message_too_big);
}

TEST_CASE("without a limit compressed messages are read as others are", "[protocol]")
{
    auto conn = Talk::deflate_conn();
    conn.limits.message_bytes = std::numeric_limits<std::size_t>::max();
    OpenTalk talk(conn);
    CHECK(talk.feed(encode(frames::text, Compressor().message("Hello"), frames::compressed)) ==
          Happenings{message(Frame::text("Hello"))});
    CHECK(talk.feed(encode(frames::text, "Hello")).size() == 2);
}

TEST_CASE(
    "inside a long message, reads that bring nothing or more than the first wrong byte change nothing", "[protocol]")
{
    OpenTalk talk;
    const std::string part(10'000, 'x');
    talk.feed(frames::header(frames::text, 1'000'000) + part);
    const auto commit = [&](std::string_view bytes) {
        const auto room = talk.protocol.prepare();
        REQUIRE(room.size() >= bytes.size());
        std::memcpy(room.data(), bytes.data(), bytes.size());
        talk.protocol.commit(bytes.size());
    };
    commit("");
    talk.look();
    CHECK(talk.happenings.empty());
    commit("good\xFF");
    commit("more");
    talk.look();
    CHECK(talk.happenings == Happenings{failed});
    CHECK(talk.protocol.error().code() == errc::bad_payload);
}

TEST_CASE("S4 more fragments than the limit are refused, whatever their size", "[protocol]")
{
    const std::string payload = GENERATE(as<std::string>(), "", "x");
    auto conn = any_conn();
    conn.limits.fragments = 100;
    OpenTalk talk(conn);
    talk.feed(encode(frames::binary, payload, frames::unfinished));
    for (int more = 1; more < 100; ++more) talk.feed(encode(frames::continuation, payload, frames::unfinished));
    SECTION("one less is a message")
    {
        OpenTalk other(conn);
        other.feed(encode(frames::binary, "", frames::unfinished));
        for (int more = 1; more < 99; ++more) other.feed(encode(frames::continuation, payload, frames::unfinished));
        CHECK(other.feed(encode(frames::continuation, "end")).back().event == Event::message);
    }
    SECTION("one more is refused")
    {
        CHECK(talk.happenings.empty());
        talk.feed(encode(frames::continuation, payload));
        CHECK(talk.happenings == Happenings{failed});
        CHECK(talk.protocol.error().code() == errc::too_many_fragments);
        CHECK(talk.protocol.sent()->code == close_code::too_big);
    }
}

TEST_CASE("empty fragments at every place are part of the message", "[protocol]")
{
    const auto opcode = GENERATE(frames::text, frames::binary);
    const auto type = opcode == frames::text ? Frame::Type::text : Frame::Type::binary;
    OpenTalk talk(any_conn(), any_pieces());
    const auto empty = encode(frames::continuation, "", frames::unfinished);
    SECTION("nothing else")
    {
        talk.feed(encode(opcode, "", frames::unfinished) + empty + encode(frames::continuation, ""));
        CHECK(talk.happenings == Happenings{message(Frame(type, ""))});
    }
    SECTION("around the others")
    {
        talk.feed(encode(opcode, "", frames::unfinished) + empty + encode(frames::ping, "") +
                  encode(frames::continuation, "He", frames::unfinished) + empty +
                  encode(frames::continuation, "llo", frames::unfinished) + empty + encode(frames::continuation, ""));
        CHECK(talk.happenings == Happenings{ping(), message(Frame(type, "Hello"))});
    }
    SECTION("at the beginning of a message of two")
    {
        talk.feed(encode(opcode, "", frames::unfinished) + encode(frames::continuation, "Hello"));
        CHECK(talk.happenings == Happenings{message(Frame(type, "Hello"))});
    }
    talk.happenings.clear();
    CHECK(talk.feed(encode(frames::text, "next")) == Happenings{message(Frame::text("next"))});
}

TEST_CASE("WXB-30 many frames in one read are told one by one, whatever they are", "[protocol]")
{
    OpenTalk talk(any_conn(), any_pieces());
    std::string bytes;
    Happenings expected;
    for (int number = 0; number < 500; ++number) {
        const auto text = std::string(static_cast<std::size_t>(number % 90), 'x') + std::to_string(number);
        bytes += encode(frames::text, text);
        expected.push_back(message(Frame::text(text)));
        if (number % 50 != 0) continue;
        bytes += encode(frames::ping, "p");
        expected.push_back(ping("p"));
    }
    CHECK(talk.feed(bytes) == expected);
}

TEST_CASE("a wrong message among good ones: those before it are told", "[protocol]")
{
    OpenTalk talk(any_conn(), any_pieces());
    const auto wrong = GENERATE(as<std::string>(), encode(frames::text, "\xFF"),
        encode(frames::text, "length", {.length_bytes = 2}), encode(frames::text, "length", {.length_bytes = 8}));
    talk.feed(encode(frames::text, "good") + wrong + encode(frames::text, "late"));
    CHECK(talk.happenings == Happenings{message(Frame::text("good")), failed});
}
