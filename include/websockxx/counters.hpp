// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/config.hpp>
#include <websockxx/observer.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>

namespace websockxx {

/// What Counters has counted: totals since it was made, but for those said to be of now.
struct CountersSnapshot {
    /// Of one direction.
    struct Traffic {
        std::uint64_t messages = 0;
        std::uint64_t message_bytes = 0; ///< payload, not compressed
        std::uint64_t pings = 0;
        std::uint64_t pongs = 0;
        std::uint64_t closes = 0;
        std::uint64_t frames = 0; ///< all of them: what messages consist of, and control frames

        friend bool operator==(const Traffic&, const Traffic&) = default;
    };
    /// Of durations.
    struct Times {
        std::uint64_t count = 0;
        std::chrono::nanoseconds sum{0};
        std::chrono::nanoseconds last{0};
        std::chrono::nanoseconds max{0};

        /// Zero while there were none.
        [[nodiscard]] std::chrono::nanoseconds mean() const noexcept
        {
            return count == 0 ? std::chrono::nanoseconds{0} : sum / static_cast<std::int64_t>(count);
        }
        friend bool operator==(const Times&, const Times&) = default;
    };

    std::uint64_t attempts = 0;
    std::uint64_t attempts_failed = 0;
    std::uint64_t connections = 0;      ///< that were opened
    std::uint64_t connections_lost = 0; ///< that ended otherwise than CloseReason::normal()
    std::uint64_t connections_open = 0; ///< now
    std::uint64_t retries = 0;
    std::uint64_t terminated = 0; ///< clients that have ended
    std::uint64_t queue_high = 0; ///< how often so much waited to be sent
    Traffic received = {};
    Traffic sent = {};
    Times open = {};       ///< the opening of connections
    Times round_trip = {}; ///< of the heartbeat
    Times callbacks = {};
    std::uint64_t callbacks_threw = 0;

    friend bool operator==(const CountersSnapshot&, const CountersSnapshot&) = default;
};

/// An observer that counts. For one client, or for many.
///
/// Threads   snapshot() at any time, from any thread. The numbers of a snapshot are each right, but may be of slightly
///           different moments.
class WEBSOCKXX_DECL Counters final : public Observer {
public:
    /// The numbers as they are now.
    [[nodiscard]] CountersSnapshot snapshot() const noexcept;

    void attempt_started(const observed::AttemptStarted& event) noexcept override;
    void upgraded(const observed::Upgraded& event) noexcept override;
    void disconnected(const observed::Disconnected& event) noexcept override;
    void retry_scheduled(const observed::RetryScheduled& event) noexcept override;
    void message_received(const observed::Message& event) noexcept override;
    void message_sent(const observed::Message& event) noexcept override;
    void control_received(const observed::Control& event) noexcept override;
    void control_sent(const observed::Control& event) noexcept override;
    void queue_high(const observed::Queue& event) noexcept override;
    void callback_returned(const observed::CallbackReturned& event) noexcept override;
    void round_trip(const observed::RoundTrip& event) noexcept override;
    void terminated(const observed::Terminated& event) noexcept override;

private:
    using Count = std::atomic<std::uint64_t>;

    struct Traffic {
        Count messages{0};
        Count message_bytes{0};
        Count frames{0};
        std::array<Count, 3> controls{}; // beside observed::Control::Type

        void add(const observed::Message& message) noexcept;
        void add(const observed::Control& control) noexcept;
        [[nodiscard]] CountersSnapshot::Traffic snapshot() const noexcept;
    };
    struct Times {
        Count count{0};
        std::atomic<std::int64_t> sum{0};
        std::atomic<std::int64_t> last{0};
        std::atomic<std::int64_t> max{0};

        void add(std::chrono::nanoseconds took) noexcept;
        [[nodiscard]] CountersSnapshot::Times snapshot() const noexcept;
    };

    Count attempts_{0};
    Count attempts_failed_{0};
    Count connections_{0};
    Count connections_lost_{0};
    Count connections_ended_{0};
    Count retries_{0};
    Count terminated_{0};
    Count queue_high_{0};
    Count callbacks_threw_{0};
    Traffic received_;
    Traffic sent_;
    Times open_;
    Times round_trip_;
    Times callbacks_;
};

/// The numbers in the text format that Prometheus reads (exposition format 0.0.4): serve it with the type
/// `text/plain; version=0.0.4`. All names begin with `prefix` and "_".
[[nodiscard]] WEBSOCKXX_DECL std::string to_prometheus(
    const CountersSnapshot& snapshot, std::string_view prefix = "websockxx");

/// For a person, in a few lines.
WEBSOCKXX_DECL std::ostream& operator<<(std::ostream& out, const CountersSnapshot& snapshot);

} // namespace websockxx
