// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/restart.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <variant>
#include <vector>

namespace websockxx::core {

/// @file The life of a supervisor, without clients, clock or threads: events in, commands out, as in session.hpp.
///
/// Children are of two kinds. Those of the list have an order: they are started one after the other, each when the one
/// before it has started, and stopped in the reverse order, each when the one behind it has ended. What has ended stays
/// in the list (restart_child, delete_child). Dynamic children, added later, come behind all of the list and have no
/// order among themselves: thousands of them are started and stopped at once, and forgotten when they have ended for
/// good. That is Elixir's Supervisor and its DynamicSupervisor in one, since a tree often wants both.
///
///                 StartAsked, RestartAsked, the list
///                          |
///                          v
///     down ---------> waiting ------> starting --ChildStarted--> running
///      ^                 ^             |     ^                    |  |
///      |                 |   ChildEnded|     |     ChildEnded:    |  |
///      |                 |   a restart |     +--- a restart ------+  |
///      |                 |   that failed      (one_for_one)          | TerminateAsked, StopAsked,
///      |                 |             v                             | a restart of the group
///      +--ChildEnded-----+---------- stopping <----------------------+
///
/// As in OTP: a restart that fails counts as another one; a restart of the group brings back also those of its children
/// that had ended by themselves; the first start of a child of the list that fails ends everything.
/// Unlike OTP: a supervisor is never busy. A child that takes long to start holds up only what must come after it, and
/// a child that was ended by terminate_child stays so until restart_child, even if its group is restarted.

/// A child, to the rules: its place in the list, counted from 0, or for a dynamic one any number that is larger and was
/// never used.
using ChildKey = std::uint64_t;

/// What an Answer belongs to.
using Ticket = std::uint64_t;

struct ChildRule {
    Restart restart = Restart::transient;
    std::chrono::milliseconds shutdown = shutdown_time::standard;
};

/// How a child ended.
enum class Ending : std::uint8_t {
    normal,
    abnormal,
    lost, ///< and cannot be started again: the executor that it needs is gone
};

/// What has happened. Past tense.
namespace tree_event {

struct Begun {};
struct ChildStarted {
    ChildKey child;
};
/// Also when it could not be started.
struct ChildEnded {
    ChildKey child;
    Ending how;
};
/// The time of a StopChild is over.
struct Expired {
    ChildKey child;
};
/// A dynamic child is to be added.
struct StartAsked {
    ChildKey child;
    ChildRule rule;
    Ticket ticket;
};
struct TerminateAsked {
    ChildKey child;
    Ticket ticket;
};
struct RestartAsked {
    ChildKey child;
    Ticket ticket;
};
struct DeleteAsked {
    ChildKey child;
    Ticket ticket;
};
struct StopAsked {};
struct AbortAsked {};

} // namespace tree_event

using TreeEvent = std::variant<tree_event::Begun, tree_event::ChildStarted, tree_event::ChildEnded, tree_event::Expired,
    tree_event::StartAsked, tree_event::TerminateAsked, tree_event::RestartAsked, tree_event::DeleteAsked,
    tree_event::StopAsked, tree_event::AbortAsked>;

/// What the shell is to do, in order. Imperatives.
namespace tree_command {

/// Answer with ChildStarted or ChildEnded.
struct StartChild {
    ChildKey child;
};
/// Let it end in order; report ChildEnded, and before it Expired if it takes longer than this.
struct StopChild {
    ChildKey child;
    std::optional<std::chrono::milliseconds> within; ///< none: as long as it takes
};
/// End it at once; ChildEnded follows.
struct AbortChild {
    ChildKey child;
};
/// This is what came of a request.
struct Answer {
    enum class Outcome : std::uint8_t {
        done,
        failed,   ///< the child could not be started
        stopped,  ///< the child was ended before it had started
        not_down, ///< the child runs, or will
        unknown,  ///< there is no such child
        ended,    ///< the supervisor has ended, or is ending
    };
    Ticket ticket;
    ChildKey child;
    Outcome outcome;
};
/// The child is no more.
struct Forget {
    ChildKey child;
};
/// The whole list has been started.
struct ReportStarted {};
/// All children have ended. Nothing follows.
struct Finish {
    enum class Cause : std::uint8_t { stopped, aborted, start_failed, intensity };
    Cause cause;
    ChildKey child; ///< for the last two: whose end it was
};

} // namespace tree_command

using TreeCommand = std::variant<tree_command::StartChild, tree_command::StopChild, tree_command::AbortChild,
    tree_command::Answer, tree_command::Forget, tree_command::ReportStarted, tree_command::Finish>;
using TreeCommands = std::vector<TreeCommand>;

class RestartRules {
public:
    RestartRules(Strategy strategy, Intensity intensity, const std::vector<ChildRule>& list);

    /// Takes one event; returns the commands it causes. `now` is the time since any fixed moment, never going back.
    [[nodiscard]] TreeCommands step(const TreeEvent& event, std::chrono::milliseconds now);

    /// `down` if there is no such child.
    [[nodiscard]] ChildState state(ChildKey key) const;

    [[nodiscard]] bool finished() const noexcept { return phase_ == Phase::done; }

private:
    using Cause = tree_command::Finish::Cause;
    using Outcome = tree_command::Answer::Outcome;

    // What becomes of a child that is being stopped; a later wish counts if it is further down.
    enum class Then : std::uint8_t { restart, stay_down, forget };

    struct Child {
        ChildRule rule;
        ChildState state = ChildState::waiting;
        Then then = Then::restart;
        bool asked = false;     // by a request, which is told of a failure: it is no failed restart
        bool fresh = true;      // has not yet run
        bool held = false;      // down by the user's wish: a restart of the group leaves it so
        bool forgotten = false; // of the list, where it leaves a hole
    };

    // The start of the list, or a restart of the group: of the list from a place on, and of all dynamic children.
    struct Group {
        std::size_t from;
        std::size_t next; // stopping: this and all behind it are done with; starting: all before it
        bool stopping;
    };

    enum class Phase : std::uint8_t { serving, finishing, done };

    void on(const tree_event::Begun&);
    void on(const tree_event::ChildStarted&);
    void on(const tree_event::ChildEnded&);
    void on(const tree_event::Expired&);
    void on(const tree_event::StartAsked&);
    void on(const tree_event::TerminateAsked&);
    void on(const tree_event::RestartAsked&);
    void on(const tree_event::DeleteAsked&);
    void on(const tree_event::StopAsked&);
    void on(const tree_event::AbortAsked&);

    void go_on();
    void stop_group();
    void start_group();
    void finish(Cause cause, ChildKey key);
    void go_on_finishing();

    void start(ChildKey key, Child& child);
    void stop(ChildKey key, Child& child, Then then);
    void ended_stopped(ChildKey key, Child& child, Ending how);
    void ended_starting(ChildKey key, Child& child, Ending how);
    void ended_running(ChildKey key, Child& child, Ending how);
    void restart(ChildKey key, Child& child);
    void restart_group(std::size_t from);
    void forget(ChildKey key, Child& child);
    void rest(ChildKey key, Child& child, bool held);

    [[nodiscard]] bool too_many_restarts();
    [[nodiscard]] bool awaits_stop(ChildKey key) const noexcept;
    [[nodiscard]] bool in_list(ChildKey key) const noexcept { return key < list_.size(); }
    [[nodiscard]] Child* find(ChildKey key);
    [[nodiscard]] static bool alive(const Child& child) noexcept;
    void set_state(ChildKey key, Child& child, ChildState state);
    void answer(Ticket ticket, ChildKey key, Outcome outcome);
    void answer_all(std::multimap<ChildKey, Ticket>& tickets, ChildKey key, Outcome outcome);

    Strategy strategy_;
    Intensity intensity_;
    std::vector<Child> list_;
    std::map<ChildKey, Child> dynamic_;
    std::size_t dynamic_alive_ = 0;
    std::optional<Group> group_;
    std::deque<std::chrono::milliseconds> restarts_; // the moments of those that still count
    std::multimap<ChildKey, Ticket> starters_;       // who waits for a start
    std::multimap<ChildKey, Ticket> stoppers_;       // who waits for an end
    Phase phase_ = Phase::serving;
    bool reported_ = false;         // that the list has been started
    tree_command::Finish finish_{}; // what to end with
    std::size_t unstopped_ = 0;     // finishing: the list from here on has ended
    bool aborting_ = false;
    std::chrono::milliseconds now_{0};
    TreeCommands commands_;
};

} // namespace websockxx::core
