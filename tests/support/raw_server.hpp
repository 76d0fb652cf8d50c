// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "server_bytes.hpp"
#include "tls_fixture.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace websockxx::test {

/// How the client's direction of a connection ended.
enum class InputEnd : std::uint8_t { fin, reset };

/// The client as a script of a RawServer sees it. Everything blocks, but not longer than RawServer::limit: then, or if
/// the client ends while more is expected, it throws, which ends the script.
class RawPeer {
public:
    struct Wire;
    explicit RawPeer(Wire& wire, std::size_t number) : wire_(wire), number_(number) {}

    /// Which connection this is, counted from 1.
    [[nodiscard]] std::size_t number() const { return number_; }

    std::string read_head();            ///< the head of a request, with the empty line
    std::string read(std::size_t size); ///< exactly that many bytes
    WireFrame read_frame();
    InputEnd read_to_end(); ///< drops all that still comes

    // A client that has gone is no error here: many end the connection at the first wrong byte.
    void send(std::string_view bytes);
    void send(const WireFrame& frame) { send(encode(frame)); }
    void send_bytewise(std::string_view bytes); ///< one write each

    /// Reads a request and answers it with a good 101, `more_fields` being whole lines. Returns the request.
    std::string upgrade(std::string_view more_fields = {});

    void half_close(); ///< FIN, with TLS behind a close_notify; goes on reading
    void reset();      ///< RST

private:
    Wire& wire_;
    std::size_t number_;
};

/// A server that does what a script says, byte by byte, with one connection after the other: for what no real server
/// would do. It listens on 127.0.0.1, on a port chosen by the system, with a thread of its own. The TLS handshake, if
/// there is to be one, comes before the script; at the script's end the connection is closed, which the kernel does
/// with RST if bytes are left unread.
///
/// A script runs on the server's thread, where the test framework's checks may not be used: let it throw, or look at
/// what it found after wait().
class RawServer {
public:
    using Script = std::function<void(RawPeer&)>;
    static constexpr std::chrono::seconds limit{10};

    /// The same script for each connection.
    explicit RawServer(Script script);
    RawServer(Identity identity, Script script);

    /// The first script for the first connection and so on; the last one is also for all behind it.
    explicit RawServer(std::vector<Script> scripts, std::optional<Identity> identity = {});

    /// Ends a running script.
    ~RawServer();
    RawServer(const RawServer&) = delete;
    RawServer& operator=(const RawServer&) = delete;

    [[nodiscard]] std::uint16_t port() const;
    [[nodiscard]] std::string url(std::string_view path = "/") const; ///< "ws://127.0.0.1:..." or "wss://localhost:..."

    /// Waits for the end of so many scripts. Throws the words of the first std::exception that ended one, or if they
    /// do not end.
    void wait(std::size_t scripts = 1);

private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace websockxx::test
