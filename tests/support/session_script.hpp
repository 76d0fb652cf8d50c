// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/core/deadlines.hpp>
#include <websockxx/core/session.hpp>

#include "session_words.hpp"
#include "test.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

namespace websockxx::test {

// A script is a list of these.
using namespace websockxx::core::event;
using namespace websockxx::core::command;
using core::Timer;
using State = core::Session::State;
using By = CloseReason::By;
using namespace std::chrono_literals;

/// As Client::ask_policy().
[[nodiscard]] inline Decision ask_policy() { return Decision{Decision::Kind::ask_policy}; }

/// A conversation with a session: what it is given, what it is expected to answer, and a clock turned by hand.
///
///     script.given(Opened{}).expect({Disarm{Timer::open}, Disarm{Timer::connect}, CallConnect{}});
///     script.wait(4'999ms).expect({});
///     script.wait(1ms).expect({Drop{}, ...});
class SessionScript {
public:
    explicit SessionScript(Conn conn = home(), core::Settings settings = {})
        : session_(std::move(conn), std::move(settings))
    {
    }

    /// Where scripts connect to: without TLS, and with the default timeouts.
    [[nodiscard]] static Conn home() { return {.secure = false, .host = "home", .port = 80}; }
    [[nodiscard]] static Conn elsewhere() { return {.secure = false, .host = "elsewhere", .port = 80}; }
    /// Passes no check.
    [[nodiscard]] static Conn nowhere() { return {.secure = false, .host = "", .port = 80}; }

    /// The session is given an event.
    SessionScript& given(core::Event event)
    {
        commands_.clear();
        history_ = "given " + to_string(event) + " at " + to_string(now_) + ", while " + to_string(session_.state());
        feed(std::move(event));
        return *this;
    }

    /// Nothing happens for this long, but for the deadlines that pass, each at its moment or a little late.
    SessionScript& wait(std::chrono::milliseconds time, std::chrono::milliseconds late = {})
    {
        commands_.clear();
        history_ = "after " + to_string(time) + " at " + to_string(now_) + ", while " + to_string(session_.state());
        const auto end = now_ + time;
        while (deadlines_.next() && *deadlines_.next() <= end) {
            now_ = std::max(now_, *deadlines_.next() + late);
            const auto timer = deadlines_.pop(now_);
            const auto unfinished = message_since_ ? std::optional{now_ - *message_since_} : std::nullopt;
            feed(Expired{*timer, now_ - heard_at_, unfinished});
        }
        now_ = std::max(now_, end);
        return *this;
    }

    /// Something came from the server.
    SessionScript& hear()
    {
        heard_at_ = now_;
        return *this;
    }

    /// The first byte of a message came, or none of it is there any more.
    SessionScript& message_begins()
    {
        message_since_ = now_;
        return session_.awaits_message_begin() ? given(MessageBegan{}) : *this;
    }
    SessionScript& message_ends()
    {
        message_since_.reset();
        return *this;
    }

    /// What it answered since the last given() or wait().
    SessionScript& expect(const core::Commands& commands, int line = __builtin_LINE())
    {
        INFO("line " << line << ": " << history_);
        CHECK(to_strings(commands_) == to_strings(commands));
        return *this;
    }

    /// Goes on to where a connection is open and has been for no time at all.
    SessionScript& open()
    {
        if (session_.state() == State::idle) given(Started{});
        if (session_.state() == State::waiting) wait(deadlines_.next().value() - now_);
        hear();
        given(Opened{});
        return given(ConnectAnswered{});
    }

    /// An open connection is lost without a closing handshake.
    SessionScript& lose() { return given(Lost{}); }

    [[nodiscard]] State state() const { return session_.state(); }
    [[nodiscard]] const core::Session& session() const { return session_; }
    [[nodiscard]] const core::Commands& commands() const { return commands_; }
    [[nodiscard]] std::chrono::milliseconds now() const { return now_; }

    /// How long until a deadline passes, if one is armed.
    [[nodiscard]] std::optional<std::chrono::milliseconds> next_deadline() const
    {
        const auto at = deadlines_.next();
        return at ? std::optional{*at - now_} : std::nullopt;
    }

    /// The last command of this kind since the last given() or wait(), if there is one.
    template <class Kind>
    [[nodiscard]] std::optional<Kind> last() const
    {
        for (auto it = commands_.rbegin(); it != commands_.rend(); ++it)
            if (const auto* command = std::get_if<Kind>(&*it)) return *command;
        return std::nullopt;
    }

private:
    void feed(core::Event event)
    {
        auto commands = session_.step(std::move(event), now_);
        for (const auto& command : commands) {
            if (const auto* arm = std::get_if<Arm>(&command)) deadlines_.arm(arm->timer, now_ + arm->after);
            if (const auto* disarm = std::get_if<Disarm>(&command)) deadlines_.disarm(disarm->timer);
        }
        std::move(commands.begin(), commands.end(), std::back_inserter(commands_));
    }

    core::Session session_;
    core::Deadlines deadlines_;
    core::Commands commands_;
    std::string history_;
    // Not zero, so that what counts from the beginning of time is seen.
    std::chrono::milliseconds now_{1'000'000};
    std::chrono::milliseconds heard_at_{now_};
    std::optional<std::chrono::milliseconds> message_since_;
};

} // namespace websockxx::test
