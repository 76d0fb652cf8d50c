// SPDX-License-Identifier: BSL-1.0

// What the opening handshake says, in both directions, and why a server refuses it.

#include "support/echo_server.hpp"

#include <websockxx/websockxx.hpp>

#include <iostream>

using namespace websockxx;

// region: connected
class Polite : public Client {
public:
    Action handle_connect(const Connected& connected) override
    {
        std::cout << "the server chose: " << connected.subprotocol << '\n';
        for (const auto& [name, value] : connected.response.headers)
            std::cout << "    " << name << ": " << value << '\n';
        // Without what we asked for there is nothing to talk about.
        return connected.subprotocol == "v2.chat" ? reply(Frame::text("hello")) : close(close_code::policy_error);
    }
    // endregion

    Action handle_frame(const Frame&) override { return close(); }
};

int main()
{
    // Lets Aladdin in; others get a 401.
    const example::EchoServer server{{.subprotocols = {"v1.chat", "v2.chat"}, .admits = [](const std::string& who) {
                                          return who == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="; // RFC 7617 2
                                      }}};

    // region: conn
    auto conn = Conn::parse(server.url()).value();
    conn.headers.add("Accept-Language", "de");
    conn.headers.set("User-Agent", "polite/1.0"); // ours has the library's name
    conn.subprotocols = {"v2.chat", "v1.chat"};   // most wanted first
    // endregion

    // region: refused
    const auto refused = start_link<Polite>(conn);
    if (refused) return 1;
    std::cout << refused.error() << '\n'; // opening handshake: the server refused (401 Unauthorized)
    const Response* answer = refused.error().refusal();
    if (!answer || answer->status != 401) return 1;
    std::cout << "    it says: " << answer->body << '\n';
    // endregion

    conn.credentials = Credentials{"Aladdin", "open sesame"};
    const auto polite = start_link<Polite>(conn);
    if (!polite) return std::cerr << polite.error() << '\n', 1;
    const auto reason = polite->wait();
    return reason && reason->normal() ? 0 : 1;
}
