// SPDX-License-Identifier: BSL-1.0
#include <websockxx/detail/text.hpp>

#include <websockxx/detail/utf8.hpp>

#include "support/test.hpp"

#include <algorithm>
#include <string>
#include <string_view>

using namespace websockxx::detail;

TEST_CASE("words are equal but for the case of ASCII letters only", "[detail]")
{
    CHECK(equal_ignoring_case("", ""));
    CHECK(equal_ignoring_case("Sec-WebSocket-Key", "sec-websocket-KEY"));
    CHECK_FALSE(equal_ignoring_case("Host", "Hos"));
    CHECK_FALSE(equal_ignoring_case("Host", "Hosts"));
    CHECK_FALSE(equal_ignoring_case("@", "`")); // differ in the bit that tells A from a
    CHECK_FALSE(equal_ignoring_case("[", "{"));
    CHECK_FALSE(equal_ignoring_case("\xC3\x84", "\xC3\xA4"));
}

TEST_CASE("a token has the characters of RFC 9110 5.6.2, and at least one", "[detail]")
{
    const std::string_view allowed = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    for (int value = 0; value < 256; ++value) {
        const char c = static_cast<char>(value);
        CAPTURE(value);
        CHECK(is_token(std::string(1, c)) == (allowed.find(c) != std::string_view::npos));
        CHECK(is_token(std::string("x") + c) == is_token(std::string(1, c)));
    }
    CHECK_FALSE(is_token(""));
}

TEST_CASE("control characters are 00 to 1F and 7F", "[detail]")
{
    for (int value = 0; value < 256; ++value)
        CHECK(has_control_character(std::string("a") + static_cast<char>(value)) == (value < 32 || value == 127));
    CHECK_FALSE(has_control_character(""));
}

TEST_CASE("what is printed has no control characters and is UTF-8", "[detail]")
{
    CHECK(escape("") == "");
    CHECK(escape("plain \"text\" \xE2\x82\xAC") == "plain \"text\" \xE2\x82\xAC");
    CHECK(escape("a\r\nb\tc") == "a\\r\\nb\\tc");
    CHECK(escape(std::string_view("\0\x1B[31m\x7F", 7)) == "\\x00\\x1B[31m\\x7F");
    CHECK(escape("\\n") == "\\\\n");
    CHECK(escape("\xC2\x9Bm") == "\\xC2\\x9Bm"); // U+009B begins a terminal's command too
    CHECK(escape("\xC2\xA0") == "\xC2\xA0");
    CHECK(escape("\xFFz\xE2\x82") == "\\xFFz\\xE2\\x82");

    for (int first = 0; first < 256; ++first)
        for (int second = 0; second < 256; ++second) {
            const auto escaped = escape(std::string{static_cast<char>(first), static_cast<char>(second)});
            REQUIRE_FALSE(has_control_character(escaped));
            REQUIRE(is_valid_utf8(escaped));
        }
}

TEST_CASE("S5 a text that is appended to up to a size takes no more memory than that", "[values]")
{
    using websockxx::detail::append_up_to;

    const std::size_t piece = GENERATE(1u, 7u, 1000u, 5000u);
    std::string text;
    std::size_t growths = 0;
    for (std::size_t at = 0; at < 4000; at += piece) {
        const auto before = text.capacity();
        append_up_to(3000, text, std::string(piece, 'x'));
        if (text.capacity() != before) ++growths;
        CHECK(text.size() == std::min<std::size_t>(3000, at + piece));
        CHECK(text.capacity() <= 3000);
    }
    CHECK(growths <= 10);

    std::string small = "abc";
    append_up_to(5, small, "defg");
    CHECK(small == "abcde");
    append_up_to(2, small, "f");
    CHECK(small == "abcde");
}
