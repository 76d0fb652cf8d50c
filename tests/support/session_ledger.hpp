// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/core/session.hpp>

#include "session_words.hpp"

#include <bitset>
#include <string>
#include <variant>

namespace websockxx::test {

/// Keeps account of what a session's commands mean to the world, without knowing how it came to them, and says which
/// rule they break: about timers, the transport, the callbacks and the end.
///
/// It takes the timeouts to be limits, all of them.
class SessionLedger {
public:
    using State = core::Session::State;

    /// One step: what the session was in before, what it was given, what it answered. Returns the rule that was broken,
    /// or nothing.
    std::string enter(
        State before, const core::Event& event, const core::Commands& commands, const core::Session& session)
    {
        broken_.clear();
        before_ = before;
        event_ = &event;
        const bool ignored = commands.empty() && session.state() == before;
        require(ignored || is_heeded_in(before), "an event that means nothing in a state is ignored");
        take(event, ignored);
        for (const auto& command : commands) std::visit([this](const auto& c) { carry_out(c); }, command);
        check(session);
        if (was<core::event::StopAsked>()) require(finished_, "a client can be stopped at any time");
        return broken_;
    }

    [[nodiscard]] bool is_armed(core::Timer timer) const { return armed_[static_cast<std::size_t>(timer)]; }

private:
    void require(bool holds, const char* rule)
    {
        if (!holds && broken_.empty()) broken_ = rule;
    }

    template <class... Kinds>
    [[nodiscard]] bool was() const
    {
        return (std::holds_alternative<Kinds>(*event_) || ...);
    }

    /// The picture in session.hpp, as a table.
    [[nodiscard]] bool is_heeded_in(State state) const
    {
        using namespace core::event;
        if (was<StopAsked>()) return state != State::done;
        switch (state) {
        case State::idle: return was<Started>();
        case State::preparing: return was<Prepared, PrepareFailed, Expired>();
        case State::opening: return was<TransportConnected, Opened, OpenFailed, Lost, Expired>();
        case State::greeting: return was<ConnectAnswered, ReplyFailed, Threw>();
        case State::open:
            return was<CloseAsked, ReplyFailed, Threw, ClosePassed, ProtocolFailed, Lost, MessageBegan, Expired>();
        case State::closing: return was<ClosePassed, ProtocolFailed, Lost, Expired>();
        case State::lingering: return was<Lost, Expired>();
        case State::asking: return was<Decided, Threw>();
        case State::waiting: return was<Expired>();
        case State::done: return false;
        }
        return false;
    }

    // ---- What an event means by itself

    void take(const core::Event& event, bool ignored)
    {
        const auto* expired = std::get_if<core::event::Expired>(&event);
        if (expired != nullptr && !is_armed(expired->timer)) require(ignored, "a timer that is not armed does nothing");
        if (expired != nullptr) armed_.reset(static_cast<std::size_t>(expired->timer));
        if (ignored) return;

        connect_answered_ = false;
        if (was<core::event::ConnectAnswered>()) {
            require(connecting_, "handle_connect() answers only when it was called");
            connecting_ = false;
            connected_ = true;
            connect_answered_ = !ever_connected_;
            ever_connected_ = true;
            failed_attempts_ = 0;
        }
        // The protocol writes these close frames by itself.
        if (const auto* passed = std::get_if<core::event::ClosePassed>(&event))
            wrote_close_ |= passed->sent.has_value();
        if (const auto* failed = std::get_if<core::event::ProtocolFailed>(&event))
            wrote_close_ |= failed->sent.has_value();
    }

    // ---- What a command means

    void carry_out(const core::command::Prepare&) { require_nothing_open("asked to prepare"); }

    void carry_out(const core::command::Open&)
    {
        require_nothing_open("another is opened");
        transport_ = true;
        shut_down_ = wrote_close_ = false;
    }

    void carry_out(const core::command::Arm& command)
    {
        require(!finished_, "nothing follows the end");
        require(command.after.count() >= 0, "no time is negative");
        armed_.set(static_cast<std::size_t>(command.timer));
    }

    void carry_out(const core::command::Disarm& command)
    {
        require(!finished_, "nothing follows the end");
        require(is_armed(command.timer), "only what is armed is disarmed");
        armed_.reset(static_cast<std::size_t>(command.timer));
    }

    void carry_out(const core::command::CallConnect&)
    {
        require(
            transport_ && !connected_ && !connecting_ && !asked_, "handle_connect() is called once for a connection");
        connecting_ = true;
    }

    void carry_out(const core::command::SendClose& command)
    {
        require_writable();
        require(ever_connected_, "a client that never was connected has nothing to close");
        const auto* stop = std::get_if<core::event::StopAsked>(event_);
        require(stop == nullptr || stop->error.code() != errc::aborted, "who aborts sends nothing");
        require(!command.code || close_code::may_be_sent(*command.code), "the close code may be sent");
        require(command.text.size() <= max_close_text_bytes, "the close text fits");
        wrote_close_ = true;
    }

    void carry_out(const core::command::SendPing&) { require_writable(); }

    void carry_out(const core::command::Shutdown&)
    {
        require(transport_ && !shut_down_, "a transport is shut down once");
        shut_down_ = true;
    }

    void carry_out(const core::command::Drop&)
    {
        require(!finished_, "nothing follows the end");
        transport_ = false;
    }

    void carry_out(const core::command::ReportStarted& command)
    {
        require(!reported_, "the start is reported once");
        reported_ = true;
        if (command.error) require(!ever_connected_, "a start that succeeded does not fail");
        else require(connect_answered_, "the start succeeds with the first handle_connect()");
    }

    void carry_out(const core::command::CallDisconnect& command)
    {
        require_nothing_open("handle_disconnect() is called");
        require(!asked_ && !connecting_, "handle_disconnect() is called when no other callback runs");
        require(command.established == connected_, "handle_disconnect() knows whether there was a connection");
        require(command.attempt == ++failed_attempts_, "attempts are counted since the last connection");
        if (command.established) require_truth(command.reason);
        connected_ = false;
        asked_ = true;
    }

    void carry_out(const core::command::CallTerminate& command)
    {
        require_nothing_open("terminate() is called");
        require(ever_connected_ && !terminated_, "terminate() is called once, and only if a connection was open");
        // handle_disconnect() is left out only for a failed callback and a stop.
        if (connected_) {
            require(was<core::event::Threw, core::event::StopAsked, core::event::CloseAsked>(),
                "an open connection does not end unasked");
            require_truth(command.reason);
        }
        terminated_ = true;
    }

    void carry_out(const core::command::Finish&)
    {
        require_nothing_open("the client ends");
        require(!finished_, "the end comes once");
        require(terminated_ == ever_connected_, "terminate() comes before the end, if a connection was open");
        require(reported_, "whoever started the client has been told");
        require(armed_.none(), "no timer outlives the client");
        finished_ = true;
    }

    // ---- Rules that several commands have

    void require_nothing_open(const char* occasion)
    {
        require(!finished_, "nothing follows the end");
        if (transport_ && broken_.empty()) broken_ = std::string("the transport is dropped before ") + occasion;
    }

    void require_writable()
    {
        require(transport_ && (connected_ || connecting_), "what is written has a connection to go to");
        require(!wrote_close_ && !shut_down_, "nothing is written behind a close frame");
    }

    /// A close frame is in the reason exactly if it was written, and has left as far as one can know.
    void require_truth(const CloseReason& reason)
    {
        const auto* lost = std::get_if<core::event::Lost>(event_);
        const bool left = wrote_close_ && !(lost != nullptr && lost->unsent && before_ == State::closing);
        require(reason.sent.has_value() == left, "the reason has our close frame if one was sent");
    }

    // ---- What must hold between two steps

    void check(const core::Session& session)
    {
        const auto state = session.state();
        if (state != State::asking) asked_ = false;
        if (state == State::done) connecting_ = connected_ = false;

        require(finished_ == (state == State::done), "the client is done exactly when it has finished");
        require(armed_are_right(state), "each state has its own timers, and no others");
        require(transport_ == needs_transport(state), "each state has a transport, or has none");
        if (transport_) require(shut_down_ == (state == State::lingering), "who lingers has ended his direction");
        require(connecting_ == (state == State::greeting), "greeting is while handle_connect() runs");
        require(session.send_error() == expected_send_error(state), "send_error() agrees with the state");
        if (session.delivers()) require(connected_, "only a connected client is handed anything");
        if (!session.send_error().failed()) require_writable();
    }

    /// What waits for the world has a timer, so that nothing waits for ever.
    [[nodiscard]] bool armed_are_right(State state) const
    {
        using core::Timer;
        switch (state) {
        case State::preparing: return armed_ == only(Timer::open);
        case State::opening: return (armed_ & ~only(Timer::connect)) == only(Timer::open);
        case State::open: return (armed_ & ~only(Timer::message)) == only(Timer::heartbeat);
        case State::closing: return armed_ == only(Timer::close);
        case State::lingering: return armed_ == (only(Timer::close) | only(Timer::linger));
        case State::waiting: return armed_ == only(Timer::retry);
        default: return armed_.none();
        }
    }

    [[nodiscard]] static bool needs_transport(State state)
    {
        return state == State::opening || state == State::greeting || state == State::open || state == State::closing ||
               state == State::lingering;
    }

    [[nodiscard]] static error_code expected_send_error(State state)
    {
        switch (state) {
        case State::greeting:
        case State::open: return {};
        case State::closing:
        case State::lingering: return errc::not_connected_closing;
        case State::done: return errc::client_ended;
        default: return errc::not_connected_opening;
        }
    }

    using Timers = std::bitset<core::timer_count>;
    [[nodiscard]] static Timers only(core::Timer timer) { return Timers{1ULL << static_cast<unsigned>(timer)}; }

    Timers armed_;
    bool transport_ = false;
    bool wrote_close_ = false;      // on this transport
    bool shut_down_ = false;        // our direction of it
    bool connecting_ = false;       // handle_connect() runs
    bool connect_answered_ = false; // for the first time, in this step
    bool connected_ = false;        // handle_connect() succeeded, handle_disconnect() was not called yet
    bool ever_connected_ = false;
    bool asked_ = false; // handle_disconnect() runs
    bool reported_ = false;
    bool terminated_ = false;
    bool finished_ = false;
    int failed_attempts_ = 0;

    std::string broken_;
    State before_ = State::idle;
    const core::Event* event_ = nullptr;
};

} // namespace websockxx::test
