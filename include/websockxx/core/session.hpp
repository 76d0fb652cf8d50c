// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/close.hpp>
#include <websockxx/conn.hpp>
#include <websockxx/core/command.hpp>
#include <websockxx/core/event.hpp>
#include <websockxx/reconnect_policy.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

namespace websockxx::core {

/// @file The life of one client, from start() to terminate(), without I/O.
///
/// Rule 1  Every decision about what happens next is made here.
/// Rule 2  Nothing here reads a clock, draws a random number, touches a socket or calls a callback. Those are commands;
///         what came of them are events. So a test is a list: event, expected commands.
/// Rule 3  An event that means nothing in the current state is ignored: a server that closes while we do is not an
///         error.
/// Rule 4  Data does not pass through here: while delivers() holds, the shell hands messages over and writes replies by
///         itself.
///
///     idle --Started--> preparing --Prepared--> opening --Opened--> greeting --ConnectAnswered--> open
///                         ^   |                    |                    |                          |
///          Expired(retry) |   | PrepareFailed,     | OpenFailed,        | Threw,                   |
///                         |   | Expired            | Lost, Expired      | ReplyFailed              |
///                         |   |                    |                    v                          |
///                         |   |                    |          +------> done <--------Threw---------+
///                         |   +----------------+   |          |                                    |
///                         |                    v   v          | Decided, Threw                     |
///                      waiting <--Decided----- asking --------+                                    |
///                                              ^ ^ ^                                               |
///                                              | | +--Lost, Expired--------------------------------+
///                                              | |                                                 |
///                                              | +--Lost, Expired, ---- closing <--CloseAsked, ----+
///                                              |    ProtocolFailed         |       ReplyFailed     |
///                                              |                           | ClosePassed           |
///                                              |                           v                       |
///                                              +--Lost, Expired------- lingering <--ClosePassed, --+
///                                                                                   ProtocolFailed
///
/// While it is paused, an open connection delivers nothing and reads nothing, and its silence means nothing. All else
/// goes on: the closing handshake, attempts to connect; a connection that is opened meanwhile is paused at once.
///
/// A message that is not whole in time is as a CloseAsked with 1008. StopAsked leads to done from everywhere. Without a
/// `prepare` hook, preparing is skipped. Before the first success, what would lead to asking leads to done, unless
/// Settings::handle_initial_conn_failure. A CloseAsked with what may not be sent counts as Threw.

/// What a Session needs to know besides its Conn.
struct Settings {
    ReconnectPolicy policy = {};                    ///< empty: never
    bool has_prepare = false;                       ///< there is a `prepare` hook
    bool handle_initial_conn_failure = false;       ///< ask handle_disconnect() also before the first success
    std::chrono::milliseconds stable_after{10'000}; ///< an open connection counts as having worked after this long
};

class Session {
public:
    enum class State : std::uint8_t {
        idle,
        preparing,
        opening,
        greeting,
        open,
        closing,
        lingering,
        asking,
        waiting,
        done
    };

    Session(Conn conn, Settings settings);

    /// Takes one event; returns the commands it causes. `now` is the time since any fixed moment, never going back.
    [[nodiscard]] Commands step(Event event, std::chrono::milliseconds now);

    [[nodiscard]] State state() const noexcept { return state_; }

    /// Whether messages, pings, casts and infos may be handed to the client now.
    [[nodiscard]] bool delivers() const noexcept { return state_ == State::open && !paused_; }

    [[nodiscard]] bool paused() const noexcept { return paused_; }

    /// Whether what the server sends may be read now. Not while there is an open connection that is paused.
    [[nodiscard]] bool reads() const noexcept { return state_ != State::open || !paused_; }

    /// Whether frames from outside may be encoded now: not before handle_connect() has replied.
    [[nodiscard]] bool sends() const noexcept { return state_ == State::open; }

    /// Whether MessageBegan would mean something now. It begins the deadline of messages, which runs on until no
    /// message is unfinished when it passes: so most messages cost nothing.
    [[nodiscard]] bool awaits_message_begin() const noexcept;

    /// Why nothing can be sent now (WebSockex: NotConnectedError); no error while it can.
    [[nodiscard]] error_code send_error() const noexcept;

    /// Whether handle_connect() has ever succeeded, so that terminate() is called at the end.
    [[nodiscard]] bool ever_open() const noexcept { return ever_open_; }

    /// Why the connection is closing, or ended the last time.
    [[nodiscard]] const CloseReason& reason() const noexcept { return reason_; }

    /// Where the current or next attempt leads; after a `prepare` hook, what that made of it.
    [[nodiscard]] const Conn& conn() const noexcept { return attempt_conn_ ? *attempt_conn_ : conn_; }

private:
    void on(event::Started&);
    void on(event::Prepared&);
    void on(event::PrepareFailed&);
    void on(event::TransportConnected&);
    void on(event::TransportOpened&);
    void on(event::Opened&);
    void on(event::OpenFailed&);
    void on(event::ConnectAnswered&);
    void on(event::CloseAsked&);
    void on(event::ReplyFailed&);
    void on(event::Threw&);
    void on(event::ClosePassed&);
    void on(event::ProtocolFailed&);
    void on(event::Lost&);
    void on(event::MessageBegan&);
    void on(event::Expired&);
    void on(event::Decided&);
    void on(event::StopAsked&);
    void on(event::PauseAsked&);
    void on(event::ResumeAsked&);

    void begin_attempt();
    void open(Conn conn);
    void fail_attempt(Error error);
    void begin_closing(std::optional<std::uint16_t> code, std::string text, CloseReason reason);
    void linger(CloseReason reason);
    void beat(std::chrono::milliseconds quiet);
    void time_message(std::chrono::milliseconds unfinished);
    void lose(CloseReason reason);
    void ask(CloseReason reason, bool established);
    void retry(const Decision& decision, double draw);
    void end(CloseReason reason);
    [[nodiscard]] std::chrono::milliseconds default_delay(double draw) const;
    [[nodiscard]] bool has_transport() const noexcept;
    void give(Command command) { commands_.push_back(std::move(command)); }
    void arm(Timer timer, std::chrono::milliseconds after);
    [[nodiscard]] bool is_armed(Timer timer) const noexcept;
    void disarm_all();

    Conn conn_;
    std::shared_ptr<const Conn> attempt_conn_; // if a `prepare` hook has made another one of it
    Settings settings_;
    State state_ = State::idle;
    Commands commands_;
    std::chrono::milliseconds now_{0};

    CloseReason reason_;        // why we are closing, lingering or asking
    Phase phase_ = Phase::none; // of the attempt that is going on
    bool paused_ = false;
    bool ever_open_ = false; // handle_connect() has succeeded once: terminate() will be called
    std::optional<std::chrono::milliseconds> pinged_at_; // no sign of life since then is the end
    int attempt_ = 0;                                    // WebSockex's attempt_number
    int retries_ = 0;                                    // since a connection was stable
    int tries_ = 0; // attempts since then: one more than retries, if there was none
    std::chrono::milliseconds opened_at_{0};
    std::chrono::milliseconds failing_since_{0};
    std::uint8_t armed_ = 0; // a bit for each Timer
};

} // namespace websockxx::core
