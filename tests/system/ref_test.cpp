// SPDX-License-Identifier: BSL-1.0
#include <websockxx/ref.hpp>

#include "support/fixture_server.hpp"
#include "support/test.hpp"
#include "support/watched_client.hpp"

#include <websockxx/start.hpp>

#include <boost/asio/use_future.hpp>

#include <atomic>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

using namespace websockxx;
using namespace websockxx::test;
using namespace std::chrono_literals;

namespace {

/// A WatchedClient to which infos may be tasks, too.
class Talker : public WatchedClient {
public:
    using WatchedClient::handle_info;
    using WatchedClient::WatchedClient;
    Action handle_info(Task task) { return task(*this); }
};

struct Fixture {
    FixtureServer server{{.receive_buffer_bytes = 64 * 1024}};
    std::shared_ptr<Watch> watch = std::make_shared<Watch>();

    Link<Talker> open(
        Script script = {}, Conn (*change)(Conn) = [](Conn conn) { return conn; })
    {
        auto client = std::make_unique<Talker>(watch, std::move(script));
        auto link = start_link(std::move(client), change(*Conn::parse(server.url())), {.log = {}}).value();
        CHECK(watch->next() == "connect");
        return link;
    }

    /// Returns when everything that was asked for before has been looked at.
    void flush(const Link<Talker>& link)
    {
        CHECK(link.cast([this](auto&) {
            watch->note("flushed");
            return Client::ok();
        }));
        CHECK(watch->next() == "flushed");
    }
};

Decision again(WatchedClient&, const Disconnect&) { return reconnect_in(0ms); }

std::future<error_code> begin_send(const Ref<Talker>& ref, Frame frame)
{
    return ref.async_send_frame(std::move(frame), boost::asio::use_future([](error_code ec) { return ec; }));
}

/// More than the kernel takes of a connection that nobody reads from.
Frame huge() { return Frame::binary(std::string(8 * 1024 * 1024, 'x')); }

/// Keeps a client inside a callback until it is let go.
class Hold {
public:
    explicit Hold(const Ref<Talker>& ref)
    {
        auto inside = std::make_shared<std::promise<void>>();
        auto is_inside = inside->get_future();
        CHECK(ref.cast([inside, release = release_.get_future().share()](auto&) {
            inside->set_value();
            release.wait();
            return Client::ok();
        }));
        is_inside.wait();
    }
    ~Hold() { release_.set_value(); }

private:
    std::promise<void> release_;
};

} // namespace

TEST_CASE("WX-031 WX-080 WX-081 a ping is answered, and the pong reaches handle_pong", "[ref]")
{
    Fixture f;
    const auto link = f.open();
    CHECK(link.send_frame(Frame::ping()));
    CHECK(f.watch->next() == "pong:");
    CHECK(link.send_frame(Frame::ping("bananas")));
    CHECK(f.watch->next() == "pong:bananas");
}

TEST_CASE("WX-034 a callback that blocks on its own client is refused, and told to reply instead", "[ref]")
{
    Fixture f;
    const auto link = f.open();
    SECTION("with the error as a value the client lives on")
    {
        std::promise<Error> told;
        CHECK(link.cast([&](WatchedClient& client) {
            told.set_value(self(client).send_frame(Frame::text("to myself")).error());
            return Client::ok();
        }));
        const auto error = told.get_future().get();
        CHECK(error.code() == errc::calling_self);
        CHECK_THAT(error.message(), ContainsSubstring("reply("));
        CHECK(link.send_frame(Frame::text("from outside")));
        CHECK(f.server.wait_for(Seen::text).data == "from outside");
    }
    SECTION("an exception is the end of the client")
    {
        CHECK(link.cast([](WatchedClient& client) {
            self(client).send_frame(Frame::text("to myself")).value();
            return Client::ok();
        }));
        const auto reason = link.wait();
        REQUIRE(reason.has_value());
        CHECK(reason->error.code() == errc::calling_self);
        CHECK_THAT(reason->message(), ContainsSubstring("reply("));
        CHECK(f.server.wait_for(Seen::closed).code == close_code::internal_error);
        CHECK(f.watch->next() == "terminate 1011");
        CHECK(f.watch->next() == "destroyed");
    }
}

TEST_CASE("WX-032 a send that waits while the connection dies is told so, and handle_disconnect is asked", "[ref]")
{
    Fixture f;
    const auto link = f.open();
    f.server.stall();
    auto sent = begin_send(link, huge());
    f.flush(link);
    f.server.reset();
    CHECK(sent.get() == errc::maybe_sent); // more than half of it lies in the kernel
    CHECK(f.watch->next() == "disconnect 1 1006");
    CHECK(f.watch->next() == "terminate 1006");
    CHECK(link.wait()->error.code() == errc::connection_lost);
}

TEST_CASE("WX-033 nothing can be sent while a reconnect is going on, and the client lives on", "[ref]")
{
    Fixture f;
    const auto link = f.open({.on_disconnect = again});
    f.server.wait_for(Seen::requested);
    f.server.hold_upgrades();
    f.server.drop();
    f.server.wait_for(Seen::requested);
    CHECK(link.send_frame(Frame::text("too early")).error().code() == errc::not_connected_opening);
    CHECK(link.alive());
    f.server.continue_upgrade();
    CHECK(f.watch->next() == "disconnect 1 1006");
    CHECK(f.watch->next() == "connect");
    CHECK(link.send_frame(Frame::text("now")));
    CHECK(f.server.wait_for(Seen::text).data == "now");
}

TEST_CASE("WX-035 nothing can be sent while a server takes its time to close, and the client waits for it", "[ref]")
{
    Fixture f;
    const auto link = f.open();
    f.server.stall();
    CHECK(link.close());
    CHECK(link.send_frame(Frame::text("too late")).error().code() == errc::not_connected_closing);
    CHECK(link.wait_for(100ms).value() == std::nullopt);
    CHECK(f.watch->empty());
    f.server.resume();
    CHECK(link.wait()->normal());
    CHECK_FALSE(f.server.has_seen(Seen::text));
}

TEST_CASE("WX-024 WX-036 casts run in order, and see what earlier ones have changed", "[ref]")
{
    Fixture f;
    const auto link = f.open();
    std::promise<int> state;
    CHECK(link.cast([](WatchedClient& client) {
        client.state = 42;
        return Client::ok();
    }));
    CHECK(link.cast([&](WatchedClient& client) {
        state.set_value(client.state);
        return Client::ok();
    }));
    CHECK(state.get_future().get() == 42);
}

TEST_CASE("WX-037 WX-047 WX-048 casts and infos may reply", "[ref]")
{
    Fixture f;
    const auto link = f.open();
    CHECK(link.info("hello"));
    CHECK(f.watch->next() == "info:hello");
    const auto reply = [](auto&) { return Client::reply(Frame::binary("a"), Frame::binary("b")); };
    SECTION("cast") { CHECK(link.cast(reply)); }
    SECTION("info") { CHECK(link.info(reply)); }
    SECTION("send_after") { CHECK(link.send_after(0ms, reply).has_value()); }
    CHECK(f.server.wait_for(Seen::binary).data == "a");
    CHECK(f.server.wait_for(Seen::binary).data == "b");
}

TEST_CASE("WX-038 WX-049 WX-075 WX-087 an orderly end without a code, by whatever means", "[ref]")
{
    Fixture f;
    const auto link = f.open();
    const auto close = [](auto&) { return Client::close(); };
    SECTION("cast") { CHECK(link.cast(close)); }
    SECTION("info") { CHECK(link.info(close)); }
    SECTION("Ref::close") { CHECK(link.close()); }
    const auto closed = f.server.wait_for(Seen::closed);
    CHECK_FALSE(closed.code);
    for (const auto* line : {"disconnect 1 1005", "terminate 1005", "destroyed"}) CHECK(f.watch->next() == line);
    const auto reason = link.wait();
    REQUIRE(reason.has_value());
    CHECK(reason->by == CloseReason::By::local);
    CHECK(reason->normal());
    CHECK(reason->clean);
}

TEST_CASE("WX-039 WX-050 WX-088 WXB-21 a close with a code is one close frame, and a local end", "[ref]")
{
    Fixture f;
    const auto link = f.open();
    const auto close = [](auto&) { return Client::close(4012, "Test Close"); };
    SECTION("cast") { CHECK(link.cast(close)); }
    SECTION("info") { CHECK(link.info(close)); }
    SECTION("Ref::close") { CHECK(link.close(4012, "Test Close")); }
    SECTION("twice, the first one counts") { CHECK((link.close(4012, "Test Close") && link.close(4013, "again"))); }
    for (const auto* line : {"disconnect 1 4012", "terminate 4012", "destroyed"}) CHECK(f.watch->next() == line);
    const auto reason = link.wait();
    REQUIRE(reason.has_value());
    CHECK(reason->by == CloseReason::By::local);
    CHECK(reason->sent == CloseFrame{4012, "Test Close"});
    CHECK(reason->received == CloseFrame{4012, "Test Close"});
    CHECK(reason->clean);
    f.server.wait_for(Seen::tcp_closed);
    const auto closed = f.server.wait_for(Seen::closed);
    CHECK(closed.code == 4012);
    CHECK(closed.data == "Test Close");
    CHECK_FALSE(f.server.has_seen(Seen::closed));
}

TEST_CASE("WX-085 a close frame of the server without a code reaches handle_disconnect", "[ref]")
{
    Fixture f;
    const auto link = f.open();
    f.server.close();
    for (const auto* line : {"disconnect 1 1005", "terminate 1005"}) CHECK(f.watch->next() == line);
    CHECK(link.wait()->by == CloseReason::By::remote);
    CHECK(link.wait()->normal());
}

TEST_CASE("WXB-20 a send that is not taken in time is taken back", "[ref]")
{
    Fixture f;
    const auto link = f.open();
    {
        const Hold hold{link};
        CHECK(link.send_frame(Frame::text("never"), 0ms).error().code() == errc::not_sent_in_time);
        CHECK(link.send_frame(Frame::text("never"), -1h).error().code() == errc::not_sent_in_time);
    }
    CHECK(link.send_frame(Frame::text("after it"), std::chrono::milliseconds::max()));
    CHECK(f.server.wait_for(Seen::text).data == "after it");
    CHECK_FALSE(f.server.has_seen(Seen::text));
}

TEST_CASE("WXB-20 a send that was taken and is not over in time may still go out", "[ref]")
{
    Fixture f;
    const auto link = f.open();
    f.server.stall();
    auto error = errc::not_sent_in_time;
    while (error == errc::not_sent_in_time) { // this machine was slow
        error = static_cast<errc>(link.send_frame(huge(), 200ms).error().code().value());
    }
    CHECK(error == errc::send_timeout);
    f.server.resume();
    CHECK(f.server.wait_for(Seen::binary).data.size() == huge().size());
}

TEST_CASE("a frame that cannot be sent is refused to its sender, and the connection stays up", "[ref]")
{
    Fixture f;
    const auto link = f.open();
    CHECK(link.send_frame(Frame::text("\xFF")).error().code() == errc::invalid_utf8);
    CHECK(link.send_frame(Frame::ping(std::string(126, 'x'))).error().code() == errc::control_frame_too_large);
    CHECK(link.send_frame(Frame::finish("of nothing")).error().code() == errc::invalid_frame);
    CHECK(link.close(1005).error().code() == errc::invalid_close_code);
    CHECK(link.close(1000, "\xFF").error().code() == errc::invalid_utf8);
    CHECK(link.send(Frame::text("fine")));
    CHECK(f.server.wait_for(Seen::text).data == "fine");
    CHECK_FALSE(f.server.has_seen(Seen::closed));
}

TEST_CASE("P14 a full inbox and a full send queue refuse what would make them fuller, but never a stop", "[ref]")
{
    Fixture f;
    const auto link = f.open({}, [](Conn conn) {
        conn.limits.inbox_messages = 1;
        conn.limits.send_queue_messages = 1;
        return conn;
    });
    std::future<error_code> refused;
    {
        const Hold hold{link};
        CHECK(link.send(Frame::text("1")));
        CHECK(link.info("2"));
        CHECK(link.info("3").error().code() == errc::inbox_full);
        CHECK(link.send_after(1h, "3").error().code() == errc::inbox_full);
        CHECK(link.send(Frame::text("3")).error().code() == errc::send_queue_full);
        CHECK(link.send_frame(Frame::text("3")).error().code() == errc::send_queue_full);
        refused = begin_send(link, Frame::text("3"));
        CHECK(link.close());
        link.stop();
    }
    CHECK(refused.get() == errc::send_queue_full);
    CHECK(f.watch->next() == "info:2");
    CHECK(link.wait().has_value());
}

TEST_CASE("send_after: a message can be taken back until it is delivered", "[ref]")
{
    Fixture f;
    const auto link = f.open();
    SECTION("before its time")
    {
        const auto never = link.send_after(std::chrono::milliseconds::max(), "never");
        const auto first = link.send_after(-1h, "first");
        REQUIRE((never.has_value() && first.has_value()));
        CHECK(*never != *first);
        CHECK(f.watch->next() == "info:first");
        link.cancel(*first); // too late, which does no harm
        link.cancel(*never);
        f.flush(link);
    }
    SECTION("by the client itself")
    {
        CHECK(link.cast([](WatchedClient& client) {
            const auto me = self(static_cast<Talker&>(client));
            me.cancel(*me.send_after(0ms, "never"));
            (void)me.send_after(0ms, "after it");
            return Client::ok();
        }));
        CHECK(f.watch->next() == "info:after it");
    }
}

TEST_CASE("send_after: a message whose time came while no connection was open can still be taken back", "[ref]")
{
    Fixture f;
    std::optional<TimerId> timer;
    // The message is due with the first retry, or before it.
    const auto link = f.open({.on_disconnect = [&](WatchedClient& client, const Disconnect& why) {
        const auto me = self(static_cast<Talker&>(client));
        if (why.attempt == 1) timer = *me.send_after(0ms, "taken back");
        if (why.attempt == 3) me.cancel(*timer);
        if (why.attempt == 3) f.watch->note("cancelled");
        return reconnect_in(1ms);
    }});
    f.server.answer_with({.status = 503});
    f.server.drop();
    for (const auto* line : {"disconnect 1 1006", "disconnect 2 1006", "disconnect 3 1006", "cancelled"}) {
        CHECK(f.watch->next() == line);
    }
    f.server.answer_normally();
    auto line = f.watch->next();
    while (line.starts_with("disconnect")) line = f.watch->next();
    CHECK(line == "connect");
    f.flush(link);
}

TEST_CASE("wait_for: no value as long as the client lives", "[ref]")
{
    Fixture f;
    const auto link = f.open();
    CHECK(link.wait_for(0ms).value() == std::nullopt);
    CHECK(link.wait_for(-1h).value() == std::nullopt);
    CHECK_FALSE(link.reason());
    CHECK(link.alive());
    link.abort();
    CHECK(link.wait_for(std::chrono::milliseconds::max()).value()->error.code() == errc::aborted);
    CHECK(link.reason()->error.code() == errc::aborted);
    CHECK_FALSE(link.alive());
    f.server.wait_for(Seen::tcp_closed);
    CHECK_FALSE(f.server.has_seen(Seen::closed));
}

TEST_CASE("a Ref of a client that has ended, or of none, says so in every function", "[ref]")
{
    Fixture f;
    const bool none = GENERATE(true, false);
    Ref<Talker> ref;
    CHECK_FALSE(ref);
    if (!none) {
        auto link = f.open();
        ref = link.ref();
        link.stop();
        CHECK(link.wait().has_value());
        CHECK(ref == link);
        CHECK(ref);
    }
    CHECK(ref.send_frame(Frame::text("x")).error().code() == errc::client_ended);
    CHECK(ref.send(Frame::text("x")).error().code() == errc::client_ended);
    CHECK(begin_send(ref, Frame::text("x")).get() == errc::client_ended);
    CHECK(ref.close().error().code() == errc::client_ended);
    CHECK(ref.close(4000, "x").error().code() == errc::client_ended);
    CHECK(ref.info("x").error().code() == errc::client_ended);
    CHECK(ref.cast([](auto&) { return Client::ok(); }).error().code() == errc::client_ended);
    CHECK(ref.send_after(0ms, "x").error().code() == errc::client_ended);
    ref.cancel(TimerId{1});
    ref.stop();
    ref.abort();
    CHECK_FALSE(ref.alive());
    const auto end = none ? errc::client_ended : errc::stopped;
    CHECK(ref.async_wait(boost::asio::use_future).get().error.code() == end);
    if (none) {
        CHECK_FALSE(ref.reason());
        CHECK(ref.wait().error().code() == errc::client_ended);
        CHECK(ref.wait_for(0ms).error().code() == errc::client_ended);
    }
    else {
        CHECK(ref.reason()->error.code() == end);
        CHECK(ref.wait()->error.code() == end);
        CHECK(ref.wait_for(0ms).value()->error.code() == end);
    }
}

TEST_CASE("Refs are compared by their client, and a Ref of a derived client is one of its base", "[ref]")
{
    Fixture f;
    const auto link = f.open();
    const auto other = f.open();
    const Ref<WatchedClient> base = link.ref();
    CHECK(base == link.ref());
    CHECK(base == link);
    CHECK_FALSE(base == other);
    CHECK_FALSE(base == Ref<WatchedClient>{});
    CHECK(base.cast([](auto&) { return Client::reply(Frame::text("hi")); }));
    CHECK(f.server.wait_for(Seen::text).data == "hi");

    static_assert(!std::is_copy_constructible_v<Link<Talker>>);
    static_assert(!std::is_convertible_v<Ref<WatchedClient>, Ref<Talker>>);
}

TEST_CASE("self() is empty in the constructor, and the client's own Ref in its callbacks", "[ref]")
{
    Fixture f;
    Talker unused{f.watch};
    CHECK_FALSE(self(unused));
    const auto link = f.open();
    std::promise<bool> same;
    CHECK(link.cast([&](WatchedClient& client) {
        same.set_value(self(client) == link);
        return Client::ok();
    }));
    CHECK(same.get_future().get());
}

TEST_CASE("messages are destroyed before anybody learns that the client has ended", "[ref]")
{
    Fixture f;
    const auto link = f.open();
    std::atomic<int> gone{0};
    std::atomic<int> late{0};
    const auto token = [&] {
        return std::shared_ptr<void>(nullptr, [&, ref = link.ref()](void*) {
            ++gone;
            if (ref.reason()) ++late;
        });
    };
    SECTION("those that the client did not get")
    {
        const Hold hold{link};
        link.stop();
        CHECK(link.cast([held = token()](auto&) { return Client::ok(); }));
        CHECK(link.send_after(1h, [held = token()](auto&) { return Client::ok(); }).has_value());
    }
    SECTION("the ones that ended it")
    {
        CHECK(link.send_after(1h, [held = token()](auto&) { return Client::ok(); }).has_value());
        CHECK(link.cast([held = token()](auto&) -> Action { throw std::runtime_error("enough"); }));
    }
    CHECK(link.wait().has_value());
    CHECK(gone == 2);
    CHECK(late == 0);
}
