// SPDX-License-Identifier: BSL-1.0
#include <websockxx/core/session.hpp>

#include "support/session_script.hpp"
#include "support/test.hpp"

using namespace websockxx;
using namespace websockxx::test;

namespace {

SessionScript beating()
{
    auto conn = SessionScript::home();
    conn.timeouts.ping_interval = 20s;
    conn.timeouts.pong = 10s;
    SessionScript script{conn, {.policy = policy::always(policy::Backoff{})}};
    return script;
}

} // namespace

TEST_CASE("an open connection that is paused delivers and reads nothing until it is resumed", "[core]")
{
    SessionScript script;
    script.open();
    CHECK(script.session().delivers());
    CHECK(script.session().reads());
    script.given(PauseAsked{});
    CHECK_FALSE(script.session().delivers());
    CHECK_FALSE(script.session().reads());
    CHECK_FALSE(script.session().send_error());
    script.given(ResumeAsked{});
    CHECK(script.session().delivers());
    CHECK(script.session().reads());
}

TEST_CASE("the silence of a paused connection is nobody's death, and the heartbeat begins anew after it", "[core]")
{
    auto script = beating();
    script.open();
    script.given(PauseAsked{}).expect({Disarm{Timer::heartbeat}});
    script.given(PauseAsked{}).expect({});
    script.wait(1h).expect({});
    script.given(ResumeAsked{}).expect({Arm{Timer::heartbeat, 20s}});
    script.given(ResumeAsked{}).expect({});
    script.wait(20s).expect({SendPing{}, Arm{Timer::heartbeat, 10s}});
}

TEST_CASE("a ping that was not answered before the pause is not held against the server after it", "[core]")
{
    auto script = beating();
    script.open();
    script.wait(25s).given(PauseAsked{}).expect({Disarm{Timer::heartbeat}});
    script.wait(1h).given(ResumeAsked{});
    script.wait(20s).expect({SendPing{}, Arm{Timer::heartbeat, 10s}});
    script.wait(10s);
    CHECK(script.last<CallDisconnect>());
}

TEST_CASE("a paused connection can be closed, and reads again for that", "[core]")
{
    auto script = beating();
    script.open();
    script.given(PauseAsked{}).given(CloseAsked{}).expect({SendClose{}, Arm{Timer::close, 5s}});
    CHECK(script.session().reads());
    CHECK_FALSE(script.session().delivers());
}

TEST_CASE("what is opened while paused is paused, and can be opened", "[core]")
{
    auto script = beating();
    script.given(PauseAsked{}).expect({});
    script.given(Started{});
    CHECK(script.session().reads());
    script.given(Opened{});
    CHECK(script.session().reads());
    script.given(ConnectAnswered{}).expect({ReportStarted{}});
    CHECK_FALSE(script.session().reads());

    script.lose().given(Decided{ask_policy()});
    script.open();
    CHECK(script.state() == State::open);
    CHECK_FALSE(script.session().delivers());
    script.given(ResumeAsked{}).expect({Arm{Timer::heartbeat, 20s}});
}

TEST_CASE("a client that is resumed before it is connected is not paused when it is", "[core]")
{
    auto script = beating();
    script.given(PauseAsked{}).expect({});
    script.given(ResumeAsked{}).expect({});
    script.open();
    CHECK(script.session().delivers());
}
