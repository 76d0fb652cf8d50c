// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/core/send_done.hpp>
#include <websockxx/error.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace websockxx::io {

/// What a thread that is blocked in send_frame(), call() or visit() and the strand share.
struct Waiting {
    std::mutex mutex;
    std::condition_variable told;
    std::optional<error_code> result;

    void tell(error_code ec)
    {
        const std::lock_guard lock{mutex};
        if (result) return;
        result = ec;
        told.notify_one();
    }
    error_code wait()
    {
        std::unique_lock lock{mutex};
        told.wait(lock, [this] { return result.has_value(); });
        return *result;
    }
    std::optional<error_code> wait(std::chrono::milliseconds limit)
    {
        std::unique_lock lock{mutex};
        // Longer would overflow the clock.
        limit = std::clamp<std::chrono::milliseconds>(limit, {}, std::chrono::hours{24 * 365});
        told.wait_for(lock, limit, [this] { return result.has_value(); });
        return result;
    }
};

/// Wakes that thread.
class WakeSender final : public core::SendDone {
public:
    explicit WakeSender(std::shared_ptr<Waiting> waiting) : waiting_(std::move(waiting)) {}
    // Destroyed untold, the executor's context is gone.
    ~WakeSender() override { waiting_->tell(errc::runtime_ended); }
    void done(error_code ec) override { waiting_->tell(ec); }

private:
    std::shared_ptr<Waiting> waiting_;
};

} // namespace websockxx::io
