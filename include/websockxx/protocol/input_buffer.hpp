// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <memory>
#include <span>

namespace websockxx::protocol {

/// Bytes that have arrived and are not used up yet, in one piece.
class InputBuffer {
public:
    static constexpr std::size_t smallest = 1024;
    /// More only if nobody takes out what is in.
    static constexpr std::size_t largest = 256 * 1024;

    /// Room at the end, never empty. The buffer doubles up to `most` while it is filled whole, and shrinks again after
    /// a while of small pieces. Moves the bytes.
    [[nodiscard]] std::span<std::byte> prepare(std::size_t most = largest);
    /// The first `size` bytes of the room were filled; not more than there was.
    void commit(std::size_t size) noexcept;

    [[nodiscard]] std::span<std::byte> bytes() noexcept { return {memory_.get() + begin_, end_ - begin_}; }
    void consume(std::size_t size) noexcept { begin_ += size; }
    void clear() noexcept { begin_ = end_ = 0; }
    /// Gives all memory back if there is nothing in it.
    void trim() noexcept;
    [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }

private:
    [[nodiscard]] std::size_t wanted_capacity(std::size_t most) const noexcept;
    void move_to(std::size_t capacity);

    std::unique_ptr<std::byte[]> memory_;
    std::size_t capacity_ = 0;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    bool filled_whole_ = false; // the last time
    unsigned small_pieces_ = 0; // in a row
};

} // namespace websockxx::protocol
