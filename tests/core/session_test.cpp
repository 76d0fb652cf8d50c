// SPDX-License-Identifier: BSL-1.0
#include <websockxx/core/session.hpp>

#include "support/session_script.hpp"
#include "support/test.hpp"

#include <boost/system/errc.hpp>

#include <exception>
#include <stdexcept>
#include <vector>

using namespace websockxx;
using namespace websockxx::test;

namespace {

const Conn home = SessionScript::home();
const Error not_found = Error::refused({404, "Not Found", {}, {}});
const Error raised{errc::callback_threw, Phase::open, "Async Timeout"};
const auto exception = std::make_exception_ptr(std::runtime_error("Async Timeout"));
const CloseReason thrown{.by = By::local, .error = raised, .exception = exception};
const CloseReason thrown_1011{.by = By::local, .sent = CloseFrame{1011, ""}, .error = raised, .exception = exception};

SessionScript opening(Conn conn = home, core::Settings settings = {})
{
    SessionScript script{std::move(conn), std::move(settings)};
    script.given(Started{});
    return script;
}

SessionScript open(Conn conn = home)
{
    SessionScript script{std::move(conn)};
    script.open();
    return script;
}

Conn with(Timeouts timeouts)
{
    auto conn = home;
    conn.timeouts = timeouts;
    return conn;
}

} // namespace

// ---- Opening

TEST_CASE("a client opens a connection, calls handle_connect and reports that it has started", "[core]")
{
    SessionScript script;
    CHECK(script.state() == State::idle);
    script.given(Started{}).expect({Arm{Timer::open, 10s}, Arm{Timer::connect, 6s}, Open{home}});
    script.given(TransportConnected{}).expect({Disarm{Timer::connect}});
    script.given(TransportOpened{}).expect({});
    script.given(Opened{}).expect({Disarm{Timer::open}, CallConnect{}});
    CHECK(script.state() == State::greeting);
    script.given(ConnectAnswered{}).expect({Arm{Timer::heartbeat, 20s}, ReportStarted{}});
    CHECK(script.state() == State::open);
}

TEST_CASE("a client starts once", "[core]")
{
    auto script = opening();
    script.given(Started{}).expect({});
    script.given(StopAsked{errc::stopped}).given(Started{}).expect({});
    CHECK(script.state() == State::done);
}

TEST_CASE("a transport may open without a word about its TCP connection", "[core]")
{
    opening().given(Opened{}).expect({Disarm{Timer::open}, Disarm{Timer::connect}, CallConnect{}});
}

TEST_CASE("WX-098 WX-105 a refused first attempt fails the start, and nobody is asked", "[core]")
{
    opening()
        .given(OpenFailed{not_found})
        .expect({Disarm{Timer::open}, Disarm{Timer::connect}, Drop{}, ReportStarted{not_found},
            Finish{{.error = not_found}}});
}

TEST_CASE(
    "WX-097 with handle_initial_conn_failure a failed first attempt asks handle_disconnect, which may end it", "[core]")
{
    auto script = opening(home, {.handle_initial_conn_failure = true});
    script.given(OpenFailed{not_found})
        .expect({Disarm{Timer::open}, Disarm{Timer::connect}, Drop{}, CallDisconnect{{.error = not_found}, 1, false}});
    CHECK(script.state() == State::asking);
    script.given(Decided{Ok{}}).expect({ReportStarted{not_found}, Finish{{.error = not_found}}});
}

TEST_CASE("a TCP connection that takes too long fails the attempt", "[core]")
{
    const Error late{errc::connect_timeout, Phase::connect};
    auto script = opening();
    script.wait(5'999ms).expect({});
    script.wait(1ms).expect({Disarm{Timer::open}, Drop{}, ReportStarted{late}, Finish{{.error = late}}});
}

TEST_CASE("P26 an attempt whose name is still being looked up is told as such", "[core]")
{
    const Error late{errc::connect_timeout, Phase::resolve};
    auto script = opening();
    script.given(Expired{Timer::connect, 6'000ms, {}, true})
        .expect({Disarm{Timer::open}, Drop{}, ReportStarted{late}, Finish{{.error = late}}});
}

TEST_CASE("an attempt that takes too long fails, and the error says in which phase it was", "[core]")
{
    auto conn = home;
    std::vector<core::Event> events;
    Phase phase = Phase::connect;
    SECTION("without a limit of its own for TCP") { conn.timeouts.connect = 0ms; }
    SECTION("TLS")
    {
        conn.secure = true;
        events = {TransportConnected{}};
        phase = Phase::tls;
    }
    SECTION("opening handshake behind TLS")
    {
        conn.secure = true;
        events = {TransportConnected{}, TransportOpened{}};
        phase = Phase::handshake;
    }
    SECTION("opening handshake")
    {
        events = {TransportConnected{}};
        phase = Phase::handshake;
    }
    auto script = opening(conn);
    script.wait(1s);
    for (const auto& event : events) script.given(event);

    const Error late{errc::open_timeout, phase};
    script.wait(8'999ms).expect({});
    script.wait(1ms).expect({Drop{}, ReportStarted{late}, Finish{{.error = late}}});
}

TEST_CASE("a transport that ends while it is opened fails the attempt", "[core]")
{
    const auto reset = make_error_code(boost::system::errc::connection_reset);
    auto script = opening();
    script.given(TransportConnected{});
    script.given(Lost{reset})
        .expect({Disarm{Timer::open}, Drop{}, ReportStarted{Error{reset, Phase::handshake}},
            Finish{{.error = Error{reset, Phase::handshake}}}});
}

TEST_CASE("a transport that ends without a reason while it is opened fails the attempt with one", "[core]")
{
    const Error lost{errc::connection_lost, Phase::connect};
    opening().given(Lost{}).expect(
        {Disarm{Timer::open}, Disarm{Timer::connect}, Drop{}, ReportStarted{lost}, Finish{{.error = lost}}});
}

TEST_CASE("a Conn that passes no check fails the attempt before anything is opened", "[core]")
{
    const auto error = SessionScript::nowhere().check().error();
    SessionScript script{SessionScript::nowhere()};
    script.given(Started{}).expect({Drop{}, ReportStarted{error}, Finish{{.error = error}}});
}

TEST_CASE("timeouts of zero are no limits: nothing is armed while a connection is opened, open and closed", "[core]")
{
    auto script = opening(with({0ms, 0ms, 0ms, 0ms, 0ms, 0ms}));
    CHECK(script.next_deadline() == std::nullopt);
    script.open().expect({ReportStarted{}});
    CHECK(script.next_deadline() == std::nullopt);
    script.given(CloseAsked{}).expect({SendClose{}});
    CHECK(script.next_deadline() == std::nullopt);
    script.given(ClosePassed{CloseFrame{}, CloseFrame{}}).expect({Shutdown{}});
    CHECK(script.next_deadline() == std::nullopt);
    script.wait(24h).expect({});
    CHECK(script.state() == State::lingering);
}

// ---- handle_connect

TEST_CASE(
    "WX-012 WX-013 WX-017 WX-018 a first handle_connect that throws fails the start: no close frame, no terminate",
    "[core]")
{
    auto script = opening();
    script.given(Opened{});
    script.given(Threw{raised, exception}).expect({Drop{}, ReportStarted{raised}, Finish{thrown}});
    CHECK(script.state() == State::done);
}

TEST_CASE("a start that fails without an error, as code may throw one without a code, fails with one", "[core]")
{
    auto script = opening();
    script.given(Opened{});
    script.given(Threw{Error{}, exception});
    CHECK(script.last<ReportStarted>()->error.code() == errc::connection_lost);
}

TEST_CASE("WX-074 a first handle_connect whose reply cannot be encoded fails the start, also with the option", "[core]")
{
    const Error invalid{errc::invalid_frame, Phase::open};
    auto script = opening(home, {.handle_initial_conn_failure = true});
    script.given(Opened{});
    script.given(ReplyFailed{invalid})
        .expect({Drop{}, ReportStarted{invalid}, Finish{{.by = By::local, .error = invalid}}});
}

TEST_CASE("WX-072 WXB-32 a later handle_connect that throws closes with 1011 and ends the client", "[core]")
{
    SessionScript script;
    script.open().lose().given(Decided{reconnect()}).wait(0ms).given(Opened{});
    script.given(Threw{raised, exception})
        .expect({SendClose{1011, ""}, Drop{}, CallTerminate{thrown_1011}, Finish{thrown_1011}});
}

TEST_CASE(
    "WX-071 WX-073 a later handle_connect whose reply cannot be encoded closes with 1011 and ends the client", "[core]")
{
    const Error invalid{errc::invalid_frame, Phase::open};
    const CloseReason reason{.by = By::local, .sent = CloseFrame{1011, ""}, .error = invalid};
    SessionScript script;
    script.open().lose().given(Decided{reconnect()}).wait(0ms).given(Opened{});
    script.given(ReplyFailed{invalid}).expect({SendClose{1011, ""}, Drop{}, CallTerminate{reason}, Finish{reason}});
}

TEST_CASE("WX-043 handle_connect is called again for a new connection, but the start is reported once", "[core]")
{
    SessionScript script;
    script.open().lose().given(Decided{reconnect()}).wait(0ms);
    script.given(Opened{}).expect({Disarm{Timer::open}, Disarm{Timer::connect}, CallConnect{}});
    script.given(ConnectAnswered{}).expect({Arm{Timer::heartbeat, 20s}});
}

// ---- Callbacks that fail

TEST_CASE("WX-053 WX-054 WX-056 WX-057 WX-059 WX-060 WX-062 WX-063 WX-065 WX-066 WX-084 an exception in a callback "
          "closes with 1011 and at once, skips handle_disconnect and calls terminate",
    "[core]")
{
    open()
        .given(Threw{raised, exception})
        .expect(
            {Disarm{Timer::heartbeat}, SendClose{1011, ""}, Drop{}, CallTerminate{thrown_1011}, Finish{thrown_1011}});
}

TEST_CASE("WX-052 WX-055 WX-058 WX-061 WX-064 WXB-19 a close that may not be sent is a bad response: closed with 1011, "
          "terminate called",
    "[core]")
{
    const auto [asked, detail] = GENERATE(table<CloseAsked, const char*>({
        {{999, "x"}, "close with the code 999"},
        {{1005, ""}, "close with the code 1005"},
        {{1006, ""}, "close with the code 1006"},
        {{1015, ""}, "close with the code 1015"},
        {{2500, ""}, "close with the code 2500"},
        {{5000, ""}, "close with the code 5000"},
        {{1000, "\xFF\xFF"}, "close with a text that is not UTF-8"},
    }));
    const CloseReason reason{
        .by = By::local, .sent = CloseFrame{1011, ""}, .error = Error{errc::bad_response, Phase::open, detail}};
    open().given(asked).expect(
        {Disarm{Timer::heartbeat}, SendClose{1011, ""}, Drop{}, CallTerminate{reason}, Finish{reason}});
}

TEST_CASE("WX-067 WX-068 WX-069 an exception in handle_disconnect ends the client with it, terminate called", "[core]")
{
    auto script = open();
    script.lose();
    script.given(Threw{raised, exception}).expect({CallTerminate{thrown}, Finish{thrown}});
}

TEST_CASE("WX-070 an exception in handle_disconnect before the first success fails the start, terminate is not called",
    "[core]")
{
    auto script = opening(home, {.handle_initial_conn_failure = true});
    script.given(OpenFailed{not_found});
    script.given(Threw{raised, exception}).expect({ReportStarted{raised}, Finish{thrown}});
}

// ---- What can be sent when

TEST_CASE("WX-033 WX-035 sending fails with the state of the connection, and works while it is open", "[core]")
{
    SessionScript script;
    const auto send_error = [&] { return script.session().send_error(); };
    CHECK(send_error() == errc::not_connected_opening);
    script.given(Started{});
    CHECK(send_error() == errc::not_connected_opening);
    script.given(Opened{});
    CHECK_FALSE(send_error().failed());
    CHECK_FALSE(script.session().delivers());
    script.given(ConnectAnswered{});
    CHECK_FALSE(send_error().failed());
    CHECK(script.session().delivers());
    script.given(CloseAsked{});
    CHECK(send_error() == errc::not_connected_closing);
    CHECK_FALSE(script.session().delivers());
    script.given(ClosePassed{CloseFrame{}, CloseFrame{}});
    CHECK(send_error() == errc::not_connected_closing);
    script.lose();
    CHECK(send_error() == errc::not_connected_opening);
    script.given(Decided{reconnect_in(1h)});
    CHECK(send_error() == errc::not_connected_opening);
    script.given(StopAsked{errc::stopped});
    CHECK(send_error() == errc::client_ended);
}

// ---- Stop, from every state

TEST_CASE("P28 WX-111 stopped or aborted before the first success, a client ends at once, without terminate", "[core]")
{
    const Error error = GENERATE(errc::stopped, errc::aborted);
    const CloseReason reason{.by = By::local, .error = error};
    SessionScript script{home, {.has_prepare = true, .handle_initial_conn_failure = true}};

    SECTION("idle") { script.given(StopAsked{error}).expect({ReportStarted{error}, Finish{reason}}); }
    script.given(Started{});
    SECTION("preparing")
    {
        script.given(StopAsked{error}).expect({Disarm{Timer::open}, ReportStarted{error}, Finish{reason}});
    }
    script.given(Prepared{home});
    SECTION("opening")
    {
        script.given(StopAsked{error})
            .expect({Disarm{Timer::open}, Disarm{Timer::connect}, Drop{}, ReportStarted{error}, Finish{reason}});
    }
    SECTION("greeting")
    {
        script.given(Opened{}).given(StopAsked{error}).expect({Drop{}, ReportStarted{error}, Finish{reason}});
    }
    script.given(OpenFailed{not_found});
    SECTION("asking") { script.given(StopAsked{error}).expect({ReportStarted{error}, Finish{reason}}); }
    script.given(Decided{reconnect_in(1h)});
    SECTION("waiting")
    {
        script.given(StopAsked{error}).expect({Disarm{Timer::retry}, ReportStarted{error}, Finish{reason}});
    }
    script.given(StopAsked{error});
    CHECK(script.state() == State::done);
    CHECK(script.next_deadline() == std::nullopt);
    script.given(StopAsked{error}).expect({});
}

TEST_CASE("P28 WX-109 stopped while open, a client sends close 1001, drops the transport and calls terminate", "[core]")
{
    const CloseReason reason{.by = By::local, .sent = CloseFrame{1001, ""}, .error = errc::stopped};
    open()
        .given(StopAsked{errc::stopped})
        .expect({Disarm{Timer::heartbeat}, SendClose{1001, ""}, Drop{}, CallTerminate{reason}, Finish{reason}});
}

TEST_CASE("P28 aborted while open, a client sends no close frame", "[core]")
{
    const CloseReason reason{.by = By::local, .error = errc::aborted};
    open()
        .given(StopAsked{errc::aborted})
        .expect({Disarm{Timer::heartbeat}, Drop{}, CallTerminate{reason}, Finish{reason}});
}

TEST_CASE("P28 WX-114 WXB-22 stopped or aborted while closing, a client sends no second close frame, and its reason "
          "has the first",
    "[core]")
{
    const Error error = GENERATE(errc::stopped, errc::aborted);
    CloseReason reason{.by = By::local, .sent = CloseFrame{4000, "x"}, .error = error};
    auto script = open();
    script.given(CloseAsked{4000, "x"});
    SECTION("before the server's")
    {
        script.given(StopAsked{error}).expect({Disarm{Timer::close}, Drop{}, CallTerminate{reason}, Finish{reason}});
    }
    SECTION("after the server's")
    {
        reason.received = CloseFrame{4000, ""};
        reason.clean = true;
        script.given(ClosePassed{reason.sent, reason.received});
        script.given(StopAsked{error})
            .expect({Disarm{Timer::close}, Disarm{Timer::linger}, Drop{}, CallTerminate{reason}, Finish{reason}});
    }
}

TEST_CASE("P28 WX-110 stopped or aborted between two connections, a client ends at once and calls terminate", "[core]")
{
    const Error error = GENERATE(errc::stopped, errc::aborted);
    const CloseReason reason{.by = By::local, .error = error};
    auto script = open();
    script.lose();
    SECTION("asking") { script.given(StopAsked{error}).expect({CallTerminate{reason}, Finish{reason}}); }
    script.given(Decided{reconnect_in(1h)});
    SECTION("waiting")
    {
        script.given(StopAsked{error}).expect({Disarm{Timer::retry}, CallTerminate{reason}, Finish{reason}});
    }
    script.wait(1h);
    SECTION("opening")
    {
        script.given(StopAsked{error})
            .expect({Disarm{Timer::open}, Disarm{Timer::connect}, Drop{}, CallTerminate{reason}, Finish{reason}});
    }
    script.given(Opened{});
    SECTION("greeting") { script.given(StopAsked{error}).expect({Drop{}, CallTerminate{reason}, Finish{reason}}); }
}
