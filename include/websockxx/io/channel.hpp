// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/conn.hpp>
#include <websockxx/core/send_queue.hpp>
#include <websockxx/detail/queue.hpp>
#include <websockxx/error.hpp>
#include <websockxx/io/transport.hpp>
#include <websockxx/protocol/protocol.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace websockxx::io {

/// One attempt to connect: a transport, the protocol over it, and the bytes between them. Made anew for every attempt,
/// so that nothing of an old connection can reach a new one.
///
///     transport --read_some--> protocol.prepare/commit     protocol.output/consume --write_some--> transport
///
/// Threads   On the connection's strand.
class Channel final : public TransportListener {
public:
    /// Hears what happens on the channel; may close() it at any time, but must not destroy it within the call.
    class Listener {
    public:
        virtual void on_resolved(std::size_t addresses) { (void)addresses; }
        virtual void on_transport_connected() = 0;
        virtual void on_transport_open() = 0;
        virtual void on_transport_failed(const Error& error) = 0;
        /// Bytes have arrived: ask protocol().next() until it has nothing.
        virtual void on_input() = 0;
        /// The transport has ended. Everything that came before it has been offered by on_input().
        virtual void on_lost(error_code ec, bool unsent) = 0;
        /// Output that was stuck has left, or some of it.
        virtual void on_output() = 0;
        /// Whether what the server sends is wanted now; if not, it is left to the kernel until the next settle().
        [[nodiscard]] virtual bool reads() const noexcept = 0;
        /// So much output is stuck that nothing is read any more; or, after that, all of it has left.
        virtual void on_congestion(bool congested) { (void)congested; }
        /// There was no memory, somewhere in the middle of anything.
        virtual void on_out_of_memory() = 0;

    protected:
        ~Listener() = default;
    };

    Channel(const Conn& conn, std::unique_ptr<Transport> transport, boost::asio::execution_context& context,
        Listener& listener);
    ~Channel();

    /// Opens the transport; its operations hold a share of `owner`.
    void open(const std::shared_ptr<void>& owner);

    [[nodiscard]] protocol::Protocol& protocol() noexcept { return protocol_; }

    /// Hands output to the transport until it takes no more, and reports sends that have left. May be called from
    /// on_input().
    void flush();
    /// Flushes, and asks for more input unless so much output is stuck that answering would only add to it. The end of
    /// everything that was done on the channel: not to be called from on_input().
    void settle();
    /// A frame was written, as all that Protocol::produced() counts behind `from`: its sender is told when that has
    /// left, or by close(); if it is to be kept, it is until then.
    void track(std::uint64_t from, core::Outgoing&& frame);
    /// Ends our direction once all output has left; input is discarded from now on.
    void shutdown();
    /// What close() leaves behind.
    struct Leftover {
        std::vector<core::Outgoing> kept = {}; ///< no byte of these has left
        std::size_t maybe_sent = 0;            ///< some bytes have, of frames to be kept whose senders do not wait
    };
    /// Closes the transport at once. Of what waits for being sent, what is not to be kept has failed: with maybe_sent
    /// if some of it has left, else with connection_lost.
    Leftover close();

    [[nodiscard]] const Transport& transport() const noexcept { return *transport_; }
    [[nodiscard]] std::uint64_t bytes_received() const noexcept { return bytes_received_; }
    [[nodiscard]] std::uint64_t bytes_sent() const noexcept { return bytes_sent_; }

    /// Encoded bytes that the transport has not yet taken.
    [[nodiscard]] std::size_t queued() const noexcept { return protocol_.output().size(); }
    /// Enough output to leave before the batch is over.
    [[nodiscard]] bool has_much() const noexcept { return queued() >= much_; }
    /// The transport has: nothing more is read, or nothing can be written.
    [[nodiscard]] bool ended() const noexcept { return ended_; }
    /// So much output that nothing may be added by answering. Never once the transport has ended: what it brought is
    /// delivered all the same.
    [[nodiscard]] bool congested() const noexcept { return !ended_ && queued() >= send_queue_bytes_; }

private:
    struct Unsent {
        std::uint64_t from; // of Protocol::produced()
        std::uint64_t upto;
        std::unique_ptr<core::SendDone> done;
        std::unique_ptr<core::Outgoing> kept; // the frame, if it is to be kept
    };

    void on_resolved(std::size_t addresses) override;
    void on_connected() override;
    void on_open() override;
    void on_open_failed(const Error& error) override;
    void on_readable() override;
    void on_writable() override;
    // Also when it is closed: the listener may have been in the middle of that.
    void on_out_of_memory() override { listener_.on_out_of_memory(); }

    void read_available();
    void take_in(std::size_t size);
    void lose(error_code ec, bool unsent);
    void lose_output();
    void report_sent();
    void report_congestion();
    [[nodiscard]] static bool would_block(const error_code& ec) noexcept;

    std::unique_ptr<const Conn> conn_; // until open()
    const std::size_t send_queue_bytes_;
    const std::size_t much_;
    std::unique_ptr<Transport> transport_;
    protocol::Protocol protocol_;
    Listener& listener_;
    detail::Queue<Unsent> unsent_;
    std::uint64_t bytes_received_ = 0;
    std::uint64_t bytes_sent_ = 0;
    error_code write_error_; // nothing can be written any more
    bool open_ = false;      // the transport can be read and written
    bool closed_ = false;
    bool ended_ = false;
    bool discarding_ = false;    // our direction is to end, or has
    bool shut_down_ = false;     // it has
    bool reading_ = false;       // a wait for input is pending
    bool was_congested_ = false; // and not all of that has left
};

} // namespace websockxx::io
