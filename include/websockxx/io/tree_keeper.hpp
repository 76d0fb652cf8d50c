// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/io/tree.hpp>

#include <boost/asio/post.hpp>
#include <boost/system/errc.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <variant>

namespace websockxx::io {

namespace tree_detail {

// Far enough for every purpose, and safe to add to any moment.
inline constexpr std::chrono::milliseconds longest = std::chrono::hours{24 * 365};

// What a factory threw, as the reason why there is no client.
inline CloseReason describe(const std::exception_ptr& exception)
{
    CloseReason reason{.by = CloseReason::By::local, .exception = exception};
    try {
        std::rethrow_exception(exception);
    }
    catch (const boost::system::system_error& e) {
        reason.error = Error{e.code() ? e.code() : make_error_code(errc::callback_threw), Phase::none, e.what()};
    }
    catch (const std::exception& e) {
        reason.error = Error{errc::callback_threw, Phase::none, e.what()};
    }
    catch (...) {
        reason.error = Error{errc::callback_threw};
    }
    return reason;
}

} // namespace tree_detail

/// The part of a tree that is at work: on the strand, and held by what is pending there. There always is something,
/// since the alarm is set for ever and ever.
class Tree::Keeper final : public Alarm::Listener, public std::enable_shared_from_this<Keeper> {
public:
    Keeper(std::shared_ptr<Tree> tree, Strand strand, std::unique_ptr<Alarm> alarm)
        : tree_(std::move(tree)), strand_(std::move(strand)), alarm_(std::move(alarm))
    {
    }

    // Without Finish this is the end of the executor's context, or of the memory.
    ~Keeper()
    {
        for (auto& [key, life] : lives_) life->abort();
        lives_.clear();
        tree_->end({.error = failure_});
    }

    Keeper(const Keeper&) = delete;
    Keeper& operator=(const Keeper&) = delete;

    // Called under the tree's lock, where no share of this must become the last one.
    void wake()
    {
        boost::asio::post(strand_, [weak = weak_from_this()] {
            if (const auto self = weak.lock()) self->work();
        });
    }

    void work()
    {
        guard([this] {
            for (const auto& event : tree_->take_events()) feed(event);
        });
    }

    void on_alarm() override
    {
        alarm_at_.reset();
        guard([this] { ring(); });
    }

private:
    using Moment = std::chrono::milliseconds;

    template <class Task>
    void guard(const Task& task)
    {
        if (finished_) return;
        try {
            task();
            if (!finished_) set_alarm();
        }
        catch (const std::bad_alloc&) {
            give_up(make_error_code(boost::system::errc::not_enough_memory));
        }
        catch (...) {
            give_up(tree_detail::describe(std::current_exception()).error);
        }
    }

    // From here on nothing holds this any more, so it ends, and all lives with it.
    void give_up(Error failure)
    {
        finished_ = true;
        failure_ = std::move(failure);
        alarm_->cancel();
    }

    void feed(const core::TreeEvent& event)
    {
        if (const auto* ended = std::get_if<core::tree_event::ChildEnded>(&event)) {
            lives_.erase(ended->child);
            disarm(ended->child);
        }
        for (const auto& command : tree_->step(event, alarm_->now()))
            std::visit([this](const auto& c) { run(c); }, command);
    }

    void run(const core::tree_command::StartChild& command)
    {
        const auto& spec = tree_->begin_life(command.child);
        const auto report = std::make_shared<LifeReport>(tree_, command.child);
        try {
            const auto executor =
                tree_->settings_.own_thread ? boost::asio::any_io_executor{} : tree_->settings_.executor;
            if (auto life = spec.birth(executor, report)) lives_.emplace(command.child, std::move(life));
        }
        catch (...) {
            report->ended(tree_detail::describe(std::current_exception()));
        }
    }

    void run(const core::tree_command::StopChild& command)
    {
        const auto life = lives_.find(command.child);
        if (life == lives_.end()) return; // could not begin: its end is on the way
        if (command.within) arm(command.child, std::min(*command.within, tree_detail::longest));
        life->second->stop();
    }

    void run(const core::tree_command::AbortChild& command)
    {
        const auto life = lives_.find(command.child);
        if (life != lives_.end()) life->second->abort();
    }

    void run(const core::tree_command::Answer& command) { tree_->answer(command); }
    void run(const core::tree_command::Forget& command) { tree_->forget(command.child); }
    void run(const core::tree_command::ReportStarted&) { tree_->report_started(); }

    void run(const core::tree_command::Finish& command)
    {
        finished_ = true;
        const auto self = shared_from_this(); // the alarm may be the last that holds this
        alarm_->cancel();
        tree_->finish(command);
    }

    void arm(core::ChildKey child, std::chrono::milliseconds after)
    {
        const auto at = alarm_->now() + after;
        moments_[child] = at;
        deadlines_.emplace(at, child);
    }

    void disarm(core::ChildKey child)
    {
        const auto moment = moments_.find(child);
        if (moment == moments_.end()) return;
        deadlines_.erase({moment->second, child});
        moments_.erase(moment);
    }

    /// Reports the deadlines that have passed.
    void ring()
    {
        while (!finished_ && !deadlines_.empty() && deadlines_.begin()->first <= alarm_->now()) {
            const auto child = deadlines_.begin()->second;
            disarm(child);
            feed(core::tree_event::Expired{child});
        }
    }

    void set_alarm()
    {
        const auto far = alarm_->now() + tree_detail::longest;
        const auto at = deadlines_.empty() ? far : deadlines_.begin()->first;
        if (alarm_at_ && *alarm_at_ <= at) return; // too early does no harm
        alarm_at_ = at;
        alarm_->set(at, shared_from_this());
    }

    const std::shared_ptr<Tree> tree_;
    const Strand strand_;
    const std::unique_ptr<Alarm> alarm_;
    std::unordered_map<core::ChildKey, std::unique_ptr<Life>> lives_;
    std::set<std::pair<Moment, core::ChildKey>> deadlines_;
    std::unordered_map<core::ChildKey, Moment> moments_; // of the same
    std::optional<Moment> alarm_at_;
    bool finished_ = false;
    Error failure_ = errc::runtime_ended;
};

} // namespace websockxx::io
