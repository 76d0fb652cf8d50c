// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/config.hpp>
#include <websockxx/error.hpp>
#include <websockxx/headers.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace websockxx {

/// How long to wait, a year at most. Zero means: without a limit (for `ping_interval`: never).
struct Timeouts {
    std::chrono::milliseconds open{10'000};          ///< name lookup to the end of the opening handshake, all of it
    std::chrono::milliseconds connect{6'000};        ///< name lookup and TCP connect, all addresses together
    std::chrono::milliseconds close{5'000};          ///< our close frame to the end of the transport
    std::chrono::milliseconds linger{1'000};         ///< both close frames to the end of the transport
    std::chrono::milliseconds ping_interval{20'000}; ///< silence before we ping
    std::chrono::milliseconds pong{20'000};          ///< our ping to any sign of life

    /// The first byte of an incoming message to its last; with Conn::deliver_fragments, to its next part. The default
    /// is what 16 MiB, the default of Limits::message_bytes, take at 28 KB/s. Time in which we do not read, since the
    /// client is paused or the send queue full, does not count.
    std::chrono::milliseconds message{600'000};

    friend bool operator==(const Timeouts&, const Timeouts&) = default;
};

/// What to do with a frame from outside that the send queue has no room for. Fragments of a message are never dropped.
enum class SendQueuePolicy : std::uint8_t {
    refuse,      ///< it fails with errc::send_queue_full
    drop_oldest, ///< the oldest that are not yet encoded fail with errc::dropped, until it has room
    drop_newest, ///< it fails with errc::dropped
    wait,        ///< send_frame() and async_send_frame() wait for room; send() fails with errc::send_queue_full
};

/// How much to accept, at least one of each. What is larger ends the connection with an error: nothing is cut in
/// silence.
struct Limits {
    std::size_t message_bytes = 16 * 1024 * 1024;    ///< one incoming message, inflated
    std::size_t fragments = 131'072;                 ///< frames of one incoming message
    std::size_t handshake_bytes = 16 * 1024;         ///< the head of the answer to the opening handshake
    std::size_t handshake_fields = 100;              ///< its header fields
    std::size_t refusal_body_bytes = 16 * 1024;      ///< kept of the body of a refused handshake
    std::size_t send_queue_bytes = 16 * 1024 * 1024; ///< to be sent, and not yet taken by the kernel
    std::size_t send_queue_messages = 65'536;        ///< from outside, to be sent, and not yet encoded
    std::size_t high_water_bytes = 1024 * 1024;      ///< to be sent: then Client::handle_high_water() is called
    std::size_t inbox_messages = 65'536; ///< casts, infos and calls that the client has not yet handled; open calls

    SendQueuePolicy send_queue_policy = SendQueuePolicy::refuse; ///< what happens beyond the limits of the send queue

    friend bool operator==(const Limits&, const Limits&) = default;
};

/// The permessage-deflate extension (RFC 7692). Off by default: it costs 185 KB a connection once used.
struct Deflate {
    bool offer = false;                      ///< ask for it; the server may decline: see Connected::deflate
    int client_max_window_bits = 15;         ///< 9 to 15
    int server_max_window_bits = 15;         ///< 9 to 15
    bool client_no_context_takeover = false; ///< compress each message by itself: less memory, more bytes
    bool server_no_context_takeover = false; ///< ask the server to do so
    int level = 6;                           ///< 0 to 9; 8 costs three times 6 for one percent
    int memory_level = 4;                    ///< 1 to 9
    std::size_t threshold_bytes = 256;       ///< smaller messages are sent as they are

    friend bool operator==(const Deflate&, const Deflate&) = default;
};

/// TLS, for `wss`. By default the server's certificate is verified against the system's roots and the host name, with
/// SNI, and nothing older than TLS 1.2 is spoken.
struct Tls {
    bool system_roots = true;          ///< trust the system's roots (also `SSL_CERT_FILE` and `SSL_CERT_DIR`)
    std::string ca_file = {};          ///< trust these too: a PEM file
    std::string ca_pem = {};           ///< trust these too: PEM in memory
    std::string server_name = {};      ///< for SNI and verification, instead of the host of the URL
    std::string certificate_file = {}; ///< our own certificate chain, PEM, if the server asks for one
    std::string private_key_file = {}; ///< its key, PEM

    /// Accept whatever certificate comes, for whatever host. Anyone on the way can then read and change everything:
    /// for experiments only. A warning is logged at every connect.
    bool danger_accept_any_certificate = false;

    friend bool operator==(const Tls&, const Tls&) = default;
};

/// What may be connected to: for URLs that come from others, who may mean a server in your own network. What a host is
/// looked up to is held against it at each attempt, and only addresses that are left are tried: it does not matter what
/// a name server answers the next time.
///
/// Ranges are addresses, or prefixes: "192.0.2.1", "10.0.0.0/8", "2001:db8::/32". An IPv4-mapped IPv6 address is the
/// IPv4 address in it.
struct Reach {
    bool public_only = false;              ///< only addresses of the internet: none of a private network, loopback, ...
    std::vector<std::string> allow = {};   ///< these too; without public_only only these, unless empty
    std::vector<std::string> deny = {};    ///< none of these, whatever else is said
    std::vector<std::uint16_t> ports = {}; ///< only these, unless empty

    friend bool operator==(const Reach&, const Reach&) = default;
};

/// User name and password of HTTP Basic authentication (RFC 7617), not encoded.
struct Credentials {
    std::string user;
    std::string password;

    friend bool operator==(const Credentials&, const Credentials&) = default;
};

/// Everything needed to open one connection: where, with what, how patiently (WebSockex.Conn).
///
/// A value with no socket in it: copy it, compare it, change it, hand it to start(), or return it from
/// handle_disconnect() to reconnect elsewhere.
struct Conn {
    bool secure = true;       ///< `wss`, not `ws` (RFC 6455 3)
    std::string host = {};    ///< name or address, decoded, an IPv6 address without brackets
    std::uint16_t port = 443; ///< 1 to 65535
    std::string target = "/"; ///< path and query, encoded: visible ASCII behind a slash (RFC 9112 3.2.1)

    Headers headers = {}; ///< sent behind ours, in order; Host, User-Agent and Authorization here replace ours
    std::vector<std::string> subprotocols = {};  ///< most wanted first (RFC 6455 4.1)
    std::optional<Credentials> credentials = {}; ///< sent as `Authorization: Basic`

    Reach reach = {};
    Tls tls = {};
    Deflate deflate = {};
    Timeouts timeouts = {};
    Limits limits = {};

    /// Hand messages over while they arrive, in parts, to handle_fragment() instead of handle_frame(): for messages
    /// that should not be held whole. Limits::message_bytes holds for the sum of the parts.
    bool deliver_fragments = false;

    /// Reads a `ws`, `wss`, `http` or `https` URL (RFC 6455 3), the scheme in any case. Port 80 or 443 unless given,
    /// path "/" unless given; the user information becomes `credentials`; a fragment is dropped.
    ///
    /// Fails with errc::invalid_url, and Error::detail() says which part is wrong.
    [[nodiscard]] WEBSOCKXX_DECL static result<Conn> parse(std::string_view url);

    /// Whether this can be sent as it is: no CR, LF or NUL anywhere, names are tokens, options in their range.
    /// Every attempt checks this before a byte leaves.
    [[nodiscard]] WEBSOCKXX_DECL result<void> check() const;

    /// The value of the Host header (RFC 9112 3.2): the port only if it is not the scheme's, brackets around IPv6.
    [[nodiscard]] WEBSOCKXX_DECL std::string authority() const;

    /// As a URL, without the credentials: fit to be logged but for what the query may hold.
    [[nodiscard]] WEBSOCKXX_DECL std::string url() const;

    friend bool operator==(const Conn&, const Conn&) = default;
};

} // namespace websockxx
