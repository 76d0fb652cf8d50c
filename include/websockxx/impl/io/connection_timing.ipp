// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/io/connection.hpp>

#include <websockxx/impl/io/connection.ipp>

#include <utility>
#include <vector>

/// @file What a Connection does when a time has come: one alarm for the deadlines of the session, for messages to be
/// delivered later, for calls, and for frames that wait.

namespace websockxx::io {

void Connection::on_alarm()
{
    alarm_at_.reset();
    attempt([this] {
        const auto now = alarm_->now();
        while (const auto timer = deadlines_.pop(now)) expire(*timer, now);
        pop_later(now);
        expire_sends(now);
        settle();
    });
}

void Connection::expire(core::Timer timer, std::chrono::milliseconds now)
{
    using Event = protocol::Protocol::Event;
    if (timer == core::Timer::heartbeat && now - heard_at_ >= session_.conn().timeouts.ping_interval) trim();
    if (timer == core::Timer::open && channel_) {
        // An answer whose body does not end is an answer all the same.
        auto& protocol = channel_->protocol();
        protocol.end_of_stream();
        if (protocol.next() == Event::refused && protocol.error().refusal()) {
            return feed(core::event::OpenFailed{protocol.error()});
        }
    }
    const bool resolving = channel_ && channel_->transport().resolving();
    feed(core::event::Expired{timer, now - heard_at_, unfinished_for(now), resolving});
}

// What is not read cannot end, so that time does not count.
std::optional<std::chrono::milliseconds> Connection::unfinished_for(std::chrono::milliseconds now) const
{
    if (unfinished_ == 0) return std::nullopt;
    return channel_->congested() ? std::chrono::milliseconds{0} : now - unfinished_since_;
}

// Nothing has come for a while: an idle connection should cost next to nothing.
void Connection::trim()
{
    if (channel_) channel_->protocol().trim();
    std::vector<Item>().swap(items_);
    std::vector<core::Outgoing>().swap(outgoing_);
    mailbox_->trim();
}

void Connection::set_alarm()
{
    auto next = deadlines_.next();
    if (!later_.empty() && (!next || later_.begin()->first.first < *next)) next = later_.begin()->first.first;
    if (const auto call = calls_.next(); call && (!next || *call < *next)) next = call;
    if (sends_expire_ && (!next || *sends_expire_ < *next)) next = sends_expire_;
    // While a `prepare` hook is asked, or a pause reads nothing, the alarm alone may be there to keep this alive.
    if (!next && (ticket_ != 0 || (session_.paused() && client_)))
        next = alarm_at_.value_or(alarm_->now() + connection_detail::longest);
    if (next == alarm_at_) return;
    alarm_at_ = next;
    if (next) alarm_->set(*next, shared_from_this());
    else alarm_->cancel();
}

void Connection::pop_later(std::chrono::milliseconds now)
{
    while (!later_.empty() && later_.begin()->first.first <= now) {
        letters_.push_back({later_.begin()->first.second, std::move(later_.begin()->second), due_});
        later_.erase(later_.begin());
    }
    while (const auto call = calls_.pop(now)) mailbox_->answer(*call, errc::call_timeout, nullptr);
}

} // namespace websockxx::io
