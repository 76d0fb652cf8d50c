// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstdint>

namespace websockxx {

/// What becomes of a message that is sent while there is no connection, or that waits when the connection is lost.
///
/// Only a message of which no byte has left can be kept: one that may have arrived is not sent again, but fails with
/// errc::maybe_sent. Fragments of a message cannot be kept.
class Delivery {
public:
    using Clock = std::chrono::steady_clock;

    /// It fails, since later it may mean something else: the default.
    constexpr Delivery() = default;
    [[nodiscard]] static constexpr Delivery fail() noexcept { return {}; }
    /// It waits for the next connection, and leaves behind what handle_connect() replies there; it fails with
    /// errc::client_ended if there is none any more.
    [[nodiscard]] static constexpr Delivery keep() noexcept { return Delivery{Kind::keep, {}, {}}; }
    /// The same, for no longer than this: then it fails with errc::not_sent_in_time. Zero or less: at once, unless it
    /// can leave.
    [[nodiscard]] static constexpr Delivery keep_for(std::chrono::milliseconds time) noexcept
    {
        return Delivery{Kind::keep_for, time, {}};
    }
    /// The same, until that moment.
    [[nodiscard]] static constexpr Delivery keep_until(Clock::time_point moment) noexcept
    {
        return Delivery{Kind::keep_until, {}, moment};
    }

    [[nodiscard]] constexpr bool keeps() const noexcept { return kind_ != Kind::fail; }
    /// Whether there is an end to the keeping: left() says how far away.
    [[nodiscard]] constexpr bool limited() const noexcept
    {
        return kind_ == Kind::keep_for || kind_ == Kind::keep_until;
    }
    /// How long to keep it from `now` on, rounded up; less than zero if the moment has passed.
    [[nodiscard]] constexpr std::chrono::milliseconds left(Clock::time_point now) const noexcept
    {
        return kind_ == Kind::keep_until ? std::chrono::ceil<std::chrono::milliseconds>(until_ - now) : time_;
    }

    friend constexpr bool operator==(const Delivery&, const Delivery&) = default;

private:
    enum class Kind : std::uint8_t { fail, keep, keep_for, keep_until };

    constexpr Delivery(Kind kind, std::chrono::milliseconds time, Clock::time_point until) noexcept
        : kind_(kind), time_(time), until_(until)
    {
    }

    Kind kind_ = Kind::fail;
    std::chrono::milliseconds time_{0};
    Clock::time_point until_{};
};

} // namespace websockxx
