// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/core/redact.hpp>

#include <websockxx/conn.hpp>
#include <websockxx/detail/text.hpp>

#include <algorithm>
#include <array>

namespace websockxx::core {

namespace redact_detail {

/// A parameter, "name=value". Without a name nobody knows what it is.
inline std::string redact_parameter(std::string_view parameter, std::span<const std::string> shown)
{
    const auto equals = parameter.find('=');
    if (equals == std::string_view::npos) return parameter.empty() ? std::string{} : std::string{redacted};
    const auto name = parameter.substr(0, equals);
    if (std::find(shown.begin(), shown.end(), name) != shown.end()) return std::string{parameter};
    return std::string{name} + '=' + std::string{redacted};
}

/// Everything behind the first question mark.
inline std::string redact_query(std::string_view url, std::span<const std::string> shown)
{
    const auto mark = url.find('?');
    if (mark == std::string_view::npos) return std::string{url};
    std::string safe{url.substr(0, mark + 1)};
    auto rest = url.substr(mark + 1);
    while (!rest.empty()) {
        const auto end = std::min(rest.find_first_of("&;#"), rest.size());
        safe += redact_parameter(rest.substr(0, end), shown);
        if (end < rest.size()) safe += rest[end];
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return safe;
}

/// What is before the host of a URL, up to its last "@".
inline std::string redact_user(std::string_view url)
{
    const auto slashes = url.find("//");
    if (slashes == std::string_view::npos) return std::string{url};
    const auto begin = slashes + 2;
    const auto at = url.rfind('@', std::min(url.find_first_of("/?#", begin), url.size()));
    if (at == std::string_view::npos || at < begin) return std::string{url};
    return std::string{url.substr(0, begin)} + std::string{redacted} + std::string{url.substr(at)};
}

} // namespace redact_detail

std::string redact_url(const Conn& conn, std::span<const std::string> shown)
{
    return detail::escape(redact_detail::redact_query(redact_detail::redact_user(conn.url()), shown));
}

bool is_secret_field(std::string_view name)
{
    static constexpr std::array<std::string_view, 9> words{
        "auth", "cookie", "token", "key", "secret", "password", "passwd", "session", "signature"};
    std::string lower{name};
    std::transform(lower.begin(), lower.end(), lower.begin(),
        [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return std::any_of(words.begin(), words.end(), [&](auto word) { return lower.find(word) != std::string::npos; });
}

std::string redact_field(std::string_view name, std::string_view value)
{
    auto field = detail::escape(name) + ": ";
    if (is_secret_field(name)) return field += redacted;
    return field += detail::escape(redact_detail::redact_query(redact_detail::redact_user(value), {}));
}

} // namespace websockxx::core
