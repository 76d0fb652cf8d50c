// SPDX-License-Identifier: BSL-1.0
#include "certificate.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <memory>
#include <stdexcept>

namespace example {
namespace {

template <auto function>
struct FreeWith {
    template <class T>
    void operator()(T* object) const
    {
        function(object);
    }
};

using Bio = std::unique_ptr<BIO, FreeWith<BIO_free_all>>;
using Extension = std::unique_ptr<X509_EXTENSION, FreeWith<X509_EXTENSION_free>>;
using Key = std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>>;
using X509Certificate = std::unique_ptr<X509, FreeWith<X509_free>>;

void require(bool done)
{
    if (!done) throw std::runtime_error{"OpenSSL cannot make a certificate"};
}

Key make_key()
{
    Key key{EVP_EC_gen("P-256")};
    require(key != nullptr);
    return key;
}

void add_extension(X509* certificate, X509* issuer, int kind, const char* value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const Extension extension{X509V3_EXT_conf_nid(nullptr, &context, kind, value)};
    require(extension && X509_add_ext(certificate, extension.get(), -1) == 1);
}

/// For the key, with the name, valid from a minute ago for a day; without an issuer and unsigned.
X509Certificate make_unsigned(EVP_PKEY* key, const char* name)
{
    constexpr long minute = 60;
    constexpr long day = 24 * 60 * minute;
    X509Certificate certificate{X509_new()};
    require(certificate != nullptr);
    std::uint32_t serial = 0;
    require(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) == 1);
    require(X509_set_version(certificate.get(), X509_VERSION_3) == 1);
    require(ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), serial) == 1);
    require(X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -minute) != nullptr);
    require(X509_gmtime_adj(X509_getm_notAfter(certificate.get()), day) != nullptr);
    require(X509_set_pubkey(certificate.get(), key) == 1);
    const auto* text = reinterpret_cast<const unsigned char*>(name);
    require(X509_NAME_add_entry_by_txt(
                X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8, text, -1, -1, 0) == 1);
    return certificate;
}

void sign(X509* certificate, X509* issuer, EVP_PKEY* issuer_key)
{
    require(X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1);
    add_extension(certificate, issuer, NID_subject_key_identifier, "hash");
    add_extension(certificate, issuer, NID_authority_key_identifier, "keyid:always");
    require(X509_sign(certificate, issuer_key, EVP_sha256()) > 0);
}

std::string text_of(const Bio& bio)
{
    char* begin = nullptr;
    const auto size = BIO_get_mem_data(bio.get(), &begin);
    return {begin, static_cast<std::size_t>(size)};
}

std::string pem_of(X509* certificate)
{
    const Bio bio{BIO_new(BIO_s_mem())};
    require(PEM_write_bio_X509(bio.get(), certificate) == 1);
    return text_of(bio);
}

std::string pem_of(EVP_PKEY* key)
{
    const Bio bio{BIO_new(BIO_s_mem())};
    require(PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
    return text_of(bio);
}

} // namespace

Certificate make_certificate()
{
    const auto ca_key = make_key();
    const auto ca = make_unsigned(ca_key.get(), "websockxx example authority");
    add_extension(ca.get(), ca.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
    add_extension(ca.get(), ca.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
    sign(ca.get(), ca.get(), ca_key.get());

    const auto key = make_key();
    const auto certificate = make_unsigned(key.get(), "localhost");
    add_extension(certificate.get(), ca.get(), NID_basic_constraints, "critical,CA:FALSE");
    add_extension(certificate.get(), ca.get(), NID_key_usage, "critical,digitalSignature");
    add_extension(certificate.get(), ca.get(), NID_ext_key_usage, "serverAuth");
    add_extension(certificate.get(), ca.get(), NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1,IP:::1");
    sign(certificate.get(), ca.get(), ca_key.get());
    return {
        .ca_pem = pem_of(ca.get()), .certificate_pem = pem_of(certificate.get()), .private_key_pem = pem_of(key.get())};
}

} // namespace example
