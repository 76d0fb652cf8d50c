// SPDX-License-Identifier: BSL-1.0
#include <websockxx/core/restart_rules.hpp>

#include "support/test.hpp"
#include "support/tree_bench.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <random>
#include <string>
#include <vector>

/// @file A world of clients that start, fail, end, are killed and are asked for at random, under one clock, for a
/// million steps, and a ledger that is simpler than the rules and watches what they command.

using namespace websockxx;
using namespace websockxx::core;
using namespace std::chrono_literals;

namespace {

using Milliseconds = std::chrono::milliseconds;
using Cause = tree_command::Finish::Cause;
using Outcome = tree_command::Answer::Outcome;

struct Chance {
    std::minstd_rand generator{20'260};

    /// From 0 to n - 1.
    std::size_t below(std::size_t n) { return generator() % n; }
    bool one_in(std::size_t n) { return below(n) == 0; }
};

/// What the ledger knows of a child.
struct Account {
    ChildRule rule;
    bool alive = false;
    bool running = false;                   // alive, and has started
    bool told = false;                      // alive, and was told to end
    bool fresh = true;                      // has never run
    bool asked = false;                     // its start was asked for
    bool held = false;                      // must not be started but by request
    bool owed = false;                      // must be started
    bool forgotten = false;                 // must not be named any more
    std::optional<Milliseconds> until = {}; // told: when it is to be aborted
};

/// Who waits for what.
struct Request {
    ChildKey child;
    bool for_start;
    bool answered = false;
};

/// One supervisor, from its first step to its last.
class World {
public:
    World(Chance& chance, Milliseconds& now) : chance_(chance), now_(now)
    {
        strategy_ = static_cast<Strategy>(chance.below(3));
        intensity_ = {static_cast<unsigned>(chance.below(6)), Milliseconds{chance.below(3) * 400}};
        std::vector<ChildRule> list;
        for (auto left = chance.below(6); left > 0; --left) list.push_back(any_rule());
        for (const auto& rule : list) accounts_.push_back({.rule = rule});
        listed_ = list.size();
        rules_.emplace(strategy_, intensity_, list);
        feed(tree_event::Begun{});
    }

    [[nodiscard]] bool finished() const { return finished_; }
    [[nodiscard]] const char* broken() const { return broken_; }
    [[nodiscard]] long restarts() const { return total_restarts_; }

    /// Something happens.
    void step()
    {
        now_ += Milliseconds{chance_.below(120)};
        if (ring()) return;
        const auto dice = chance_.below(100);
        if (ending_ && ++steps_to_end_ > 400) return fail("a stop that does not finish");
        if (dice < 70) return live(chance_.below(accounts_.size() + 1));
        if (dice < 72) return feed(tree_event::StopAsked{});
        if (dice < 73) return feed(tree_event::AbortAsked{});
        if (dice < 82) return add();
        request(dice % 3, chance_.below(accounts_.size() + 2));
    }

private:
    ChildRule any_rule()
    {
        constexpr Milliseconds times[] = {shutdown_time::brutal_kill, 100ms, 5s, shutdown_time::infinity};
        return {static_cast<Restart>(chance_.below(3)), times[chance_.below(4)]};
    }

    void fail(const char* rule)
    {
        if (!broken_) broken_ = rule;
        finished_ = true;
    }
    void require(bool holds, const char* rule)
    {
        if (!holds) fail(rule);
    }

    // ---- What happens

    void live(std::size_t key)
    {
        // Most of those that may end or start should, or worlds would be idle.
        for (std::size_t tries = 0; tries < accounts_.size(); ++tries) {
            key = (key + 1) % accounts_.size();
            if (accounts_[key].alive && (!accounts_[key].running || accounts_[key].told || chance_.one_in(3))) break;
        }
        if (key >= accounts_.size() || !accounts_[key].alive) return;
        if (!accounts_[key].running && !chance_.one_in(5)) return feed(tree_event::ChildStarted{key});
        const auto dice = chance_.below(20);
        feed(tree_event::ChildEnded{key, dice == 0 ? Ending::lost : dice < 9 ? Ending::normal : Ending::abnormal});
    }

    bool ring()
    {
        for (std::size_t key = 0; key < accounts_.size(); ++key) {
            if (!accounts_[key].until || *accounts_[key].until > now_) continue;
            accounts_[key].until.reset();
            feed(tree_event::Expired{key});
            return true;
        }
        return false;
    }

    void add()
    {
        if (accounts_.size() >= 12) return;
        accounts_.push_back({.rule = any_rule(), .asked = true});
        const ChildKey key = accounts_.size() - 1;
        requests_.push_back({key, true});
        feed(tree_event::StartAsked{key, accounts_.back().rule, requests_.size() - 1});
    }

    void request(std::size_t which, ChildKey key)
    {
        requests_.push_back({key, which == 1});
        const Ticket ticket = requests_.size() - 1;
        const bool known = key < accounts_.size();
        if (which == 0) {
            if (known) accounts_[key].held = true;
            if (known) accounts_[key].owed = false;
            return feed(tree_event::TerminateAsked{key, ticket});
        }
        if (which == 2) return feed(tree_event::DeleteAsked{key, ticket});
        if (known && rules_->state(key) == ChildState::down && !ending_) {
            accounts_[key].held = false;
            accounts_[key].asked = true;
        }
        feed(tree_event::RestartAsked{key, ticket});
    }

    // ---- What must come of it

    template <class Event>
    void feed(const Event& event)
    {
        event_ = TreeEvent{event}.index();
        note(event);
        if (group_ && none_alive(*group_)) group_.reset();
        for (const auto& command : rules_->step(event, now_))
            std::visit([this](const auto& c) { this->check(c); }, command);
        if (!finished_) check_quiet();
    }

    template <class Event>
    void note(const Event&)
    {
        if constexpr (std::is_same_v<Event, tree_event::StopAsked>) expect(Cause::stopped);
        if constexpr (std::is_same_v<Event, tree_event::AbortAsked>) expect(Cause::aborted);
    }
    void note(const tree_event::ChildStarted& e)
    {
        auto& account = accounts_[e.child];
        account.running = true;
        if (account.told) return;
        account.fresh = false;
        account.asked = false;
    }
    void note(const tree_event::ChildEnded& e)
    {
        auto& account = accounts_[e.child];
        const auto was = account;
        account.alive = account.running = account.told = false;
        account.until.reset();
        if (ending_ || was.told) return;
        if (!was.running && was.fresh && !was.asked && !reported_ && (e.how == Ending::lost || !in_group(e.child)))
            return expect(Cause::start_failed);
        if (e.how == Ending::lost || in_group(e.child)) return;
        if (!was.running && was.asked) {
            account.held = true;
            return;
        }
        const bool again = was.rule.restart == Restart::permanent ||
                           (was.rule.restart == Restart::transient && (e.how == Ending::abnormal || !was.running));
        if (again) count(e.child);
    }

    void count(ChildKey key)
    {
        moments_.push_back(now_);
        const auto recent = std::count_if(
            moments_.begin(), moments_.end(), [this](auto moment) { return now_ - moment <= intensity_.within; });
        if (recent > static_cast<long>(intensity_.restarts)) return expect(Cause::intensity);
        ++total_restarts_;
        accounts_[key].owed = true;
        if (strategy_ == Strategy::one_for_one || (strategy_ == Strategy::rest_for_one && key >= listed_)) return;
        const ChildKey from = strategy_ == Strategy::one_for_all ? 0 : key;
        group_ = group_ ? std::min(*group_, from) : from;
    }

    void expect(Cause cause)
    {
        if (ending_) return;
        ending_ = cause;
        group_.reset();
    }

    // ---- What is commanded

    void check(const tree_command::StartChild& c)
    {
        auto& account = accounts_[c.child];
        require(!account.alive, "two lives of one child at the same time");
        require(!ending_, "a start after the end has begun");
        require(!account.held && !account.forgotten, "a start of a child that should stay down");
        require(!group_ || c.child < *group_, "a start while the group is being stopped");
        const bool in_turn = c.child < listed_ && event_ != asked_to_restart;
        if (in_turn && strategy_ != Strategy::one_for_one)
            require(none_alive(c.child), "a start before one behind it has ended");
        for (ChildKey before = 0; in_turn && account.fresh && before < c.child; ++before) {
            const auto& other = accounts_[before];
            require(!other.fresh || other.asked || other.held || other.forgotten,
                "a start before the one before it has started");
        }
        account.alive = true;
        account.owed = false;
    }
    void check(const tree_command::StopChild& c)
    {
        require(accounts_[c.child].rule.shutdown > 0ms, "a stop of what should be killed");
        tell(c.child);
        if (c.within) accounts_[c.child].until = now_ + *c.within;
        require(!c.within == (accounts_[c.child].rule.shutdown == shutdown_time::infinity), "infinity is no time");
    }
    void check(const tree_command::AbortChild& c)
    {
        auto& account = accounts_[c.child];
        require(account.alive, "an abort of what has ended");
        if (event_ == expired || event_ == asked_to_abort) {
            account.told = true;
            return account.until.reset();
        }
        require(account.rule.shutdown == 0ms, "an abort of what should be stopped");
        tell(c.child);
    }
    void tell(ChildKey key)
    {
        require(accounts_[key].alive && !accounts_[key].told, "a stop of what has ended, or a second one");
        if (key < listed_ && event_ != asked_to_terminate)
            require(none_alive(key + 1), "a stop before one behind it has ended");
        accounts_[key].told = true;
    }
    void check(const tree_command::Answer& c)
    {
        auto& request = requests_[c.ticket];
        require(!request.answered && request.child == c.child, "an answer to nobody");
        request.answered = true;
        if (c.outcome != Outcome::done) return;
        require(accounts_[c.child].running == request.for_start, "an answer that is not true");
    }
    void check(const tree_command::Forget& c)
    {
        require(!accounts_[c.child].alive && !accounts_[c.child].forgotten, "forgotten while alive, or twice");
        require(!accounts_[c.child].owed, "forgotten instead of started");
        accounts_[c.child].forgotten = true;
    }
    void check(const tree_command::ReportStarted&)
    {
        require(!std::exchange(reported_, true), "a second report");
        for (ChildKey key = 0; key < listed_; ++key)
            require(!accounts_[key].fresh || accounts_[key].asked || accounts_[key].held || accounts_[key].forgotten,
                "a report too early");
    }
    void check(const tree_command::Finish& c)
    {
        require(none_alive(0), "an end before all children have ended");
        require(ending_ == c.cause, "an end without a reason");
        for (const auto& request : requests_) require(request.answered, "a request without an answer");
        finished_ = true;
    }

    /// When nobody starts and nobody stops, nobody may be left waiting.
    void check_quiet()
    {
        for (const auto& account : accounts_)
            if (account.alive && (!account.running || account.told)) return;
        require(!ending_, "nothing more to stop, and no end");
        require(reported_, "nothing more to start, and no report");
        for (const auto& account : accounts_) require(!account.owed, "a restart that is forgotten");
        for (ChildKey key = 0; key < accounts_.size(); ++key)
            require(rules_->state(key) != ChildState::waiting, "a child that waits for ever");
    }

    /// Of the list from here on, and of the dynamic children.
    [[nodiscard]] bool none_alive(ChildKey from) const
    {
        for (auto key = from; key < accounts_.size(); ++key)
            if (accounts_[key].alive) return false;
        return true;
    }
    [[nodiscard]] bool in_group(ChildKey key) const { return group_ && key < listed_ && key >= *group_; }

    static constexpr std::size_t expired = TreeEvent{tree_event::Expired{}}.index();
    static constexpr std::size_t asked_to_abort = TreeEvent{tree_event::AbortAsked{}}.index();
    static constexpr std::size_t asked_to_restart = TreeEvent{tree_event::RestartAsked{}}.index();
    static constexpr std::size_t asked_to_terminate = TreeEvent{tree_event::TerminateAsked{}}.index();

    Chance& chance_;
    Milliseconds& now_;
    Strategy strategy_{};
    Intensity intensity_;
    std::optional<RestartRules> rules_;
    std::vector<Account> accounts_; // by key
    std::size_t listed_ = 0;
    std::vector<Request> requests_; // by ticket
    std::deque<Milliseconds> moments_;
    std::optional<ChildKey> group_; // from here on children are being stopped, to be restarted
    std::optional<Cause> ending_;
    std::size_t event_ = 0;
    int steps_to_end_ = 0;
    long total_restarts_ = 0;
    bool reported_ = false;
    bool finished_ = false;
    const char* broken_ = nullptr;
};

} // namespace

TEST_CASE("clients that are killed at random for a million steps are restarted as the rules say", "[core]")
{
    Chance chance;
    Milliseconds now{0};
    long steps = 0;
    long worlds = 0;
    long restarts = 0;
    while (steps < 1'000'000) {
        World world{chance, now};
        for (; !world.finished(); ++steps) world.step();
        ++worlds;
        restarts += world.restarts();
        if (!world.broken()) continue;
        CAPTURE(worlds, steps);
        FAIL(world.broken());
    }
    CHECK(worlds > 10'000);
    CHECK(restarts > 50'000);
}
