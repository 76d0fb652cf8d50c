// SPDX-License-Identifier: BSL-1.0
#include <websockxx/start.hpp>

#include "support/fixture_server.hpp"
#include "support/test.hpp"
#include "support/watched_client.hpp"

#include <websockxx/runtime.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include <optional>
#include <stdexcept>

using namespace websockxx;
using namespace websockxx::test;
using namespace std::chrono_literals;

namespace {

struct Fixture {
    FixtureServer server;
    std::shared_ptr<Watch> watch = std::make_shared<Watch>();

    std::unique_ptr<WatchedClient> client(Script script = {})
    {
        return std::make_unique<WatchedClient>(watch, std::move(script));
    }
};

Options quiet(Options options = {})
{
    options.log = {};
    return options;
}

Decision again(WatchedClient&, const Disconnect&) { return reconnect_in(0ms); }

} // namespace

TEST_CASE("WX-011 start with a Conn: what the server sends reaches handle_frame", "[start]")
{
    Fixture f;
    const auto ref = start(f.client(), *Conn::parse(f.server.url()));
    REQUIRE(ref.has_value());
    CHECK(f.watch->next() == "connect");
    f.server.send_text("Hello");
    CHECK(f.watch->next() == "text:Hello");
    ref->stop();
    CHECK(ref->wait().has_value());
}

TEST_CASE(
    "WX-015 WX-042 start_link returns once handle_connect has run, and the Link's end is the client's end", "[start]")
{
    Fixture f;
    {
        const auto link = start_link(f.client(), f.server.url());
        REQUIRE(link.has_value());
        CHECK(f.watch->next() == "connect");
        CHECK(link->alive());
    }
    CHECK(f.watch->next() == "terminate 1001");
    CHECK(f.watch->next() == "destroyed");
    CHECK(f.server.wait_for(Seen::closed).code == 1001);
}

TEST_CASE("WX-123 WXB-25 what a Conn says is used, and reaches handle_connect unchanged", "[start]")
{
    Fixture f;
    auto conn = *Conn::parse(f.server.url("/ws?a=b"));
    conn.headers.add("X-Test", "Shoes");
    std::optional<Conn> seen;
    Script script{.on_connect = [&](WatchedClient&, const Connected& connected) -> Action {
        seen = connected.conn;
        return Client::ok();
    }};
    const auto link = start_link(f.client(std::move(script)), conn, {.handle_initial_conn_failure = true});
    REQUIRE(link.has_value());
    CHECK(seen == conn);
    const auto head = f.server.wait_for(Seen::requested).data;
    CHECK_THAT(head, StartsWith("GET /ws?a=b HTTP/1.1\r\n"));
    CHECK(field(head, "x-test") == "Shoes");
}

TEST_CASE("WX-012 WX-018 an async start returns at once; what fails later is told by wait", "[start]")
{
    Fixture f;
    Script script{
        .on_connect = [](WatchedClient&, const Connected&) -> Action { throw std::runtime_error("Async Test"); }};
    const auto ref = start(f.client(std::move(script)), f.server.url(), quiet({.async = true}));
    REQUIRE(ref.has_value());
    const auto reason = ref->wait();
    REQUIRE(reason.has_value());
    CHECK(reason->error.code() == errc::callback_threw);
    CHECK(reason->error.detail() == "Async Test");
    CHECK(f.watch->next() == "connect");
    CHECK(f.watch->next() == "destroyed");
}

TEST_CASE("WX-013 WX-017 a first handle_connect that throws is the error of start", "[start]")
{
    Fixture f;
    Script script{
        .on_connect = [](WatchedClient&, const Connected&) -> Action { throw std::runtime_error("Async Timeout"); }};
    const auto link = start_link(f.client(std::move(script)), f.server.url());
    REQUIRE_FALSE(link.has_value());
    CHECK(link.error().detail() == "Async Timeout");
    CHECK(f.watch->next() == "connect");
    CHECK(f.watch->next() == "destroyed");
}

TEST_CASE("WX-014 WX-019 what is no URL is refused before anything is started", "[start]")
{
    Fixture f;
    const auto ref = start(f.client(), "lemon_pie");
    REQUIRE_FALSE(ref.has_value());
    CHECK(ref.error().code() == errc::invalid_url);
    CHECK(f.watch->next() == "destroyed");
    const auto link = start_link(f.client(), "lemon_pie");
    REQUIRE_FALSE(link.has_value());
    CHECK(link.error().code() == errc::invalid_url);
}

TEST_CASE("WX-016 an async start_link: a message reaches handle_frame once connected", "[start]")
{
    Fixture f;
    const auto link = start_link(f.client(), f.server.url(), {.async = true});
    REQUIRE(link.has_value());
    CHECK(f.watch->next() == "connect");
    f.server.send_text("Hello");
    CHECK(f.watch->next() == "text:Hello");
}

TEST_CASE("WX-020 handle_connect sees the headers of the answer, over TLS", "[start]")
{
    const CertificateAuthority authority;
    FixtureServer server{authority.issue()};
    auto watch = std::make_shared<Watch>();
    Script script{.on_connect = [&](WatchedClient&, const Connected& connected) -> Action {
        for (const auto* name : {"Connection", "Upgrade", "Sec-WebSocket-Accept"}) {
            watch->note(connected.response.headers.contains(name) ? "has it" : "lacks it");
        }
        return Client::ok();
    }};
    auto conn = *Conn::parse(server.url());
    conn.tls.ca_pem = authority.certificate();
    const auto link = start_link(std::make_unique<WatchedClient>(watch, std::move(script)), conn);
    REQUIRE(link.has_value());
    CHECK(watch->next() == "connect");
    for (int i = 0; i < 3; ++i) CHECK(watch->next() == "has it");
    CHECK(server.wait_for(Seen::tls_open).data == "localhost");

    SECTION("WX-021 pings work in both directions")
    {
        server.send_ping("are you there");
        CHECK(server.wait_for(Seen::pong).data == "are you there");
        CHECK(link->send_frame(Frame::ping("and you")));
        CHECK(watch->next() == "pong:and you");
    }
    SECTION("WX-083 a close frame counts, although the TLS connection then ends without a close_notify")
    {
        server.close(1001, "");
        CHECK(watch->next() == "disconnect 1 1001");
        CHECK(watch->next() == "terminate 1001");
        CHECK(link->wait()->by == CloseReason::By::remote);
    }
    SECTION("WX-094 a TLS connection that ends without a close frame is a lost one")
    {
        SECTION("with a close_notify") { server.end_tls(); }
        SECTION("without") { server.drop(); }
        CHECK(watch->next() == "disconnect 1 1006");
        CHECK(link->wait()->error.code() == errc::connection_lost);
    }
}

TEST_CASE("WX-023 a server of a private CA that sends directly behind the 101", "[start]")
{
    const CertificateAuthority authority;
    FixtureServer server{authority.issue()};
    server.push_text_with_upgrade("Immediate Reply");
    auto watch = std::make_shared<Watch>();
    auto conn = *Conn::parse(server.url());
    SECTION("is trusted with that CA")
    {
        conn.tls.ca_pem = authority.certificate();
        const auto link = start_link(std::make_unique<WatchedClient>(watch), conn);
        REQUIRE(link.has_value());
        CHECK(watch->next() == "connect");
        CHECK(watch->next() == "text:Immediate Reply");
    }
    SECTION("is not trusted without it, which is the default")
    {
        const auto link = start_link(std::make_unique<WatchedClient>(watch), conn);
        REQUIRE_FALSE(link.has_value());
        CHECK(link.error().code() == condition::tls);
        CHECK(link.error().phase() == Phase::tls);
    }
}

TEST_CASE("WX-097 WX-098 WX-105 a refused handshake tells status, headers and body", "[start]")
{
    Fixture f;
    f.server.answer_with({.status = 404, .headers = {{"X-Why", "gone"}}, .body = "nothing here"});
    const auto check = [](const Error& error) {
        CHECK(error.code() == errc::handshake_refused);
        REQUIRE(error.refusal());
        CHECK(error.refusal()->status == 404);
        CHECK(error.refusal()->headers.get("x-why") == "gone");
        CHECK(error.refusal()->body == "nothing here");
    };
    SECTION("without the option handle_disconnect is not asked")
    {
        const auto link = start_link(f.client(), f.server.url());
        REQUIRE_FALSE(link.has_value());
        check(link.error());
        CHECK(f.watch->next() == "destroyed");
    }
    SECTION("with handle_initial_conn_failure it is")
    {
        const auto link = start_link(f.client(), f.server.url(), {.handle_initial_conn_failure = true});
        REQUIRE_FALSE(link.has_value());
        check(link.error());
        CHECK(f.watch->next() == "disconnect 1 1006");
        CHECK(f.watch->next() == "destroyed");
    }
    SECTION("WX-099 it may try again, with attempt numbers and with state")
    {
        std::vector<int> states;
        Script script{.on_disconnect = [&](WatchedClient& self, const Disconnect& why) -> Decision {
            states.push_back(self.state++);
            return why.attempt < 3 ? reconnect_in(0ms) : Decision{Client::ok()};
        }};
        const auto link =
            start_link(f.client(std::move(script)), f.server.url(), {.handle_initial_conn_failure = true});
        REQUIRE_FALSE(link.has_value());
        check(link.error());
        for (const auto* line : {"disconnect 1 1006", "disconnect 2 1006", "disconnect 3 1006", "destroyed"}) {
            CHECK(f.watch->next() == line);
        }
        CHECK(states == std::vector{0, 1, 2});
    }
    SECTION("WX-100 it may go to another server")
    {
        FixtureServer good;
        Script script{.on_disconnect = [&](WatchedClient&, const Disconnect&) {
            return reconnect_in(0ms, *Conn::parse(good.url()));
        }};
        const auto link =
            start_link(f.client(std::move(script)), f.server.url(), {.handle_initial_conn_failure = true});
        REQUIRE(link.has_value());
        CHECK(f.watch->next() == "disconnect 1 1006");
        CHECK(f.watch->next() == "connect");
        good.send_text("hi");
        CHECK(f.watch->next() == "text:hi");
    }
}

TEST_CASE("WX-070 WX-074 callbacks that fail before the first success fail the start, without terminate", "[start]")
{
    Fixture f;
    Options options{.handle_initial_conn_failure = true};
    SECTION("handle_disconnect")
    {
        f.server.answer_with({.status = 404});
        Script script{
            .on_disconnect = [](WatchedClient&, const Disconnect&) -> Decision { throw std::runtime_error("bad"); }};
        const auto link = start_link(f.client(std::move(script)), f.server.url(), options);
        REQUIRE_FALSE(link.has_value());
        CHECK(link.error().code() == errc::callback_threw);
        CHECK(f.watch->next() == "disconnect 1 1006");
    }
    SECTION("handle_connect, with something that cannot be sent")
    {
        Script script{.on_connect = [](WatchedClient&, const Connected&) {
            return Client::reply(Frame::ping(std::string(126, 'x')));
        }};
        const auto link = start_link(f.client(std::move(script)), f.server.url(), options);
        REQUIRE_FALSE(link.has_value());
        CHECK(link.error().code() == errc::control_frame_too_large);
        CHECK(f.watch->next() == "connect");
    }
    CHECK(f.watch->next() == "destroyed");
}

TEST_CASE("a port where nobody listens is refused in the phase of connecting", "[start]")
{
    std::string url;
    {
        FixtureServer gone;
        url = gone.url();
    }
    auto watch = std::make_shared<Watch>();
    const auto link = start_link(std::make_unique<WatchedClient>(watch), url);
    REQUIRE_FALSE(link.has_value());
    CHECK(link.error().code() == boost::system::errc::connection_refused);
    CHECK(link.error().code() == condition::transient);
    CHECK(link.error().phase() == Phase::connect);
}

TEST_CASE("S6 a Conn that would inject a header is refused before a byte leaves", "[start]")
{
    Fixture f;
    auto conn = *Conn::parse(f.server.url());
    conn.headers.add("X-Test", "a\r\nX-Evil: b");
    const auto link = start_link(f.client(), conn);
    REQUIRE_FALSE(link.has_value());
    CHECK(link.error().code() == errc::invalid_header);
    CHECK(f.server.take_events().empty());
}

TEST_CASE("async_start completes a future on the library's thread", "[start]")
{
    Fixture f;
    auto future = async_start_link(f.client(), f.server.url(), {}, boost::asio::use_future);
    auto link = future.get();
    CHECK(link.alive());
    CHECK(f.watch->next() == "connect");
    auto refused = async_start(f.client(), "lemon_pie", {}, boost::asio::use_future);
    CHECK_THROWS_AS(refused.get(), boost::system::system_error);
}

TEST_CASE("coroutines: everything on the user's io_context, and details of a failure by as_tuple", "[start]")
{
    Fixture f;
    boost::asio::io_context context;
    const auto talk = [&]() -> boost::asio::awaitable<void> {
        using namespace boost::asio;
        const Options options{.executor = context.get_executor(), .log = {}};
        auto link = co_await async_start_link(f.client(), f.server.url(), options, use_awaitable);
        co_await link.async_send_frame(Frame::text("hi"), use_awaitable);
        CHECK(f.server.wait_for(Seen::text).data == "hi");
        f.server.close(4000, "enough");
        const auto reason = co_await link.async_wait(use_awaitable);
        CHECK(reason.code() == 4000);

        f.server.answer_with({.status = 503});
        const auto [ec, failed] = co_await async_start(f.client(), f.server.url(), options, as_tuple(use_awaitable));
        CHECK(ec == errc::handshake_refused);
        const auto why = co_await failed.async_wait(use_awaitable);
        REQUIRE(why.error.refusal());
        CHECK(why.error.refusal()->status == 503);
    };
    std::exception_ptr failure;
    boost::asio::co_spawn(context, talk, [&](std::exception_ptr e) { failure = e; });
    context.run();
    if (failure) std::rethrow_exception(failure);
}

TEST_CASE("P28 cancelling an async_start ends the client while it waits for the server", "[start]")
{
    Fixture f;
    f.server.hold_upgrades();
    boost::asio::io_context context;
    boost::asio::cancellation_signal signal;
    std::optional<error_code> result;
    async_start(f.client(), f.server.url(), {.executor = context.get_executor(), .log = {}},
        boost::asio::bind_cancellation_slot(signal.slot(), [&](error_code ec, Ref<WatchedClient>) { result = ec; }));
    while (!f.server.has_seen(Seen::requested)) context.poll();
    signal.emit(boost::asio::cancellation_type::terminal);
    context.run();
    REQUIRE(result);
    CHECK(*result == errc::aborted);
    CHECK(f.watch->next() == "destroyed");
}

TEST_CASE("P7 the prepare hook may answer later, from another thread; without an answer the attempt fails", "[start]")
{
    Fixture f;
    SECTION("answered elsewhere")
    {
        std::thread thread;
        Options options;
        options.prepare = [&](Conn conn, int attempt, PrepareReply reply) {
            thread = std::thread([conn = std::move(conn), attempt, reply = std::move(reply)]() mutable {
                conn.headers.add("Authorization", "Bearer " + std::to_string(attempt));
                reply(std::move(conn));
            });
        };
        const auto link = start_link(f.client(), f.server.url(), options);
        thread.join();
        REQUIRE(link.has_value());
        CHECK_THAT(f.server.wait_for(Seen::requested).data, ContainsSubstring("Authorization: Bearer 1"));
    }
    SECTION("forgotten")
    {
        const auto link = start_link(f.client(), f.server.url(), {.prepare = [](Conn, int, PrepareReply) {}});
        REQUIRE_FALSE(link.has_value());
        CHECK(link.error().code() == errc::prepare_failed);
        CHECK(link.error().phase() == Phase::prepare);
    }
    SECTION("answered by one of two copies")
    {
        const auto link =
            start_link(f.client(), f.server.url(), {.prepare = [](Conn conn, int, const PrepareReply& reply) {
                const auto copy = reply;
                reply(std::move(conn));
                copy.fail("too late");
            }});
        CHECK(link.has_value());
    }
    SECTION("given up")
    {
        const auto link = start_link(
            f.client(), f.server.url(), {.prepare = [](Conn, int, PrepareReply reply) { reply.fail("no token"); }});
        REQUIRE_FALSE(link.has_value());
        CHECK(link.error().detail() == "no token");
    }
}

TEST_CASE("WX-043 WX-089 WX-091 a client that reconnects goes on with the next connection", "[start]")
{
    Fixture f;
    const auto link = start_link(f.client({.on_disconnect = again}), f.server.url());
    REQUIRE(link.has_value());
    CHECK(f.watch->next() == "connect");
    SECTION("the server closes")
    {
        f.server.close();
        CHECK(f.watch->next() == "disconnect 1 1005");
    }
    SECTION("the server dies")
    {
        f.server.drop();
        CHECK(f.watch->next() == "disconnect 1 1006");
    }
    SECTION("WXB-29 the server resets the connection")
    {
        f.server.reset();
        CHECK(f.watch->next() == "disconnect 1 1006");
    }
    SECTION("we close")
    {
        CHECK(link->close(4985, "Testing Reconnect"));
        const auto closed = f.server.wait_for(Seen::closed);
        CHECK(closed.code == 4985);
        CHECK(closed.data == "Testing Reconnect");
        CHECK(f.watch->next() == "disconnect 1 4985");
    }
    CHECK(f.watch->next() == "connect");
    CHECK(link->send_frame(Frame::text("still here")));
    CHECK(f.server.wait_for(Seen::text).data == "still here");
}

TEST_CASE("WX-090 failed attempts are counted, keep the client's state, and end with the last refusal", "[start]")
{
    Fixture f;
    std::vector<int> states;
    Script script{.on_disconnect = [&](WatchedClient& self, const Disconnect& why) -> Decision {
        states.push_back(self.state++);
        return why.attempt < 3 ? reconnect_in(0ms) : Decision{Client::ok()};
    }};
    const auto link = start_link(f.client(std::move(script)), f.server.url(), quiet());
    REQUIRE(link.has_value());
    CHECK(f.watch->next() == "connect");
    f.server.answer_with({.status = 403});
    f.server.drop();
    for (const auto* line :
        {"disconnect 1 1006", "disconnect 2 1006", "disconnect 3 1006", "terminate 1006", "destroyed"}) {
        CHECK(f.watch->next() == line);
    }
    const auto reason = link->wait();
    REQUIRE(reason.has_value());
    REQUIRE(reason->error.refusal());
    CHECK(reason->error.refusal()->status == 403);
    CHECK(states == std::vector{0, 1, 2});
}
