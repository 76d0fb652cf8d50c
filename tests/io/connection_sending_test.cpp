// SPDX-License-Identifier: BSL-1.0
#include <websockxx/io/connection.hpp>

#include "support/connection_fixture.hpp"

using namespace websockxx;
using namespace websockxx::test;
using namespace std::chrono_literals;
using Fixture = ConnectionFixture;

namespace {

using Errors = std::vector<error_code>;

Conn limited(Limits limits) { return {.secure = false, .host = "server", .port = 80, .limits = limits}; }

struct Sender : ConnectionFixture {
    Errors results;

    explicit Sender(Limits limits = {}) : ConnectionFixture({}, limited(limits))
    {
        record->on_disconnect = [](const Disconnect&) { return reconnect_in(0ms); };
    }
    void send(std::string text, bool keep = false)
    {
        auto made = outgoing(Frame::text(text), std::make_unique<SendResult>(results));
        made.keep = keep;
        (void)h().mailbox->send(std::move(made));
    }
    void keep(std::string text) { send(std::move(text), true); }
    void lose()
    {
        h().end_transport(boost::asio::error::connection_reset);
        (void)lines();
    }
    void reopen()
    {
        h().turn(0ms);
        h().accept();
    }
    Lines heard()
    {
        Lines texts;
        while (const auto frame = h().heard()) texts.push_back(frame->payload);
        return texts;
    }
};

} // namespace

TEST_CASE("P15 a frame that is kept waits for the connection, and leaves behind handle_connect()'s replies",
    "[connection][sending]")
{
    Sender f;
    f.record->on_connect = [](const Connected&) { return Client::reply(Frame::text("hello")); };
    f.h().begin();
    f.keep("kept");
    f.send("lost");
    f.h().run();
    CHECK(f.results == Errors{errc::not_connected_opening});
    f.h().accept();
    CHECK(f.heard() == Lines{"hello", "kept"});
    CHECK(f.results == Errors{errc::not_connected_opening, {}});
}

TEST_CASE("P15 of what is encoded when the connection is lost, only what has not begun to leave is kept",
    "[connection][sending]")
{
    Sender f;
    f.opened();
    f.h().wire->window = 2; // the beginning of the first
    f.keep("first");
    f.keep("second");
    f.send("third");
    f.keep("fourth");
    f.h().run();
    CHECK(f.results.empty());
    f.lose();
    CHECK(f.results == Errors{errc::maybe_sent, errc::connection_lost});
    f.reopen();
    CHECK(f.heard() == Lines{"second", "fourth"});
    CHECK(f.results == Errors{errc::maybe_sent, errc::connection_lost, {}, {}});
}

TEST_CASE("P15 frames that are not kept are told whether some of them left", "[connection][sending]")
{
    Sender f;
    f.opened();
    f.h().wire->window = 2;
    f.send("first");
    f.send("second");
    f.h().run();
    f.lose();
    CHECK(f.results == Errors{errc::maybe_sent, errc::connection_lost});
}

TEST_CASE("P15 kept frames of which nobody waits for the end are logged when they may have been sent",
    "[connection][sending]")
{
    Sender f;
    f.opened();
    f.h().wire->window = 2;
    CHECK(f.ref().send(Frame::text("first"), Delivery::keep()));
    f.h().run();
    f.lose();
    REQUIRE(f.h().log.size() == 1);
    CHECK_THAT(f.h().log[0], ContainsSubstring("1 frame was") && ContainsSubstring("may have arrived"));
}

TEST_CASE("P15 if handle_connect() fails, what is kept does not leave", "[connection][sending]")
{
    Sender f;
    f.record->on_connect = [](const Connected&) -> Action { throw std::runtime_error("no"); };
    f.h().begin();
    f.keep("kept");
    f.h().accept();
    CHECK(f.heard().empty());
    CHECK(f.results == Errors{errc::client_ended});
}

TEST_CASE("P15 what is kept waits while the connection closes, and for the next one", "[connection][sending]")
{
    Sender f;
    f.opened();
    CHECK(f.ref().close());
    f.keep("kept");
    f.send("not");
    f.h().run();
    CHECK(f.results == Errors{errc::not_connected_closing});
    f.h().end_transport();
    f.reopen();
    CHECK(f.heard() == Lines{"kept"});
}

TEST_CASE("P15 what was handed over before close() leaves before the close frame, however much it is",
    "[connection][sending]")
{
    Sender f;
    f.opened();
    f.h().wire->window = 0;
    const std::string large(50'000, 'x');
    for (int i = 0; i < 4; ++i) f.send(large); // more than is encoded ahead
    f.h().run();
    CHECK(f.ref().close());
    f.h().run();
    f.h().wire->window = 1'000'000;
    f.h().run();
    CHECK(f.results == Errors(4));
    for (int i = 0; i < 4; ++i) CHECK(f.h().heard()->payload.size() == large.size());
    CHECK(f.h().heard()->opcode == Opcode::close);
}

TEST_CASE(
    "only so much is encoded ahead, so that the rest can be dropped, kept and taken back", "[connection][sending]")
{
    Sender f;
    f.opened();
    f.h().wire->window = 0;
    for (int i = 0; i < 10; ++i) f.keep(std::string(30'000, static_cast<char>('0' + i)));
    f.h().run();
    CHECK(f.h().connection->status().frames_waiting >= 6);
    CHECK(f.h().connection->status().send_queue_bytes >= 300'000);
    f.lose();
    f.reopen();
    const auto texts = f.heard();
    REQUIRE(texts.size() == 10);
    for (std::size_t i = 0; i < 10; ++i) CHECK(texts[i][0] == static_cast<char>('0' + static_cast<int>(i)));
    CHECK(f.results == Errors(10));
}

TEST_CASE("P15 what is kept for a time fails when it is over, and the alarm is set for that", "[connection][sending]")
{
    Sender f;
    f.h().begin();
    CHECK(f.ref().send(Frame::text("x"), Delivery::keep_for(2s)));
    f.h().run();
    f.h().turn(1999ms);
    CHECK(f.h().log.empty());
    f.h().turn(1ms);
    REQUIRE(f.h().log.size() == 1);
    CHECK_THAT(f.h().log[0], ContainsSubstring("1 frame was not sent in time"));
    f.h().accept();
    CHECK(f.heard().empty());
}

TEST_CASE("P15 a cast that was handed over behind frames is answered behind them", "[connection][sending]")
{
    Sender f;
    f.record->on_cast = [](int) { return Client::reply(Frame::text("answer")); };
    f.h().begin();
    f.keep("kept");
    CHECK(f.ref().cast(1));
    f.h().accept();
    CHECK(f.heard() == Lines{"kept", "answer"});
}

TEST_CASE("P14 each policy says what happens to a frame that has no room", "[connection][sending]")
{
    const auto play = [](SendQueuePolicy policy) {
        Sender f{{.send_queue_messages = 1, .send_queue_policy = policy}};
        f.h().begin();
        f.keep("one");
        f.keep("two");
        f.h().run();
        f.h().accept();
        return std::pair{f.heard(), f.results};
    };
    CHECK(play(SendQueuePolicy::refuse) == std::pair{Lines{"one"}, Errors{errc::send_queue_full, {}}});
    CHECK(play(SendQueuePolicy::drop_newest) == std::pair{Lines{"one"}, Errors{errc::dropped, {}}});
    CHECK(play(SendQueuePolicy::drop_oldest) == std::pair{Lines{"two"}, Errors{errc::dropped, {}}});
}

TEST_CASE("P14 what is dropped without anybody to tell is logged and counted", "[connection][sending]")
{
    Sender f{{.send_queue_messages = 1, .send_queue_policy = SendQueuePolicy::drop_oldest}};
    f.h().begin();
    for (int i = 0; i < 3; ++i) CHECK(f.ref().send(Frame::text("x"), Delivery::keep()));
    f.h().run();
    REQUIRE(f.h().log.size() == 1);
    CHECK_THAT(f.h().log[0], ContainsSubstring("2 frames were dropped"));
    CHECK(f.h().connection->status().frames_dropped == 2);
}

TEST_CASE("P14 handle_high_water() comes once when much waits, and handle_drained() when all has left",
    "[connection][sending]")
{
    Sender f{{.high_water_bytes = 100}};
    f.opened();
    f.h().wire->window = 0;
    f.send(std::string(50, 'x'));
    f.h().run();
    CHECK(f.lines().empty());
    f.send(std::string(60, 'x'));
    f.h().run();
    CHECK(f.lines() == Lines{"high_water " + std::to_string(f.ref().buffered_bytes())});
    f.send(std::string(60, 'x'));
    f.h().run();
    f.h().wire->window = 100;
    f.h().run();
    CHECK(f.lines().empty());
    f.h().wire->window = 1000;
    f.h().run();
    CHECK(f.lines() == Lines{"drained"});
    CHECK(f.ref().buffered_bytes() == 0);
}

TEST_CASE("P14 high water begins anew with each connection", "[connection][sending]")
{
    Sender f{{.high_water_bytes = 100}};
    f.opened();
    f.h().wire->window = 0;
    f.keep(std::string(200, 'x'));
    f.h().run();
    CHECK(f.lines().size() == 1);
    f.lose();
    f.reopen();
    CHECK(f.lines() == Lines{"connect"}); // it all left at once
    f.h().wire->window = 0;
    f.keep(std::string(200, 'x'));
    f.h().run();
    CHECK(f.lines().size() == 1);
}

TEST_CASE("send() without a connection is an error of the call, not only of the log", "[connection][sending]")
{
    Sender f;
    f.h().begin();
    const auto sent = f.ref().send(Frame::text("x"));
    REQUIRE(sent.has_error());
    CHECK(sent.error().code() == errc::not_connected_opening);
    CHECK(f.ref().send(Frame::continuation("x"), Delivery::keep()).error().code() == errc::invalid_frame);
}

TEST_CASE("frames whose senders do not wait are logged when the connection is lost before they leave",
    "[connection][sending]")
{
    Sender f;
    f.opened();
    f.h().wire->window = 0;
    f.send(std::string(100'000, 'x')); // all that is encoded ahead
    CHECK(f.ref().send(Frame::text("waits")));
    f.h().run();
    f.lose();
    REQUIRE(f.h().log.size() == 1);
    CHECK_THAT(f.h().log[0], ContainsSubstring("1 frame was not sent: the connection was lost"));
}

TEST_CASE("frames that were encoded and did not leave are logged, if nobody waits for them", "[connection][sending]")
{
    Sender f;
    f.opened();
    CHECK(f.ref().send(Frame::text("has left")));
    f.h().run();
    f.h().wire->window = 2;
    CHECK(f.ref().send(Frame::text("in part")));
    CHECK(f.ref().send(Frame::text("not at all")));
    f.h().run();
    f.lose();
    REQUIRE(f.h().log.size() == 1);
    CHECK_THAT(f.h().log[0], ContainsSubstring("up to 2 frames were not sent, or not whole"));
}

TEST_CASE("P15 what is kept leaves on a connection that opens paused", "[connection][sending]")
{
    Sender f;
    f.h().begin();
    CHECK(f.ref().pause());
    f.keep("kept");
    f.h().accept();
    CHECK(f.heard() == Lines{"kept"});
    CHECK(f.results == Errors{{}});
}

TEST_CASE("P14 a cast does not wait for output that can leave", "[connection][sending]")
{
    Sender f{{.send_queue_bytes = 10}};
    f.h().begin();
    f.keep("larger than the queue");
    CHECK(f.ref().cast(1));
    f.h().accept();
    CHECK(f.lines() == Lines{"connect", "cast:1"});
}

TEST_CASE("P14 what has left as an answer takes no room", "[connection][sending]")
{
    Sender f{{.send_queue_bytes = 30}};
    f.opened();
    f.record->on_frame = [](const Frame&) { return Client::reply(Frame::text(std::string(20, 'a'))); };
    f.h().say(text("question"));
    CHECK(f.ref().buffered_bytes() == 0);
    f.send(std::string(25, 's'));
    f.h().run();
    CHECK(f.results == Errors{{}});
}

TEST_CASE("P30 a cast that could not be answered before the connection was lost waits for the next one",
    "[connection][sending]")
{
    Sender f{{.send_queue_bytes = 10}};
    f.opened();
    f.h().wire->window = 0;
    f.send(std::string(20, 's'));
    CHECK(f.ref().cast(1));
    f.h().run();
    f.h().wire->write_error = boost::asio::error::connection_reset;
    f.h().end_transport(boost::asio::error::connection_reset);
    CHECK(f.lines() == Lines{"disconnect 1"});
    f.reopen();
    CHECK(f.lines() == Lines{"connect", "cast:1"});
}
