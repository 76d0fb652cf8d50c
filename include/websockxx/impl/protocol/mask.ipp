// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/protocol/mask.hpp>

#include <algorithm>
#include <bit>
#include <cstring>
#include <random>

#include <unistd.h>

namespace websockxx::protocol {
namespace mask {

/// A row of ChaCha20's state. What is done to a word is done to all four, so that a compiler can use vectors.
using Row = std::array<std::uint32_t, 4>;

constexpr Row sum(Row a, const Row& b) noexcept
{
    for (std::size_t lane = 0; lane < a.size(); ++lane) a[lane] += b[lane];
    return a;
}

/// Not std::rotl(): that one is not vectorized.
template <int Bits>
constexpr Row xor_rotate(Row a, const Row& b) noexcept
{
    for (std::size_t lane = 0; lane < a.size(); ++lane) a[lane] ^= b[lane];
    Row low = a;
    for (std::size_t lane = 0; lane < a.size(); ++lane) a[lane] <<= Bits;
    for (std::size_t lane = 0; lane < a.size(); ++lane) low[lane] >>= 32 - Bits;
    for (std::size_t lane = 0; lane < a.size(); ++lane) a[lane] |= low[lane];
    return a;
}

template <std::size_t Lanes>
constexpr Row turn(const Row& row) noexcept
{
    return {row[Lanes % 4], row[(Lanes + 1) % 4], row[(Lanes + 2) % 4], row[(Lanes + 3) % 4]};
}

/// Four quarter rounds (RFC 8439 2.1), one for each column.
constexpr void quarter_rounds(Row& a, Row& b, Row& c, Row& d) noexcept
{
    a = sum(a, b);
    d = xor_rotate<16>(d, a);
    c = sum(c, d);
    b = xor_rotate<12>(b, c);
    a = sum(a, b);
    d = xor_rotate<8>(d, a);
    c = sum(c, d);
    b = xor_rotate<7>(b, c);
}

/// From the operating system, at once. std::random_device asks some processors, for which eight words take longer than
/// to connect.
inline RandomSource::Key random_key()
{
    RandomSource::Key key;
    if (getentropy(key.data(), sizeof key) == 0) return key;
    std::random_device device;
    for (auto& word : key) word = device();
    return key;
}

} // namespace mask

void RandomSource::next_block()
{
    if (!key_) key_ = mask::random_key();
    const auto& words = *key_;
    using mask::sum;
    using mask::turn;
    const mask::Row constants{0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
    const mask::Row key{words[0], words[1], words[2], words[3]};
    const mask::Row more_key{words[4], words[5], words[6], words[7]};
    const mask::Row counter{static_cast<std::uint32_t>(counter_), static_cast<std::uint32_t>(counter_ >> 32)};
    ++counter_;

    auto a = constants;
    auto b = key;
    auto c = more_key;
    auto d = counter;
    for (int rounds = 0; rounds < 20; rounds += 2) {
        mask::quarter_rounds(a, b, c, d);
        // The diagonals become columns, and back.
        b = turn<1>(b);
        c = turn<2>(c);
        d = turn<3>(d);
        mask::quarter_rounds(a, b, c, d);
        b = turn<3>(b);
        c = turn<2>(c);
        d = turn<1>(d);
    }
    auto* word = block_.data();
    for (const auto& row : {sum(a, constants), sum(b, key), sum(c, more_key), sum(d, counter)})
        word = std::copy(row.begin(), row.end(), word);
    used_ = 0;
}

void Masker::write(std::span<const std::byte> frames, OutputBuffer& output)
{
    while (!frames.empty()) {
        if (left_ == 0) frames = frames.subspan(write_header(frames, output));
        const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, frames.size()));
        if (size == 0) continue;
        write_payload(frames.first(size), output.extend(size).data());
        left_ -= size;
        frames = frames.subspan(size);
    }
}

/// Returns the size of the header that was read.
std::size_t Masker::write_header(std::span<const std::byte> bytes, OutputBuffer& output)
{
    constexpr std::byte masked{0x80};
    const auto short_length = std::to_integer<unsigned>(bytes[1]);
    const std::size_t size = short_length == 127 ? 10 : short_length == 126 ? 4 : 2;
    mask_ = random_.draw();

    auto* to = output.extend(size + sizeof mask_).data();
    to[0] = bytes[0];
    to[1] = bytes[1] | masked;
    left_ = size == 2 ? short_length : 0;
    for (std::size_t index = 2; index < size; ++index) {
        to[index] = bytes[index];
        left_ = left_ << 8 | std::to_integer<unsigned>(bytes[index]);
    }
    std::memcpy(to + size, &mask_, sizeof mask_);
    return size;
}

void Masker::write_payload(std::span<const std::byte> payload, std::byte* to) noexcept
{
    const auto* at = payload.data();
    auto size = payload.size();
    const auto twice = std::uint64_t{mask_} << 32 | mask_;
    std::uint64_t words[4];
    for (; size >= sizeof words; at += sizeof words, to += sizeof words, size -= sizeof words) {
        std::memcpy(words, at, sizeof words);
        for (auto& word : words) word ^= twice;
        std::memcpy(to, words, sizeof words);
    }
    for (; size >= sizeof twice; at += sizeof twice, to += sizeof twice, size -= sizeof twice) {
        std::memcpy(words, at, sizeof twice);
        words[0] ^= twice;
        std::memcpy(to, words, sizeof twice);
    }
    if (size == 0) return;
    std::byte key[sizeof mask_];
    std::memcpy(key, &mask_, sizeof mask_);
    for (std::size_t index = 0; index < size; ++index) to[index] = at[index] ^ key[index % sizeof key];
    std::rotate(key, key + size % sizeof key, key + sizeof key);
    std::memcpy(&mask_, key, sizeof mask_);
}

} // namespace websockxx::protocol
