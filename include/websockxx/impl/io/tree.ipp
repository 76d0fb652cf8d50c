// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/io/tree.hpp>

#include <websockxx/io/completion_work.hpp>
#include <websockxx/io/tree_keeper.hpp>

#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/system_executor.hpp>

#include <algorithm>
#include <set>
#include <utility>

namespace websockxx::io {

namespace tree_detail {

core::Ending ending(const CloseReason& reason)
{
    if (reason.error.code() == errc::runtime_ended) return core::Ending::lost;
    return is_abnormal(reason) ? core::Ending::abnormal : core::Ending::normal;
}

std::vector<core::ChildRule> rules_of(const std::vector<TreeChild>& list)
{
    std::vector<core::ChildRule> rules;
    rules.reserve(list.size());
    for (const auto& child : list) rules.push_back(child.rule);
    return rules;
}

error_code blocking_error(const std::vector<boost::asio::any_io_executor>& executors)
{
    for (const auto& executor : executors)
        if (const auto ec = Mailbox{executor, 0, false}.blocking_error()) return ec;
    return {};
}

// The end of a supervisor has nothing to do with close frames.
std::string words_of(const CloseReason& reason)
{
    const bool supervisor = reason.error.code() == errc::restart_intensity_reached;
    return supervisor ? reason.error.message() : reason.message();
}

// A client whose first connection was closed in order has no error, but has not been started either.
Error start_error(const CloseReason& reason) { return reason.error ? reason.error : Error{errc::connection_lost}; }

} // namespace tree_detail

// ---- LifeReport

LifeReport::LifeReport(std::shared_ptr<Tree> tree, core::ChildKey child) : tree_(std::move(tree)), child_(child) {}

LifeReport::~LifeReport() { ended({.error = errc::runtime_ended}); }

void LifeReport::started(std::shared_ptr<Mailbox> client, std::shared_ptr<Tree> tree)
{
    const std::lock_guard lock{mutex_};
    if (!ended_) tree_->on_started(child_, std::move(client), std::move(tree));
}

void LifeReport::ended(CloseReason reason)
{
    const std::lock_guard lock{mutex_};
    if (!std::exchange(ended_, true)) tree_->on_ended(child_, std::move(reason));
}

// ---- Tree

Tree::Tree(Settings settings, std::vector<TreeChild> list)
    : settings_(std::move(settings)),
      end_box_(std::make_shared<Mailbox>(settings_.executor, 0, settings_.own_thread)),
      rules_(settings_.strategy, settings_.intensity, tree_detail::rules_of(list))
{
    for (auto& child : list) (void)add(std::move(child));
}

Tree::~Tree() = default;

result<void> Tree::check(const std::vector<TreeChild>& list)
{
    std::set<std::string_view> ids;
    for (const auto& child : list)
        if (!child.id.empty() && !ids.insert(child.id).second) return Error{errc::child_exists, Phase::none, child.id};
    return {};
}

core::ChildKey Tree::add(TreeChild child)
{
    const auto key = next_key_++;
    Entry entry;
    for (auto number = key + 1; child.id.empty() || ids_.contains(child.id); ++number)
        child.id = "#" + std::to_string(number);
    ids_.emplace(child.id, key);
    entry.spec = std::move(child);
    children_.emplace(key, std::move(entry));
    return key;
}

std::shared_ptr<Tree> Tree::make_ended(Error error)
{
    auto tree = std::make_shared<Tree>(Settings{.executor = boost::asio::system_executor{}}, std::vector<TreeChild>{});
    tree->end({.error = std::move(error)});
    return tree;
}

void Tree::begin(Handler started, const MakeAlarm& make)
{
    const Strand strand{settings_.executor};
    const auto keeper = std::make_shared<Keeper>(shared_from_this(), strand, make(strand));
    {
        const std::lock_guard lock{mutex_};
        if (closed_) return refuse(std::move(started), reason_->error);
        replies_.emplace(0, make_reply(std::move(started)));
        events_.emplace_back(core::tree_event::Begun{});
        keeper_ = keeper.get();
        awake_ = true;
    }
    boost::asio::post(strand, [keeper] { keeper->work(); });
}

void Tree::cancel_start()
{
    const std::lock_guard lock{mutex_};
    if (replies_.contains(0)) put(core::tree_event::StopAsked{});
}

bool Tree::put(core::TreeEvent event)
{
    if (closed_) return false;
    events_.push_back(std::move(event));
    if (keeper_ && !awake_) {
        keeper_->wake();
        awake_ = true;
    }
    return true;
}

// Under the lock, so the executor's context is there as long as this has not ended.
Tree::Reply Tree::make_reply(Handler handler, std::string id) const
{
    const auto via = closed_ ? boost::asio::any_io_executor{boost::asio::system_executor{}} : settings_.executor;
    auto work = completion_work(handler, via);
    return {std::move(handler), std::move(work), std::move(id)};
}

core::Ticket Tree::keep_reply(Handler handler, std::string id)
{
    const auto ticket = ++last_ticket_;
    replies_.emplace(ticket, make_reply(std::move(handler), std::move(id)));
    return ticket;
}

void Tree::refuse(Handler handler, Error error) const
{
    const auto via = closed_ ? boost::asio::any_io_executor{boost::asio::system_executor{}} : settings_.executor;
    complete(via, make_reply(std::move(handler)), std::move(error));
}

// Posted: never from inside the function that was called, nor in the middle of what the tree does.
void Tree::complete(const boost::asio::any_io_executor& via, Reply reply, Error error)
{
    boost::asio::post(via, [reply = std::move(reply), error = std::move(error)]() mutable {
        auto work = std::move(reply.work);
        boost::asio::dispatch(work, [reply = std::move(reply), error = std::move(error)]() mutable {
            std::move(reply.handler)(error, error ? std::string{} : std::move(reply.id));
        });
    });
}

const Tree::Entry* Tree::find(std::string_view id) const
{
    const auto key = ids_.find(std::string{id});
    return key == ids_.end() ? nullptr : &children_.at(key->second);
}

void Tree::start_child(TreeChild child, Handler handler)
{
    const std::lock_guard lock{mutex_};
    if (closed_) return refuse(std::move(handler), errc::supervisor_ended);
    if (ids_.contains(child.id)) {
        return refuse(std::move(handler), Error{errc::child_exists, Phase::none, child.id});
    }
    const auto rule = child.rule;
    const auto key = add(std::move(child));
    put(core::tree_event::StartAsked{key, rule, keep_reply(std::move(handler), children_.at(key).spec.id)});
}

template <class Event>
void Tree::ask(std::string_view id, Handler handler)
{
    const std::lock_guard lock{mutex_};
    if (closed_) return refuse(std::move(handler), errc::supervisor_ended);
    const auto key = ids_.find(std::string{id});
    if (key == ids_.end()) return refuse(std::move(handler), Error{errc::no_such_child, Phase::none, id});
    put(Event{key->second, keep_reply(std::move(handler))});
}

void Tree::terminate_child(std::string_view id, Handler handler)
{
    ask<core::tree_event::TerminateAsked>(id, std::move(handler));
}

void Tree::restart_child(std::string_view id, Handler handler)
{
    ask<core::tree_event::RestartAsked>(id, std::move(handler));
}

void Tree::delete_child(std::string_view id, Handler handler)
{
    ask<core::tree_event::DeleteAsked>(id, std::move(handler));
}

void Tree::stop()
{
    const std::lock_guard lock{mutex_};
    put(core::tree_event::StopAsked{}); // refused: it has ended already
}

void Tree::abort()
{
    const std::lock_guard lock{mutex_};
    put(core::tree_event::AbortAsked{});
}

// ---- What is known

std::vector<Tree::Child> Tree::which_children() const
{
    std::vector<Child> all;
    std::vector<core::ChildKey> keys;
    const std::lock_guard lock{mutex_};
    for (const auto& [key, entry] : children_) keys.push_back(key);
    std::sort(keys.begin(), keys.end()); // the order of the list, and then of the calls
    for (const auto key : keys) {
        const auto& entry = children_.at(key);
        all.push_back({.id = entry.spec.id,
            .state = rules_.state(key),
            .restart = entry.spec.rule.restart,
            .supervisor = entry.spec.type == nullptr,
            .restarts = entry.lives > 0 ? entry.lives - 1 : 0,
            .client = entry.client});
    }
    return all;
}

ChildCount Tree::count_children() const
{
    ChildCount count;
    const std::lock_guard lock{mutex_};
    for (const auto& [key, entry] : children_) {
        ++count.specs;
        if (rules_.state(key) == ChildState::running) ++count.active;
        ++(entry.spec.type ? count.workers : count.supervisors);
    }
    return count;
}

std::shared_ptr<Mailbox> Tree::find_client(std::string_view id, const std::type_info* type) const
{
    const std::lock_guard lock{mutex_};
    const auto* entry = find(id);
    if (!entry || (type && (!entry->spec.type || *entry->spec.type != *type))) return nullptr;
    return entry->client;
}

std::shared_ptr<Tree> Tree::find_tree(std::string_view id) const
{
    const std::lock_guard lock{mutex_};
    const auto* entry = find(id);
    return entry ? entry->tree : nullptr;
}

std::optional<SupervisorReason> Tree::reason() const
{
    if (!end_box_->ended()) return std::nullopt;
    const std::lock_guard lock{mutex_};
    return reason_;
}

error_code Tree::blocking_error() const
{
    if (const auto ec = end_box_->blocking_error()) return ec;
    const std::lock_guard lock{mutex_};
    for (const auto& [key, entry] : children_)
        if (const auto ec = tree_detail::blocking_error(entry.spec.executors)) return ec;
    return {};
}

error_code Tree::blocking_error(std::string_view id) const
{
    if (const auto ec = end_box_->blocking_error()) return ec;
    const std::lock_guard lock{mutex_};
    const auto* entry = find(id);
    return entry ? tree_detail::blocking_error(entry->spec.executors) : error_code{};
}

error_code Tree::blocking_error(const TreeChild& child) const
{
    if (const auto ec = end_box_->blocking_error()) return ec;
    return tree_detail::blocking_error(child.executors);
}

bool Tree::own_thread() const
{
    const std::lock_guard lock{mutex_};
    return settings_.own_thread && std::all_of(children_.begin(), children_.end(),
                                       [](const auto& c) { return c.second.spec.executors.empty(); });
}

// ---- What lives report

void Tree::on_started(core::ChildKey key, std::shared_ptr<Mailbox> client, std::shared_ptr<Tree> tree)
{
    const std::lock_guard lock{mutex_};
    const auto child = children_.find(key);
    if (closed_ || child == children_.end()) return;
    child->second.client = std::move(client);
    child->second.tree = std::move(tree);
    put(core::tree_event::ChildStarted{key});
}

void Tree::on_ended(core::ChildKey key, CloseReason reason)
{
    std::shared_ptr<Mailbox> client; // destroyed without the lock
    std::shared_ptr<Tree> tree;
    const std::lock_guard lock{mutex_};
    const auto child = children_.find(key);
    if (closed_ || child == children_.end()) return;
    const auto how = tree_detail::ending(reason);
    client = std::exchange(child->second.client, nullptr);
    tree = std::exchange(child->second.tree, nullptr);
    child->second.ended = std::move(reason);
    put(core::tree_event::ChildEnded{key, how});
}

// ---- For the Keeper

std::vector<core::TreeEvent> Tree::take_events()
{
    const std::lock_guard lock{mutex_};
    awake_ = false;
    return std::exchange(events_, {});
}

core::TreeCommands Tree::step(const core::TreeEvent& event, std::chrono::milliseconds now)
{
    const std::lock_guard lock{mutex_};
    return rules_.step(event, now);
}

// The child stays where it is: only the Keeper takes children out.
const TreeChild& Tree::begin_life(core::ChildKey key)
{
    const std::lock_guard lock{mutex_};
    auto& entry = children_.at(key);
    ++entry.lives;
    return entry.spec;
}

void Tree::answer(const core::tree_command::Answer& answer)
{
    using Outcome = core::tree_command::Answer::Outcome;
    const std::lock_guard lock{mutex_};
    auto node = replies_.extract(answer.ticket);
    if (node.empty()) return;
    Error error;
    switch (answer.outcome) {
    case Outcome::done: break;
    case Outcome::failed: error = tree_detail::start_error(children_.at(answer.child).ended); break;
    case Outcome::stopped: error = errc::stopped; break;
    case Outcome::not_down: error = errc::child_running; break;
    case Outcome::unknown: error = errc::no_such_child; break;
    case Outcome::ended: error = errc::supervisor_ended; break;
    }
    complete(settings_.executor, std::move(node.mapped()), std::move(error));
}

void Tree::report_started()
{
    const std::lock_guard lock{mutex_};
    if (auto node = replies_.extract(0)) complete(settings_.executor, std::move(node.mapped()), Error{});
}

void Tree::forget(core::ChildKey key)
{
    decltype(children_)::node_type node; // what the user's factory holds is destroyed without the lock
    const std::lock_guard lock{mutex_};
    node = children_.extract(key);
    if (node) ids_.erase(node.mapped().spec.id);
}

void Tree::finish(const core::tree_command::Finish& finish)
{
    using Cause = core::tree_command::Finish::Cause;
    SupervisorReason reason;
    {
        const std::lock_guard lock{mutex_};
        const auto child = children_.find(finish.child);
        const bool by_child = finish.cause == Cause::start_failed || finish.cause == Cause::intensity;
        if (by_child && child != children_.end()) {
            reason.child = child->second.spec.id;
            reason.child_ended = child->second.ended;
        }
    }
    switch (finish.cause) {
    case Cause::stopped: reason.error = errc::stopped; break;
    case Cause::aborted: reason.error = errc::aborted; break;
    case Cause::start_failed: reason.error = tree_detail::start_error(reason.child_ended); break;
    case Cause::intensity:
        reason.error = Error{errc::restart_intensity_reached, Phase::none,
            "child \"" + reason.child + "\": " + tree_detail::words_of(reason.child_ended)};
        break;
    }
    end(std::move(reason));
}

void Tree::end(SupervisorReason reason)
{
    const CloseReason why{.by = CloseReason::By::local, .error = reason.error};
    decltype(children_) children;
    decltype(replies_) replies;
    {
        const std::lock_guard lock{mutex_};
        if (std::exchange(closed_, true)) return;
        keeper_ = nullptr;
        events_.clear();
        ids_.clear();
        children.swap(children_);
        replies.swap(replies_);
        reason_ = reason;
    }
    children.clear(); // before whoever waits goes on: factories may refer to what he destroys next
    if (!reason.child.empty()) log(reason.message());
    end_box_->end(why);
    for (auto& [ticket, reply] : replies)
        complete(settings_.executor, std::move(reply), ticket == 0 ? why.error : Error{errc::supervisor_ended});
}

void Tree::log(std::string_view line) const
{
    if (!settings_.log) return;
    try {
        settings_.log(Severity::error, line);
    }
    catch (...) { // must not throw; if it does, only the line is lost
    }
}

} // namespace websockxx::io
