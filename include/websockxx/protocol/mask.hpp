// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/protocol/output_buffer.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace websockxx::protocol {

/// ChaCha20 as a source of random numbers (RFC 8439 2.3), keyed by the operating system's when the first is drawn.
class RandomSource {
public:
    using Key = std::array<std::uint32_t, 8>;

    RandomSource() = default;
    explicit RandomSource(const Key& key) noexcept : key_(key) {}

    [[nodiscard]] std::uint32_t draw()
    {
        if (used_ == block_.size()) next_block();
        return block_[used_++];
    }

private:
    void next_block();

    std::optional<Key> key_;
    std::uint64_t counter_ = 0;
    std::array<std::uint32_t, 16> block_{};
    std::size_t used_ = block_.size();
};

/// Masks the frames that Beast has encoded (RFC 6455 5.3).
///
/// Beast's own masks repeat: its generator gives each block of 16 numbers 16 times, so that who has seen 16 masks knows
/// the next 240, while RFC 6455 10.3 wants none to be foretold by another.
class Masker {
public:
    Masker() = default;
    explicit Masker(const RandomSource::Key& key) noexcept : random_(key) {}

    /// The next bytes of frames without masks, in pieces of any size that do not cut a header.
    void write(std::span<const std::byte> frames, OutputBuffer& output);

private:
    [[nodiscard]] std::size_t write_header(std::span<const std::byte> bytes, OutputBuffer& output);
    void write_payload(std::span<const std::byte> payload, std::byte* to) noexcept;

    RandomSource random_;
    std::uint64_t left_ = 0; // of the frame's payload
    std::uint32_t mask_ = 0; // in the order of memory, turned to the next byte
};

} // namespace websockxx::protocol
