// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/io/connection.hpp>

#include <websockxx/impl/io/connection.ipp>

#include <algorithm>
#include <string>
#include <utility>

/// @file What a Connection does with frames from outside: they wait in the mailbox until the transport can take them,
/// so that until then they can be dropped, taken back, and kept for the next connection.

namespace websockxx::io {

namespace sending_detail {

// So much is encoded ahead of the transport: enough for large writes, and all that a loss can leave in doubt.
inline constexpr std::size_t encode_ahead_bytes = 64 * 1024;

void tell(std::vector<core::Outgoing>& frames, error_code ec)
{
    for (auto& frame : frames) {
        if (frame.done) frame.done->done(ec);
        frame.done.reset();
    }
}

} // namespace sending_detail

// Where there is nothing to do, which is nearly always, this must cost nothing.
void Connection::pump()
{
    while (encoded_upto_ < due_ && session_.sends()) {
        if (channel_->queued() >= sending_detail::encode_ahead_bytes) channel_->flush();
        if (channel_->queued() >= sending_detail::encode_ahead_bytes) return;
        if (!pump_some()) return;
    }
}

// What comes next has to leave behind all of them.
void Connection::pump_all()
{
    while (encoded_upto_ < due_ && session_.sends() && pump_some()) flush_if_much();
}

// False: there is nothing more.
bool Connection::pump_some()
{
    auto frames = std::exchange(outgoing_, {});
    core::SendQueue::Next next;
    try {
        next = mailbox_->take_sends(due_, sending_detail::encode_ahead_bytes, frames);
        if (!frames.empty()) encoded_ = std::max<std::size_t>(encoded_, 1); // the mailbox must be told how much it is
        for (auto& frame : frames) encode(frame);
    }
    catch (const std::bad_alloc&) {
        sending_detail::tell(frames, errc::maybe_sent); // the one that it ran out at may be encoded
        throw;
    }
    frames.clear();
    outgoing_ = std::move(frames);
    encoded_upto_ = next.more ? next.mark - 1 : due_;
    return next.more;
}

void Connection::encode(core::Outgoing& frame)
{
    auto& protocol = channel_->protocol();
    const auto from = protocol.produced();
    const auto ec = protocol.write(frame.frame);
    if (watch_) [[unlikely]]
        written(frame.frame, ec, Monitor::Why::other);
    if (!ec) {
        if (frame.keep || frame.done) channel_->track(from, std::move(frame));
        else ++untracked_;
    }
    else if (const auto done = std::move(frame.done)) done->done(ec);
    else log(Severity::error, "a frame was not sent: " + ec.message()); // nobody else would tell
}

void Connection::tell_obstacle()
{
    const auto why = session_.send_error();
    if (why == obstacle_) return;
    obstacle_ = why;
    if (const auto untold = mailbox_->set_send_obstacle(why))
        log_failed(untold,
            why == errc::not_connected_opening ? "not sent: the connection was lost" : "not sent: " + why.message());
}

// What is kept is encoded anew, for the next connection.
void Connection::take_leftover(Channel::Leftover leftover)
{
    encoded_upto_ = 0;
    encoded_ = 0;
    high_water_ = false;
    if (const auto most = std::exchange(untracked_, 0))
        log(Severity::error, "up to " + std::to_string(most) + " frames were not sent, or not whole");
    try {
        mailbox_->put_sends_back(std::move(leftover.kept));
    }
    catch (const std::bad_alloc&) {
        sending_detail::tell(leftover.kept, errc::connection_lost);
        throw;
    }
    (void)mailbox_->set_encoded(0);
    sends_expire_ = mailbox_->date_sends(alarm_->now());
    if (leftover.maybe_sent > 0) log_failed(leftover.maybe_sent, make_error_code(errc::maybe_sent).message());
}

void Connection::expire_sends(std::chrono::milliseconds now)
{
    if (!sends_expire_ || *sends_expire_ > now) return;
    if (const auto untold = mailbox_->expire_sends(now)) log_failed(untold, "not sent in time");
    sends_expire_ = mailbox_->date_sends(now);
}

// Whether the client was called, and so may have replied.
bool Connection::tell_water()
{
    const auto encoded = channel_ ? channel_->queued() : 0;
    if (encoded == 0) untracked_ = 0;
    if (encoded == 0 && encoded_ == 0 && !high_water_) return false;
    encoded_ = encoded;
    auto buffered = mailbox_->set_encoded(encoded);
    if (!session_.delivers()) return false;
    const auto high = session_.conn().limits.high_water_bytes;
    if (!high_water_ && buffered >= high) {
        channel_->flush(); // what can leave does not wait
        pump();
        encoded_ = channel_->queued();
        buffered = mailbox_->set_encoded(encoded_);
    }
    if (!high_water_ && buffered >= high) {
        high_water_ = true;
        ask([this] { watch_->begins(Callback::handle_high_water); },
            [&](Client& client) { return client.handle_high_water(buffered); });
        return true;
    }
    if (high_water_ && buffered == 0) {
        high_water_ = false;
        ask([this] { watch_->begins(Callback::handle_drained); },
            [](Client& client) { return client.handle_drained(); });
        return true;
    }
    return false;
}

void Connection::log_failed(std::size_t count, std::string_view how) const
{
    const bool one = count == 1;
    log(Severity::error, std::to_string(count) + (one ? " frame was " : " frames were ") + std::string{how});
}

} // namespace websockxx::io
