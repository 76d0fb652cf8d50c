// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace websockxx::protocol {

/// ChaCha20 as a source of random numbers (RFC 8439 2.3), keyed by the operating system's.
class RandomSource {
public:
    using Key = std::array<std::uint32_t, 8>;

    RandomSource();
    explicit RandomSource(const Key& key) noexcept : key_(key) {}

    [[nodiscard]] std::uint32_t draw() noexcept
    {
        if (used_ == block_.size()) next_block();
        return block_[used_++];
    }

private:
    void next_block() noexcept;

    Key key_;
    std::uint64_t counter_ = 0;
    std::array<std::uint32_t, 16> block_{};
    std::size_t used_ = block_.size();
};

/// Gives the frames that Beast has encoded other masks (RFC 6455 5.3).
///
/// Beast's own repeat: its generator gives each block of 16 numbers 16 times, so that who has seen 16 masks knows the
/// next 240, while RFC 6455 10.3 wants none to be foretold by another.
class Masker {
public:
    Masker() = default;
    explicit Masker(const RandomSource::Key& key) noexcept : random_(key) {}

    /// The next bytes of what Beast writes, in pieces of any size that do not cut a header.
    void remask(std::span<std::byte> bytes) noexcept;

private:
    [[nodiscard]] std::size_t begin_frame(std::span<std::byte> bytes) noexcept;
    void change(std::span<std::byte> payload) noexcept;

    RandomSource random_;
    std::uint64_t left_ = 0;   // of the frame's payload
    std::uint32_t change_ = 0; // the old mask and the new one, in the order of memory, turned to the next byte
};

} // namespace websockxx::protocol
