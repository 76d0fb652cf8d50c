// SPDX-License-Identifier: BSL-1.0

// The first step of docs/tutorial.md.

// region: program
#include <websockxx/websockxx.hpp>

#include <iostream>

using namespace websockxx;

class Talk : public Client {};

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
}
// endregion
