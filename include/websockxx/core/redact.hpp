// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace websockxx {
struct Conn;
}

namespace websockxx::core {

/// What stands where a secret was.
inline constexpr std::string_view redacted = "***";

/// The URL that a Conn leads to as it may be shown: without credentials, without the values of its query but for those
/// of `shown` parameters, and without control characters.
[[nodiscard]] std::string redact_url(const Conn& conn, std::span<const std::string> shown = {});

/// A header field as it may be shown, "Name: value": without the value if the name says that it is a secret
/// (Authorization, Cookie, X-Api-Key, ...), without what is secret in a URL, and without control characters.
[[nodiscard]] std::string redact_field(std::string_view name, std::string_view value);

/// Whether the value of a header field of this name is a secret.
[[nodiscard]] bool is_secret_field(std::string_view name);

} // namespace websockxx::core
