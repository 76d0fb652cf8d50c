// SPDX-License-Identifier: BSL-1.0
#include <websockxx/label.hpp>

#include "support/test.hpp"

#include <cstring>
#include <memory>
#include <new>

using namespace websockxx;
using namespace std::string_literals;
using namespace std::string_view_literals;

TEST_CASE("a label is what it was made of, and empty if that was", "[values]")
{
    CHECK(Label("prices").str() == "prices");
    CHECK(Label("prices"s) == Label("prices"sv));
    CHECK_FALSE(Label("prices") == Label("news"));
    CHECK(Label().empty());
    CHECK(Label("").empty());
    CHECK(Label("") == Label());
    const Label label{"prices"};
    const std::string& text = label;
    CHECK(text == "prices");
}

TEST_CASE("a label survives being moved byte by byte", "[values]")
{
    alignas(Label) std::byte from[sizeof(Label)];
    alignas(Label) std::byte to[sizeof(Label)];
    new (from) Label("short");
    std::memcpy(to, from, sizeof to);
    std::memset(from, 0xFF, sizeof from);
    auto* moved = std::launder(reinterpret_cast<Label*>(to));
    CHECK(moved->str() == "short");
    std::destroy_at(moved);
}
