// SPDX-License-Identifier: BSL-1.0

// Two hundred connections on one thread: a connection is some memory and a socket, not a thread.

#include "support/echo_server.hpp"

#include <websockxx/websockxx.hpp>

#include <boost/asio/io_context.hpp>

#include <iostream>
#include <memory>
#include <string>
#include <vector>

using namespace websockxx;

/// What they share. No lock: all of them run on the one thread.
struct Score {
    int greeted = 0;
    int ended = 0;
};

class Greeter : public Client {
public:
    Greeter(int number, Score& score) : number_(number), score_(score) {}

    Action handle_connect(const Connected&) override { return reply(Frame::text("number " + std::to_string(number_))); }

    Action handle_frame(const Frame& frame) override
    {
        if (frame.text() == "number " + std::to_string(number_)) ++score_.greeted;
        return close();
    }

    void terminate(const CloseReason& reason) noexcept override
    {
        if (reason.normal()) ++score_.ended;
    }

private:
    int number_;
    Score& score_;
};

int main()
{
    constexpr int clients = 200;
    const example::EchoServer server;
    const auto conn = Conn::parse(server.url()).value();

    // region: many
    boost::asio::io_context context{1};
    Score score;
    std::vector<Ref<Greeter>> greeters;
    for (int number = 0; number < clients; ++number) {
        // With `async`, start() returns at once: nobody runs the context yet who could open the connection.
        const auto greeter =
            start(std::make_unique<Greeter>(number, score), conn, {.async = true, .executor = context.get_executor()});
        if (greeter) greeters.push_back(*greeter);
    }
    context.run(); // until the last client has ended
    // endregion

    std::cout << score.greeted << " greeted, " << score.ended << " ended well\n";
    return score.greeted == clients && score.ended == clients ? 0 : 1;
}
