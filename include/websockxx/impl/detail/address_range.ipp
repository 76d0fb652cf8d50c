// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/detail/address_range.hpp>

#include <boost/url/ipv4_address.hpp>
#include <boost/url/ipv6_address.hpp>

#include <algorithm>
#include <charconv>
#include <system_error>

namespace websockxx::detail {

namespace address_ranges {

inline constexpr std::array<unsigned char, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

/// How many bits of it are the prefix of an IPv6 address, and not of the IPv4 address behind that.
inline constexpr std::size_t mapped_bits = mapped.size() * 8;

[[nodiscard]] inline bool same_bits(const IpAddress& a, const IpAddress& b, std::size_t bits) noexcept
{
    const auto whole = static_cast<std::ptrdiff_t>(bits / 8);
    if (!std::equal(a.bytes.begin(), a.bytes.begin() + whole, b.bytes.begin())) return false;
    const auto rest = bits % 8;
    if (rest == 0) return true;
    const auto differing = a.bytes[bits / 8] ^ b.bytes[bits / 8];
    return (differing >> (8 - rest)) == 0;
}

[[nodiscard]] inline bool ends_in_zeros(const IpAddress& address, std::size_t bits) noexcept
{
    for (auto bit = bits; bit < 128; ++bit)
        if ((address.bytes[bit / 8] >> (7 - bit % 8) & 1) != 0) return false;
    return true;
}

} // namespace address_ranges

IpAddress IpAddress::of(std::span<const unsigned char> bytes) noexcept
{
    IpAddress address;
    if (bytes.size() == 4)
        std::copy(address_ranges::mapped.begin(), address_ranges::mapped.end(), address.bytes.begin());
    std::copy(bytes.begin(), bytes.end(), address.bytes.end() - static_cast<std::ptrdiff_t>(bytes.size()));
    return address;
}

bool IpAddress::is_v4() const noexcept
{
    return std::equal(address_ranges::mapped.begin(), address_ranges::mapped.end(), bytes.begin());
}

std::optional<AddressRange> AddressRange::parse(std::string_view text)
{
    const auto slash = std::min(text.find('/'), text.size());
    AddressRange range;
    std::size_t before = 0; // bits in front of those that are counted
    if (const auto v4 = boost::urls::parse_ipv4_address(text.substr(0, slash))) {
        range.first = IpAddress::of(v4->to_bytes());
        before = address_ranges::mapped_bits;
    }
    else if (const auto v6 = boost::urls::parse_ipv6_address(text.substr(0, slash)))
        range.first = IpAddress::of(v6->to_bytes());
    else return std::nullopt;
    if (slash == text.size()) return range;

    const auto digits = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), range.bits);
    if (error != std::errc{} || end != digits.data() + digits.size() || range.bits > 128 - before) return std::nullopt;
    range.bits += before;
    if (!address_ranges::ends_in_zeros(range.first, range.bits)) return std::nullopt;
    return range;
}

bool AddressRange::has(const IpAddress& address) const noexcept
{
    // "::/0" is IPv6 only.
    return first.is_v4() == address.is_v4() && address_ranges::same_bits(first, address, bits);
}

} // namespace websockxx::detail
