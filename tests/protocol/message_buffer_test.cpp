// SPDX-License-Identifier: BSL-1.0
#include <websockxx/protocol/message_buffer.hpp>

#include "support/test.hpp"

#include <algorithm>
#include <string>

using websockxx::protocol::MessageBuffer;

namespace {

void receive(MessageBuffer& buffer, std::string_view text)
{
    const auto room = buffer.prepare(text.size());
    REQUIRE(room.size() == text.size());
    std::ranges::copy(std::as_bytes(std::span{text}), room.begin());
    CHECK(buffer.commit(text.size()).size() == text.size());
}

} // namespace

TEST_CASE("a message buffer holds what was appended and what was received, in order", "[protocol]")
{
    MessageBuffer buffer;
    CHECK(buffer.text().empty());
    buffer.append("Hello");
    buffer.append("");
    receive(buffer, ", ");
    buffer.append("world");
    CHECK(buffer.text() == "Hello, world");
    CHECK(buffer.size() == 12);
    buffer.clear();
    CHECK(buffer.text().empty());
    CHECK(buffer.capacity() > 0);
    buffer.free();
    CHECK(buffer.capacity() == 0);
}

TEST_CASE("the memory of a message buffer grows with what has come, not with what was announced", "[protocol]")
{
    MessageBuffer buffer;
    std::size_t received = 0;
    constexpr std::size_t announced = 1u << 30;
    while (received < 1'000'000) {
        const auto room = buffer.prepare(announced - received);
        const auto size = std::min<std::size_t>(room.size(), 30'000);
        (void)buffer.commit(size);
        received += size;
        CHECK(buffer.capacity() <= std::max<std::size_t>(64 * 1024, 2 * received));
    }
    CHECK(buffer.size() == received);
}

TEST_CASE("room is never more than was asked for, and never empty", "[protocol]")
{
    MessageBuffer buffer;
    CHECK(buffer.prepare(10).size() == 10);
    buffer.append(std::string(1000, 'x'));
    CHECK(buffer.prepare(1).size() == 1);
    (void)buffer.commit(1);
    CHECK(buffer.prepare(1u << 20).size() >= 1);
    CHECK(buffer.prepare(1u << 20).size() <= 1u << 20);
}
