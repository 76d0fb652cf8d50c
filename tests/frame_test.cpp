// SPDX-License-Identifier: BSL-1.0
#include <websockxx/frame.hpp>

#include "support/allocations.hpp"
#include "support/test.hpp"

#include <array>
#include <memory>
#include <span>
#include <sstream>
#include <string>
#include <utility>

using websockxx::Frame;
using websockxx::Payload;

namespace {

/// Around what fits into the object.
const std::size_t sizes[] = {0, 1, 103, 104, 105, 1024 * 1024};

std::string some_bytes(std::size_t size)
{
    std::string bytes(size, '\0');
    for (std::size_t index = 0; index < size; ++index) bytes[index] = static_cast<char>(index * 37 >> 3);
    return bytes;
}

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

TEST_CASE("a payload of any size is what it was made of, however it was given", "[frame]")
{
    for (const auto size : sizes) {
        const auto bytes = some_bytes(size);
        CHECK((Payload(bytes).text() == bytes));
        CHECK((Payload(std::string(bytes)).text() == bytes));
        CHECK((Payload(std::string_view(bytes)).text() == bytes));
        CHECK((Payload(bytes.data(), bytes.size()).text() == bytes));
        CHECK((Payload(std::as_bytes(std::span(bytes))).text() == bytes));
        CHECK(Payload(bytes).size() == size);
    }
    CHECK(Payload().size() == 0);
    CHECK(Payload("up to the NUL\0").text() == "up to the NUL");
}

TEST_CASE("a payload that is copied is there twice, and the copy outlives it", "[frame]")
{
    for (const auto size : sizes) {
        const auto bytes = some_bytes(size);
        for (const auto old_size : sizes) {
            Payload assigned(some_bytes(old_size));
            {
                const Payload original(bytes);
                assigned = original;
                const Payload copy(original); // NOLINT
                CHECK((original.text() == bytes));
                CHECK((copy.text() == bytes));
                CHECK(copy.text().data() != original.text().data());
            }
            CHECK((assigned.text() == bytes));
        }
    }
}

TEST_CASE("a payload that is moved arrives, and what it was moved from can be used again", "[frame]")
{
    for (const auto size : sizes) {
        const auto bytes = some_bytes(size);
        for (const auto old_size : sizes) {
            Payload original(bytes);
            Payload moved(std::move(original));
            CHECK((moved.text() == bytes));
            Payload assigned(some_bytes(old_size));
            assigned = std::move(moved);
            CHECK((assigned.text() == bytes));
            for (auto* from : {&original, &moved}) {
                CHECK(from->text().size() == from->size()); // NOLINT: that it can be asked is the point
                *from = Payload(some_bytes(old_size));
                CHECK((from->text() == some_bytes(old_size)));
            }
        }
    }
}

TEST_CASE("a payload may be assigned to itself", "[frame]")
{
    for (const auto size : sizes) {
        const auto bytes = some_bytes(size);
        Payload payload(bytes);
        auto& same = payload;
        payload = same;
        CHECK((payload.text() == bytes));
        payload = std::move(same);
        CHECK((payload.text() == bytes));
    }
}

TEST_CASE("a long string that is given away is not copied, nor is a frame that is moved", "[frame]")
{
    for (const std::size_t size : {105u, 1024u * 1024u}) {
        auto bytes = some_bytes(size);
        const auto* data = bytes.data();
        Payload payload(std::move(bytes));
        CHECK(payload.text().data() == data);
        auto frame = Frame::text(std::move(payload));
        CHECK(frame.text().data() == data);
        const auto moved = std::move(frame);
        CHECK(moved.text().data() == data);

        auto more = some_bytes(size);
        const auto* more_data = more.data();
        CHECK(Frame::text(std::move(more)).text().data() == more_data);
    }
}

TEST_CASE("frames of up to 104 bytes take no memory, and longer ones one piece", "[frame]")
{
    const auto pass_around = [](std::string_view text) {
        auto frame = Frame::text(text);
        const auto copy = frame;
        auto moved = std::move(frame);
        moved = copy;
        return moved.size();
    };
    const auto small = some_bytes(Payload::most_inside);
    const auto large = some_bytes(Payload::most_inside + 1);
    CHECK(websockxx::test::count_allocations([&] { (void)pass_around(small); }) == 0);
    CHECK(websockxx::test::count_allocations([&] { (void)pass_around(large); }) == 3); // made, copied and copied
}

TEST_CASE("a borrowed frame lies where its bytes are, and only its copies outlive them", "[frame]")
{
    for (const auto size : sizes) {
        const auto bytes = some_bytes(size);
        auto owner = std::make_unique<std::string>(bytes);
        auto frame = websockxx::detail::FrameAccess::borrow(Frame::Type::binary, *owner);
        CHECK(frame.is_binary());
        if (size > 0) CHECK(frame.text().data() == owner->data());
        const auto moved = std::move(frame);
        if (size > 0) CHECK(moved.text().data() == owner->data());
        const auto copy = moved; // NOLINT
        Frame assigned = Frame::text(some_bytes(1000));
        assigned = moved;
        CHECK(copy == moved);
        owner.reset();
        CHECK((copy.text() == bytes));
        CHECK((assigned == Frame::binary(bytes)));
    }
}
