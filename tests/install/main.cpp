// SPDX-License-Identifier: BSL-1.0

// A user's program, as small as it can be: a client of its own, and a server that is not there.
#include <websockxx/websockxx.hpp>

#include <iostream>

class Echo : public websockxx::Client {
public:
    websockxx::Action handle_frame(const websockxx::Frame& frame) override { return reply(frame); }
};

int main()
{
    auto conn = websockxx::Conn::parse("wss://example.org/socket");
    if (!conn || conn->host != "example.org") return 1;

    auto link = websockxx::start_link<Echo>("ws://127.0.0.1:1/");
    if (link) return 1;
    std::cout << link.error() << '\n';
}
