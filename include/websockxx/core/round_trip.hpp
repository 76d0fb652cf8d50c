// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/status.hpp>

#include <chrono>
#include <cstddef>
#include <optional>

namespace websockxx::core {

/// Measures from a ping of the heartbeat to its pong. Those pings are empty, so an empty pong answers the latest one
/// (RFC 6455 5.5.3).
class RoundTrip {
public:
    /// A new connection: what was sent over the old one is not answered any more.
    void forget() noexcept { sent_at_.reset(); }

    void ping_sent(std::chrono::nanoseconds now) noexcept { sent_at_ = now; }

    /// How long it took, if this pong answers a ping.
    std::optional<std::chrono::nanoseconds> pong_received(
        std::size_t payload_bytes, std::chrono::nanoseconds now) noexcept;

    [[nodiscard]] const RoundTripTimes& times() const noexcept { return times_; }

private:
    std::optional<std::chrono::nanoseconds> sent_at_;
    std::chrono::nanoseconds sum_{0};
    RoundTripTimes times_;
};

} // namespace websockxx::core
