// SPDX-License-Identifier: BSL-1.0
#include <websockxx/io/connection.hpp>

#include "support/connection_harness.hpp"
#include "support/recorder.hpp"
#include "support/test.hpp"

#include <websockxx/detail/text.hpp>

#include <stdexcept>

using namespace websockxx;
using namespace websockxx::test;
using namespace std::chrono_literals;

namespace {

using Lines = std::vector<std::string>;

/// A Recorder whose status says something.
class Sayer : public Recorder {
public:
    Sayer(std::shared_ptr<Record> record, std::function<std::string()> says)
        : Recorder(std::move(record)), says_(std::move(says))
    {
    }
    std::string format_status() const override { return says_(); }

private:
    std::function<std::string()> says_;
};

struct Scene {
    std::shared_ptr<Record> record = std::make_shared<Record>();
    Harness h;

    explicit Scene(
        io::Hooks hooks = {}, core::Settings settings = {}, Conn conn = {.secure = false, .host = "server", .port = 80},
        std::function<std::string()> says = [] { return std::string{}; })
        : h(std::make_unique<Sayer>(record, std::move(says)), std::move(settings), std::move(conn), std::move(hooks))
    {
    }
    Ref<Recorder> ref() { return Ref<Recorder>{h.mailbox}; }

    /// By async_status(), since in a test nobody else runs the connection.
    Status status()
    {
        std::optional<Status> told;
        ref().async_status([&](error_code ec, Status status) {
            REQUIRE_FALSE(ec);
            told = std::move(status);
        });
        h.run();
        return told.value();
    }
    /// What was traced since the last question, without the client's name.
    Lines traced()
    {
        Lines lines;
        for (const auto& line : std::exchange(h.log, {})) lines.push_back(line.substr(line.find(' ') + 1));
        return lines;
    }
};

} // namespace

TEST_CASE("WX-112 WX-117 the status says connecting while the first connection is opened, then connected", "[status]")
{
    Scene s;
    s.h.begin();
    auto status = s.status();
    CHECK(status.state == Status::State::connecting);
    CHECK(status.attempts == 1);
    CHECK(status.url == "ws://server/");
    CHECK_FALSE(status.reason);
    CHECK(status.client != 0);
    CHECK(status.name == "#" + std::to_string(status.client));

    s.h.transport->far_end = "192.0.2.1:80";
    s.h.accept();
    s.h.clock->now += 3s;
    status = s.status();
    CHECK(status.state == Status::State::connected);
    CHECK(status.endpoint == "192.0.2.1:80");
    CHECK(status.tls_version.empty());
    CHECK(status.uptime == 3s);
    CHECK(status.bytes_received > 0);
    CHECK(status.bytes_sent > 0);
}

TEST_CASE("WX-113 the status says closing, and why, while the server does not answer the close frame", "[status]")
{
    Scene s;
    s.h.open();
    CHECK(s.ref().close());
    s.h.run();
    const auto status = s.status();
    CHECK(status.state == Status::State::closing);
    REQUIRE(status.reason);
    CHECK(status.reason->by == CloseReason::By::local);
    CHECK(status.reason->code() == 1005);
}

TEST_CASE("the status of a client that waits says how the connection ended, and keeps its totals", "[status]")
{
    Scene s;
    s.record->on_disconnect = [](const Disconnect&) { return reconnect_in(1s); };
    s.h.open();
    (void)s.ref().send_after(5s, std::string{"later"});
    const auto before = s.status();
    s.h.end_transport();
    CHECK(s.ref().cast(1));
    auto status = s.status();
    CHECK(status.state == Status::State::waiting);
    CHECK(status.reason.value().error.code() == errc::connection_lost);
    CHECK(status.bytes_received == before.bytes_received);
    CHECK(status.uptime == 0s);
    CHECK(status.messages_waiting == 1);
    CHECK(status.timers == 1);
    s.h.turn(1s);
    CHECK(s.status().state == Status::State::connecting);
    CHECK(s.status().reason);
    s.h.accept();
    status = s.status();
    CHECK(status.attempts == 2);
    CHECK_FALSE(status.reason);
    CHECK(status.bytes_received > before.bytes_received);
}

TEST_CASE("the status shows TLS, the subprotocol and what waits to be sent, and no secret", "[status]")
{
    Conn conn{.host = "server", .target = "/?token=s3cret"};
    conn.subprotocols = {"v2"};
    conn.credentials = Credentials{"me", "s3cret"};
    Scene s{{}, {}, conn};
    s.h.begin();
    s.h.transport->says = "TLSv1.3 TLS_AES_256_GCM_SHA384";
    s.h.transport->connect();
    s.h.transport->opened();
    s.h.run();
    s.h.say(upgrade_answer(s.h.wire->take(), "Sec-WebSocket-Protocol: v2\r\n"));
    s.h.wire->window = 0;
    CHECK(s.ref().send(Frame::text("12345")));
    s.h.run();
    const auto status = s.status();
    CHECK(status.url == "wss://server/?token=***");
    CHECK(status.tls_version == "TLSv1.3");
    CHECK(status.tls_cipher == "TLS_AES_256_GCM_SHA384");
    CHECK(status.subprotocol == "v2");
    CHECK_FALSE(status.deflate);
    CHECK(status.send_queue_bytes == 11);
}

TEST_CASE("the status has the round trips of the heartbeat", "[status]")
{
    Scene s;
    s.h.open();
    s.h.turn(20s);
    s.h.clock->now += 7ms;
    s.h.say({Opcode::pong, ""});
    CHECK(s.status().round_trip == RoundTripTimes{.count = 1, .last = 7ms, .mean = 7ms, .max = 7ms});
    s.h.say({Opcode::pong, ""});
    CHECK(s.status().round_trip.count == 1);
}

TEST_CASE("WX-102 what format_status says is part of the status; WX-103 if it throws, that is logged and left out",
    "[status]")
{
    Scene good{{}, {}, {.secure = false, .host = "server", .port = 80}, [] { return std::string{"rooms: 2"}; }};
    good.h.open();
    CHECK(good.status().details == "rooms: 2");

    Scene bad{{}, {}, {.secure = false, .host = "server", .port = 80},
        []() -> std::string { throw std::runtime_error("no rooms"); }};
    bad.h.open();
    CHECK(bad.status().state == Status::State::connected);
    REQUIRE(bad.h.log.size() == 1);
    CHECK_THAT(bad.h.log[0], ContainsSubstring("format_status") && ContainsSubstring("no rooms"));
}

TEST_CASE("a status after the end, or where waiting could never end, is refused", "[status]")
{
    Scene s;
    s.h.open();
    std::optional<error_code> inside;
    s.record->on_cast = [&](int) {
        inside = s.ref().status().error().code();
        CHECK(s.ref().trace_log().error().code() == errc::calling_self);
        CHECK(s.ref().statistics().error().code() == errc::calling_self);
        return Client::ok();
    };
    CHECK(s.ref().cast(1));
    s.h.run();
    CHECK(inside == error_code{errc::calling_self});
    s.ref().abort();
    s.h.run();
    CHECK(s.ref().status().error().code() == errc::client_ended);
    CHECK(s.ref().debug({}).error().code() == errc::client_ended);
    CHECK(Ref<>{}.trace().error().code() == errc::client_ended);
}

TEST_CASE("a conversation is traced as WebSockex does, from the attempt to the end", "[trace]")
{
    Scene s{{.debug = {.trace = true, .payloads = true}, .name = "echo"}};
    s.record->on_frame = [](const Frame& frame) {
        return frame.text() == "bye" ? Client::close() : Client::reply(Frame::text("ok"));
    };
    s.h.begin();
    CHECK(s.h.log == Lines{"echo attempting to connect to ws://server/"});
    s.h.accept();
    auto lines = s.traced();
    REQUIRE(lines.size() >= 2);
    CHECK(lines[1] == "successfully connected");
    s.h.say(encode({Opcode::text, "hel", false}) + encode({Opcode::continuation, "lo"}));
    CHECK(s.ref().send(Frame::ping("x")));
    CHECK(s.ref().cast(1));
    s.h.run();
    CHECK(s.traced() == Lines{"completed fragmented frame: text, 5 bytes: \"hello\"",
                            "replying from handle_frame with text, 2 bytes: \"ok\"",
                            "sending frame: ping, 1 byte: \"x\"", "received msg: int"});
    s.h.say({Opcode::text, "bye"});
    s.h.say({Opcode::close, ""});
    s.h.end_transport();
    lines = s.traced();
    REQUIRE(lines.size() == 5);
    CHECK(lines[0] == "received frame: text, 3 bytes: \"bye\"");
    CHECK(lines[1] == "closing with local reason: closed by us");
    CHECK(lines[2] == "sending close frame");
    CHECK(lines[3] == "closed the connection successfully");
    CHECK_THAT(lines[4], StartsWith("terminating: "));
}

TEST_CASE("the server's close, a lost connection and a failing callback are traced", "[trace]")
{
    SECTION("the server's close")
    {
        Scene s{{.debug = {.trace = true}}};
        s.h.open();
        s.traced();
        s.h.say({Opcode::close, close_payload(4000, "bye")});
        const auto lines = s.traced();
        REQUIRE(lines.size() == 2);
        CHECK_THAT(lines[0], StartsWith("closing with the remote reason: "));
        CHECK(lines[1] == "sending close frame: 4000 \"bye\"");
    }
    SECTION("a lost connection, and the way back")
    {
        Scene s{{.debug = {.trace = true}}};
        s.record->on_disconnect = [](const Disconnect&) { return reconnect_in(10ms); };
        s.h.open();
        s.traced();
        s.h.end_transport();
        s.h.turn(10ms);
        s.h.accept();
        auto lines = s.traced();
        REQUIRE(lines.size() >= 4);
        CHECK(lines[0] == "had the connection closed unexpectedly by the remote server");
        CHECK(lines[1] == "attempting to reconnect in 10 ms");
        CHECK(lines[2] == "attempting to connect to ws://server/");
        CHECK(lines[3] == "successfully reconnected");
    }
    SECTION("a failing callback")
    {
        Scene s{{.debug = {.trace = true}}};
        s.record->on_frame = [](const Frame&) -> Action { throw std::runtime_error("no"); };
        s.h.open();
        s.traced();
        s.h.say({Opcode::text, "x"});
        const auto lines = s.traced();
        REQUIRE(lines.size() >= 3);
        CHECK_THAT(lines[1], StartsWith("closing due to error: "));
        CHECK(lines[2] == "sending error close frame: 1011");
    }
    SECTION("a server that does not close")
    {
        Scene s{{.debug = {.trace = true}}};
        s.h.open();
        CHECK(s.ref().close());
        s.h.run();
        s.traced();
        s.h.turn(5s);
        CHECK(s.traced().at(0) == "forcefully closed the connection because the server was taking too long to close");
    }
}

TEST_CASE("tracing is switched on and off on a living client, also while it is connecting", "[trace]")
{
    Scene s;
    s.h.begin();
    CHECK(s.h.connection->monitor() == nullptr);
    CHECK(s.ref().trace());
    s.h.run();
    s.h.accept();
    CHECK(s.traced().at(0) == "successfully connected");
    s.h.say({Opcode::text, "x"});
    CHECK(s.traced() == Lines{"received frame: text, 1 byte"});
    CHECK(s.ref().trace(false));
    s.h.say({Opcode::text, "y"});
    CHECK(s.traced().empty());
    CHECK(s.h.connection->monitor() == nullptr);
}

TEST_CASE("statistics count from when they were asked for, and the log keeps the last lines", "[trace]")
{
    Scene s;
    s.h.open();
    s.h.say({Opcode::text, "not counted"});
    CHECK(s.ref().debug({.log = 2, .statistics = true}));
    s.h.say({Opcode::text, "1"});
    s.h.say({Opcode::text, "22"});
    s.h.say({Opcode::ping, ""});
    const auto* monitor = s.h.connection->monitor();
    REQUIRE(monitor != nullptr);
    CHECK(monitor->statistics()->received.messages == 2);
    CHECK(monitor->statistics()->received.message_bytes == 3);
    CHECK(monitor->statistics()->sent.pongs == 1);
    const auto last = monitor->trace_log();
    REQUIRE(last.size() == 2);
    CHECK_THAT(last[0], EndsWith("received frame: ping, 0 bytes"));
    CHECK_THAT(last[1], EndsWith("replying from handle_ping with pong, 0 bytes"));
    CHECK(s.h.log.empty());

    s.record->on_disconnect = [](const Disconnect&) { return reconnect_in(1s); };
    s.h.end_transport();
    CHECK(s.h.connection->monitor()->statistics()->connections_lost == 1);
    CHECK(s.h.connection->monitor()->statistics()->connections_open == 0); // that it was opened was not counted
}

TEST_CASE(
    "S16 nothing that is traced, logged or shown of a whole life holds a secret or a control character", "[trace]")
{
    const std::string secret = "CANARY";
    Conn conn{.host = "server", .target = "/a?token=" + secret + "&" + secret};
    conn.headers = {{"Authorization", "Bearer " + secret}, {"Cookie", secret}, {"Proxy-Authorization", secret},
        {"X-Api-Key", secret}, {"X-Plain", "shown"}};
    conn.credentials = Credentials{secret, secret};
    Scene s{{.debug = {.trace = true, .log = 100}}, {}, conn};
    s.record->on_disconnect = [](const Disconnect&) { return reconnect_in(0ms); };
    s.record->on_frame = [&](const Frame& frame) { return Client::reply(frame); };
    s.h.begin();
    s.h.transport->connect();
    s.h.transport->opened();
    s.h.run();
    s.h.say(upgrade_answer(s.h.wire->take(), "Set-Cookie: " + secret + "\r\nX-Server: plain\r\n"));
    s.h.say({Opcode::text, secret + "\r\n\x1B[2J"});
    CHECK(s.ref().send(Frame::binary(secret)));
    s.h.run();
    const auto status = s.status();
    s.h.end_transport();
    s.h.turn(0ms);
    s.h.transport->connect();
    s.h.transport->opened();
    s.h.run();
    s.h.say("HTTP/1.1 302 Found\r\nLocation: wss://server/?t=" + secret + "\r\nContent-Length: 0\r\n\r\n");
    std::string all = status.url + status.details;
    for (const auto& line : s.h.log) {
        CHECK_FALSE(detail::has_control_character(line));
        all += line + "\n";
    }
    INFO(all);
    CHECK(all.find(secret) == std::string::npos);
    CHECK(all.find("with header X-Plain: shown") != std::string::npos);
    CHECK(all.find("with header Authorization: ***") != std::string::npos);
    CHECK(all.find("received header Set-Cookie: ***") != std::string::npos);
}
