// SPDX-License-Identifier: BSL-1.0
#include <websockxx/detail/utf8.hpp>

#include "support/test.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

using namespace websockxx::detail;

namespace {

// Any number up to 21 bits in the pattern of RFC 3629 3 for `size` bytes, whether it is allowed or not.
std::string encode(std::uint32_t number, std::size_t size)
{
    if (size == 1) return {static_cast<char>(number)};
    std::string bytes(size, '\0');
    for (std::size_t i = size - 1; i > 0; --i, number >>= 6) bytes[i] = static_cast<char>(0x80 | (number & 0x3F));
    const std::uint32_t lead = 0xFF00U >> size & 0xFF;
    bytes[0] = static_cast<char>(lead | number);
    return bytes;
}

std::size_t least_size(std::uint32_t number)
{
    return number < 0x80 ? 1 : number < 0x800 ? 2 : number < 0x10000 ? 3 : 4;
}

bool is_scalar(std::uint32_t number) { return number <= 0x10FFFF && (number < 0xD800 || number > 0xDFFF); }

} // namespace

TEST_CASE("each number is UTF-8 in its shortest form, unless it is a surrogate or above U+10FFFF", "[detail]")
{
    std::vector<std::uint32_t> wrong;
    for (std::uint32_t number = 0; number < 0x200000; ++number)
        for (std::size_t size = least_size(number); size <= 4; ++size) {
            const bool valid = size == least_size(number) && is_scalar(number);
            if (utf8_character_size(encode(number, size)) != (valid ? size : 0)) wrong.push_back(number);
        }
    CHECK(wrong.empty());
}

TEST_CASE("each sequence of two bytes is UTF-8 or not as RFC 3629 says", "[detail]")
{
    int valid = 0;
    for (int first = 0; first < 256; ++first)
        for (int second = 0; second < 256; ++second)
            if (is_valid_utf8(std::string{static_cast<char>(first), static_cast<char>(second)})) ++valid;
    // Two of ASCII, or one of U+0080 to U+07FF.
    CHECK(valid == 128 * 128 + (0x800 - 0x80));
}

TEST_CASE("WX-172 bytes that are never in UTF-8 are found wherever they are", "[detail]")
{
    const auto [name, bad] = GENERATE(table<std::string, std::string>({
        {"FF", "\xFF"},
        {"FE", "\xFE"},
        {"a lone continuation", "\x80"},
        {"C0, overlong", "\xC0\x80"},
        {"C1, overlong", "\xC1\xBF"},
        {"three bytes, overlong", "\xE0\x9F\xBF"},
        {"the first surrogate", "\xED\xA0\x80"},
        {"the last surrogate", "\xED\xBF\xBF"},
        {"four bytes, overlong", "\xF0\x8F\xBF\xBF"},
        {"U+110000", "\xF4\x90\x80\x80"},
        {"F5", "\xF5\x80\x80\x80"},
        {"five bytes", "\xF8\x88\x80\x80\x80"},
        {"two of two bytes", "\xC3"},
        {"two of three bytes", "\xE2\x82"},
        {"three of four bytes", "\xF0\x9F\x98"},
        {"a character broken by ASCII", "\xE2\x82x"},
    }));
    CAPTURE(name);

    // Around the fast path, which takes eight bytes at a time.
    for (std::size_t before = 0; before <= 17; ++before)
        for (std::size_t after = 0; after <= 17; ++after) {
            CHECK_FALSE(is_valid_utf8(std::string(before, 'a') + bad + std::string(after, 'z')));
            CHECK(is_valid_utf8(std::string(before, 'a') + "\xE2\x82\xAC" + std::string(after, 'z')));
        }
}

TEST_CASE("UTF-8 may be empty, may have NUL, and needs no end of its own", "[detail]")
{
    CHECK(is_valid_utf8(""));
    CHECK(is_valid_utf8(std::string_view("a\0b", 3)));
    CHECK(is_valid_utf8("\xF4\x8F\xBF\xBF\xEF\xBF\xBF\xEE\x80\x80\xED\x9F\xBF"));
    CHECK(utf8_character_size("") == 0);
    CHECK(utf8_character_size("\xE2\x82\xAC") == 3);
    CHECK(utf8_character_size("abc") == 1);
}

TEST_CASE("a prefix of UTF-8 is cut between characters", "[detail]")
{
    const std::string text = "a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80z"; // 1, 2, 3, 4 and 1 bytes
    const std::vector<std::size_t> cut_at = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11};
    for (std::size_t size = 0; size < cut_at.size(); ++size) CHECK(utf8_prefix(text, size).size() == cut_at[size]);
}

TEST_CASE("a prefix of what is not UTF-8 is cut as well, and not longer than asked for", "[detail]")
{
    CHECK(utf8_prefix(std::string(200, '\x80'), 123).size() == 123);
    CHECK(utf8_prefix(std::string(3, '\x80'), 2).size() <= 2);
    CHECK(utf8_prefix(std::string(200, '\xFF'), 123).size() == 123);
}
