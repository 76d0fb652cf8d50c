// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace websockxx::detail {

/// An IP address. An IPv4-mapped one (RFC 4291 2.5.5.2) is the IPv4 address that a socket would connect to.
struct IpAddress {
    std::array<unsigned char, 16> bytes{}; ///< in network order; an IPv4 address is mapped

    /// Of 4 or 16 bytes, in network order.
    [[nodiscard]] static IpAddress of(std::span<const unsigned char> bytes) noexcept;
    [[nodiscard]] bool is_v4() const noexcept;

    friend bool operator==(const IpAddress&, const IpAddress&) = default;
};

/// The addresses, all IPv4 or all IPv6, that begin with the same bits.
struct AddressRange {
    IpAddress first;
    std::size_t bits = 128; ///< of first.bytes

    /// Reads "10.0.0.0/8", "2001:db8::/32", or a single address (RFC 4632 3.1, RFC 4291 2.3). No bits may be set behind
    /// the prefix: somebody meant something else.
    [[nodiscard]] static std::optional<AddressRange> parse(std::string_view text);
    [[nodiscard]] bool has(const IpAddress& address) const noexcept;

    friend bool operator==(const AddressRange&, const AddressRange&) = default;
};

} // namespace websockxx::detail
