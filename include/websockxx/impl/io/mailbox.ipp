// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/io/mailbox.hpp>

#include <websockxx/io/completion_work.hpp>

#include <boost/asio/dispatch.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/system_executor.hpp>
#include <boost/asio/thread_pool.hpp>

#include <algorithm>
#include <new>
#include <type_traits>
#include <utility>

namespace websockxx::io {

namespace mailbox_detail {

inline thread_local const Mailbox* in_callback_of = nullptr;

// The executors of Asio's own contexts know whether this is one of their threads; of any other we cannot ask.
template <class... Executors>
bool runs_here(const boost::asio::any_io_executor& executor)
{
    const auto here = [](const auto* ex) { return ex && ex->running_in_this_thread(); };
    return (here(executor.target<Executors>()) || ...);
}

bool on_thread_of(const boost::asio::any_io_executor& executor)
{
    namespace asio = boost::asio;
    using Io = asio::io_context::executor_type;
    using Pool = asio::thread_pool::executor_type;
    if (runs_here<Io, Pool>(executor)) return true;
    // A strand is not run by the thread that it needs.
    const auto inside = [&]<class Inner>(std::type_identity<Inner>) {
        const auto* strand = executor.target<asio::strand<Inner>>();
        return strand && on_thread_of(strand->get_inner_executor());
    };
    return inside(std::type_identity<Io>{}) || inside(std::type_identity<Pool>{}) ||
           inside(std::type_identity<asio::any_io_executor>{});
}

/// A handler that cannot be posted is destroyed uncalled: there is no other way to call it from here, and the others
/// that are told now must not suffer.
template <class Post>
void without_memory_skip(Post post)
{
    try {
        post();
    }
    catch (const std::bad_alloc&) {
    }
}

/// Completes an async_send().
class CompleteSend final : public core::SendDone {
public:
    CompleteSend(Mailbox::SendHandler handler, boost::asio::any_io_executor via)
        : handler_(std::move(handler)), via_(std::move(via)), work_(completion_work(handler_, via_))
    {
    }

    // Posted: never from inside the initiating function, nor in the middle of what the connection does.
    void done(error_code ec) override
    {
        without_memory_skip([&] {
            boost::asio::post(via_, [work = std::move(work_), handler = std::move(handler_), ec]() mutable {
                boost::asio::dispatch(work, [handler = std::move(handler), ec]() mutable { std::move(handler)(ec); });
            });
        });
    }

private:
    Mailbox::SendHandler handler_;
    boost::asio::any_io_executor via_;
    boost::asio::any_completion_executor work_;
};

} // namespace mailbox_detail

/// Someone who waits for the end, and the executor's promise to still be there then.
struct Mailbox::Waiter {
    std::uint64_t id;
    WaitHandler handler;
    boost::asio::any_completion_executor work;
};

Mailbox::Mailbox(boost::asio::any_io_executor executor, std::size_t max_messages, bool own_thread)
    : executor_(std::move(executor)), max_messages_(max_messages), own_thread_(own_thread)
{
}

Mailbox::~Mailbox() = default;

void Mailbox::attach(Owner& owner)
{
    const std::scoped_lock lock{mutex_, wake_mutex_};
    owner_ = waker_ = &owner;
    if (!items_.empty()) wake_owner(); // a frame to be sent has its mark among them
}

error_code Mailbox::put(Item item)
{
    const std::lock_guard lock{mutex_};
    return admit(item);
}

error_code Mailbox::admit(Item& item)
{
    const bool counts = std::holds_alternative<std::unique_ptr<Letter>>(item) ||
                        std::holds_alternative<item::Later>(item) || std::holds_alternative<item::Call>(item);
    if (closed_ || detached_) return refuse(item, closed_ ? errc::client_ended : errc::runtime_ended);
    if (counts && messages_ >= max_messages_) return refuse(item, errc::inbox_full);
    // Apart from the others, so that one can look into a client whose inbox is full.
    const bool visits = std::holds_alternative<item::Visit>(item);
    if (visits && visits_ >= max_visits) return refuse(item, errc::inbox_full);
    wake_owner(); // first: without memory for that, nothing has happened
    const bool stops = std::holds_alternative<item::Stop>(item);
    items_.push_back(std::move(item));
    if (stops) stopping_ = true;
    if (counts) ++messages_;
    if (visits) ++visits_;
    return {};
}

void Mailbox::wake_owner()
{
    if (!owner_ || awake_) return;
    owner_->wake();
    awake_ = true;
}

error_code Mailbox::refuse(Item& item, error_code why)
{
    if (auto* visit = std::get_if<item::Visit>(&item)) visit->visitor->refuse(why);
    return why;
}

void Mailbox::async_visit(std::unique_ptr<AsyncVisitor> visitor, SendHandler handler)
{
    Item item;
    const std::lock_guard lock{mutex_};
    visitor->done = std::make_unique<mailbox_detail::CompleteSend>(std::move(handler), usable_executor());
    item = item::Visit{std::move(visitor)};
    (void)admit(item); // refused, it has told the visitor
}

error_code Mailbox::pause(bool paused)
{
    Owner* owner = nullptr;
    {
        const std::lock_guard lock{mutex_};
        if (closed_) return errc::client_ended;
        if (mailbox_detail::in_callback_of == this) owner = owner_;
    }
    // Here the strand is ours, so the owner stays.
    if (!owner) return put(item::Pause{paused});
    owner->pause(paused);
    return {};
}

void Mailbox::show(const Client* client)
{
    const std::lock_guard lock{mutex_};
    client_ = client;
}

bool Mailbox::client_is(bool (*is)(const Client* client)) const
{
    const std::lock_guard lock{mutex_};
    return client_ && is(client_);
}

void Mailbox::keep(std::shared_ptr<void> kept)
{
    const std::lock_guard lock{mutex_};
    kept_ = std::move(kept);
}

void Mailbox::take(std::vector<Item>& items)
{
    const std::lock_guard lock{mutex_};
    awake_ = false;
    visits_ = 0;
    items_.swap(items);
}

void Mailbox::trim()
{
    const std::lock_guard lock{mutex_};
    if (items_.empty()) std::vector<Item>().swap(items_);
    sends_.trim();
}

void Mailbox::delivered(std::size_t count)
{
    const std::lock_guard lock{mutex_};
    messages_ -= std::min(messages_, count);
}

void Mailbox::detach()
{
    const std::scoped_lock lock{mutex_, wake_mutex_};
    detached_ = true;
    owner_ = waker_ = nullptr;
}

error_code Mailbox::blocking_error() const
{
    if (mailbox_detail::in_callback_of == this) return errc::calling_self;
    if (mailbox_detail::in_callback_of) return errc::blocking_in_callback;
    const std::lock_guard lock{mutex_};
    if (executor_ && !detached_ && mailbox_detail::on_thread_of(executor_)) return errc::blocking_in_callback;
    return {};
}

boost::asio::any_io_executor Mailbox::executor() const
{
    const std::lock_guard lock{mutex_};
    return usable_executor();
}

// Once the client has ended, the executor that it ran on may be gone.
boost::asio::any_io_executor Mailbox::usable_executor() const
{
    if (reason_ || detached_) return boost::asio::system_executor{};
    return executor_;
}

std::shared_ptr<Mailbox> Mailbox::make_ended()
{
    auto mailbox = std::make_shared<Mailbox>(boost::asio::system_executor{}, 0, false);
    mailbox->end({.error = errc::client_ended});
    return mailbox;
}

std::uint64_t Mailbox::next_id()
{
    const std::lock_guard lock{mutex_};
    return ++last_id_;
}

CallbackScope::CallbackScope(const Mailbox& mailbox) noexcept
    : outer_(std::exchange(mailbox_detail::in_callback_of, &mailbox))
{
}

CallbackScope::~CallbackScope() { mailbox_detail::in_callback_of = outer_; }

} // namespace websockxx::io
