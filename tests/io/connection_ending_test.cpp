// SPDX-License-Identifier: BSL-1.0
#include <websockxx/io/connection.hpp>

#include "support/connection_fixture.hpp"

#include <stdexcept>

using namespace websockxx;
using namespace websockxx::test;
using namespace std::chrono_literals;
using Fixture = ConnectionFixture;

TEST_CASE("WX-077 WX-078 the default handle_ping sends the pong", "[connection]")
{
    Fixture f;
    f.opened();
    f.h().say({Opcode::ping, "Llama and Lambs"});
    CHECK(f.h().heard() == WireFrame{Opcode::pong, "Llama and Lambs", true, 0, true});
    f.h().say({Opcode::ping, ""});
    CHECK(f.h().heard() == WireFrame{Opcode::pong, "", true, 0, true});
}

TEST_CASE("a handle_ping that does not reply sends no pong", "[connection]")
{
    Fixture f;
    f.opened();
    f.record->on_ping = [](const Frame&) { return Client::ok(); };
    f.h().say({Opcode::ping, "x"});
    CHECK(f.lines() == Lines{"ping:x"});
    CHECK_FALSE(f.h().heard());
}

TEST_CASE("WX-038 a callback that closes sends an empty close frame and ends in order", "[connection]")
{
    Fixture f;
    f.opened();
    f.record->on_cast = [](int) { return Client::close(); };
    CHECK(f.ref().cast(1));
    f.h().run();
    CHECK(f.h().heard() == WireFrame{Opcode::close, "", true, 0, true});
    f.h().say({Opcode::close, ""});
    CHECK(f.h().wire->shut_down);
    f.h().end_transport();
    CHECK(f.lines() == Lines{"cast:1", "disconnect 1", "terminate", "destroyed"});
    CHECK(f.record->terminations.at(0).normal());
    CHECK(f.record->terminations.at(0).clean);
    CHECK(f.h().mailbox->ended());
}

TEST_CASE("WX-086 the server's close frame is echoed and reaches handle_disconnect", "[connection]")
{
    Fixture f;
    f.opened();
    f.h().say({Opcode::close, close_payload(4025, "Testing")});
    CHECK(f.h().heard()->payload == close_payload(4025, "Testing"));
    CHECK(f.lines().empty());
    f.h().end_transport();
    CHECK(f.lines() == Lines{"disconnect 1", "terminate", "destroyed"});
    CHECK(f.record->disconnects.at(0).by == CloseReason::By::remote);
    CHECK(f.record->disconnects.at(0).code() == 4025);
}

TEST_CASE("WXB-17 after both close frames a server that keeps TCP open is not waited for long", "[connection]")
{
    Fixture f;
    f.opened();
    f.h().say({Opcode::close, close_payload(1000)});
    f.h().turn(999ms);
    CHECK(f.lines().empty());
    f.h().turn(1ms);
    CHECK(f.lines() == Lines{"disconnect 1", "terminate", "destroyed"});
}

TEST_CASE("WX-096 a server that does not answer our close frame is left after five seconds", "[connection]")
{
    Fixture f;
    f.opened();
    CHECK(f.ref().close());
    f.h().run();
    f.h().turn(4'999ms);
    CHECK(f.lines().empty());
    f.h().turn(1ms);
    CHECK(f.lines() == Lines{"disconnect 1", "terminate", "destroyed"});
    CHECK(f.record->terminations.at(0).error.code() == errc::close_timeout);
}

TEST_CASE("WX-093 a transport that ends without a close frame is a lost connection", "[connection]")
{
    Fixture f;
    f.opened();
    f.h().end_transport();
    CHECK(f.lines() == Lines{"disconnect 1", "terminate", "destroyed"});
    CHECK(f.record->disconnects.at(0).error.code() == errc::connection_lost);
    CHECK(f.record->disconnects.at(0).code() == 1006);
}

TEST_CASE("WX-041 WX-046 WX-051 WX-079 WX-082 a reply on a dead transport leads to handle_disconnect", "[connection]")
{
    Fixture f;
    f.opened();
    f.h().wire->write_error = boost::asio::error::broken_pipe;
    f.record->on_cast = [](int) { return Client::reply(Frame::text("lost")); };
    CHECK(f.ref().cast(1));
    f.h().run();
    CHECK(f.lines() == Lines{"cast:1", "disconnect 1", "terminate", "destroyed"});
    CHECK(f.record->disconnects.at(0).error.code() == errc::connection_lost);
}

TEST_CASE("a close frame that came before the write failed is the reason, not the failure", "[connection]")
{
    Fixture f;
    f.opened();
    f.h().wire->write_error = boost::asio::error::broken_pipe;
    f.h().wire->to_client = encode({Opcode::close, close_payload(1001, "bye")});
    CHECK(f.ref().send(Frame::text("lost")));
    f.h().context.restart();
    f.h().context.poll(); // the client writes before it is told that something came
    REQUIRE(f.record->disconnects.size() == 1);
    CHECK(f.record->disconnects.at(0).code() == 1001);
}

TEST_CASE("WX-040 a reply that cannot be encoded closes with 1011 and asks handle_disconnect", "[connection]")
{
    Fixture f;
    f.opened();
    f.record->on_cast = [](int) { return Client::reply(Frame::ping(std::string(126, 'x'))); };
    CHECK(f.ref().cast(1));
    f.h().run();
    CHECK(f.h().heard()->payload == close_payload(1011));
    f.h().say({Opcode::close, close_payload(1011)});
    f.h().end_transport();
    CHECK(f.lines() == Lines{"cast:1", "disconnect 1", "terminate", "destroyed"});
    CHECK(f.record->terminations.at(0).error.code() == errc::control_frame_too_large);
}

TEST_CASE("WX-053 WX-056 WX-059 WX-062 WX-065 WX-084 WXB-27 a callback that throws closes with 1011 and skips "
          "handle_disconnect",
    "[connection]")
{
    Fixture f;
    f.opened();
    const auto fail = [](auto&&) -> Action { throw std::runtime_error("boom"); };
    f.record->on_cast = fail;
    f.record->on_info = fail;
    f.record->on_frame = fail;
    f.record->on_ping = fail;
    f.record->on_pong = fail;
    SECTION("handle_cast") { CHECK(f.ref().cast(1)); }
    SECTION("handle_info") { CHECK(f.ref().info("x")); }
    SECTION("handle_frame") { f.h().wire->to_client = encode(text("x")); }
    SECTION("handle_ping") { f.h().wire->to_client = encode({Opcode::ping, "x"}); }
    SECTION("handle_pong") { f.h().wire->to_client = encode({Opcode::pong, "x"}); }
    f.h().run();
    CHECK(f.h().heard()->payload == close_payload(1011));
    CHECK(f.h().wire->closed);
    const auto lines = f.lines();
    REQUIRE(lines.size() == 3);
    CHECK(lines[1] == "terminate");
    CHECK(lines[2] == "destroyed");
    const auto& reason = f.record->terminations.at(0);
    CHECK(reason.error.code() == errc::callback_threw);
    CHECK(reason.error.detail() == "boom");
    CHECK_THROWS_AS(std::rethrow_exception(reason.exception), std::runtime_error);
}

TEST_CASE(
    "WX-052 WX-055 WX-058 WX-061 WX-064 WXB-19 a close code that may not be sent is a bad response", "[connection]")
{
    Fixture f;
    f.opened();
    const auto bad = [](auto&&) { return Client::close(999, "x"); };
    f.record->on_cast = bad;
    f.record->on_info = bad;
    f.record->on_frame = bad;
    f.record->on_ping = bad;
    f.record->on_pong = bad;
    SECTION("handle_cast") { CHECK(f.ref().cast(1)); }
    SECTION("handle_info") { CHECK(f.ref().info("x")); }
    SECTION("handle_frame") { f.h().wire->to_client = encode(text("x")); }
    SECTION("handle_ping") { f.h().wire->to_client = encode({Opcode::ping, "x"}); }
    SECTION("handle_pong") { f.h().wire->to_client = encode({Opcode::pong, "x"}); }
    f.h().run();
    CHECK(f.h().heard()->payload == close_payload(1011));
    CHECK(f.record->terminations.at(0).error.code() == errc::bad_response);
    CHECK(f.record->disconnects.empty());
}

TEST_CASE("WX-106 a client without handle_frame ends when a message arrives, and says why", "[connection]")
{
    struct Bare : Client {};
    Harness h{std::make_unique<Bare>()};
    h.open();
    h.say(text("x"));
    CHECK(h.heard()->payload == close_payload(1011));
    REQUIRE(h.mailbox->reason());
    CHECK(h.mailbox->reason()->error.code() == errc::unhandled_frame);
    CHECK_THAT(h.mailbox->reason()->message(), ContainsSubstring("handle_frame"));
}

TEST_CASE("WX-013 a first handle_connect that throws fails the start, without terminate", "[connection]")
{
    Fixture f;
    f.record->on_connect = [](const Connected&) -> Action { throw std::runtime_error("no"); };
    f.h().begin();
    f.h().accept();
    REQUIRE(f.h().started);
    CHECK(f.h().started->detail() == "no");
    CHECK(f.lines() == Lines{"connect", "destroyed"});
    CHECK_FALSE(f.h().heard());
    CHECK(f.h().wire->closed);
}

TEST_CASE("WXB-22 WX-076 stop sends 1001 once and skips handle_disconnect; abort sends nothing", "[connection]")
{
    Fixture f;
    f.opened();
    SECTION("stop")
    {
        f.ref().stop();
        f.h().run();
        CHECK(f.h().heard()->payload == close_payload(1001));
        CHECK(f.record->terminations.at(0).error.code() == errc::stopped);
    }
    SECTION("abort")
    {
        f.ref().abort();
        f.h().run();
        CHECK_FALSE(f.h().heard());
        CHECK(f.record->terminations.at(0).error.code() == errc::aborted);
    }
    SECTION("stop while closing")
    {
        CHECK(f.ref().close(4000));
        f.ref().stop();
        f.h().run();
        CHECK(f.h().heard()->payload == close_payload(4000));
        CHECK_FALSE(f.h().heard());
    }
    CHECK(f.lines() == Lines{"terminate", "destroyed"});
    CHECK(f.h().wire->closed);
}

TEST_CASE("a context that is destroyed first takes the client with it, and tells whoever waits", "[connection]")
{
    auto record = std::make_shared<Record>();
    std::shared_ptr<io::Mailbox> mailbox;
    std::vector<error_code> results;
    {
        Harness h{std::make_unique<Recorder>(record)};
        h.open();
        mailbox = h.mailbox;
        (void)mailbox->send(outgoing(Frame::text("x"), std::make_unique<SendResult>(results)));
    }
    REQUIRE(mailbox->reason());
    CHECK(mailbox->reason()->error.code() == errc::runtime_ended);
    CHECK(record->lines == Lines{"connect", "destroyed"});
    CHECK(results == std::vector<error_code>{errc::client_ended});
    CHECK(mailbox->put(io::item::CancelLater{1}) == errc::client_ended);
}

TEST_CASE("an abnormal end is logged once, an orderly one is not", "[connection]")
{
    Fixture f;
    f.opened();
    SECTION("abnormal")
    {
        f.h().end_transport();
        REQUIRE(f.h().log.size() == 1);
        CHECK_THAT(f.h().log[0], ContainsSubstring("ended"));
    }
    SECTION("orderly")
    {
        f.h().say({Opcode::close, close_payload(1000)});
        f.h().end_transport();
        CHECK(f.h().log.empty());
    }
}

TEST_CASE("P28 a client that is told to end is given no more of what has arrived, however much that is", "[connection]")
{
    const bool stops = GENERATE(true, false);
    Fixture f;
    f.opened();
    f.record->on_frame = [&](const Frame&) -> Action {
        stops ? f.ref().stop() : f.ref().abort(); // as another thread might at this moment
        return Client::ok();
    };
    std::string storm;
    for (int i = 0; i < 1000; ++i) storm += encode(text("x"));
    f.h().say(storm);
    CHECK(f.lines() == Lines{"frame text:x", "terminate", "destroyed"});
    CHECK(f.h().mailbox->ended());
}
