// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/protocol/upgrade.hpp>

#include <websockxx/detail/text.hpp>

#include <algorithm>
#include <string_view>

namespace websockxx::protocol {
namespace upgrade {

inline std::string_view trim(std::string_view text)
{
    constexpr std::string_view blanks = " \t";
    const auto begin = text.find_first_not_of(blanks);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

/// Whether `matches` says so of an element of the comma-separated lists (RFC 9110 5.6.1) in the fields of that name.
template <class Matches>
bool any_element(const Headers& headers, std::string_view name, Matches matches)
{
    for (auto list : headers.all(name)) {
        for (;;) {
            const auto comma = list.find(',');
            if (matches(trim(list.substr(0, comma)))) return true;
            if (comma == std::string_view::npos) break;
            list.remove_prefix(comma + 1);
        }
    }
    return false;
}

inline bool has_token(const Headers& headers, std::string_view name, std::string_view token)
{
    return any_element(headers, name,
        [token](std::string_view element) { return websockxx::detail::equal_ignoring_case(element, token); });
}

/// The fields of that name as they came, for a person.
inline std::string shown(const Headers& headers, std::string_view name)
{
    constexpr std::size_t enough = 200; // bytes

    const auto values = headers.all(name);
    if (values.empty()) return "no " + std::string(name);
    std::string text(name);
    text += ": ";
    for (const auto value : values) {
        if (value.data() != values.front().data()) text += ", ";
        text += value;
    }
    return text.substr(0, enough);
}

inline Error wrong(errc code, const Headers& headers, std::string_view name)
{
    return {code, Phase::handshake, shown(headers, name)};
}

} // namespace upgrade

result<Upgrade> check_upgrade(const Response& response, const Conn& asked)
{
    using namespace upgrade;

    const auto& headers = response.headers;
    if (!has_token(headers, "Upgrade", "websocket")) return wrong(errc::bad_upgrade, headers, "Upgrade");
    if (!has_token(headers, "Connection", "upgrade")) return wrong(errc::bad_upgrade, headers, "Connection");

    Upgrade found;
    constexpr std::size_t accept_size = 28; // of a SHA-1 in base64
    const auto accepts = headers.all("Sec-WebSocket-Accept");
    if (accepts.size() != 1 || trim(accepts.front()).size() != accept_size)
        return wrong(errc::bad_accept, headers, "Sec-WebSocket-Accept");
    found.accept = trim(accepts.front());

    const auto subprotocols = headers.all("Sec-WebSocket-Protocol");
    if (!subprotocols.empty()) {
        found.subprotocol = trim(subprotocols.front());
        if (subprotocols.size() > 1 || std::ranges::count(asked.subprotocols, found.subprotocol) == 0)
            return wrong(errc::unexpected_subprotocol, headers, "Sec-WebSocket-Protocol");
    }

    auto deflate = read_deflate_answer(headers.all("Sec-WebSocket-Extensions"), asked.deflate);
    if (!deflate) return deflate.error();
    found.deflate = *deflate;
    return found;
}

} // namespace websockxx::protocol
