// SPDX-License-Identifier: BSL-1.0
#include "support/conformance.hpp"
#include "support/test.hpp"

using namespace websockxx;
using namespace websockxx::test;
using namespace websockxx::test::conformance;
using frames::encode;

namespace {

const CloseFrame reserved_bits{1002, "reserved bits are set in a frame"};
const CloseFrame reserved_opcode{1002, "frame with a reserved opcode"};
const CloseFrame masked{1002, "masked frame from a server"};
const CloseFrame not_shortest{1002, "frame length not in its shortest form"};
const CloseFrame length_of_64_bits{1002, "frame length of 64 bits"};
const CloseFrame fragmented_control{1002, "fragmented control frame"};
const CloseFrame large_control{1002, "control frame of more than 125 bytes"};

const std::string any_bytes("\x00\xff\xfe\xfd\xfc\xfb\x00\xff", 8);

std::string number(std::size_t value) { return std::to_string(value); }

} // namespace

TEST_CASE("messages of each size are heard and sent back", "[conformance]")
{
    std::vector<Row> rows;
    for (const auto size : Sizes{0, 1, 125, 126, 127, 128, 65'535, 65'536, 70'000, 300'000}) {
        const std::string text(size, '*');
        const std::string bytes(size, '\xfe');
        rows.push_back({"a text of " + number(size), encode(frames::text, text), {message(Frame::text(text))}});
        rows.push_back({"a binary of " + number(size), encode(frames::binary, bytes), {message(Frame::binary(bytes))}});
    }
    rows.push_back({"messages behind each other",
        encode(frames::text, "one") + encode(frames::binary, "") + encode(frames::text, std::string(126, 'x')) +
            encode(frames::text, "") + encode(frames::binary, any_bytes),
        {message(Frame::text("one")), message(Frame::binary("")), message(Frame::text(std::string(126, 'x'))),
            message(Frame::text("")), message(Frame::binary(any_bytes))}});
    play(rows);
}

TEST_CASE("a message of 16 MiB is heard and sent back", "[conformance]")
{
    const std::string large(16 * 1024 * 1024, '*');
    play({{"a text", frames::header(frames::text, large.size()) + large, {message(Frame::text(large))}}});
}

TEST_CASE("S3 WXB-09 WXB-10 a length must be in its shortest form, and of 63 bits", "[conformance]")
{
    std::vector<Row> rows;
    for (const auto opcode : {frames::text, frames::binary}) {
        for (const auto& [size, length_bytes] : {std::pair(0, 2u), {125, 2u}, {0, 8u}, {126, 8u}, {65'535, 8u}}) {
            const std::string payload(static_cast<std::size_t>(size), 'x');
            const auto name = number(payload.size()) + " in " + number(length_bytes) + " bytes";
            rows.push_back(fails(name, encode(opcode, payload, {.length_bytes = length_bytes}), not_shortest));
        }
        rows.push_back(fails("2^63", frames::header(opcode, std::uint64_t{1} << 63), length_of_64_bits));
        rows.push_back(fails("2^64-1", frames::header(opcode, ~std::uint64_t{0}), length_of_64_bits));
        rows.push_back(fails(
            "2^63 by its first byte", frames::header(opcode, std::uint64_t{1} << 63).substr(0, 3), length_of_64_bits));
    }
    play(rows);
}

TEST_CASE("WX-145 WX-148 WX-169 pings are answered with their payload, pongs with nothing", "[conformance]")
{
    const std::string most(125, '\xfe');
    std::vector<Row> rows{
        {"an empty ping", encode(frames::ping, ""), {ping()}},
        {"a ping with a text", encode(frames::ping, "Hello"), {ping("Hello")}},
        {"a ping with any bytes", encode(frames::ping, any_bytes), {ping(any_bytes)}},
        {"a ping of 125", encode(frames::ping, most), {ping(most)}},
        {"an empty pong that nobody asked for", encode(frames::pong, ""), {pong()}},
        {"a pong with a text that nobody asked for", encode(frames::pong, "Hello"), {pong("Hello")}},
        {"a pong of 125", encode(frames::pong, most), {pong(most)}},
        {"a pong that nobody asked for, and a ping", encode(frames::pong, "pong") + encode(frames::ping, "ping"),
            {pong("pong"), ping("ping")}},
        {"a message between pings", encode(frames::ping, "1") + encode(frames::text, "two") + encode(frames::ping, "3"),
            {ping("1"), message(Frame::text("two")), ping("3")}},
    };
    Row ten{"ten pings", ""};
    for (char digit = '0'; digit <= '9'; ++digit) {
        ten.sent += encode(frames::ping, {&digit, 1});
        ten.heard.push_back(ping({digit}));
    }
    rows.push_back(ten);
    for (const auto opcode : {frames::ping, frames::pong}) {
        const auto name = opcode == frames::ping ? "a ping" : "a pong";
        for (const auto size : Sizes{126, 65'536}) {
            rows.push_back(
                fails(name + (" of " + number(size)), encode(opcode, std::string(size, 'x')), large_control));
        }
        rows.push_back(fails(
            name + std::string(" of 126 by its length"), frames::header(opcode, 126).substr(0, 2), large_control));
        rows.push_back(fails(
            name + std::string(" of 5 in two bytes"), encode(opcode, "Hello", {.length_bytes = 2}), large_control));
        rows.push_back(fails(name + std::string(" in two frames"),
            encode(opcode, "He", frames::unfinished) + encode(frames::continuation, "llo"), fragmented_control));
    }
    play(rows);
}

TEST_CASE("WXB-03 S13 reserved bits are refused wherever they are", "[conformance]")
{
    const auto hello = encode(frames::text, "Hello");
    std::vector<Row> rows;
    for (unsigned rsv = 1; rsv <= 7; ++rsv) {
        const auto bits = " with RSV " + number(rsv);
        for (const auto opcode :
            {frames::text, frames::binary, frames::ping, frames::pong, frames::close, frames::continuation}) {
            const auto name = "opcode " + number(opcode) + bits;
            rows.push_back(fails(name, encode(opcode, "Hello", {.rsv = rsv}), reserved_bits));
        }
        rows.push_back(fails("between messages: a text" + bits,
            hello + encode(frames::text, "Hello", {.rsv = rsv}) + encode(frames::ping, ""), reserved_bits,
            {message(Frame::text("Hello"))}));
        rows.push_back(fails("a continuation" + bits,
            encode(frames::text, "He", frames::unfinished) + encode(frames::continuation, "llo", {.rsv = rsv}),
            reserved_bits));
        rows.push_back(fails("a first fragment" + bits,
            encode(frames::binary, "He", {.fin = false, .rsv = rsv}) + encode(frames::continuation, "llo"),
            reserved_bits));
        rows.push_back(
            fails("the first byte of a frame" + bits, hello + encode(frames::text, "Hello", {.rsv = rsv}).substr(0, 1),
                reserved_bits, {message(Frame::text("Hello"))}));
    }
    play(rows);
}

TEST_CASE("S13 reserved opcodes are refused wherever they are", "[conformance]")
{
    const auto hello = encode(frames::text, "Hello");
    std::vector<Row> rows;
    for (const auto opcode : {3u, 4u, 5u, 6u, 7u, 11u, 12u, 13u, 14u, 15u}) {
        const auto name = "opcode " + number(opcode);
        rows.push_back(fails(name, encode(opcode, "Hello"), reserved_opcode));
        rows.push_back(fails(name + " that is not the last", encode(opcode, "", frames::unfinished), reserved_opcode));
        rows.push_back(fails(name + " between messages", hello + encode(opcode, "Hello") + encode(frames::ping, ""),
            reserved_opcode, {message(Frame::text("Hello"))}));
        rows.push_back(fails(name + " between fragments",
            encode(frames::text, "He", frames::unfinished) + encode(opcode, "") + encode(frames::continuation, "llo"),
            reserved_opcode));
        rows.push_back(fails(name + " by its first byte", encode(opcode, "").substr(0, 1), reserved_opcode));
    }
    play(rows);
}

TEST_CASE("S13 masked frames are refused", "[conformance]")
{
    std::vector<Row> rows;
    for (const std::uint32_t mask : {0u, 0x37fa213du}) {
        for (const auto opcode : {frames::text, frames::binary, frames::ping, frames::pong, frames::close}) {
            rows.push_back(fails("opcode " + number(opcode), encode(opcode, "", {.mask = mask}), masked));
            rows.push_back(
                fails("opcode " + number(opcode) + " with a payload", encode(opcode, "Hello", {.mask = mask}), masked));
        }
        rows.push_back(fails("a continuation",
            encode(frames::text, "He", frames::unfinished) + encode(frames::continuation, "llo", {.mask = mask}),
            masked));
    }
    play(rows);
}
