// SPDX-License-Identifier: BSL-1.0
#include <websockxx/websockxx.hpp>

#include "support/test.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

/// The blocks of docs/guide/sending.md.

namespace {

using namespace websockxx;
using namespace std::chrono_literals;

// region: cast
struct Say {
    std::string words;
};

class Chat : public Client {
public:
    Action handle_cast(Say say)
    {
        if (say.words.empty()) return ok();
        return reply(Frame::text(say.words));
    }
    // endregion

    // region: reply
    Action handle_frame(const Frame& frame) override
    {
        if (frame.text() == "bye") return reply(Frame::text("bye")).then(close());
        return reply(Frame::text("one"), Frame::text("two")); // sent in this order
    }
    // endregion

    // region: tick
    struct Tick {};

    Action handle_connect(const Connected&) override { return tick_later(); }

    Action handle_info(Tick)
    {
        (void)tick_later();
        return reply(Frame::text(R"({"op": "ping"})"));
    }

    Ok tick_later()
    {
        self(*this).cancel(timer_);
        if (const auto timer = self(*this).send_after(30s, Tick{})) timer_ = *timer;
        return ok();
    }

    TimerId timer_{};
    // endregion
};

// region: send_frame
void report(const Ref<Chat>& chat)
{
    const auto sent = chat.send_frame(Frame::text("hello"), 2s);
    if (sent) return; // the kernel has it
    const error_code why = sent.error().code();
    if (why == condition::not_connected) std::cerr << "not now: it is being opened or closed, or has ended\n";
    else if (why == errc::not_sent_in_time) std::cerr << "taken back: it may be sent again without fear\n";
    else if (why == errc::connection_lost) std::cerr << "nothing of it has left: it may be sent again without fear\n";
    else if (why == errc::maybe_sent) std::cerr << "some of it has left: sending it again may double it\n";
    else if (why == errc::send_timeout) std::cerr << "on its way, but stuck: sending it again may double it\n";
    else std::cerr << sent.error() << '\n';
}
// endregion

// region: keep
void place_order(const Ref<Chat>& chat, const std::string& order)
{
    // The server is not up yet, or just restarting? It is sent when it is there, but not when it is too late.
    const auto queued = chat.send(Frame::text(order), Delivery::keep_for(30s));
    if (!queued) std::cerr << queued.error() << '\n'; // the client has ended, or the queue is full
}
// endregion

// region: policy
result<Conn> ticker(std::string_view url)
{
    auto conn = Conn::parse(url);
    if (!conn) return conn;
    conn->limits.send_queue_messages = 100;
    conn->limits.send_queue_policy = SendQueuePolicy::drop_oldest; // only the newest prices are worth sending
    return conn;
}
// endregion

// region: high_water
class Feed : public Client {
public:
    Action handle_high_water(std::size_t) override
    {
        paused_ = true; // make no more for now
        return ok();
    }
    Action handle_drained() override
    {
        paused_ = false;
        return ok();
    }
    Action handle_connect(const Connected&) override
    {
        paused_ = false; // it begins anew with each connection
        return ok();
    }

private:
    bool paused_ = false;
};
// endregion

// region: back_pressure
boost::asio::awaitable<void> upload(Ref<Chat> chat, std::vector<std::string> chunks)
{
    for (auto& chunk : chunks)
        co_await chat.async_send_frame(Frame::binary(std::move(chunk)), boost::asio::use_awaitable);
}
// endregion

// region: fragments
void send_in_pieces(const Ref<Chat>& chat)
{
    (void)chat.send(Frame::text_fragment("to be "));
    (void)chat.send(Frame::continuation("or not "));
    (void)chat.send(Frame::finish("to be"));
}
// endregion

} // namespace

TEST_CASE("the callbacks on the page of sending answer as it says", "[docs]")
{
    Chat chat;
    CHECK(chat.handle_cast(Say{}).is_ok());
    CHECK(chat.handle_cast(Say{"hello"}).frames().front() == Frame::text("hello"));
    CHECK(chat.handle_frame(Frame::text("x")).frames().size() == 2);
    const auto last = chat.handle_frame(Frame::text("bye"));
    CHECK(last.frames().size() == 1);
    CHECK(last.closing() != nullptr);
    CHECK(chat.handle_info(Chat::Tick{}).frames().size() == 1);
}

TEST_CASE("the functions on the page of sending compile, and say so of a client that never was", "[docs]")
{
    const Ref<Chat> nobody;
    report(nobody);
    send_in_pieces(nobody);

    boost::asio::io_context context;
    std::exception_ptr thrown;
    boost::asio::co_spawn(context, upload(nobody, {"x"}), [&](std::exception_ptr what) { thrown = what; });
    context.run();
    CHECK(thrown);

    CHECK(nobody.send(Frame::text("x")).error().code() == errc::client_ended);
}

TEST_CASE("what the page of sending keeps, drops and holds back is as it says", "[docs]")
{
    CHECK(ticker("ws://h/")->limits.send_queue_policy == SendQueuePolicy::drop_oldest);
    Feed feed;
    CHECK(feed.handle_high_water(1).is_ok());
    CHECK(feed.handle_drained().is_ok());
    place_order(Ref<Chat>{}, "of nobody");
}
