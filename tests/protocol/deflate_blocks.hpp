// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <random>
#include <string>
#include <string_view>
#include <vector>

/// Deflate by hand (RFC 1951).
namespace websockxx::test {

/// What cannot be made smaller.
inline std::string noise(std::size_t size)
{
    std::minstd_rand random(5);
    std::string made;
    while (made.size() < size) made += static_cast<char>(random() >> 7);
    return made;
}

/// A stored block of deflate (RFC 1951 3.2.4).
inline std::string stored(std::string_view payload)
{
    const auto size = static_cast<unsigned>(payload.size());
    std::string block(1, '\0');
    for (const unsigned byte : {size, size >> 8, ~size, ~size >> 8}) block += static_cast<char>(byte);
    return block.append(payload);
}

/// A block that repeats three bytes from 2^bits before (RFC 1951 3.2.6), and an empty stored block.
inline std::string repeat_from(unsigned bits)
{
    std::vector<bool> block;
    const auto put = [&](unsigned value, unsigned count) {
        for (; count > 0; --count, value >>= 1) block.push_back((value & 1) != 0);
    };
    const auto put_code = [&](unsigned code, unsigned count) {
        while (count-- > 0) put(code >> count & 1, 1);
    };
    put(2, 3);                             // not the last block, fixed codes
    put_code(1, 7);                        // a length of 3
    put_code(2 * bits - 1, 5);             // a distance
    put((1u << (bits - 2)) - 1, bits - 2); // the largest of its code: 2^bits
    put_code(0, 7);                        // the end of the block
    put(0, 3);                             // a stored block, whose size is taken off
    std::string made((block.size() + 7) / 8, '\0');
    for (std::size_t bit = 0; bit < block.size(); ++bit) {
        auto& byte = made[bit / 8];
        if (block[bit]) byte = static_cast<char>(static_cast<unsigned char>(byte) | 1u << bit % 8);
    }
    return made;
}

} // namespace websockxx::test
