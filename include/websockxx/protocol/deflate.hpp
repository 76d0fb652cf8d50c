// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/conn.hpp>

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace websockxx::protocol {

/// What both sides have agreed on for permessage-deflate (RFC 7692 7.1).
struct AgreedDeflate {
    bool server_no_context_takeover = false;
    bool client_no_context_takeover = false;
    int server_max_window_bits = 15; ///< 8 to 15
    int client_max_window_bits = 15; ///< 8 to 15

    friend bool operator==(const AgreedDeflate&, const AgreedDeflate&) = default;
};

/// The value of Sec-WebSocket-Extensions in the request. Says no more than needed: some servers decline what they need
/// not know.
[[nodiscard]] std::string deflate_offer(const Deflate& deflate);

/// What a server's Sec-WebSocket-Extensions fields, none or more, make of the offer: nothing if they name no extension.
/// Fails with errc::unexpected_extension if they have anything that was not offered or that RFC 7692 does not allow.
[[nodiscard]] result<std::optional<AgreedDeflate>> read_deflate_answer(
    std::span<const std::string_view> fields, const Deflate& offered);

/// As the value of a Sec-WebSocket-Extensions field of an answer.
[[nodiscard]] std::string to_field(const AgreedDeflate& agreed);

} // namespace websockxx::protocol
