// SPDX-License-Identifier: BSL-1.0
#include <websockxx/io/tls_filter.hpp>

#include "support/temporary_directory.hpp"
#include "support/test.hpp"
#include "support/tls_talk.hpp"

#include <set>
#include <string>
#include <vector>

using namespace websockxx;
using namespace websockxx::io;
using namespace websockxx::test;

using Handshake = TlsFilter::Handshake;

namespace {

/// The client's error; none if it accepted the server. Either way, it said nothing that could be for the application.
Error verdict(const Tls& options, const std::string& host, const Identity& identity, const ServerOptions& server = {})
{
    TlsTalk talk{options, host, identity, server};
    const auto progress = talk.shake_hands();
    REQUIRE(progress != Handshake::wants_input);
    if (progress == Handshake::done) return {};
    error_code ec;
    CHECK(talk.write("secret", ec) == 0);
    talk.client_to_server();
    CHECK(talk.heard().empty());
    CHECK(talk.client().error().phase() == Phase::tls);
    CHECK(talk.server().failure().has_value()); // by an alert
    return talk.client().error();
}

struct World {
    CertificateAuthority authority;
    Tls options = trusting(authority.certificate());

    Error verdict(const std::string& host, const CertificateOptions& certificate) const
    {
        return ::verdict(options, host, authority.issue(certificate));
    }
};

std::string detail(const Error& error) { return std::string(error.detail()); }

} // namespace

TEST_CASE(
    "WX-125 a server whose certificate chains to a trusted root, and has the host's name, is accepted", "[io][tls]")
{
    const World world;
    CHECK_FALSE(world.verdict("localhost", {}));
    CHECK_FALSE(world.verdict("LOCALHOST", {}));
    CHECK_FALSE(world.verdict("b.example.org", {.dns_names = {"a.example.org", "b.example.org"}}));
    CHECK_FALSE(world.verdict("127.0.0.1", {.ip_addresses = {"127.0.0.1"}}));
    CHECK_FALSE(world.verdict("::1", {.ip_addresses = {"::1"}}));
    CHECK_FALSE(world.verdict("fe80::1%1", {.ip_addresses = {"fe80::1"}}));
    CHECK_FALSE(world.verdict("localhost", {.extended_key_usage = ""}));
}

TEST_CASE("an intermediate authority is accepted if the server sends its certificate, or we have it", "[io][tls]")
{
    const CertificateAuthority root;
    const auto middle = root.intermediate("websockxx test middle");
    auto identity = middle.issue();
    CHECK_FALSE(verdict(trusting(root.certificate()), "localhost", identity));
    identity.intermediates.clear();
    CHECK_FALSE(verdict(trusting(root.certificate() + middle.certificate()), "localhost", identity));
    CHECK_FALSE(verdict(trusting(middle.certificate()), "localhost", identity)); // an anchor need not be a root
}

TEST_CASE("a certificate can itself be what is trusted", "[io][tls]")
{
    const auto identity = self_signed();
    CHECK_FALSE(verdict(trusting(identity.certificate), "localhost", identity));
    CHECK(verdict(trusting(identity.certificate), "example.org", identity).code() == errc::certificate_host_mismatch);
}

TEST_CASE("WX-126 with danger_accept_any_certificate, any certificate is accepted", "[io][tls]")
{
    auto options = trusting(CertificateAuthority().certificate());
    options.danger_accept_any_certificate = true;
    CHECK_FALSE(verdict(options, "localhost", self_signed()));
    CHECK_FALSE(verdict(options, "example.org", self_signed(CertificateOptions::expired())));
}

TEST_CASE("S9 an expired certificate is refused, with the time of its end", "[io][tls]")
{
    const auto error = World().verdict("localhost", CertificateOptions::expired());
    CHECK(error.code() == errc::certificate_expired);
    CHECK(detail(error) == "certificate at depth 0 (CN = websockxx test server): certificate has expired, "
                           "on Jan  1 00:00:00 2001 GMT");
}

TEST_CASE("S9 a certificate that is not yet valid is refused", "[io][tls]")
{
    const auto error = World().verdict("localhost", CertificateOptions::not_yet_valid());
    CHECK(error.code() == errc::certificate_not_yet_valid);
    CHECK_THAT(detail(error), EndsWith("certificate is not yet valid, until Jan  1 00:00:00 9998 GMT"));
}

TEST_CASE("S9 a self-signed certificate is refused", "[io][tls]")
{
    const auto error = verdict(World().options, "localhost", self_signed());
    CHECK(error.code() == errc::certificate_self_signed);
    CHECK_THAT(detail(error), ContainsSubstring("self-signed certificate"));
}

TEST_CASE("S9 a chain to a root that is not trusted is refused", "[io][tls]")
{
    const CertificateAuthority stranger("websockxx stranger");
    CHECK(verdict(World().options, "localhost", stranger.issue()).code() == errc::certificate_untrusted);

    // Even if the server sends that root, too.
    auto identity = stranger.issue();
    identity.intermediates = stranger.certificate();
    const auto error = verdict(World().options, "localhost", identity);
    CHECK(error.code() == errc::certificate_self_signed);
    CHECK_THAT(detail(error), StartsWith("certificate at depth 1 (CN = websockxx stranger): "));
}

TEST_CASE("S9 a missing intermediate is refused", "[io][tls]")
{
    const CertificateAuthority root;
    auto identity = root.intermediate("websockxx test middle").issue();
    identity.intermediates.clear();
    const auto error = verdict(trusting(root.certificate()), "localhost", identity);
    CHECK(error.code() == errc::certificate_untrusted);
    CHECK_THAT(detail(error), ContainsSubstring("issuer"));
}

TEST_CASE(
    "S9 a certificate for another host is refused, and the error says who was wanted and who answered", "[io][tls]")
{
    const World world;
    const auto error =
        world.verdict("example.org", {.dns_names = {"foo.test", "*.bar.test"}, .ip_addresses = {"192.0.2.1"}});
    CHECK(error.code() == errc::certificate_host_mismatch);
    CHECK(detail(error) == "certificate at depth 0 (CN = websockxx test server): hostname mismatch: "
                           "want example.org, certificate has DNS:foo.test, DNS:*.bar.test, IP:192.0.2.1");
}

TEST_CASE("S9 a wildcard stands for one whole label (RFC 6125 6.4.3)", "[io][tls]")
{
    const World world;
    const auto with = [](const char* name) { return CertificateOptions{.dns_names = {name}}; };
    CHECK_FALSE(world.verdict("x.example.org", with("*.example.org")));
    for (const auto* host : {"x.y.example.org", "example.org", "xexample.org"}) {
        CHECK(world.verdict(host, with("*.example.org")).code() == errc::certificate_host_mismatch);
    }
    CHECK(world.verdict("foo.example.org", with("f*.example.org")).code() == errc::certificate_host_mismatch);
    CHECK(world.verdict("foo.example.org", with("foo.*.org")).code() == errc::certificate_host_mismatch);
    CHECK(world.verdict("example.org", with("*.org")).code() == errc::certificate_host_mismatch);
    CHECK(world.verdict("127.0.0.1", with("*.0.0.1")).code() == errc::certificate_host_mismatch);
}

TEST_CASE("S9 the common name does not count (RFC 6125 6.4.4)", "[io][tls]")
{
    const auto error = World().verdict("localhost", {.common_name = "localhost", .dns_names = {}});
    CHECK(error.code() == errc::certificate_host_mismatch);
    CHECK_THAT(detail(error), EndsWith("certificate has no alternative name, and its common name does not count"));
}

TEST_CASE("S9 an address must be among the certificate's addresses, not its names", "[io][tls]")
{
    const World world;
    CHECK(world.verdict("127.0.0.1", {}).code() == errc::certificate_host_mismatch);
    CHECK(world.verdict("127.0.0.1", {.dns_names = {"127.0.0.1"}}).code() == errc::certificate_host_mismatch);
    CHECK(world.verdict("::1", {.ip_addresses = {"::2"}}).code() == errc::certificate_host_mismatch);
    CHECK(world.verdict("localhost", {.dns_names = {}, .ip_addresses = {"127.0.0.1"}}).code() ==
          errc::certificate_host_mismatch);
}

TEST_CASE("S9 a NUL does not cut a certificate's name short, and shows in the error", "[io][tls]")
{
    const auto error = World().verdict("localhost", {.dns_names = {std::string("localhost\0.evil.test", 20)}});
    CHECK(error.code() == errc::certificate_host_mismatch);
    CHECK_THAT(error.message(), EndsWith("DNS:localhost\\x00.evil.test)"));
}

TEST_CASE("S9 what an error quotes of a certificate is bounded, and its message printable", "[io][tls]")
{
    std::vector<std::string> names(500, "n.test");
    names[0] = std::string(5000, 'x');
    const auto error = World().verdict("localhost", {.common_name = "\x1b[2J\n", .dns_names = names});
    CHECK(error.code() == errc::certificate_host_mismatch);
    CHECK(detail(error).size() < 1000);
    CHECK_THAT(error.message(), ContainsSubstring("CN = \\x1B[2J\\n"));
}

TEST_CASE("S9 a certificate for another purpose is refused", "[io][tls]")
{
    const auto error = World().verdict("localhost", {.extended_key_usage = "clientAuth"});
    CHECK(error.code() == errc::certificate_rejected);
    CHECK_THAT(detail(error), ContainsSubstring("purpose"));
}

TEST_CASE("S9 weak keys and digests are refused", "[io][tls]")
{
    const World world;
    const auto weak_key = world.verdict("localhost", {.key = CertificateOptions::Key::rsa_1024});
    CHECK(weak_key.code() == errc::certificate_rejected);
    CHECK_THAT(detail(weak_key), ContainsSubstring("key too weak"));
    const auto weak_digest = world.verdict("localhost", {.digest = "SHA1"});
    CHECK(weak_digest.code() == errc::certificate_rejected);
    CHECK_THAT(detail(weak_digest), ContainsSubstring("algorithm too weak"));
}

TEST_CASE("S9 a revoked certificate is refused if its authority's list was given", "[io][tls]")
{
    const CertificateAuthority authority;
    const auto good = authority.issue();
    const auto revoked = authority.issue();
    const auto options = trusting(authority.certificate() + authority.revoke({revoked}));
    CHECK(verdict(options, "localhost", revoked).code() == errc::certificate_revoked);
    CHECK_FALSE(verdict(options, "localhost", good));
    CHECK_FALSE(verdict(trusting(authority.certificate()), "localhost", revoked));

    // Of another authority there is no list; it is trusted without.
    const CertificateAuthority other("websockxx without a list");
    CHECK_FALSE(verdict(trusting(options.ca_pem + other.certificate()), "localhost", other.issue()));
}

TEST_CASE("S9 the system's roots do not include the test's, and can be left out", "[io][tls]")
{
    const CertificateAuthority authority;
    const auto error = verdict({}, "localhost", authority.issue());
    CHECK(error.code() == errc::certificate_untrusted);

    Tls nobody;
    nobody.system_roots = false;
    CHECK(verdict(nobody, "localhost", authority.issue()).code() == errc::certificate_untrusted);
}

TEST_CASE("S9 a server that speaks no TLS 1.2 is refused, before it can show a certificate", "[io][tls]")
{
    const World world;
    const ServerOptions old{.min_version = TLS1_VERSION, .max_version = TLS1_1_VERSION};
    CHECK(verdict(world.options, "localhost", world.authority.issue(), old).code() == errc::tls_version);
}

TEST_CASE("S9 each bad server is refused with a code, or at least with words, of its own", "[io][tls]")
{
    const World world;
    const auto& authority = world.authority;
    const auto with = [&](const CertificateOptions& options) { return authority.issue(options); };
    auto forgetful = authority.intermediate("websockxx test middle").issue();
    forgetful.intermediates.clear();
    const auto revoked = authority.issue();
    auto heeding = world.options;
    heeding.ca_pem += authority.revoke({revoked});
    const ServerOptions tls_1_0{.min_version = TLS1_VERSION, .max_version = TLS1_VERSION};
    const ServerOptions tls_1_1{.min_version = TLS1_1_VERSION, .max_version = TLS1_1_VERSION};
    struct Row {
        Identity identity;
        errc code;
        std::string words = {}; // what tells it from others with this code
        std::string host = "localhost";
        ServerOptions server = {};
    };
    const std::vector<Row> rows{
        {with(CertificateOptions::expired()), errc::certificate_expired},
        {with(CertificateOptions::not_yet_valid()), errc::certificate_not_yet_valid},
        {self_signed(), errc::certificate_self_signed},
        {CertificateAuthority("websockxx stranger").issue(), errc::certificate_untrusted, "test server"},
        {forgetful, errc::certificate_untrusted, "issuer"},
        {with({.dns_names = {"a.test"}}), errc::certificate_host_mismatch, "has DNS:a.test"},
        {with({.dns_names = {"*.b.test"}}), errc::certificate_host_mismatch, "has DNS:*.b.test", "x.y.b.test"},
        {with({.common_name = "localhost", .dns_names = {}}), errc::certificate_host_mismatch, "common name"},
        {with({.ip_addresses = {"127.0.0.2"}}), errc::certificate_host_mismatch, "IP:127.0.0.2", "127.0.0.1"},
        {with({.ip_addresses = {"::2"}}), errc::certificate_host_mismatch, "IP:::2", "::1"},
        {with({.dns_names = {std::string("localhost\0.c.test", 17)}}), errc::certificate_host_mismatch, "\\x00.c.test"},
        {with({.extended_key_usage = "clientAuth"}), errc::certificate_rejected, "purpose"},
        {with({.digest = "SHA1"}), errc::certificate_rejected, "algorithm too weak"},
        {with({.key = CertificateOptions::Key::rsa_1024}), errc::certificate_rejected, "key too weak"},
        {revoked, errc::certificate_revoked},
        {with({}), errc::tls_version, {}, "localhost", tls_1_0},
        {with({}), errc::tls_version, {}, "localhost", tls_1_1},
    };
    std::set<std::string> messages;
    for (const auto& row : rows) {
        const auto error = verdict(heeding, row.host, row.identity, row.server); // and has heard nothing
        CAPTURE(error.message());
        CHECK(error.code() == row.code);
        CHECK(error.code() == condition::tls);
        CHECK(error.code() == condition::fatal);
        CHECK_THAT(error.message(), ContainsSubstring(row.words));
        messages.insert(error.message());
    }
    // The old versions have the same one, and so have the strangers: who signed the certificate is not known.
    CHECK(messages.size() == rows.size() - 2);
}

TEST_CASE("WX-128 our certificate is shown to a server that asks for one", "[io][tls]")
{
    const CertificateAuthority authority;
    const auto ours = authority.issue({.extended_key_usage = "clientAuth"});
    const TemporaryDirectory directory;
    auto options = trusting(authority.certificate());
    const ServerOptions asking{.client_authority = authority.certificate()};
    {
        TlsTalk talk{options, "localhost", authority.issue(), asking};
        CHECK(talk.shake_hands() == Handshake::done); // in TLS 1.3 the client is done before the server has looked
        error_code ec;
        CHECK(talk.read(ec).empty());
        CHECK_THAT(ec.message(), ContainsSubstring("certificate required"));
    }
    options.certificate_file = directory.write("certificate.pem", ours.certificate);
    options.private_key_file = directory.write("key.pem", ours.private_key);
    TlsTalk talk{options, "localhost", authority.issue(), asking};
    CHECK(talk.shake_hands() == Handshake::done);
    CHECK_FALSE(talk.server().failure());
    error_code ec;
    talk.write("it is me", ec);
    talk.client_to_server();
    CHECK(talk.heard() == "it is me");
}
