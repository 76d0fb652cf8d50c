// SPDX-License-Identifier: BSL-1.0
#include "support/conformance.hpp"
#include "support/test.hpp"

#include <algorithm>

using namespace websockxx;
using namespace websockxx::test;
using namespace websockxx::test::conformance;
using frames::encode;

namespace {

const CloseFrame not_utf8{1007, "text that is not UTF-8"};

/// In front of what is tested, and behind it: RFC 3629 does not say that errors have to be at the beginning.
const std::string kosme = "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5";

std::string first(std::string_view payload) { return encode(frames::text, payload, frames::unfinished); }
std::string middle(std::string_view payload) { return encode(frames::continuation, payload, frames::unfinished); }
std::string last(std::string_view payload) { return encode(frames::continuation, payload); }

/// A frame whose payload has not come whole.
std::string begun(unsigned opcode, std::string_view payload, std::size_t rest = 10)
{
    return encode(opcode, payload, {.announced = payload.size() + rest});
}

std::string each_byte_a_fragment(std::string_view text)
{
    std::string bytes = first("");
    for (const char byte : text) bytes += middle({&byte, 1});
    return bytes + last("");
}

/// Messages with this text, cut in every way into one or two frames, and one of many.
Row every_way(const std::string& text)
{
    Row row{"", encode(frames::text, text)};
    for (std::size_t at = 0; at <= text.size(); ++at) row.sent += first(text.substr(0, at)) + last(text.substr(at));
    row.sent += each_byte_a_fragment(text);
    row.heard.assign(text.size() + 3, message(Frame::text(text)));
    return row;
}

std::string hex(std::string_view bytes)
{
    std::string text;
    for (const char byte : bytes) {
        constexpr auto* digits = "0123456789abcdef";
        text += {digits[static_cast<unsigned char>(byte) >> 4], digits[byte & 15], ' '};
    }
    return text;
}

/// The first byte that no UTF-8 can have there.
struct Wrong {
    std::string bytes;
    std::size_t at = 0;
};

const std::vector<Wrong>& wrong_texts()
{
    static const std::vector<Wrong> all{
        // What nothing was begun for.
        {"\x80"},
        {"\xbf"},
        {"\x80\xbf\x80"},
        {"a\x80", 1},
        {"\xc3\xa9\x80", 2},
        {"\xe2\x82\xac\x80", 3},
        {"\xf0\x9f\x98\x80\xbf", 4},
        // What was begun and not gone on with.
        {"\xc2 ", 1},
        {"\xdf\xc2\x80", 1},
        {"\xe0 ", 1},
        {"\xe0\xa0 ", 2},
        {"\xef\xbf\xef", 2},
        {"\xf0 ", 1},
        {"\xf0\x90 ", 2},
        {"\xf0\x90\x80 ", 3},
        {"\xf4\x8f\xbf\xf4", 3},
        // What stands in no text.
        {"\xf5\x80\x80\x80"},
        {"\xf7\xbf\xbf\xbf"},
        {"\xf8\x88\x80\x80\x80"},
        {"\xfb\xbf\xbf\xbf\xbf"},
        {"\xfc\x84\x80\x80\x80\x80"},
        {"\xfd\xbf\xbf\xbf\xbf\xbf"},
        {"\xfe"},
        {"\xff"},
        {"\xfe\xfe\xff\xff"},
        // Longer than needed.
        {"\xc0\x80"},
        {"\xc0\xaf"},
        {"\xc1\xbf"},
        {"\xe0\x80\x80", 1},
        {"\xe0\x80\xaf", 1},
        {"\xe0\x9f\xbf", 1},
        {"\xf0\x80\x80\x80", 1},
        {"\xf0\x80\x80\xaf", 1},
        {"\xf0\x8f\xbf\xbf", 1},
        {"\xf8\x87\xbf\xbf\xbf"},
        {"\xfc\x83\xbf\xbf\xbf\xbf"},
        // Half of UTF-16.
        {"\xed\xa0\x80", 1},
        {"\xed\xad\xbf", 1},
        {"\xed\xae\x80", 1},
        {"\xed\xaf\xbf", 1},
        {"\xed\xb0\x80", 1},
        {"\xed\xbe\x80", 1},
        {"\xed\xbf\xbf", 1},
        {"\xed\xa0\x80\xed\xb0\x80", 1},
        {"\xed\xaf\xbf\xed\xbf\xbf", 1},
        // Beyond U+10FFFF.
        {"\xf4\x90\x80\x80", 1},
        {"\xf4\xbf\xbf\xbf", 1},
    };
    return all;
}

} // namespace

TEST_CASE("texts of every kind of character are heard, however they are cut", "[conformance]")
{
    std::vector<Row> rows;
    for (const std::string text :
        {"", "hello$world", "hello\xc2\xa2world", "hello\xe2\x82\xacworld", "hello\xf0\xa4\xad\xa2world", kosme.c_str(),
            // The first and the last of each length, and those beside the surrogates.
            "\x01", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80",
            "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf", "\xee\x80\x80",
            // The first and the last that may follow each of these.
            "\xe1\x80\x80", "\xec\xbf\xbf", "\xf1\x80\x80\x80", "\xf3\xbf\xbf\xbf",
            // Specials (U+FFF9 to U+FFFF), which are characters or not, but are UTF-8.
            "\xef\xbf\xb9", "\xef\xbf\xba", "\xef\xbf\xbb", "\xef\xbf\xbc", "\xef\xbf\xbd", "\xef\xbf\xbe"}) {
        rows.push_back(every_way(text));
        rows.back().name = hex(text);
    }
    rows.push_back(every_way({"a\0b", 3}));
    Row last_of_planes{"U+1FFFE to U+10FFFF", ""};
    for (const auto* plane :
        {"\xf0\x9f", "\xf0\xaf", "\xf0\xbf", "\xf1\x8f", "\xf1\x9f", "\xf1\xaf", "\xf1\xbf", "\xf2\x8f", "\xf2\x9f",
            "\xf2\xaf", "\xf2\xbf", "\xf3\x8f", "\xf3\x9f", "\xf3\xaf", "\xf3\xbf", "\xf4\x8f"}) {
        for (const auto* end : {"\xbf\xbe", "\xbf\xbf"}) {
            const auto text = std::string(plane) + end;
            last_of_planes.sent += encode(frames::text, text);
            last_of_planes.heard.push_back(message(Frame::text(text)));
        }
    }
    rows.push_back(last_of_planes);
    play(rows);
}

TEST_CASE("WX-172 WXB-01 a text that is not UTF-8 is refused, wherever the error is", "[conformance]")
{
    std::vector<Row> rows;
    for (const auto& [bytes, at] : wrong_texts()) {
        rows.push_back(fails(hex(bytes), encode(frames::text, bytes), not_utf8));
        rows.push_back(fails(hex(bytes) + "inside, behind a good one",
            encode(frames::text, "good") + encode(frames::text, kosme + bytes + "edited") + encode(frames::ping, ""),
            not_utf8, {message(Frame::text("good"))}));
    }
    play(rows);
}

TEST_CASE("WX-175 WX-177 WXB-02 a text that is not UTF-8 is refused, however it is fragmented", "[conformance]")
{
    std::vector<Row> rows;
    for (const auto& [bytes, at] : wrong_texts()) {
        // Behind the wrong byte it makes no difference.
        for (std::size_t cut = 1; cut < std::min(bytes.size(), at + 2); ++cut) {
            rows.push_back(fails(hex(bytes) + "cut at " + std::to_string(cut),
                first(bytes.substr(0, cut)) + last(bytes.substr(cut)), not_utf8));
        }
        rows.push_back(fails(hex(bytes) + "in single bytes", each_byte_a_fragment(bytes), not_utf8));
    }
    play(rows);
}

TEST_CASE("a text is refused at its first wrong byte, and not before", "[conformance]")
{
    std::vector<Row> rows;
    for (const auto& [bytes, at] : wrong_texts()) {
        const auto good = kosme + bytes.substr(0, at);
        const auto bad = bytes.substr(at, 1);
        rows.push_back(fails(hex(bytes) + "in a frame", begun(frames::text, good + bad), not_utf8));
        rows.push_back(fails(hex(bytes) + "in a fragment", first(good) + begun(frames::continuation, bad), not_utf8));
        rows.push_back({hex(bytes) + "not before, in a frame", begun(frames::text, good)});
        rows.push_back({hex(bytes) + "not before, in a fragment", first(good) + middle("")});
    }
    play(rows);
}

TEST_CASE("a text is refused at its first wrong byte, whatever its size", "[conformance]")
{
    std::vector<Row> rows;
    for (const auto size : Sizes{300, 5'000, 70'000, 200'000}) {
        std::string good(size / 2, 'x');
        for (const std::string bad : {"\xff", "\xf4\x90", "\xed\xa0"}) {
            const auto name = hex(bad) + "in " + std::to_string(size);
            const auto more = std::string(size / 2, 'y');
            rows.push_back(fails(name + ", at once", begun(frames::text, good + bad, size / 2), not_utf8));
            rows.push_back(fails(name + ", whole", encode(frames::text, good + bad + more), not_utf8));
            rows.push_back(
                fails(name + ", in a fragment", first(good) + begun(frames::continuation, good + bad, size), not_utf8));
            rows.push_back({name + ", not before", begun(frames::text, good + bad.substr(0, bad.size() - 1), size)});
        }
        rows.push_back(fails(std::to_string(size) + " that end inside a character",
            encode(frames::text, good + "\xf0\x9f\x98"), not_utf8));
    }
    play(rows);
}

TEST_CASE("a text that ends inside a character is refused, and a fragment is not", "[conformance]")
{
    std::vector<Row> rows;
    for (const std::string end : {"\xc2", "\xdf", "\xe0", "\xe0\xa0", "\xe1\x80", "\xed\x9f", "\xef\xbf", "\xf0",
             "\xf0\x90", "\xf0\x90\x80", "\xf3\xbf\xbf", "\xf4", "\xf4\x8f", "\xf4\x8f\xbf"}) {
        const auto name = hex(end);
        rows.push_back(fails(name + "in a frame", encode(frames::text, kosme + end), not_utf8));
        rows.push_back(fails(name + "in a last fragment", first(kosme) + last(end), not_utf8));
        rows.push_back(fails(name + "before an empty one", first(kosme) + middle(end) + last(""), not_utf8));
        rows.push_back({name + "in a fragment", first(kosme + end) + middle("") + encode(frames::ping, ""), {ping()}});
    }
    play(rows);
}

TEST_CASE("what is no text may be any bytes", "[conformance]")
{
    Row row{"all that no text may be", ""};
    for (const auto& [bytes, at] : wrong_texts()) {
        row.sent += encode(frames::binary, bytes) + encode(frames::ping, bytes) + encode(frames::pong, bytes) +
                    encode(frames::binary, bytes.substr(0, at), frames::unfinished) + last(bytes.substr(at));
        for (const auto& it : {message(Frame::binary(bytes)), ping(bytes), pong(bytes), message(Frame::binary(bytes))})
            row.heard.push_back(it);
    }
    play({row});
}
