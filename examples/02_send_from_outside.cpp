// SPDX-License-Identifier: BSL-1.0

// All ways to send from outside the client's callbacks. A Ref may be copied, kept, and used from every thread.

#include "support/echo_server.hpp"

#include <websockxx/websockxx.hpp>

#include <chrono>
#include <future>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace websockxx;
using namespace std::chrono_literals;

struct Say {
    std::string words;
};

struct Remind {
    std::string of;
};

/// Ends when it has heard so many echoes.
class Counter : public Client {
public:
    explicit Counter(int expected) : left_(expected) {}

    // A cast runs here, between the other callbacks: it may use the client's members without a lock.
    Action handle_cast(Say say) { return reply(Frame::text(std::move(say.words))); }

    Action handle_info(Remind remind) { return reply(Frame::text("do not forget " + remind.of)); }

    Action handle_frame(const Frame& frame) override
    {
        std::cout << "echo: " << frame.text() << '\n';
        return --left_ == 0 ? close() : ok();
    }

private:
    int left_;
};

/// Whether everything was accepted.
bool speak(const Ref<Counter>& counter, const std::string& who)
{
    // Waits until the kernel has the frame, or says why not. Not from a callback: it would wait for itself.
    const auto sent = counter.send_frame(Frame::text(who + ": send_frame"), 10s);
    if (!sent) std::cerr << sent.error() << '\n';

    // Waits for nothing; says only whether it was queued.
    const auto queued = counter.send(Frame::text(who + ": send"));

    // Hands a message to the client, which decides what to send. While no connection is open, it waits.
    const auto cast = counter.cast(Say{who + ": cast"});

    // Waits for nothing, and tells later. Takes any completion token of Asio: a handler, use_awaitable, use_future.
    std::promise<error_code> done;
    auto told = done.get_future();
    counter.async_send_frame(
        Frame::text(who + ": async"), [done = std::move(done)](error_code ec) mutable { done.set_value(ec); });
    const auto failure = told.get();
    if (failure) std::cerr << failure.message() << '\n';

    return sent && queued && cast && !failure;
}

int main()
{
    const example::EchoServer server;
    constexpr int threads = 3;
    constexpr int frames_of_a_thread = 4;

    const auto counter = start_link(std::make_unique<Counter>(threads * frames_of_a_thread + 1), server.url());
    if (!counter) {
        std::cerr << counter.error() << '\n';
        return 1;
    }

    std::vector<std::future<bool>> speakers;
    for (int i = 0; i < threads; ++i) {
        // ref() is a copy that does not own: the Link stays here, and with it the client's life.
        speakers.push_back(std::async(std::launch::async, speak, counter->ref(), "thread " + std::to_string(i)));
    }
    bool accepted = true;
    for (auto& speaker : speakers) accepted = speaker.get() && accepted;

    // Delivered later, unless it is taken back.
    const auto reminder = counter->send_after(1h, Remind{"the milk"});
    if (reminder) counter->cancel(*reminder);
    accepted = counter->send_after(10ms, Remind{"to close"}) && accepted;

    const auto reason = counter->wait();
    return accepted && reason && reason->normal() ? 0 : 1;
}
