// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/asio/execution_context.hpp>

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

namespace websockxx::io {

/// What other threads use to post to a context.
class Attachment {
public:
    /// The context is being destroyed: once this has returned, nothing is posted to it any more.
    virtual void detach() = 0;

protected:
    ~Attachment() = default;
};

/// What is attached to one context: the mailboxes of its clients, and the names that are being looked up for them.
///
/// A context that is being destroyed takes its queues apart without their locks, while other threads may still post to
/// it. Services end in the reverse order of their making, so this one ends before the context's own do, and detaches
/// all.
class Attachments final : public boost::asio::execution_context::service {
public:
    using key_type = Attachments;
    inline static boost::asio::execution_context::id id;

    explicit Attachments(boost::asio::execution_context& context) : service(context) {}

    /// From any thread.
    void add(const std::shared_ptr<Attachment>& attachment);
    /// How many are remembered; of those that are gone, at most as many as of others.
    [[nodiscard]] std::size_t size() const;

private:
    void shutdown() override;

    mutable std::mutex mutex_;
    std::vector<std::weak_ptr<Attachment>> attachments_;
    std::size_t clear_at_ = 16; // when so many are there, those that are gone are looked for
};

} // namespace websockxx::io
