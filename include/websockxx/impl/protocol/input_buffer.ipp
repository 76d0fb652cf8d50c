// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/protocol/input_buffer.hpp>

#include <algorithm>
#include <cstring>

namespace websockxx::protocol {

std::span<std::byte> InputBuffer::prepare(std::size_t most)
{
    if (begin_ == end_) clear();
    if (const auto wanted = wanted_capacity(most); wanted != capacity_) {
        move_to(wanted);
    }
    else if (begin_ > 0) {
        std::memmove(memory_.get(), memory_.get() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
    }
    return {memory_.get() + end_, capacity_ - end_};
}

void InputBuffer::commit(std::size_t size) noexcept
{
    size = std::min(size, capacity_ - end_);
    filled_whole_ = size == capacity_ - end_;
    small_pieces_ = size > smallest / 2 ? 0 : small_pieces_ + 1;
    end_ += size;
}

void InputBuffer::trim() noexcept
{
    if (begin_ != end_) return;
    memory_.reset();
    capacity_ = begin_ = end_ = 0;
    filled_whole_ = false;
}

std::size_t InputBuffer::wanted_capacity(std::size_t most) const noexcept
{
    constexpr unsigned many = 16;

    if (capacity_ == 0) return smallest;
    if (end_ - begin_ > capacity_ / 2) return capacity_ * 2;
    if (filled_whole_ && capacity_ < most) return capacity_ * 2;
    if (small_pieces_ >= many && begin_ == end_) return smallest;
    return capacity_;
}

void InputBuffer::move_to(std::size_t capacity)
{
    std::unique_ptr<std::byte[]> memory(new std::byte[capacity]); // make_unique would fill it with zeros
    const auto kept = bytes();
    if (!kept.empty()) std::memcpy(memory.get(), kept.data(), kept.size());
    memory_ = std::move(memory);
    capacity_ = capacity;
    begin_ = 0;
    end_ = kept.size();
    filled_whole_ = false;
    small_pieces_ = 0;
}

} // namespace websockxx::protocol
