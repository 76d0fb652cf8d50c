// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/io/monitor.hpp>

#include <websockxx/core/redact.hpp>
#include <websockxx/core/trace_text.hpp>

#include <boost/core/demangle.hpp>

#include <algorithm>
#include <utility>

namespace websockxx::io {

namespace words = core::trace_text;

namespace monitor_detail {

/// Of the payload of a close frame (RFC 6455 5.5.1).
inline std::size_t close_bytes(const CloseFrame& frame)
{
    return frame.code == close_code::no_status ? 0 : 2 + frame.text.size();
}

inline bool is_on(const Watcher& watcher) { return !watcher.ended || !watcher.ended->load(); }

} // namespace monitor_detail

Monitor::Monitor(const History& history, Clock clock, Log log, std::vector<Watcher> watchers)
    : history_(history), clock_(std::move(clock)), tracer_(history.name, std::move(log)), watchers_(std::move(watchers))
{
}

void Monitor::set(const Debug& debug)
{
    tracer_.set(debug);
    if (!debug.statistics) counters_.reset();
    else if (!counters_) counters_ = std::make_shared<Counters>();
}

std::optional<CountersSnapshot> Monitor::statistics() const
{
    if (!counters_) return std::nullopt;
    return counters_->snapshot();
}

bool Monitor::idle() const
{
    return !counters_ && !tracer_.on() && std::none_of(watchers_.begin(), watchers_.end(), monitor_detail::is_on);
}

template <class Event>
void Monitor::tell(Handler<Event> handler, const Event& event) const
{
    if (counters_) ((*counters_).*handler)(event);
    for (const auto& watcher : watchers_) {
        if (monitor_detail::is_on(watcher)) ((*watcher.observer).*handler)(event);
    }
}

template <class... Arguments>
void Monitor::trace(std::string (*text)(Arguments...), const std::type_identity_t<Arguments>&... arguments)
{
    if (tracer_.on()) tracer_.write(text(arguments...));
}

// ---- The life of a connection

void Monitor::attempt_started(const Conn& conn)
{
    failing_ = false;
    tell(&Observer::attempt_started, observed::AttemptStarted{origin(), core::redact_url(conn)});
    trace(words::connecting, conn, debug());
    if (!tracer_.on()) return;
    for (const auto& field : conn.headers) tracer_.write("with header " + core::redact_field(field.name, field.value));
}

void Monitor::resolved(std::size_t addresses)
{
    tell(&Observer::resolved, observed::Resolved{origin(), addresses, since(history_.attempt_at)});
}

void Monitor::connected(std::string_view endpoint)
{
    tell(&Observer::connected, observed::Connected{origin(), endpoint, history_.connected_at - history_.attempt_at});
}

void Monitor::tls_done(std::string_view description)
{
    const auto space = std::min(description.find(' '), description.size());
    const auto cipher = description.substr(std::min(space + 1, description.size()));
    tell(&Observer::tls_done,
        observed::TlsDone{origin(), description.substr(0, space), cipher, since(history_.connected_at)});
}

void Monitor::upgraded(std::string_view subprotocol, bool deflate, const Response& response)
{
    const bool again = history_.connections > 1;
    tell(&Observer::upgraded,
        observed::Upgraded{origin(), again, subprotocol, deflate, history_.upgraded_at - history_.attempt_at});
    coming_ = going_ = {};
    trace(words::connected, again);
    if (!tracer_.on()) return;
    for (const auto& field : response.headers)
        tracer_.write("received header " + core::redact_field(field.name, field.value));
}

void Monitor::disconnected(const CloseReason& reason, int attempt)
{
    if (std::exchange(high_, false)) tell(&Observer::queue_drained, observed::Queue{origin(), 0});
    const auto lasted = since(history_.established ? history_.upgraded_at : history_.attempt_at);
    tell(&Observer::disconnected, observed::Disconnected{origin(), reason, history_.established, attempt, lasted});
    if (history_.established) trace(words::ended, reason);
    else trace(words::not_connected, reason);
}

void Monitor::retry_scheduled(std::chrono::milliseconds delay)
{
    tell(&Observer::retry_scheduled, observed::RetryScheduled{origin(), delay});
    trace(words::reconnecting, delay);
}

void Monitor::terminated(const CloseReason& reason)
{
    tell(&Observer::terminated, observed::Terminated{origin(), reason, since(history_.began_at)});
    trace(words::terminating, reason);
}

void Monitor::congested(std::size_t bytes, bool high)
{
    if (std::exchange(high_, high) == high) return;
    if (high) tell(&Observer::queue_high, observed::Queue{origin(), bytes});
    else tell(&Observer::queue_drained, observed::Queue{origin(), bytes});
}

void Monitor::round_trip(Time took) { tell(&Observer::round_trip, observed::RoundTrip{origin(), took}); }

// ---- What passes through it

void Monitor::received(Callback callback, const Frame& frame, std::size_t frames)
{
    using Type = observed::Control::Type;
    if (frame.is_control()) {
        const auto type = frame.type() == Frame::Type::ping ? Type::ping : Type::pong;
        tell(&Observer::control_received, observed::Control{origin(), type, frame.size()});
    }
    else tell(&Observer::message_received, observed::Message{origin(), frame.type(), frame.size(), frames});
    trace(words::received, frame, frame.is_control() ? 1 : frames, debug());
    begins(callback);
}

void Monitor::received(const Fragment& fragment, std::size_t frames)
{
    if (fragment.first) coming_ = {.type = fragment.type};
    coming_.bytes += fragment.text.size();
    if (fragment.last)
        tell(&Observer::message_received, observed::Message{origin(), fragment.type, coming_.bytes, frames});
    trace(words::received_part, fragment, debug());
    begins(Callback::handle_fragment);
}

void Monitor::received(const Letter& letter)
{
    if (tracer_.on()) trace(words::received_message, boost::core::demangle(letter.type().name()));
    begins(Callback::handle_message);
}

void Monitor::sent(const Frame& frame, Why why)
{
    if (why == Why::other) trace(words::sending, frame, debug());
    using Type = Frame::Type;
    using Control = observed::Control;
    if (frame.is_control()) {
        const auto type = frame.type() == Type::ping ? Control::Type::ping : Control::Type::pong;
        return tell(&Observer::control_sent, Control{origin(), type, frame.size()});
    }
    const bool continues = frame.type() == Type::continuation || frame.type() == Type::finish;
    if (!continues) {
        const bool text = frame.type() == Type::text || frame.type() == Type::text_fragment;
        going_ = {.type = text ? Type::text : Type::binary};
    }
    going_.bytes += frame.size();
    ++going_.frames;
    const bool ends = frame.is_text() || frame.is_binary() || frame.type() == Type::finish;
    if (ends) tell(&Observer::message_sent, observed::Message{origin(), going_.type, going_.bytes, going_.frames});
}

void Monitor::closing(const CloseReason& reason)
{
    if (reason.error) fail(reason.error);
    else trace(words::closing, reason);
}

void Monitor::close_sent(const CloseFrame& frame)
{
    tell(&Observer::control_sent,
        observed::Control{origin(), observed::Control::Type::close, monitor_detail::close_bytes(frame)});
    trace(words::sending_close, frame, failing_);
}

void Monitor::close_received(const CloseFrame& frame, const std::optional<CloseFrame>& answer)
{
    tell(&Observer::control_received,
        observed::Control{origin(), observed::Control::Type::close, monitor_detail::close_bytes(frame)});
    if (!answer) return;
    closing({.by = CloseReason::By::remote, .sent = answer, .received = frame, .clean = true});
    close_sent(*answer);
}

void Monitor::protocol_failed(const Error& error, const std::optional<CloseFrame>& told)
{
    fail(error);
    if (told) close_sent(*told);
}

void Monitor::threw(const Error& error)
{
    returned(true);
    fail(error);
}

void Monitor::fail(const Error& error)
{
    failing_ = true;
    trace(words::failing, error);
}

// ---- A callback

void Monitor::begins(Callback callback)
{
    callback_ = replying_ = callback;
    callback_at_ = clock_();
}

void Monitor::replies(const Frame& frame) { trace(words::replying, replying_, frame, debug()); }

void Monitor::returned(bool threw)
{
    const auto callback = std::exchange(callback_, std::nullopt);
    if (!callback) return;
    tell(&Observer::callback_returned, observed::CallbackReturned{origin(), *callback, since(callback_at_), threw});
}

} // namespace websockxx::io
