// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/io/connection.hpp>

#include <websockxx/impl/io/connection.ipp>

#include <boost/asio/post.hpp>
#include <boost/core/demangle.hpp>

#include <utility>
#include <variant>

/// @file What a Connection does with what others put into its mailbox.

namespace websockxx::io {

// Called under the mailbox's lock, on any thread, maybe while the last share of this is being given back on another
// one. A share of ours could then become the last one: here, where the lock is held.
void Connection::wake()
{
    boost::asio::post(strand_, [weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->attempt([&] { self->drain(); });
    });
}

void Connection::pause(bool paused)
{
    if (paused) round_trip_.forget(); // the pong is not read now
    if (paused) return feed(core::event::PauseAsked{});
    if (!session_.paused()) return; // or the time of an unfinished message would begin anew
    feed(core::event::ResumeAsked{});
    unfinished_since_ = alarm_->now();
    if (unfinished_ != 0 && session_.awaits_message_begin()) feed(core::event::MessageBegan{});
}

void Connection::drain()
{
    auto items = std::exchange(items_, {}); // while it is looked at, what is called may come here again
    mailbox_->take(items);
    for (auto& item : items) {
        std::visit([this](auto& i) { handle(i); }, item);
        flush_if_much();
    }
    items.clear();
    items_ = std::move(items);
    if (const auto dropped = mailbox_->take_dropped()) log_failed(dropped, "dropped: the send queue is full");
    settle();
}

void Connection::handle(std::unique_ptr<Letter>& letter)
{
    if (client_) letters_.push_back({0, std::move(letter), due_});
    deliver_letters();
}

void Connection::handle(item::Sends& sends)
{
    due_ = sends.upto;
    if (sends.limited) sends_expire_ = mailbox_->date_sends(alarm_->now());
    pump();
}

void Connection::handle(item::Later& later)
{
    const auto at = alarm_->now() + connection_detail::fit(later.after);
    if (client_) later_.emplace(LaterKey{at, later.id}, std::move(later.letter));
}

void Connection::handle(item::CancelLater& cancel)
{
    if (cancel.id == 0) return; // of no send_after(), but of every other letter
    const auto taken = std::erase_if(later_, [&](const auto& entry) { return entry.first.second == cancel.id; }) +
                       letters_.erase_if([&](const Waiting& waiting) { return waiting.id == cancel.id; });
    mailbox_->delivered(taken);
}

void Connection::handle(item::Close& close)
{
    pump_all();
    feed(core::event::CloseAsked{close.code, std::move(close.text)});
}

void Connection::handle(item::Stop& stop)
{
    if (stop.error.code() == errc::stopped) pump_all();
    feed(core::event::StopAsked{std::move(stop.error)});
}

void Connection::handle(item::Prepared& prepared)
{
    if (prepared.attempt != ticket_) return;
    ticket_ = 0;
    auto& conn = *prepared.conn;
    if (conn) feed(core::event::Prepared{*std::move(conn)});
    else feed(core::event::PrepareFailed{conn.error()});
}

// Behind the end of the client there is nobody to visit; before it, there always is.
void Connection::handle(item::Visit& visit)
{
    if (!client_) return visit.visitor->refuse(errc::client_ended);
    const CallbackScope scope{*mailbox_};
    visit.visitor->visit(*client_, *this);
}

void Connection::handle(item::Call& call)
{
    if (!client_) return; // its end tells the caller
    if (call.timeout) calls_.add(call.id, alarm_->now() + connection_detail::fit(*call.timeout));
    letters_.push_back({call.id, std::move(call.letter), due_});
    deliver_letters();
}

void Connection::handle(item::CallOver& over)
{
    calls_.remove(over.id);
    mailbox_->delivered(letters_.erase_if([&](const Waiting& waiting) { return waiting.id == over.id; }));
}

void Connection::handle(item::Pause& asked) { pause(asked.paused); }

void Connection::deliver_letters()
{
    // Output that can leave is no reason to wait, and nobody would come back for that. Behind the end of a connection
    // no answer can leave: they wait for the next one.
    const auto can_answer = [this] {
        flush_if_much();
        return !channel_->congested() && !channel_->ended();
    };
    while (!letters_.empty() && session_.delivers() && letters_.front().behind <= encoded_upto_ && can_answer()) {
        const auto letter = letters_.pop_front().letter;
        mailbox_->delivered(1);
        if (const auto* type = letter->unhandled()) {
            log(Severity::error, "no public handle_info for a message of type " + boost::core::demangle(type->name()));
            continue;
        }
        ask([&] { watch_->received(*letter); }, [&](Client& client) { return letter->deliver(client); });
    }
}

} // namespace websockxx::io
