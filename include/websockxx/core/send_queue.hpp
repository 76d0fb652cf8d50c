// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/conn.hpp>
#include <websockxx/core/send_done.hpp>
#include <websockxx/detail/queue.hpp>
#include <websockxx/error.hpp>
#include <websockxx/frame.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace websockxx::core {

/// A frame that somebody outside handed over to be sent.
struct Outgoing {
    Frame frame;
    std::unique_ptr<SendDone> done = {}; ///< null: nobody waits
    bool keep = false;                   ///< until the next connection, if it cannot leave on this one
    bool limited = false;                ///< keep it for `time` only
    std::chrono::milliseconds time{0};   ///< how long; once the queue has been told the time, until when

    std::uint64_t mark = 0; ///< its place among all that were ever admitted, from 1
    bool dated = false;     ///< `time` is a moment
    bool gone = false;      ///< not in the queue any more, but for the place that it takes
};

/// The frames from outside that are not yet encoded, in order: which are let in, which leave, which are kept, and what
/// their senders are told. Each of them is told exactly once.
///
/// There is no clock here: time is an argument. Not thread-safe.
class SendQueue {
public:
    using Time = std::chrono::milliseconds;

    /// From now on these hold, also for what is there already.
    void set_limits(const Limits& limits) noexcept;

    /// Why nothing can be sent now; no error: there is a connection. What waits and is not to be kept fails: with that
    /// error, or with connection_lost if it was let in while there was a connection that is no more. Returns how many
    /// failed whose senders do not wait for an answer.
    std::size_t set_obstacle(error_code why);

    /// Lets a frame in, or says why not; its sender is told that, too.
    ///
    /// Errors: the obstacle, unless it is to be kept; invalid_frame for a fragment that is to be kept; by the policy
    /// send_queue_full and dropped.
    error_code admit(Outgoing&& frame);

    /// What to encode next.
    struct Next {
        bool more = false;      ///< others wait up to that mark
        std::uint64_t mark = 0; ///< of the first of them
    };
    /// Takes frames up to that mark to the end of `taken`: at least one, and with the others no more bytes than
    /// `budget`, of which each frame costs 128 at least. Their bytes count as encoded until set_encoded() says
    /// otherwise.
    [[nodiscard]] Next take(std::uint64_t upto, std::size_t budget, std::vector<Outgoing>& taken);

    /// Takes back what was taken, and of which no byte has left: it leaves before all others. Throws std::bad_alloc,
    /// and has then taken nothing.
    void put_back(std::vector<Outgoing>&& frames);

    /// Takes a frame out by its mark; nothing: it is not there any more.
    [[nodiscard]] std::optional<Outgoing> withdraw(std::uint64_t mark);

    /// How much is encoded, and was not yet taken by the transport.
    void set_encoded(std::size_t bytes) noexcept { encoded_ = bytes; }

    /// Lets the time of those begin that are to be kept for a time. Returns the moment for expire(), if there is one.
    [[nodiscard]] std::optional<Time> date(Time now);
    /// Those whose time has passed fail with not_sent_in_time. Returns how many senders did not wait for that.
    std::size_t expire(Time now);
    /// When expire() has something to do.
    [[nodiscard]] std::optional<Time> next_expiry() const;

    /// All that are there fail.
    void clear(error_code why);
    /// Gives memory back, if there is nothing.
    void trim();

    [[nodiscard]] bool empty() const noexcept { return waiting_ == 0; }
    /// Frames that are not yet encoded.
    [[nodiscard]] std::size_t waiting() const noexcept { return waiting_; }
    /// Bytes on their way: waiting, and encoded.
    [[nodiscard]] std::size_t buffered() const noexcept { return bytes_ + encoded_; }
    /// The mark of the newest.
    [[nodiscard]] std::uint64_t last_mark() const noexcept { return last_mark_; }
    /// How many were dropped since the beginning.
    [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_; }
    /// How many were dropped since this was asked, whose senders did not wait for an answer.
    [[nodiscard]] std::size_t take_dropped() noexcept { return std::exchange(dropped_untold_, 0); }

private:
    [[nodiscard]] bool fits(std::size_t bytes, std::size_t messages, std::size_t size) const noexcept;
    [[nodiscard]] error_code make_room(const Outgoing& frame);
    void drop_oldest();
    [[nodiscard]] std::size_t first_behind(std::uint64_t mark);
    [[nodiscard]] Outgoing* find(std::uint64_t mark);
    void enter(const Outgoing& frame);
    void leave(const Outgoing& frame);
    Outgoing take_out(Outgoing& frame);
    void compact();

    detail::Queue<Outgoing> frames_;                 // by mark; some are gone
    std::vector<std::uint64_t> undated_;             // marks
    std::set<std::pair<Time, std::uint64_t>> dates_; // and marks
    std::size_t most_bytes_ = Limits{}.send_queue_bytes;
    std::size_t most_messages_ = Limits{}.send_queue_messages;
    SendQueuePolicy policy_ = SendQueuePolicy::refuse;
    error_code obstacle_ = errc::not_connected_opening;
    std::size_t waiting_ = 0;
    std::size_t bytes_ = 0; // of those
    std::size_t encoded_ = 0;
    std::size_t fixed_ = 0; // of those that wait, how many may not be dropped
    std::size_t fixed_bytes_ = 0;
    std::uint64_t fixed_upto_ = 0; // up to this mark there is nothing that may be dropped
    std::uint64_t last_mark_ = 0;
    std::uint64_t dropped_ = 0;
    std::size_t dropped_untold_ = 0;
};

} // namespace websockxx::core
