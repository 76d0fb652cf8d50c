// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/close.hpp>
#include <websockxx/error.hpp>

#include <cstdint>
#include <string_view>
#include <variant>

namespace websockxx::protocol {

/// What a server has done wrong, and what it is told (RFC 6455 7.1.7).
struct Failure {
    std::uint16_t close_code = close_code::protocol_error;
    errc code = errc::protocol_error;
    std::string_view words; ///< of a literal: for the close frame and for the error
};

/// Reads the payload of a close frame (RFC 6455 5.5.1, 7.4): nothing, or a code that may be sent and a text in UTF-8.
[[nodiscard]] std::variant<CloseFrame, Failure> read_close_payload(std::string_view payload);

} // namespace websockxx::protocol
