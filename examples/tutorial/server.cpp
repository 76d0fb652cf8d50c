// SPDX-License-Identifier: BSL-1.0

// The server that the programs of docs/tutorial.md are tried with:
//
//     tutorial_server                  prints its URL; Enter drops all connections, and the end of the input is its end
//     tutorial_server PROGRAM INPUT    runs the program with that URL and with that file as its input

#include "support/echo_server.hpp"

#include <cstdlib>
#include <iostream>
#include <string>

int main(int argc, char** argv)
{
    example::EchoServer server;
    if (argc == 3) {
        const auto command = '"' + std::string(argv[1]) + "\" " + server.url() + " < \"" + argv[2] + '"';
        return std::system(command.c_str()) == 0 ? 0 : 1;
    }

    std::cout << server.url() << "\nEnter drops all connections, Ctrl-D ends.\n";
    for (std::string line; std::getline(std::cin, line);) {
        std::cout << "dropping " << server.connections() << " connection(s)\n";
        server.drop_all();
    }
}
