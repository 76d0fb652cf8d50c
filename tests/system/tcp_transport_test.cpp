// SPDX-License-Identifier: BSL-1.0
#include <websockxx/io/tcp_transport.hpp>

#include "support/hasty_reader.hpp"
#include "support/socket_peer.hpp"
#include "support/test.hpp"
#include "support/transport_probe.hpp"

#include <boost/asio/io_context.hpp>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cstdint>
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

struct World {
    std::optional<boost::asio::io_context> context{std::in_place};
    std::optional<SocketPeer> peer{std::in_place, *context};
    std::shared_ptr<TransportProbe> probe =
        std::make_shared<TransportProbe>(std::make_unique<TcpTransport>(Strand{context->get_executor()}));

    ~World()
    {
        if (probe) probe->transport->close();
    }

    [[nodiscard]] Conn conn(const std::string& host = "127.0.0.1") const
    {
        Conn conn;
        conn.secure = false;
        conn.host = host;
        conn.port = peer->port();
        return conn;
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
        probe->open(conn());
        CHECK(probe->events.empty());
        REQUIRE(until([&] { return probe->events.size() == 2 && peer->connected(); }));
        CHECK(probe->events == Events{"connected", "open"});
        probe->events.clear();
    }

    Transport& transport() { return *probe->transport; }

    /// Reads to the end of the stream.
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

/// The descriptor of this process that is connected to the port of 127.0.0.1, or -1.
int descriptor_connected_to(std::uint16_t port)
{
    for (int descriptor = 0; descriptor < 1024; ++descriptor) {
        sockaddr_in peer{};
        socklen_t size = sizeof peer;
        if (::getpeername(descriptor, reinterpret_cast<sockaddr*>(&peer), &size) != 0) continue;
        if (peer.sin_family == AF_INET && ntohs(peer.sin_port) == port) return descriptor;
    }
    return -1;
}

} // namespace

TEST_CASE("TCP: small writes do not wait for each other (TCP_NODELAY), and the kernel sends no keepalives", "[system]")
{
    World world;
    world.open();
    const int descriptor = descriptor_connected_to(world.peer->port());
    REQUIRE(descriptor >= 0);
    const auto option = [descriptor](int level, int name) {
        int value = -1;
        socklen_t size = sizeof value;
        REQUIRE(::getsockopt(descriptor, level, name, &value, &size) == 0);
        return value;
    };
    CHECK(option(IPPROTO_TCP, TCP_NODELAY) != 0);
    CHECK(option(SOL_SOCKET, SO_KEEPALIVE) == 0);
}

TEST_CASE("TCP: bytes go both ways", "[system]")
{
    World world;
    world.open();
    CHECK(world.transport().description().empty());
    CHECK(world.probe->read().empty());
    CHECK(world.probe->would_block());

    CHECK(world.probe->write("ping") == 4);
    REQUIRE(world.until([&] { return world.peer->heard() == "ping"; }));

    world.transport().wait_readable();
    world.transport().wait_readable(); // changes nothing
    run_ready(*world.context);
    CHECK(world.probe->events.empty());
    world.peer->send("pong");
    REQUIRE(world.until_event("readable"));
    CHECK(world.probe->read() == "pong");
    run_ready(*world.context);
    CHECK(world.probe->events == Events{"readable"});
}

TEST_CASE("TCP: what can be written to answers a wait", "[system]")
{
    World world;
    world.open();
    world.transport().wait_writable();
    world.transport().wait_writable();
    CHECK(world.probe->events.empty());
    REQUIRE(world.until_event("writable"));
    run_ready(*world.context);
    CHECK(world.probe->events == Events{"writable"});
}

TEST_CASE("TCP: a refused connection is reported with the address", "[system]")
{
    World world;
    const auto conn = world.conn();
    world.peer.reset();
    world.probe->open(conn);
    REQUIRE(world.until_event("failed"));
    CHECK(world.probe->events == Events{"failed"});
    CHECK(world.probe->error ==
          Error(error::connection_refused, Phase::connect, "127.0.0.1:" + std::to_string(conn.port)));
}

TEST_CASE("TCP: an orderly end is eof, a reset is an error", "[system]")
{
    World world;
    world.open();
    world.transport().wait_readable();
    SECTION("FIN")
    {
        world.peer->send("last words");
        world.peer->shutdown();
        CHECK(world.read_to_end() == "last words");
        CHECK(world.probe->ec == error::eof);
    }
    SECTION("RST")
    {
        world.peer->reset();
        REQUIRE(world.until_event("readable"));
        CHECK(world.probe->read().empty());
        CHECK(world.probe->ec == error::connection_reset);
        CHECK(world.probe->write("x") == 0); // and no SIGPIPE
        CHECK(world.probe->ec.failed());
        world.transport().wait_writable();
        CHECK(world.until_event("writable"));
    }
}

TEST_CASE("TCP: after shutdown() the server sees our end, and can still be read", "[system]")
{
    World world;
    world.open();
    CHECK(world.probe->write("question") == 8);
    world.transport().shutdown();
    REQUIRE(world.until([&] { return world.peer->end().failed(); }));
    CHECK(world.peer->heard() == "question");
    CHECK(world.peer->end() == error::eof);
    CHECK(world.probe->write("late") == 0);
    CHECK(world.probe->ec == error::broken_pipe);

    world.peer->send("answer");
    world.peer->shutdown();
    CHECK(world.read_to_end() == "answer");
    CHECK(world.probe->ec == error::eof);
}

TEST_CASE("WX-129 WX-130 WX-134 TCP: after close() the socket is dead, and nobody is called", "[system]")
{
    World world;
    world.open();
    world.transport().wait_readable();
    world.transport().close();
    world.transport().close();
    CHECK(world.probe->read().empty());
    CHECK(world.probe->ec == error::bad_descriptor);
    CHECK(world.probe->write("x") == 0);
    CHECK(world.probe->ec == error::bad_descriptor);
    world.transport().wait_readable();
    world.transport().wait_writable();
    world.transport().shutdown();
    REQUIRE(world.until([&] { return world.peer->end().failed(); }));
    CHECK(world.peer->end() == error::eof);
    CHECK(world.probe->events.empty());
}

TEST_CASE("TCP: a transport that was never opened can be closed", "[system]")
{
    World world;
    world.transport().close();
    run_ready(*world.context);
    CHECK(world.probe->events.empty());
}

TEST_CASE("TCP: close() during lookup or connect is the end of it, and lets the owner go", "[system]")
{
    const auto* const host = GENERATE("localhost", "127.0.0.1");
    const auto destroy = GENERATE(false, true);
    World world;
    world.probe->open(world.conn(host));
    Events events;
    world.probe->react = [&](std::string_view event) { events.emplace_back(event); };
    const std::weak_ptr watch = world.probe;
    world.transport().close();
    if (destroy) world.probe->transport.reset();
    world.probe.reset();
    CHECK(world.until([&] { return watch.expired(); }));
    run_ready(*world.context);
    CHECK(events.empty());
}

TEST_CASE("TCP: the transport may be closed, or destroyed, from inside any call of its listener", "[system]")
{
    const auto destroy = GENERATE(false, true);
    const auto* const last = GENERATE("connected", "open", "readable", "writable");
    World world;
    auto transport = std::shared_ptr(std::move(world.probe->transport));
    const std::weak_ptr watch = transport;
    world.probe->react = [&](std::string_view event) {
        if (event == "open") {
            transport->wait_readable();
            if (last == std::string_view("writable")) transport->wait_writable();
            else world.peer->send("hello");
        }
        if (event != last) return;
        transport->close();
        if (destroy) transport.reset();
    };
    transport->open(world.conn(), world.probe);
    REQUIRE(world.until_event(last));
    REQUIRE(world.until([&] { return world.peer->end().failed(); }));
    CHECK(world.probe->events.back() == last);
    CHECK(watch.expired() == destroy);
    transport.reset();
    world.probe.reset();
}

TEST_CASE("TCP: an open transport whose context is destroyed is freed", "[system]")
{
    World world;
    world.open();
    world.transport().wait_readable();
    world.transport().wait_writable();
    const std::weak_ptr watch = world.probe;
    world.probe.reset();
    CHECK_FALSE(watch.expired());
    world.peer.reset();
    world.context.reset();
    CHECK(watch.expired());
}

TEST_CASE("TCP: ten megabytes go each way at once through a slow server", "[system]")
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

TEST_CASE("TCP: who reads while he waits for bytes is told to come again, and then that he can", "[system]")
{
    World world;
    world.open();
    world.transport().wait_readable();
    CHECK(world.probe->read().empty());
    CHECK(world.probe->ec == error::in_progress);
    REQUIRE(world.until_event("readable"));
    CHECK(world.probe->read().empty());
    CHECK(world.probe->would_block());

    world.probe->events.clear();
    world.peer->send("hello");
    world.transport().wait_readable();
    REQUIRE(world.until_event("readable"));
    CHECK(world.probe->read() == "hello");
}

TEST_CASE("TCP: bytes that have come while he waited are not lost if he waits again before he reads them", "[system]")
{
    World world;
    world.open();
    const std::size_t size = GENERATE(5u, 384u, 385u, 5'000u); // of what lands while it waits: 384
    const std::string text(size, 't');
    world.peer->send(text);
    world.transport().wait_readable();
    REQUIRE(world.until_event("readable"));
    world.transport().wait_readable();
    CHECK(world.probe->read().empty());
    CHECK(world.probe->ec == error::in_progress);
    world.probe->events.clear();
    REQUIRE(world.until_event("readable"));
    std::string read;
    REQUIRE(world.until([&] {
        if (read.size() < size) world.transport().wait_readable();
        run_ready(*world.context);
        read += world.probe->read(100);
        return read.size() == size;
    }));
    CHECK(read == text);
}

TEST_CASE("TCP: no byte is lost or reordered, whenever one reads", "[system]")
{
    World world;
    world.open();
    HastyReader reader(1'000'000);
    CHECK(world.until([&] { return reader.step(*world.context, *world.probe, *world.peer); }));
    CHECK_FALSE(reader.failed);
    CHECK((reader.read == reader.sent));
    CHECK(reader.told_to_come_again > 0);
}

TEST_CASE("TCP: an end is the same however often one waits for it", "[system]")
{
    World world;
    world.open();
    const bool resets = GENERATE(false, true);
    world.transport().wait_readable();
    if (resets) world.peer->reset();
    else world.peer->shutdown();
    for (int times = 0; times < 3; ++times) {
        REQUIRE(world.until_event("readable"));
        world.probe->events.clear();
        world.transport().wait_readable();
    }
    REQUIRE(world.until_event("readable"));
    CHECK(world.probe->read().empty());
    CHECK(world.probe->ec == (resets ? error_code(error::connection_reset) : error_code(error::eof)));
}
