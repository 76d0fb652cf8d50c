// SPDX-License-Identifier: BSL-1.0
#include <websockxx/io/tls_filter.hpp>

#include "support/test.hpp"
#include "support/tls_talk.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>

#include <string>
#include <vector>

using namespace websockxx;
using namespace websockxx::io;
using namespace websockxx::test;

namespace error = boost::asio::error;
using Handshake = TlsFilter::Handshake;

namespace {

/// A client that trusts the server, both past the handshake.
struct OpenTalk {
    CertificateAuthority authority;
    TlsTalk talk;
    error_code ec;

    explicit OpenTalk(const ServerOptions& options = {})
        : talk(trusting(authority.certificate()), "localhost", authority.issue(), options)
    {
        REQUIRE(talk.shake_hands() == Handshake::done);
    }

    static ServerOptions tls_1_2() { return {.max_version = TLS1_2_VERSION}; }
};

} // namespace

TEST_CASE("bytes go both ways, encrypted", "[io][tls]")
{
    OpenTalk open;
    auto& talk = open.talk;
    CHECK(talk.write("hello, server", open.ec) == 13);
    CHECK(text_of(talk.client().output()).find("hello") == std::string::npos);
    talk.client_to_server();
    CHECK(talk.heard() == "hello, server");

    talk.server().send("hello, client");
    CHECK(talk.read(open.ec) == "hello, client");
    CHECK(open.ec == error::would_block);
}

TEST_CASE("a handshake may come in pieces of any size", "[io][tls]")
{
    const CertificateAuthority authority;
    for (const std::size_t piece : {1u, 2u, 7u, 100u}) {
        TlsTalk talk{trusting(authority.certificate()), "localhost", authority.issue()};
        CHECK(talk.shake_hands(piece) == Handshake::done);
    }
}

TEST_CASE("the description tells version and cipher", "[io][tls]")
{
    CHECK(OpenTalk().talk.client().description() == "TLSv1.3 TLS_AES_256_GCM_SHA384");
    OpenTalk older{OpenTalk::tls_1_2()};
    CHECK_THAT(older.talk.client().description(), StartsWith("TLSv1.2 ECDHE-ECDSA-"));
}

TEST_CASE("the server is told a host's name, without a final dot, but no address (RFC 6066 3)", "[io][tls]")
{
    const CertificateAuthority authority;
    const auto identity = authority.issue({.dns_names = {"localhost", "example.org"}, .ip_addresses = {"192.0.2.1"}});
    auto options = trusting(authority.certificate());
    {
        TlsTalk talk{options, "localhost.", identity};
        CHECK(talk.shake_hands() == Handshake::done);
        CHECK(talk.server().server_name() == "localhost");
    }
    {
        TlsTalk talk{options, "192.0.2.1", identity};
        CHECK(talk.shake_hands() == Handshake::done);
        CHECK(talk.server().server_name().empty());
    }
    options.server_name = "example.org";
    TlsTalk talk{options, "192.0.2.77", identity};
    CHECK(talk.shake_hands() == Handshake::done);
    CHECK(talk.server().server_name() == "example.org");
}

TEST_CASE("http/1.1 is offered as the application protocol (RFC 7301)", "[io][tls]")
{
    OpenTalk open;
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(open.talk.server().native(), &name, &size);
    CHECK(std::string(name, name + size) == "http/1.1");
}

TEST_CASE("a name that would switch off the verification of names is refused", "[io][tls]")
{
    const std::string with_nul("localhost\0.example.org", 22);
    for (const auto& name : {std::string(), std::string("."), std::string(".example.org"), with_nul}) {
        const auto made = TlsFilter::make(trusting(CertificateAuthority().certificate()), name);
        REQUIRE(made.has_error());
        CHECK(made.error().code() == errc::tls_options);
    }
}

TEST_CASE("nothing can be written before the certificate is verified", "[io][tls]")
{
    const CertificateAuthority authority;
    TlsTalk talk{trusting(authority.certificate()), "localhost", authority.issue()};
    CHECK(talk.client().handshake() == Handshake::wants_input);
    error_code ec;
    CHECK(talk.write("too early", ec) == 0);
    CHECK(ec.failed());
    talk.client_to_server();
    CHECK(talk.heard().empty());
}

TEST_CASE("close_notify is an orderly end in either direction, and each is its own", "[io][tls]")
{
    for (const auto& options : {ServerOptions{}, OpenTalk::tls_1_2()}) {
        OpenTalk open{options};
        auto& talk = open.talk;
        talk.server().send("last words");
        talk.server().close_notify();
        CHECK(talk.read(open.ec) == "last words");
        CHECK(open.ec == error::eof);
        CHECK(talk.client().can_read()); // the end, again and again
        CHECK(talk.read(open.ec).empty());
        CHECK(open.ec == error::eof);

        CHECK(talk.write("still here", open.ec) == 10);
        talk.client().shutdown();
        talk.client_to_server();
        CHECK(talk.heard() == "still here");
        CHECK(talk.server().has_ended());
        CHECK(talk.write("too late", open.ec) == 0);
        CHECK(open.ec == error::broken_pipe);
        CHECK(talk.client().output().empty());
    }
}

TEST_CASE("reading goes on after our own close_notify", "[io][tls]")
{
    OpenTalk open;
    open.talk.client().shutdown();
    open.talk.client_to_server();
    open.talk.server().send("one more");
    open.talk.server().close_notify();
    CHECK(open.talk.read(open.ec) == "one more");
    CHECK(open.ec == error::eof);
}

TEST_CASE("WX-094 an end without close_notify is a truncation, told after all that came before it", "[io][tls]")
{
    OpenTalk open;
    open.talk.server().send("some");
    CHECK(open.talk.read(open.ec) == "some");
    open.talk.client().end_of_input(error::eof);
    CHECK(open.talk.read(open.ec).empty());
    CHECK(open.ec == boost::asio::ssl::error::stream_truncated);
}

TEST_CASE("an end of another kind is reported as it is", "[io][tls]")
{
    OpenTalk open;
    open.talk.client().end_of_input(error::connection_reset);
    CHECK(open.talk.read(open.ec).empty());
    CHECK(open.ec == error::connection_reset);
}

TEST_CASE("an end in the midst of the handshake is a lost connection", "[io][tls]")
{
    const CertificateAuthority authority;
    for (const auto& [end, expected] : {std::pair<error_code, error_code>{error::eof, errc::connection_lost},
             {error::connection_reset, error::connection_reset}}) {
        TlsTalk talk{trusting(authority.certificate()), "localhost", authority.issue()};
        CHECK(talk.client().handshake() == Handshake::wants_input);
        talk.client().end_of_input(end);
        CHECK(talk.client().handshake() == Handshake::failed);
        CHECK(talk.client().error().code() == expected);
        CHECK(talk.client().error().phase() == Phase::tls);
    }
}

TEST_CASE("an answer that is not TLS fails the handshake", "[io][tls]")
{
    auto filter = TlsFilter::make({}, "localhost").value();
    CHECK(filter->handshake() == Handshake::wants_input);
    const auto answer = bytes_of("HTTP/1.1 400 Bad Request\r\n\r\n");
    std::copy(answer.begin(), answer.end(), filter->prepare().begin());
    filter->commit(answer.size());
    CHECK(filter->handshake() == Handshake::failed);
    CHECK(filter->error().code() == errc::tls_failed);
    CHECK_THAT(std::string(filter->error().detail()), ContainsSubstring("may not be TLS at all"));
}

TEST_CASE("a record that was tampered with ends the connection, after what came before it", "[io][tls]")
{
    OpenTalk open;
    auto& talk = open.talk;
    talk.server().send("genuine");
    static_cast<void>(talk.server_to_client(TlsTalk::whole));
    talk.server().send("forged");
    auto forged = talk.server().output();
    forged.back() = static_cast<char>(forged.back() ^ 1);
    CHECK(talk.read(open.ec) == "genuine");
    const auto bytes = bytes_of(forged);
    std::copy(bytes.begin(), bytes.end(), talk.client().prepare().begin());
    talk.client().commit(bytes.size());
    CHECK(talk.read(open.ec).empty());
    CHECK(open.ec.category() == error::get_ssl_category());
    CHECK_FALSE(talk.client().output().empty()); // the alert
    CHECK(talk.write("x", open.ec) == 0);
    CHECK(open.ec.category() == error::get_ssl_category());
}

TEST_CASE("session tickets and key updates are no data, and do not disturb reading or writing", "[io][tls]")
{
    OpenTalk open;
    auto& talk = open.talk;
    CHECK(talk.read(open.ec).empty()); // TLS 1.3 tickets have come behind the handshake
    CHECK(open.ec == error::would_block);

    REQUIRE(SSL_key_update(talk.server().native(), SSL_KEY_UPDATE_REQUESTED) == 1);
    REQUIRE(SSL_do_handshake(talk.server().native()) == 1);
    CHECK(talk.read(open.ec).empty());
    CHECK(open.ec == error::would_block);

    talk.server().send("new key");
    CHECK(talk.read(open.ec) == "new key");
    CHECK(talk.write("ours too", open.ec) == 8);
    talk.client_to_server();
    CHECK(talk.heard() == "ours too");
}

TEST_CASE("a server of TLS 1.2 cannot make us negotiate again", "[io][tls]")
{
    OpenTalk open{OpenTalk::tls_1_2()};
    auto& talk = open.talk;
    REQUIRE(SSL_renegotiate(talk.server().native()) == 1);
    REQUIRE(SSL_do_handshake(talk.server().native()) == 1); // sends the HelloRequest
    CHECK(talk.read(open.ec).empty());
    CHECK(open.ec == error::would_block);
    CHECK_FALSE(talk.client().output().empty()); // "no_renegotiation", and not a ClientHello
    CHECK(text_of(talk.client().output()).front() == 21);
}

TEST_CASE("plaintext is refused while much output is pending, and taken again once it has gone", "[io][tls]")
{
    OpenTalk open;
    auto& talk = open.talk;
    const std::string much(1'000'000, 'x');
    const auto taken = talk.write(much, open.ec);
    CHECK_FALSE(open.ec);
    CHECK(taken >= TlsFilter::max_pending_bytes - 16 * 1024);
    CHECK(taken <= TlsFilter::max_pending_bytes);
    CHECK(talk.client().output().size() < TlsFilter::max_pending_bytes + 17 * 1024);
    CHECK_FALSE(talk.client().can_write());
    CHECK(talk.write(much, open.ec) == 0);
    CHECK(open.ec == error::would_block);

    // Records of 16 KiB: as few as possible (RFC 8446 5.1).
    CHECK(talk.client().output().size() - taken < 5 * 32);

    talk.client_to_server();
    CHECK(talk.client().can_write());
    CHECK(talk.heard() == much.substr(0, taken));
    CHECK(talk.write(much, open.ec) > 0);
}

TEST_CASE("output that leaves in small pieces stays in order, and its memory is bounded", "[io][tls]")
{
    OpenTalk open;
    auto& talk = open.talk;
    std::string sent;
    std::string heard;
    for (int i = 0; i < 2000; ++i) {
        const std::string text(static_cast<std::size_t>(i % 997 + 1), static_cast<char>('a' + i % 26));
        const auto taken = talk.write(text, open.ec);
        sent += text.substr(0, taken);
        const auto piece = std::min<std::size_t>(talk.client().output().size(), 700);
        heard += talk.server().receive(text_of(talk.client().output().first(piece)));
        talk.client().consume(piece);
        REQUIRE(talk.client().output().size() < TlsFilter::max_pending_bytes + 17 * 1024);
    }
    talk.client_to_server();
    CHECK(heard + talk.heard() == sent);
}

TEST_CASE("what arrives in bulk is decrypted in bulk, and the input buffer grows", "[io][tls]")
{
    OpenTalk open;
    auto& talk = open.talk;
    for (int i = 0; i < 100; ++i) talk.server().send("message of a record of its own");
    CHECK(talk.client().prepare().size() <= 4 * 1024);
    static_cast<void>(talk.read(open.ec, 0)); // the tickets are on the way, too
    std::string room(64 * 1024, '\0');
    static_cast<void>(talk.server_to_client(TlsTalk::whole));
    const auto size = talk.client().read_some(std::as_writable_bytes(std::span(room)), open.ec);
    CHECK(size > 30 * 20); // one call, many records
    CHECK(talk.read(open.ec).size() + size == 3000);
    CHECK(talk.client().prepare().size() == 8 * 1024);
}

TEST_CASE("a small room is filled, and the rest stays in memory", "[io][tls]")
{
    OpenTalk open;
    auto& talk = open.talk;
    static_cast<void>(talk.read(open.ec));
    talk.server().send("0123456789");
    static_cast<void>(talk.server_to_client(TlsTalk::whole));
    std::byte room[4];
    std::string text;
    CHECK(talk.client().can_read());
    while (talk.client().can_read()) text += text_of(std::span(room).first(talk.client().read_some(room, open.ec)));
    CHECK(text == "0123456789");
    CHECK(talk.client().read_some(room, open.ec) == 0);
    CHECK(open.ec == error::would_block);
}

TEST_CASE("ten megabytes go each way unchanged", "[io][tls]")
{
    OpenTalk open;
    auto& talk = open.talk;
    std::string much(10 * 1024 * 1024, '\0');
    for (std::size_t i = 0; i < much.size(); ++i) much[i] = static_cast<char>(i * 2654435761u >> 13);

    std::string_view rest = much;
    while (!rest.empty()) {
        rest.remove_prefix(talk.write(rest, open.ec));
        talk.client_to_server();
    }
    CHECK((talk.heard() == much)); // not printed if not

    talk.server().send(much);
    CHECK((talk.read(open.ec, 50'000) == much));
}
