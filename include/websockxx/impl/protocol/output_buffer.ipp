// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/protocol/output_buffer.hpp>

#include <algorithm>
#include <cstring>

namespace websockxx::protocol {

void OutputBuffer::expect(std::size_t size)
{
    if (capacity_ - end_ < size) make_room(size);
}

void OutputBuffer::consume(std::size_t size) noexcept
{
    sent_ += std::min(size, end_ - sent_);
    if (sent_ < end_) return;
    sent_ = end_ = 0;
    if (capacity_ > kept) trim();
}

void OutputBuffer::trim() noexcept
{
    if (sent_ < end_) return;
    memory_.reset();
    capacity_ = 0;
}

void OutputBuffer::make_room(std::size_t size)
{
    constexpr std::size_t smallest = 512;

    const auto used = end_ - sent_;
    // Only what is at least half sent is moved, so that each byte is moved once on average, however slow the transport.
    if (sent_ >= used && capacity_ - used >= size) {
        if (used > 0) std::memmove(memory_.get(), memory_.get() + sent_, used);
    }
    else {
        const auto capacity = std::max({used + size, 2 * capacity_, smallest});
        std::unique_ptr<std::byte[]> memory(new std::byte[capacity]); // make_unique would fill it with zeros
        if (used > 0) std::memcpy(memory.get(), memory_.get() + sent_, used);
        memory_ = std::move(memory);
        capacity_ = capacity;
    }
    sent_ = 0;
    end_ = used;
}

} // namespace websockxx::protocol
