// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/io/openssl_ptr.hpp>
#include <websockxx/io/tls_error.hpp>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/error.hpp>

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstddef>
#include <memory>

namespace websockxx::io {

namespace tls_error_detail {

using GeneralNamesPtr = std::unique_ptr<GENERAL_NAMES, FreeWith<GENERAL_NAMES_free>>;

/// A certificate may be full of names: not all of it is quoted. What is, may be any bytes: Error::message() escapes
/// them.
inline constexpr std::size_t max_quoted_bytes = 256;
inline constexpr int max_quoted_names = 8;

inline std::string shortened(std::string_view text)
{
    if (text.size() <= max_quoted_bytes) return std::string(text);
    return std::string(text.substr(0, max_quoted_bytes)) + "...";
}

inline std::string_view view_of(const ASN1_STRING* string)
{
    const auto* const data = reinterpret_cast<const char*>(ASN1_STRING_get0_data(string));
    return {data, static_cast<std::size_t>(ASN1_STRING_length(string))};
}

inline std::string subject_of(const X509* certificate)
{
    const BioPtr bio{BIO_new(BIO_s_mem())};
    constexpr unsigned long flags = XN_FLAG_SEP_CPLUS_SPC | XN_FLAG_SPC_EQ | ASN1_STRFLGS_UTF8_CONVERT;
    X509_NAME_print_ex(bio.get(), X509_get_subject_name(certificate), 0, flags);
    return shortened(text_of(bio.get()));
}

inline std::string time_text(const ASN1_TIME* time)
{
    const BioPtr bio{BIO_new(BIO_s_mem())};
    ASN1_TIME_print(bio.get(), time);
    return text_of(bio.get());
}

inline std::string address_text(std::string_view bytes)
{
    using namespace boost::asio::ip;
    address_v4::bytes_type v4;
    address_v6::bytes_type v6;
    if (bytes.size() == v4.size()) {
        std::copy(bytes.begin(), bytes.end(), v4.begin());
        return address_v4(v4).to_string();
    }
    if (bytes.size() == v6.size()) {
        std::copy(bytes.begin(), bytes.end(), v6.begin());
        return address_v6(v6).to_string();
    }
    return shortened(bytes);
}

/// "DNS:example.org, IP:192.0.2.1": the subject's alternative names that can match a host.
inline std::string names_of(const X509* certificate)
{
    const GeneralNamesPtr names{
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr))};
    std::string out;
    const int count = names ? sk_GENERAL_NAME_num(names.get()) : 0;
    for (int i = 0, quoted = 0; i < count; ++i) {
        int kind = 0;
        const auto* const value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), i), &kind);
        if (kind != GEN_DNS && kind != GEN_IPADD) continue;
        if (quoted > 0) out += ", ";
        if (quoted++ == max_quoted_names) return out + "...";
        const auto text = view_of(static_cast<const ASN1_STRING*>(value));
        out += kind == GEN_DNS ? "DNS:" + shortened(text) : "IP:" + address_text(text);
    }
    return out;
}

/// What a person needs to know beyond the reason's name.
inline std::string particulars(errc code, const X509* certificate, std::string_view name)
{
    switch (code) {
    case errc::certificate_expired: return ", on " + time_text(X509_get0_notAfter(certificate));
    case errc::certificate_not_yet_valid: return ", until " + time_text(X509_get0_notBefore(certificate));
    case errc::certificate_host_mismatch: {
        const auto names = names_of(certificate);
        const auto has = names.empty() ? "no alternative name, and its common name does not count" : names;
        return ": want " + std::string(name) + ", certificate has " + has;
    }
    default: return {};
    }
}

/// Reasons for which the handshake fails because no version is common to both sides: ours, and what the server's alert
/// says.
inline bool is_version_failure(int reason) noexcept
{
    switch (reason) {
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_UNKNOWN_PROTOCOL:
    case SSL_R_WRONG_SSL_VERSION:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_VERSION_TOO_HIGH:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION: return true;
    default: return false;
    }
}

inline unsigned long take_first_error() noexcept
{
    const auto code = ERR_get_error();
    ERR_clear_error();
    return code;
}

inline std::string reason_text(unsigned long code)
{
    if (code == 0) return "unknown reason";
    // OpenSSL has no words for the errors of the operating system.
    if (ERR_SYSTEM_ERROR(code)) return error_code(ERR_GET_REASON(code), boost::system::generic_category()).message();
    const auto* const reason = ERR_reason_error_string(code);
    return reason ? reason : "OpenSSL error " + std::to_string(code);
}

} // namespace tls_error_detail

errc certificate_errc(int verify_error) noexcept
{
    switch (verify_error) {
    case X509_V_ERR_CERT_HAS_EXPIRED: return errc::certificate_expired;
    case X509_V_ERR_CERT_NOT_YET_VALID: return errc::certificate_not_yet_valid;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN: return errc::certificate_self_signed;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_UNTRUSTED: return errc::certificate_untrusted;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH: return errc::certificate_host_mismatch;
    case X509_V_ERR_CERT_REVOKED: return errc::certificate_revoked;
    default: return errc::certificate_rejected;
    }
}

Error certificate_error(X509_STORE_CTX* verification, std::string_view name)
{
    using namespace tls_error_detail;
    const int reason = X509_STORE_CTX_get_error(verification);
    const auto code = certificate_errc(reason);
    std::string detail = "certificate at depth " + std::to_string(X509_STORE_CTX_get_error_depth(verification));
    const X509* const certificate = X509_STORE_CTX_get_current_cert(verification);
    if (certificate) detail += " (" + subject_of(certificate) + ")";
    detail += std::string(": ") + X509_verify_cert_error_string(reason);
    if (certificate) detail += particulars(code, certificate, name);
    return {code, Phase::tls, detail};
}

Error tls_handshake_error()
{
    using namespace tls_error_detail;
    const auto error = take_first_error();
    const auto reason = ERR_GET_LIB(error) == ERR_LIB_SSL ? ERR_GET_REASON(error) : 0;
    const auto code = is_version_failure(reason) ? errc::tls_version : errc::tls_failed;
    const auto hint = reason == SSL_R_WRONG_VERSION_NUMBER ? " (the answer may not be TLS at all)" : "";
    return {code, Phase::tls, reason_text(error) + hint};
}

error_code take_openssl_error() noexcept
{
    const auto code = tls_error_detail::take_first_error();
    if (code == 0) return boost::asio::ssl::error::unexpected_result;
    return {static_cast<int>(code), boost::asio::error::get_ssl_category()};
}

std::string take_openssl_reason() { return tls_error_detail::reason_text(tls_error_detail::take_first_error()); }

} // namespace websockxx::io
