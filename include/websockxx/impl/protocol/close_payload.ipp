// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/protocol/close_payload.hpp>

#include <websockxx/detail/utf8.hpp>

namespace websockxx::protocol {

std::variant<CloseFrame, Failure> read_close_payload(std::string_view payload)
{
    if (payload.empty()) return CloseFrame{};
    if (payload.size() == 1) {
        return Failure{close_code::protocol_error, errc::protocol_error, "close frame of one byte"};
    }
    const auto high = static_cast<unsigned char>(payload[0]);
    const auto low = static_cast<unsigned char>(payload[1]);
    const auto code = static_cast<std::uint16_t>(high << 8 | low);
    if (!close_code::may_be_sent(code)) {
        return Failure{close_code::protocol_error, errc::protocol_error, "close code that may not be sent"};
    }
    const auto text = payload.substr(2);
    if (!websockxx::detail::is_valid_utf8(text)) {
        return Failure{close_code::bad_payload, errc::bad_payload, "close text that is not UTF-8"};
    }
    return CloseFrame{code, std::string(text)};
}

} // namespace websockxx::protocol
