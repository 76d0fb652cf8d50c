// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/conn.hpp>

#include <websockxx/detail/address_range.hpp>

namespace websockxx::core {

/// Whether the address may belong to anybody on the internet: it is neither of this machine, nor of a private network,
/// nor reserved for something (IANA's special-purpose address registries, RFC 6890).
[[nodiscard]] bool is_public(const detail::IpAddress& address);

/// Whether the address may be connected to. The ranges are right: Conn::check() has seen them.
[[nodiscard]] bool may_reach(const Reach& reach, const detail::IpAddress& address);

} // namespace websockxx::core
