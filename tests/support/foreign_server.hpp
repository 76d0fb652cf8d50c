// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "tls_fixture.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace websockxx::test {

struct EchoOptions {
    std::optional<Identity> identity = {}; ///< speak TLS, as this
    bool deflate = false;                  ///< accept permessage-deflate
    std::vector<std::string> subprotocols = {};
};

/// A server that others wrote, as a child process on 127.0.0.1 and a port of its own: proof that the library does not
/// only understand itself. The program is in tests/system/servers/; it is ended and reaped with this object, and ends
/// by itself if the test dies.
///
/// The echo servers send each message back on the path "/", answer the first with close 4001 "bye" on "/close", and on
/// "/ping" send each as a ping and return it as a text when the pong has come. They take messages of up to 32 MiB.
///
/// A server that does not start, or whose program is not installed, throws, and so fails the test; the message holds
/// all that it said.
class ForeignServer {
public:
    static constexpr std::chrono::seconds limit{30};

    /// python-websockets, of the Python that WEBSOCKXX_PYTHON names, else /usr/bin/python3.
    [[nodiscard]] static ForeignServer python_echo(const EchoOptions& options = {});
    /// ws of npm, from the folder that WEBSOCKXX_NODE_MODULES names, else from where node finds it.
    [[nodiscard]] static ForeignServer ws_echo(const EchoOptions& options = {});
    /// TLS by nginx, in front of a plain server.
    [[nodiscard]] static ForeignServer nginx(std::uint16_t backend_port, const Identity& identity);

    ~ForeignServer();
    ForeignServer(ForeignServer&&) noexcept;
    ForeignServer& operator=(ForeignServer&&) noexcept;

    [[nodiscard]] std::uint16_t port() const;
    [[nodiscard]] std::string url(std::string_view path = "/") const; ///< "ws://127.0.0.1:..." or "wss://localhost:..."

private:
    struct Process;
    explicit ForeignServer(std::unique_ptr<Process> process);
    std::unique_ptr<Process> process_;
};

} // namespace websockxx::test
