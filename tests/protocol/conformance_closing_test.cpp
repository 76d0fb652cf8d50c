// SPDX-License-Identifier: BSL-1.0
#include "support/conformance.hpp"
#include "support/test.hpp"

using namespace websockxx;
using namespace websockxx::test;
using namespace websockxx::test::conformance;
using frames::encode;
using frames::encode_close;

namespace {

const CloseFrame half_a_code{1002, "close frame of one byte"};
const CloseFrame wrong_code{1002, "close code that may not be sent"};
const CloseFrame wrong_text{1007, "close text that is not UTF-8"};
const CloseFrame large_control{1002, "control frame of more than 125 bytes"};

const Happening hello = message(Frame::text("Hello"));

} // namespace

TEST_CASE("WX-144 WX-147 WX-170 S12 a close frame of each size is answered with what it says", "[conformance]")
{
    const std::string most(123, '*');
    play({
        closes("empty", encode(frames::close, ""), {}),
        closes("a code", encode_close(1000), {1000}),
        closes("a code and a text", encode_close(1000, "Hello World!"), {1000, "Hello World!"}),
        closes("a text of 1", encode_close(1000, "*"), {1000, "*"}),
        closes("a text of 123", encode_close(1000, most), {1000, most}),
        closes("a text of two, three and four bytes each", encode_close(1001, "\u00e9\u20ac\U0001f600"),
            {1001, "\u00e9\u20ac\U0001f600"}),
        closes("a text with a NUL", encode_close(1000, {"a\0b", 3}), {1000, {"a\0b", 3}}),
        fails("one byte", encode(frames::close, "\x03"), half_a_code),
        fails("a text of 124", encode_close(1000, most + "*"), large_control),
        fails("126 by its length", frames::header(frames::close, 126).substr(0, 2), large_control),
        {"all but the last byte", encode_close(1000, "bye").substr(0, 6)},
    });
}

TEST_CASE(
    "WX-171 WXB-07 WXB-08 S12 each code that may be sent is answered with itself, others are refused", "[conformance]")
{
    std::vector<Row> rows;
    for (const auto code : std::vector<std::uint16_t>{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013,
             1014, 3000, 3001, 3999, 4000, 4001, 4999}) {
        const auto name = std::to_string(code);
        rows.push_back(closes(name, encode_close(code), {code}));
        rows.push_back(closes(name + " with a text", encode_close(code, "bye"), {code, "bye"}));
    }
    for (const auto code : std::vector<std::uint16_t>{0, 1, 125, 126, 127, 128, 255, 256, 999, 1004, 1005, 1006, 1015,
             1016, 1100, 1999, 2000, 2999, 5000, 5001, 9999, 32'768, 65'535}) {
        rows.push_back(fails(std::to_string(code), encode_close(code, "bye"), wrong_code));
    }
    play(rows);
}

TEST_CASE("WX-173 WXB-07 S12 the text of a close frame must be UTF-8", "[conformance]")
{
    std::vector<Row> rows;
    for (const std::string text : {"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80"
                                   "edited",
             "\xff", "\x80", "\xc0\x80", "\xe2\x82", "\xf4\x90\x80\x80", "\xed\xbf\xbf", "Hello\xf0\x9f\x98"}) {
        rows.push_back(fails("a wrong text", encode_close(1000, text), wrong_text));
    }
    rows.push_back(
        fails("a text that is cut at its end", encode_close(1000, std::string(122, '*') + "\xc3"), wrong_text));
    rows.push_back(fails("a wrong code and a wrong text", encode_close(999, "\xff"), wrong_code));
    play(rows);
}

TEST_CASE("what comes behind a close frame is neither heard nor answered", "[conformance]")
{
    const auto bye = encode_close(1000, "bye");
    const CloseFrame answer{1000, "bye"};
    std::vector<Row> rows;
    const auto add = [&](const std::string& name, const std::string& behind) {
        rows.push_back(closes(name, bye + behind, answer));
        rows.push_back(closes(name + ", behind an empty close", encode(frames::close, "") + behind, {}));
        rows.push_back(fails(name + ", behind a wrong close", encode_close(1005) + behind, wrong_code));
    };
    add("a close", bye);
    add("another close", encode_close(1001));
    add("a wrong close", encode_close(1005));
    add("a ping", encode(frames::ping, "?"));
    add("a pong", encode(frames::pong, "!"));
    add("a text", encode(frames::text, "late"));
    add("a wrong text", encode(frames::text, "\xff"));
    add("a long message", encode(frames::binary, std::string(3'000, '*')));
    add("fragments", encode(frames::text, "la", frames::unfinished) + encode(frames::continuation, "te"));
    add("a reserved opcode", encode(3, ""));
    add("noise", std::string(500, '\xff'));
    add("the beginning of a frame", encode(frames::text, "late").substr(0, 3));
    play(rows);
}

TEST_CASE("what comes before a close frame is heard and answered", "[conformance]")
{
    const auto bye = encode_close(1000);
    const std::string large(256 * 1024, '*');
    play({
        closes("a text", encode(frames::text, "Hello") + bye, {1000}, {hello}),
        closes("a ping", encode(frames::ping, "?") + bye, {1000}, {ping("?")}),
        closes("a text of 256 KiB", encode(frames::text, large) + bye + encode(frames::ping, "?"), {1000},
            {message(Frame::text(large))}),
        closes(
            "ten texts",
            [] {
                std::string bytes;
                for (int times = 0; times < 10; ++times) bytes += encode(frames::text, "Hello");
                return bytes;
            }() +
                bye,
            {1000}, Happenings(10, hello)),
        closes("a fragment, whose rest comes too late",
            encode(frames::text, "He", frames::unfinished) + bye + encode(frames::continuation, "llo"), {1000}),
        closes("a fragment that ends inside a character", encode(frames::text, "\xe2\x82", frames::unfinished) + bye,
            {1000}),
        closes("a fragment and a ping",
            encode(frames::text, "He", frames::unfinished) + encode(frames::ping, "?") + bye, {1000}, {ping("?")}),
    });
}
