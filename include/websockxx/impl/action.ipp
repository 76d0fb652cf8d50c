// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/action.hpp>

#include <utility>

namespace websockxx {

Action Action::then(Action next) &&
{
    if (!next.frames().empty()) {
        if (std::exchange(has_one_, false)) frames_.push_back(std::move(first_));
        if (next.has_one_) frames_.push_back(std::move(next.first_));
        for (auto& frame : next.frames_) frames_.push_back(std::move(frame));
    }
    if (!close_) close_ = std::move(next.close_);
    return std::move(*this);
}

Decision Decision::with_delay(std::chrono::milliseconds delay) const
{
    Decision copy = *this;
    copy.delay_ = delay;
    return copy;
}

Decision Decision::with_conn(Conn conn) const
{
    Decision copy = *this;
    copy.conn_ = std::make_shared<const Conn>(std::move(conn));
    return copy;
}

Decision reconnect() { return Decision{Decision::Kind::reconnect}; }

Decision reconnect(Conn conn) { return reconnect().with_conn(std::move(conn)); }

Decision reconnect_in(std::chrono::milliseconds delay) { return Decision{Decision::Kind::reconnect, delay}; }

Decision reconnect_in(std::chrono::milliseconds delay, Conn conn)
{
    return reconnect_in(delay).with_conn(std::move(conn));
}

} // namespace websockxx
