// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/io/tls_context.hpp>
#include <websockxx/io/tls_error.hpp>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace websockxx::io {

namespace tls_context_detail {

struct FreePemObjects {
    void operator()(STACK_OF(X509_INFO) * objects) const noexcept { sk_X509_INFO_pop_free(objects, X509_INFO_free); }
};
using PemObjectsPtr = std::unique_ptr<STACK_OF(X509_INFO), FreePemObjects>;

inline Error bad_option(std::string_view option, std::string_view why)
{
    return {errc::tls_options, Phase::tls, std::string(option) + ": " + std::string(why)};
}

/// OpenSSL would otherwise ask for the password of an encrypted key on the terminal.
inline int no_password(char*, int, int, void*) { return 0; }

/// Adds the certificates and revocation lists of a PEM text to what the context trusts.
inline Error trust(SSL_CTX* context, BIO* pem, std::string_view option)
{
    const PemObjectsPtr objects{PEM_X509_INFO_read_bio(pem, nullptr, no_password, nullptr)};
    if (!objects) return bad_option(option, take_openssl_reason());
    auto* const store = SSL_CTX_get_cert_store(context);
    bool has_certificate = false;
    for (int i = 0; i < sk_X509_INFO_num(objects.get()); ++i) {
        const auto* const object = sk_X509_INFO_value(objects.get(), i);
        if (object->x509) {
            if (X509_STORE_add_cert(store, object->x509) != 1) return bad_option(option, take_openssl_reason());
            has_certificate = true;
        }
        if (object->crl) {
            if (X509_STORE_add_crl(store, object->crl) != 1) return bad_option(option, take_openssl_reason());
            X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
        }
    }
    return has_certificate ? Error{} : bad_option(option, "holds no PEM certificate");
}

inline Error trust_system(SSL_CTX* context)
{
    // Finding nothing is no failure here: then no server will be trusted, and the error says so.
    if (SSL_CTX_set_default_verify_paths(context) != 1) return bad_option("system_roots", take_openssl_reason());
#if defined(_WIN32) && OPENSSL_VERSION_NUMBER >= 0x30200000L
    if (SSL_CTX_load_verify_store(context, "org.openssl.winstore:") != 1) {
        return bad_option("system_roots", take_openssl_reason());
    }
#endif
    return {};
}

inline Error trust_what_is_given(SSL_CTX* context, const Tls& options)
{
    if (!options.ca_file.empty()) {
        const auto option = "ca_file " + options.ca_file;
        const BioPtr file{BIO_new_file(options.ca_file.c_str(), "r")};
        if (!file) return bad_option(option, take_openssl_reason());
        if (auto error = trust(context, file.get(), option)) return error;
    }
    if (!options.ca_pem.empty()) {
        const BioPtr text{BIO_new_mem_buf(options.ca_pem.data(), static_cast<int>(options.ca_pem.size()))};
        if (!text) return bad_option("ca_pem", take_openssl_reason());
        if (auto error = trust(context, text.get(), "ca_pem")) return error;
    }
    return {};
}

inline Error use_certificate(SSL_CTX* context, const Tls& options)
{
    const auto& certificate = options.certificate_file;
    const auto& key = options.private_key_file;
    if (certificate.empty() && key.empty()) return {};
    if (certificate.empty()) return bad_option("private_key_file " + key, "is of no use without a certificate_file");
    if (key.empty()) return bad_option("certificate_file " + certificate, "is of no use without a private_key_file");
    if (SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) != 1) {
        return bad_option("certificate_file " + certificate, take_openssl_reason());
    }
    // Also checks that the key belongs to the certificate.
    if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1) {
        return bad_option("private_key_file " + key, take_openssl_reason());
    }
    return {};
}

inline bool set_rules(SSL_CTX* context)
{
    SSL_CTX_set_default_passwd_cb(context, no_password);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    // An idle connection then keeps 33 KB less.
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    // The system may ask for more (openssl.cnf), not for less.
    if (SSL_CTX_get_security_level(context) < 2) SSL_CTX_set_security_level(context, 2);
    const auto system_version = static_cast<int>(SSL_CTX_get_min_proto_version(context));
    const int min_version = std::max(system_version, TLS1_2_VERSION);
    // Whatever one is told to trust is an anchor, be it an intermediate or the server's own certificate.
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN);
    constexpr unsigned char http_1_1[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'}; // RFC 7301 3.1: length, name
    return SSL_CTX_set_min_proto_version(context, min_version) == 1 &&
           SSL_CTX_set_alpn_protos(context, http_1_1, sizeof http_1_1) == 0;
}

/// Changes when the file does, also if another takes its place.
struct FileStamp {
    std::string path;
    std::filesystem::file_time_type written = {};
    std::uintmax_t size = 0;

    explicit FileStamp(std::string name) : path(std::move(name))
    {
        std::error_code missing; // then OpenSSL will complain
        written = std::filesystem::last_write_time(path, missing);
        size = std::filesystem::file_size(path, missing);
    }

    friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

inline std::string environment(const char* name, const char* otherwise)
{
    const auto* const value = std::getenv(name);
    return value ? value : otherwise;
}

/// What a context is made of.
struct Ingredients {
    Tls options;
    std::vector<FileStamp> files;

    explicit Ingredients(const Tls& given) : options(given)
    {
        options.server_name.clear(); // of the connection, as is whether to verify
        options.danger_accept_any_certificate = false;
        for (const auto* const path : {&given.ca_file, &given.certificate_file, &given.private_key_file}) {
            if (!path->empty()) files.emplace_back(*path);
        }
        if (!given.system_roots) return;
        files.emplace_back(environment(X509_get_default_cert_file_env(), X509_get_default_cert_file()));
        files.emplace_back(environment(X509_get_default_cert_dir_env(), X509_get_default_cert_dir()));
    }

    friend bool operator==(const Ingredients&, const Ingredients&) = default;
};

inline SslContextPtr share(const SslContextPtr& context)
{
    SSL_CTX_up_ref(context.get());
    return SslContextPtr{context.get()};
}

/// The contexts that were used last. They are made without the lock: two threads may make the same at once, which does
/// no harm.
class Cache {
public:
    static Cache& instance()
    {
        // OpenSSL first, so that at the end of the program it goes after the contexts.
        static const int openssl_is_ready = OPENSSL_init_ssl(0, nullptr);
        static_cast<void>(openssl_is_ready);
        static Cache cache;
        return cache;
    }

    SslContextPtr find(const Ingredients& ingredients)
    {
        const std::lock_guard lock{mutex_};
        const auto found = std::find_if(
            entries_.begin(), entries_.end(), [&](const Entry& entry) { return entry.ingredients == ingredients; });
        if (found == entries_.end()) return {};
        std::rotate(found, found + 1, entries_.end());
        return share(entries_.back().context);
    }

    void keep(Ingredients ingredients, SslContextPtr context)
    {
        const std::lock_guard lock{mutex_};
        if (entries_.size() == capacity) entries_.erase(entries_.begin());
        entries_.push_back({std::move(ingredients), std::move(context)});
    }

private:
    struct Entry {
        Ingredients ingredients;
        SslContextPtr context;
    };

    static constexpr std::size_t capacity = 8;

    std::mutex mutex_;
    std::vector<Entry> entries_; ///< the last one is the one used last
};

} // namespace tls_context_detail

result<SslContextPtr> make_tls_context(const Tls& options)
{
    using namespace tls_context_detail;
    ERR_clear_error();
    SslContextPtr context{SSL_CTX_new(TLS_client_method())};
    if (!context || !set_rules(context.get())) return bad_option("OpenSSL", take_openssl_reason());
    if (options.system_roots) {
        if (auto error = trust_system(context.get())) return error;
    }
    if (auto error = trust_what_is_given(context.get(), options)) return error;
    if (auto error = use_certificate(context.get(), options)) return error;
    ERR_clear_error();
    return context;
}

result<SslContextPtr> shared_tls_context(const Tls& options)
{
    using namespace tls_context_detail;
    auto& cache = Cache::instance();
    Ingredients ingredients{options};
    if (auto found = cache.find(ingredients)) return found;
    auto made = make_tls_context(options);
    if (made) cache.keep(std::move(ingredients), share(*made));
    return made;
}

} // namespace websockxx::io
