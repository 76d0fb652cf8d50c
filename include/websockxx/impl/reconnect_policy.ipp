// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/reconnect_policy.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string_view>
#include <system_error>
#include <utility>

namespace websockxx {

namespace detail::retrying {

/// No delay is longer, so that no clock overflows.
inline constexpr std::chrono::milliseconds longest_delay = std::chrono::hours(24 * 365);

/// Other refusals come and go with a proxy or a deployment on the way, 4xx among them.
[[nodiscard]] constexpr bool is_lasting_status(int status) noexcept
{
    return status == 401 || status == 403 || status == 404 || status == 410 || status == 426;
}

/// Codes that would only be earned again, and those of an orderly end.
[[nodiscard]] constexpr bool is_lasting_code(std::uint16_t code) noexcept
{
    switch (code) {
    case close_code::normal:
    case close_code::protocol_error:
    case close_code::unknown_data:
    case close_code::no_status:
    case close_code::bad_payload:
    case close_code::policy_error:
    case close_code::too_big:
    case close_code::needs_extension:
    case close_code::tls_handshake: return true;
    default: return false;
    }
}

/// At least `least`, also for what is not a number.
[[nodiscard]] inline double at_least(double least, double value) noexcept { return value >= least ? value : least; }

/// In milliseconds. What is below zero counts as zero.
[[nodiscard]] inline double count(std::chrono::milliseconds duration) noexcept
{
    return static_cast<double>(std::clamp(duration, std::chrono::milliseconds::zero(), longest_delay).count());
}

[[nodiscard]] inline double unit_interval(double draw) noexcept { return std::min(at_least(0.0, draw), 1.0); }

[[nodiscard]] inline std::chrono::milliseconds part_of(double whole, double draw) noexcept
{
    return std::chrono::milliseconds(std::llround(whole * unit_interval(draw)));
}

/// The most that the delay before this attempt may be. Infinity times zero must not arise, and powers may be infinite.
[[nodiscard]] inline double ceiling(const policy::Backoff& backoff, int attempt) noexcept
{
    const double base = count(backoff.base);
    if (base <= 0.0) return 0.0;
    const double growth = std::pow(at_least(1.0, backoff.factor), static_cast<double>(std::max(attempt, 1)) - 1.0);
    return std::min(base * growth, count(backoff.cap));
}

[[nodiscard]] inline std::chrono::milliseconds delay(const policy::Backoff& backoff, const Retry& retry)
{
    const auto spread = part_of(ceiling(backoff, retry.attempt), retry.draw);
    const auto asked = retry_after(retry.reason);
    if (!asked) return spread;

    const auto longest_asked = std::clamp(backoff.max_retry_after, std::chrono::milliseconds::zero(), longest_delay);
    const auto least = std::min<std::chrono::milliseconds>(*asked, longest_asked);
    return std::max(spread, least + part_of(count(backoff.base), retry.draw));
}

/// An empty policy decides as policy::never().
[[nodiscard]] inline Decision ask(const ReconnectPolicy& policy, const Retry& retry)
{
    return policy ? policy(retry) : Decision{Ok{}};
}

[[nodiscard]] inline std::string_view trim(std::string_view text) noexcept
{
    constexpr std::string_view blanks = " \t"; // RFC 9110 5.6.3
    text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
    return text.substr(0, text.find_last_not_of(blanks) + 1);
}

} // namespace detail::retrying

bool is_retryable(const CloseReason& reason)
{
    if (reason.exception || reason.error.code() == condition::fatal) return false;
    // The 1008 that it was closed with is ours.
    if (reason.error.code() == errc::message_timeout) return true;
    if (const Response* refusal = reason.error.refusal()) return !detail::retrying::is_lasting_status(refusal->status);
    return !detail::retrying::is_lasting_code(reason.code());
}

std::optional<std::chrono::seconds> retry_after(const CloseReason& reason)
{
    const Response* refusal = reason.error.refusal();
    const auto field = refusal != nullptr ? refusal->headers.get("Retry-After") : std::nullopt;
    if (!field) return std::nullopt;

    const auto digits = detail::retrying::trim(*field);
    std::uint32_t seconds = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
    if (end != digits.data() + digits.size() || error == std::errc::invalid_argument) return std::nullopt;
    // What does not fit is a long time all the same.
    constexpr auto most = std::numeric_limits<std::uint32_t>::max();
    return std::chrono::seconds(error == std::errc::result_out_of_range ? most : seconds);
}

namespace policy {

ReconnectPolicy never()
{
    return [](const Retry&) -> Decision { return Ok{}; };
}

ReconnectPolicy immediate()
{
    return [](const Retry&) { return reconnect_in(std::chrono::milliseconds::zero()); };
}

Decision Backoff::operator()(const Retry& retry) const
{
    if (!is_retryable(retry.reason)) return Ok{};
    return reconnect_in(detail::retrying::delay(*this, retry));
}

ReconnectPolicy up_to(int attempts, ReconnectPolicy inner)
{
    return [attempts, inner = std::move(inner)](const Retry& retry) -> Decision {
        if (retry.attempt > attempts) return Ok{};
        return detail::retrying::ask(inner, retry);
    };
}

ReconnectPolicy within(std::chrono::milliseconds limit, ReconnectPolicy inner)
{
    return [limit, inner = std::move(inner)](const Retry& retry) -> Decision {
        if (retry.elapsed >= limit) return Ok{};
        return detail::retrying::ask(inner, retry);
    };
}

ReconnectPolicy failover(std::vector<Conn> conns, ReconnectPolicy inner)
{
    if (conns.empty()) return inner;
    return [conns = std::move(conns), inner = std::move(inner)](const Retry& retry) {
        const auto tried = static_cast<std::size_t>(std::max(retry.attempt, 1)) - 1;
        Retry round = retry;
        round.attempt = static_cast<int>(tried / conns.size()) + 1;
        const Decision decision = detail::retrying::ask(inner, round);
        return decision.kind() == Decision::Kind::reconnect ? decision.with_conn(conns[tried % conns.size()])
                                                            : decision;
    };
}

ReconnectPolicy always(Backoff inner)
{
    return [inner](const Retry& retry) { return reconnect_in(detail::retrying::delay(inner, retry)); };
}

ReconnectPolicy only_if(std::function<bool(const CloseReason&)> accept, ReconnectPolicy inner)
{
    return [accept = std::move(accept), inner = std::move(inner)](const Retry& retry) -> Decision {
        if (!accept || !accept(retry.reason)) return Ok{};
        return detail::retrying::ask(inner, retry);
    };
}

} // namespace policy
} // namespace websockxx
