// SPDX-License-Identifier: BSL-1.0
#include <websockxx/io/tls_error.hpp>

#include "support/test.hpp"

#include <boost/asio/ssl/error.hpp>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <cerrno>
#include <utility>

using namespace websockxx;
using namespace websockxx::io;

namespace {

/// So that OpenSSL has words for its errors.
[[maybe_unused]] const int openssl_is_ready = OPENSSL_init_ssl(OPENSSL_INIT_LOAD_SSL_STRINGS, nullptr);

} // namespace

TEST_CASE("each reason for refusing a certificate has its errc", "[io][tls]")
{
    const std::pair<int, errc> reasons[] = {
        {X509_V_ERR_CERT_HAS_EXPIRED, errc::certificate_expired},
        {X509_V_ERR_CERT_NOT_YET_VALID, errc::certificate_not_yet_valid},
        {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, errc::certificate_self_signed},
        {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, errc::certificate_self_signed},
        {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, errc::certificate_untrusted},
        {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, errc::certificate_untrusted},
        {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, errc::certificate_untrusted},
        {X509_V_ERR_HOSTNAME_MISMATCH, errc::certificate_host_mismatch},
        {X509_V_ERR_IP_ADDRESS_MISMATCH, errc::certificate_host_mismatch},
        {X509_V_ERR_CERT_REVOKED, errc::certificate_revoked},
        {X509_V_ERR_INVALID_PURPOSE, errc::certificate_rejected},
        {X509_V_ERR_EE_KEY_TOO_SMALL, errc::certificate_rejected},
        {X509_V_ERR_CA_MD_TOO_WEAK, errc::certificate_rejected},
        {X509_V_ERR_CERT_SIGNATURE_FAILURE, errc::certificate_rejected},
        {X509_V_ERR_CRL_HAS_EXPIRED, errc::certificate_rejected},
    };
    for (const auto& [reason, expected] : reasons) {
        INFO(X509_verify_cert_error_string(reason));
        CHECK(certificate_errc(reason) == expected);
    }
}

TEST_CASE("a handshake that finds no common version fails with tls_version, any other with tls_failed", "[io][tls]")
{
    for (const int reason : {SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, SSL_R_WRONG_SSL_VERSION}) {
        ERR_raise(ERR_LIB_SSL, reason);
        CHECK(tls_handshake_error().code() == errc::tls_version);
    }
    ERR_raise(ERR_LIB_SSL, SSL_R_NO_SHARED_CIPHER);
    const auto error = tls_handshake_error();
    CHECK(error.code() == errc::tls_failed);
    CHECK(error.phase() == Phase::tls);
    CHECK(error.detail() == "no shared cipher");

    // The same number means something else in another part of OpenSSL.
    ERR_raise(ERR_LIB_X509, SSL_R_UNSUPPORTED_PROTOCOL);
    CHECK(tls_handshake_error().code() == errc::tls_failed);
}

TEST_CASE("an answer that is not TLS is told apart from other failures", "[io][tls]")
{
    ERR_raise(ERR_LIB_SSL, SSL_R_WRONG_VERSION_NUMBER);
    CHECK_THAT(std::string(tls_handshake_error().detail()), ContainsSubstring("may not be TLS at all"));
}

TEST_CASE("the first of OpenSSL's errors is the one that counts, and none is left for others", "[io][tls]")
{
    ERR_raise(ERR_LIB_SSL, SSL_R_NO_SHARED_CIPHER);
    ERR_raise(ERR_LIB_SSL, SSL_R_BAD_LENGTH);
    CHECK(take_openssl_reason() == "no shared cipher");
    CHECK(ERR_peek_error() == 0);

    ERR_raise(ERR_LIB_SSL, SSL_R_BAD_LENGTH);
    ERR_raise(ERR_LIB_SSL, SSL_R_NO_SHARED_CIPHER);
    const auto ec = take_openssl_error();
    CHECK(ec.category() == boost::asio::error::get_ssl_category());
    CHECK(ERR_GET_REASON(static_cast<unsigned long>(ec.value())) == SSL_R_BAD_LENGTH);
    CHECK(ERR_peek_error() == 0);
}

TEST_CASE("errors of the operating system, and the lack of any, have words too", "[io][tls]")
{
    ERR_raise(ERR_LIB_SYS, ENOENT);
    CHECK(take_openssl_reason() == "No such file or directory");
    CHECK(take_openssl_reason() == "unknown reason");
    CHECK(take_openssl_error() == boost::asio::ssl::error::unexpected_result);
}
