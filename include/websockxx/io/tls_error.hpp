// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/error.hpp>

#include <openssl/types.h>

#include <string>
#include <string_view>

namespace websockxx::io {

/// What a failure of X.509 verification (`X509_V_ERR_...`) is called here.
[[nodiscard]] errc certificate_errc(int verify_error) noexcept;

/// Why OpenSSL refuses a certificate just now, inside a verification callback: where in the chain, whose it is, what is
/// wrong with it. `name` is the host that was wanted.
[[nodiscard]] Error certificate_error(X509_STORE_CTX* verification, std::string_view name);

/// Why OpenSSL's handshake has failed, from its error queue.
[[nodiscard]] Error tls_handshake_error();

/// The first error of OpenSSL's queue, in its category of Asio, or `asio::ssl::error::unexpected_result` if there is
/// none; the queue is then empty.
[[nodiscard]] error_code take_openssl_error() noexcept;

/// The first error of OpenSSL's queue, in words; the queue is then empty.
[[nodiscard]] std::string take_openssl_reason();

} // namespace websockxx::io
