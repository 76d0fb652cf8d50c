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

TEST_CASE("an input buffer takes no memory until it is used, and then 1 KiB", "[protocol]")
{
    InputBuffer buffer;
    CHECK(buffer.capacity() == 0);
    CHECK(buffer.bytes().empty());
    CHECK(buffer.prepare().size() == 1024);
}

TEST_CASE("an input buffer doubles to 256 KiB while it is filled whole", "[protocol]")
{
    InputBuffer buffer;
    for (std::size_t size = 1024; size <= 256 * 1024; size *= 2) {
        CHECK(buffer.prepare().size() == size);
        buffer.commit(size);
        buffer.consume(size);
    }
    CHECK(buffer.prepare().size() == 256 * 1024);
}

TEST_CASE("an input buffer stays as it is when it is not filled whole", "[protocol]")
{
    InputBuffer buffer;
    for (int times = 0; times < 100; ++times) {
        fill(buffer, 1023);
        buffer.consume(1023);
    }
    CHECK(buffer.capacity() == 1024);
}

TEST_CASE("an input buffer shrinks after a while of small pieces", "[protocol]")
{
    InputBuffer buffer;
    fill(buffer, 1024);
    fill(buffer, 1024);
    buffer.consume(2048);
    CHECK(buffer.prepare().size() == 4096);
    for (int times = 0; times < 15; ++times) {
        fill(buffer, 100);
        buffer.consume(100);
    }
    CHECK(buffer.prepare().size() == 4096);
    fill(buffer, 100);
    buffer.consume(100);
    CHECK(buffer.prepare().size() == 1024);
}

TEST_CASE("what is not consumed stays, in one piece, while the buffer moves and grows", "[protocol]")
{
    InputBuffer buffer;
    fill(buffer, 1000, 'a');
    buffer.consume(990);
    fill(buffer, 1014, 'b');
    CHECK(text(buffer) == std::string(10, 'a') + std::string(1014, 'b'));
    fill(buffer, 900, 'c');
    CHECK(text(buffer) == std::string(10, 'a') + std::string(1014, 'b') + std::string(900, 'c'));
}

TEST_CASE("an input buffer that nobody empties has room all the same", "[protocol]")
{
    InputBuffer buffer;
    std::size_t size = 0;
    for (int times = 0; times < 12; ++times) {
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
    CHECK(buffer.bytes().size() == 1024);
    buffer.clear();
    CHECK(buffer.bytes().empty());
    buffer.trim();
    CHECK(buffer.capacity() == 0);
}

TEST_CASE("S5 an input buffer grows no further than it is asked to while it is emptied", "[protocol]")
{
    InputBuffer buffer;
    for (int times = 0; times < 12; ++times) {
        buffer.commit(buffer.prepare(4096).size());
        buffer.consume(buffer.bytes().size());
    }
    CHECK(buffer.capacity() == 4096);
}
