// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/core/send_queue.hpp>

#include <algorithm>
#include <utility>

namespace websockxx::core {

namespace send_queue_detail {

// What an empty frame takes of a budget: it is memory, too.
inline constexpr std::size_t least_cost = 128;

error_code tell(Outgoing& frame, error_code ec)
{
    if (const auto done = std::move(frame.done)) done->done(ec);
    return ec;
}

// A part of a message: without it the others make no sense.
bool is_fragment(const Frame& frame)
{
    switch (frame.type()) {
    case Frame::Type::text_fragment:
    case Frame::Type::binary_fragment:
    case Frame::Type::continuation:
    case Frame::Type::finish: return true;
    default: return false;
    }
}

} // namespace send_queue_detail

void SendQueue::set_limits(const Limits& limits) noexcept
{
    most_bytes_ = limits.send_queue_bytes;
    most_messages_ = limits.send_queue_messages;
    policy_ = limits.send_queue_policy;
}

std::size_t SendQueue::set_obstacle(error_code why)
{
    obstacle_ = why;
    if (!why || waiting_ == 0) return 0;
    const auto told = why == errc::not_connected_opening ? make_error_code(errc::connection_lost) : why;
    std::size_t untold = 0;
    for (std::size_t i = 0; i < frames_.size(); ++i) {
        if (frames_[i].gone || frames_[i].keep) continue;
        auto frame = take_out(frames_[i]);
        if (!frame.done) ++untold;
        send_queue_detail::tell(frame, told);
    }
    compact();
    return untold;
}

// ---- In

error_code SendQueue::admit(Outgoing&& frame)
{
    using send_queue_detail::tell;
    if (frame.keep && send_queue_detail::is_fragment(frame.frame)) return tell(frame, errc::invalid_frame);
    if (obstacle_ && !frame.keep) return tell(frame, obstacle_);
    if (!fits(bytes_, waiting_, frame.frame.size())) [[unlikely]] {
        if (const auto ec = make_room(frame)) return tell(frame, ec);
    }
    frames_.grow(); // before anything is moved: it may fail
    frame.mark = last_mark_ + 1;
    if (frame.limited) undated_.push_back(frame.mark);
    frames_.push_back(std::move(frame));
    ++last_mark_;
    enter(frames_[frames_.size() - 1]);
    return {};
}

// One that is larger than the whole queue may go when nothing else waits.
bool SendQueue::fits(std::size_t bytes, std::size_t messages, std::size_t size) const noexcept
{
    if (messages >= most_messages_) return false;
    const auto there = bytes + encoded_;
    return there == 0 || (there <= most_bytes_ && size <= most_bytes_ - there);
}

error_code SendQueue::make_room(const Outgoing& frame)
{
    const auto size = frame.frame.size();
    switch (policy_) {
    case SendQueuePolicy::refuse: return errc::send_queue_full;
    case SendQueuePolicy::wait:
        // Who waits for the answer waits for room as well. His frame is memory that he has spent anyway.
        if (!frame.done || waiting_ >= most_messages_) return errc::send_queue_full;
        return {};
    case SendQueuePolicy::drop_newest:
        if (send_queue_detail::is_fragment(frame.frame)) return errc::send_queue_full;
        ++dropped_;
        return errc::dropped;
    case SendQueuePolicy::drop_oldest: break;
    }
    // Nothing is dropped in vain.
    if (!fits(fixed_bytes_, fixed_, size)) return errc::send_queue_full;
    while (!fits(bytes_, waiting_, size)) drop_oldest();
    return {};
}

void SendQueue::drop_oldest()
{
    // Those in front of it were looked at before, and stay.
    auto i = first_behind(fixed_upto_);
    while (frames_[i].gone || send_queue_detail::is_fragment(frames_[i].frame)) ++i;
    fixed_upto_ = frames_[i].mark;
    auto frame = take_out(frames_[i]);
    ++dropped_;
    if (!frame.done) ++dropped_untold_;
    send_queue_detail::tell(frame, errc::dropped);
    compact();
}

// ---- Out

SendQueue::Next SendQueue::take(std::uint64_t upto, std::size_t budget, std::vector<Outgoing>& taken)
{
    std::size_t bytes = 0;
    bool first = true;
    while (!frames_.empty()) {
        auto& next = frames_.front();
        if (next.gone) {
            (void)frames_.pop_front();
            continue;
        }
        if (next.mark > upto) return {};
        const auto size = next.frame.size();
        if (!first && (bytes > budget || size > budget - bytes)) return {true, next.mark};
        first = false;
        bytes += std::max(size, send_queue_detail::least_cost);
        if (taken.size() == taken.capacity()) taken.reserve(2 * taken.size() + 4); // before anything is moved
        leave(next);
        encoded_ += size;
        taken.push_back(std::move(next));
        frames_.drop_front();
    }
    return {};
}

void SendQueue::put_back(std::vector<Outgoing>&& frames)
{
    frames.reserve(frames.size() + frames_.size()); // what prepend() needs
    undated_.reserve(undated_.size() + frames.size());
    decltype(dates_) dates;
    for (const auto& frame : frames) {
        if (frame.limited && frame.dated) dates.emplace(frame.time, frame.mark);
    }
    // From here on nothing can fail.
    dates_.merge(dates);
    for (const auto& frame : frames) {
        enter(frame);
        if (frame.limited && !frame.dated) undated_.push_back(frame.mark);
    }
    fixed_upto_ = 0;
    frames_.prepend(std::move(frames));
}

std::optional<Outgoing> SendQueue::withdraw(std::uint64_t mark)
{
    auto* const found = find(mark);
    if (!found) return std::nullopt;
    std::optional<Outgoing> frame{take_out(*found)};
    compact();
    return frame;
}

void SendQueue::clear(error_code why)
{
    auto frames = frames_.take();
    undated_ = {};
    dates_.clear();
    waiting_ = bytes_ = fixed_ = fixed_bytes_ = 0;
    for (auto& frame : frames) send_queue_detail::tell(frame, why);
}

void SendQueue::trim()
{
    if (waiting_ > 0) return;
    frames_ = {};
    undated_ = {};
}

// ---- Time

std::optional<SendQueue::Time> SendQueue::date(Time now)
{
    for (const auto mark : std::exchange(undated_, {})) {
        auto* frame = find(mark);
        if (!frame || frame->dated) continue; // it has left, or came back in between
        frame->time += now;
        frame->dated = true;
        dates_.emplace(frame->time, mark);
    }
    return next_expiry();
}

std::size_t SendQueue::expire(Time now)
{
    std::size_t untold = 0;
    while (!dates_.empty() && dates_.begin()->first <= now) {
        auto frame = take_out(*find(dates_.begin()->second));
        if (!frame.done) ++untold;
        send_queue_detail::tell(frame, errc::not_sent_in_time);
    }
    compact();
    return untold;
}

std::optional<SendQueue::Time> SendQueue::next_expiry() const
{
    if (dates_.empty()) return std::nullopt;
    return dates_.begin()->first;
}

// ---- The frames

std::size_t SendQueue::first_behind(std::uint64_t mark)
{
    std::size_t low = 0;
    std::size_t high = frames_.size();
    while (low < high) {
        const auto middle = low + (high - low) / 2;
        if (frames_[middle].mark <= mark) low = middle + 1;
        else high = middle;
    }
    return low;
}

Outgoing* SendQueue::find(std::uint64_t mark)
{
    if (mark == 0) return nullptr; // of none
    const auto place = first_behind(mark - 1);
    if (place == frames_.size() || frames_[place].mark != mark || frames_[place].gone) return nullptr;
    return &frames_[place];
}

void SendQueue::enter(const Outgoing& frame)
{
    const auto size = frame.frame.size();
    ++waiting_;
    bytes_ += size;
    if (!send_queue_detail::is_fragment(frame.frame)) return;
    ++fixed_;
    fixed_bytes_ += size;
}

void SendQueue::leave(const Outgoing& frame)
{
    const auto size = frame.frame.size();
    --waiting_;
    bytes_ -= size;
    if (frame.dated) dates_.erase({frame.time, frame.mark});
    if (!send_queue_detail::is_fragment(frame.frame)) return;
    --fixed_;
    fixed_bytes_ -= size;
}

// Its place stays, so that the others need not move for each one that leaves out of turn.
Outgoing SendQueue::take_out(Outgoing& frame)
{
    leave(frame);
    auto taken = std::move(frame);
    frame.mark = taken.mark;
    frame.frame = {};
    frame.gone = true;
    return taken;
}

void SendQueue::compact()
{
    while (!frames_.empty() && frames_.front().gone) frames_.drop_front();
    const auto gone = frames_.size() - waiting_;
    if (gone < 16 || gone < waiting_) return;
    (void)frames_.erase_if([](const Outgoing& frame) { return frame.gone; });
}

} // namespace websockxx::core
