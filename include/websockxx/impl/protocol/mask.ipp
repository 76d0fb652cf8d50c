// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/protocol/mask.hpp>

#include <algorithm>
#include <bit>
#include <cstring>
#include <random>

namespace websockxx::protocol {
namespace mask {

using Block = std::array<std::uint32_t, 16>;

constexpr void quarter_round(Block& x, std::size_t a, std::size_t b, std::size_t c, std::size_t d) noexcept
{
    x[a] += x[b];
    x[d] = std::rotl(x[d] ^ x[a], 16);
    x[c] += x[d];
    x[b] = std::rotl(x[b] ^ x[c], 12);
    x[a] += x[b];
    x[d] = std::rotl(x[d] ^ x[a], 8);
    x[c] += x[d];
    x[b] = std::rotl(x[b] ^ x[c], 7);
}

inline RandomSource::Key random_key()
{
    std::random_device device;
    RandomSource::Key key;
    for (auto& word : key) word = device();
    return key;
}

} // namespace mask

RandomSource::RandomSource() : key_(mask::random_key()) {}

void RandomSource::next_block() noexcept
{
    mask::Block begin{0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
    std::copy(key_.begin(), key_.end(), begin.begin() + 4);
    begin[12] = static_cast<std::uint32_t>(counter_);
    begin[13] = static_cast<std::uint32_t>(counter_ >> 32);
    ++counter_;

    block_ = begin;
    for (int rounds = 0; rounds < 20; rounds += 2) {
        for (std::size_t column = 0; column < 4; ++column)
            mask::quarter_round(block_, column, 4 + column, 8 + column, 12 + column);
        for (std::size_t column = 0; column < 4; ++column)
            mask::quarter_round(block_, column, 4 + (column + 1) % 4, 8 + (column + 2) % 4, 12 + (column + 3) % 4);
    }
    for (std::size_t index = 0; index < block_.size(); ++index) block_[index] += begin[index];
    used_ = 0;
}

void Masker::remask(std::span<std::byte> bytes) noexcept
{
    while (!bytes.empty()) {
        if (left_ == 0) bytes = bytes.subspan(begin_frame(bytes));
        const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
        change(bytes.first(size));
        left_ -= size;
        bytes = bytes.subspan(size);
    }
}

/// Puts a new mask into the header; returns the header's size.
std::size_t Masker::begin_frame(std::span<std::byte> bytes) noexcept
{
    const auto short_length = std::to_integer<unsigned>(bytes[1]) & 0x7Fu;
    const std::size_t mask_at = short_length == 127 ? 10 : short_length == 126 ? 4 : 2;
    left_ = mask_at == 2 ? short_length : 0;
    for (std::size_t index = 2; index < mask_at; ++index) left_ = left_ << 8 | std::to_integer<unsigned>(bytes[index]);

    std::uint32_t old = 0;
    std::memcpy(&old, &bytes[mask_at], sizeof old);
    const auto fresh = random_.draw();
    std::memcpy(&bytes[mask_at], &fresh, sizeof fresh);
    change_ = old ^ fresh;
    return mask_at + sizeof fresh;
}

void Masker::change(std::span<std::byte> payload) noexcept
{
    auto* at = payload.data();
    auto size = payload.size();
    const auto twice = std::uint64_t{change_} << 32 | change_;
    for (; size >= sizeof twice; at += sizeof twice, size -= sizeof twice) {
        std::uint64_t word = 0;
        std::memcpy(&word, at, sizeof word);
        word ^= twice;
        std::memcpy(at, &word, sizeof word);
    }
    if (size == 0) return;
    std::byte key[sizeof change_];
    std::memcpy(key, &change_, sizeof change_);
    for (std::size_t index = 0; index < size; ++index) at[index] ^= key[index % sizeof key];
    std::rotate(key, key + size % sizeof key, key + sizeof key);
    std::memcpy(&change_, key, sizeof change_);
}

} // namespace websockxx::protocol
