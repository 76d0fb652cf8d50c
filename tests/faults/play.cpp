// SPDX-License-Identifier: BSL-1.0
#include "play.hpp"

#include "strike.hpp"

#include "support/test.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <string>
#include <utility>

namespace websockxx::faults {

using namespace test;
using namespace std::chrono_literals;
using std::chrono::milliseconds;

namespace {

constexpr auto hang = 20s;                // longer is for ever
constexpr auto rounding = 2ms;            // of the client's clock
constexpr std::size_t stuck = 24'000'000; // bytes; more than the kernel takes on the way to the server
constexpr std::size_t begun = 100'000;    // of which have left when the fault comes

Timeouts timeouts(const Cell& cell, const Outcome& outcome)
{
    Timeouts result;
    if (cell.during == During::idle) result.ping_interval = 100ms;
    switch (outcome.bound) {
    case Bound::none:
    case Bound::delay: break;
    case Bound::connect: result.connect = 200ms; break;
    case Bound::open: result.open = 500ms; break;
    case Bound::heartbeat: result.ping_interval = result.pong = 200ms; break;
    case Bound::message: result.message = 300ms; [[fallthrough]];
    case Bound::close: result.close = 200ms; break;
    }
    return result;
}

milliseconds least(Bound bound, const Timeouts& limits)
{
    switch (bound) {
    case Bound::none: break;
    case Bound::connect: return limits.connect - rounding;
    case Bound::open: return limits.open - rounding;
    case Bound::heartbeat: return limits.ping_interval + limits.pong - rounding;
    case Bound::message: return limits.message + limits.close - rounding;
    case Bound::close: return limits.close - rounding;
    case Bound::delay: return delay_of_fault;
    }
    return 0ms;
}

} // namespace

Play::Play(const Cell& cell, bool secure)
    : cell_(cell),
      outcome_(secure ? *cell.secure : *cell.plain),
      timeouts_(timeouts(cell_, outcome_)),
      scene_(secure, timeouts_, outcome_.then == Then::unharmed ? 0 : failures(cell_, outcome_))
{
}

void Play::run()
{
    try {
        bring_about();
        const auto calls = callbacks(cell_, outcome_);
        for (std::size_t i = cell_.was_open() ? 1 : 0; i < calls.size(); ++i) scene_.expect(calls[i]);
        if (outcome_.then != Then::ends) {
            arrived_ = arrived_ == Scene::Clock::time_point{} ? Scene::Clock::now() : arrived_;
            scene_.heal();
            scene_.echo();
            scene_.client().stop();
            scene_.expect("terminate 1001");
        }
        scene_.end();
        compare();
    }
    catch (const std::exception& exception) {
        scene_.client().abort();
        (void)scene_.client().wait();
        std::string told;
        for (const auto& each : scene_.told()) told += "\n  told: " + each.reason.message();
        FAIL_CHECK(exception.what() << told);
    }
}

void Play::bring_about()
{
    began_ = Scene::Clock::now();
    switch (cell_.during) {
    case During::resolve: return looking_up();
    case During::tcp: return connecting();
    case During::tls: return in_tls();
    case During::upgrade: return upgrading();
    case During::idle: return being_idle();
    case During::sending: return sending();
    case During::receiving: return receiving();
    case During::closing: return closing();
    case During::backoff: return backing_off();
    }
}

void Play::looking_up()
{
    strike_lookup(scene_, cell_.fault);
    scene_.begin();
    scene_.names.wait_until_asked(1);
    if (cell_.fault == Fault::moved) scene_.move();
}

void Play::connecting()
{
    strike_connect(scene_, cell_.fault);
    scene_.begin();
    if (cell_.fault != Fault::delay) return;
    boost::asio::io_context context;
    boost::asio::steady_timer{context, delay_of_fault}.wait(); // this is the fault; the kernel makes a second of it
    scene_.proxy.accept();
}

void Play::in_tls()
{
    if (cell_.fault == Fault::refused) {
        demanding_.emplace(FixtureServer::Options{.identity = identity(),
            .tls = {.max_version = TLS1_2_VERSION, .client_authority = authority().certificate()}});
        scene_.proxy.lead_to(demanding_->port());
        return scene_.begin();
    }
    scene_.proxy.set_next(Way::to_client, {.then = Toxic::Then::hold});
    scene_.begin();
    scene_.proxy.wait_until("the client's hello", [](const auto& tally) { return tally.came_to_server > 0; });
    strike_connection();
}

void Play::upgrading()
{
    if (cell_.fault == Fault::refused) {
        scene_.server.answer_with({.status = 503});
        return scene_.begin();
    }
    scene_.server.hold_upgrades();
    scene_.begin();
    (void)scene_.server.wait_for(Seen::requested);
    strike_connection();
    scene_.server.continue_upgrade();
}

void Play::being_idle()
{
    scene_.connect();
    strike_connection();
    scene_.server.send_ping("there?");
    if (outcome_.then != Then::unharmed) return;
    (void)scene_.server.wait_for(Seen::pong);
    arrived_ = Scene::Clock::now();
    scene_.expect_pong(); // and the heartbeat goes on
}

void Play::sending()
{
    scene_.connect();
    const bool arrives = outcome_.then == Then::unharmed;
    const std::string payload(arrives ? 2 * begun : stuck, 'x');
    const auto before = scene_.proxy.tally().came_to_server;
    const bool flipped = cell_.fault == Fault::flipped;
    scene_.proxy.set(Way::to_server, {.after = flipped ? 0 : begun, .then = Toxic::Then::hold});
    CHECK(scene_.client().send(Frame::text("small"))); // for the server to see one that is whole
    const auto told = std::make_shared<std::promise<error_code>>();
    sent_ = told->get_future();
    scene_.client().async_send_frame(Frame::binary(payload), [told](error_code ec) { told->set_value(ec); });
    if (flipped)
        return scene_.proxy.set(
            Way::to_server, {.flip_at = corrupted_byte(scene_), .after = begun, .then = Toxic::Then::hold});
    scene_.proxy.wait_until("some of the message", [&](const auto& t) { return t.came_to_server >= before + begun; });
    strike_connection(Way::to_server);
    if (!arrives) return;
    CHECK(scene_.server.wait_for(Seen::binary).data == payload);
    arrived_ = Scene::Clock::now();
}

void Play::receiving()
{
    scene_.connect();
    constexpr std::size_t some = 1'000;
    const std::string payload(20 * some, 'x');
    const auto before = scene_.proxy.tally().passed_to_client;
    scene_.proxy.set(Way::to_client, {.after = some, .then = Toxic::Then::hold});
    began_ = Scene::Clock::now();
    scene_.server.send_text(payload);
    scene_.proxy.wait_until("some of the message", [&](const auto& t) { return t.passed_to_client >= before + some; });
    strike_connection();
    if (outcome_.then == Then::unharmed) scene_.expect("text:" + payload);
}

void Play::closing()
{
    scene_.connect();
    scene_.proxy.set(Way::to_client, {.then = Toxic::Then::hold});
    began_ = Scene::Clock::now();
    CHECK(scene_.client().close(4000, "enough"));
    (void)scene_.server.wait_for(Seen::closed);
    strike_connection();
}

void Play::backing_off()
{
    scene_.connect();
    began_ = Scene::Clock::now();
    strike_next(scene_, cell_.fault);
    scene_.proxy.end_all(End::reset);
}

void Play::strike_connection(Way way)
{
    if (outcome_.bound == Bound::delay) began_ = Scene::Clock::now();
    strike(scene_, cell_.fault, way, outcome_.then == Then::unharmed ? 10ms : 1'000ms);
}

void Play::compare()
{
    const auto& told = scene_.told();
    const auto first = cell_.during == During::backoff ? std::size_t{1} : 0;
    if (first == 1) CHECK(told.at(0).reason.error.code() == errc::connection_lost);
    for (auto i = first; i < told.size(); ++i) compare(told[i]);
    compare_times();
    if (sent_) {
        REQUIRE(sent_->wait_for(hang) == std::future_status::ready);
        const auto sent = sent_->get();
        const bool as_told = sent == (told.empty() ? error_code{} : make_error_code(errc::maybe_sent));
        CHECK((as_told || (may_get_away(cell_) && !sent)));
    }
    const auto failed = std::count_if(told.begin(), told.end(), [](const auto& each) { return !each.established; });
    const auto attempts = static_cast<std::size_t>(failed) + scene_.connects().size();
    // Who asks while a lookup hangs waits for that one.
    const bool one_hangs = cell_.during == During::resolve && cell_.fault == Fault::black_hole;
    if (!one_hangs) CHECK(scene_.names.asked() == attempts);
}

void Play::compare(const Scene::Told& told) const
{
    INFO(told.reason);
    CHECK(told.reason.error.code() == outcome_.error.code);
    CHECK(told.reason.error.phase() == outcome_.phase);
    CHECK(told.reason.code() == outcome_.code);
    CHECK(told.reason.clean == outcome_.clean);
}

void Play::compare_times() const
{
    const auto& told = scene_.told();
    const auto bound = least(outcome_.bound, timeouts_);
    auto since = outcome_.bound == Bound::heartbeat ? scene_.connects().at(0) : began_;
    if (outcome_.then == Then::unharmed || told.empty()) {
        CHECK(arrived_ - since >= bound);
        CHECK(arrived_ - since < hang);
        return;
    }
    auto first = told.begin();
    if (cell_.during == During::backoff) since = (first++)->at;
    for (auto each = first; each != told.end(); since = (each++)->at) {
        CHECK(each->at - since >= bound);
        CHECK(each->at - since < hang);
    }
}

} // namespace websockxx::faults
