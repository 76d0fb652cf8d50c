// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/core/deadlines.hpp>

namespace websockxx::core {

std::optional<Deadlines::Moment> Deadlines::next() const
{
    std::optional<Moment> earliest;
    for (const auto& at : at_) {
        if (at && (!earliest || *at < *earliest)) earliest = at;
    }
    return earliest;
}

std::optional<Timer> Deadlines::pop(Moment now)
{
    const auto earliest = next();
    if (!earliest || *earliest > now) return std::nullopt;
    for (std::size_t i = 0; i < timer_count; ++i) {
        if (at_[i] != earliest) continue;
        at_[i].reset();
        return static_cast<Timer>(i);
    }
    return std::nullopt;
}

} // namespace websockxx::core
