// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/protocol/request.hpp>

#include <websockxx/config.hpp>
#include <websockxx/detail/text.hpp>
#include <websockxx/protocol/deflate.hpp>
#include <websockxx/protocol/mask.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace websockxx::protocol {
namespace request {

/// RFC 4648 4.
inline std::string to_base64(std::string_view bytes)
{
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (; !bytes.empty(); bytes.remove_prefix(bytes.size() < 3 ? bytes.size() : 3)) {
        std::uint32_t group = 0;
        for (std::size_t index = 0; index < 3; ++index)
            group = group << 8 | (index < bytes.size() ? static_cast<unsigned char>(bytes[index]) : 0u);
        for (std::size_t index = 0; index < 4; ++index)
            text += index <= bytes.size() ? alphabet[group >> (18 - 6 * index) & 63] : '=';
    }
    return text;
}

inline std::string join(const std::vector<std::string>& words)
{
    std::string text;
    for (const auto& word : words) {
        if (!text.empty()) text += ", ";
        text += word;
    }
    return text;
}

inline bool replaces_ours(std::string_view name)
{
    using websockxx::detail::equal_ignoring_case;
    return equal_ignoring_case(name, "Host") || equal_ignoring_case(name, "User-Agent") ||
           equal_ignoring_case(name, "Authorization");
}

} // namespace request

Headers request_headers(const Conn& conn)
{
    Headers headers{{"Host", conn.authority()}, {"User-Agent", "websockxx/" WEBSOCKXX_VERSION_STRING}};
    if (conn.credentials) {
        const auto& [user, password] = *conn.credentials;
        headers.add("Authorization", "Basic " + request::to_base64(user + ":" + password)); // RFC 7617 2
    }
    if (!conn.subprotocols.empty()) headers.add("Sec-WebSocket-Protocol", request::join(conn.subprotocols));
    if (conn.deflate.offer) headers.add("Sec-WebSocket-Extensions", deflate_offer(conn.deflate));
    for (const auto& [name, value] : conn.headers) {
        if (request::replaces_ours(name)) headers.set(name, value);
        else headers.add(name, value);
    }
    return headers;
}

std::string make_key()
{
    RandomSource random;
    std::string bytes;
    for (int word = 0; word < 4; ++word) {
        auto drawn = random.draw();
        for (int byte = 0; byte < 4; ++byte, drawn >>= 8) bytes += static_cast<char>(drawn & 0xFFu);
    }
    return request::to_base64(bytes);
}

} // namespace websockxx::protocol
