// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/io/connection.hpp>

#include <websockxx/core/redact.hpp>
#include <websockxx/impl/io/connection.ipp>

#include <algorithm>
#include <exception>
#include <utility>

/// @file What others may see of a Connection: its status, and who watches it.

namespace websockxx::io {

namespace status_detail {

Status::State state_of(core::Session::State state)
{
    using State = core::Session::State;
    switch (state) {
    case State::open:
    case State::greeting: return Status::State::connected;
    case State::closing:
    case State::lingering: return Status::State::closing;
    case State::asking:
    case State::waiting: return Status::State::waiting;
    case State::done: return Status::State::ended;
    default: return Status::State::connecting;
    }
}

} // namespace status_detail

Status Connection::status()
{
    Status status{.client = history_.client,
        .name = history_.name,
        .state = status_detail::state_of(session_.state()),
        .url = core::redact_url(session_.conn(), hooks_.debug.show_parameters),
        .attempts = history_.attempts,
        .bytes_received = history_.bytes_received,
        .bytes_sent = history_.bytes_sent,
        .round_trip = round_trip_.times()};
    const bool has_ended_before = history_.attempts > 1 || status.state == Status::State::waiting;
    if (status.state == Status::State::closing) status.reason = session_.reason();
    else if (status.state != Status::State::connected && has_ended_before) status.reason = session_.reason();
    if (channel_) add_connection(status);
    status.paused = session_.paused();
    status.messages_waiting = letters_.size();
    const auto sends = mailbox_->send_counts();
    status.frames_waiting = sends.waiting;
    status.frames_dropped = sends.dropped;
    status.send_queue_bytes = mailbox_->set_encoded(channel_ ? channel_->queued() : 0);
    status.timers = later_.size();
    status.details = format_details();
    return status;
}

void Connection::add_connection(Status& status)
{
    auto& protocol = channel_->protocol();
    status.endpoint = channel_->transport().endpoint();
    const auto tls = channel_->transport().description();
    const auto space = std::min(tls.find(' '), tls.size());
    status.tls_version = tls.substr(0, space);
    status.tls_cipher = tls.substr(std::min(space + 1, tls.size()));
    status.subprotocol = protocol.subprotocol();
    status.deflate = protocol.deflate();
    if (history_.established)
        status.uptime =
            std::chrono::duration_cast<std::chrono::milliseconds>(environment_->clock() - history_.upgraded_at);
    status.bytes_received += channel_->bytes_received();
    status.bytes_sent += channel_->bytes_sent();
}

// What the hook throws is an error in the log, and the status is one without it (WebSockex).
std::string Connection::format_details()
{
    try {
        const CallbackScope scope{*mailbox_};
        return client_ ? client_->format_status() : std::string{};
    }
    catch (...) {
        log(Severity::error,
            "format_status() threw: " + connection_detail::describe(std::current_exception()).message());
        return {};
    }
}

void Connection::show(const Debug& debug)
{
    hooks_.debug = debug;
    if (!watch_) watch_ = std::make_unique<Monitor>(history_, environment_->clock, hooks_.log, hooks_.watchers);
    watch_->set(debug);
    if (watch_->idle()) watch_.reset();
}

void Connection::end_watch(const CloseReason& reason)
{
    end_attempt(reason, 0);
    if (watch_) watch_->terminated(reason);
    const CallbackScope scope{*mailbox_}; // what dies here may hold a Link
    watch_.reset();
    hooks_.watchers.clear();
}

void Connection::on_resolved(std::size_t addresses)
{
    if (watch_) watch_->resolved(addresses);
}

void Connection::on_congestion(bool congested)
{
    if (!congested) unfinished_since_ = alarm_->now(); // nothing was read meanwhile
    if (watch_) watch_->congested(channel_->queued(), congested);
}

void Connection::on_pong(const Frame& pong)
{
    const auto took = round_trip_.pong_received(pong.size(), environment_->clock());
    if (took && watch_) watch_->round_trip(*took);
}

// Also for an attempt that was over before anything was opened.
void Connection::begin_attempt(const Conn& conn)
{
    if (history_.in_attempt) return; // with the `prepare` hook
    history_.begin_attempt(environment_->clock());
    round_trip_.forget();
    if (watch_) watch_->attempt_started(conn);
}

void Connection::end_attempt(const CloseReason& reason, int attempt)
{
    if (!std::exchange(history_.in_attempt, false)) return;
    if (watch_) watch_->disconnected(reason, attempt);
    history_.established = false;
}

error_code Connection::write(const Frame& frame, Monitor::Why why)
{
    const auto ec = channel_->protocol().write(frame);
    if (watch_) written(frame, ec, why);
    return ec;
}

void Connection::written(const Frame& frame, const error_code& ec, Monitor::Why why) const
{
    if (!ec) watch_->sent(frame, why);
}

History::Time steady_clock()
{
    return std::chrono::duration_cast<History::Time>(std::chrono::steady_clock::now().time_since_epoch());
}

} // namespace websockxx::io
