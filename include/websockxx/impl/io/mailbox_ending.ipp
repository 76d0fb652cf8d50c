// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/io/mailbox.hpp>

#include <websockxx/impl/io/mailbox.ipp>
#include <websockxx/io/completion_work.hpp>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

/// @file The part of a Mailbox that knows how the client ended, and who waits for that.

namespace websockxx::io {

void Mailbox::end(CloseReason reason)
{
    std::vector<Item> items;
    {
        const std::lock_guard lock{mutex_};
        if (std::exchange(closed_, true)) return;
        owner_ = nullptr;
        items = std::exchange(items_, {});
    }
    {
        const std::lock_guard lock{wake_mutex_};
        waker_ = nullptr;
    }
    {
        const std::lock_guard lock{mutex_};
        sends_.clear(errc::client_ended);
    }
    for (auto& item : items) refuse(item, errc::client_ended);
    items.clear(); // before whoever waits goes on: they may refer to what he destroys next

    std::shared_ptr<void> kept;
    {
        const std::lock_guard lock{mutex_};
        kept = std::move(kept_);
    }
    kept.reset();

    std::vector<Waiter> waiters;
    decltype(callers_) callers;
    boost::asio::any_io_executor executor;
    {
        const std::lock_guard lock{mutex_};
        reason_ = std::move(reason);
        waiters = std::exchange(waiters_, {});
        callers = std::exchange(callers_, {});
        executor = std::exchange(executor_, {});
        ended_.notify_all();
    }
    const auto why = reason_->error.code() == errc::runtime_ended ? errc::runtime_ended : errc::client_ended;
    for (auto& [id, caller] : callers) caller.done->done(why);
    for (auto& waiter : waiters)
        mailbox_detail::without_memory_skip([&] { complete(executor, std::move(waiter), {}, *reason_); });
}

// Posted, since the caller is in the middle of something that a handler must not find half done.
void Mailbox::complete(const boost::asio::any_io_executor& via, Waiter waiter, error_code ec, CloseReason reason)
{
    boost::asio::post(via, [waiter = std::move(waiter), ec, reason = std::move(reason)]() mutable {
        boost::asio::dispatch(
            waiter.work, [handler = std::move(waiter.handler), ec, reason = std::move(reason)]() mutable {
                std::move(handler)(ec, std::move(reason));
            });
    });
}

bool Mailbox::ended() const
{
    const std::lock_guard lock{mutex_};
    return reason_.has_value();
}

std::optional<CloseReason> Mailbox::reason() const
{
    const std::lock_guard lock{mutex_};
    return reason_;
}

std::optional<CloseReason> Mailbox::wait(std::optional<std::chrono::milliseconds> limit)
{
    std::unique_lock lock{mutex_};
    const auto ended = [this] { return reason_.has_value(); };
    // Longer would overflow the clock.
    if (limit)
        ended_.wait_for(lock, std::clamp<std::chrono::milliseconds>(*limit, {}, std::chrono::hours{24 * 365}), ended);
    else ended_.wait(lock, ended);
    return reason_;
}

void Mailbox::async_wait(WaitHandler handler)
{
    namespace asio = boost::asio;
    const auto id = next_id();
    // First of all: once the waiter is known to others, its handler may have run.
    if (auto slot = asio::get_associated_cancellation_slot(handler); slot.is_connected()) {
        slot.assign([weak = weak_from_this(), id](asio::cancellation_type) {
            if (const auto mailbox = weak.lock()) mailbox->cancel_wait(id);
        });
    }
    std::unique_lock lock{mutex_};
    const auto via = usable_executor();
    auto work = completion_work(handler, via);
    Waiter waiter{id, std::move(handler), std::move(work)};
    if (reason_) {
        auto reason = *reason_;
        lock.unlock();
        return complete(via, std::move(waiter), {}, std::move(reason));
    }
    waiters_.push_back(std::move(waiter));
}

void Mailbox::cancel_wait(std::uint64_t id)
{
    const std::lock_guard lock{mutex_};
    const auto found = std::find_if(waiters_.begin(), waiters_.end(), [id](const Waiter& w) { return w.id == id; });
    if (found == waiters_.end()) return;
    auto waiter = std::move(*found);
    waiters_.erase(found);
    complete(usable_executor(), std::move(waiter), boost::asio::error::operation_aborted, {});
}

} // namespace websockxx::io
