// SPDX-License-Identifier: BSL-1.0
#include "tls_fixture.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <atomic>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace websockxx::test {

namespace {

using KeyPtr = std::unique_ptr<EVP_PKEY, io::FreeWith<EVP_PKEY_free>>;
using CertificatePtr = std::unique_ptr<X509, io::FreeWith<X509_free>>;
using CrlPtr = std::unique_ptr<X509_CRL, io::FreeWith<X509_CRL_free>>;
using RevokedPtr = std::unique_ptr<X509_REVOKED, io::FreeWith<X509_REVOKED_free>>;
using TimePtr = std::unique_ptr<ASN1_TIME, io::FreeWith<ASN1_TIME_free>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, io::FreeWith<X509_EXTENSION_free>>;
using GeneralNamesPtr = std::unique_ptr<GENERAL_NAMES, io::FreeWith<GENERAL_NAMES_free>>;

/// The fixture cannot do its work: a broken test, not a failed one.
void require(bool worked)
{
    if (worked) return;
    char text[256] = "no reason given";
    if (const auto code = ERR_get_error()) ERR_error_string_n(code, text, sizeof text);
    throw std::runtime_error(std::string("TLS fixture: ") + text);
}

template <class Pointer>
Pointer require(Pointer pointer)
{
    require(pointer != nullptr);
    return pointer;
}

KeyPtr make_key(CertificateOptions::Key kind)
{
    if (kind == CertificateOptions::Key::rsa_1024) return require(KeyPtr{EVP_RSA_gen(1024)});
    return require(KeyPtr{EVP_EC_gen("P-256")});
}

std::string pem_of(X509* certificate)
{
    const io::BioPtr bio{BIO_new(BIO_s_mem())};
    require(PEM_write_bio_X509(bio.get(), certificate) == 1);
    return io::text_of(bio.get());
}

std::string pem_of(EVP_PKEY* key)
{
    const io::BioPtr bio{BIO_new(BIO_s_mem())};
    require(PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
    return io::text_of(bio.get());
}

io::BioPtr reader(const std::string& pem)
{
    return require(io::BioPtr{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))});
}

CertificatePtr read_certificate(BIO* bio) { return CertificatePtr{PEM_read_bio_X509(bio, nullptr, nullptr, nullptr)}; }

void set_serial_number(X509* certificate)
{
    static std::atomic<long> next{1};
    require(ASN1_INTEGER_set(X509_get_serialNumber(certificate), next++) == 1);
}

void set_subject(X509* certificate, const std::string& common_name)
{
    auto* const name = X509_get_subject_name(certificate);
    const auto* const bytes = reinterpret_cast<const unsigned char*>(common_name.data());
    require(
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, bytes, static_cast<int>(common_name.size()), -1, 0) == 1);
}

void add_extension(X509* certificate, X509* issuer, int nid, const std::string& value)
{
    X509V3_CTX context{};
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const ExtensionPtr extension{X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str())};
    require(extension != nullptr);
    require(X509_add_ext(certificate, extension.get(), -1) == 1);
}

void add_dns_name(GENERAL_NAMES* names, const std::string& text)
{
    auto* const string = ASN1_IA5STRING_new();
    require(ASN1_STRING_set(string, text.data(), static_cast<int>(text.size())) == 1);
    auto* const name = GENERAL_NAME_new();
    GENERAL_NAME_set0_value(name, GEN_DNS, string);
    require(sk_GENERAL_NAME_push(names, name) > 0);
}

void add_ip_address(GENERAL_NAMES* names, const std::string& text)
{
    auto* const address = require(a2i_IPADDRESS(text.c_str()));
    auto* const name = GENERAL_NAME_new();
    GENERAL_NAME_set0_value(name, GEN_IPADD, address);
    require(sk_GENERAL_NAME_push(names, name) > 0);
}

void add_alternative_names(X509* certificate, const CertificateOptions& options)
{
    const GeneralNamesPtr names{GENERAL_NAMES_new()};
    for (const auto& name : options.dns_names) add_dns_name(names.get(), name);
    for (const auto& address : options.ip_addresses) add_ip_address(names.get(), address);
    if (sk_GENERAL_NAME_num(names.get()) == 0) return;
    require(X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, X509V3_ADD_DEFAULT) == 1);
}

CertificatePtr make_certificate(
    const std::string& common_name, const std::string& not_before, const std::string& not_after, EVP_PKEY* key)
{
    CertificatePtr certificate{X509_new()};
    require(X509_set_version(certificate.get(), X509_VERSION_3) == 1);
    set_serial_number(certificate.get());
    set_subject(certificate.get(), common_name);
    require(ASN1_TIME_set_string(X509_getm_notBefore(certificate.get()), not_before.c_str()) == 1);
    require(ASN1_TIME_set_string(X509_getm_notAfter(certificate.get()), not_after.c_str()) == 1);
    require(X509_set_pubkey(certificate.get(), key) == 1);
    return certificate;
}

void sign(X509* certificate, X509* issuer, EVP_PKEY* issuer_key, const std::string& digest)
{
    require(X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1);
    add_extension(certificate, certificate, NID_subject_key_identifier, "hash");
    add_extension(certificate, issuer, NID_authority_key_identifier, "keyid:always");
    require(X509_sign(certificate, issuer_key, require(EVP_get_digestbyname(digest.c_str()))) > 0);
}

/// Signed by the issuer, or by itself if there is none.
Identity make_leaf(const CertificateOptions& options, X509* issuer, EVP_PKEY* issuer_key)
{
    const auto key = make_key(options.key);
    const auto certificate = make_certificate(options.common_name, options.not_before, options.not_after, key.get());
    auto* const raw = certificate.get();
    add_extension(raw, raw, NID_basic_constraints, "critical,CA:FALSE");
    if (!options.extended_key_usage.empty()) add_extension(raw, raw, NID_ext_key_usage, options.extended_key_usage);
    add_alternative_names(raw, options);
    sign(raw, issuer ? issuer : raw, issuer_key ? issuer_key : key.get(), options.digest);
    return {pem_of(raw), pem_of(key.get())};
}

TimePtr time_of(const char* text)
{
    TimePtr time{ASN1_TIME_new()};
    require(ASN1_TIME_set_string(time.get(), text) == 1);
    return time;
}

} // namespace

CertificateOptions CertificateOptions::expired()
{
    CertificateOptions options;
    options.not_after = "20010101000000Z";
    return options;
}

CertificateOptions CertificateOptions::not_yet_valid()
{
    CertificateOptions options;
    options.not_before = "99980101000000Z";
    return options;
}

Identity self_signed(const CertificateOptions& options) { return make_leaf(options, nullptr, nullptr); }

struct CertificateAuthority::State {
    KeyPtr key;
    CertificatePtr certificate;
    std::string certificate_pem;
    std::string intermediates; ///< its own certificate and those up to the root, which is not among them

    State(const std::string& name, const State* issuer)
        : key(make_key(CertificateOptions::Key::ec_256)),
          certificate(make_certificate(name, "20000101000000Z", "99991231235959Z", key.get()))
    {
        add_extension(certificate.get(), certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
        add_extension(certificate.get(), certificate.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
        const auto& signer = issuer ? *issuer : *this;
        sign(certificate.get(), signer.certificate.get(), signer.key.get(), "SHA256");
        certificate_pem = pem_of(certificate.get());
        if (issuer) intermediates = certificate_pem + issuer->intermediates;
    }
};

CertificateAuthority::CertificateAuthority(const std::string& name) : state_(std::make_unique<State>(name, nullptr)) {}
CertificateAuthority::CertificateAuthority(std::unique_ptr<State> state) : state_(std::move(state)) {}
CertificateAuthority::~CertificateAuthority() = default;
CertificateAuthority::CertificateAuthority(CertificateAuthority&&) noexcept = default;
CertificateAuthority& CertificateAuthority::operator=(CertificateAuthority&&) noexcept = default;

const std::string& CertificateAuthority::certificate() const noexcept { return state_->certificate_pem; }

Identity CertificateAuthority::issue(const CertificateOptions& options) const
{
    auto identity = make_leaf(options, state_->certificate.get(), state_->key.get());
    identity.intermediates = state_->intermediates;
    return identity;
}

CertificateAuthority CertificateAuthority::intermediate(const std::string& name) const
{
    return CertificateAuthority{std::make_unique<State>(name, state_.get())};
}

std::string CertificateAuthority::revoke(const std::vector<Identity>& identities) const
{
    const CrlPtr list{X509_CRL_new()};
    const auto since = time_of("20000101000000Z");
    require(X509_CRL_set_version(list.get(), X509_CRL_VERSION_2) == 1);
    require(X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(state_->certificate.get())) == 1);
    require(X509_CRL_set1_lastUpdate(list.get(), since.get()) == 1);
    require(X509_CRL_set1_nextUpdate(list.get(), time_of("99991231235959Z").get()) == 1);
    for (const auto& identity : identities) {
        const auto certificate = require(read_certificate(reader(identity.certificate).get()));
        RevokedPtr entry{X509_REVOKED_new()};
        require(X509_REVOKED_set_serialNumber(entry.get(), X509_get_serialNumber(certificate.get())) == 1);
        require(X509_REVOKED_set_revocationDate(entry.get(), since.get()) == 1);
        require(X509_CRL_add0_revoked(list.get(), entry.release()) == 1);
    }
    require(X509_CRL_sign(list.get(), state_->key.get(), EVP_sha256()) > 0);
    const io::BioPtr bio{BIO_new(BIO_s_mem())};
    require(PEM_write_bio_X509_CRL(bio.get(), list.get()) == 1);
    return io::text_of(bio.get());
}

namespace {

constexpr std::string_view http_1_1 = "\x08http/1.1"; // with its length in front (RFC 7301 3.1)

int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* chosen_size, const unsigned char* offered,
    unsigned int offered_size, void*)
{
    const auto* const ours = reinterpret_cast<const unsigned char*>(http_1_1.data());
    unsigned char* found = nullptr;
    const auto answer =
        SSL_select_next_proto(&found, chosen_size, ours, static_cast<unsigned>(http_1_1.size()), offered, offered_size);
    *chosen = found;
    return answer == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

void use_identity(SSL_CTX* context, const Identity& identity)
{
    const auto certificate = require(read_certificate(reader(identity.certificate).get()));
    const KeyPtr key{PEM_read_bio_PrivateKey(reader(identity.private_key).get(), nullptr, nullptr, nullptr)};
    require(SSL_CTX_use_certificate(context, certificate.get()) == 1);
    require(SSL_CTX_use_PrivateKey(context, key.get()) == 1);
    const auto chain = reader(identity.intermediates);
    while (const auto link = read_certificate(chain.get())) require(SSL_CTX_add1_chain_cert(context, link.get()) == 1);
    ERR_clear_error(); // "no start line" is how the end of the chain shows
}

} // namespace

io::SslContextPtr make_server_context(const Identity& identity, const ServerOptions& options)
{
    io::SslContextPtr context{SSL_CTX_new(TLS_server_method())};
    auto* const raw = context.get();
    SSL_CTX_set_security_level(raw, 0); // a test server may be as weak as the test wants it
    require(SSL_CTX_set_min_proto_version(raw, options.min_version) == 1);
    require(SSL_CTX_set_max_proto_version(raw, options.max_version) == 1);
    SSL_CTX_set_alpn_select_cb(raw, choose_protocol, nullptr);
    if (!options.session_tickets) {
        SSL_CTX_set_options(raw, SSL_OP_NO_TICKET);
        SSL_CTX_set_num_tickets(raw, 0);
    }
    use_identity(raw, identity);
    if (!options.client_authority.empty()) {
        const auto authority = require(read_certificate(reader(options.client_authority).get()));
        require(X509_STORE_add_cert(SSL_CTX_get_cert_store(raw), authority.get()) == 1);
        SSL_CTX_set_verify(raw, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    }
    return context;
}

} // namespace websockxx::test
