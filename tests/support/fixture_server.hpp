// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "server_bytes.hpp"
#include "tls_fixture.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace websockxx::test {

/// What a FixtureServer can see.
enum class Seen : std::uint8_t {
    tls_open,   ///< data: the name that the client asked for (SNI)
    tls_failed, ///< data: why
    requested,  ///< data: the head of the request
    connected,  ///< the 101 has been sent
    text,       ///< a whole message
    binary,     ///< a whole message
    ping,       ///< and answered
    pong,
    closed,     ///< a close frame; code and data: what it says
    malformed,  ///< no lawful request or frame; data: why. The server ends TCP.
    tcp_closed, ///< data: "fin", "reset", or "truncated" if TLS ended without a close_notify
};

[[nodiscard]] std::string_view to_string(Seen type);

struct ServerEvent {
    Seen type;
    std::size_t connection = 1; ///< counted from 1
    std::string data = {};
    std::optional<std::uint16_t> code = {}; ///< of `closed`, if there was one
    std::size_t frames = 1;                 ///< that the message came in
};

std::ostream& operator<<(std::ostream& out, const ServerEvent& event);

/// An HTTP answer that is not 101.
struct HttpAnswer {
    int status = 404;
    std::vector<std::pair<std::string, std::string>> headers = {};
    std::string body = {};
};

/// A WebSocket server for one test, on a port chosen by the system, with a thread of its own. The path `/ws` is
/// upgraded, every other answered with 404, a request that is none with 400. It answers pings and close frames, and
/// ends TCP at once after both close frames. The test sees everything as events, and says what else is to happen.
///
/// Commands have taken effect when they return (what they send may still be on its way). They go to the newest
/// connection unless told its number; for one that has ended they do nothing. Without any connection they throw.
class FixtureServer {
public:
    struct Options {
        std::optional<Identity> identity = {}; ///< speak TLS, as this
        ServerOptions tls = {};
        std::string address = "127.0.0.1";
        int receive_buffer_bytes = 0; ///< of the kernel, so that a stalled server soon stops the client; 0: its default
    };
    static constexpr std::size_t newest = 0;
    static constexpr std::chrono::seconds limit{10};

    FixtureServer();
    explicit FixtureServer(Options options);
    explicit FixtureServer(Identity identity);
    ~FixtureServer();
    FixtureServer(const FixtureServer&) = delete;
    FixtureServer& operator=(const FixtureServer&) = delete;

    [[nodiscard]] std::uint16_t port() const;
    /// With the host "localhost" for TLS, else the address.
    [[nodiscard]] std::string url(std::string_view path = "/ws") const;

    /// Takes the oldest event of this type out of those not yet taken, waiting for it if need be. Throws, and so fails
    /// the test, if it does not come; the message says what came instead.
    ServerEvent wait_for(Seen type);
    /// Whether an event of this type has come and was not taken.
    [[nodiscard]] bool has_seen(Seen type) const;
    /// Takes all events that have come.
    std::vector<ServerEvent> take_events();

    // How the next connections are treated.

    void answer_normally();
    void answer_with(HttpAnswer answer);
    void hold_upgrades();
    void continue_upgrade();                   ///< of those held; then answers normally
    void push_with_upgrade(std::string bytes); ///< in the same write as the 101; empty: no more
    void push_text_with_upgrade(std::string text);
    void add_upgrade_field(std::string_view name, std::string_view value); ///< to the 101
    void keep_tcp_after_close();                                           ///< leaves the end of TCP to the client

    // What is to happen on a connection.

    void send(WireFrame frame, std::size_t connection = newest);
    void send_text(std::string payload, std::size_t connection = newest);
    void send_binary(std::string payload, std::size_t connection = newest);
    void send_ping(std::string payload = {}, std::size_t connection = newest);
    void send_pong(std::string payload = {}, std::size_t connection = newest);
    void send_bytes(std::string bytes, std::size_t connection = newest);
    void close(std::size_t connection = newest); ///< a close frame without a code
    void close(std::uint16_t code, std::string_view text, std::size_t connection = newest);
    void end_tls(std::size_t connection = newest); ///< close_notify and FIN, without a close frame
    void drop(std::size_t connection = newest);    ///< FIN, without a close frame or a close_notify
    void reset(std::size_t connection = newest);   ///< RST
    void stall(std::size_t connection = newest);   ///< reads no more, and so answers nothing
    void resume(std::size_t connection = newest);

private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace websockxx::test
