// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <openssl/evp.h>

#include <string>
#include <string_view>

namespace bench {

/// Sec-WebSocket-Accept (RFC 6455 4.2.2).
[[nodiscard]] inline std::string accept_key(std::string_view key)
{
    const auto text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha1(), nullptr);
    unsigned char encoded[2 * EVP_MAX_MD_SIZE];
    const auto length = EVP_EncodeBlock(encoded, digest, static_cast<int>(size));
    return {reinterpret_cast<const char*>(encoded), static_cast<std::size_t>(length)};
}

/// The value of a header field in a head of HTTP, or nothing. The name as our own programs and Beast spell it.
[[nodiscard]] inline std::string_view field(std::string_view head, std::string_view name)
{
    const auto at = head.find("\r\n" + std::string(name) + ": ");
    if (at == std::string_view::npos) return {};
    const auto begin = at + 2 + name.size() + 2;
    return head.substr(begin, head.find("\r\n", begin) - begin);
}

} // namespace bench
