// SPDX-License-Identifier: BSL-1.0
#include <websockxx/io/tls_context.hpp>

#include "support/temporary_directory.hpp"
#include "support/test.hpp"
#include "support/tls_fixture.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <chrono>
#include <filesystem>
#include <string>

using namespace websockxx;
using namespace websockxx::io;
using namespace websockxx::test;

namespace {

Tls without_system()
{
    Tls options;
    options.system_roots = false;
    return options;
}

std::string complaint(const Tls& options)
{
    const auto made = make_tls_context(options);
    REQUIRE(made.has_error());
    CHECK(made.error().code() == errc::tls_options);
    CHECK(made.error().phase() == Phase::tls);
    CHECK(ERR_peek_error() == 0);
    return std::string(made.error().detail());
}

SSL_CTX* shared(const Tls& options)
{
    const auto context = shared_tls_context(options);
    REQUIRE(context.has_value());
    return context->get(); // which the cache keeps alive
}

std::string with_password(const std::string& key_pem)
{
    const BioPtr in{BIO_new_mem_buf(key_pem.data(), static_cast<int>(key_pem.size()))};
    const std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>> key{
        PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr)};
    const BioPtr out{BIO_new(BIO_s_mem())};
    char password[] = "secret";
    PEM_write_bio_PKCS8PrivateKey(out.get(), key.get(), EVP_aes_128_cbc(), password, 6, nullptr, nullptr);
    return text_of(out.get());
}

} // namespace

TEST_CASE("the defaults of Tls make a context, even without any roots", "[io][tls]")
{
    CHECK(make_tls_context({}).has_value());
    CHECK(make_tls_context(without_system()).has_value());
}

TEST_CASE("a context speaks nothing older than TLS 1.2, and is at security level 2 or higher", "[io][tls]")
{
    const auto context = make_tls_context({});
    REQUIRE(context.has_value());
    CHECK(SSL_CTX_get_min_proto_version(context->get()) == TLS1_2_VERSION);
    CHECK(SSL_CTX_get_security_level(context->get()) >= 2);
    CHECK((SSL_CTX_get_options(context->get()) & SSL_OP_NO_RENEGOTIATION) != 0);
    CHECK((SSL_CTX_get_options(context->get()) & SSL_OP_NO_COMPRESSION) != 0);
}

TEST_CASE("an authority that cannot be read is refused, and the error names the option", "[io][tls]")
{
    const TemporaryDirectory directory;
    auto options = without_system();

    options.ca_file = directory.write("empty.pem", "no certificate in here\n");
    CHECK_THAT(complaint(options), StartsWith("ca_file ") && EndsWith("empty.pem: holds no PEM certificate"));

    options.ca_file += ".missing";
    CHECK_THAT(complaint(options), EndsWith("empty.pem.missing: No such file or directory"));

    options.ca_file.clear();
    options.ca_pem = "nonsense";
    CHECK(complaint(options) == "ca_pem: holds no PEM certificate");

    options.ca_pem = CertificateAuthority().certificate().substr(0, 200);
    CHECK_THAT(complaint(options), StartsWith("ca_pem: "));
}

TEST_CASE("our own certificate must come with its key", "[io][tls]")
{
    const TemporaryDirectory directory;
    const auto ours = self_signed();
    auto options = without_system();

    options.certificate_file = directory.write("certificate.pem", ours.certificate);
    CHECK_THAT(complaint(options), EndsWith("is of no use without a private_key_file"));

    options.private_key_file = directory.write("key.pem", ours.private_key);
    CHECK(make_tls_context(options).has_value());

    options.private_key_file = directory.write("other.pem", self_signed().private_key);
    CHECK_THAT(complaint(options), StartsWith("private_key_file ") && ContainsSubstring("mismatch"));

    options.private_key_file = directory.write("locked.pem", with_password(ours.private_key));
    CHECK_THAT(complaint(options), StartsWith("private_key_file "));
    CHECK(SSL_CTX_get_default_passwd_cb(make_tls_context({}).value().get()) != nullptr); // or the terminal is asked

    options.certificate_file.clear();
    CHECK_THAT(complaint(options), EndsWith("is of no use without a certificate_file"));
}

TEST_CASE("connections with the same options share a context, others do not", "[io][tls]")
{
    auto options = without_system();
    options.ca_pem = CertificateAuthority().certificate();
    auto* const context = shared(options);
    CHECK(shared(options) == context);

    auto other_name = options;
    other_name.server_name = "example.org"; // of a connection, not of the context
    CHECK(shared(other_name) == context);

    auto other = options;
    other.ca_pem += CertificateAuthority().certificate();
    CHECK(shared(other) != context);
    CHECK(shared(options) == context);
}

TEST_CASE("a file that has changed makes a new context", "[io][tls]")
{
    const TemporaryDirectory directory;
    auto options = without_system();
    options.ca_file = directory.write("ca.pem", CertificateAuthority().certificate());
    const auto before = shared_tls_context(options);
    REQUIRE(before.has_value());
    CHECK(shared(options) == before->get());

    directory.write("ca.pem", CertificateAuthority("another, with a longer name").certificate());
    const auto after = shared_tls_context(options);
    REQUIRE(after.has_value());
    CHECK(after->get() != before->get());

    std::filesystem::last_write_time(
        options.ca_file, std::filesystem::file_time_type::clock::now() + std::chrono::hours(1));
    CHECK(shared(options) != after->get());
}

TEST_CASE("what cannot be made is tried again, not remembered", "[io][tls]")
{
    const TemporaryDirectory directory;
    auto options = without_system();
    options.ca_file = directory.write("ca.pem", "");
    CHECK(shared_tls_context(options).has_error());
    directory.write("ca.pem", CertificateAuthority().certificate());
    CHECK(shared_tls_context(options).has_value());
}

TEST_CASE("a context that nobody has used for long is forgotten, but lives as long as it is held", "[io][tls]")
{
    auto options = without_system();
    options.ca_pem = CertificateAuthority().certificate();
    const auto context = shared_tls_context(options);
    REQUIRE(context.has_value());
    for (int i = 0; i < 20; ++i) {
        auto other = without_system();
        other.ca_pem = CertificateAuthority().certificate();
        static_cast<void>(shared(other));
    }
    CHECK(shared(options) != context->get());
    CHECK(SslPtr{SSL_new(context->get())} != nullptr);
}
