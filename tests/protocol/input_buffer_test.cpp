// SPDX-License-Identifier: BSL-1.0
#include <websockxx/protocol/input_buffer.hpp>

#include "support/test.hpp"

#include <algorithm>
#include <string>

using websockxx::protocol::InputBuffer;

namespace {

void fill(InputBuffer& buffer, std::size_t size, char with = 'x')
{
    const auto room = buffer.prepare();
    REQUIRE(room.size() >= size);
    std::fill_n(room.begin(), size, static_cast<std::byte>(with));
    buffer.commit(size);
}

std::string text(InputBuffer& buffer)
{
    const auto bytes = buffer.bytes();
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

} // namespace

TEST_CASE("an input buffer takes no memory until it is used, and then 4 KiB", "[protocol]")
{
    InputBuffer buffer;
    CHECK(buffer.capacity() == 0);
    CHECK(buffer.bytes().empty());
    CHECK(buffer.prepare().size() == 4096);
}

TEST_CASE("an input buffer doubles to 64 KiB while it is filled whole", "[protocol]")
{
    InputBuffer buffer;
    for (const std::size_t size : {4096u, 8192u, 16'384u, 32'768u, 65'536u, 65'536u}) {
        CHECK(buffer.prepare().size() == size);
        buffer.commit(size);
        buffer.consume(size);
    }
}

TEST_CASE("an input buffer stays as it is when it is not filled whole", "[protocol]")
{
    InputBuffer buffer;
    for (int times = 0; times < 100; ++times) {
        fill(buffer, 4095);
        buffer.consume(4095);
    }
    CHECK(buffer.capacity() == 4096);
}

TEST_CASE("an input buffer shrinks after a while of small pieces", "[protocol]")
{
    InputBuffer buffer;
    fill(buffer, 4096);
    fill(buffer, 4096);
    buffer.consume(8192);
    CHECK(buffer.prepare().size() == 16'384);
    for (int times = 0; times < 15; ++times) {
        fill(buffer, 100);
        buffer.consume(100);
    }
    CHECK(buffer.prepare().size() == 16'384);
    fill(buffer, 100);
    buffer.consume(100);
    CHECK(buffer.prepare().size() == 4096);
}

TEST_CASE("what is not consumed stays, in one piece, while the buffer moves and grows", "[protocol]")
{
    InputBuffer buffer;
    fill(buffer, 4000, 'a');
    buffer.consume(3990);
    fill(buffer, 4086, 'b');
    CHECK(text(buffer) == std::string(10, 'a') + std::string(4086, 'b'));
    fill(buffer, 3000, 'c');
    CHECK(text(buffer) == std::string(10, 'a') + std::string(4086, 'b') + std::string(3000, 'c'));
}

TEST_CASE("an input buffer that nobody empties has room all the same", "[protocol]")
{
    InputBuffer buffer;
    std::size_t size = 0;
    for (int times = 0; times < 8; ++times) {
        const auto room = buffer.prepare().size();
        CHECK(room > 0);
        fill(buffer, room);
        size += room;
    }
    CHECK(size > InputBuffer::largest);
    CHECK(buffer.bytes().size() == size);
}

TEST_CASE("an input buffer takes no more than it had room for", "[protocol]")
{
    InputBuffer buffer;
    (void)buffer.prepare();
    buffer.commit(5000);
    CHECK(buffer.bytes().size() == 4096);
    buffer.clear();
    CHECK(buffer.bytes().empty());
}
