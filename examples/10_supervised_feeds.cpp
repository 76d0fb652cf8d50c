// SPDX-License-Identifier: BSL-1.0

// Clients that are started again when they break, by a supervisor, and a supervisor that knows when to give up.

#include "support/echo_server.hpp"

#include <websockxx/supervisor.hpp>
#include <websockxx/websockxx.hpp>

#include <atomic>
#include <chrono>
#include <iostream>
#include <latch>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

using namespace websockxx;
using namespace std::chrono_literals;

/// What the lives of one feed have in common: each life is a new client.
struct Story {
    std::string name;
    int crashes = 0; ///< so many lives end with an exception
    std::latch* done = nullptr;
    std::atomic<int> lives{0};
};

class Feed : public Client {
public:
    explicit Feed(Story& story) : story_(story), life_(++story.lives) {}

    Action handle_connect(const Connected&) override { return reply(Frame::text("life " + std::to_string(life_))); }

    Action handle_frame(const Frame& frame) override
    {
        std::cout << story_.name + ": " + std::string{frame.text()} + "\n";
        if (life_ <= story_.crashes) throw std::runtime_error("a message that nobody understands");
        return close(); // done: an orderly end is no reason for a restart
    }

    void terminate(const CloseReason& reason) noexcept override
    {
        if (reason.normal() && story_.done) story_.done->count_down();
    }

private:
    Story& story_;
    int life_;
};

ChildSpec feed(Story& story, const std::string& url)
{
    // The crashes are meant, so they are not logged.
    return child([&story] { return std::make_unique<Feed>(story); }, url, {.log = {}}).id(story.name);
}

/// Two feeds from the start, one that is added, and crashes here and there.
bool survive(const std::string& url)
{
    std::latch done{3};
    Story prices{.name = "prices", .crashes = 2, .done = &done};
    Story news{.name = "news", .done = &done};
    Story weather{.name = "weather", .crashes = 1, .done = &done};

    // region: supervise
    auto feeds = Supervisor::start({.strategy = Strategy::one_for_one, .intensity = {.restarts = 3, .within = 5s}},
        {feed(prices, url), feed(news, url)});
    if (!feeds) return std::cerr << feeds.error() << '\n', false;

    const auto added = feeds->start_child(feed(weather, url)); // its id, "weather"
    if (!added) return std::cerr << added.error() << '\n', false;

    done.wait(); // all three have closed in order
    feeds->stop();
    std::cout << *feeds->wait() << '\n';
    // endregion
    return prices.lives == 3 && news.lives == 1 && weather.lives == 2;
}

/// A feed that crashes in every life.
bool give_up(const std::string& url)
{
    Story broken{.name = "broken", .crashes = 1'000};
    const auto feeds = Supervisor::start({.intensity = {.restarts = 2, .within = 5s}, .log = {}}, {feed(broken, url)});
    if (!feeds) return std::cerr << feeds.error() << '\n', false;
    const auto reason = feeds->wait().value();
    std::cout << reason << '\n';
    return reason.error.code() == errc::restart_intensity_reached && broken.lives == 3;
}

int main()
{
    const example::EchoServer server;
    return survive(server.url()) && give_up(server.url()) ? 0 : 1;
}
