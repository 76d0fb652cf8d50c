// SPDX-License-Identifier: BSL-1.0
#include <websockxx/core/session.hpp>

#include "support/session_script.hpp"
#include "support/test.hpp"

// S4: the deadline of a message that has begun to come.

using namespace websockxx;
using namespace websockxx::test;

namespace {

Conn home(std::chrono::milliseconds message)
{
    auto conn = SessionScript::home();
    conn.timeouts.message = message;
    conn.timeouts.ping_interval = 0ms; // so that no other deadline is armed
    return conn;
}

SessionScript open(std::chrono::milliseconds message = 60s)
{
    SessionScript script(home(message));
    script.open();
    return script;
}

const Error too_slow{errc::message_timeout, Phase::open};

} // namespace

TEST_CASE("S4 a message that is not whole in time is the end of the connection", "[core]")
{
    auto script = open();
    script.message_begins().expect({Arm{Timer::message, 60s}});
    script.wait(59'999ms).expect({});
    script.wait(1ms).expect({SendClose{1008, "message took too long"}, Arm{Timer::close, 5s}});
    CHECK(script.state() == State::closing);

    SECTION("whether the server goes on with it")
    {
        script.wait(5s);
        const auto asked = script.last<CallDisconnect>();
        REQUIRE(asked);
        CHECK(asked->reason.error == too_slow);
        CHECK(asked->reason.by == By::local);
    }
    SECTION("or answers the close frame")
    {
        const CloseFrame answer{1008, "message took too long"};
        script.given(ClosePassed{answer, answer}).given(Lost{});
        const auto asked = script.last<CallDisconnect>();
        REQUIRE(asked);
        CHECK(asked->reason.error == too_slow);
        CHECK(asked->reason.clean);
    }
    SECTION("or ends the connection")
    {
        script.given(Lost{});
        const auto asked = script.last<CallDisconnect>();
        REQUIRE(asked);
        CHECK(asked->reason.error == too_slow);
    }
}

TEST_CASE("S4 each message has its own deadline, from its own first byte", "[core]")
{
    auto script = open();
    script.message_begins().wait(20s).message_ends().wait(10s);
    script.message_begins().expect({}); // the deadline of the first one runs on
    script.wait(30s).expect({Arm{Timer::message, 30s}});
    script.wait(29'999ms).expect({});
    script.wait(1ms);
    CHECK(script.state() == State::closing);
}

TEST_CASE("S4 no deadline is left when no message is unfinished", "[core]")
{
    auto script = open();
    script.message_begins().wait(1s).message_ends();
    script.wait(59s).expect({});
    CHECK_FALSE(script.next_deadline());
    CHECK(script.state() == State::open);
    script.message_begins().expect({Arm{Timer::message, 60s}});
}

TEST_CASE("S4 a message that begins at the moment of another one's deadline has all its time", "[core]")
{
    auto script = open();
    script.message_begins().wait(59'999ms).message_ends();
    script.message_begins().wait(1ms).expect({Arm{Timer::message, 59'999ms}});
}

TEST_CASE("S4 without a limit messages are not timed", "[core]")
{
    auto script = open(0s);
    CHECK_FALSE(script.session().awaits_message_begin());
    script.given(MessageBegan{}).expect({});
    CHECK_FALSE(script.next_deadline());
}

TEST_CASE("S4 messages are timed while the connection is open and not paused", "[core]")
{
    SessionScript script(home(60s));
    CHECK_FALSE(script.session().awaits_message_begin());
    script.given(Started{}).given(MessageBegan{}).expect({});
    script.open();
    CHECK(script.session().awaits_message_begin());
    script.message_begins();
    CHECK_FALSE(script.session().awaits_message_begin());

    script.given(PauseAsked{}).expect({Disarm{Timer::message}});
    CHECK_FALSE(script.session().awaits_message_begin());
    script.given(MessageBegan{}).expect({});
    script.wait(1h).expect({});
    script.given(ResumeAsked{});
    script.message_begins().expect({Arm{Timer::message, 60s}});

    script.given(ClosePassed{CloseFrame{1000, ""}, CloseFrame{1000, ""}});
    CHECK(script.state() == State::lingering);
    CHECK_FALSE(script.session().awaits_message_begin());
    script.wait(1h);
    CHECK_FALSE(script.next_deadline());
}

TEST_CASE("S4 the deadline of a message does not outlive its connection", "[core]")
{
    auto script = open();
    script.message_begins().lose();
    CHECK_FALSE(script.next_deadline());
}
