// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

namespace websockxx::protocol {

/// The payload of a message that comes in several parts. Its memory grows with what has come, never with what was
/// announced, and is not filled with zeros first.
class MessageBuffer {
public:
    [[nodiscard]] std::string_view text() const noexcept
    {
        return {reinterpret_cast<const char*>(memory_.get()), size_};
    }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }

    /// Room at the end for at least one and at most `most` bytes, to be followed by commit().
    [[nodiscard]] std::span<std::byte> prepare(std::size_t most);
    /// The first `size` bytes of the room were filled; returns them.
    std::span<std::byte> commit(std::size_t size) noexcept;
    void append(std::string_view more);

    /// Keeps the memory.
    void clear() noexcept { size_ = 0; }
    void free() noexcept;

private:
    static constexpr std::size_t first_step = 64 * 1024;

    void reserve(std::size_t capacity);

    std::unique_ptr<std::byte[]> memory_;
    std::size_t capacity_ = 0;
    std::size_t size_ = 0;
};

inline std::span<std::byte> MessageBuffer::prepare(std::size_t most)
{
    if (size_ == capacity_) reserve(size_ + std::min(most, std::max(size_, first_step)));
    return {memory_.get() + size_, std::min(most, capacity_ - size_)};
}

inline std::span<std::byte> MessageBuffer::commit(std::size_t size) noexcept
{
    const std::span<std::byte> filled{memory_.get() + size_, size};
    size_ += size;
    return filled;
}

inline void MessageBuffer::append(std::string_view more)
{
    if (more.empty()) return;
    if (capacity_ - size_ < more.size()) reserve(std::max(size_ + more.size(), 2 * capacity_));
    std::memcpy(memory_.get() + size_, more.data(), more.size());
    size_ += more.size();
}

inline void MessageBuffer::free() noexcept
{
    memory_.reset();
    capacity_ = size_ = 0;
}

inline void MessageBuffer::reserve(std::size_t capacity)
{
    std::unique_ptr<std::byte[]> memory(new std::byte[capacity]); // make_unique would fill it with zeros
    if (size_ > 0) std::memcpy(memory.get(), memory_.get(), size_);
    memory_ = std::move(memory);
    capacity_ = capacity;
}

} // namespace websockxx::protocol
