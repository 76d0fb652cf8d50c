// SPDX-License-Identifier: BSL-1.0
#include <websockxx/core/session.hpp>

#include "support/session_script.hpp"
#include "support/test.hpp"

#include <boost/system/errc.hpp>

#include <optional>
#include <string>

using namespace websockxx;
using namespace websockxx::test;

namespace {

const CloseFrame empty{};
const Error lost{errc::connection_lost, Phase::open};

SessionScript open(Conn conn = SessionScript::home())
{
    SessionScript script{std::move(conn)};
    script.open();
    return script;
}

} // namespace

// ---- Closed by us

TEST_CASE("WX-075 WX-087 a callback closes: close frame, the server's answer, its end of TCP, handle_disconnect, "
          "terminate",
    "[core]")
{
    const CloseReason reason{.by = By::local, .sent = empty, .received = empty, .clean = true};
    auto script = open();
    script.given(CloseAsked{}).expect({Disarm{Timer::heartbeat}, SendClose{}, Arm{Timer::close, 5s}});
    CHECK(script.state() == State::closing);
    script.given(ClosePassed{empty, empty}).expect({Arm{Timer::linger, 1s}, Shutdown{}});
    CHECK(script.state() == State::lingering);
    script.given(Lost{}).expect({Disarm{Timer::close}, Disarm{Timer::linger}, Drop{}, CallDisconnect{reason, 1, true}});
    script.given(Decided{Ok{}}).expect({CallTerminate{reason}, Finish{reason}});
    CHECK(reason.normal());
}

TEST_CASE("WX-039 WX-050 WX-088 a callback closes with a code and a text: both are sent, and are the reason", "[core]")
{
    const CloseReason reason{.by = By::local,
        .sent = CloseFrame{4012, "Test Close"},
        .received = CloseFrame{4012, "Test Close"},
        .clean = true};
    auto script = open();
    script.given(CloseAsked{4012, "Test Close"})
        .expect({Disarm{Timer::heartbeat}, SendClose{4012, "Test Close"}, Arm{Timer::close, 5s}});
    script.given(ClosePassed{reason.sent, reason.received}).given(Lost{});
    CHECK(to_string(*script.last<CallDisconnect>()) == to_string(CallDisconnect{reason, 1, true}));
    CHECK(script.last<CallDisconnect>()->reason.code() == 4012);
}

TEST_CASE("the server may answer a close with another code: ours is the reason", "[core]")
{
    auto script = open();
    script.given(CloseAsked{4012, ""}).given(ClosePassed{CloseFrame{4012, ""}, CloseFrame{1001, "bye"}}).given(Lost{});
    const auto reason = script.last<CallDisconnect>()->reason;
    CHECK(reason.code() == 4012);
    CHECK(reason.received == CloseFrame{1001, "bye"});
}

TEST_CASE("WXB-19 the text of a close is cut to what a close frame can hold, whole characters only", "[core]")
{
    std::string euros;
    for (int i = 0; i < 50; ++i) euros += "\xE2\x82\xAC";
    const auto fitting = euros.substr(0, 123);
    auto script = open();
    script.given(CloseAsked{1000, euros + "x"})
        .expect({Disarm{Timer::heartbeat}, SendClose{1000, fitting}, Arm{Timer::close, 5s}});
    script.given(ClosePassed{CloseFrame{1000, fitting}, empty}).given(Lost{});
    CHECK(script.last<CallDisconnect>()->reason.text() == fitting);
}

TEST_CASE("WXB-21 WXB-22 once a close frame is sent, another close is not", "[core]")
{
    auto script = open();
    script.given(CloseAsked{});
    script.given(CloseAsked{4000, "again"}).expect({});
    script.given(CloseAsked{999, "bad"}).expect({});
    script.given(ClosePassed{empty, empty});
    script.given(CloseAsked{4000, "again"}).expect({});
    CHECK(script.state() == State::lingering);
}

TEST_CASE("WX-096 a server that does not answer the close is given up after the close timeout", "[core]")
{
    const CloseReason reason{.by = By::local, .sent = empty, .error = Error{errc::close_timeout, Phase::closing}};
    auto script = open();
    script.given(CloseAsked{});
    script.wait(4'999ms).expect({});
    script.wait(1ms).expect({Drop{}, CallDisconnect{reason, 1, true}});
    CHECK_FALSE(reason.normal());
}

TEST_CASE("WX-035 a closing client does not end before the server answers, or the close timeout", "[core]")
{
    auto script = open();
    script.given(CloseAsked{});
    script.wait(100ms).expect({});
    CHECK(script.state() == State::closing);
}

TEST_CASE("WXB-17 after both close frames the server may end TCP first, but not for longer than linger", "[core]")
{
    const CloseReason reason{.by = By::local, .sent = empty, .received = empty, .clean = true};
    auto script = open();
    script.given(CloseAsked{}).given(ClosePassed{empty, empty});
    script.wait(999ms).expect({});
    script.wait(1ms).expect({Disarm{Timer::close}, Drop{}, CallDisconnect{reason, 1, true}});
    CHECK(reason.normal());
}

TEST_CASE("lingering does not prolong the close timeout, and a clean end stays one", "[core]")
{
    const CloseReason reason{.by = By::local, .sent = empty, .received = empty, .clean = true};
    auto script = open();
    script.given(CloseAsked{}).wait(4'500ms).given(ClosePassed{empty, empty});
    script.wait(499ms).expect({});
    script.wait(1ms).expect({Disarm{Timer::linger}, Drop{}, CallDisconnect{reason, 1, true}});
}

TEST_CASE("without a limit for lingering the close timeout ends it", "[core]")
{
    auto conn = SessionScript::home();
    conn.timeouts.linger = 0ms;
    const CloseReason reason{.by = By::remote, .sent = empty, .received = empty, .clean = true};
    auto script = open(conn);
    script.given(ClosePassed{empty, empty}).expect({Disarm{Timer::heartbeat}, Arm{Timer::close, 5s}, Shutdown{}});
    script.wait(4'999ms).expect({});
    script.wait(1ms).expect({Drop{}, CallDisconnect{reason, 1, true}});
}

TEST_CASE(
    "a transport that ends before the server's close frame: our close is the reason, and it is not clean", "[core]")
{
    const CloseReason reason{.by = By::local, .sent = CloseFrame{4000, ""}};
    auto script = open();
    script.given(CloseAsked{4000, ""});
    script.given(Lost{}).expect({Disarm{Timer::close}, Drop{}, CallDisconnect{reason, 1, true}});
}

TEST_CASE("WX-092 a close frame that did not leave, as the transport had ended, is a lost connection", "[core]")
{
    auto script = open();
    script.given(CloseAsked{4000, ""});
    script.given(Lost{{}, true})
        .expect({Disarm{Timer::close}, Drop{}, CallDisconnect{{.by = By::transport, .error = lost}, 1, true}});
}

TEST_CASE("what else the server does wrong while we close is as good as no answer", "[core]")
{
    const CloseReason reason{.by = By::local, .sent = empty};
    auto script = open();
    script.given(CloseAsked{});
    script.given(ProtocolFailed{errc::protocol_error, std::nullopt})
        .expect({Disarm{Timer::close}, Drop{}, CallDisconnect{reason, 1, true}});
}

TEST_CASE("WXB-18 WXB-23 while closing nothing is handed to the client", "[core]")
{
    auto script = open();
    CHECK(script.session().delivers());
    script.given(CloseAsked{});
    CHECK_FALSE(script.session().delivers());
    script.given(ClosePassed{empty, empty});
    CHECK_FALSE(script.session().delivers());
}

// ---- Closed by the server

TEST_CASE("WX-085 the server closes without a code: handle_disconnect, and an orderly end", "[core]")
{
    const CloseReason reason{.by = By::remote, .sent = empty, .received = empty, .clean = true};
    auto script = open();
    script.given(ClosePassed{empty, empty})
        .expect({Disarm{Timer::heartbeat}, Arm{Timer::close, 5s}, Arm{Timer::linger, 1s}, Shutdown{}});
    script.given(Lost{}).expect({Disarm{Timer::close}, Disarm{Timer::linger}, Drop{}, CallDisconnect{reason, 1, true}});
    script.given(Decided{Ok{}}).expect({CallTerminate{reason}, Finish{reason}});
    CHECK(reason.normal());
}

TEST_CASE("WX-083 WX-086 the server closes with a code and a text: both are the reason", "[core]")
{
    const CloseFrame frame = GENERATE(CloseFrame{1001, ""}, CloseFrame{4025, "Testing"});
    auto script = open();
    script.given(ClosePassed{frame, frame}).given(Lost{});
    const auto reason = script.last<CallDisconnect>()->reason;
    CHECK(reason.by == By::remote);
    CHECK(reason.code() == frame.code);
    CHECK(reason.text() == frame.text);
    CHECK_FALSE(reason.normal());
}

TEST_CASE("an end with an error behind both close frames does not matter", "[core]")
{
    const auto reset = make_error_code(boost::system::errc::connection_reset);
    const CloseReason reason{.by = By::remote, .sent = empty, .received = empty, .clean = true};
    auto script = open();
    script.given(ClosePassed{empty, empty});
    script.given(Lost{reset, true})
        .expect({Disarm{Timer::close}, Disarm{Timer::linger}, Drop{}, CallDisconnect{reason, 1, true}});
}

TEST_CASE("while lingering nothing that comes is of interest", "[core]")
{
    auto script = open();
    script.given(ClosePassed{empty, empty});
    script.given(ClosePassed{empty, empty}).expect({});
    script.given(ProtocolFailed{errc::protocol_error, std::nullopt}).expect({});
    script.given(CloseAsked{4000, ""}).expect({});
    script.given(ReplyFailed{errc::invalid_frame}).expect({});
    script.given(Threw{errc::callback_threw, nullptr}).expect({});
    CHECK(script.state() == State::lingering);
}

// ---- Lost, and broken

TEST_CASE("WX-093 WX-094 a transport that ends without a closing handshake is a lost connection", "[core]")
{
    open().given(Lost{}).expect(
        {Disarm{Timer::heartbeat}, Drop{}, CallDisconnect{{.by = By::transport, .error = lost}, 1, true}});
}

TEST_CASE("WX-041 WXB-28 WXB-29 why the transport ended is in the detail of the error", "[core]")
{
    const auto reset = make_error_code(boost::system::errc::connection_reset);
    auto script = open();
    script.given(Lost{reset, true});
    const auto error = script.last<CallDisconnect>()->reason.error;
    CHECK(error.code() == errc::connection_lost);
    CHECK(error.detail() == reset.message());
}

TEST_CASE("WX-040 a reply that cannot be encoded closes with 1011, and handle_disconnect learns why", "[core]")
{
    const Error invalid{errc::invalid_frame, Phase::open};
    const CloseFrame frame{1011, ""};
    CloseReason reason{.by = By::local, .sent = frame, .error = invalid};
    auto script = open();
    script.given(ReplyFailed{invalid}).expect({Disarm{Timer::heartbeat}, SendClose{1011, ""}, Arm{Timer::close, 5s}});

    SECTION("the server answers")
    {
        reason.received = frame;
        reason.clean = true;
        script.given(ClosePassed{frame, frame}).given(Lost{});
    }
    SECTION("the server does not answer") { script.wait(5s); }
    SECTION("the close frame did not leave")
    {
        reason.sent.reset();
        script.given(Lost{{}, true});
    }
    CHECK(to_string(*script.last<CallDisconnect>()) == to_string(CallDisconnect{reason, 1, true}));
    script.given(Decided{Ok{}}).expect({CallTerminate{reason}, Finish{reason}});
}

TEST_CASE("WXB-01 WXB-03 WXB-07 a server that breaks the protocol has been answered: our direction ends, and "
          "handle_disconnect learns why",
    "[core]")
{
    const std::optional<CloseFrame> sent =
        GENERATE(as<std::optional<CloseFrame>>(), CloseFrame{1002, ""}, std::nullopt);
    const Error broken{errc::protocol_error, Phase::open, "a reserved bit"};
    const CloseReason reason{.by = By::local, .sent = sent, .error = broken};
    auto script = open();
    script.given(ProtocolFailed{broken, sent})
        .expect({Disarm{Timer::heartbeat}, Arm{Timer::close, 5s}, Arm{Timer::linger, 1s}, Shutdown{}});
    CHECK(script.state() == State::lingering);
    script.wait(999ms).expect({});
    script.wait(1ms).expect({Disarm{Timer::close}, Drop{}, CallDisconnect{reason, 1, true}});
}
