// SPDX-License-Identifier: BSL-1.0
#include "support/fixture_server.hpp"
#include "support/foreign_server.hpp"
#include "support/raw_server.hpp"

#include "support/test.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

// The test servers themselves, against a client that is nothing but a socket.

namespace {

using namespace websockxx::test;
using boost::asio::ip::tcp;
using boost::system::error_code;

class PlainClient {
public:
    explicit PlainClient(std::uint16_t port) { socket_.connect({boost::asio::ip::address_v4::loopback(), port}); }

    void send(std::string_view bytes) { boost::asio::write(socket_, boost::asio::buffer(bytes)); }
    void send(WireFrame frame)
    {
        frame.masked = true;
        send(encode(frame));
    }

    std::string read_head()
    {
        const auto size = boost::asio::read_until(socket_, boost::asio::dynamic_buffer(received_), "\r\n\r\n");
        return take(size);
    }

    WireFrame read_frame()
    {
        for (;;) {
            FrameReader reader;
            reader.add(received_);
            if (auto frame = reader.next()) {
                received_ = reader.rest();
                return *frame;
            }
            boost::asio::read(socket_, boost::asio::dynamic_buffer(received_), boost::asio::transfer_at_least(1));
        }
    }

    std::string read_to_end(error_code& ec)
    {
        boost::asio::read(socket_, boost::asio::dynamic_buffer(received_), ec);
        return take(received_.size());
    }

    std::string upgrade(std::string_view target = "/ws")
    {
        send(request(target));
        return read_head();
    }

    static std::string request(std::string_view target)
    {
        return "GET " + std::string{target} +
               " HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
               "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    }

private:
    std::string take(std::size_t size)
    {
        auto taken = received_.substr(0, size);
        received_.erase(0, size);
        return taken;
    }

    boost::asio::io_context context_;
    tcp::socket socket_{context_};
    std::string received_;
};

void check_echo(const ForeignServer& server, std::string_view size_note)
{
    INFO(size_note);
    PlainClient client{server.port()};
    REQUIRE_THAT(client.upgrade("/"), ContainsSubstring("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    client.send({.opcode = Opcode::text, .payload = "hello"});
    CHECK(client.read_frame() == WireFrame{.opcode = Opcode::text, .payload = "hello"});
    client.send({.opcode = Opcode::binary, .payload = std::string(70'000, 'x')});
    CHECK(client.read_frame() == WireFrame{.opcode = Opcode::binary, .payload = std::string(70'000, 'x')});
}

void check_asked_close(const ForeignServer& server)
{
    PlainClient client{server.port()};
    client.upgrade("/close");
    client.send({.payload = "now"});
    CHECK(client.read_frame() == WireFrame{.opcode = Opcode::close, .payload = close_payload(4001, "bye")});
}

void check_asked_ping(const ForeignServer& server)
{
    PlainClient client{server.port()};
    client.upgrade("/ping");
    client.send({.payload = "now"});
    CHECK(client.read_frame() == WireFrame{.opcode = Opcode::ping, .payload = "now"});
    client.send({.opcode = Opcode::pong, .payload = "now"});
    CHECK(client.read_frame() == WireFrame{.opcode = Opcode::text, .payload = "now"});
}

} // namespace

TEST_CASE("the fixture server reports what it sees and obeys", "[system]")
{
    FixtureServer server;
    PlainClient client{server.port()};
    REQUIRE_THAT(client.upgrade(), StartsWith("HTTP/1.1 101 "));
    CHECK_THAT(server.wait_for(Seen::requested).data, StartsWith("GET /ws HTTP/1.1\r\n"));
    server.wait_for(Seen::connected);

    client.send({.opcode = Opcode::ping, .payload = "p"});
    CHECK(client.read_frame() == WireFrame{.opcode = Opcode::pong, .payload = "p"});
    CHECK(server.wait_for(Seen::ping).data == "p");
    client.send({.opcode = Opcode::text, .payload = "Hel", .fin = false});
    client.send({.opcode = Opcode::continuation, .payload = "lo"});
    const auto text = server.wait_for(Seen::text);
    CHECK(text.data == "Hello");
    CHECK(text.frames == 2);

    server.send_binary(std::string(300, 'b'));
    CHECK(client.read_frame() == WireFrame{.opcode = Opcode::binary, .payload = std::string(300, 'b')});

    client.send({.opcode = Opcode::close, .payload = close_payload(4000, "end")});
    const auto closed = server.wait_for(Seen::closed);
    CHECK(closed.code == 4000);
    CHECK(closed.data == "end");
    CHECK(client.read_frame().opcode == Opcode::close);
    error_code ec;
    CHECK(client.read_to_end(ec).empty());
    CHECK(ec == boost::asio::error::eof);
    CHECK_FALSE(server.has_seen(Seen::tcp_closed));
}

TEST_CASE("the fixture server refuses what it is told to refuse, and what it does not know", "[system]")
{
    FixtureServer server;
    error_code ec;
    CHECK_THAT(PlainClient{server.port()}.upgrade("/other"), StartsWith("HTTP/1.1 404 Not Found\r\n"));
    CHECK_THAT(PlainClient{server.port()}.upgrade("bad_path"), StartsWith("HTTP/1.1 400 Bad Request\r\n"));

    server.answer_with({.status = 503, .headers = {{"Retry-After", "7"}}, .body = "busy"});
    PlainClient refused{server.port()};
    CHECK_THAT(refused.upgrade(), ContainsSubstring("503 Service Unavailable\r\nRetry-After: 7\r\n"));
    CHECK(refused.read_to_end(ec) == "busy");
    CHECK(ec == boost::asio::error::eof);

    server.answer_normally();
    server.push_text_with_upgrade("Immediate Reply");
    PlainClient pushed{server.port()};
    CHECK_THAT(pushed.upgrade(), StartsWith("HTTP/1.1 101 "));
    CHECK(pushed.read_frame().payload == "Immediate Reply");
}

TEST_CASE("the fixture server holds an upgrade, stalls and goes on", "[system]")
{
    FixtureServer server;
    server.hold_upgrades();
    PlainClient client{server.port()};
    client.send(PlainClient::request("/ws"));
    server.wait_for(Seen::requested);
    CHECK_FALSE(server.has_seen(Seen::connected));
    server.continue_upgrade();
    CHECK_THAT(client.read_head(), StartsWith("HTTP/1.1 101 "));

    server.stall();
    client.send({.opcode = Opcode::ping});
    PlainClient{server.port()}.upgrade(); // behind the ping, on the same thread
    server.send_text("not a pong", 1);
    CHECK(client.read_frame().payload == "not a pong");
    CHECK_FALSE(server.has_seen(Seen::ping));
    server.resume(1);
    CHECK(client.read_frame().opcode == Opcode::pong);
}

TEST_CASE("the fixture server drops and resets TCP", "[system]")
{
    FixtureServer server;
    error_code ec;
    PlainClient dropped{server.port()};
    dropped.upgrade();
    server.drop();
    CHECK(dropped.read_to_end(ec).empty());
    CHECK(ec == boost::asio::error::eof);

    PlainClient reset{server.port()};
    reset.upgrade();
    server.reset(2);
    CHECK(reset.read_to_end(ec).empty());
    CHECK(ec == boost::asio::error::connection_reset);

    {
        PlainClient gone{server.port()};
    }
    CHECK(server.wait_for(Seen::tcp_closed).data == "fin");
    CHECK_THROWS_WITH(server.drop(17), ContainsSubstring("no connection 17"));
}

TEST_CASE("the raw server follows its scripts and reports the one that fails", "[system]")
{
    error_code ec;
    std::optional<InputEnd> end;
    RawServer server{{[&](RawPeer& peer) {
                          peer.upgrade("X-Extra: yes\r\n");
                          peer.send({.payload = peer.read_frame().payload});
                          peer.half_close();
                          end = peer.read_to_end();
                      },
        [](RawPeer& peer) {
            peer.read_head();
            peer.send_bytewise("HTTP/1.1 101 ");
            peer.reset();
        },
        [](RawPeer& peer) { peer.read_head(); }}};
    {
        PlainClient client{server.port()};
        CHECK_THAT(client.upgrade("/any"), EndsWith("X-Extra: yes\r\n\r\n"));
        client.send({.payload = "echo"});
        CHECK(client.read_frame().payload == "echo");
        CHECK(client.read_to_end(ec).empty());
    }
    server.wait();
    CHECK(end == InputEnd::fin);
    PlainClient second{server.port()};
    second.send(PlainClient::request("/"));
    second.read_to_end(ec);
    CHECK(ec == boost::asio::error::connection_reset);
    {
        PlainClient third{server.port()};
    }
    CHECK_THROWS_WITH(server.wait(3), ContainsSubstring("the head of a request"));
}

TEST_CASE("a raw server ends although its script and its client wait for ever", "[system]")
{
    std::optional<PlainClient> client;
    RawServer server{[](RawPeer& peer) { peer.read_to_end(); }};
    client.emplace(server.port());
}

TEST_CASE("the servers of others start, echo and end", "[system]")
{
    for (const bool deflate : {false, true}) {
        const auto python = ForeignServer::python_echo({.deflate = deflate});
        check_echo(python, "python");
        check_asked_close(python);
        check_asked_ping(python);
        const auto ws = ForeignServer::ws_echo({.deflate = deflate});
        check_echo(ws, "ws");
        check_asked_close(ws);
        check_asked_ping(ws);
    }
}

TEST_CASE("the servers of others start with TLS", "[system]")
{
    const CertificateAuthority authority;
    const auto identity = authority.issue();
    const FixtureServer backend;
    CHECK_THAT(ForeignServer::python_echo({.identity = identity}).url(), StartsWith("wss://localhost:"));
    CHECK_THAT(ForeignServer::ws_echo({.identity = identity}).url(), StartsWith("wss://localhost:"));
    CHECK(ForeignServer::nginx(backend.port(), identity).port() != 0);
}

TEST_CASE("a server of others that does not start says why", "[system]")
{
    const Identity broken{.certificate = "no certificate", .private_key = "no key"};
    CHECK_THROWS_WITH(ForeignServer::python_echo({.identity = broken}), ContainsSubstring("load_cert_chain"));
    CHECK_THROWS_WITH(ForeignServer::nginx(1, broken), ContainsSubstring("nginx does not start"));
}
