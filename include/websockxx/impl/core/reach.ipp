// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/core/reach.hpp>

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace websockxx::core {

namespace reach_detail {

using detail::AddressRange;
using detail::IpAddress;

[[nodiscard]] inline std::vector<AddressRange> ranges(std::initializer_list<std::string_view> texts)
{
    std::vector<AddressRange> all;
    for (const auto text : texts) all.push_back(AddressRange::parse(text).value());
    return all;
}

[[nodiscard]] inline bool in_any(const std::vector<AddressRange>& ranges, const IpAddress& address)
{
    return std::any_of(ranges.begin(), ranges.end(), [&](const auto& range) { return range.has(address); });
}

/// A range that cannot be read holds everything if `unread`.
[[nodiscard]] inline bool in_any(const std::vector<std::string>& texts, const IpAddress& address, bool unread)
{
    return std::any_of(texts.begin(), texts.end(), [&](const auto& text) {
        const auto range = AddressRange::parse(text);
        return range ? range->has(address) : unread;
    });
}

/// What a translator on the way makes of an address of 64:ff9b::/96 (RFC 6052 2.1).
[[nodiscard]] inline IpAddress translated(const IpAddress& address)
{
    static const auto translators = *AddressRange::parse("64:ff9b::/96");
    return translators.has(address) ? IpAddress::of(std::span{address.bytes}.last<4>()) : address;
}

} // namespace reach_detail

bool is_public(const detail::IpAddress& address)
{
    using namespace reach_detail;
    static const auto special_v4 = ranges({
        "0.0.0.0/8",       // this network
        "10.0.0.0/8",      // private
        "100.64.0.0/10",   // shared by the customers of a provider (RFC 6598)
        "127.0.0.0/8",     // this machine
        "169.254.0.0/16",  // link-local, and where clouds have their metadata
        "172.16.0.0/12",   // private
        "192.0.0.0/24",    // protocol assignments
        "192.0.2.0/24",    // documentation
        "192.88.99.0/24",  // relays of 6to4
        "192.168.0.0/16",  // private
        "198.18.0.0/15",   // benchmarks
        "198.51.100.0/24", // documentation
        "203.0.113.0/24",  // documentation
        "224.0.0.0/4",     // multicast
        "240.0.0.0/4",     // reserved, and broadcast
    });
    static const auto global_v6 = ranges({"2000::/3"});
    static const auto special_v6 = ranges({
        "2001::/23",     // protocol assignments, Teredo among them
        "2001:db8::/32", // documentation
        "2002::/16",     // 6to4, which has any IPv4 address in it
        "3fff::/20",     // documentation
    });
    const auto meant = translated(address);
    if (meant.is_v4()) return !in_any(special_v4, meant);
    return in_any(global_v6, meant) && !in_any(special_v6, meant);
}

bool may_reach(const Reach& reach, const detail::IpAddress& address)
{
    using namespace reach_detail;
    if (in_any(reach.deny, address, true) || in_any(reach.deny, translated(address), true)) return false;
    if (in_any(reach.allow, address, false)) return true;
    return reach.public_only ? is_public(address) : reach.allow.empty();
}

} // namespace websockxx::core
