// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/close.hpp>
#include <websockxx/config.hpp>
#include <websockxx/error.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>

/// @file What a supervisor is told about its children, and what it tells, as values (Elixir's Supervisor).

namespace websockxx {

/// Which ends of a child a supervisor answers with a restart.
///
/// The default is `transient`, not Elixir's `permanent`: a client whose callback has closed its connection is done, and
/// with `permanent` it would begin anew at once.
enum class Restart : std::uint8_t {
    permanent, ///< every end
    transient, ///< the abnormal ones, see is_abnormal()
    temporary, ///< none; the child is forgotten when it ends
};

/// Which other children are restarted together with the one that ended.
enum class Strategy : std::uint8_t {
    one_for_one,  ///< none
    one_for_all,  ///< all of them
    rest_for_one, ///< those that were started after it
};

/// How many restarts are too many: one that comes when there were `restarts` others in the time `within` ends the
/// supervisor instead.
struct Intensity {
    unsigned restarts = 3;                   ///< that are still well
    std::chrono::milliseconds within{5'000}; ///< in the last so long
};

/// How long a child may take to end once it is stopped; what takes longer is aborted. Any time, or one of these.
namespace shutdown_time {

inline constexpr std::chrono::milliseconds brutal_kill{0}; ///< no time: aborted at once
inline constexpr std::chrono::milliseconds infinity = std::chrono::milliseconds::max();
inline constexpr std::chrono::milliseconds standard{5'000};

} // namespace shutdown_time

/// What a child is doing.
enum class ChildState : std::uint8_t {
    down,     ///< has ended, and stays so
    waiting,  ///< will be started in its turn
    starting, ///< being started: a client that opens its first connection
    running,  ///< has started, and has not ended
    stopping, ///< was told to end
};

/// The state's name: "down", "waiting", ...
[[nodiscard]] WEBSOCKXX_DECL std::string_view to_string(ChildState state) noexcept;

/// How many children a supervisor has.
struct ChildCount {
    std::size_t specs = 0;       ///< all of them
    std::size_t active = 0;      ///< those that run
    std::size_t supervisors = 0; ///< those that are supervisors, running or not
    std::size_t workers = 0;     ///< those that are clients, running or not

    friend bool operator==(const ChildCount&, const ChildCount&) = default;
};

/// Whether this end of a client is one that a `transient` child is restarted after: neither an orderly one
/// (CloseReason::normal(), WebSockex's exit reason `normal`) nor that of Ref::stop() (OTP's exit reason `shutdown`).
/// Ref::abort() is abnormal, as `kill` is.
[[nodiscard]] WEBSOCKXX_DECL bool is_abnormal(const CloseReason& reason) noexcept;

/// How a supervisor ended.
struct SupervisorReason {
    std::string child = {};       ///< whose end, or failure to start, it was; may be empty
    CloseReason child_ended = {}; ///< how that child ended
    /// errc::stopped, errc::aborted, errc::restart_intensity_reached or errc::runtime_ended; when the first start of a
    /// child failed, why.
    Error error = {};

    /// All of it in one line, for a person.
    [[nodiscard]] WEBSOCKXX_DECL std::string message() const;
};

WEBSOCKXX_DECL std::ostream& operator<<(std::ostream& out, const SupervisorReason& reason);

} // namespace websockxx
