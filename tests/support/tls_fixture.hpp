// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/io/openssl_ptr.hpp>

#include <memory>
#include <string>
#include <vector>

namespace websockxx::test {

/// What a test certificate says. The defaults are good for a server called `localhost`; times are GeneralizedTime, so
/// that no test depends on the day on which it runs (but for being between 2001 and 9998).
struct CertificateOptions {
    enum class Key { ec_256, rsa_1024 };

    std::string common_name = "websockxx test server";
    std::vector<std::string> dns_names = {"localhost"}; ///< may hold a NUL
    std::vector<std::string> ip_addresses = {};
    std::string not_before = "20000101000000Z";
    std::string not_after = "99991231235959Z";
    std::string extended_key_usage = "serverAuth"; ///< as OpenSSL spells it; empty: none
    std::string digest = "SHA256";
    Key key = Key::ec_256;

    [[nodiscard]] static CertificateOptions expired();
    [[nodiscard]] static CertificateOptions not_yet_valid();
};

/// A certificate with its key, all PEM.
struct Identity {
    std::string certificate;
    std::string private_key;
    std::string intermediates = {}; ///< sent behind the certificate; clear it for a server that forgets them
};

/// A certificate that nobody vouches for.
[[nodiscard]] Identity self_signed(const CertificateOptions& options = {});

/// Signs certificates. Made anew in each test: nothing on disk, nothing that expires.
class CertificateAuthority {
public:
    explicit CertificateAuthority(const std::string& name = "websockxx test root");
    ~CertificateAuthority();
    CertificateAuthority(CertificateAuthority&&) noexcept;
    CertificateAuthority& operator=(CertificateAuthority&&) noexcept;

    /// Its own certificate, PEM: what a client is told to trust.
    [[nodiscard]] const std::string& certificate() const noexcept;

    [[nodiscard]] Identity issue(const CertificateOptions& options = {}) const;
    /// An authority between this one and the servers.
    [[nodiscard]] CertificateAuthority intermediate(const std::string& name) const;
    /// A list, PEM, that revokes these certificates.
    [[nodiscard]] std::string revoke(const std::vector<Identity>& identities) const;

private:
    struct State;
    explicit CertificateAuthority(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

/// How a test server speaks TLS.
struct ServerOptions {
    int min_version = TLS1_2_VERSION;
    int max_version = 0;               ///< 0: the newest
    std::string client_authority = {}; ///< PEM; if given, clients must have a certificate that it signed
    bool session_tickets = true;
};

/// For `SSL_new`, or for `asio::ssl::context(native_handle)` with release().
[[nodiscard]] io::SslContextPtr make_server_context(const Identity& identity, const ServerOptions& options = {});

} // namespace websockxx::test
