// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/error.hpp>

namespace websockxx::core {

/// Whoever waits for a send, a call or a visit: told exactly once, maybe under a lock, so it only passes that on.
class SendDone {
public:
    SendDone() = default;
    SendDone(const SendDone&) = delete;
    SendDone& operator=(const SendDone&) = delete;
    virtual ~SendDone() = default;
    virtual void done(error_code ec) = 0;
};

} // namespace websockxx::core
