// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/conn.hpp>
#include <websockxx/error.hpp>
#include <websockxx/io/openssl_ptr.hpp>

namespace websockxx::io {

/// What all TLS connections with these options have in common: the roots that they trust, our own certificate, and the
/// rules: nothing older than TLS 1.2, security level 2 or higher, no renegotiation, no compression.
///
/// Revocation lists among the `ca_file` and `ca_pem` are obeyed. Fails with errc::tls_options, and the detail says
/// which option.
[[nodiscard]] result<SslContextPtr> make_tls_context(const Tls& options);

/// The same, but made only once as long as neither the options nor the files that they name change: to read the
/// system's roots takes milliseconds and megabytes. The few that were used last are kept. May be called on any thread.
[[nodiscard]] result<SslContextPtr> shared_tls_context(const Tls& options);

} // namespace websockxx::io
