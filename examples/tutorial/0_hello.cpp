// SPDX-License-Identifier: BSL-1.0

// The program of README.md.

// region: program
#include <websockxx/websockxx.hpp>

#include <iostream>

using namespace websockxx;

class Hello : public Client {
public:
    Action handle_connect(const Connected&) override { return reply(Frame::text("hello")); }

    Action handle_frame(const Frame& frame) override
    {
        std::cout << "received: " << frame.text() << '\n';
        return close();
    }
};

int main(int argc, char** argv)
{
    const char* url = argc > 1 ? argv[1] : "wss://ws.example.org/echo";
    const auto hello = start_link<Hello>(url, {.reconnect = policy::Backoff{}});
    if (!hello) {
        std::cerr << hello.error() << '\n';
        return 1;
    }
    return hello->wait()->normal() ? 0 : 1; // until a callback has closed
}
// endregion
