// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/core/event.hpp>

#include <array>
#include <chrono>
#include <optional>

namespace websockxx::core {

/// Which deadlines are armed, and when they pass: a table. One alarm clock serves them all, and what is disarmed can
/// never be reported, even if the alarm is already ringing.
class Deadlines {
public:
    using Moment = std::chrono::milliseconds; ///< since any fixed moment

    void arm(Timer timer, Moment at) { at_[index(timer)] = at; }
    void disarm(Timer timer) { at_[index(timer)].reset(); }

    /// The earliest deadline.
    [[nodiscard]] std::optional<Moment> next() const;

    /// Takes the earliest deadline that has passed by `now` out of the table.
    [[nodiscard]] std::optional<Timer> pop(Moment now);

private:
    [[nodiscard]] static std::size_t index(Timer timer) { return static_cast<std::size_t>(timer); }

    std::array<std::optional<Moment>, timer_count> at_;
};

} // namespace websockxx::core
