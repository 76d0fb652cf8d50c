// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/io/connection.hpp>

#include <websockxx/impl/io/connection.ipp>

#include <boost/asio/post.hpp>

#include <new>
#include <utility>

/// @file How a Connection ends: as the session says, or because memory has run out.

namespace websockxx::io {

void Connection::run(core::command::CallTerminate& command)
{
    end_attempt(command.reason, 0);
    if (watch_) watch_->begins(Callback::terminate);
    const CallbackScope scope{*mailbox_};
    terminated_ = true;
    client_->terminate(command.reason);
    if (watch_) watch_->returned();
}

void Connection::run(core::command::Finish& command) { finish(std::move(command.reason)); }

// May be called again, if memory ran out in the middle of it.
void Connection::finish(CloseReason reason)
{
    if (!reason_) reason_ = std::move(reason);
    ticket_ = 0; // a `prepare` hook that still owes its answer is not waited for
    mailbox_->show(nullptr);
    calls_ = {};
    letters_.clear();
    later_.clear();
    sends_expire_.reset();
    {
        const CallbackScope scope{*mailbox_};
        client_.reset();
    }
    const auto error = reason_->error.code();
    if (!hooks_.started && !reason_->normal() && error != errc::stopped && error != errc::aborted) {
        log(Severity::error, "the client ended: " + reason_->message());
    }
    hooks_.prepare = {};
    hooks_.log = {};
    end_watch(*reason_);
    // What our callers still hold, such as the message whose callback this is, may refer to what whoever waits for the
    // end destroys next: so it is told behind them.
    boost::asio::post(strand_, [self = shared_from_this()] { self->attempt([&] { self->tell_end(); }); });
}

void Connection::tell_end()
{
    mailbox_->end(*reason_);
    if (auto started = std::exchange(hooks_.started, {})) started(start_error_);
}

// There is no telling what was not done, so that nothing goes on: the client ends, in order.
void Connection::on_out_of_memory()
{
    events_ = {};
    busy_ = false;
    if (mailbox_->ended()) return;
    CloseReason reason{.by = CloseReason::By::local, .error = make_error_code(boost::system::errc::not_enough_memory)};
    if (session_.state() != core::Session::State::done) return feed(core::event::StopAsked{std::move(reason.error)});
    // It was about to end.
    core::command::Drop drop;
    run(drop);
    if (session_.ever_open() && !terminated_) {
        core::command::CallTerminate terminate{reason};
        run(terminate);
    }
    if (!session_.ever_open() && !start_error_) start_error_ = reason.error;
    finish(std::move(reason));
}

template <class Function>
void Connection::attempt(Function function)
{
    try {
        function();
    }
    catch (const std::bad_alloc&) { // must not reach whoever runs the context: it is this client's alone
        on_out_of_memory();
    }
}

} // namespace websockxx::io
