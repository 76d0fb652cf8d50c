// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace example {

/// A WebSocket server inside the program, so that an example needs no network: on 127.0.0.1, on a port that the system
/// chooses, for any number of connections, with a thread of its own. What comes goes back as it came.
class EchoServer {
public:
    struct Options {
        std::string certificate_pem = {}; ///< with it, and its key, the server speaks TLS
        std::string private_key_pem = {};
        std::vector<std::string> subprotocols = {}; ///< the first one offered that is among these is chosen
        bool deflate = false;                       ///< accept permessage-deflate
        /// What to send back for a text, if not the text. Called on the server's thread.
        std::function<std::string(std::string)> answer = {};
        /// Whom to let in, by the request's Authorization, "" if it has none; others get a 401. On the server's thread.
        std::function<bool(const std::string&)> admits = {};
    };

    EchoServer();
    explicit EchoServer(Options options);

    /// Ends all connections, without a close frame.
    ~EchoServer();
    EchoServer(const EchoServer&) = delete;
    EchoServer& operator=(const EchoServer&) = delete;

    [[nodiscard]] std::uint16_t port() const;

    /// "ws://127.0.0.1:PORT/" or "wss://localhost:PORT/"
    [[nodiscard]] std::string url() const;

    /// How many clients are connected now.
    [[nodiscard]] std::size_t connections() const;

    /// Closes all connections, with this close code and text.
    void close_all(std::uint16_t code = 1000, std::string_view text = {});

    /// Ends all connections as a broken network would: without a close frame.
    void drop_all();

private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace example
