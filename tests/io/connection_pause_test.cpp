// SPDX-License-Identifier: BSL-1.0
#include <websockxx/io/connection.hpp>

#include "support/connection_fixture.hpp"

using namespace websockxx;
using namespace websockxx::test;
using namespace std::chrono_literals;
using Fixture = ConnectionFixture;

namespace {

Conn with_heartbeat()
{
    return {.secure = false, .host = "server", .port = 80, .timeouts = {.ping_interval = 20s, .pong = 10s}};
}

} // namespace

TEST_CASE(
    "WX-026 while paused no frame, cast or info reaches the client, and nothing is read; then all of it", "[pause]")
{
    Fixture f;
    f.opened();
    CHECK(f.ref().cast(1)); // before the pause
    CHECK(f.ref().pause());
    CHECK(f.ref().cast(2));
    CHECK(f.ref().send_after(1s, "tick").has_value());
    f.h().run();
    CHECK(f.lines() == Lines{"cast:1"});
    f.h().say(encode(text("a")) + encode(text("b")));
    f.h().turn(2s);
    CHECK(f.lines().empty());
    CHECK_FALSE(f.h().wire->to_client.empty());
    CHECK_FALSE(f.h().transport->waits_to_read());
    CHECK(f.ref().resume());
    f.h().run();
    CHECK(f.lines() == Lines{"cast:2", "info:tick", "frame text:a", "frame text:b"});
}

TEST_CASE("from inside a callback a pause takes effect at once, also on what was read already", "[pause]")
{
    Fixture f;
    f.opened();
    f.record->on_frame = [&](const Frame& frame) {
        if (frame.text() == "stop") (void)f.ref().pause();
        return Client::ok();
    };
    f.h().say(encode(text("stop")) + encode(text("a")) + encode({Opcode::ping, "b"}));
    CHECK(f.lines() == Lines{"frame text:stop"});
    CHECK(f.ref().resume());
    f.h().run();
    CHECK(f.lines() == Lines{"frame text:a", "ping:b"});
    f.h().say(text("c"));
    CHECK(f.lines() == Lines{"frame text:c"});
}

TEST_CASE("sending goes on while paused", "[pause]")
{
    Fixture f;
    f.opened();
    CHECK(f.ref().pause());
    CHECK(f.ref().send(Frame::text("out")));
    f.h().run();
    CHECK(f.h().heard()->payload == "out");
}

TEST_CASE("the heartbeat does not take a pause for a dead peer", "[pause]")
{
    Fixture f{{}, with_heartbeat()};
    f.opened();
    f.h().turn(25s); // a ping is out
    CHECK(f.h().heard()->opcode == Opcode::ping);
    CHECK(f.ref().pause());
    f.h().run();
    f.h().say({Opcode::pong, ""});
    f.h().turn(1h);
    CHECK(f.lines().empty());
    CHECK_FALSE(f.h().heard());
    CHECK(f.ref().resume());
    f.h().run();
    f.h().turn(10s);
    CHECK(f.lines() == Lines{"pong:"});
    f.h().turn(20s);
    CHECK(f.h().heard()->opcode == Opcode::ping);
    f.h().turn(10s);
    CHECK(f.lines() == Lines{"disconnect 1", "terminate", "destroyed"});
}

TEST_CASE("a paused client can be closed, stopped, aborted and visited", "[pause]")
{
    Fixture f;
    f.opened();
    bool visited = false;
    f.record->on_frame = [&](const Frame&) {
        (void)f.ref().pause();
        return Client::ok();
    };
    f.h().say(encode(text("pause")) + encode(text("never seen")));
    CHECK(f.lines() == Lines{"frame text:pause"});
    f.ref().async_visit([&](Recorder&) { visited = true; }, [](const std::exception_ptr&) {});
    f.h().run();
    CHECK(visited);
    SECTION("closed")
    {
        f.h().say({Opcode::text, "nor this"});
        CHECK(f.ref().close());
        f.h().run();
        CHECK(f.h().heard()->opcode == Opcode::close);
        f.h().say({Opcode::close, ""});
        f.h().end_transport();
        CHECK(f.lines() == Lines{"disconnect 1", "terminate", "destroyed"});
        CHECK(f.ref().reason()->normal());
    }
    SECTION("stopped")
    {
        f.ref().stop();
        f.h().run();
        CHECK(f.lines() == Lines{"terminate", "destroyed"});
    }
    SECTION("aborted")
    {
        f.ref().abort();
        f.h().run();
        CHECK(f.lines() == Lines{"terminate", "destroyed"});
    }
    CHECK(f.ref().pause().error().code() == errc::client_ended);
    CHECK(f.ref().resume().error().code() == errc::client_ended);
}

TEST_CASE("a send that finds a paused connection dead ends it, and what was not delivered is lost", "[pause]")
{
    Fixture f;
    f.opened();
    f.record->on_frame = [&](const Frame&) {
        (void)f.ref().pause();
        return Client::ok();
    };
    f.h().say(encode(text("pause")) + encode(text("lost")));
    (void)f.lines();
    f.h().wire->to_client = encode(text("lost as well"));
    f.h().wire->write_error = boost::asio::error::broken_pipe;
    CHECK(f.ref().send(Frame::text("x")));
    f.h().run();
    CHECK(f.lines() == Lines{"disconnect 1", "terminate", "destroyed"});
}

TEST_CASE("a reconnect while paused stays paused", "[pause]")
{
    Fixture f;
    f.record->on_disconnect = [](const Disconnect&) { return reconnect_in(1s); };
    f.opened();
    CHECK(f.ref().pause());
    f.h().run();
    f.h().wire->write_error = boost::asio::error::broken_pipe;
    CHECK(f.ref().send(Frame::text("x")));
    f.h().run();
    f.h().turn(1s);
    f.h().accept(encode(text("a")));
    f.h().say(text("b"));
    CHECK(f.ref().cast(1));
    f.h().run();
    CHECK(f.lines() == Lines{"disconnect 1", "connect"});
    CHECK(f.ref().resume());
    f.h().run();
    CHECK(f.lines() == Lines{"frame text:a", "cast:1", "frame text:b"});
}

TEST_CASE("a client may pause itself in handle_connect, and be born paused", "[pause]")
{
    Fixture f;
    SECTION("in handle_connect")
    {
        f.record->on_connect = [&](const Connected&) {
            (void)f.ref().pause();
            return Client::ok();
        };
    }
    SECTION("before") { CHECK(f.ref().pause()); }
    f.h().begin();
    f.h().accept(encode(text("a")));
    CHECK(f.lines() == Lines{"connect"});
    CHECK(f.h().started);
    CHECK(f.ref().resume());
    f.h().run();
    CHECK(f.lines() == Lines{"frame text:a"});
}

TEST_CASE("S4 a resume() without a pause gives an unfinished message no more time", "[pause]")
{
    Fixture f{{}, {.secure = false, .host = "server", .port = 80, .timeouts = {.message = 10s}}};
    f.opened();
    f.h().say(encode(text("a message")).substr(0, 5));
    f.h().turn(9s);
    CHECK(f.ref().resume());
    f.h().run();
    f.h().turn(1s);
    const auto close = f.h().heard();
    REQUIRE(close);
    CHECK(close->opcode == Opcode::close);
}
