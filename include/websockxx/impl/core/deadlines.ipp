// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/core/deadlines.hpp>

#include <algorithm>

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
    const auto at = std::find(at_.begin(), at_.end(), earliest);
    at->reset();
    return static_cast<Timer>(at - at_.begin());
}

} // namespace websockxx::core
