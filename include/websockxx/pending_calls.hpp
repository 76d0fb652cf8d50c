// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/core/deadline_queue.hpp>
#include <websockxx/error.hpp>
#include <websockxx/reply_to.hpp>

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace websockxx {

/// Requests that were sent over the socket and are not yet answered, by the key that comes back with the answer: an id
/// of JSON-RPC, a correlation id. A member of a client: `add` in handle_call(), `answer` in handle_frame(), `fail_all`
/// in handle_disconnect(), and `expire` now and then, in a handle_info() that send_after() brings about.
///
/// Threads   None: as all members of a client.
/// Lifetime  What is pending at the end is dropped unanswered: errc::no_reply, or for callers of Ref::call()
///           errc::client_ended.
template <class Key, class Reply>
class PendingCalls {
public:
    using Clock = std::chrono::steady_clock;
    using Moment = Clock::time_point;

    /// Remembers whom to answer. False: the key is in use already; that one stays, and `reply_to` has failed with
    /// errc::invalid_option.
    bool add(const Key& key, ReplyTo<Reply> reply_to, Moment deadline)
    {
        if (!deadlines_.add(key, deadline)) {
            reply_to.fail(Error{errc::invalid_option, Phase::none, "the key of a pending call"});
            return false;
        }
        calls_.emplace(key, std::move(reply_to));
        return true;
    }
    /// The same with a deadline so long from now.
    bool add(const Key& key, ReplyTo<Reply> reply_to, std::chrono::milliseconds timeout)
    {
        return add(key, std::move(reply_to), Clock::now() + timeout);
    }

    /// Answers a call, which is over with that. False: nobody waits for this key, or not any more.
    bool answer(const Key& key, Reply value)
    {
        const auto reply_to = take(key);
        if (reply_to) (*reply_to)(std::move(value));
        return reply_to.has_value();
    }

    /// The same with an error.
    bool fail(const Key& key, Error error)
    {
        const auto reply_to = take(key);
        if (reply_to) reply_to->fail(std::move(error));
        return reply_to.has_value();
    }

    /// Fails all, as after the loss of the connection that the answers would have come from.
    void fail_all(const Error& error)
    {
        deadlines_ = {};
        const auto calls = std::exchange(calls_, {});
        for (const auto& [key, reply_to] : calls) reply_to.fail(error);
    }

    /// Fails those whose deadline has passed, with errc::call_timeout, and says how many these were.
    std::size_t expire(Moment now = Clock::now())
    {
        std::size_t count = 0;
        for (; const auto key = deadlines_.pop(now); ++count) calls_.extract(*key).mapped().fail(errc::call_timeout);
        return count;
    }

    /// The next moment for expire() to have something to do.
    [[nodiscard]] std::optional<Moment> next_deadline() const { return deadlines_.next(); }

    /// How many are pending.
    [[nodiscard]] std::size_t size() const noexcept { return calls_.size(); }
    [[nodiscard]] bool empty() const noexcept { return calls_.empty(); }

private:
    // Out of the table before it is told: that may begin another call with the same key.
    std::optional<ReplyTo<Reply>> take(const Key& key)
    {
        deadlines_.remove(key);
        auto node = calls_.extract(key);
        if (node.empty()) return std::nullopt;
        return std::move(node.mapped());
    }

    std::map<Key, ReplyTo<Reply>> calls_;
    core::DeadlineQueue<Key, Moment> deadlines_;
};

} // namespace websockxx
