// SPDX-License-Identifier: BSL-1.0
#include <websockxx/core/session.hpp>

#include "support/session_script.hpp"
#include "support/test.hpp"

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <vector>

using namespace websockxx;
using namespace websockxx::test;

namespace {

const Conn home = SessionScript::home();
const Conn elsewhere = SessionScript::elsewhere();
const Error forbidden = Error::refused({403, "Forbidden", {}, {}});
const Error not_found = Error::refused({404, "Not Found", {}, {}});
const CloseReason gone{.by = By::transport, .error = Error{errc::connection_lost, Phase::open}};

/// A client that has lost its connection, which was open for this long, and is asked.
SessionScript asking(core::Settings settings, std::chrono::milliseconds open_for = 0ms)
{
    SessionScript script{home, std::move(settings)};
    script.open();
    for (; open_for > 0ms; open_for -= std::min<std::chrono::milliseconds>(open_for, 1s)) {
        script.hear().wait(std::min<std::chrono::milliseconds>(open_for, 1s));
    }
    script.lose();
    return script;
}

/// The attempt after a delay has failed.
void fail_again(SessionScript& script)
{
    script.wait(script.next_deadline().value());
    script.given(OpenFailed{forbidden});
}

/// Notes what it is asked, and decides to try again after a second.
struct Spy {
    struct Asked {
        int attempt;
        std::chrono::milliseconds elapsed;
        double draw;
        bool operator==(const Asked&) const = default;
    };
    std::shared_ptr<std::vector<Asked>> asked = std::make_shared<std::vector<Asked>>();

    Decision operator()(const Retry& retry) const
    {
        asked->push_back({retry.attempt, retry.elapsed, retry.draw});
        return reconnect_in(1s);
    }
};

} // namespace

// ---- Decisions

TEST_CASE("handle_disconnect decides to stop: terminate with the same reason", "[core]")
{
    asking({}).given(Decided{Ok{}}).expect({CallTerminate{gone}, Finish{gone}});
}

TEST_CASE("WX-043 WX-089 handle_disconnect decides to reconnect: at once after the first loss, by a timer all the same",
    "[core]")
{
    auto script = asking({});
    script.given(Decided{reconnect(), 0.9}).expect({Arm{Timer::retry, 0ms}});
    CHECK(script.state() == State::waiting);
    script.wait(0ms).expect({Arm{Timer::open, 10s}, Arm{Timer::connect, 6s}, Open{home}});
}

TEST_CASE("a decided delay is waited for, to the end", "[core]")
{
    auto script = asking({});
    script.given(Decided{reconnect_in(1'500ms)}).expect({Arm{Timer::retry, 1'500ms}});
    script.wait(1'499ms).expect({});
    script.wait(1ms).expect({Arm{Timer::open, 10s}, Arm{Timer::connect, 6s}, Open{home}});
}

TEST_CASE("a decided delay is kept within what a clock can count", "[core]")
{
    asking({}).given(Decided{reconnect_in(-5ms)}).expect({Arm{Timer::retry, 0ms}});
    asking({}).given(Decided{reconnect_in(std::chrono::milliseconds::max())}).expect({Arm{Timer::retry, 365 * 24h}});
}

TEST_CASE("reconnect_in(0) is at once every time", "[core]")
{
    auto script = asking({});
    for (int i = 0; i < 20; ++i) {
        script.given(Decided{reconnect_in(0ms), 0.9}).expect({Arm{Timer::retry, 0ms}});
        fail_again(script);
    }
}

TEST_CASE("reconnect() without a delay grows from retry to retry, as Backoff does", "[core]")
{
    auto script = asking({});
    const std::vector<std::chrono::milliseconds> delays{
        0ms, 500ms, 1s, 2s, 4s, 8s, 16s, 30s, 30s, 30s}; // half of 1 s, doubled up to 60 s
    for (const auto delay : delays) {
        script.given(Decided{reconnect(), 0.5}).expect({Arm{Timer::retry, delay}});
        fail_again(script);
    }
}

TEST_CASE("reconnect() grows also from connection to connection, unless one is stable", "[core]")
{
    auto script = asking({});
    for (const auto delay : {0ms, 500ms, 1'000ms, 2'000ms}) {
        script.given(Decided{reconnect(), 0.5}).expect({Arm{Timer::retry, delay}});
        script.open().lose();
    }
}

TEST_CASE("reconnect() waits for as long as the server asks in Retry-After, spread a little", "[core]")
{
    const auto busy = Error::refused({503, "Service Unavailable", {{"Retry-After", "7"}}, {}});
    SessionScript script{home, {.handle_initial_conn_failure = true}};
    script.given(Started{}).given(OpenFailed{busy});
    script.given(Decided{reconnect(), 0.5}).expect({Arm{Timer::retry, 7'500ms}});
    script.wait(7'500ms).given(OpenFailed{busy});
    script.given(Decided{reconnect_in(1s), 0.5}).expect({Arm{Timer::retry, 1s}});
}

TEST_CASE("WX-091 WX-100 reconnect(conn) leads elsewhere, from now on", "[core]")
{
    auto script = asking({});
    script.given(Decided{reconnect(elsewhere)});
    CHECK(script.session().conn() == elsewhere);
    script.wait(0ms).expect({Arm{Timer::open, 10s}, Arm{Timer::connect, 6s}, Open{elsewhere}});
    script.open().lose().given(Decided{reconnect_in(1s)});
    script.wait(1s).expect({Arm{Timer::open, 10s}, Arm{Timer::connect, 6s}, Open{elsewhere}});
}

TEST_CASE("the timeouts are those of the Conn that is used", "[core]")
{
    auto patient = elsewhere;
    patient.timeouts = {.open = 1min, .connect = 30s, .close = 20s, .linger = 2s, .ping_interval = 50s, .pong = 40s};
    auto script = asking({});
    script.given(Decided{reconnect(patient)});
    script.wait(0ms).expect({Arm{Timer::open, 1min}, Arm{Timer::connect, 30s}, Open{patient}});
    script.given(Opened{}).given(ConnectAnswered{}).expect({Arm{Timer::heartbeat, 50s}});
    script.given(CloseAsked{}).expect({Disarm{Timer::heartbeat}, SendClose{}, Arm{Timer::close, 20s}});
    script.given(ClosePassed{CloseFrame{}, CloseFrame{}}).expect({Arm{Timer::linger, 2s}, Shutdown{}});
}

TEST_CASE("reconnecting to a Conn that passes no check is a failed attempt: nothing is opened", "[core]")
{
    const auto error = SessionScript::nowhere().check().error();
    auto script = asking({});
    script.given(Decided{reconnect(SessionScript::nowhere())});
    script.wait(0ms).expect({Drop{}, CallDisconnect{{.error = error}, 2, false}});
    script.given(Decided{reconnect(elsewhere), 0.5}).expect({Arm{Timer::retry, 500ms}});
    script.wait(500ms).expect({Arm{Timer::open, 10s}, Arm{Timer::connect, 6s}, Open{elsewhere}});
}

TEST_CASE("a decision that nobody asked for changes nothing", "[core]")
{
    SessionScript script;
    script.given(Decided{reconnect()}).expect({});
    script.open().given(Decided{Ok{}}).expect({});
    script.lose().given(Decided{reconnect_in(1s)});
    script.given(Decided{Ok{}}).expect({});
    CHECK(script.state() == State::waiting);
}

// ---- Attempt numbers

TEST_CASE("WX-090 the loss of a connection is attempt 1, and each failed attempt after it one more", "[core]")
{
    auto script = asking({});
    script.given(Decided{reconnect()});
    script.wait(0ms)
        .given(OpenFailed{forbidden})
        .expect({Disarm{Timer::open}, Disarm{Timer::connect}, Drop{}, CallDisconnect{{.error = forbidden}, 2, false}});
    script.given(Decided{reconnect_in(1s)});
    script.wait(1s)
        .given(OpenFailed{forbidden})
        .expect({Disarm{Timer::open}, Disarm{Timer::connect}, Drop{}, CallDisconnect{{.error = forbidden}, 3, false}});
    script.given(Decided{Ok{}}).expect({CallTerminate{{.error = forbidden}}, Finish{{.error = forbidden}}});
}

TEST_CASE("WX-099 before the first success the first failed attempt is 1", "[core]")
{
    SessionScript script{home, {.handle_initial_conn_failure = true}};
    script.given(Started{}).given(OpenFailed{not_found});
    for (int attempt = 1; attempt <= 3; ++attempt) {
        CHECK(script.last<CallDisconnect>()->attempt == attempt);
        CHECK_FALSE(script.last<CallDisconnect>()->established);
        script.given(Decided{reconnect_in(0ms)}).wait(0ms).given(OpenFailed{not_found});
    }
    script.given(Decided{Ok{}}).expect({ReportStarted{not_found}, Finish{{.error = not_found}}});
}

TEST_CASE("WX-100 a failed first attempt may be followed by a good one: the start is reported then", "[core]")
{
    SessionScript script{home, {.handle_initial_conn_failure = true}};
    script.given(Started{}).given(OpenFailed{not_found}).given(Decided{reconnect(elsewhere)}).wait(0ms);
    script.given(Opened{});
    script.given(ConnectAnswered{}).expect({Arm{Timer::heartbeat, 20s}, ReportStarted{}});
}

TEST_CASE("WXB-24 a success resets the attempt number: 1, 2, 3, and 1, 2, 3 again", "[core]")
{
    SessionScript script;
    for (int round = 0; round < 2; ++round) {
        script.open().lose();
        CHECK(script.last<CallDisconnect>()->attempt == 1);
        CHECK(script.last<CallDisconnect>()->established);
        for (int attempt = 2; attempt <= 3; ++attempt) {
            script.given(Decided{reconnect_in(1s)});
            fail_again(script);
            CHECK(script.last<CallDisconnect>()->attempt == attempt);
        }
        script.given(Decided{reconnect_in(1s)});
    }
}

// ---- The policy

TEST_CASE("asked for the policy when there is none, the client ends", "[core]")
{
    asking({}).given(Decided{ask_policy()}).expect({CallTerminate{gone}, Finish{gone}});
}

TEST_CASE("the policy may end the client", "[core]")
{
    asking({.policy = policy::never()}).given(Decided{ask_policy()}).expect({CallTerminate{gone}, Finish{gone}});
}

TEST_CASE("a policy that asks the policy ends the client", "[core]")
{
    asking({.policy = [](const Retry&) { return ask_policy(); }})
        .given(Decided{ask_policy()})
        .expect({CallTerminate{gone}, Finish{gone}});
}

TEST_CASE("the policy decides when, with the draw, and where", "[core]")
{
    asking({.policy = policy::Backoff{.base = 8s}}).given(Decided{ask_policy(), 0.25}).expect({Arm{Timer::retry, 2s}});

    auto script = asking({.policy = policy::failover({elsewhere, home}, policy::immediate())});
    for (const auto& conn : {elsewhere, home, elsewhere}) {
        script.given(Decided{ask_policy()});
        script.wait(0ms).expect({Arm{Timer::open, 10s}, Arm{Timer::connect, 6s}, Open{conn}});
        script.given(OpenFailed{forbidden});
    }
}

TEST_CASE("a policy without a delay gets the one that grows", "[core]")
{
    auto script = asking({.policy = [](const Retry&) { return reconnect(); }});
    for (const auto delay : {0ms, 500ms, 1'000ms}) {
        script.given(Decided{ask_policy(), 0.5}).expect({Arm{Timer::retry, delay}});
        fail_again(script);
    }
}

TEST_CASE("the policy is not asked when handle_disconnect decides by itself", "[core]")
{
    const Spy spy;
    auto script = asking({.policy = spy});
    script.given(Decided{reconnect_in(1s)});
    fail_again(script);
    script.given(Decided{Ok{}});
    CHECK(spy.asked->empty());
}

TEST_CASE("a policy that throws ends the client with what it threw", "[core]")
{
    auto script = asking({.policy = [](const Retry&) -> Decision { throw std::runtime_error("no idea"); }});
    const CloseReason reason{.by = By::local,
        .error = Error{errc::callback_threw, Phase::none, "the reconnect policy"},
        .exception = std::make_exception_ptr(0)};
    script.given(Decided{ask_policy()}).expect({CallTerminate{reason}, Finish{reason}});
    CHECK_THROWS_WITH(std::rethrow_exception(script.last<Finish>()->reason.exception), "no idea");
}

TEST_CASE("the policy learns which retry it is, and how long the failures have lasted since the first", "[core]")
{
    const Spy spy;
    SessionScript script{home, {.policy = spy, .handle_initial_conn_failure = true}};
    script.given(Started{}).wait(3s).given(OpenFailed{not_found});
    script.given(Decided{ask_policy(), 0.1});
    script.wait(1s).wait(2s).given(OpenFailed{not_found}).given(Decided{ask_policy(), 0.2});
    script.open().wait(500ms).lose().given(Decided{ask_policy(), 0.3});
    CHECK(*spy.asked == std::vector<Spy::Asked>{{1, 0ms, 0.1}, {2, 3s, 0.2}, {3, 4'500ms, 0.3}});
}

TEST_CASE("policy::within gives up when the failures have lasted so long, and counts anew after a stable connection",
    "[core]")
{
    auto script = asking({.policy = policy::within(2'500ms, [](const Retry&) { return reconnect_in(1s); })}, 1min);
    for (int i = 0; i < 3; ++i) {
        script.given(Decided{ask_policy()}).expect({Arm{Timer::retry, 1s}});
        fail_again(script);
    }
    script.given(Decided{ask_policy()});
    CHECK(script.state() == State::done);
}

TEST_CASE("an open connection counts as having worked after stable_after, and not before", "[core]")
{
    const auto [open_for, attempts] = GENERATE(table<std::chrono::milliseconds, std::vector<int>>({
        {9'999ms, {1, 2, 3}},
        {10'000ms, {1, 2, 1}},
    }));
    const Spy spy;
    auto script = asking({.policy = spy, .stable_after = 10s});
    script.given(Decided{ask_policy()});
    fail_again(script);
    script.given(Decided{ask_policy()});
    script.open().wait(open_for).lose().given(Decided{ask_policy()});

    std::vector<int> asked;
    for (const auto& one : *spy.asked) asked.push_back(one.attempt);
    CHECK(asked == attempts);
}

TEST_CASE("the time that closing takes does not make a connection stable", "[core]")
{
    const Spy spy;
    auto script = asking({.policy = spy, .stable_after = 3s});
    script.given(Decided{ask_policy()}).open().wait(2'999ms);
    script.given(CloseAsked{1001, ""}).wait(5s).given(Decided{ask_policy()});
    CHECK(spy.asked->back().attempt == 2);
}

TEST_CASE("with stable_after zero every connection has worked", "[core]")
{
    const Spy spy;
    auto script = asking({.policy = spy, .stable_after = 0ms});
    for (int i = 0; i < 3; ++i) {
        script.given(Decided{ask_policy()});
        CHECK(spy.asked->back() == Spy::Asked{1, 0ms, 0.0});
        script.open().lose();
    }
}

TEST_CASE("P30 the client goes on trying, a thousand times", "[core]")
{
    auto script = asking({.policy = policy::Backoff{}});
    for (int i = 0; i < 1000; ++i) {
        script.given(Decided{ask_policy(), 0.5});
        REQUIRE(script.state() == State::waiting);
        REQUIRE(script.next_deadline().value() <= 60s);
        script.wait(script.next_deadline().value()).given(OpenFailed{errc::open_timeout});
        REQUIRE(script.state() == State::asking);
    }
    script.given(Decided{ask_policy()});
    script.open().expect({Arm{Timer::heartbeat, 20s}});
}
