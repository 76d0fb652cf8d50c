// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace websockxx::protocol {

/// Bytes to be sent, in one piece. Memory of more than 256 KiB is given back as soon as all of it is sent.
class OutputBuffer {
public:
    static constexpr std::size_t kept = 256 * 1024;

    /// Makes the buffer larger by so many bytes, which the caller has to fill.
    std::span<std::byte> extend(std::size_t size);
    /// There will be `size` bytes more: grow once, not step by step.
    void expect(std::size_t size);

    [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return {memory_.get() + sent_, end_ - sent_}; }
    [[nodiscard]] std::size_t size() const noexcept { return end_ - sent_; }
    void consume(std::size_t size) noexcept;

    /// Gives all memory back if there is nothing in it.
    void trim() noexcept;

    /// How many bytes were ever appended.
    [[nodiscard]] std::uint64_t produced() const noexcept { return produced_; }
    [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }

private:
    void make_room(std::size_t size);

    std::unique_ptr<std::byte[]> memory_;
    std::size_t capacity_ = 0;
    std::size_t sent_ = 0; // at the beginning
    std::size_t end_ = 0;
    std::uint64_t produced_ = 0;
};

inline std::span<std::byte> OutputBuffer::extend(std::size_t size)
{
    if (capacity_ - end_ < size) make_room(size);
    const std::span<std::byte> added{memory_.get() + end_, size};
    end_ += size;
    produced_ += size;
    return added;
}

} // namespace websockxx::protocol
