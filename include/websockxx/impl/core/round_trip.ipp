// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/core/round_trip.hpp>

#include <algorithm>

namespace websockxx::core {

std::optional<std::chrono::nanoseconds> RoundTrip::pong_received(
    std::size_t payload_bytes, std::chrono::nanoseconds now) noexcept
{
    if (!sent_at_ || payload_bytes > 0) return std::nullopt;
    const auto took = now - *sent_at_;
    sent_at_.reset();
    ++times_.count;
    sum_ += took;
    times_.last = took;
    times_.max = std::max(times_.max, took);
    times_.mean = sum_ / static_cast<std::int64_t>(times_.count);
    return took;
}

} // namespace websockxx::core
