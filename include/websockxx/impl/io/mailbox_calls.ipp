// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/io/mailbox.hpp>

#include <websockxx/impl/io/mailbox.ipp>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/error.hpp>

#include <algorithm>
#include <new>
#include <utility>

/// @file The part of a Mailbox that knows who waits for the answer to a call.

namespace websockxx::io {

// What cannot be put in is destroyed behind the lock: a letter's end is an answer.
void Mailbox::call(item::Call call, std::shared_ptr<Answer> answer, std::unique_ptr<core::SendDone> done)
{
    const std::lock_guard lock{mutex_};
    enter(call, std::move(answer), done);
}

void Mailbox::async_call(item::Call call, std::shared_ptr<Answer> answer, SendHandler handler)
{
    namespace asio = boost::asio;
    // First of all: once the call is known to others, its handler may have run.
    if (auto slot = asio::get_associated_cancellation_slot(handler); slot.is_connected()) {
        slot.assign([weak = weak_from_this(), id = call.id](asio::cancellation_type) {
            if (const auto mailbox = weak.lock()) mailbox->answer(id, asio::error::operation_aborted, nullptr);
        });
    }
    std::unique_ptr<core::SendDone> done;
    const std::lock_guard lock{mutex_};
    done = std::make_unique<mailbox_detail::CompleteSend>(std::move(handler), usable_executor());
    enter(call, std::move(answer), done);
}

// Known before the letter is, which may be answered as soon as it is put in.
void Mailbox::enter(item::Call& call, std::shared_ptr<Answer> answer, std::unique_ptr<core::SendDone>& done)
{
    if (!closed_ && !detached_ && callers_.size() >= max_messages_) return done->done(errc::inbox_full);
    const auto entry = callers_.emplace(call.id, Caller{std::move(answer), nullptr, call.timeout.has_value()}).first;
    Item item{std::move(call)};
    try {
        const auto ec = admit(item);
        call = std::move(std::get<item::Call>(item));
        if (!ec) {
            entry->second.done = std::move(done);
            return;
        }
        done->done(ec);
    }
    catch (const std::bad_alloc&) { // nothing has happened
        call = std::move(std::get<item::Call>(item));
        callers_.erase(entry);
        throw;
    }
    callers_.erase(entry);
}

void Mailbox::answer(std::uint64_t id, error_code ec, std::shared_ptr<void> value)
{
    decltype(callers_)::node_type caller;
    item::Call request; // destroyed without the lock: that answers, too
    const std::lock_guard lock{mutex_};
    if (detached_) return; // end() tells him
    caller = callers_.extract(id);
    if (caller.empty()) return;
    if (ec) take_out(id, request);
    // What the client has let go of at its end, it has not forgotten to answer.
    if (ec == errc::no_reply && !client_) {
        ec = errc::client_ended;
        value = nullptr;
    }
    const bool owner_knows = caller.mapped().timed || ec;
    Item over{item::CallOver{id}};
    // Refused, the end has cleared it all away; without memory, the owner finds nobody to tell later on.
    if (owner_knows) mailbox_detail::without_memory_skip([&] { (void)admit(over); });
    caller.mapped().answer->value = std::move(value);
    caller.mapped().done->done(ec);
}

void Mailbox::take_out(std::uint64_t id, item::Call& taken)
{
    const auto is_it = [id](const Item& item) {
        const auto* call = std::get_if<item::Call>(&item);
        return call && call->id == id;
    };
    const auto found = std::find_if(items_.begin(), items_.end(), is_it);
    if (found == items_.end()) return;
    taken = std::move(std::get<item::Call>(*found));
    items_.erase(found);
    --messages_;
}

} // namespace websockxx::io
