// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/conn.hpp>
#include <websockxx/error.hpp>

#include <cstddef>
#include <memory>
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

    explicit Answer(const Limits& limits);
    ~Answer();
    Answer(const Answer&) = delete;
    Answer& operator=(const Answer&) = delete;

    /// Reads on, while it is incomplete. Returns how many bytes belong to the answer.
    std::size_t read(std::string_view bytes);
    /// Nothing more will come.
    void end_of_stream();

    [[nodiscard]] State state() const noexcept { return state_; }
    [[nodiscard]] Response& response() noexcept { return response_; }
    [[nodiscard]] const Error& error() const noexcept { return error_; }

private:
    class Parser;

    std::size_t read_head(std::string_view bytes);
    void count_line();
    void parse_head();
    std::size_t read_body(std::string_view bytes);
    void fail(errc code, std::string_view detail);

    Limits limits_;
    State state_ = State::incomplete;
    Response response_;
    Error error_;
    std::unique_ptr<Parser> parser_; // there while a body is read
    std::string unparsed_;           // the head, or the beginning of a chunk
    std::size_t head_bytes_ = 0;     // of all heads
    std::size_t lines_ = 0;          // of this head
    std::size_t line_begin_ = 0;     // in unparsed_
};

} // namespace websockxx::protocol
