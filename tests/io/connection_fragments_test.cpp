// SPDX-License-Identifier: BSL-1.0
#include <websockxx/io/connection.hpp>

#include "support/connection_fixture.hpp"

#include <boost/asio/error.hpp>

#include <stdexcept>

using namespace websockxx;
using namespace websockxx::test;
using namespace std::chrono_literals;
using Fixture = ConnectionFixture;

namespace {

Conn in_fragments() { return {.secure = false, .host = "server", .port = 80, .deliver_fragments = true}; }

WireFrame unfinished(Opcode opcode, std::string payload)
{
    return {.opcode = opcode, .payload = std::move(payload), .fin = false};
}
WireFrame continuation(std::string payload) { return {Opcode::continuation, std::move(payload)}; }
WireFrame masked(WireFrame frame)
{
    frame.masked = true;
    return frame;
}

/// Asked for fragments, and has forgotten to handle them.
class Forgetful : public Client {};

} // namespace

TEST_CASE(
    "who asked for fragments gets them in place of frames, in order, and pings between are answered", "[fragments]")
{
    Fixture f{{}, in_fragments()};
    f.opened();
    SECTION("of several frames")
    {
        f.h().say(encode(unfinished(Opcode::text, "one ")) + encode({Opcode::ping, "p"}) +
                  encode(unfinished(Opcode::continuation, "two ")) + encode(continuation("three")));
        CHECK(
            f.lines() == Lines{"fragment text:one  first", "ping:p", "fragment text:two ", "fragment text:three last"});
        CHECK(f.h().heard() == masked({Opcode::pong, "p"}));
    }
    SECTION("of one frame that comes bit by bit")
    {
        const auto bytes = encode({Opcode::binary, "0123456789"});
        f.h().say(bytes.substr(0, 1));
        CHECK(f.lines().empty());
        f.h().say(bytes.substr(1, 4));
        CHECK(f.lines() == Lines{"fragment binary:012 first"});
        f.h().say(bytes.substr(5, 6));
        CHECK(f.lines() == Lines{"fragment binary:345678"});
        f.h().say(bytes.substr(11) + encode({Opcode::ping, "q"}) + encode(text("whole")));
        CHECK(f.lines() == Lines{"fragment binary:9 last", "ping:q", "fragment text:whole first last"});
        CHECK(f.h().heard() == masked({Opcode::pong, "q"}));
    }
    SECTION("and without the option, frames")
    {
        Fixture whole;
        whole.opened();
        whole.h().say(encode(unfinished(Opcode::text, "one ")) + encode(continuation("two")));
        CHECK(whole.lines() == Lines{"frame text:one two"});
    }
    CHECK_FALSE(f.h().heard());
}

TEST_CASE("handle_fragment may reply to each part, before the message has ended", "[fragments]")
{
    Fixture f{{}, in_fragments()};
    f.record->on_fragment = [](const Fragment& part) {
        return Client::reply(Frame::text("got " + std::to_string(part.text.size())));
    };
    f.opened();
    f.h().say(unfinished(Opcode::binary, "abc"));
    CHECK(f.h().heard()->payload == "got 3");
    f.h().say(continuation("z"));
    CHECK(f.h().heard()->payload == "got 1");
}

TEST_CASE("handle_fragment may close: the rest of the message is dropped, and so is what follows", "[fragments]")
{
    Fixture f{{}, in_fragments()};
    f.record->on_fragment = [](const Fragment&) { return Client::close(4000, "enough"); };
    f.opened();
    const auto bytes = encode({Opcode::binary, std::string(5'000, 'x')});
    f.h().say(bytes.substr(0, 6));
    CHECK(f.lines() == Lines{"fragment binary:xx first"});
    CHECK(f.h().heard() == masked({Opcode::close, close_payload(4000, "enough")}));
    f.h().say(bytes.substr(6) + encode(text("late")) + encode({Opcode::ping, "late"}) +
              encode({Opcode::close, close_payload(4000)}));
    f.h().end_transport();
    CHECK(f.lines() == Lines{"disconnect 1", "terminate", "destroyed"});
    CHECK_FALSE(f.h().heard());
    REQUIRE(f.ref().reason());
    CHECK(f.ref().reason()->code() == 4000);
}

TEST_CASE("a client that asked for fragments and does not handle them ends with unhandled_frame", "[fragments]")
{
    Harness h{std::make_unique<Forgetful>(), {}, in_fragments()};
    h.open();
    h.say(unfinished(Opcode::text, "x"));
    CHECK(h.heard() == masked({Opcode::close, close_payload(1011)}));
    h.say({Opcode::close, close_payload(1011)});
    h.end_transport();
    REQUIRE(h.mailbox->reason());
    CHECK(h.mailbox->reason()->error.code() == errc::unhandled_frame);
    CHECK_THAT(h.mailbox->reason()->message(), ContainsSubstring("handle_fragment"));
}

TEST_CASE("an exception that leaves handle_fragment ends the client as any other", "[fragments]")
{
    Fixture f{{}, in_fragments()};
    f.record->on_fragment = [](const Fragment& part) -> Action {
        if (part.last) throw std::runtime_error("disk full");
        return Client::ok();
    };
    f.opened();
    f.h().say(unfinished(Opcode::text, "a"));
    f.h().say(encode(continuation("b")) + encode(text("never")));
    CHECK(f.h().heard()->payload == close_payload(1011));
    f.h().say({Opcode::close, close_payload(1011)});
    f.h().end_transport();
    CHECK(f.lines() == Lines{"fragment text:a first", "fragment text:b last", "terminate", "destroyed"});
    REQUIRE(f.record->terminations.size() == 1);
    CHECK(f.record->terminations[0].error.code() == errc::callback_threw);
    CHECK(f.record->terminations[0].exception);
}

TEST_CASE(
    "a message whose connection is lost in the middle never ends, and the next connection begins anew", "[fragments]")
{
    Fixture f{{}, in_fragments()};
    f.record->on_disconnect = [](const Disconnect&) { return reconnect_in(1s); };
    f.opened();
    SECTION("between frames") { f.h().say(unfinished(Opcode::text, "lost")); }
    SECTION("inside a frame") { f.h().say(encode(text("lost forever")).substr(0, 6)); }
    SECTION("inside a character") { f.h().say(encode(text("lost\xE2\x82\xAC")).substr(0, 7)); }
    CHECK_THAT(f.lines().at(0), StartsWith("fragment text:lost") && EndsWith(" first"));
    f.h().end_transport(boost::asio::error::connection_reset);
    CHECK(f.lines() == Lines{"disconnect 1"});
    f.h().turn(1s);
    f.h().accept(encode(unfinished(Opcode::binary, "new")));
    CHECK(f.lines() == Lines{"connect", "fragment binary:new first"});
    f.h().say(continuation(""));
    CHECK(f.lines() == Lines{"fragment binary: last"});
}

TEST_CASE("a message that began on a connection that was lost does not go on with the next", "[fragments]")
{
    Fixture f{{}, in_fragments()};
    f.record->on_disconnect = [](const Disconnect&) { return reconnect_in(1s); };
    f.opened();
    f.h().say(unfinished(Opcode::text, "lost"));
    f.h().end_transport();
    f.h().turn(1s);
    f.h().accept(encode(continuation("not the rest")));
    f.h().end_transport();
    CHECK(f.lines() == Lines{"fragment text:lost first", "disconnect 1", "connect", "disconnect 1"});
    CHECK(f.record->disconnects.back().error.code() == errc::protocol_error);
}

TEST_CASE("a text that is not UTF-8 ends the connection behind the parts that were", "[fragments]")
{
    Fixture f{{}, in_fragments()};
    f.opened();
    f.h().say(unfinished(Opcode::text, "good"));
    f.h().say(continuation("b\xFF"));
    CHECK_THAT(f.h().heard()->payload, StartsWith(close_payload(1007)));
    f.h().end_transport();
    CHECK(f.lines() == Lines{"fragment text:good first", "disconnect 1", "terminate", "destroyed"});
    CHECK(f.ref().reason()->error.code() == errc::bad_payload);
}

TEST_CASE("in a pause parts wait as messages do", "[fragments]")
{
    Fixture f{{}, in_fragments()};
    f.record->on_fragment = [&](const Fragment& part) {
        if (part.first) (void)f.ref().pause();
        return Client::ok();
    };
    f.opened();
    f.h().say(encode(unfinished(Opcode::text, "a")) + encode(continuation("b")));
    CHECK(f.lines() == Lines{"fragment text:a first"});
    CHECK(f.ref().resume());
    f.h().run();
    CHECK(f.lines() == Lines{"fragment text:b last"});
}

// ---- Sending in fragments

TEST_CASE("a message is sent in fragments, with pings, pongs and what is received in between", "[fragments]")
{
    Fixture f;
    f.opened();
    CHECK(f.ref().send(Frame::text_fragment("one ")));
    f.h().run();
    f.h().say({Opcode::ping, "p"});
    CHECK(f.ref().send(Frame::continuation("two ")));
    CHECK(f.ref().send(Frame::ping("q")));
    f.h().run();
    f.h().say(text("meanwhile"));
    f.record->on_cast = [](int) { return Client::reply(Frame::continuation("three "), Frame::finish("four")); };
    CHECK(f.ref().cast(1));
    CHECK(f.ref().send(Frame::text("next")));
    f.h().run();
    CHECK(f.lines() == Lines{"ping:p", "frame text:meanwhile", "cast:1"});

    CHECK(f.h().heard() == masked(unfinished(Opcode::text, "one ")));
    CHECK(f.h().heard() == masked({Opcode::pong, "p"}));
    CHECK(f.h().heard() == masked(unfinished(Opcode::continuation, "two ")));
    CHECK(f.h().heard() == masked({Opcode::ping, "q"}));
    CHECK(f.h().heard() == masked(unfinished(Opcode::continuation, "three ")));
    CHECK(f.h().heard() == masked(continuation("four")));
    CHECK(f.h().heard() == masked(text("next")));
    CHECK_FALSE(f.h().heard());
    CHECK(f.h().log.empty());
}

TEST_CASE("another message inside one that is sent in fragments is refused, and the fragments go on", "[fragments]")
{
    Fixture f;
    f.opened();
    std::vector<error_code> results;
    const auto send = [&](Frame frame) {
        (void)f.h().mailbox->send(outgoing(std::move(frame), std::make_unique<SendResult>(results)));
    };
    send(Frame::continuation("of nothing"));
    send(Frame::binary_fragment("a"));
    send(Frame::text("inside"));
    send(Frame::text_fragment("inside"));
    send(Frame::finish("b"));
    send(Frame::finish("twice"));
    f.h().run();
    const error_code refused = errc::invalid_frame;
    std::ranges::sort(results, {}, [](error_code ec) { return ec.failed(); }); // told at different times
    CHECK(results == std::vector<error_code>{{}, {}, refused, refused, refused, refused});
    CHECK(f.h().heard() == masked(unfinished(Opcode::binary, "a")));
    CHECK(f.h().heard() == masked(continuation("b")));
    CHECK_FALSE(f.h().heard());
}

TEST_CASE("a reply inside a message that is sent in fragments is the client's mistake", "[fragments]")
{
    Fixture f;
    f.record->on_frame = [](const Frame&) { return Client::reply(Frame::text("inside")); };
    f.opened();
    CHECK(f.ref().send(Frame::text_fragment("one ")));
    f.h().run();
    f.h().say(text("question"));
    CHECK(f.h().heard() == masked(unfinished(Opcode::text, "one ")));
    CHECK(f.h().heard()->payload == close_payload(1011));
    f.h().say({Opcode::close, close_payload(1011)});
    f.h().end_transport();
    CHECK(f.ref().reason()->error.code() == errc::invalid_frame);
}

TEST_CASE("what was begun in fragments is forgotten with its connection", "[fragments]")
{
    Fixture f;
    f.record->on_disconnect = [](const Disconnect&) { return reconnect_in(1s); };
    f.opened();
    CHECK(f.ref().send(Frame::text_fragment("one ")));
    f.h().run();
    f.h().end_transport();
    f.h().turn(1s);
    f.h().accept();
    CHECK(f.ref().send(Frame::continuation("two")));
    CHECK(f.ref().send(Frame::text("whole")));
    f.h().run();
    CHECK(f.h().heard() == masked(text("whole")));
    CHECK(f.h().log.size() == 1); // that the continuation was not sent
}
