// SPDX-License-Identifier: BSL-1.0

// The last step of docs/tutorial.md.

// region: program
#include <websockxx/websockxx.hpp>

#include <chrono>
#include <iostream>
#include <string>
#include <utility>

using namespace websockxx;
using namespace std::chrono_literals;

struct Line {
    std::string text;
};
struct Silence {};

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
        self(*this).cancel(timer_);
        if (const auto timer = self(*this).send_after(60s, Silence{})) timer_ = *timer;
        return ok();
    }

    Action handle_cast(Line line)
    {
        if (line.text == "/quit") return reply(Frame::text("bye")).then(close());
        return reply(Frame::text(std::move(line.text)));
    }

    Action handle_info(Silence)
    {
        std::cout << "* not a word for a minute\n";
        return ok();
    }

    Decision handle_disconnect(const Disconnect& why) override
    {
        std::cout << "* " << why.reason << '\n';
        return ask_policy();
    }

    void terminate(const CloseReason&) noexcept override { std::cout << "* the end\n"; }

private:
    TimerId timer_{};
};

int main(int argc, char** argv)
{
    if (argc != 2) {
        std::cerr << "usage: talk URL\n";
        return 2;
    }

    const auto talk = start_link<Talk>(argv[1], {.reconnect = policy::Backoff{}});
    if (!talk) {
        std::cerr << talk.error() << '\n';
        return 1;
    }

    for (std::string line; std::getline(std::cin, line);) {
        if (!talk->cast(Line{line})) break; // the client has ended
        if (line == "/quit") break;
    }
    if (!std::cin) return 0; // no more input: the Link ends, and so does the client

    const auto reason = talk->wait();
    return reason && reason->normal() ? 0 : 1;
}
// endregion
