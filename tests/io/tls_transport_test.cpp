// SPDX-License-Identifier: BSL-1.0
#include <websockxx/io/tls_transport.hpp>

#include "support/inner_transport.hpp"
#include "support/test.hpp"
#include "support/transport_probe.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/error.hpp>

#include <memory>
#include <string>
#include <string_view>

#include <vector>

using namespace websockxx;
using namespace websockxx::io;
using namespace websockxx::test;

namespace error = boost::asio::error;
using Events = std::vector<std::string>;

namespace {

/// A TlsTransport over memory, and a TLS server at the other end of it.
struct World {
    CertificateAuthority authority;
    SslContextPtr server_context;
    ServerTls server;
    std::string heard; ///< plaintext that has reached the server

    Conn conn;
    boost::asio::io_context context;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{context.get_executor()};
    Strand strand{context.get_executor()};
    std::shared_ptr<Network> network = std::make_shared<Network>();
    InnerTransport* inner = nullptr;
    std::shared_ptr<TransportProbe> probe;

    explicit World(const ServerOptions& options = {}, const CertificateOptions& certificate = {})
        : server_context(make_server_context(authority.issue(certificate), options)), server(*server_context)
    {
        conn.host = "localhost";
        conn.tls = trusting(authority.certificate());
        auto lower = std::make_unique<InnerTransport>(strand, network);
        inner = lower.get();
        probe = std::make_shared<TransportProbe>(std::make_unique<TlsTransport>(strand, std::move(lower)));
    }

    ~World()
    {
        if (probe && probe->transport) probe->transport->close();
    }

    /// Lets everything happen that can.
    void run()
    {
        do {
            heard += server.receive(network->take());
            network->arriving += server.output();
            inner->poll();
        } while (context.poll() > 0 || !network->sent.empty());
    }

    void begin()
    {
        probe->open(conn);
        inner->connect();
        inner->become_open();
        run();
    }

    /// Past the handshake and the session tickets; none of the events so far are kept.
    void open()
    {
        begin();
        REQUIRE(probe->events == Events{"connected", "open"});
        CHECK(probe->read().empty());
        CHECK(probe->would_block());
        probe->events.clear();
    }

    Transport& transport() { return *probe->transport; }
};

} // namespace

TEST_CASE("the transport is open once the TLS handshake is over", "[io][tls]")
{
    World world;
    world.probe->open(world.conn);
    world.inner->connect();
    world.inner->become_open();
    world.context.poll();
    CHECK(world.probe->events == Events{"connected"});
    CHECK(world.transport().description().empty());
    world.run();
    CHECK(world.probe->events == Events{"connected", "open"});
    CHECK(world.transport().description() == "TLSv1.3 TLS_AES_256_GCM_SHA384");
}

TEST_CASE("the handshake may arrive byte by byte", "[io][tls]")
{
    World slow;
    slow.probe->open(slow.conn);
    slow.inner->become_open();
    std::string arriving;
    while (slow.probe->events.empty()) {
        slow.context.poll();
        slow.heard += slow.server.receive(slow.network->take());
        arriving += slow.server.output();
        REQUIRE_FALSE(arriving.empty());
        slow.network->arriving += arriving.front();
        arriving.erase(0, 1);
        slow.inner->poll();
        slow.context.poll();
    }
    CHECK(slow.probe->events == Events{"open"});
}

TEST_CASE("a certificate that is refused ends the opening, with an alert and without a word more", "[io][tls]")
{
    World world{{}, CertificateOptions::expired()};
    world.probe->open(world.conn);
    world.inner->connect();
    world.inner->become_open();
    world.context.poll();
    world.heard += world.server.receive(world.network->take());
    world.network->arriving = world.server.output() + std::string(10'000, 'x');
    world.run();
    CHECK(world.probe->events == Events{"connected", "failed"});
    CHECK(world.probe->error.code() == errc::certificate_expired);
    CHECK(world.probe->error.phase() == Phase::tls);
    CHECK(world.server.failure().value() == "sslv3 alert certificate expired");
    CHECK(world.heard.empty());
    CHECK(world.network->shut_down);
    CHECK(world.network->arriving.empty()); // read, or closing would reset the connection and lose the alert
}

TEST_CASE("options that cannot be used are reported before anything is sent, and not from inside open()", "[io][tls]")
{
    World world;
    world.conn.tls.ca_pem = "nonsense";
    world.probe->open(world.conn);
    CHECK(world.probe->events.empty());
    world.context.poll();
    CHECK_FALSE(world.network->opened);
    CHECK(world.probe->events == Events{"failed"});
    CHECK(world.probe->error.code() == errc::tls_options);
}

TEST_CASE("failing to connect is passed on", "[io][tls]")
{
    World world;
    world.probe->open(world.conn);
    world.inner->fail({error::connection_refused, Phase::connect, "there"});
    world.run();
    CHECK(world.probe->events == Events{"failed"});
    CHECK(world.probe->error == Error(error::connection_refused, Phase::connect, "there"));
}

TEST_CASE("an end in the midst of the handshake is a lost connection of the TLS phase", "[io][tls]")
{
    World world;
    world.probe->open(world.conn);
    world.inner->become_open();
    world.network->end = error::eof;
    world.context.poll();
    CHECK(world.probe->events == Events{"failed"});
    CHECK(world.probe->error.code() == errc::connection_lost);
    CHECK(world.probe->error.phase() == Phase::tls);
}

TEST_CASE("what was decrypted and not yet read is readable without anything arriving", "[io][tls]")
{
    World world;
    world.open();
    world.server.send("0123456789");
    world.network->arriving = world.server.output();
    std::byte room[4];
    CHECK(world.transport().read_some(room, world.probe->ec) == 4);

    world.transport().wait_readable();
    world.transport().wait_readable();
    CHECK(world.probe->events.empty()); // not from inside the call
    world.context.poll();
    CHECK(world.probe->events == Events{"readable"});
    CHECK(world.probe->read() == "456789");
}

TEST_CASE("what arrived and was not yet decrypted is readable without anything arriving", "[io][tls]")
{
    World world;
    world.open();
    world.server.send("first");
    world.server.send("second");
    world.network->arriving = world.server.output();
    std::byte room[5];
    CHECK(world.transport().read_some(room, world.probe->ec) == 5);
    CHECK(world.network->arriving.empty());

    world.transport().wait_readable();
    world.context.poll();
    CHECK(world.probe->events == Events{"readable"});
    CHECK(world.probe->read() == "second");
}

TEST_CASE("a wait that began before bytes were left in memory is answered all the same", "[io][tls]")
{
    World world;
    world.open();
    world.transport().wait_readable();
    CHECK(world.inner->waits_to_read());
    world.server.send("0123456789");
    world.network->arriving = world.server.output();
    std::byte room[4];
    CHECK(world.transport().read_some(room, world.probe->ec) == 4); // without having been called
    world.transport().wait_readable();
    world.context.poll();
    CHECK(world.probe->events == Events{"readable"});

    world.network->arriving = "x";
    world.inner->poll();
    world.context.poll();
    CHECK(world.probe->events == Events{"readable"}); // one for each wait, or for several
}

TEST_CASE("a wait that nothing in memory answers is answered by what arrives", "[io][tls]")
{
    World world;
    world.open();
    world.transport().wait_readable();
    world.run();
    CHECK(world.probe->events.empty());
    world.server.send("news");
    world.run();
    CHECK(world.probe->events == Events{"readable"});
    CHECK(world.probe->read() == "news");
    CHECK(world.probe->would_block());
}

TEST_CASE("reading fills the room if the kernel seems to have more", "[io][tls]")
{
    World world;
    world.open();
    const std::string much(60'000, 'x');
    world.server.send(much);
    world.network->arriving = world.server.output();
    std::string room(much.size(), '\0');
    CHECK(world.transport().read_some(std::as_writable_bytes(std::span(room)), world.probe->ec) == much.size());
    CHECK(room == much);
}

TEST_CASE("what the kernel does not take is kept and sent by itself, and there is a limit to it", "[io][tls]")
{
    World world;
    world.open();
    world.network->window = 1000;
    const std::string much(1'000'000, 'x');
    const auto taken = world.probe->write(much);
    CHECK(taken > 0);
    CHECK(taken <= TlsFilter::max_pending_bytes + 16 * 1024);
    CHECK(world.probe->write(much) == 0);
    CHECK(world.probe->would_block());

    world.transport().wait_writable();
    world.run();
    CHECK(world.probe->events.empty());

    world.network->window = 40'000;
    world.run();
    CHECK(world.probe->events == Events{"writable"});
    CHECK(world.heard.size() < taken);

    world.network->window = much.size();
    world.run();
    CHECK(world.heard == much.substr(0, taken)); // without another call
    CHECK(world.probe->events == Events{"writable"});
}

TEST_CASE("a wait to write is answered at once if something would be taken", "[io][tls]")
{
    World world;
    world.open();
    world.transport().wait_writable();
    world.transport().wait_writable();
    CHECK(world.probe->events.empty());
    world.context.poll();
    CHECK(world.probe->events == Events{"writable"});
}

TEST_CASE("large writes reach the kernel in large pieces", "[io][tls]")
{
    World world;
    world.open();
    world.network->window = 200'000;
    const std::string much(1'000'000, 'x');
    const auto taken = world.probe->write(much);
    CHECK(taken >= 200'000); // went on as long as the kernel took it
    world.network->window = much.size() * 2;
    std::size_t written = taken;
    while (written < much.size()) written += world.probe->write(std::string_view(much).substr(written));
    world.run();
    CHECK(world.heard.size() == much.size());
}

TEST_CASE("shutting down says close_notify, and ends the TCP direction once that has left", "[io][tls]")
{
    World world;
    world.open();
    world.network->window = 0;
    CHECK(world.probe->write("last words") == 10);
    world.transport().shutdown();
    world.run();
    CHECK_FALSE(world.network->shut_down);

    world.network->window = 10'000;
    world.run();
    CHECK(world.heard == "last words");
    CHECK(world.server.has_ended());
    CHECK(world.network->shut_down);

    CHECK(world.probe->write("too late") == 0);
    CHECK(world.probe->ec == error::broken_pipe);
    world.server.send("still here");
    world.server.close_notify();
    world.run();
    CHECK(world.probe->read() == "still here");
    CHECK(world.probe->ec == error::eof);
}

TEST_CASE("WX-094 the end of TCP is an orderly one only after close_notify", "[io][tls]")
{
    const auto polite = GENERATE(false, true);
    World world;
    world.open();
    world.transport().wait_readable();
    world.server.send("last words");
    if (polite) world.server.close_notify();
    world.network->arriving = world.server.output();
    world.network->end = error::eof;
    world.run();
    CHECK(world.probe->events == Events{"readable"});
    CHECK(world.probe->read() == "last words");
    CHECK(world.probe->ec == (polite ? error_code(error::eof) : boost::asio::ssl::error::stream_truncated));

    world.transport().wait_readable(); // the end can be waited for, again and again
    world.run();
    CHECK(world.probe->events == Events{"readable", "readable"});
}

TEST_CASE("what goes wrong below is reported as it is, behind what came before it", "[io][tls]")
{
    World world;
    world.open();
    world.server.send("before");
    world.network->arriving = world.server.output();
    world.network->end = error::connection_reset;
    world.network->write_error = error::broken_pipe;
    CHECK(world.probe->read() == "before");
    CHECK(world.probe->ec == error::connection_reset);

    static_cast<void>(world.probe->write("x")); // taken, and lost
    CHECK(world.probe->write("y") == 0);
    CHECK(world.probe->ec == error::broken_pipe);
    world.transport().wait_writable();
    world.context.poll();
    CHECK(world.probe->events == Events{"writable"});
}

TEST_CASE("a record that was tampered with is answered by an alert, though nothing is written", "[io][tls]")
{
    World world;
    world.open();
    world.server.send("forged");
    world.network->arriving = world.server.output();
    world.network->arriving.back() = static_cast<char>(world.network->arriving.back() ^ 1);
    CHECK(world.probe->read().empty());
    CHECK(world.probe->ec.category() == error::get_ssl_category());
    world.run();
    CHECK(world.server.failure().value() == "sslv3 alert bad record mac");
}

TEST_CASE("WX-127 WX-134 after close() nothing is read, written or called, and the owner is let go", "[io][tls]")
{
    World world;
    world.open();
    world.server.send("unread");
    world.server.send("undecrypted");
    world.network->arriving = world.server.output();
    std::byte room[2];
    CHECK(world.transport().read_some(room, world.probe->ec) == 2);
    world.transport().wait_readable(); // the answer is on its way already
    world.transport().wait_writable();
    world.transport().close();
    CHECK(world.network->closed);
    CHECK(world.probe->read().empty());
    CHECK(world.probe->ec == error::bad_descriptor);
    CHECK(world.probe->write("x") == 0);
    CHECK(world.probe->ec == error::bad_descriptor);
    world.transport().wait_readable();
    world.transport().wait_writable();
    world.transport().shutdown();
    world.transport().close(); // WX-130: once more changes nothing
    const std::weak_ptr watch = world.probe;
    world.context.poll();
    CHECK(world.probe->events.empty());
    world.probe.reset();
    CHECK(watch.expired());
}

TEST_CASE("the transport may be closed, or destroyed, from inside any call of its listener", "[io][tls]")
{
    const auto destroy = GENERATE(false, true);
    const auto* const last = GENERATE("connected", "open", "readable", "writable");
    World world;
    world.probe->react = [&](std::string_view event) {
        if (event == "open") {
            world.transport().wait_readable();
            world.transport().wait_writable();
        }
        if (event != last) return;
        world.transport().close();
        if (destroy) world.probe->transport.reset();
    };
    world.probe->open(world.conn);
    world.inner->connect();
    world.inner->become_open();
    for (int i = 0; i < 20; ++i) {
        world.heard += world.server.receive(world.network->take());
        world.network->arriving += world.server.output();
        if (!world.network->closed) world.inner->poll();
        world.context.poll();
    }
    CHECK(world.probe->events.back() == last);
    CHECK(world.network->closed);
}

TEST_CASE("a transport that is destroyed by the first of two answers does not give the second", "[io][tls]")
{
    World world;
    world.open();
    world.server.send("0123456789");
    world.network->arriving = world.server.output();
    std::byte room[4];
    CHECK(world.transport().read_some(room, world.probe->ec) == 4);
    world.transport().wait_readable();
    world.transport().wait_writable();
    world.probe->react = [&](std::string_view) { world.probe->transport.reset(); };
    world.context.poll();
    CHECK(world.probe->events == Events{"readable"});
}

TEST_CASE("a transport that is closed during the handshake says nothing more", "[io][tls]")
{
    World world;
    world.probe->open(world.conn);
    world.inner->become_open();
    world.context.poll();
    world.heard += world.server.receive(world.network->take());
    world.network->arriving = world.server.output();
    world.inner->poll(); // on_readable() is on its way
    world.transport().close();
    world.context.poll();
    CHECK(world.probe->events.empty());
}
