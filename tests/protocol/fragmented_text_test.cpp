// SPDX-License-Identifier: BSL-1.0
#include <websockxx/protocol/fragmented_text.hpp>

#include <websockxx/detail/utf8.hpp>

#include "support/test.hpp"

#include <random>
#include <string>
#include <vector>

using websockxx::protocol::FragmentedText;
using Place = FragmentedText::Place;

namespace {

/// Whether all the fragments are accepted, one after the other.
bool accepts(const std::vector<std::string>& fragments)
{
    FragmentedText text;
    for (std::size_t index = 0; index < fragments.size(); ++index) {
        const auto place = index + 1 == fragments.size() ? Place::last : Place::more_follows;
        if (!text.accepts(fragments[index], place)) return false;
        text.add(fragments[index]);
    }
    return true;
}

} // namespace

TEST_CASE("characters may be cut by the borders of fragments", "[protocol]")
{
    CHECK(accepts({"\xE2", "\x82", "\xAC"}));
    CHECK(accepts({"a\xF0", "\x9F\x98", "", "\x80z"}));
    CHECK(accepts({"", "", ""}));
    CHECK(accepts({"\xC3\xA9\xC3", "\xA9"}));
}

TEST_CASE("the last fragment may not end inside a character", "[protocol]")
{
    CHECK_FALSE(accepts({"a\xE2"}));
    CHECK_FALSE(accepts({"a\xE2", "\x82"}));
    CHECK_FALSE(accepts({"a\xE2", ""}));
}

TEST_CASE("what can never become a character is refused as soon as it is there", "[protocol]")
{
    const FragmentedText text;
    for (const std::string beginning : {"\x80", "\xC0", "\xC1", "\xF5", "\xFF", "\xE0\x80", "\xE0\x9F", "\xED\xA0",
             "\xF0\x8F", "\xF4\x90", "\xE2\x41", "\xF1\x80\x41"})
        CHECK_FALSE(text.accepts("a" + beginning, Place::more_follows));
    for (const std::string beginning : {"\xC2", "\xE0", "\xE0\xA0", "\xED\x9F", "\xF0\x90\x80", "\xF4\x8F"})
        CHECK(text.accepts("a" + beginning, Place::more_follows));
}

TEST_CASE("a character that was begun must be gone on with", "[protocol]")
{
    FragmentedText text;
    text.add("\xF0\x9F");
    CHECK_FALSE(text.accepts("A", Place::more_follows));
    CHECK_FALSE(text.accepts("\x98"
                             "A",
        Place::more_follows));
    CHECK(text.accepts("\x98", Place::more_follows));
    text.clear();
    CHECK(text.accepts("A", Place::last));
}

TEST_CASE("however a text is cut, it is accepted if and only if it is UTF-8", "[protocol]")
{
    std::minstd_rand random(7);
    const auto draw = [&random](std::size_t below) {
        return std::uniform_int_distribution<std::size_t>(0, below - 1)(random);
    };
    const std::vector<std::string> parts{"a", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xED\x9F\xBF",
        "\xF4\x8F\xBF\xBF", "\xE0\xA0\x80", "\x80", "\xE2\x82", "\xF0\x9F", "\xC0\x80", "\xED\xA0\x80"};
    int valid = 0;
    for (int times = 0; times < 50'000; ++times) {
        std::string whole;
        const bool only_good = draw(2) == 0;
        for (auto count = draw(6); count > 0; --count) whole += parts[draw(only_good ? 7 : parts.size())];
        std::vector<std::string> fragments(1);
        for (const char byte : whole) {
            fragments.back() += byte;
            if (draw(3) == 0) fragments.emplace_back();
        }
        const bool expected = websockxx::detail::is_valid_utf8(whole);
        valid += expected;
        if (accepts(fragments) != expected) FAIL(whole);
    }
    CHECK(valid > 10'000);
    CHECK(valid < 45'000);
}
