// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/conn.hpp>
#include <websockxx/headers.hpp>

namespace websockxx::protocol {

/// The header fields of the request, in order, but for those of the opening handshake itself: Upgrade, Connection,
/// Sec-WebSocket-Key and Sec-WebSocket-Version (RFC 6455 4.1), which Beast writes.
[[nodiscard]] Headers request_headers(const Conn& conn);

} // namespace websockxx::protocol
