// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/io/mailbox.hpp>

#include <websockxx/impl/io/mailbox.ipp>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/error.hpp>

#include <new>
#include <utility>

/// @file The part of a Mailbox where frames wait that are to be sent.

namespace websockxx::io {

/// Takes an async_send() back when that is cancelled.
struct Mailbox::CancelSend {
    explicit CancelSend(std::weak_ptr<Mailbox> of) : mailbox(std::move(of)) {}

    std::weak_ptr<Mailbox> mailbox;
    std::uint64_t mark = 0; // none yet

    void operator()(boost::asio::cancellation_type) const
    {
        if (const auto alive = mailbox.lock()) alive->cancel_send(mark);
    }
};

error_code Mailbox::send(core::Outgoing frame, std::uint64_t* mark)
{
    {
        const std::lock_guard lock{mutex_};
        if (const auto ec = admit_send(frame)) return ec;
        if (mark) *mark = sends_.last_mark();
        if (!owner_ || std::exchange(awake_, true)) return {};
    }
    wake_for_sends();
    return {};
}

// A system call, maybe: other threads that send need not wait for it, so it is made without the lock.
void Mailbox::wake_for_sends()
{
    try {
        const std::lock_guard lock{wake_mutex_};
        if (waker_) waker_->wake();
    }
    catch (...) { // no memory: then the next one wakes
        const std::lock_guard lock{mutex_};
        awake_ = false;
        throw;
    }
}

// A burst of frames leaves one mark among the items.
error_code Mailbox::admit_send(core::Outgoing& frame)
{
    if (closed_ || detached_) {
        const auto why = make_error_code(closed_ ? errc::client_ended : errc::runtime_ended);
        if (frame.done) frame.done->done(why);
        return why;
    }
    auto* last = items_.empty() ? nullptr : std::get_if<item::Sends>(&items_.back());
    if (!last) last = &std::get<item::Sends>(items_.emplace_back(item::Sends{}));
    const bool limited = frame.limited;
    const auto ec = sends_.admit(std::move(frame));
    last->upto = sends_.last_mark();
    last->limited = last->limited || limited;
    return ec;
}

void Mailbox::async_send(core::Outgoing frame, SendHandler handler)
{
    namespace asio = boost::asio;
    // First of all: once the send is known to others, its handler may have run, and the slot may have another use.
    CancelSend* cancel = nullptr;
    if (auto slot = asio::get_associated_cancellation_slot(handler); slot.is_connected())
        cancel = &slot.emplace<CancelSend>(weak_from_this());
    std::uint64_t mark = 0;
    {
        const std::lock_guard lock{mutex_};
        frame.done = std::make_unique<mailbox_detail::CompleteSend>(std::move(handler), usable_executor());
        if (admit_send(frame)) return; // it has told `done`
        mark = sends_.last_mark();
        if (cancel) cancel->mark = mark; // nobody can tell `done` before the lock is given back
        if (!owner_ || std::exchange(awake_, true)) return;
    }
    try {
        wake_for_sends();
    }
    catch (const std::bad_alloc&) {
        if (withdraw(mark)) throw; // else it is on its way
    }
}

void Mailbox::cancel_send(std::uint64_t mark)
{
    const std::lock_guard lock{mutex_};
    if (detached_) return; // end() tells him
    const auto frame = sends_.withdraw(mark);
    if (frame && frame->done) frame->done->done(boost::asio::error::operation_aborted);
}

bool Mailbox::withdraw(std::uint64_t mark)
{
    std::optional<core::Outgoing> frame; // destroyed without the lock
    const std::lock_guard lock{mutex_};
    frame = sends_.withdraw(mark);
    return frame.has_value();
}

std::size_t Mailbox::buffered_bytes() const
{
    const std::lock_guard lock{mutex_};
    return sends_.buffered();
}

void Mailbox::set_send_limits(const Limits& limits)
{
    const std::lock_guard lock{mutex_};
    sends_.set_limits(limits);
}

std::size_t Mailbox::set_send_obstacle(error_code why)
{
    const std::lock_guard lock{mutex_};
    return sends_.set_obstacle(why);
}

core::SendQueue::Next Mailbox::take_sends(std::uint64_t upto, std::size_t budget, std::vector<core::Outgoing>& taken)
{
    const std::lock_guard lock{mutex_};
    return sends_.take(upto, budget, taken);
}

void Mailbox::put_sends_back(std::vector<core::Outgoing>&& frames)
{
    const std::lock_guard lock{mutex_};
    sends_.put_back(std::move(frames));
}

std::optional<Mailbox::SendTime> Mailbox::date_sends(SendTime now)
{
    const std::lock_guard lock{mutex_};
    return sends_.date(now);
}

std::size_t Mailbox::expire_sends(SendTime now)
{
    const std::lock_guard lock{mutex_};
    return sends_.expire(now);
}

std::size_t Mailbox::set_encoded(std::size_t bytes)
{
    const std::lock_guard lock{mutex_};
    sends_.set_encoded(bytes);
    return sends_.buffered();
}

Mailbox::SendCounts Mailbox::send_counts() const
{
    const std::lock_guard lock{mutex_};
    return {sends_.waiting(), sends_.dropped()};
}

std::size_t Mailbox::take_dropped()
{
    const std::lock_guard lock{mutex_};
    return sends_.take_dropped();
}

} // namespace websockxx::io
