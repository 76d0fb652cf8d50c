// SPDX-License-Identifier: BSL-1.0

// A program that runs until it is told to end (Ctrl-C, or SIGTERM of a service manager), and then says goodbye.

#include "support/echo_server.hpp"

#include <websockxx/websockxx.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace websockxx;

class Worker : public Client {
public:
    Worker(std::string name, int& ended) : name_(std::move(name)), ended_(ended) {}

    Action handle_connect(const Connected&) override { return reply(Frame::text("ready")); }

    Action handle_frame(const Frame&) override
    {
        if (name_ == "worker 2") std::raise(SIGTERM); // so that this example ends by itself
        return ok();
    }

    void terminate(const CloseReason& reason) noexcept override
    {
        std::cout << name_ << ": " << reason << '\n';
        ++ended_;
    }

private:
    std::string name_;
    int& ended_;
};

int main()
{
    const example::EchoServer server;
    int ended = 0;

    boost::asio::io_context context;
    // region: shutdown
    std::vector<Link<Worker>> workers;
    boost::asio::signal_set signals{context, SIGINT, SIGTERM};
    signals.async_wait([&workers](error_code, int) { workers.clear(); }); // the end of a Link is the client's end

    for (int i = 0; i < 3; ++i) {
        auto worker = start_link(std::make_unique<Worker>("worker " + std::to_string(i), ended), server.url(),
            {.async = true, .executor = context.get_executor()});
        if (!worker) return std::cerr << worker.error() << '\n', 1;
        workers.push_back(std::move(*worker));
    }
    context.run(); // until the signal, and then until all have said 1001, "going away"
    // endregion
    return ended == 3 ? 0 : 1;
}
