// SPDX-License-Identifier: BSL-1.0
#include <websockxx/ref.hpp>

#include "support/fixture_server.hpp"
#include "support/test.hpp"
#include "support/watched_client.hpp"

#include <websockxx/start.hpp>

#include <future>
#include <memory>
#include <optional>
#include <string>

using namespace websockxx;
using namespace websockxx::test;
using namespace std::chrono_literals;

namespace {

Link<WatchedClient> open(const FixtureServer& server, const std::shared_ptr<Watch>& watch)
{
    Script script{.on_connect = [](WatchedClient&, const Connected&) { return Client::reply(Frame::text("hello")); },
        .on_disconnect = [](WatchedClient&, const Disconnect&) { return reconnect_in(1ms); }};
    return start_link(std::make_unique<WatchedClient>(watch, script), server.url(), {.log = {}}).value();
}

} // namespace

TEST_CASE("P15 frames that are kept reach a server that was away, once, in order, behind the greeting", "[system]")
{
    FixtureServer server;
    const auto watch = std::make_shared<Watch>();
    const auto link = open(server, watch);
    CHECK(server.wait_for(Seen::text).data == "hello");
    server.answer_with({.status = 503}); // from now on, until it is up again
    server.reset();
    while (!watch->next().starts_with("disconnect")) {}
    CHECK(link.send(Frame::text("one"), Delivery::keep()));
    CHECK(link.send(Frame::text("two"), Delivery::keep_for(60s)));
    auto third =
        std::async(std::launch::async, [&] { return link.send_frame(Frame::text("three"), 60s, Delivery::keep()); });
    while (link.status().value().frames_waiting < 3) {}
    server.answer_normally();
    for (const auto* text : {"hello", "one", "two", "three"}) CHECK(server.wait_for(Seen::text).data == text);
    CHECK(third.get().has_value());
    CHECK_FALSE(server.has_seen(Seen::text));
}

TEST_CASE("P15 what is not kept fails at once while the server is away", "[system]")
{
    FixtureServer server;
    const auto watch = std::make_shared<Watch>();
    const auto link = open(server, watch);
    server.answer_with({.status = 503});
    server.reset();
    while (!watch->next().starts_with("disconnect")) {}
    const auto sent = link.send(Frame::text("lost"));
    REQUIRE(sent.has_error());
    CHECK(sent.error().code() == errc::not_connected_opening);
}
