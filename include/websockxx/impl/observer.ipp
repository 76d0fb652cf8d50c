// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/observer.hpp>

namespace websockxx {

std::string_view to_string(Callback callback) noexcept
{
    switch (callback) {
    case Callback::handle_connect: return "handle_connect";
    case Callback::handle_frame: return "handle_frame";
    case Callback::handle_fragment: return "handle_fragment";
    case Callback::handle_ping: return "handle_ping";
    case Callback::handle_pong: return "handle_pong";
    case Callback::handle_high_water: return "handle_high_water";
    case Callback::handle_drained: return "handle_drained";
    case Callback::handle_message: return "handle_message";
    case Callback::handle_disconnect: return "handle_disconnect";
    case Callback::terminate: return "terminate";
    }
    return "unknown";
}

void Observer::attempt_started(const observed::AttemptStarted&) noexcept {}
void Observer::resolved(const observed::Resolved&) noexcept {}
void Observer::connected(const observed::Connected&) noexcept {}
void Observer::tls_done(const observed::TlsDone&) noexcept {}
void Observer::upgraded(const observed::Upgraded&) noexcept {}
void Observer::disconnected(const observed::Disconnected&) noexcept {}
void Observer::retry_scheduled(const observed::RetryScheduled&) noexcept {}
void Observer::message_received(const observed::Message&) noexcept {}
void Observer::message_sent(const observed::Message&) noexcept {}
void Observer::control_received(const observed::Control&) noexcept {}
void Observer::control_sent(const observed::Control&) noexcept {}
void Observer::queue_high(const observed::Queue&) noexcept {}
void Observer::queue_drained(const observed::Queue&) noexcept {}
void Observer::callback_returned(const observed::CallbackReturned&) noexcept {}
void Observer::round_trip(const observed::RoundTrip&) noexcept {}
void Observer::terminated(const observed::Terminated&) noexcept {}

} // namespace websockxx
