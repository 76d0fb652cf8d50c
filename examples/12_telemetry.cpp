// SPDX-License-Identifier: BSL-1.0

// Numbers about clients: counted by an observer of all of them, and printed as Prometheus reads them.

#include "support/echo_server.hpp"

#include <websockxx/counters.hpp>
#include <websockxx/observe_all.hpp>
#include <websockxx/websockxx.hpp>

#include <chrono>
#include <iostream>
#include <memory>
#include <string>

using namespace websockxx;

class Talker : public Client {
public:
    Action handle_connect(const Connected&) override
    {
        return reply(Frame::text("1"), Frame::text("2"), Frame::ping());
    }

    Action handle_pong(const Frame&) override { return close(); }

    Action handle_frame(const Frame&) override { return ok(); }
};

// region: observer
/// Says how long each connection took to open, and how long it lasted.
class Stopwatch : public Observer {
public:
    void upgraded(const observed::Upgraded& event) noexcept override
    {
        std::cout << event.origin.name << " opened in " << in_ms(event.took) << " ms\n";
    }
    void disconnected(const observed::Disconnected& event) noexcept override
    {
        std::cout << event.origin.name << " lasted " << in_ms(event.lasted) << " ms: " << event.reason << '\n';
    }

private:
    static double in_ms(std::chrono::nanoseconds time)
    {
        return std::chrono::duration<double, std::milli>(time).count();
    }
};
// endregion

int main()
{
    const example::EchoServer server;

    // region: all
    const auto counters = std::make_shared<Counters>();
    const auto observation = observe_all(counters); // of all clients that are started until it is destroyed

    for (const auto* name : {"news", "prices"}) {
        const auto client = start_link<Talker>(server.url(), {.name = name, .observer = std::make_shared<Stopwatch>()});
        if (!client) return std::cerr << client.error() << '\n', 1;
        if (!client->wait()) return 1;
    }
    std::cout << to_prometheus(counters->snapshot()); // what a server of yours would answer to GET /metrics
    // endregion

    const auto all = counters->snapshot();
    return all.connections == 2 && all.connections_open == 0 && all.sent.messages == 4 && all.received.pongs == 2 ? 0
                                                                                                                  : 1;
}
