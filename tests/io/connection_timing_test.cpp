// SPDX-License-Identifier: BSL-1.0
#include <websockxx/io/connection.hpp>

#include "support/connection_fixture.hpp"

using namespace websockxx;
using namespace websockxx::test;
using namespace std::chrono_literals;
using Fixture = ConnectionFixture;

TEST_CASE("P8 silence is answered with a ping, and a dead server is noticed", "[connection]")
{
    Fixture f;
    f.opened();
    f.h().turn(20s - 1ms);
    CHECK_FALSE(f.h().heard());
    f.h().turn(1ms);
    CHECK(f.h().heard() == WireFrame{Opcode::ping, "", true, 0, true});
    f.h().turn(1ms);
    f.h().say({Opcode::pong, ""});
    CHECK(f.lines() == Lines{"pong:"});
    f.h().turn(20s);
    CHECK(f.h().heard()->opcode == Opcode::ping);
    f.h().turn(20s);
    CHECK(f.lines() == Lines{"disconnect 1", "terminate", "destroyed"});
    CHECK(f.record->disconnects.at(0).error.code() == errc::heartbeat_timeout);
}

TEST_CASE("a refusal whose body does not end is a refusal when the time is over", "[connection]")
{
    Fixture f;
    f.h().begin();
    f.h().transport->connect();
    f.h().transport->opened();
    f.h().run();
    f.h().say("HTTP/1.1 403 Forbidden\r\nContent-Length: 1000\r\n\r\nhalf");
    CHECK_FALSE(f.h().started);
    f.h().turn(10s);
    REQUIRE(f.h().started);
    REQUIRE(f.h().started->refusal());
    CHECK(f.h().started->refusal()->status == 403);
    CHECK(f.h().started->refusal()->body == "half");
}

TEST_CASE("WXB-15 a server that dribbles its answer is left when the time is over", "[connection]")
{
    Fixture f;
    f.h().begin();
    f.h().transport->connect();
    f.h().transport->opened();
    f.h().run();
    for (const char c : std::string{"HTTP/1.1 "}) {
        f.h().say(std::string(1, c));
        f.h().turn(1s);
    }
    CHECK_FALSE(f.h().started);
    f.h().turn(1s);
    REQUIRE(f.h().started);
    CHECK(f.h().started->code() == errc::open_timeout);
    CHECK(f.h().started->phase() == Phase::handshake);
}

TEST_CASE("a client that is stopped while its prepare hook is asked leaves no alarm behind", "[connection]")
{
    Fixture f{{.has_prepare = true}};
    f.h().begin();
    CHECK(f.h().alarm->at());
    f.ref().stop();
    f.h().run();
    CHECK(f.h().mailbox->ended());
    CHECK_FALSE(f.h().alarm->at());
}

TEST_CASE("a prepare hook without any time limit keeps the client alive until it answers", "[connection]")
{
    Fixture f{{.has_prepare = true}, {.secure = false, .host = "server", .port = 80, .timeouts = {.open = 0ms}}};
    f.h().begin();
    CHECK(f.h().alarm->at());
    (void)f.h().mailbox->put(io::item::Prepared{f.h().prepares.at(0).ticket, f.h().prepares.at(0).conn});
    f.h().run();
    CHECK(f.h().transports == 1);
}

TEST_CASE("send_after delivers when its time has come, and cancel takes it back", "[connection]")
{
    Fixture f;
    f.opened();
    CHECK(f.ref().send_after(10s, "later").has_value());
    const auto sooner = f.ref().send_after(5s, "sooner");
    const auto never = f.ref().send_after(5s, "never");
    REQUIRE(never.has_value());
    f.ref().cancel(*never);
    f.h().run();
    f.h().turn(4'999ms);
    CHECK(f.lines().empty());
    f.h().turn(1ms);
    CHECK(f.lines() == Lines{"info:sooner"});
    f.h().turn(5s);
    CHECK(f.lines() == Lines{"info:later"});
}

TEST_CASE("to cancel a timer that was never set takes nothing away", "[connection]")
{
    Fixture f;
    CHECK(f.ref().cast(1));
    f.ref().cancel(TimerId{});
    f.h().open();
    CHECK(f.lines() == Lines{"connect", "cast:1"});
}

TEST_CASE("delays of any length are taken", "[connection]")
{
    Fixture f;
    f.record->on_disconnect = [](const Disconnect&) { return reconnect_in(std::chrono::milliseconds::max()); };
    f.opened();
    CHECK(f.ref().send_after(std::chrono::milliseconds::max(), "never").has_value());
    CHECK(f.ref().send_after(std::chrono::milliseconds::min(), "at once").has_value());
    f.h().run();
    f.h().turn(0ms);
    CHECK(f.lines() == Lines{"info:at once"});
    f.h().end_transport();
    f.h().turn(24h);
    CHECK(f.lines() == Lines{"disconnect 1"});
    CHECK(f.h().transports == 1);
}
