// SPDX-License-Identifier: BSL-1.0
#include <websockxx/core/session.hpp>

#include "support/session_script.hpp"
#include "support/test.hpp"

#include <vector>

using namespace websockxx;
using namespace websockxx::test;

namespace {

const Conn home = SessionScript::home();
const Conn elsewhere = SessionScript::elsewhere();
const core::Settings with_prepare{.has_prepare = true};

} // namespace

TEST_CASE("a prepare hook is asked before the connection is opened, and its Conn is used", "[core]")
{
    SessionScript script{home, with_prepare};
    script.given(Started{}).expect({Arm{Timer::open, 10s}, Prepare{home, 1}});
    CHECK(script.state() == State::preparing);
    CHECK(script.session().conn() == home);
    CHECK(script.session().send_error() == errc::not_connected_opening);
    script.given(Prepared{elsewhere}).expect({Arm{Timer::open, 10s}, Arm{Timer::connect, 6s}, Open{elsewhere}});
    CHECK(script.session().conn() == elsewhere);
}

TEST_CASE("what prepare made of the Conn is for that attempt only", "[core]")
{
    SessionScript script{home, with_prepare};
    script.given(Started{}).given(Prepared{elsewhere});
    script.open().lose();
    CHECK(script.session().conn() == elsewhere); // what handle_disconnect is told
    script.given(Decided{reconnect()});
    CHECK(script.session().conn() == home);
    script.wait(0ms).expect({Arm{Timer::open, 10s}, Prepare{home, 2}});
}

TEST_CASE("the timeouts are those of the Conn that prepare made, the whole attempt anew", "[core]")
{
    auto patient = home;
    patient.timeouts = {.open = 1min, .connect = 0ms, .ping_interval = 50s};
    SessionScript script{home, with_prepare};
    script.given(Started{}).wait(9s).given(Prepared{patient}).expect({Arm{Timer::open, 1min}, Open{patient}});
    script.given(Opened{}).given(ConnectAnswered{}).expect({Arm{Timer::heartbeat, 50s}, ReportStarted{}});
}

TEST_CASE("a Conn without a limit, made by prepare, takes the limit away", "[core]")
{
    auto patient = home;
    patient.timeouts.open = 0ms;
    SessionScript script{home, with_prepare};
    script.given(Started{})
        .given(Prepared{patient})
        .expect({Disarm{Timer::open}, Arm{Timer::connect, 6s}, Open{patient}});
}

TEST_CASE("a prepare hook that gives up fails the attempt", "[core]")
{
    const Error error{errc::prepare_failed, Phase::prepare, "no token"};
    SessionScript script{home, with_prepare};
    script.given(Started{});
    script.given(PrepareFailed{error})
        .expect({Disarm{Timer::open}, Drop{}, ReportStarted{error}, Finish{{.error = error}}});
}

TEST_CASE("a Conn made by prepare that passes no check fails the attempt", "[core]")
{
    const auto error = SessionScript::nowhere().check().error();
    SessionScript script{home, with_prepare};
    script.given(Started{});
    script.given(Prepared{SessionScript::nowhere()})
        .expect({Disarm{Timer::open}, Drop{}, ReportStarted{error}, Finish{{.error = error}}});
}

TEST_CASE("no timeout is so long that a clock overflows, not even one that passes no check", "[core]")
{
    auto endless = home;
    endless.timeouts.open = std::chrono::milliseconds::max();
    SessionScript script{endless, with_prepare};
    script.given(Started{}).expect({Arm{Timer::open, 365 * 24h}, Prepare{endless, 1}});
    CHECK(script.given(Prepared{endless}).state() == State::done);
}

TEST_CASE("a prepare hook that does not answer fails the attempt in the end, and its late answer is ignored", "[core]")
{
    const Error late{errc::open_timeout, Phase::prepare};
    SessionScript script{home, {.has_prepare = true, .handle_initial_conn_failure = true}};
    script.given(Started{});
    script.wait(9'999ms).expect({});
    script.wait(1ms).expect({Drop{}, CallDisconnect{{.error = late}, 1, false}});
    script.given(Prepared{elsewhere}).expect({});
    script.given(PrepareFailed{errc::prepare_failed}).expect({});
    script.given(Decided{reconnect_in(1s)});
    script.given(Prepared{elsewhere}).expect({});
    script.given(PrepareFailed{errc::prepare_failed}).expect({});
    script.wait(1s).expect({Arm{Timer::open, 10s}, Prepare{home, 2}});
}

TEST_CASE("prepare is told the number of the attempt since a connection was stable", "[core]")
{
    SessionScript script{home, {.has_prepare = true, .handle_initial_conn_failure = true}};
    const auto fail_attempt = [&](int attempt) {
        CHECK(script.last<Prepare>()->attempt == attempt);
        script.given(PrepareFailed{errc::prepare_failed}).given(Decided{reconnect_in(0ms)}).wait(0ms);
    };
    script.given(Started{});
    fail_attempt(1);
    fail_attempt(2);
    CHECK(script.last<Prepare>()->attempt == 3);

    SECTION("a connection that was not stable does not count")
    {
        script.given(Prepared{home}).open().wait(9'999ms);
        script.lose().given(Decided{reconnect_in(0ms)}).wait(0ms);
        fail_attempt(4);
    }
    SECTION("after a stable one it is 1 again")
    {
        script.given(Prepared{home}).open().wait(10s);
        script.lose().given(Decided{reconnect_in(0ms)}).wait(0ms);
        fail_attempt(1);
        fail_attempt(2);
    }
}

TEST_CASE("while preparing there is no transport to hear of", "[core]")
{
    SessionScript script{home, with_prepare};
    script.given(Started{});
    for (const core::Event& event :
        std::vector<core::Event>{TransportConnected{}, TransportOpened{}, Opened{}, OpenFailed{errc::tls_failed},
            ConnectAnswered{}, Lost{}, CloseAsked{}, ClosePassed{}, ProtocolFailed{errc::protocol_error, std::nullopt}})
        script.given(event).expect({});
    CHECK(script.state() == State::preparing);
}
