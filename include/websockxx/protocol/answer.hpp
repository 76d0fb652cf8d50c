// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/conn.hpp>
#include <websockxx/error.hpp>
#include <websockxx/protocol/refusal_body.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace websockxx::protocol {

/// The answer to the opening handshake, read while it arrives, within limits (RFC 6455 4.1, RFC 9112).
///
/// Each byte is looked at once, however small the pieces. Interim answers (1xx, but not 101) are skipped, and count for
/// Limits::handshake_bytes.
class Answer {
public:
    enum class State {
        incomplete,
        accepted, ///< the head of a 101 is complete: response(). What follows it is not read.
        refused,  ///< another status, and as much of the body as is kept: response()
        failed,   ///< error()
    };

    explicit Answer(const Limits& limits) : limits_(limits) {}

    /// Reads on, while it is incomplete. Returns how many bytes belong to the answer.
    std::size_t read(std::string_view bytes);
    /// Nothing more will come.
    void end_of_stream();

    [[nodiscard]] State state() const noexcept { return state_; }
    [[nodiscard]] Response& response() noexcept { return response_; }
    [[nodiscard]] const Error& error() const noexcept { return error_; }

private:
    std::size_t read_head(std::string_view bytes);
    void count_line();
    void parse_head();
    void fail(errc code, std::string_view detail);

    Limits limits_;
    State state_ = State::incomplete;
    Response response_;
    Error error_;
    std::optional<RefusalBody> body_; // there while one is read
    std::string head_;                // not yet parsed
    std::size_t head_bytes_ = 0;      // of all heads
    std::size_t lines_ = 0;           // of this head
    std::size_t line_begin_ = 0;      // in head_
};

} // namespace websockxx::protocol
