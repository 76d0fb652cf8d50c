// SPDX-License-Identifier: BSL-1.0

// A connection that comes back. What to do about a loss is asked of handle_disconnect(), and by default of a policy.

#include "support/echo_server.hpp"

#include <websockxx/websockxx.hpp>

#include <chrono>
#include <functional>
#include <iostream>
#include <memory>
#include <utility>
#include <vector>

using namespace websockxx;
using namespace std::chrono_literals;

// region: client
class Subscriber : public Client {
public:
    // Called after every opening: the server has forgotten us, so tell it again what we want.
    Action handle_connect(const Connected& connected) override
    {
        std::cout << "connected to " << connected.conn.url() << '\n';
        return reply(Frame::text("subscribe"));
    }

    Decision handle_disconnect(const Disconnect& why) override
    {
        std::cout << "attempt " << why.attempt << ": " << why.reason << '\n';
        return ask_policy(); // what it would do if it were not overridden
    }
    // endregion

    Subscriber(int wanted, std::function<void()> break_network)
        : left_(wanted), break_network_(std::move(break_network))
    {
    }

    Action handle_frame(const Frame& frame) override
    {
        std::cout << "received: " << frame.text() << '\n';
        if (--left_ == 0) return close();
        break_network_();
        return ok();
    }

private:
    int left_;
    std::function<void()> break_network_;
};

/// Waits for an orderly end; whether it came.
bool ended_well(const result<Link<Subscriber>>& client)
{
    if (!client) return std::cerr << client.error() << '\n', false;
    const auto reason = client->wait();
    return reason && reason->normal();
}

/// The server drops us twice.
bool come_back()
{
    example::EchoServer server;
    auto subscriber = std::make_unique<Subscriber>(3, [&server] { server.drop_all(); });
    // region: start
    // The first retry comes within 20 ms, the next within 40 ms and so on. The default begins with a second.
    const policy::Backoff backoff{.base = 20ms, .cap = 1s};
    const auto client = start_link(std::move(subscriber), server.url(), {.reconnect = policy::up_to(10, backoff)});
    // endregion
    return ended_well(client);
}

/// The first server is gone for good.
bool fail_over()
{
    auto first = std::make_unique<example::EchoServer>();
    const example::EchoServer spare;
    auto subscriber = std::make_unique<Subscriber>(2, [&first] { first.reset(); });
    const std::vector<Conn> servers{Conn::parse(first->url()).value(), Conn::parse(spare.url()).value()};
    // Goes round the list, each time with the delay that Backoff says.
    const Options options{.reconnect = policy::failover(servers, policy::Backoff{.base = 20ms})};
    return ended_well(start_link(std::move(subscriber), servers.front(), options));
}

int main() { return come_back() && fail_over() ? 0 : 1; }
