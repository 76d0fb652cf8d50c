// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/core/restart_rules.hpp>

#include <chrono>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace websockxx::test {

inline std::string words(const core::TreeCommand& command)
{
    namespace cmd = core::tree_command;
    constexpr const char* outcomes[] = {"done", "failed", "stopped", "not down", "unknown", "ended"};
    constexpr const char* causes[] = {"stopped", "aborted", "start failed", "intensity"};
    return std::visit(
        [&]<class Command>(const Command& c) -> std::string {
            if constexpr (std::is_same_v<Command, cmd::StartChild>) return "start " + std::to_string(c.child);
            else if constexpr (std::is_same_v<Command, cmd::StopChild>)
                return "stop " + std::to_string(c.child) +
                       (c.within ? " in " + std::to_string(c.within->count()) : " for ever");
            else if constexpr (std::is_same_v<Command, cmd::AbortChild>) return "abort " + std::to_string(c.child);
            else if constexpr (std::is_same_v<Command, cmd::Answer>)
                return "answer " + std::to_string(c.ticket) + " " + outcomes[static_cast<int>(c.outcome)];
            else if constexpr (std::is_same_v<Command, cmd::Forget>) return "forget " + std::to_string(c.child);
            else if constexpr (std::is_same_v<Command, cmd::ReportStarted>) return "all started";
            else return std::string{"finish: "} + causes[static_cast<int>(c.cause)];
        },
        command);
}

/// RestartRules on a bench: each call is an event, and returns the commands in words, as "start 0, start 1".
class TreeBench {
public:
    TreeBench(Strategy strategy, std::vector<core::ChildRule> list, Intensity intensity = {})
        : rules_(strategy, intensity, list), size_(list.size())
    {
    }
    /// The same with children that all have the defaults.
    TreeBench(Strategy strategy, std::size_t size, Intensity intensity = {})
        : TreeBench(strategy, std::vector<core::ChildRule>(size), intensity)
    {
    }

    std::chrono::milliseconds now{1'000'000};

    std::string begin() { return step(core::tree_event::Begun{}); }
    std::string started(core::ChildKey child) { return step(core::tree_event::ChildStarted{child}); }
    std::string crashed(core::ChildKey child)
    {
        return step(core::tree_event::ChildEnded{child, core::Ending::abnormal});
    }
    std::string closed(core::ChildKey child) { return step(core::tree_event::ChildEnded{child, core::Ending::normal}); }
    std::string lost(core::ChildKey child) { return step(core::tree_event::ChildEnded{child, core::Ending::lost}); }
    std::string expired(core::ChildKey child) { return step(core::tree_event::Expired{child}); }
    std::string stop() { return step(core::tree_event::StopAsked{}); }
    std::string abort() { return step(core::tree_event::AbortAsked{}); }
    std::string start_child(core::ChildKey child, core::Ticket ticket, core::ChildRule rule = {})
    {
        return step(core::tree_event::StartAsked{child, rule, ticket});
    }
    std::string terminate(core::ChildKey child, core::Ticket ticket)
    {
        return step(core::tree_event::TerminateAsked{child, ticket});
    }
    std::string restart(core::ChildKey child, core::Ticket ticket)
    {
        return step(core::tree_event::RestartAsked{child, ticket});
    }
    std::string remove(core::ChildKey child, core::Ticket ticket)
    {
        return step(core::tree_event::DeleteAsked{child, ticket});
    }
    [[nodiscard]] ChildState state(core::ChildKey child) const { return rules_.state(child); }
    [[nodiscard]] bool finished() const { return rules_.finished(); }

    /// Begins, and lets every child of the list start.
    TreeBench& up()
    {
        (void)begin();
        for (core::ChildKey child = 0; child < size_; ++child) (void)started(child);
        return *this;
    }

private:
    std::string step(const core::TreeEvent& event)
    {
        std::string line;
        for (const auto& command : rules_.step(event, now)) line += (line.empty() ? "" : ", ") + words(command);
        return line;
    }

    core::RestartRules rules_;
    std::size_t size_;
};

} // namespace websockxx::test
