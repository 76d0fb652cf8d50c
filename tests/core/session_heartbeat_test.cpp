// SPDX-License-Identifier: BSL-1.0
#include <websockxx/core/session.hpp>

#include "support/session_script.hpp"
#include "support/test.hpp"

using namespace websockxx;
using namespace websockxx::test;

namespace {

SessionScript open(std::chrono::milliseconds ping_interval, std::chrono::milliseconds pong)
{
    auto conn = SessionScript::home();
    conn.timeouts.ping_interval = ping_interval;
    conn.timeouts.pong = pong;
    SessionScript script{conn};
    script.open();
    return script;
}

const Error dead{errc::heartbeat_timeout, Phase::open};

} // namespace

TEST_CASE("P8 a server that is silent for the ping interval is pinged, and lost if it stays so", "[core]")
{
    auto script = open(20s, 10s);
    script.wait(19'999ms).expect({});
    script.wait(1ms).expect({SendPing{}, Arm{Timer::heartbeat, 10s}});
    script.wait(9'999ms).expect({});
    script.wait(1ms).expect({Drop{}, CallDisconnect{{.by = By::transport, .error = dead}, 1, true}});
}

TEST_CASE("P9 whatever comes from the server is a sign of life: the ping interval begins anew with it", "[core]")
{
    auto script = open(20s, 10s);
    script.wait(15s).hear();
    script.wait(5s).expect({Arm{Timer::heartbeat, 15s}});
    script.wait(14'999ms).expect({});
    script.wait(1ms).expect({SendPing{}, Arm{Timer::heartbeat, 10s}});
}

TEST_CASE("P9 a pong in time keeps the connection, and the next ping is an interval after it", "[core]")
{
    auto script = open(20s, 10s);
    script.wait(20s).wait(50ms).hear();
    script.wait(9'950ms).expect({Arm{Timer::heartbeat, 10'050ms}});
    script.wait(10'049ms).expect({});
    script.wait(1ms).expect({SendPing{}, Arm{Timer::heartbeat, 10s}});
}

TEST_CASE("P9 a pong at the last moment is one in time", "[core]")
{
    auto script = open(20s, 10s);
    script.wait(20s).wait(9'999ms).hear();
    script.wait(1ms).expect({Arm{Timer::heartbeat, 19'999ms}});
    CHECK(script.state() == State::open);
}

TEST_CASE("P9 a pong within the millisecond of the ping is one, however late the deadline is reported", "[core]")
{
    const auto [answered_after, late] = GENERATE(table<std::chrono::milliseconds, std::chrono::milliseconds>({
        {0ms, 0ms},
        {0ms, 5ms},
        {1ms, 5ms},
        {0ms, 5s},
    }));
    auto script = open(20s, 10s);
    script.wait(20s).expect({SendPing{}, Arm{Timer::heartbeat, 10s}});
    script.wait(answered_after).hear();
    script.wait(10s - answered_after, late).expect({Arm{Timer::heartbeat, 10s + answered_after - late}});
    CHECK(script.state() == State::open);
}

TEST_CASE("P8 a silent server is lost, however late the deadlines are reported", "[core]")
{
    const std::chrono::milliseconds late = GENERATE(0ms, 5ms, 1min);
    auto script = open(20s, 10s);
    script.wait(20s, late).expect({SendPing{}, Arm{Timer::heartbeat, 10s}});
    script.wait(10s, late);
    CHECK(script.state() == State::asking);
}

TEST_CASE("P9 an answer that is an interval old is followed by the next ping at once", "[core]")
{
    auto script = open(2s, 10s);
    script.wait(2s).wait(1s).hear();
    script.wait(9s).expect({SendPing{}, Arm{Timer::heartbeat, 10s}});
    script.wait(9'999ms).expect({});
    script.wait(1ms);
    CHECK(script.state() == State::asking);
}

TEST_CASE("P8 a server that answers every ping is kept for ever", "[core]")
{
    auto script = open(20s, 10s);
    for (int i = 0; i < 1000; ++i) {
        script.wait(script.next_deadline().value());
        if (script.last<SendPing>()) script.wait(1s).hear();
        REQUIRE(script.state() == State::open);
        REQUIRE(script.next_deadline());
    }
}

TEST_CASE("P8 without a pong timeout pings are sent all the same, and a silent server is kept", "[core]")
{
    auto script = open(20s, 0ms);
    for (int i = 0; i < 10; ++i) {
        script.wait(19'999ms).expect({});
        script.wait(1ms).expect({SendPing{}, Arm{Timer::heartbeat, 20s}});
    }
}

TEST_CASE("P8 without a ping interval there is no heartbeat", "[core]")
{
    auto script = open(0ms, 10s);
    script.wait(24h).expect({});
    CHECK(script.state() == State::open);
}

TEST_CASE("P8 a pong that was owed on a lost connection is not owed on the next one", "[core]")
{
    auto script = open(20s, 10s);
    script.wait(20s).lose().given(Decided{reconnect()}).wait(0ms);
    script.given(Opened{}).given(ConnectAnswered{}).wait(20s).expect({SendPing{}, Arm{Timer::heartbeat, 10s}});
    CHECK(script.state() == State::open);
}

TEST_CASE("P8 nothing is pinged while closing", "[core]")
{
    auto conn = SessionScript::home();
    conn.timeouts.close = 0ms;
    SessionScript script{conn};
    script.open().given(CloseAsked{});
    script.wait(24h).expect({});
}
