// SPDX-License-Identifier: BSL-1.0

// TLS with a certificate of your own: tell the client which authority to trust, and leave the verification on.

#include "support/certificate.hpp"
#include "support/echo_server.hpp"

#include <websockxx/websockxx.hpp>

#include <iostream>

using namespace websockxx;

class Hello : public Client {
public:
    Action handle_connect(const Connected&) override { return reply(Frame::text("hello over TLS")); }

    Action handle_frame(const Frame& frame) override
    {
        std::cout << "received: " << frame.text() << '\n';
        return close();
    }
};

int main()
{
    const auto certificate = example::make_certificate();
    const example::EchoServer server{
        {.certificate_pem = certificate.certificate_pem, .private_key_pem = certificate.private_key_pem}};
    auto conn = Conn::parse(server.url()).value(); // wss://localhost:...

    // Nobody told us about this authority, so nothing is sent to a server that may be anybody's.
    const auto untrusted = start_link<Hello>(conn);
    if (untrusted) return 1;
    std::cout << untrusted.error() << '\n';
    if (untrusted.error().code() != condition::tls || untrusted.error().phase() != Phase::tls) return 1;

    conn.tls.ca_pem = certificate.ca_pem; // or `ca_file`
    const auto hello = start_link<Hello>(conn);
    if (!hello) return std::cerr << hello.error() << '\n', 1;
    const auto reason = hello->wait();
    return reason && reason->normal() ? 0 : 1;
}
