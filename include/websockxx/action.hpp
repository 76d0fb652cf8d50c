// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/close.hpp>
#include <websockxx/config.hpp>
#include <websockxx/conn.hpp>
#include <websockxx/frame.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace websockxx {

/// The answer that changes nothing: carry on, or, to handle_disconnect(), end. Made by Client::ok().
struct Ok {
    friend bool operator==(const Ok&, const Ok&) = default;
};

/// What a callback wants to happen next (WebSockex: `:ok`, `:reply`, `:close`). Made by Client::ok(), reply() and
/// close().
class WEBSOCKXX_DECL Action {
public:
    /// The close frame that is asked for.
    struct Close {
        std::optional<std::uint16_t> code; ///< none: an empty close frame
        std::string text;

        friend bool operator==(const Close&, const Close&) = default;
    };

    Action(Ok) noexcept {}
    explicit Action(Frame frame) noexcept : first_(std::move(frame)), has_one_(true) {}
    explicit Action(std::vector<Frame> frames) noexcept : frames_(std::move(frames)) {}
    explicit Action(Close close) : close_(std::make_unique<Close>(std::move(close))) {}

    /// The same action, with frames to be sent before it: `reply(goodbye).then(close())`.
    [[nodiscard]] Action then(Action next) &&;

    /// Whether nothing is to be done.
    [[nodiscard]] bool is_ok() const noexcept { return !has_one_ && frames_.empty() && !close_; }
    /// What is to be sent, in this order.
    [[nodiscard]] std::span<const Frame> frames() const noexcept
    {
        if (has_one_) return {&first_, 1};
        return frames_;
    }
    /// How to close behind that, or nullptr.
    [[nodiscard]] const Close* closing() const noexcept { return close_.get(); }

private:
    Frame first_; // if there is one frame only: nearly always, and it needs no memory of its own
    std::vector<Frame> frames_;
    std::unique_ptr<Close> close_;
    bool has_one_ = false;
};

/// What to do about a disconnect (WebSockex: `:ok`, `:reconnect`). Made by Client::ok(), reconnect(), reconnect_in()
/// and ask_policy(). A value.
class WEBSOCKXX_DECL Decision {
public:
    enum class Kind : std::uint8_t {
        stop,       ///< the client ends
        reconnect,  ///< try again
        ask_policy, ///< do what Options::reconnect says
    };

    Decision(Ok) noexcept {}
    explicit Decision(Kind kind, std::optional<std::chrono::milliseconds> delay = {}) noexcept
        : kind_(kind), delay_(delay)
    {
    }

    /// What was decided.
    [[nodiscard]] Kind kind() const noexcept { return kind_; }

    /// How long to wait first; none: at once after a connection that was stable, else growing from retry to retry.
    [[nodiscard]] std::optional<std::chrono::milliseconds> delay() const noexcept { return delay_; }

    /// Where to connect from now on, or nullptr: where we were.
    [[nodiscard]] const Conn* conn() const noexcept { return conn_.get(); }

    /// The same decision with another delay, or towards another server.
    [[nodiscard]] Decision with_delay(std::chrono::milliseconds delay) const;
    [[nodiscard]] Decision with_conn(Conn conn) const;

private:
    Kind kind_ = Kind::stop;
    std::optional<std::chrono::milliseconds> delay_;
    std::shared_ptr<const Conn> conn_;
};

/// Reconnects where we were. Without a delay of its own: at once after a connection that was stable, else growing from
/// retry to retry, so that a dead server gets no storm.
[[nodiscard]] WEBSOCKXX_DECL Decision reconnect();

/// Reconnects elsewhere: the Conn is used from now on.
[[nodiscard]] WEBSOCKXX_DECL Decision reconnect(Conn conn);

/// Reconnects after a delay; zero means at once, whatever happened before.
[[nodiscard]] WEBSOCKXX_DECL Decision reconnect_in(std::chrono::milliseconds delay);

/// Reconnects elsewhere after a delay.
[[nodiscard]] WEBSOCKXX_DECL Decision reconnect_in(std::chrono::milliseconds delay, Conn conn);

} // namespace websockxx
