// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/core/send_done.hpp>
#include <websockxx/error.hpp>

#include <memory>

namespace websockxx {
class Client;
}

namespace websockxx::io {

class Connection;

/// Someone who looks at a client and its connection from the inside, whatever state that is in. Told exactly once: one
/// of the two.
class Visitor {
public:
    Visitor() = default;
    Visitor(const Visitor&) = delete;
    Visitor& operator=(const Visitor&) = delete;
    virtual ~Visitor() = default;

    /// Called on the strand, between two callbacks. Must not throw: what goes wrong is for whoever sent the visitor.
    virtual void visit(Client& client, Connection& connection) = 0;

    /// There is no client to visit any more. Maybe under a lock, so it only passes that on.
    virtual void refuse(error_code why) noexcept = 0;
};

/// A visitor that somebody else waits for (Mailbox::async_visit()).
class AsyncVisitor : public Visitor {
public:
    std::unique_ptr<core::SendDone> done; ///< for visit() to tell

    void refuse(error_code why) noexcept override { done->done(why); }
};

} // namespace websockxx::io
