// SPDX-License-Identifier: BSL-1.0
#include <websockxx/io/connection.hpp>

#include "support/connection_harness.hpp"
#include "support/recorder.hpp"
#include "support/test.hpp"

#include <stdexcept>

using namespace websockxx;
using namespace websockxx::test;
using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

namespace {

struct Fixture {
    std::shared_ptr<Record> record = std::make_shared<Record>();
    std::unique_ptr<Harness> harness;

    explicit Fixture(core::Settings settings = {}, Conn conn = {.secure = false, .host = "server", .port = 80})
        : harness(std::make_unique<Harness>(std::make_unique<Recorder>(record), std::move(settings), std::move(conn)))
    {
    }

    Harness& h() { return *harness; }
    Ref<Recorder> ref() { return Ref<Recorder>{harness->mailbox}; }

    /// What the client heard since the last question.
    Lines lines() { return std::exchange(record->lines, {}); }

    Fixture& opened()
    {
        h().open();
        REQUIRE(lines() == Lines{"connect"});
        REQUIRE(h().started);
        REQUIRE_FALSE(*h().started);
        return *this;
    }
};

WireFrame text(std::string payload) { return {Opcode::text, std::move(payload)}; }

struct SendResult final : io::SendDone {
    explicit SendResult(std::vector<error_code>& results) : results_(results) {}
    void done(error_code ec) override { results_.push_back(ec); }
    std::vector<error_code>& results_;
};

} // namespace

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

TEST_CASE("WX-077 WX-078 the default handle_ping sends the pong", "[connection]")
{
    Fixture f;
    f.opened();
    f.h().say({Opcode::ping, "Llama and Lambs"});
    CHECK(f.h().heard() == WireFrame{Opcode::pong, "Llama and Lambs", true, 0, true});
    f.h().say({Opcode::ping, ""});
    CHECK(f.h().heard() == WireFrame{Opcode::pong, "", true, 0, true});
}

TEST_CASE("a handle_ping that does not reply sends no pong", "[connection]")
{
    Fixture f;
    f.opened();
    f.record->on_ping = [](const Frame&) { return Client::ok(); };
    f.h().say({Opcode::ping, "x"});
    CHECK(f.lines() == Lines{"ping:x"});
    CHECK_FALSE(f.h().heard());
}

TEST_CASE("WX-038 a callback that closes sends an empty close frame and ends in order", "[connection]")
{
    Fixture f;
    f.opened();
    f.record->on_cast = [](int) { return Client::close(); };
    CHECK(f.ref().cast(1));
    f.h().run();
    CHECK(f.h().heard() == WireFrame{Opcode::close, "", true, 0, true});
    f.h().say({Opcode::close, ""});
    CHECK(f.h().wire->shut_down);
    f.h().end_transport();
    CHECK(f.lines() == Lines{"cast:1", "disconnect 1", "terminate", "destroyed"});
    CHECK(f.record->terminations.at(0).normal());
    CHECK(f.record->terminations.at(0).clean);
    CHECK(f.h().mailbox->ended());
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

TEST_CASE("WX-086 the server's close frame is echoed and reaches handle_disconnect", "[connection]")
{
    Fixture f;
    f.opened();
    f.h().say({Opcode::close, close_payload(4025, "Testing")});
    CHECK(f.h().heard()->payload == close_payload(4025, "Testing"));
    CHECK(f.lines().empty());
    f.h().end_transport();
    CHECK(f.lines() == Lines{"disconnect 1", "terminate", "destroyed"});
    CHECK(f.record->disconnects.at(0).by == CloseReason::By::remote);
    CHECK(f.record->disconnects.at(0).code() == 4025);
}

TEST_CASE("WXB-17 after both close frames a server that keeps TCP open is not waited for long", "[connection]")
{
    Fixture f;
    f.opened();
    f.h().say({Opcode::close, close_payload(1000)});
    f.h().turn(999ms);
    CHECK(f.lines().empty());
    f.h().turn(1ms);
    CHECK(f.lines() == Lines{"disconnect 1", "terminate", "destroyed"});
}

TEST_CASE("WX-096 a server that does not answer our close frame is left after five seconds", "[connection]")
{
    Fixture f;
    f.opened();
    CHECK(f.ref().close());
    f.h().run();
    f.h().turn(4'999ms);
    CHECK(f.lines().empty());
    f.h().turn(1ms);
    CHECK(f.lines() == Lines{"disconnect 1", "terminate", "destroyed"});
    CHECK(f.record->terminations.at(0).error.code() == errc::close_timeout);
}

TEST_CASE("WX-093 a transport that ends without a close frame is a lost connection", "[connection]")
{
    Fixture f;
    f.opened();
    f.h().end_transport();
    CHECK(f.lines() == Lines{"disconnect 1", "terminate", "destroyed"});
    CHECK(f.record->disconnects.at(0).error.code() == errc::connection_lost);
    CHECK(f.record->disconnects.at(0).code() == 1006);
}

TEST_CASE("WX-041 WX-046 WX-051 WX-079 WX-082 a reply on a dead transport leads to handle_disconnect", "[connection]")
{
    Fixture f;
    f.opened();
    f.h().wire->write_error = boost::asio::error::broken_pipe;
    f.record->on_cast = [](int) { return Client::reply(Frame::text("lost")); };
    CHECK(f.ref().cast(1));
    f.h().run();
    CHECK(f.lines() == Lines{"cast:1", "disconnect 1", "terminate", "destroyed"});
    CHECK(f.record->disconnects.at(0).error.code() == errc::connection_lost);
}

TEST_CASE("a close frame that came before the write failed is the reason, not the failure", "[connection]")
{
    Fixture f;
    f.opened();
    f.h().wire->write_error = boost::asio::error::broken_pipe;
    f.h().wire->to_client = encode({Opcode::close, close_payload(1001, "bye")});
    CHECK(f.ref().send(Frame::text("lost")));
    f.h().context.restart();
    f.h().context.poll(); // the client writes before it is told that something came
    REQUIRE(f.record->disconnects.size() == 1);
    CHECK(f.record->disconnects.at(0).code() == 1001);
}

TEST_CASE("WX-040 a reply that cannot be encoded closes with 1011 and asks handle_disconnect", "[connection]")
{
    Fixture f;
    f.opened();
    f.record->on_cast = [](int) { return Client::reply(Frame::ping(std::string(126, 'x'))); };
    CHECK(f.ref().cast(1));
    f.h().run();
    CHECK(f.h().heard()->payload == close_payload(1011));
    f.h().say({Opcode::close, close_payload(1011)});
    f.h().end_transport();
    CHECK(f.lines() == Lines{"cast:1", "disconnect 1", "terminate", "destroyed"});
    CHECK(f.record->terminations.at(0).error.code() == errc::control_frame_too_large);
}

TEST_CASE(
    "WX-053 WX-056 WX-059 WX-062 WX-065 WX-084 a callback that throws closes with 1011 and skips handle_disconnect",
    "[connection]")
{
    Fixture f;
    f.opened();
    const auto fail = [](auto&&) -> Action { throw std::runtime_error("boom"); };
    f.record->on_cast = fail;
    f.record->on_info = fail;
    f.record->on_frame = fail;
    f.record->on_ping = fail;
    f.record->on_pong = fail;
    SECTION("handle_cast") { CHECK(f.ref().cast(1)); }
    SECTION("handle_info") { CHECK(f.ref().info("x")); }
    SECTION("handle_frame") { f.h().wire->to_client = encode(text("x")); }
    SECTION("handle_ping") { f.h().wire->to_client = encode({Opcode::ping, "x"}); }
    SECTION("handle_pong") { f.h().wire->to_client = encode({Opcode::pong, "x"}); }
    f.h().run();
    CHECK(f.h().heard()->payload == close_payload(1011));
    CHECK(f.h().wire->closed);
    const auto lines = f.lines();
    REQUIRE(lines.size() == 3);
    CHECK(lines[1] == "terminate");
    CHECK(lines[2] == "destroyed");
    const auto& reason = f.record->terminations.at(0);
    CHECK(reason.error.code() == errc::callback_threw);
    CHECK(reason.error.detail() == "boom");
    CHECK_THROWS_AS(std::rethrow_exception(reason.exception), std::runtime_error);
}

TEST_CASE(
    "WX-052 WX-055 WX-058 WX-061 WX-064 WXB-19 a close code that may not be sent is a bad response", "[connection]")
{
    Fixture f;
    f.opened();
    const auto bad = [](auto&&) { return Client::close(999, "x"); };
    f.record->on_cast = bad;
    f.record->on_info = bad;
    f.record->on_frame = bad;
    f.record->on_ping = bad;
    f.record->on_pong = bad;
    SECTION("handle_cast") { CHECK(f.ref().cast(1)); }
    SECTION("handle_info") { CHECK(f.ref().info("x")); }
    SECTION("handle_frame") { f.h().wire->to_client = encode(text("x")); }
    SECTION("handle_ping") { f.h().wire->to_client = encode({Opcode::ping, "x"}); }
    SECTION("handle_pong") { f.h().wire->to_client = encode({Opcode::pong, "x"}); }
    f.h().run();
    CHECK(f.h().heard()->payload == close_payload(1011));
    CHECK(f.record->terminations.at(0).error.code() == errc::bad_response);
    CHECK(f.record->disconnects.empty());
}

TEST_CASE("WX-106 a client without handle_frame ends when a message arrives, and says why", "[connection]")
{
    struct Bare : Client {};
    Harness h{std::make_unique<Bare>()};
    h.open();
    h.say(text("x"));
    CHECK(h.heard()->payload == close_payload(1011));
    REQUIRE(h.mailbox->reason());
    CHECK(h.mailbox->reason()->error.code() == errc::unhandled_frame);
    CHECK_THAT(h.mailbox->reason()->message(), ContainsSubstring("handle_frame"));
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

TEST_CASE("WX-095 a half message of the old connection does not reach the new one", "[connection]")
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

TEST_CASE("WX-013 a first handle_connect that throws fails the start, without terminate", "[connection]")
{
    Fixture f;
    f.record->on_connect = [](const Connected&) -> Action { throw std::runtime_error("no"); };
    f.h().begin();
    f.h().accept();
    REQUIRE(f.h().started);
    CHECK(f.h().started->detail() == "no");
    CHECK(f.lines() == Lines{"connect", "destroyed"});
    CHECK_FALSE(f.h().heard());
    CHECK(f.h().wire->closed);
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

TEST_CASE("WXB-22 stop sends 1001 once and skips handle_disconnect; abort sends nothing", "[connection]")
{
    Fixture f;
    f.opened();
    SECTION("stop")
    {
        f.ref().stop();
        f.h().run();
        CHECK(f.h().heard()->payload == close_payload(1001));
        CHECK(f.record->terminations.at(0).error.code() == errc::stopped);
    }
    SECTION("abort")
    {
        f.ref().abort();
        f.h().run();
        CHECK_FALSE(f.h().heard());
        CHECK(f.record->terminations.at(0).error.code() == errc::aborted);
    }
    SECTION("stop while closing")
    {
        CHECK(f.ref().close(4000));
        f.ref().stop();
        f.h().run();
        CHECK(f.h().heard()->payload == close_payload(4000));
        CHECK_FALSE(f.h().heard());
    }
    CHECK(f.lines() == Lines{"terminate", "destroyed"});
    CHECK(f.h().wire->closed);
}

TEST_CASE("a context that is destroyed first takes the client with it, and tells whoever waits", "[connection]")
{
    auto record = std::make_shared<Record>();
    std::shared_ptr<io::Mailbox> mailbox;
    std::vector<error_code> results;
    {
        Harness h{std::make_unique<Recorder>(record)};
        h.open();
        mailbox = h.mailbox;
        (void)mailbox->put(io::item::Send{1, Frame::text("x"), std::make_unique<SendResult>(results)});
    }
    REQUIRE(mailbox->reason());
    CHECK(mailbox->reason()->error.code() == errc::runtime_ended);
    CHECK(record->lines == Lines{"connect", "destroyed"});
    CHECK(results == std::vector<error_code>{errc::client_ended});
    CHECK(mailbox->put(io::item::CancelLater{1}) == errc::client_ended);
}

TEST_CASE("an abnormal end is logged once, an orderly one is not", "[connection]")
{
    Fixture f;
    f.opened();
    SECTION("abnormal")
    {
        f.h().end_transport();
        REQUIRE(f.h().log.size() == 1);
        CHECK_THAT(f.h().log[0], ContainsSubstring("ended"));
    }
    SECTION("orderly")
    {
        f.h().say({Opcode::close, close_payload(1000)});
        f.h().end_transport();
        CHECK(f.h().log.empty());
    }
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
