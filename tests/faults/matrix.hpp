// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/close.hpp>
#include <websockxx/error.hpp>

#include <boost/asio/error.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The fault matrix: what a client makes of each fault of the network, in each part of its life. matrix_test.cpp plays
/// it, page_test.cpp compares it with the table in docs/reliability.md.

namespace websockxx::faults {

/// What the client is doing when the fault comes.
enum class During : std::uint8_t { resolve, tcp, tls, upgrade, idle, sending, receiving, closing, backoff };

enum class Fault : std::uint8_t {
    refused,
    reset,
    end,        ///< of the stream, in both directions
    black_hole, ///< nothing comes through, in either direction
    trickle,    ///< one byte a second
    half_close, ///< the server's direction ends, ours does not
    flipped,    ///< one byte is corrupted
    delay,      ///< of five seconds
    moved, ///< the server has another address: its name leads there, the old one refuses, and connections go silent
};

/// What must have passed before the client learns of it: of its Timeouts, or of the fault itself.
enum class Bound : std::uint8_t { none, connect, open, heartbeat, message, close, delay };

enum class Then : std::uint8_t {
    back,     ///< the client connects again
    ends,     ///< it does not, as the fault looks like one that stays
    unharmed, ///< nothing is told to the client
};

inline constexpr std::array during_names{"name lookup", "TCP connect", "TLS handshake", "opening handshake", "idle",
    "sending", "receiving", "closing", "backoff"};
inline constexpr std::array fault_names{"refused", "reset", "end of stream", "black hole", "one byte a second",
    "half close", "corrupted byte", "delay of 5 s", "address changed"};

inline std::string_view to_string(During during) { return during_names.at(static_cast<std::size_t>(during)); }
inline std::string_view to_string(Fault fault) { return fault_names.at(static_cast<std::size_t>(fault)); }

struct Named {
    std::string_view name = {};
    error_code code = {};

    friend bool operator==(const Named&, const Named&) = default;
};

/// What the client is told, and what it does.
struct Outcome {
    Named error = {};
    Phase phase = Phase::none;
    Bound bound = Bound::none;
    Then then = Then::back;
    std::uint16_t code = close_code::abnormal; ///< CloseReason::code()
    bool clean = false;                        ///< CloseReason::clean

    friend bool operator==(const Outcome&, const Outcome&) = default;
};

/// One cell of the matrix.
struct Cell {
    During during;
    Fault fault;
    std::optional<Outcome> plain = {};  ///< over TCP
    std::optional<Outcome> secure = {}; ///< over TLS
    std::string_view remark = {};       ///< what the fault is here; of a meaningless cell: why it is none

    [[nodiscard]] bool is_meaningless() const { return !plain && !secure; }
    /// Whether the connection was open when the fault came.
    [[nodiscard]] bool was_open() const { return during >= During::idle; }
};

/// Whether a large frame that is being sent may get away all the same: to one who ended his direction and reads on.
[[nodiscard]] inline bool may_get_away(const Cell& cell)
{
    return cell.during == During::sending && cell.fault == Fault::end;
}

/// How often the client is told of a failure: in the backoff of the loss that led there, and of two attempts.
[[nodiscard]] inline int failures(const Cell& cell, const Outcome& outcome)
{
    const bool before = cell.during == During::backoff;
    if (outcome.then == Then::unharmed) return before ? 1 : 0;
    return before && outcome.then == Then::back ? 3 : before ? 2 : 1;
}

/// The callbacks up to the open connection, or to the end, with attempt and close code: "connect", "disconnect 1 1006".
[[nodiscard]] inline std::vector<std::string> callbacks(const Cell& cell, const Outcome& outcome)
{
    std::vector<std::string> calls;
    if (cell.was_open()) calls.emplace_back("connect");
    const auto code = std::to_string(outcome.code);
    const int count = failures(cell, outcome);
    for (int i = 1; i <= count; ++i) calls.push_back("disconnect " + std::to_string(i) + ' ' + code);
    if (outcome.then == Then::ends && cell.was_open()) calls.push_back("terminate " + code);
    if (outcome.then != Then::ends && (count > 0 || !cell.was_open())) calls.emplace_back("connect");
    return calls;
}

inline const Named lookup_failed{"host_not_found_try_again", boost::asio::error::host_not_found_try_again};
inline const Named refused{"connection_refused", boost::asio::error::connection_refused};
inline const Named reset{"connection_reset", boost::asio::error::connection_reset};
inline const Named connect_timeout{"connect_timeout", errc::connect_timeout};
inline const Named open_timeout{"open_timeout", errc::open_timeout};
inline const Named tls_failed{"tls_failed", errc::tls_failed};
inline const Named handshake_refused{"handshake_refused", errc::handshake_refused};
inline const Named incomplete{"handshake_incomplete", errc::handshake_incomplete};
inline const Named malformed{"handshake_malformed", errc::handshake_malformed};
inline const Named lost{"connection_lost", errc::connection_lost};
inline const Named silent{"heartbeat_timeout", errc::heartbeat_timeout};
inline const Named dribbled{"message_timeout", errc::message_timeout};
inline const Named close_timeout{"close_timeout", errc::close_timeout};
inline const Named bad_frame{"protocol_error", errc::protocol_error};
inline const Named bad_text{"bad_payload", errc::bad_payload};

inline Cell none(During during, Fault fault, std::string_view why) { return {during, fault, {}, {}, why}; }
inline Cell plain(During during, Fault fault, const Outcome& outcome, std::string_view remark = {})
{
    return {during, fault, outcome, {}, remark};
}
inline Cell secure(During during, Fault fault, const Outcome& outcome, std::string_view remark = {})
{
    return {during, fault, {}, outcome, remark};
}
inline Cell each(
    During during, Fault fault, const Outcome& over_tcp, const Outcome& over_tls, std::string_view remark = {})
{
    return {during, fault, over_tcp, over_tls, remark};
}
inline Cell both(During during, Fault fault, const Outcome& outcome, std::string_view remark = {})
{
    return each(during, fault, outcome, outcome, remark);
}

/// All cells, by row.
inline std::vector<Cell> matrix()
{
    using enum During;
    using F = Fault;

    // Outcomes that are met in several places.
    const Outcome unharmed{.bound = Bound::delay, .then = Then::unharmed};
    const Outcome not_connected{refused, Phase::connect};
    const Outcome no_connect{connect_timeout, Phase::connect, Bound::connect};
    const Outcome no_tls{open_timeout, Phase::tls, Bound::open};
    const Outcome tls_reset{reset, Phase::tls};
    const Outcome tls_ended{lost, Phase::tls};
    const Outcome tls_broken{tls_failed, Phase::tls};
    const Outcome no_answer{open_timeout, Phase::handshake, Bound::open};
    const Outcome half_answer{incomplete, Phase::handshake};
    const Outcome no_http{.error = malformed, .phase = Phase::handshake, .then = Then::ends};
    const Outcome gone{lost, Phase::open};
    const Outcome dead{silent, Phase::open, Bound::heartbeat};
    const Outcome unanswered{.code = 4000}; // it was to be closed, and it is
    const Outcome never_answered{close_timeout, Phase::closing, Bound::close, Then::back, 4000};

    constexpr std::string_view one_call = "a lookup is one call, with one answer or none: there is no stream";
    constexpr std::string_view not_yet = "nothing is open yet that could end";
    constexpr std::string_view is_open = "only who connects is refused, and the connection is open";

    return {
        plain(resolve, F::refused, Outcome{lookup_failed, Phase::resolve}, "the name server refuses"),
        none(resolve, F::reset, one_call),
        none(resolve, F::end, one_call),
        plain(resolve, F::black_hole, Outcome{connect_timeout, Phase::resolve, Bound::connect}),
        none(resolve, F::trickle, one_call),
        none(resolve, F::half_close, one_call),
        plain(resolve, F::flipped, not_connected, "the address is a wrong one"),
        plain(resolve, F::delay, unharmed),
        plain(resolve, F::moved, Outcome{.then = Then::unharmed}, "the answer is the new address"),

        plain(tcp, F::refused, not_connected),
        none(tcp, F::reset, "a reset is how TCP refuses"),
        none(tcp, F::end, not_yet),
        plain(tcp, F::black_hole, no_connect),
        none(tcp, F::trickle, "TCP connects without a byte of data"),
        none(tcp, F::half_close, not_yet),
        none(tcp, F::flipped, "TCP drops a packet whose checksum is wrong: a black hole"),
        plain(tcp, F::delay, unharmed),
        plain(tcp, F::moved, not_connected, "the name is looked up anew"),

        secure(tls, F::refused, tls_broken, "an alert: the server wants a certificate of ours"),
        secure(tls, F::reset, tls_reset),
        secure(tls, F::end, tls_ended),
        secure(tls, F::black_hole, no_tls),
        secure(tls, F::trickle, no_tls),
        secure(tls, F::half_close, tls_ended),
        secure(tls, F::flipped, tls_broken),
        secure(tls, F::delay, unharmed),
        secure(tls, F::moved, no_tls),

        both(upgrade, F::refused, Outcome{handshake_refused, Phase::handshake}, "an answer of 503"),
        both(upgrade, F::reset, half_answer),
        both(upgrade, F::end, half_answer),
        both(upgrade, F::black_hole, no_answer),
        both(upgrade, F::trickle, no_answer),
        both(upgrade, F::half_close, half_answer),
        each(upgrade, F::flipped, no_http, half_answer),
        both(upgrade, F::delay, unharmed),
        both(upgrade, F::moved, no_answer),

        none(idle, F::refused, is_open),
        both(idle, F::reset, gone),
        both(idle, F::end, gone),
        both(idle, F::black_hole, dead),
        each(idle, F::trickle, Outcome{.then = Then::unharmed}, dead),
        both(idle, F::half_close, gone),
        each(idle, F::flipped, Outcome{bad_frame, Phase::open, Bound::none, Then::ends, close_code::protocol_error},
            gone),
        both(idle, F::delay, unharmed),
        both(idle, F::moved, dead),

        none(sending, F::refused, is_open),
        both(sending, F::reset, gone),
        both(sending, F::end, gone),
        both(sending, F::black_hole, dead),
        both(sending, F::trickle, dead),
        both(sending, F::half_close, gone),
        both(sending, F::flipped, gone, "which the server does not accept"),
        both(sending, F::delay, unharmed),
        both(sending, F::moved, dead),

        none(receiving, F::refused, is_open),
        both(receiving, F::reset, gone),
        both(receiving, F::end, gone),
        both(receiving, F::black_hole, dead),
        each(receiving, F::trickle,
            Outcome{dribbled, Phase::open, Bound::message, Then::back, close_code::policy_error}, dead),
        both(receiving, F::half_close, gone),
        each(receiving, F::flipped, Outcome{bad_text, Phase::open, Bound::none, Then::ends, close_code::bad_payload},
            gone, "of a text"),
        both(receiving, F::delay, unharmed),
        both(receiving, F::moved, dead),

        none(closing, F::refused, is_open),
        both(closing, F::reset, unanswered),
        both(closing, F::end, unanswered),
        both(closing, F::black_hole, never_answered),
        both(closing, F::trickle, never_answered),
        both(closing, F::half_close, unanswered),
        both(closing, F::flipped, unanswered),
        both(closing, F::delay, Outcome{.bound = Bound::delay, .code = 4000, .clean = true}),
        both(closing, F::moved, never_answered),

        both(backoff, F::refused, not_connected),
        each(backoff, F::reset, half_answer, tls_reset),
        each(backoff, F::end, half_answer, tls_ended),
        both(backoff, F::black_hole, no_connect),
        each(backoff, F::trickle, no_answer, no_tls),
        each(backoff, F::half_close, half_answer, tls_ended),
        each(backoff, F::flipped, no_http, tls_broken),
        both(backoff, F::delay, unharmed),
        both(backoff, F::moved, Outcome{.then = Then::unharmed}, "the name is looked up anew"),
    };
}

} // namespace websockxx::faults
