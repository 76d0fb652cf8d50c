// SPDX-License-Identifier: BSL-1.0
#include <websockxx/io/connection.hpp>

#include "support/connection_fixture.hpp"

#include <stdexcept>

using namespace websockxx;
using namespace websockxx::test;
using namespace std::chrono_literals;
using Fixture = ConnectionFixture;

TEST_CASE("WX-042 handle_connect runs once the opening handshake is over, and start succeeds after it", "[connection]")
{
    Fixture f;
    f.h().begin();
    CHECK(f.lines().empty());
    CHECK_FALSE(f.h().started);
    f.h().accept();
    CHECK(f.lines() == Lines{"connect"});
    CHECK(f.h().started);
}

TEST_CASE("WX-022 a message in the same bytes as the 101 is handled after handle_connect", "[connection]")
{
    Fixture f;
    f.h().begin();
    f.h().accept(encode(text("Immediate Reply")));
    CHECK(f.lines() == Lines{"connect", "frame text:Immediate Reply"});
}

TEST_CASE("what handle_connect replies goes out before anything else", "[connection]")
{
    Fixture f;
    f.record->on_connect = [](const Connected&) { return Client::reply(Frame::text("subscribe")); };
    (void)f.ref().send(Frame::text("too early"));
    f.h().begin();
    (void)f.ref().cast(1);
    f.record->on_cast = [](int) { return Client::reply(Frame::text("cast")); };
    f.h().accept();
    CHECK(f.h().heard()->payload == "subscribe");
    CHECK(f.h().heard()->payload == "cast");
    CHECK_FALSE(f.h().heard());
}

TEST_CASE("WX-037 WX-044 WX-045 messages come in and replies go out", "[connection]")
{
    Fixture f;
    f.opened();
    f.record->on_frame = [](const Frame& frame) { return Client::reply(frame); };
    f.h().say(encode(text("one")) + encode({Opcode::binary, "two"}));
    CHECK(f.lines() == Lines{"frame text:one", "frame binary:two"});
    CHECK(f.h().heard() == WireFrame{Opcode::text, "one", true, 0, true});
    CHECK(f.h().heard() == WireFrame{Opcode::binary, "two", true, 0, true});
}

TEST_CASE("WX-039 a close with 4012 reaches the server and terminate", "[connection]")
{
    Fixture f;
    f.opened();
    f.record->on_info = [](const std::string&) { return Client::close(4012, "Test Close"); };
    CHECK(f.ref().info("go"));
    f.h().run();
    CHECK(f.h().heard()->payload == close_payload(4012, "Test Close"));
    f.h().say({Opcode::close, close_payload(4012, "Test Close")});
    f.h().end_transport();
    const auto& reason = f.record->terminations.at(0);
    CHECK(reason.by == CloseReason::By::local);
    CHECK(reason.sent == CloseFrame{4012, "Test Close"});
    CHECK(reason.received == CloseFrame{4012, "Test Close"});
}

TEST_CASE("WX-095 WXB-26 a half message of the old connection does not reach the new one", "[connection]")
{
    Fixture f;
    f.record->on_disconnect = [](const Disconnect&) { return reconnect_in(0ms); };
    f.opened();
    f.h().say(encode(text("half a message")).substr(0, 7));
    f.h().end_transport();
    f.h().turn(0ms);
    f.h().accept();
    f.h().say(text("whole"));
    CHECK(f.lines() == Lines{"disconnect 1", "connect", "frame text:whole"});
    CHECK(f.h().transports == 2);
}

TEST_CASE("WX-091 handle_disconnect can lead to another server", "[connection]")
{
    Fixture f;
    f.record->on_disconnect = [](const Disconnect&) {
        return reconnect_in(0ms, Conn{.secure = false, .host = "other", .port = 81});
    };
    f.opened();
    f.h().end_transport();
    f.h().turn(0ms);
    CHECK(f.h().transport->wanted.host == "other");
    f.h().accept();
    CHECK(f.lines() == Lines{"disconnect 1", "connect"});
}

TEST_CASE("WX-098 WX-105 a refused first attempt fails the start, and no callback is called", "[connection]")
{
    Fixture f;
    f.h().begin();
    f.h().transport->connect();
    f.h().transport->opened();
    f.h().run();
    f.h().say("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnope");
    REQUIRE(f.h().started);
    CHECK(f.h().started->code() == errc::handshake_refused);
    REQUIRE(f.h().started->refusal());
    CHECK(f.h().started->refusal()->status == 404);
    CHECK(f.h().started->refusal()->body == "nope");
    CHECK(f.lines() == Lines{"destroyed"});
}

TEST_CASE("P7 the prepare hook changes the Conn of each attempt, late answers count for nothing", "[connection]")
{
    Fixture f{{.has_prepare = true}};
    f.record->on_disconnect = [](const Disconnect&) { return reconnect_in(0ms); };
    f.h().begin();
    REQUIRE(f.h().prepares.size() == 1);
    CHECK(f.h().transports == 0);
    auto conn = f.h().prepares[0].conn;
    conn.headers.add("Authorization", "Bearer 1");
    CHECK_FALSE(f.h().mailbox->put(io::item::Prepared{f.h().prepares[0].ticket, conn}));
    CHECK_FALSE(f.h().mailbox->put(io::item::Prepared{f.h().prepares[0].ticket, conn})); // twice: ignored
    f.h().run();
    REQUIRE(f.h().transports == 1);
    CHECK(f.h().transport->wanted.headers.get("Authorization") == "Bearer 1");
    f.h().accept();
    f.h().end_transport();
    f.h().turn(0ms);
    REQUIRE(f.h().prepares.size() == 2);
    CHECK_FALSE(f.h().prepares[1].conn.headers.contains("Authorization"));
    f.h().turn(10s);
    CHECK_FALSE(f.h().mailbox->put(io::item::Prepared{f.h().prepares[1].ticket, conn})); // too late: open_timeout
    f.h().run();
    CHECK(f.lines() == Lines{"connect", "disconnect 1", "disconnect 2"});
    CHECK(f.record->disconnects.at(1).error.code() == errc::open_timeout);
}

TEST_CASE("a failed start is told when the client is destroyed and the reason is known", "[connection]")
{
    Fixture f;
    f.h().begin();
    f.h().on_started = [&] {
        CHECK(f.lines() == Lines{"destroyed"});
        CHECK(f.h().mailbox->ended());
    };
    f.h().refuse(Error{errc::no_address, Phase::resolve});
    REQUIRE(f.h().started);
    CHECK(f.h().started->code() == errc::no_address);
}
