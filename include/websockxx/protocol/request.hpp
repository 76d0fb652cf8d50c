// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/conn.hpp>
#include <websockxx/headers.hpp>

#include <string>

namespace websockxx::protocol {

/// The header fields of the request, in order, but for those of the opening handshake itself: Upgrade, Connection,
/// Sec-WebSocket-Key and Sec-WebSocket-Version (RFC 6455 4.1), which Beast writes.
[[nodiscard]] Headers request_headers(const Conn& conn);

/// A value for Sec-WebSocket-Key: 16 bytes, random by the operating system, in base64 (RFC 6455 4.1).
[[nodiscard]] std::string make_key();

} // namespace websockxx::protocol
