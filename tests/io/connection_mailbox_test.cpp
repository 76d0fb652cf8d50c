// SPDX-License-Identifier: BSL-1.0
#include <websockxx/io/connection.hpp>

#include "support/connection_fixture.hpp"

#include <stdexcept>

using namespace websockxx;
using namespace websockxx::test;
using namespace std::chrono_literals;
using Fixture = ConnectionFixture;

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
        (void)f.h().mailbox->send(outgoing(Frame::text("x"), std::make_unique<SendResult>(results)));
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
    (void)f.h().mailbox->send(outgoing(Frame::text("\xff"), std::make_unique<SendResult>(results)));
    (void)f.h().mailbox->send(outgoing(Frame::text("fine"), std::make_unique<SendResult>(results)));
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
    (void)f.h().mailbox->send(outgoing(Frame::text("one"), std::make_unique<SendResult>(results)));
    (void)f.h().mailbox->send(outgoing(Frame::text("two"), std::make_unique<SendResult>(results)));
    f.h().run();
    CHECK(results.empty());
    f.h().wire->window = 9 + 4; // the first frame, and a part of the second
    f.h().run();
    CHECK(results == std::vector<error_code>{error_code{}});
    f.h().end_transport(boost::asio::error::connection_reset);
    CHECK(results == std::vector<error_code>{{}, errc::maybe_sent});
}

TEST_CASE("P14 the send queue is bounded in bytes, and what is refused is told", "[connection]")
{
    Fixture f{{}, {.secure = false, .host = "server", .port = 80, .limits = {.send_queue_bytes = 1000}}};
    f.opened();
    f.h().wire->window = 0;
    std::vector<error_code> results;
    for (std::uint64_t id = 1; id <= 3; ++id) {
        (void)f.h().mailbox->send(
            outgoing(Frame::binary(std::string(400, 'x')), std::make_unique<SendResult>(results)));
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
