// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace websockxx::protocol {

/// Bytes to be sent, in one piece. Memory of more than 64 KiB is given back as soon as all of it is sent.
class OutputBuffer {
public:
    static constexpr std::size_t kept = 64 * 1024;

    /// Returns where they are now.
    std::span<std::byte> append(const void* bytes, std::size_t size);
    /// There will be `size` bytes more: grow once, not step by step.
    void expect(std::size_t size);

    [[nodiscard]] std::span<const std::byte> bytes() const noexcept
    {
        return std::as_bytes(std::span{bytes_}).subspan(sent_);
    }
    void consume(std::size_t size);

    /// How many bytes were ever appended.
    [[nodiscard]] std::uint64_t produced() const noexcept { return produced_; }
    [[nodiscard]] std::size_t capacity() const noexcept { return bytes_.capacity(); }

private:
    void make_room(std::size_t size);

    std::string bytes_;
    std::size_t sent_ = 0; // of bytes_, at its beginning
    std::uint64_t produced_ = 0;
};

inline std::span<std::byte> OutputBuffer::append(const void* bytes, std::size_t size)
{
    if (bytes_.capacity() - bytes_.size() < size) make_room(size);
    bytes_.append(static_cast<const char*>(bytes), size);
    produced_ += size;
    return std::as_writable_bytes(std::span{bytes_}).last(size);
}

} // namespace websockxx::protocol
