// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/conn.hpp>
#include <websockxx/error.hpp>
#include <websockxx/protocol/deflate.hpp>

#include <optional>
#include <string>

namespace websockxx::protocol {

/// What an answer of status 101 says.
struct Upgrade {
    std::string accept;      ///< Sec-WebSocket-Accept, which Stream compares: it has made the key
    std::string subprotocol; ///< empty: none
    std::optional<AgreedDeflate> deflate;
};

/// Checks an answer of status 101 against what was asked for (RFC 6455 4.1). Fails with errc::bad_upgrade, bad_accept,
/// unexpected_extension or unexpected_subprotocol. Takes linear time, whatever the values are.
[[nodiscard]] result<Upgrade> check_upgrade(const Response& response, const Conn& asked);

} // namespace websockxx::protocol
