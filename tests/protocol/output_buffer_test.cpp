// SPDX-License-Identifier: BSL-1.0
#include <websockxx/protocol/output_buffer.hpp>

#include "support/test.hpp"

#include <algorithm>
#include <span>
#include <string>
#include <string_view>

using websockxx::protocol::OutputBuffer;

namespace {

void append(OutputBuffer& buffer, std::string_view text)
{
    std::ranges::copy(std::as_bytes(std::span{text}), buffer.extend(text.size()).begin());
}

std::string text(const OutputBuffer& buffer)
{
    const auto bytes = buffer.bytes();
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

} // namespace

TEST_CASE("bytes leave an output buffer in their order, in pieces of any size", "[protocol]")
{
    OutputBuffer buffer;
    CHECK(buffer.bytes().empty());
    append(buffer, "Hello, ");
    append(buffer, "world");
    buffer.consume(3);
    CHECK(text(buffer) == "lo, world");
    append(buffer, "!");
    buffer.consume(0);
    CHECK(text(buffer) == "lo, world!");
    buffer.consume(1000);
    CHECK(buffer.bytes().empty());
    CHECK(buffer.produced() == 13);
}

TEST_CASE("an output buffer that is emptied step by step does not grow", "[protocol]")
{
    OutputBuffer buffer;
    const std::string piece(100, 'x');
    for (int times = 0; times < 10; ++times) append(buffer, piece);
    const auto capacity = buffer.capacity();
    for (int times = 0; times < 10'000; ++times) {
        append(buffer, piece);
        buffer.consume(100);
    }
    CHECK(buffer.bytes().size() == 1000);
    CHECK(buffer.capacity() <= 4 * capacity);
    CHECK(buffer.produced() == 1'001'000);
}

TEST_CASE("an output buffer gives large memory back when it is empty, and keeps small memory", "[protocol]")
{
    OutputBuffer buffer;
    append(buffer, std::string(1'000'000, 'x'));
    buffer.consume(999'999);
    CHECK(buffer.capacity() >= 1'000'000);
    buffer.consume(1);
    CHECK(buffer.capacity() < 100);

    append(buffer, std::string(10'000, 'x'));
    buffer.consume(10'000);
    CHECK(buffer.capacity() >= 10'000);
}

TEST_CASE("an output buffer that expects bytes grows once", "[protocol]")
{
    OutputBuffer buffer;
    append(buffer, "x");
    buffer.expect(10'000);
    const auto capacity = buffer.capacity();
    CHECK(capacity >= 10'001);
    append(buffer, std::string(10'000, 'y'));
    CHECK(buffer.capacity() == capacity);
}
