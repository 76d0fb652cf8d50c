// SPDX-License-Identifier: BSL-1.0

// A conversation with a server that echoes, in the program itself or at a URL:  examples/run echo [wss://...]

#include "support/echo_server.hpp"

#include <websockxx/websockxx.hpp>

#include <iostream>
#include <optional>
#include <string>

using namespace websockxx;

// region: client
struct Say {
    std::string words;
};

class Echo : public Client {
public:
    Action handle_cast(Say say)
    {
        std::cout << "Sending message: " << say.words << '\n';
        return reply(Frame::text(say.words));
    }

    Action handle_frame(const Frame& frame) override
    {
        std::cout << "Received Message: " << frame.text() << '\n';
        if (frame.text() == "Can you please reply yourself?") return reply(Frame::text("Sure can!"));
        if (frame.text() == "Sure can!") return reply(Frame::text("Close the things!"));
        if (frame.text() == "Close the things!") return close();
        return ok();
    }

    void terminate(const CloseReason& reason) noexcept override { std::cout << reason << '\n'; }
};
// endregion

int main(int argc, char** argv)
{
    std::optional<example::EchoServer> server;
    const std::string url = argc > 1 ? argv[1] : server.emplace().url();

    // region: main
    const auto echo = start_link<Echo>(url); // blocks until the connection is open
    if (!echo) {
        std::cerr << echo.error() << '\n';
        return 1;
    }
    for (const auto* words : {"Hello!", "How do you do?", "Can you please reply yourself?"})
        if (const auto queued = echo->cast(Say{words}); !queued) std::cerr << queued.error() << '\n';

    const auto reason = echo->wait(); // until the client has ended
    return reason && reason->normal() ? 0 : 1;
    // endregion
}
