// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/config.hpp>
#include <websockxx/observer.hpp>

#include <atomic>
#include <memory>
#include <utility>

namespace websockxx {

/// Keeps an observer of all clients at work: its end is the end of that. Move-only.
class WEBSOCKXX_DECL Observation {
public:
    Observation() = default;
    explicit Observation(std::shared_ptr<std::atomic<bool>> ended) noexcept : ended_(std::move(ended)) {}
    Observation(Observation&&) noexcept = default;
    Observation& operator=(Observation&& other) noexcept
    {
        end();
        ended_ = std::exchange(other.ended_, {});
        return *this;
    }
    ~Observation() { end(); }

    /// No event begins any more, of no client. One may just be going on, on another thread.
    void end() noexcept
    {
        if (ended_) *std::exchange(ended_, {}) = true;
    }

private:
    std::shared_ptr<std::atomic<bool>> ended_;
};

/// From now on, tells the observer of all clients that are started, until the Observation ends. It is called on each
/// client's strand, and so maybe by several threads at once.
[[nodiscard]] WEBSOCKXX_DECL Observation observe_all(std::shared_ptr<Observer> observer);

} // namespace websockxx
