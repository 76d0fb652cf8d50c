// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/conn.hpp>
#include <websockxx/error.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/strand.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace websockxx::io {

/// The executor that everything of one connection runs on.
using Strand = boost::asio::strand<boost::asio::any_io_executor>;

/// Hears from a Transport, on its strand, never from inside a call to it.
class TransportListener {
public:
    /// The name was looked up, and has so many addresses. Must not close the transport.
    virtual void on_resolved(std::size_t addresses) { (void)addresses; }
    /// The TCP connection (or what takes its place) is there; TLS may follow.
    virtual void on_connected() = 0;
    /// The transport is ready: read_some() and write_some() may be called.
    virtual void on_open() = 0;
    /// It could not be opened. Nothing follows.
    virtual void on_open_failed(const Error& error) = 0;
    /// Answers wait_readable(): read_some() may have bytes, the end or an error.
    virtual void on_readable() = 0;
    /// Answers wait_writable(): write_some() may take bytes, or fail.
    virtual void on_writable() = 0;
    /// There was no memory for one of these, or in one. Nothing follows that could be relied upon.
    virtual void on_out_of_memory() = 0;

protected:
    ~TransportListener() = default;
};

/// Moves bytes, nothing else: TCP, or TLS over it. One object serves one attempt to connect.
///
/// Threads   Used on one strand only, which is also where the listener is called.
/// Lifetime  Pending operations hold a share of `owner`, whose part the listener must be. After close() the listener is
///           never called again and the share is given back as soon as the operations have ended.
class Transport {
public:
    Transport() = default;
    Transport(const Transport&) = delete;
    Transport& operator=(const Transport&) = delete;
    virtual ~Transport() = default;

    /// Looks the name up, connects to its addresses and, for `wss`, shakes hands. Answered by on_connected() and
    /// on_open(), or by on_open_failed().
    virtual void open(const Conn& conn, std::shared_ptr<TransportListener> owner) = 0;

    /// Reads without waiting. Returns how many bytes; 0 with `asio::error::would_block` if there are none now, with
    /// `asio::error::eof` at an orderly end (TLS: close_notify), with another error at a disorderly one (TLS:
    /// `asio::ssl::error::stream_truncated` without close_notify). While wait_readable() is pending it may be 0 with
    /// `asio::error::in_progress`, and on_readable() comes soon.
    [[nodiscard]] virtual std::size_t read_some(std::span<std::byte> room, error_code& ec) = 0;

    /// Writes without waiting. Returns how many bytes were taken, maybe fewer; 0 with `asio::error::would_block` if
    /// none can be taken now. Bytes count as taken when the kernel has them or when the transport will deliver them by
    /// itself (the rest of a TLS record).
    [[nodiscard]] virtual std::size_t write_some(std::span<const std::byte> bytes, error_code& ec) = 0;

    /// One on_readable() as soon as read_some() has something to say. At most one is pending; asking again changes
    /// nothing.
    virtual void wait_readable() = 0;
    /// One on_writable() as soon as write_some() could take something. At most one is pending.
    virtual void wait_writable() = 0;

    /// Ends our direction: TLS close_notify, then TCP FIN, after what was written. Reading goes on.
    virtual void shutdown() = 0;

    /// Ends everything at once.
    virtual void close() noexcept = 0;

    /// Whether a name is being looked up.
    [[nodiscard]] virtual bool resolving() const noexcept { return false; }

    /// Address and port of the far end while there is one, else "".
    [[nodiscard]] virtual std::string endpoint() const { return {}; }

    /// A few words about the connection for a log: "TLSv1.3 TLS_AES_256_GCM_SHA384", or "".
    [[nodiscard]] virtual std::string_view description() const { return {}; }
};

/// The transport that `conn` asks for.
[[nodiscard]] std::unique_ptr<Transport> make_transport(const Conn& conn, const Strand& strand);

} // namespace websockxx::io
