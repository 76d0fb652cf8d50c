// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/io/channel.hpp>

#include <boost/asio/error.hpp>

#include <algorithm>
#include <utility>

namespace websockxx::io {

namespace channel_detail {

// How much one connection may read before others on the thread have their turn.
inline constexpr std::size_t read_budget_bytes = 512 * 1024;

// Output that is worth a write of its own in the middle of a batch.
inline constexpr std::size_t much_bytes = 64 * 1024;

} // namespace channel_detail

Channel::Channel(
    const Conn& conn, std::unique_ptr<Transport> transport, boost::asio::execution_context& context, Listener& listener)
    : conn_(std::make_unique<const Conn>(conn)),
      send_queue_bytes_(conn.limits.send_queue_bytes),
      much_(std::min(channel_detail::much_bytes, send_queue_bytes_)),
      transport_(std::move(transport)),
      protocol_(conn, context),
      listener_(listener)
{
}

Channel::~Channel() = default;

void Channel::open(const std::shared_ptr<void>& owner)
{
    const auto conn = std::move(conn_);
    transport_->open(*conn, std::shared_ptr<TransportListener>{owner, this});
}

void Channel::on_resolved(std::size_t addresses)
{
    if (!closed_) listener_.on_resolved(addresses);
}

void Channel::on_connected()
{
    if (!closed_) listener_.on_transport_connected();
}

void Channel::on_open()
{
    if (closed_) return;
    open_ = true;
    listener_.on_transport_open();
}

void Channel::on_open_failed(const Error& error)
{
    if (!closed_) listener_.on_transport_failed(error);
}

void Channel::on_readable()
{
    reading_ = false;
    if (closed_) return;
    read_available();
}

void Channel::read_available()
{
    std::size_t budget = channel_detail::read_budget_bytes;
    while (!closed_ && !write_error_ && (discarding_ || (listener_.reads() && !congested()))) {
        std::byte waste[4096];
        auto room = discarding_ ? std::span<std::byte>{waste} : protocol_.prepare();
        room = room.first(std::min(room.size(), budget)); // inside a long message it may be as long
        error_code ec;
        const auto size = transport_->read_some(room, ec);
        if (would_block(ec)) break;
        if (ec.failed()) return lose(ec, false);
        take_in(size);
        // A short read: the kernel has no more for now.
        budget -= size;
        if (size < room.size() || budget == 0) break;
    }
    settle();
}

void Channel::take_in(std::size_t size)
{
    bytes_received_ += size;
    if (discarding_) return;
    protocol_.commit(size);
    listener_.on_input();
}

void Channel::lose(error_code ec, bool unsent)
{
    ended_ = true;
    if (!discarding_) {
        protocol_.end_of_stream();
        listener_.on_input();
    }
    if (!closed_) listener_.on_lost(ec, unsent || !protocol_.output().empty());
}

// What cannot be written may be explained by what can still be read: a close frame that came before the reset.
void Channel::lose_output()
{
    while (!closed_ && !discarding_ && listener_.reads()) {
        error_code ec;
        const auto size = transport_->read_some(protocol_.prepare(), ec);
        if (ec == boost::asio::error::in_progress) return; // on_readable() leads here again
        if (ec.failed()) break;
        take_in(size);
    }
    if (!closed_) lose(write_error_, true);
}

void Channel::settle()
{
    if (!open_ || closed_) return;
    flush();
    if (write_error_) return lose_output();
    if (reading_ || (!discarding_ && (congested() || !listener_.reads()))) return;
    reading_ = true;
    transport_->wait_readable();
}

void Channel::flush()
{
    if (!open_ || closed_ || write_error_) return;
    while (!protocol_.output().empty()) {
        error_code ec;
        const auto size = transport_->write_some(protocol_.output(), ec);
        if (would_block(ec)) {
            transport_->wait_writable();
            break;
        }
        if (ec.failed()) {
            write_error_ = ec;
            ended_ = true;
            return;
        }
        protocol_.consume(size);
        bytes_sent_ += size;
    }
    report_sent();
    report_congestion();
    if (discarding_ && !shut_down_ && protocol_.output().empty()) {
        shut_down_ = true;
        transport_->shutdown();
    }
}

void Channel::report_sent()
{
    const auto gone = protocol_.produced() - protocol_.output().size();
    while (!unsent_.empty() && unsent_.front().upto <= gone) {
        const auto sent = unsent_.pop_front();
        if (sent.done) sent.done->done({});
    }
}

void Channel::report_congestion()
{
    if (was_congested_ ? !protocol_.output().empty() : !congested()) return;
    was_congested_ = !was_congested_;
    listener_.on_congestion(was_congested_);
}

void Channel::on_writable()
{
    if (closed_) return;
    settle();
    if (!closed_) listener_.on_output();
}

void Channel::track(std::uint64_t from, core::Outgoing&& frame)
{
    // Before the frame is moved: while there is no memory, it stays the caller's.
    unsent_.grow();
    auto kept = frame.keep ? std::make_unique<core::Outgoing>() : nullptr;
    auto done = std::move(frame.done);
    if (kept) *kept = std::move(frame);
    unsent_.push_back({from, protocol_.produced(), std::move(done), std::move(kept)});
}

void Channel::shutdown()
{
    discarding_ = true;
    flush();
}

Channel::Leftover Channel::close()
{
    Leftover leftover;
    if (closed_) return leftover;
    leftover.kept.reserve(unsent_.size()); // while nothing is lost yet
    closed_ = true;
    transport_->close();
    const auto gone = protocol_.produced() - protocol_.output().size();
    for (auto& unsent : unsent_.take()) {
        const bool untouched = gone <= unsent.from;
        if (untouched && unsent.kept) {
            unsent.kept->done = std::move(unsent.done);
            leftover.kept.push_back(std::move(*unsent.kept));
        }
        else if (unsent.done) unsent.done->done(untouched ? errc::connection_lost : errc::maybe_sent);
        else ++leftover.maybe_sent;
    }
    return leftover;
}

bool Channel::would_block(const error_code& ec) noexcept
{
    return ec == boost::asio::error::would_block || ec == boost::asio::error::try_again;
}

} // namespace websockxx::io
