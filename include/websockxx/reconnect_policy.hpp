// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/action.hpp>
#include <websockxx/close.hpp>
#include <websockxx/config.hpp>
#include <websockxx/conn.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <vector>

namespace websockxx {

/// What a policy may know when it decides.
struct Retry {
    /// 1 for the first retry since a connection was stable (Options::stable_after), then 2, 3, ...
    int attempt = 1;

    /// How the last connection, or attempt, ended.
    const CloseReason& reason;

    /// Time since the first of these failures.
    std::chrono::milliseconds elapsed{0};

    /// Uniform in [0, 1), drawn by the caller: a policy rolls no dice.
    double draw = 0.0;
};

/// Decides whether, when and where to try again: `Ok` to give up, or reconnect(), reconnect_in().
///
/// A policy is a pure function: it reads no clock and rolls no dice, so that the same Retry always gets the same answer
/// and a test can write the schedule down. Called on the connection's strand. A lambda is a policy.
using ReconnectPolicy = std::function<Decision(const Retry&)>;

/// Whether trying again may help. Not after: what meets condition::fatal, such as certificate and host name errors and
/// an answer that breaks RFC 6455; HTTP 401, 403, 404, 410 and 426; close codes 1002, 1003, 1007 to 1010 and 1015, but
/// for the 1008 of errc::message_timeout; an exception of a callback; and a close with 1000 or without a code, even if
/// it was answered too late.
[[nodiscard]] WEBSOCKXX_DECL bool is_retryable(const CloseReason& reason);

/// What the server asked for in `Retry-After` of a refused handshake (RFC 9110 10.2.3), if it was a number of seconds.
[[nodiscard]] WEBSOCKXX_DECL std::optional<std::chrono::seconds> retry_after(const CloseReason& reason);

/// Ready policies. They compose: `policy::up_to(5, policy::Backoff{.cap = 10s})`.
namespace policy {

/// The default, as in WebSockex: the client ends with its connection.
[[nodiscard]] WEBSOCKXX_DECL ReconnectPolicy never();

/// Tries again at once, always, whatever happened. For a server on the same machine only.
[[nodiscard]] WEBSOCKXX_DECL ReconnectPolicy immediate();

/// Tries again while is_retryable(), after a delay that doubles up to a cap and is spread over clients by "full
/// jitter":
///
///     delay = draw * min(cap, base * factor^(attempt - 1))
///
/// so that the first retry comes within `base`. A `Retry-After` of the server is respected up to `max_retry_after`: the
/// delay is at least that, and spread over `base` behind it.
struct WEBSOCKXX_DECL Backoff {
    std::chrono::milliseconds base{1'000};
    std::chrono::milliseconds cap{60'000};
    double factor = 2.0; ///< at least 1
    std::chrono::milliseconds max_retry_after{300'000};

    [[nodiscard]] Decision operator()(const Retry& retry) const;
};

/// Asks `inner`, but for no more than `attempts` retries in a row.
[[nodiscard]] WEBSOCKXX_DECL ReconnectPolicy up_to(int attempts, ReconnectPolicy inner);

/// Asks `inner`, but not once `limit` has passed since the first failure.
[[nodiscard]] WEBSOCKXX_DECL ReconnectPolicy within(std::chrono::milliseconds limit, ReconnectPolicy inner);

/// Asks `inner` when to try, and goes round the list: retry n goes to `conns[(n - 1) % size]`. `inner` sees the attempt
/// number of the round, so that all servers are tried before the delay grows. An empty list changes nothing.
[[nodiscard]] WEBSOCKXX_DECL ReconnectPolicy failover(std::vector<Conn> conns, ReconnectPolicy inner);

/// Asks `inner` whatever the reason, where Backoff would give up: "retry on everything" is
/// `policy::always(policy::Backoff{})`.
[[nodiscard]] WEBSOCKXX_DECL ReconnectPolicy always(Backoff inner);

/// Asks `inner` only if `accept` says so of the reason: for a server whose close codes mean something else.
[[nodiscard]] WEBSOCKXX_DECL ReconnectPolicy only_if(
    std::function<bool(const CloseReason&)> accept, ReconnectPolicy inner);

} // namespace policy
} // namespace websockxx
