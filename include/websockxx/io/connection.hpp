// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/client.hpp>
#include <websockxx/conn.hpp>
#include <websockxx/core/command.hpp>
#include <websockxx/core/deadline_queue.hpp>
#include <websockxx/core/deadlines.hpp>
#include <websockxx/core/event.hpp>
#include <websockxx/core/round_trip.hpp>
#include <websockxx/core/session.hpp>
#include <websockxx/detail/queue.hpp>
#include <websockxx/io/alarm.hpp>
#include <websockxx/io/channel.hpp>
#include <websockxx/io/history.hpp>
#include <websockxx/io/mailbox.hpp>
#include <websockxx/io/monitor.hpp>
#include <websockxx/io/transport.hpp>
#include <websockxx/log.hpp>
#include <websockxx/status.hpp>

#include <boost/config.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace websockxx::io {

/// What a Connection takes from outside, so that tests can put their own in.
struct Environment {
    std::function<std::unique_ptr<Transport>(const Conn&, const Strand&)> make_transport = io::make_transport;
    std::function<std::unique_ptr<Alarm>(const Strand&)> make_alarm = io::make_alarm;
    std::function<double()> draw;            ///< uniform in [0, 1)
    Monitor::Clock clock = io::steady_clock; ///< fine enough to measure callbacks
};

/// What a Connection calls besides its Client. Empty ones are left out.
struct Hooks {
    /// Answered by item::Prepared with that ticket.
    std::function<void(Conn conn, int attempt, std::uint64_t ticket)> prepare = {};
    std::function<void(const Error&)> started = {}; ///< open, or failed; at most once
    Log log = {};
    std::vector<Watcher> watchers = {};
    Debug debug = {};
    std::string name = {}; ///< empty: the client's number
};

/// Carries out what the session decides, and reports what came of it: owns the client, the channel and the alarm of one
/// client.
///
/// There is nothing to decide here: an `if` about the state of the connection belongs in core/session.
///
/// Threads   Everything on its strand, but for begin().
/// Lifetime  Held by its pending operations; ends itself. The client is destroyed at the end, on the strand, or with
///           the executor's context.
class Connection final : public Mailbox::Owner,
                         public Channel::Listener,
                         public Alarm::Listener,
                         public std::enable_shared_from_this<Connection> {
public:
    Connection(std::unique_ptr<Client> client, Conn conn, core::Settings settings, Hooks hooks,
        std::shared_ptr<const Environment> environment, Strand strand, std::shared_ptr<Mailbox> mailbox);
    ~Connection();

    /// Begins, on the strand.
    void begin();

    // For visitors.

    [[nodiscard]] Status status();
    /// Null while nobody watches.
    [[nodiscard]] Monitor* monitor() const noexcept { return watch_.get(); }
    /// What to show from now on.
    void show(const Debug& debug);
    [[nodiscard]] const Debug& shown() const noexcept { return hooks_.debug; }

private:
    // What others report
    void wake() override;
    void pause(bool paused) override;
    void on_alarm() override;
    void on_resolved(std::size_t addresses) override;
    void on_transport_connected() override;
    void on_transport_open() override;
    void on_transport_failed(const Error& error) override;
    void on_input() override;
    void on_lost(error_code ec, bool unsent) override;
    void on_output() override;
    void on_congestion(bool congested) override;
    void on_out_of_memory() override;
    [[nodiscard]] bool reads() const noexcept override { return session_.reads() && !mailbox_->stopping(); }

    // What the session commands
    void feed(core::Event event);
    void run(core::command::Prepare& command);
    void run(core::command::Open& command);
    void run(core::command::Arm& command);
    void run(core::command::Disarm& command);
    void run(core::command::CallConnect& command);
    void run(core::command::SendClose& command);
    void run(core::command::SendPing& command);
    void run(core::command::Shutdown& command);
    void run(core::command::Drop& command);
    void run(core::command::ReportStarted& command);
    void run(core::command::CallDisconnect& command);
    void run(core::command::CallTerminate& command);
    void run(core::command::Finish& command);

    // What lies in the mailbox
    void drain();
    void trim();
    void handle(std::unique_ptr<Letter>& letter);
    void handle(item::Sends& sends);
    void handle(item::Later& later);
    void handle(item::CancelLater& cancel);
    void handle(item::Close& close);
    void handle(item::Stop& stop);
    void handle(item::Prepared& prepared);
    void handle(item::Visit& visit);
    void handle(item::Call& call);
    void handle(item::CallOver& over);
    void handle(item::Pause& pause);
    void deliver_letters();

    // What is sent from outside
    void pump();
    void pump_all();
    bool pump_some();
    void encode(core::Outgoing& frame);
    void tell_obstacle();
    void take_leftover(Channel::Leftover leftover);
    void expire_sends(std::chrono::milliseconds now);
    bool tell_water();
    void log_failed(std::size_t count, std::string_view how) const;

    // What the client answers
    template <class Callback>
    [[nodiscard]] bool guard(Callback&& callback);
    template <class Tell, class Callback>
    void ask(Tell&& tell, Callback&& callback);
    template <class Tell, class Callback>
    BOOST_FORCEINLINE void ask_watched(Tell& tell, Callback& callback);
    template <class Callback>
    [[nodiscard]] BOOST_FORCEINLINE Action call(Callback& callback);
    void threw();
    template <class Function>
    void attempt(Function function);
    void carry_out(const Action& action);
    error_code write(const Frame& frame, Monitor::Why why);
    void written(const Frame& frame, const error_code& ec, Monitor::Why why) const;
    void flush_if_much();

    void settle();
    void end_input();
    void expire(core::Timer timer, std::chrono::milliseconds now);
    void note_unfinished();
    [[nodiscard]] std::optional<std::chrono::milliseconds> unfinished_for(std::chrono::milliseconds now) const;
    void set_alarm();
    void pop_later(std::chrono::milliseconds now);
    void log(Severity severity, std::string_view line) const;

    void begin_attempt(const Conn& conn);
    void end_attempt(const CloseReason& reason, int attempt);
    void add_connection(Status& status);
    [[nodiscard]] std::string format_details();
    void end_watch(const CloseReason& reason);
    void finish(CloseReason reason);
    void on_pong(const Frame& pong);
    void tell_end();

    using LaterKey = std::pair<std::chrono::milliseconds, std::uint64_t>;
    struct Waiting {
        std::uint64_t id; // of a send_after() or a call, by which it can still be taken back; else 0
        std::unique_ptr<Letter> letter;
        std::uint64_t behind = 0; // the frame from outside with this mark, so that the reply is
    };

    const Strand strand_;
    const std::shared_ptr<Mailbox> mailbox_;
    std::unique_ptr<Monitor> watch_; // null while nobody watches: all that a message then costs
    std::unique_ptr<Client> client_;
    core::Session session_;
    Hooks hooks_;
    std::shared_ptr<const Environment> environment_;
    History history_;
    core::RoundTrip round_trip_;
    std::unique_ptr<Alarm> alarm_;
    std::unique_ptr<Channel> channel_;
    std::unique_ptr<Channel> retired_; // may be what is calling us
    core::Deadlines deadlines_;
    std::optional<std::chrono::milliseconds> alarm_at_;
    detail::Queue<core::Event> events_;
    std::vector<Item> items_;              // taken from the mailbox; kept for its memory
    std::vector<core::Outgoing> outgoing_; // the same
    std::uint64_t due_ = 0;                // the mark of the last frame from outside that is to be encoded
    std::uint64_t encoded_upto_ = 0;       // the mark of the last one that is
    std::optional<std::chrono::milliseconds> sends_expire_;
    error_code obstacle_ = errc::not_connected_opening; // what the mailbox knows of it
    std::size_t encoded_ = 0;                           // the same; may be what was taken
    std::size_t untracked_ = 0;      // frames that were encoded, maybe not all left, and nobody would be told
    bool high_water_ = false;        // handle_high_water() was called, and not all has left
    detail::Queue<Waiting> letters_; // until a connection is open
    std::map<LaterKey, std::unique_ptr<Letter>> later_;
    core::DeadlineQueue<std::uint64_t, std::chrono::milliseconds> calls_; // that are not yet answered
    std::chrono::milliseconds heard_at_{0};
    std::chrono::milliseconds unfinished_since_{0};
    std::uint64_t unfinished_ = 0;      // Protocol::unfinished() of the last time
    std::optional<CloseReason> reason_; // once the client has ended
    Error start_error_;                 // to be told at the end
    std::uint64_t ticket_ = 0;          // of the `prepare` that is going on
    bool busy_ = false;                 // feed() is running
    bool terminated_ = false;           // terminate() was called
    bool held_ = false;                 // the protocol may have input that must not be delivered yet
};

} // namespace websockxx::io
