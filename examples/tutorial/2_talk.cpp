// SPDX-License-Identifier: BSL-1.0

// The second step of docs/tutorial.md.

#include <websockxx/websockxx.hpp>

#include <iostream>
#include <string>

using namespace websockxx;

// region: client
class Talk : public Client {
public:
    Action handle_frame(const Frame& frame) override
    {
        std::cout << "< " << frame.text() << '\n';
        return ok();
    }
};
// endregion

int main(int argc, char** argv)
{
    if (argc != 2) {
        std::cerr << "usage: talk URL\n";
        return 2;
    }

    const auto talk = start_link<Talk>(argv[1]);
    if (!talk) {
        std::cerr << talk.error() << '\n';
        return 1;
    }
    std::cout << "connected\n";

    // region: loop
    for (std::string line; std::getline(std::cin, line);) {
        if (const auto sent = talk->send_frame(Frame::text(line)); !sent) std::cerr << sent.error() << '\n';
    }
    // endregion
}
