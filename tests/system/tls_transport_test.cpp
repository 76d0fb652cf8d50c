// SPDX-License-Identifier: BSL-1.0
#include <websockxx/io/tls_transport.hpp>

#include <websockxx/io/tcp_transport.hpp>

#include "support/hasty_reader.hpp"
#include "support/socket_peer.hpp"
#include "support/test.hpp"
#include "support/transport_probe.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/error.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

using namespace websockxx;
using namespace websockxx::io;
using namespace websockxx::test;

namespace error = boost::asio::error;
using Events = std::vector<std::string>;

namespace {

/// A TlsTransport, and a server on loopback.
struct World {
    CertificateAuthority authority;
    SslContextPtr server_context;
    std::optional<boost::asio::io_context> context{std::in_place};
    std::optional<SocketPeer> peer;
    std::shared_ptr<TransportProbe> probe;
    Conn conn;

    explicit World(const CertificateOptions& certificate = {}, const ServerOptions& options = {})
    {
        listen(authority.issue(certificate), options);
        const Strand strand{context->get_executor()};
        conn.port = peer->port();
        conn.tls = trusting(authority.certificate());
        conn.host = "localhost";
        probe = std::make_shared<TransportProbe>(make_transport(conn, strand));
    }

    ~World()
    {
        if (probe && probe->transport) probe->transport->close();
    }

    void listen(const Identity& identity, const ServerOptions& options = {})
    {
        server_context = make_server_context(identity, options);
        peer.emplace(*context, server_context.get());
        conn.port = peer->port();
    }

    template <class Condition>
    [[nodiscard]] bool until(Condition condition)
    {
        return run_until(*context, condition);
    }

    [[nodiscard]] bool until_event(std::string_view event)
    {
        return until([&] { return !probe->events.empty() && probe->events.back() == event; });
    }

    void open()
    {
        probe->open(conn);
        CHECK(probe->events.empty());
        REQUIRE(until([&] { return probe->events.size() == 2; }));
        CHECK(probe->events == Events{"connected", "open"});
        REQUIRE(until([&] { return peer->tls().is_established(); }));
        probe->events.clear();
    }

    /// The error of an opening that fails, after which the server has seen no byte for the application.
    Error refused()
    {
        probe->open(conn);
        REQUIRE(until([&] { return probe->events.size() == 2; }));
        CHECK(probe->events == Events{"connected", "failed"});
        probe->transport->close();
        REQUIRE(until([&] { return peer->end().failed(); }));
        CHECK(peer->end() == error::eof); // no reset, which might have swallowed the alert
        CHECK(peer->tls().failure().has_value());
        CHECK(peer->heard().empty());
        return probe->error;
    }

    Transport& transport() { return *probe->transport; }

    std::string read_to_end()
    {
        std::string text;
        const auto read = [&] {
            text += probe->read();
            if (probe->would_block()) transport().wait_readable();
            return !probe->would_block() && probe->ec != error::in_progress;
        };
        CHECK(until(read));
        return text;
    }
};

} // namespace

TEST_CASE("WX-125 TLS: a trusted server is talked to, both ways", "[system][tls]")
{
    World world;
    world.open();
    CHECK(world.transport().description() == "TLSv1.3 TLS_AES_256_GCM_SHA384");
    CHECK(world.peer->tls().server_name() == "localhost");
    CHECK(world.probe->write("ping") == 4);
    CHECK(world.until([&] { return world.peer->heard() == "ping"; }));

    world.transport().wait_readable();
    world.peer->send("pong");
    std::string read;
    CHECK(world.until([&] {
        read += world.probe->read();
        world.transport().wait_readable();
        return read == "pong";
    }));
}

TEST_CASE("WX-125 TLS: an address is verified, too", "[system][tls]")
{
    World world{{.dns_names = {}, .ip_addresses = {"127.0.0.1"}}};
    world.conn.host = "127.0.0.1";
    world.open();
    CHECK(world.peer->tls().server_name().empty());
}

TEST_CASE("WX-126 TLS: any certificate will do if that was asked for", "[system][tls]")
{
    World world;
    world.listen(self_signed(CertificateOptions::expired()));
    world.conn.tls.danger_accept_any_certificate = true;
    world.open();
}

TEST_CASE("S9 TLS: each bad certificate is refused for its reason, before a byte for the application", "[system][tls]")
{
    const auto refused = [](const CertificateOptions& certificate) { return World{certificate}.refused().code(); };
    CHECK(refused(CertificateOptions::expired()) == errc::certificate_expired);
    CHECK(refused(CertificateOptions::not_yet_valid()) == errc::certificate_not_yet_valid);
    CHECK(refused({.dns_names = {"example.org", "*.localhost"}}) == errc::certificate_host_mismatch);
    CHECK(refused({.common_name = "localhost", .dns_names = {}}) == errc::certificate_host_mismatch);
    CHECK(refused({.extended_key_usage = "clientAuth"}) == errc::certificate_rejected);
    CHECK(refused({.key = CertificateOptions::Key::rsa_1024}) == errc::certificate_rejected);
}

TEST_CASE("S9 TLS: a certificate without a chain to a trusted root is refused", "[system][tls]")
{
    World world;
    SECTION("self-signed")
    {
        world.listen(self_signed());
        CHECK(world.refused().code() == errc::certificate_self_signed);
    }
    SECTION("of another authority")
    {
        world.listen(CertificateAuthority("websockxx stranger").issue());
        CHECK(world.refused().code() == errc::certificate_untrusted);
    }
    SECTION("without the intermediate")
    {
        auto identity = world.authority.intermediate("websockxx test middle").issue();
        identity.intermediates.clear();
        world.listen(identity);
        CHECK(world.refused().code() == errc::certificate_untrusted);
    }
    SECTION("revoked")
    {
        const auto identity = world.authority.issue();
        world.listen(identity);
        world.conn.tls.ca_pem += world.authority.revoke({identity});
        CHECK(world.refused().code() == errc::certificate_revoked);
    }
}

TEST_CASE("S9 TLS: a server that speaks nothing newer than TLS 1.1 is refused", "[system][tls]")
{
    World world{{}, {.min_version = TLS1_VERSION, .max_version = TLS1_1_VERSION}};
    CHECK(world.refused().code() == errc::tls_version);
}

TEST_CASE("WX-094 TLS: an end is orderly after close_notify, a truncation without", "[system][tls]")
{
    World world;
    world.open();
    world.peer->send("last words");
    SECTION("with close_notify")
    {
        world.peer->shutdown();
        CHECK(world.read_to_end() == "last words");
        CHECK(world.probe->ec == error::eof);
    }
    SECTION("without")
    {
        world.peer->shutdown_without_notice();
        CHECK(world.read_to_end() == "last words");
        CHECK(world.probe->ec == boost::asio::ssl::error::stream_truncated);
    }
}

TEST_CASE("TLS: after shutdown() the server sees our end, and can still be read", "[system][tls]")
{
    World world;
    world.open();
    CHECK(world.probe->write("question") == 8);
    world.transport().shutdown();
    REQUIRE(world.until([&] { return world.peer->end().failed(); }));
    CHECK(world.peer->heard() == "question");
    CHECK(world.peer->tls().has_ended());
    CHECK(world.peer->end() == error::eof);

    world.peer->send("answer");
    world.peer->shutdown();
    CHECK(world.read_to_end() == "answer");
    CHECK(world.probe->ec == error::eof);
}

TEST_CASE("TLS: a server that ends TCP in the midst of the handshake has lost the connection", "[system][tls]")
{
    World world;
    world.peer.emplace(*world.context); // without TLS
    world.conn.port = world.peer->port();
    world.probe->open(world.conn);
    REQUIRE(world.until([&] { return !world.peer->heard().empty(); }));
    world.peer->shutdown();
    REQUIRE(world.until_event("failed"));
    CHECK(world.probe->error.code() == errc::connection_lost);
    CHECK(world.probe->error.phase() == Phase::tls);
}

TEST_CASE("TLS: a server that does not speak TLS is told apart", "[system][tls]")
{
    World world;
    world.peer.emplace(*world.context);
    world.conn.port = world.peer->port();
    world.probe->open(world.conn);
    REQUIRE(world.until([&] { return !world.peer->heard().empty(); }));
    world.peer->send("HTTP/1.1 400 Bad Request\r\n\r\n");
    REQUIRE(world.until_event("failed"));
    CHECK(world.probe->error.code() == errc::tls_failed);
}

TEST_CASE("WX-127 WX-134 TLS: after close() the socket is dead, and nobody is called", "[system][tls]")
{
    World world;
    world.open();
    world.transport().wait_readable();
    world.transport().wait_writable();
    world.transport().close();
    CHECK(world.probe->write("x") == 0);
    CHECK(world.probe->ec == error::bad_descriptor);
    REQUIRE(world.until([&] { return world.peer->end().failed(); }));
    CHECK(world.probe->events.empty());
}

TEST_CASE("TLS: close() during lookup, connect and handshake is the end of it, and lets the owner go", "[system][tls]")
{
    const auto* const host = GENERATE("localhost", "127.0.0.1");
    const auto handshake = GENERATE(false, true);
    World world;
    world.conn.host = host;
    world.probe->open(world.conn);
    if (handshake) REQUIRE(world.until_event("connected"));
    Events events;
    world.probe->react = [&](std::string_view event) { events.emplace_back(event); };
    const std::weak_ptr watch = world.probe;
    world.transport().close();
    world.probe.reset();
    CHECK(world.until([&] { return watch.expired(); }));
    run_ready(*world.context);
    CHECK(events.empty());
}

TEST_CASE("TLS: a transport whose context is destroyed is freed, opening or open", "[system][tls]")
{
    const auto opening = GENERATE(false, true);
    World world;
    if (opening) {
        world.probe->open(world.conn);
    }
    else {
        world.open();
        world.transport().wait_readable();
    }
    const std::weak_ptr watch = world.probe;
    world.probe.reset();
    CHECK_FALSE(watch.expired());
    world.peer.reset();
    world.context.reset();
    CHECK(watch.expired());
}

TEST_CASE("TLS: ten megabytes go each way at once through a slow server", "[system][tls]")
{
    World world;
    world.peer->be_slow();
    world.open();
    std::string much(10 * 1024 * 1024, '\0');
    for (std::size_t i = 0; i < much.size(); ++i) much[i] = static_cast<char>(i * 2654435761u >> 13);

    std::size_t written = 0;
    std::string read;
    const auto write = [&] {
        while (written < much.size()) {
            written += world.probe->write(std::string_view(much).substr(written));
            if (world.probe->would_block()) return world.transport().wait_writable();
            REQUIRE_FALSE(world.probe->ec);
        }
    };
    const auto take = [&] {
        read += world.probe->read(4000);
        if (world.probe->would_block()) world.transport().wait_readable();
    };
    world.probe->react = [&](std::string_view event) {
        if (event == "writable") write();
        if (event == "readable") take();
    };
    world.peer->send(much);
    write();
    take();
    CHECK(world.until([&] { return read.size() == much.size() && world.peer->heard().size() == much.size(); }));
    CHECK((read == much));
    CHECK((world.peer->heard() == much));
}

TEST_CASE("TLS: who reads while he waits for bytes is told to come again, and then that he can", "[system]")
{
    World world;
    world.open();
    REQUIRE(world.until([&] { // session tickets, which are no bytes for us
        run_ready(*world.context);
        return world.probe->read().empty() && world.probe->would_block();
    }));
    world.transport().wait_readable();
    CHECK(world.probe->read().empty());
    CHECK(world.probe->ec == error::in_progress);
    REQUIRE(world.until_event("readable"));
    world.probe->events.clear();
    world.peer->send("hello");
    world.transport().wait_readable();
    REQUIRE(world.until_event("readable"));
    CHECK(world.probe->read() == "hello");
}

TEST_CASE("TLS: no byte is lost or reordered, whenever one reads", "[system]")
{
    World world;
    world.open();
    HastyReader reader(1'000'000);
    CHECK(world.until([&] { return reader.step(*world.context, *world.probe, *world.peer); }));
    CHECK_FALSE(reader.failed);
    CHECK((reader.read == reader.sent));
    CHECK(reader.told_to_come_again > 0);
}
