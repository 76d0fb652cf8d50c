// SPDX-License-Identifier: BSL-1.0
#include <websockxx/frame.hpp>

#include "support/test.hpp"

#include <array>
#include <sstream>
#include <string>

using websockxx::Frame;

namespace {

std::string print(const Frame& frame)
{
    std::ostringstream out;
    out << frame;
    return out.str();
}

} // namespace

TEST_CASE("a frame is made by its type's name and gives its payload as characters or bytes", "[values]")
{
    const auto frame = Frame::text("h\xC3\xA9");
    CHECK(frame.type() == Frame::Type::text);
    CHECK(frame.text() == "h\xC3\xA9");
    CHECK(frame.size() == 3);
    REQUIRE(frame.bytes().size() == 3);
    CHECK(frame.bytes()[1] == std::byte{0xC3});

    CHECK(Frame::binary("b").type() == Frame::Type::binary);
    CHECK(Frame::ping().type() == Frame::Type::ping);
    CHECK(Frame::ping().size() == 0);
    CHECK(Frame::pong("p").type() == Frame::Type::pong);
    CHECK(Frame::text_fragment("t").type() == Frame::Type::text_fragment);
    CHECK(Frame::binary_fragment("t").type() == Frame::Type::binary_fragment);
    CHECK(Frame::continuation("t").type() == Frame::Type::continuation);
    CHECK(Frame::finish("t").type() == Frame::Type::finish);
    CHECK(Frame{} == Frame::text(""));
}

TEST_CASE("a binary frame is made of bytes as of characters, NUL included", "[values]")
{
    const std::array bytes{std::byte{0}, std::byte{0xFF}, std::byte{'z'}};
    CHECK(Frame::binary(bytes) == Frame::binary(std::string("\0\xFFz", 3)));
    CHECK(Frame::binary(std::span<const std::byte>{}) == Frame::binary(""));
}

TEST_CASE("a frame knows what kind it is", "[values]")
{
    CHECK(Frame::text("").is_text());
    CHECK_FALSE(Frame::text("").is_binary());
    CHECK_FALSE(Frame::text("").is_control());
    CHECK(Frame::binary("").is_binary());
    CHECK_FALSE(Frame::binary("").is_text());
    CHECK(Frame::ping().is_control());
    CHECK(Frame::pong().is_control());
    CHECK_FALSE(Frame::text_fragment("").is_text());
    CHECK_FALSE(Frame::finish("").is_control());
}

TEST_CASE("frames are equal if type and payload are", "[values]")
{
    CHECK(Frame::text("a") == Frame::text("a"));
    CHECK_FALSE(Frame::text("a") == Frame::text("b"));
    CHECK_FALSE(Frame::text("a") == Frame::binary("a"));
}

TEST_CASE("a frame prints its type and size, and the beginning of a text without control characters", "[values]")
{
    CHECK(print(Frame::text("hello")) == "text, 5 bytes: \"hello\"");
    CHECK(print(Frame::text("")) == "text, 0 bytes: \"\"");
    CHECK(print(Frame::text("a\r\nb\x1B")) == "text, 5 bytes: \"a\\r\\nb\\x1B\"");
    CHECK(print(Frame::text_fragment("caf\xC3")) == "text fragment, 4 bytes: \"caf\\xC3\"");
    CHECK(print(Frame::binary("secret")) == "binary, 6 bytes");
    CHECK(print(Frame::ping("p")) == "ping, 1 byte");
    CHECK(print(Frame::pong()) == "pong, 0 bytes");
    CHECK(print(Frame::binary_fragment("ab")) == "binary fragment, 2 bytes");
    CHECK(print(Frame::continuation("ab")) == "continuation, 2 bytes");
    CHECK(print(Frame::finish("ab")) == "finish, 2 bytes");
    CHECK(print(Frame(static_cast<Frame::Type>(99), "x")) == "unknown, 1 byte");
}

TEST_CASE("of a long text the first 64 bytes are printed, and no half of a character", "[values]")
{
    CHECK(print(Frame::text(std::string(64, 'a'))) == "text, 64 bytes: \"" + std::string(64, 'a') + '"');
    CHECK(print(Frame::text(std::string(65, 'a'))) == "text, 65 bytes: \"" + std::string(64, 'a') + "\"...");
    CHECK(print(Frame::text(std::string(63, 'a') + "\xE2\x82\xAC")) ==
          "text, 66 bytes: \"" + std::string(63, 'a') + "\"...");
}

TEST_CASE("WXB-31 an empty ping or pong has one form, which can be sent", "[frame]")
{
    CHECK(Frame::ping() == Frame::ping(""));
    CHECK(Frame::pong() == Frame::pong(""));
    CHECK(Frame::ping().size() == 0);
}
