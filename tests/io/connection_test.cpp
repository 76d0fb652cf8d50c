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

TEST_CASE("WX-107 a cast that the client does not handle does not compile; WX-108 an info is logged and it lives on",
    "[connection]")
{
    struct Bare : Client {};
    STATIC_REQUIRE_FALSE(detail::HandlesCast<Bare, int>);
    STATIC_REQUIRE(detail::HandlesCast<Recorder, int>);
    Harness h{std::make_unique<Bare>()};
    h.open();
    CHECK(Ref<Bare>{h.mailbox}.info(42));
    h.run();
    REQUIRE(h.log.size() == 1);
    CHECK_THAT(h.log[0], ContainsSubstring("handle_info") && ContainsSubstring("int"));
    CHECK_FALSE(h.mailbox->ended());
}

TEST_CASE("WXB-23 casts and infos wait while the connection is opened, and are delivered in order", "[connection]")
{
    Fixture f;
    f.record->on_disconnect = [](const Disconnect&) { return reconnect_in(0ms); };
    CHECK(f.ref().cast(1));
    f.h().begin();
    CHECK(f.ref().info("two"));
    f.h().run();
    CHECK(f.lines().empty());
    f.h().accept();
    CHECK(f.lines() == Lines{"connect", "cast:1", "info:two"});
    f.h().end_transport();
    CHECK(f.ref().cast(3));
    f.h().turn(0ms);
    f.h().accept();
    CHECK(f.lines() == Lines{"disconnect 1", "connect", "cast:3"});
}

TEST_CASE("WX-033 WX-035 what cannot be sent is told so, and the client lives on", "[connection]")
{
    Fixture f;
    std::vector<error_code> results;
    const auto send = [&] {
        (void)f.h().mailbox->put(io::item::Send{1, Frame::text("x"), std::make_unique<SendResult>(results)});
        f.h().run();
    };
    f.h().begin();
    send();
    f.h().accept();
    send();
    CHECK(f.ref().close());
    f.h().run();
    send();
    CHECK(results == std::vector<error_code>{errc::not_connected_opening, {}, errc::not_connected_closing});
    CHECK_FALSE(f.h().mailbox->ended());
    f.h().end_transport();
    send();
    CHECK(results.back() == errc::client_ended);
}

TEST_CASE("a frame that cannot be encoded is refused to its sender and the connection stays up", "[connection]")
{
    Fixture f;
    f.opened();
    std::vector<error_code> results;
    (void)f.h().mailbox->put(io::item::Send{1, Frame::text("\xff"), std::make_unique<SendResult>(results)});
    (void)f.h().mailbox->put(io::item::Send{2, Frame::text("fine"), std::make_unique<SendResult>(results)});
    f.h().run();
    CHECK(results == std::vector<error_code>{errc::invalid_utf8, {}});
    CHECK(f.h().heard()->payload == "fine");
}

TEST_CASE("a send succeeds when the transport has taken it, and fails if it never does", "[connection]")
{
    Fixture f;
    f.opened();
    std::vector<error_code> results;
    f.h().wire->window = 0;
    (void)f.h().mailbox->put(io::item::Send{1, Frame::text("one"), std::make_unique<SendResult>(results)});
    (void)f.h().mailbox->put(io::item::Send{2, Frame::text("two"), std::make_unique<SendResult>(results)});
    f.h().run();
    CHECK(results.empty());
    f.h().wire->window = 9 + 4; // the first frame, and a part of the second
    f.h().run();
    CHECK(results == std::vector<error_code>{error_code{}});
    f.h().end_transport(boost::asio::error::connection_reset);
    CHECK(results == std::vector<error_code>{{}, errc::connection_lost});
}

TEST_CASE("P14 the send queue is bounded in bytes, and what is refused is told", "[connection]")
{
    Fixture f{{}, {.secure = false, .host = "server", .port = 80, .limits = {.send_queue_bytes = 1000}}};
    f.opened();
    f.h().wire->window = 0;
    std::vector<error_code> results;
    for (std::uint64_t id = 1; id <= 3; ++id) {
        (void)f.h().mailbox->put(
            io::item::Send{id, Frame::binary(std::string(400, 'x')), std::make_unique<SendResult>(results)});
    }
    f.h().run();
    CHECK(results == std::vector<error_code>{errc::send_queue_full});
    f.h().wire->window = 10'000;
    f.h().run();
    CHECK(results == std::vector<error_code>{errc::send_queue_full, {}, {}});
}

TEST_CASE("P14 a server that does not read stops us from reading and from handling casts", "[connection]")
{
    Fixture f{{}, {.secure = false, .host = "server", .port = 80, .limits = {.send_queue_bytes = 1000}}};
    f.opened();
    f.record->on_frame = [](const Frame&) { return Client::reply(Frame::binary(std::string(1000, 'x'))); };
    f.h().wire->window = 0;
    f.h().say(text("1"));
    f.h().say(text("2"));
    CHECK(f.ref().cast(1));
    f.h().run();
    CHECK(f.lines() == Lines{"frame text:1"});
    f.h().wire->window = 1 << 20;
    f.h().run();
    CHECK(f.lines() == Lines{"cast:1", "frame text:2"});
}

TEST_CASE("the inbox is bounded, and a refused cast is told", "[connection]")
{
    Fixture f{{}, {.secure = false, .host = "server", .port = 80, .limits = {.inbox_messages = 2}}};
    CHECK(f.ref().cast(1));
    CHECK(f.ref().cast(2));
    const auto refused = f.ref().cast(3);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == errc::inbox_full);
    f.h().open();
    CHECK(f.lines() == Lines{"connect", "cast:1", "cast:2"});
    CHECK(f.ref().cast(4));
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

TEST_CASE("a prepare hook without any time limit keeps the client alive until it answers", "[connection]")
{
    Fixture f{{.has_prepare = true}, {.secure = false, .host = "server", .port = 80, .timeouts = {.open = 0ms}}};
    f.h().begin();
    CHECK(f.h().alarm->at());
    (void)f.h().mailbox->put(io::item::Prepared{f.h().prepares.at(0).ticket, f.h().prepares.at(0).conn});
    f.h().run();
    CHECK(f.h().transports == 1);
}
