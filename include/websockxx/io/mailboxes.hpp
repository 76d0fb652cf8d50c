// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/io/mailbox.hpp>

#include <boost/asio/execution_context.hpp>

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

namespace websockxx::io {

/// The mailboxes of the clients that run on one context.
///
/// A context that is being destroyed takes its queues apart without their locks, while other threads may still send to
/// its clients. Services end in the reverse order of their making, so this one ends before the context's own do, and
/// detaches all mailboxes: from then on nobody posts anything.
class Mailboxes final : public boost::asio::execution_context::service {
public:
    using key_type = Mailboxes;
    inline static boost::asio::execution_context::id id;

    explicit Mailboxes(boost::asio::execution_context& context) : service(context) {}

    /// From any thread.
    void add(const std::shared_ptr<Mailbox>& mailbox);
    /// How many are remembered; of those that are gone, at most as many as of others.
    [[nodiscard]] std::size_t size() const;

private:
    void shutdown() override;

    mutable std::mutex mutex_;
    std::vector<std::weak_ptr<Mailbox>> mailboxes_;
    std::size_t clear_at_ = 16; // when so many are there, those that are gone are looked for
};

} // namespace websockxx::io
