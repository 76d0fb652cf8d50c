// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "tls_fixture.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace websockxx::test {

/// The server's side of one TLS connection as a filter over bytes, so that a test server has one kind of socket, plain,
/// and can cut or hold back what TLS says.
class ServerTls {
public:
    explicit ServerTls(SSL_CTX& context);

    /// Takes bytes from the network; returns what they mean.
    [[nodiscard]] std::string receive(std::string_view network_bytes);

    /// Encrypts. Only once established.
    void send(std::string_view plain_bytes);

    /// Says that nothing more will be sent (RFC 8446 6.1).
    void close_notify();

    /// What is to be written to the network, each byte once.
    [[nodiscard]] std::string output();

    [[nodiscard]] bool is_established() const;
    [[nodiscard]] bool has_ended() const; ///< the client's close_notify has come
    [[nodiscard]] const std::optional<std::string>& failure() const { return failure_; } ///< why there is no TLS here
    [[nodiscard]] SSL* native() const { return tls_.get(); } ///< for what only OpenSSL can say
    [[nodiscard]] std::string server_name() const;           ///< the name the client asked for (SNI), or nothing

private:
    io::SslPtr tls_;
    BIO* in_;  // owned by `tls_`
    BIO* out_; // owned by `tls_`
    std::optional<std::string> failure_;
};

} // namespace websockxx::test
