// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/restart.hpp>

#include <ostream>

namespace websockxx {

std::string_view to_string(ChildState state) noexcept
{
    switch (state) {
    case ChildState::down: return "down";
    case ChildState::waiting: return "waiting";
    case ChildState::starting: return "starting";
    case ChildState::running: return "running";
    case ChildState::stopping: return "stopping";
    }
    return "";
}

bool is_abnormal(const CloseReason& reason) noexcept
{
    return !reason.normal() && reason.error.code() != errc::stopped;
}

std::string SupervisorReason::message() const
{
    const auto code = error.code();
    if (code == errc::stopped) return "the supervisor was stopped";
    if (code == errc::aborted) return "the supervisor was aborted";
    if (child.empty() || code == errc::restart_intensity_reached) return "the supervisor has ended: " + error.message();
    return "child \"" + child + "\" could not be started: " + error.message();
}

std::ostream& operator<<(std::ostream& out, const SupervisorReason& reason) { return out << reason.message(); }

} // namespace websockxx
