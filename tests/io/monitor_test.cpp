// SPDX-License-Identifier: BSL-1.0
#include <websockxx/io/monitor.hpp>

#include "support/connection_harness.hpp"
#include "support/event_script.hpp"
#include "support/recorder.hpp"
#include "support/test.hpp"

#include <functional>
#include <memory>
#include <random>
#include <stdexcept>

using namespace websockxx;
using namespace websockxx::test;
using namespace std::chrono_literals;

namespace {

using Lines = std::vector<std::string>;

/// A Recorder that an EventScript observes.
struct Scene {
    std::shared_ptr<Record> record = std::make_shared<Record>();
    std::shared_ptr<EventScript> script = std::make_shared<EventScript>();
    Harness h;
    int answered = 0; ///< the number of the transport that was, the last time

    explicit Scene(core::Settings settings = {}, Conn conn = {.secure = false, .host = "server", .port = 80})
        : h(std::make_unique<Recorder>(record), std::move(settings), std::move(conn), {.watchers = {{script}}})
    {
    }
    Ref<Recorder> ref() { return Ref<Recorder>{h.mailbox}; }
    Lines take() { return script->take(); }

    Scene& opened()
    {
        h.open();
        REQUIRE(take() ==
                Lines{"attempt 1 ws://server/", "connected", "upgraded first", "callback handle_connect returned"});
        return *this;
    }
    void end_of_connection(error_code ec = boost::asio::error::eof) { h.end_transport(ec); }
};

core::Settings initial_failures() { return {.handle_initial_conn_failure = true}; }

WireFrame text(std::string payload) { return {Opcode::text, std::move(payload)}; }

} // namespace

TEST_CASE(
    "WX-208 a connection is told when it is there, before handle_connect, and again after a reconnect", "[monitor]")
{
    Scene s;
    s.opened();
    s.record->on_disconnect = [](const Disconnect&) { return reconnect_in(5ms); };
    s.end_of_connection();
    CHECK(s.take() == Lines{"disconnected lost 1 1006", "callback handle_disconnect returned", "retry 5"});
    s.h.turn(5ms);
    s.h.accept();
    CHECK(
        s.take() == Lines{"attempt 2 ws://server/", "connected", "upgraded again", "callback handle_connect returned"});
    CHECK(s.script->clients.front() == s.script->clients.back());
}

TEST_CASE("WX-209 WXB-27 the end is told once, also for a bad response of a callback", "[monitor]")
{
    Scene s;
    s.opened();
    s.record->on_info = [](const std::string&) { return Client::close(77); };
    CHECK(s.ref().info("bad"));
    s.h.run();
    CHECK(s.take() == Lines{"callback handle_message returned", "control out close 2", "disconnected lost 0 1011",
                          "callback terminate returned", "terminated 1011"});
}

TEST_CASE("WX-210 the server's close is told: both close frames, and the end of the connection", "[monitor]")
{
    Scene s;
    s.opened();
    s.h.say({Opcode::close, close_payload(4000, "bye")});
    s.end_of_connection();
    CHECK(s.take() == Lines{"control in close 5", "control out close 5", "disconnected lost 1 4000",
                          "callback handle_disconnect returned", "callback terminate returned", "terminated 4000"});
}

TEST_CASE("WX-211 what is sent is told: by a ref, as a reply, by default, and by the heartbeat", "[monitor]")
{
    Scene s;
    s.opened();
    CHECK(s.ref().send(Frame::ping("abc")));
    CHECK(s.ref().send(Frame::text("hello")));
    s.h.run();
    CHECK(s.take() == Lines{"control out ping 3", "message out text 5 1"});

    s.record->on_cast = [](int) { return Client::reply(Frame::binary("12"), Frame::pong()); };
    CHECK(s.ref().cast(1));
    s.h.run();
    CHECK(s.take() == Lines{"callback handle_message returned", "message out binary 2 1", "control out pong 0"});

    s.h.say({Opcode::ping, "x"});
    CHECK(s.take() == Lines{"control in ping 1", "callback handle_ping returned", "control out pong 1"});

    s.h.turn(20s);
    CHECK(s.take() == Lines{"control out ping 0"});
    s.h.clock->now += 3ms;
    s.h.say({Opcode::pong, ""});
    CHECK(s.take() == Lines{"round trip 3000000", "control in pong 0", "callback handle_pong returned"});
}

TEST_CASE("WX-211 a message that is sent in fragments is told once, with its size and its frames", "[monitor]")
{
    Scene s;
    s.opened();
    for (const auto& frame : {Frame::text_fragment("ab"), Frame::continuation("c"), Frame::ping(), Frame::finish("de")})
        CHECK(s.ref().send(frame));
    s.h.run();
    CHECK(s.take() == Lines{"control out ping 0", "message out text 5 3"});
}

TEST_CASE("what handle_connect replies is told, and what cannot be sent is not", "[monitor]")
{
    Scene s;
    s.record->on_connect = [](const Connected&) { return Client::reply(Frame::text("subscribe")); };
    s.h.open();
    CHECK(s.take().back() == "message out text 9 1");
    CHECK(s.ref().send(Frame::continuation("of nothing")));
    s.h.run();
    CHECK(s.take().empty());
}

TEST_CASE("WX-212 what arrives is told: messages with the frames that they came in, and control frames", "[monitor]")
{
    Scene s;
    s.opened();
    s.h.say(encode(text("one")) + encode({Opcode::binary, "four"}));
    CHECK(s.take() == Lines{"message in text 3 1", "callback handle_frame returned", "message in binary 4 1",
                          "callback handle_frame returned"});
    s.h.say(encode({Opcode::text, "ab", false}) + encode({Opcode::pong, "!"}) +
            encode({Opcode::continuation, "c", false}) + encode({Opcode::continuation, "de"}));
    CHECK(s.take() == Lines{"control in pong 1", "callback handle_pong returned", "message in text 5 3",
                          "callback handle_frame returned"});
    s.h.say(encode(text("small")));
    CHECK(s.take() == Lines{"message in text 5 1", "callback handle_frame returned"});
}

TEST_CASE("a message that is delivered in parts is told with its last part", "[monitor]")
{
    struct Parts : Client {
        Action handle_fragment(const Fragment&) override { return ok(); }
    };
    const auto script = std::make_shared<EventScript>();
    Harness h{std::make_unique<Parts>(), {}, {.secure = false, .host = "server", .port = 80, .deliver_fragments = true},
        {.watchers = {{script}}}};
    h.open();
    script->take();
    h.say({Opcode::text, "ab", false});
    CHECK(script->take() == Lines{"callback handle_fragment returned"});
    h.say({Opcode::continuation, "cde"});
    CHECK(script->take() == Lines{"message in text 5 2", "callback handle_fragment returned"});
}

TEST_CASE("a refused first attempt is told as disconnected and as the end, though no callback hears of it", "[monitor]")
{
    Scene s;
    s.h.begin();
    s.h.refuse(Error{errc::no_address, Phase::resolve});
    CHECK(s.take() == Lines{"attempt 1 ws://server/", "disconnected failed 0 1006", "terminated 1006"});
}

TEST_CASE("attempts that fail carry the numbers that handle_disconnect sees", "[monitor]")
{
    Scene s{initial_failures()};
    s.record->on_disconnect = [](const Disconnect& why) {
        return why.attempt < 2 ? reconnect_in(1ms) : Decision{Ok{}};
    };
    s.h.begin();
    s.h.refuse(Error{errc::no_address, Phase::resolve});
    s.h.turn(1ms);
    s.h.refuse(Error{errc::no_address, Phase::resolve});
    CHECK(s.take() == Lines{"attempt 1 ws://server/", "disconnected failed 1 1006",
                          "callback handle_disconnect returned", "retry 1", "attempt 2 ws://server/",
                          "disconnected failed 2 1006", "callback handle_disconnect returned", "terminated 1006"});
}

TEST_CASE("an attempt that cannot even begin is told from beginning to end", "[monitor]")
{
    Scene s;
    s.opened();
    s.record->on_disconnect = [](const Disconnect& why) {
        return why.attempt == 1 ? reconnect_in(0ms, Conn{.host = ""}) : Decision{Ok{}};
    };
    s.end_of_connection();
    s.take();
    s.h.turn(0ms);
    const auto lines = s.take();
    REQUIRE(lines.size() >= 2);
    CHECK_THAT(lines[0], StartsWith("attempt 2"));
    CHECK_THAT(lines[1], StartsWith("disconnected failed 2"));
}

TEST_CASE("with a prepare hook the attempt begins with it", "[monitor]")
{
    Scene s{{.has_prepare = true}};
    s.h.begin();
    CHECK(s.take() == Lines{"attempt 1 ws://server/"});
    (void)s.h.mailbox->put(io::item::Prepared{s.h.prepares.at(0).ticket, s.h.prepares.at(0).conn});
    s.h.run();
    s.h.accept();
    CHECK(s.take() == Lines{"connected", "upgraded first", "callback handle_connect returned"});
}

TEST_CASE("a callback that throws is told as one that threw, once, with the close frame that follows", "[monitor]")
{
    Scene s;
    s.opened();
    s.record->on_frame = [](const Frame&) -> Action { throw std::runtime_error("no"); };
    s.h.say(text("x"));
    CHECK(s.take() == Lines{"message in text 1 1", "callback handle_frame threw", "control out close 2",
                          "disconnected lost 0 1011", "callback terminate returned", "terminated 1011"});
}

TEST_CASE("a handle_connect that throws is told, for the first connection and for a later one", "[monitor]")
{
    Scene s;
    s.record->on_connect = [](const Connected&) -> Action { throw std::runtime_error("no"); };
    SECTION("the first")
    {
        s.h.open();
        CHECK(s.take() == Lines{"attempt 1 ws://server/", "connected", "upgraded first",
                              "callback handle_connect threw", "disconnected lost 0 1006", "terminated 1006"});
    }
    SECTION("a later one")
    {
        const auto fails = std::exchange(s.record->on_connect, {});
        s.opened();
        s.record->on_connect = fails;
        s.record->on_disconnect = [](const Disconnect&) { return reconnect_in(0ms); };
        s.end_of_connection();
        s.h.turn(0ms);
        s.take();
        s.h.accept();
        CHECK(s.take() == Lines{"connected", "upgraded again", "callback handle_connect threw", "control out close 2",
                              "disconnected lost 0 1011", "callback terminate returned", "terminated 1011"});
    }
}

TEST_CASE("TLS is told between TCP and the WebSocket", "[monitor]")
{
    Scene s{{}, {.secure = true, .host = "server", .port = 443}};
    s.h.begin();
    s.h.transport->says = "TLSv1.3 TLS_AES_256_GCM_SHA384";
    s.h.transport->far_end = "192.0.2.1:443";
    s.h.accept();
    CHECK(s.take() == Lines{"attempt 1 wss://server/", "connected 192.0.2.1:443", "tls TLSv1.3 TLS_AES_256_GCM_SHA384",
                          "upgraded first", "callback handle_connect returned"});
}

TEST_CASE("the queue is told when it is high and when it is drained, once each, and drained by the end", "[monitor]")
{
    Conn conn{.secure = false, .host = "server", .port = 80};
    conn.limits.send_queue_bytes = 100;
    Scene s{{}, conn};
    s.opened();
    s.h.wire->window = 0;
    CHECK(s.ref().send(Frame::text(std::string(120, 'x'))));
    s.h.run();
    CHECK(s.take() == Lines{"message out text 120 1", "high 126"});
    CHECK_FALSE(s.ref().send(Frame::text("refused")));
    s.h.run();
    CHECK(s.take().empty());
    s.h.wire->window = 50;
    s.h.run();
    CHECK(s.take().empty());
    s.h.wire->window = 1000;
    s.h.run();
    CHECK(s.take() == Lines{"drained 0"});

    s.h.wire->window = 0;
    CHECK(s.ref().send(Frame::text(std::string(120, 'x'))));
    s.h.run();
    s.take();
    s.ref().stop();
    s.h.run();
    CHECK(s.take() == Lines{"control out close 2", "drained 0", "disconnected lost 0 1001",
                          "callback terminate returned", "terminated 1001"});
}

TEST_CASE("a client that ends with its executor is told as ended, once", "[monitor]")
{
    const auto script = std::make_shared<EventScript>();
    {
        Harness h{std::make_unique<Recorder>(std::make_shared<Record>()), {},
            {.secure = false, .host = "server", .port = 80}, {.watchers = {{script}}}};
        h.open();
    }
    CHECK(check_grammar(script->lines) == "");
    CHECK(script->lines.back() == "terminated 1006");
}

TEST_CASE("an observer that was ended hears no more, and others do", "[monitor]")
{
    const auto ended = std::make_shared<std::atomic<bool>>(false);
    const auto one = std::make_shared<EventScript>();
    const auto other = std::make_shared<EventScript>();
    Harness h{std::make_unique<Recorder>(std::make_shared<Record>()), {},
        {.secure = false, .host = "server", .port = 80}, {.watchers = {{one, ended}, {other}}}};
    h.open();
    CHECK(one->lines == other->lines);
    *ended = true;
    h.say(text("x"));
    CHECK(one->lines.size() + 2 == other->lines.size());
}

// ---- Every path

namespace {

/// Something that may happen to a client, in whatever state it is.
using Move = std::function<void(Scene&)>;

std::vector<Move> moves()
{
    const auto if_open = [](auto move) {
        return [move](Scene& s) {
            if (s.h.transport && !s.h.wire->closed) move(s);
        };
    };
    return {
        if_open([](Scene& s) {
            if (std::exchange(s.answered, s.h.transports) == s.h.transports) return; // once for each transport
            s.h.transport->connect();
            s.h.transport->opened();
            s.h.run();
            const auto request = s.h.wire->take();
            if (request.starts_with("GET")) s.h.say(upgrade_answer(request));
        }),
        if_open([](Scene& s) {
            s.h.refuse(Error{errc::no_address, Phase::resolve});
        }),
        if_open([](Scene& s) { s.h.say("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"); }),
        if_open([](Scene& s) { s.h.say(text("hello")); }),
        if_open([](Scene& s) { s.h.say(text("throw")); }),
        if_open([](Scene& s) { s.h.say(text("close")); }),
        if_open([](Scene& s) { s.h.say(text("bad")); }),
        if_open([](Scene& s) {
            s.h.say({Opcode::ping, "p"});
        }),
        if_open([](Scene& s) {
            s.h.say({Opcode::close, close_payload(1000)});
        }),
        if_open([](Scene& s) { s.h.say(std::string("\xF3\x01?", 3)); }),
        if_open([](Scene& s) { s.h.end_transport(); }),
        if_open([](Scene& s) { s.h.end_transport(boost::asio::error::connection_reset); }),
        if_open([](Scene& s) { s.h.wire->window = 0; }),
        if_open([](Scene& s) {
            s.h.wire->window = 100'000;
            s.h.run();
        }),
        [](Scene& s) { s.h.turn(1s); },
        [](Scene& s) { s.h.turn(30s); },
        [](Scene& s) {
            (void)s.ref().send(Frame::text(std::string(200, 'x')));
            s.h.run();
        },
        [](Scene& s) {
            (void)s.ref().close();
            s.h.run();
        },
    };
}

} // namespace

TEST_CASE("each event comes exactly once on every path: a thousand lives keep the grammar", "[monitor]")
{
    const auto all = moves();
    for (unsigned seed = 0; seed < 1000; ++seed) {
        std::minstd_rand random{seed + 1};
        Conn conn{.secure = seed % 3 == 0, .host = "server", .port = 80};
        conn.limits.send_queue_bytes = 300;
        const auto settings = seed % 2 == 0 ? core::Settings{} : initial_failures();
        Scene s{settings, conn};
        s.record->on_frame = [](const Frame& frame) -> Action {
            if (frame.text() == "throw") throw std::runtime_error("thrown");
            if (frame.text() == "close") return Client::close(4000, "bye");
            if (frame.text() == "bad") return Client::reply(Frame::finish("of nothing"));
            return Client::reply(frame);
        };
        int left = 4;
        s.record->on_disconnect = [&](const Disconnect&) { return --left > 0 ? reconnect_in(1s) : Decision{Ok{}}; };
        s.h.begin();
        for (int i = 0; i < 25 && !s.h.mailbox->ended(); ++i) {
            // Connections should get somewhere: accepting is likelier than anything else.
            const auto draw = random() % (all.size() + 8);
            all[draw < all.size() ? draw : 0](s);
        }
        seed % 5 == 0 ? s.ref().abort() : s.ref().stop();
        s.h.run();
        REQUIRE(s.h.mailbox->ended());
        const auto wrong = check_grammar(s.script->lines);
        if (!wrong.empty()) {
            for (const auto& line : s.script->lines) UNSCOPED_INFO(line);
        }
        INFO("seed " << seed << ", " << wrong);
        REQUIRE(wrong.empty());
    }
}
