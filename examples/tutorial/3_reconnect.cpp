// SPDX-License-Identifier: BSL-1.0

// The third step of docs/tutorial.md.

#include <websockxx/websockxx.hpp>

#include <iostream>
#include <string>
#include <utility>

using namespace websockxx;

// region: client
struct Line {
    std::string text;
};

class Talk : public Client {
public:
    Action handle_connect(const Connected& at) override
    {
        std::cout << "* connected to " << at.conn.url() << '\n';
        return reply(Frame::text("hello again"));
    }

    Action handle_frame(const Frame& frame) override
    {
        std::cout << "< " << frame.text() << '\n';
        return ok();
    }

    Action handle_cast(Line line) { return reply(Frame::text(std::move(line.text))); }

    Decision handle_disconnect(const Disconnect& why) override
    {
        std::cout << "* " << why.reason << '\n';
        return ask_policy();
    }
};
// endregion

int main(int argc, char** argv)
{
    if (argc != 2) {
        std::cerr << "usage: talk URL\n";
        return 2;
    }

    // region: start
    const auto talk = start_link<Talk>(argv[1], {.reconnect = policy::Backoff{}});
    // endregion
    if (!talk) {
        std::cerr << talk.error() << '\n';
        return 1;
    }

    // region: loop
    for (std::string line; std::getline(std::cin, line);) {
        if (const auto queued = talk->cast(Line{line}); !queued) std::cerr << queued.error() << '\n';
    }
    // endregion
}
