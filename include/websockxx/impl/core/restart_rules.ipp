// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/core/restart_rules.hpp>

#include <algorithm>
#include <utility>

namespace websockxx::core {

RestartRules::RestartRules(Strategy strategy, Intensity intensity, const std::vector<ChildRule>& list)
    : strategy_(strategy), intensity_(intensity)
{
    list_.reserve(list.size());
    for (const auto& rule : list) list_.push_back({.rule = rule});
}

TreeCommands RestartRules::step(const TreeEvent& event, std::chrono::milliseconds now)
{
    now_ = now;
    if (phase_ != Phase::done) std::visit([this](const auto& e) { on(e); }, event);
    return std::exchange(commands_, {});
}

ChildState RestartRules::state(ChildKey key) const
{
    if (in_list(key)) return list_[key].state;
    const auto found = dynamic_.find(key);
    return found == dynamic_.end() ? ChildState::down : found->second.state;
}

// ---- Events

void RestartRules::on(const tree_event::Begun&)
{
    if (phase_ != Phase::serving || reported_ || group_) return;
    group_ = Group{0, 0, false};
    go_on();
}

void RestartRules::on(const tree_event::ChildStarted& e)
{
    Child* child = find(e.child);
    if (!child || child->state != ChildState::starting) return; // told to stop meanwhile
    set_state(e.child, *child, ChildState::running);
    child->fresh = false;
    child->asked = false;
    answer_all(starters_, e.child, Outcome::done);
    go_on();
}

void RestartRules::on(const tree_event::ChildEnded& e)
{
    Child* child = find(e.child);
    if (!child || !alive(*child)) return;
    const auto was = child->state;
    set_state(e.child, *child, ChildState::down);
    if (phase_ == Phase::finishing) answer_all(stoppers_, e.child, Outcome::done);
    else if (was == ChildState::stopping) ended_stopped(e.child, *child, e.how);
    else if (was == ChildState::starting) ended_starting(e.child, *child, e.how);
    else ended_running(e.child, *child, e.how);
    go_on();
}

void RestartRules::on(const tree_event::Expired& e)
{
    const Child* child = find(e.child);
    if (child && child->state == ChildState::stopping) commands_.emplace_back(tree_command::AbortChild{e.child});
}

void RestartRules::on(const tree_event::StartAsked& e)
{
    if (phase_ != Phase::serving) {
        answer(e.ticket, e.child, Outcome::ended);
        commands_.emplace_back(tree_command::Forget{e.child});
        return;
    }
    auto& child = dynamic_.emplace(e.child, Child{.rule = e.rule, .asked = true}).first->second;
    starters_.emplace(e.child, e.ticket);
    if (!group_) start(e.child, child);
}

void RestartRules::on(const tree_event::TerminateAsked& e)
{
    Child* child = find(e.child);
    if (!child) return answer(e.ticket, e.child, Outcome::unknown);
    if (alive(*child)) {
        stoppers_.emplace(e.child, e.ticket);
        if (phase_ == Phase::finishing) return; // in its turn
        const bool stays = in_list(e.child) && child->rule.restart != Restart::temporary;
        return stop(e.child, *child, stays ? Then::stay_down : Then::forget);
    }
    answer(e.ticket, e.child, Outcome::done);
    answer_all(starters_, e.child, Outcome::stopped);
    rest(e.child, *child, true);
}

void RestartRules::on(const tree_event::RestartAsked& e)
{
    Child* child = find(e.child);
    if (!child) return answer(e.ticket, e.child, Outcome::unknown);
    if (phase_ != Phase::serving) return answer(e.ticket, e.child, Outcome::ended);
    if (child->state != ChildState::down) return answer(e.ticket, e.child, Outcome::not_down);
    child->asked = true;
    child->held = false;
    starters_.emplace(e.child, e.ticket);
    const bool has_turn = group_ && (group_->stopping ? e.child >= group_->from : e.child > group_->next);
    if (has_turn) set_state(e.child, *child, ChildState::waiting);
    else start(e.child, *child);
}

void RestartRules::on(const tree_event::DeleteAsked& e)
{
    Child* child = find(e.child);
    if (!child) return answer(e.ticket, e.child, Outcome::unknown);
    if (child->state != ChildState::down) return answer(e.ticket, e.child, Outcome::not_down);
    answer(e.ticket, e.child, Outcome::done);
    forget(e.child, *child);
}

void RestartRules::on(const tree_event::StopAsked&) { finish(Cause::stopped, 0); }

void RestartRules::on(const tree_event::AbortAsked&)
{
    if (std::exchange(aborting_, true)) return;
    const auto abort = [this](ChildKey key, Child& child) {
        if (!alive(child)) return;
        set_state(key, child, ChildState::stopping);
        commands_.emplace_back(tree_command::AbortChild{key});
    };
    for (auto it = dynamic_.rbegin(); it != dynamic_.rend(); ++it) abort(it->first, it->second);
    for (auto key = list_.size(); key > 0; --key) abort(key - 1, list_[key - 1]);
    finish(Cause::aborted, 0); // they count as stopped there
    go_on();
}

// ---- Groups

void RestartRules::go_on()
{
    if (phase_ == Phase::finishing) return go_on_finishing();
    if (group_ && group_->stopping) stop_group();
    if (group_ && !group_->stopping) start_group();
}

void RestartRules::stop_group()
{
    if (dynamic_alive_ > 0) return;
    while (group_->next > group_->from) {
        const ChildKey key = group_->next - 1;
        auto& child = list_[key];
        if (alive(child)) return stop(key, child, Then::restart);
        --group_->next;
        if (!child.forgotten && !child.held) set_state(key, child, ChildState::waiting);
    }
    group_->stopping = false;
}

void RestartRules::start_group()
{
    for (; group_->next < list_.size(); ++group_->next) {
        auto& child = list_[group_->next];
        if (child.state == ChildState::waiting) start(group_->next, child);
        if (child.state == ChildState::starting || child.state == ChildState::stopping) return;
    }
    group_.reset();
    if (!std::exchange(reported_, true)) commands_.emplace_back(tree_command::ReportStarted{});
    for (auto& [key, child] : dynamic_)
        if (child.state == ChildState::waiting) start(key, child);
}

// While a group is being stopped, others of it may end by themselves, or fail as well.
bool RestartRules::awaits_stop(ChildKey key) const noexcept
{
    return group_ && group_->stopping && in_list(key) && key >= group_->from;
}

void RestartRules::restart_group(std::size_t from)
{
    if (group_ && group_->stopping) group_->from = std::min(group_->from, from);
    else group_ = Group{from, list_.size(), true};
    for (auto it = dynamic_.rbegin(); it != dynamic_.rend(); ++it)
        if (alive(it->second)) stop(it->first, it->second, Then::restart);
}

void RestartRules::finish(Cause cause, ChildKey key)
{
    if (phase_ != Phase::serving) return;
    phase_ = Phase::finishing;
    finish_ = {cause, key};
    group_.reset();
    unstopped_ = list_.size();
    for (const auto& [child, ticket] : starters_) answer(ticket, child, Outcome::ended);
    starters_.clear();
    for (auto it = dynamic_.rbegin(); it != dynamic_.rend(); ++it)
        if (alive(it->second)) stop(it->first, it->second, Then::forget);
    go_on();
}

void RestartRules::go_on_finishing()
{
    if (dynamic_alive_ > 0) return;
    for (; unstopped_ > 0; --unstopped_) {
        auto& child = list_[unstopped_ - 1];
        if (alive(child)) return stop(unstopped_ - 1, child, Then::stay_down);
    }
    phase_ = Phase::done;
    commands_.emplace_back(finish_);
}

// ---- One child

void RestartRules::start(ChildKey key, Child& child)
{
    set_state(key, child, ChildState::starting);
    commands_.emplace_back(tree_command::StartChild{key});
}

void RestartRules::stop(ChildKey key, Child& child, Then then)
{
    if (then == Then::restart && child.rule.restart == Restart::temporary) then = Then::forget;
    const bool again = child.state == ChildState::stopping;
    child.then = again ? std::max(child.then, then) : then;
    if (again) return;
    set_state(key, child, ChildState::stopping);
    const auto within = child.rule.shutdown;
    if (within == shutdown_time::infinity) commands_.emplace_back(tree_command::StopChild{key, std::nullopt});
    else if (within.count() > 0) commands_.emplace_back(tree_command::StopChild{key, within});
    else commands_.emplace_back(tree_command::AbortChild{key});
}

void RestartRules::ended_stopped(ChildKey key, Child& child, Ending how)
{
    const auto then = how == Ending::lost ? Then::forget : child.then;
    answer_all(stoppers_, key, Outcome::done);
    if (then == Then::restart) return set_state(key, child, ChildState::waiting);
    answer_all(starters_, key, Outcome::stopped);
    if (then == Then::forget) forget(key, child);
    else rest(key, child, true);
}

void RestartRules::ended_starting(ChildKey key, Child& child, Ending how)
{
    if (how != Ending::lost && awaits_stop(key)) return set_state(key, child, ChildState::waiting);
    if (child.fresh && !reported_ && !child.asked) return finish(Cause::start_failed, key);
    if (child.asked || how == Ending::lost) {
        answer_all(starters_, key, Outcome::failed);
        return how == Ending::lost ? forget(key, child) : rest(key, child, true);
    }
    restart(key, child);
}

void RestartRules::ended_running(ChildKey key, Child& child, Ending how)
{
    if (how == Ending::lost || child.rule.restart == Restart::temporary) return forget(key, child);
    if (awaits_stop(key)) return; // stop_group() comes by
    if (child.rule.restart == Restart::transient && how == Ending::normal) return rest(key, child, false);
    restart(key, child);
}

void RestartRules::restart(ChildKey key, Child& child)
{
    if (too_many_restarts()) return finish(Cause::intensity, key);
    const bool alone = strategy_ == Strategy::one_for_one || (strategy_ == Strategy::rest_for_one && !in_list(key));
    if (alone) return start(key, child);
    set_state(key, child, ChildState::waiting);
    restart_group(strategy_ == Strategy::one_for_all ? 0 : key);
}

// A moment counts as long as no more than `within` has passed since, as in OTP.
bool RestartRules::too_many_restarts()
{
    restarts_.push_back(now_);
    while (now_ - restarts_.front() > intensity_.within) restarts_.pop_front();
    return restarts_.size() > intensity_.restarts;
}

/// It has ended for now; a dynamic child for good.
void RestartRules::rest(ChildKey key, Child& child, bool held)
{
    if (!in_list(key) || child.rule.restart == Restart::temporary) return forget(key, child);
    set_state(key, child, ChildState::down);
    child.asked = false;
    child.held = held;
}

void RestartRules::forget(ChildKey key, Child& child)
{
    commands_.emplace_back(tree_command::Forget{key});
    set_state(key, child, ChildState::down);
    if (in_list(key)) child.forgotten = true;
    else dynamic_.erase(key);
}

RestartRules::Child* RestartRules::find(ChildKey key)
{
    if (in_list(key)) return list_[key].forgotten ? nullptr : &list_[key];
    const auto found = dynamic_.find(key);
    return found == dynamic_.end() ? nullptr : &found->second;
}

bool RestartRules::alive(const Child& child) noexcept
{
    return child.state == ChildState::starting || child.state == ChildState::running ||
           child.state == ChildState::stopping;
}

void RestartRules::set_state(ChildKey key, Child& child, ChildState state)
{
    const bool was_alive = alive(child);
    child.state = state;
    if (in_list(key) || was_alive == alive(child)) return;
    if (was_alive) --dynamic_alive_;
    else ++dynamic_alive_;
}

void RestartRules::answer(Ticket ticket, ChildKey key, Outcome outcome)
{
    commands_.emplace_back(tree_command::Answer{ticket, key, outcome});
}

void RestartRules::answer_all(std::multimap<ChildKey, Ticket>& tickets, ChildKey key, Outcome outcome)
{
    const auto [first, last] = tickets.equal_range(key);
    for (auto it = first; it != last; ++it) answer(it->second, key, outcome);
    tickets.erase(first, last);
}

} // namespace websockxx::core
