// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/core/command.hpp>
#include <websockxx/core/event.hpp>
#include <websockxx/core/session.hpp>

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

/// @file What a session hears and says, in words: what a failed test prints, and what commands are compared by. So
/// everything that matters in a command has a word here.
namespace websockxx::test {

[[nodiscard]] inline std::string to_string(core::Session::State state)
{
    constexpr std::array names{
        "idle", "preparing", "opening", "greeting", "open", "closing", "lingering", "asking", "waiting", "done"};
    return names.at(static_cast<std::size_t>(state));
}

[[nodiscard]] inline std::string to_string(core::Timer timer)
{
    constexpr std::array names{"open", "connect", "close", "linger", "heartbeat", "retry", "message"};
    static_assert(names.size() == core::timer_count);
    return names.at(static_cast<std::size_t>(timer));
}

[[nodiscard]] inline std::string to_string(std::chrono::milliseconds time)
{
    return std::to_string(time.count()) + "ms";
}

[[nodiscard]] inline std::string quoted(const std::string& text) { return " \"" + text + '"'; }

[[nodiscard]] inline std::string to_string(const std::optional<CloseFrame>& frame)
{
    return frame ? std::to_string(frame->code) + quoted(frame->text) : "none";
}

[[nodiscard]] inline std::string to_string(const CloseReason& reason)
{
    constexpr std::array by{"local", "remote", "transport"};
    std::string words = by.at(static_cast<std::size_t>(reason.by));
    if (reason.sent) words += ", sent " + to_string(reason.sent);
    if (reason.received) words += ", received " + to_string(reason.received);
    if (reason.clean) words += ", clean";
    if (reason.error) words += ", " + reason.error.message();
    if (reason.exception) words += ", an exception";
    return words;
}

[[nodiscard]] inline std::string to_string(const Conn& conn)
{
    return conn.url() + (conn.timeouts == Timeouts{} ? "" : " with timeouts");
}

[[nodiscard]] inline std::string to_string(const Decision& decision)
{
    constexpr std::array kinds{"stop", "reconnect", "ask the policy"};
    std::string words = kinds.at(static_cast<std::size_t>(decision.kind()));
    if (decision.delay()) words += " after " + to_string(*decision.delay());
    if (decision.conn() != nullptr) words += " to " + to_string(*decision.conn());
    return words;
}

/// Says events and commands. Those without a payload say only their name.
struct Words {
    using Text = std::string;

    // Events
    Text operator()(const core::event::Started&) const { return "Started"; }
    Text operator()(const core::event::Prepared& e) const { return "Prepared " + to_string(e.conn); }
    Text operator()(const core::event::PrepareFailed& e) const { return "PrepareFailed: " + e.error.message(); }
    Text operator()(const core::event::TransportConnected&) const { return "TransportConnected"; }
    Text operator()(const core::event::TransportOpened&) const { return "TransportOpened"; }
    Text operator()(const core::event::Opened&) const { return "Opened"; }
    Text operator()(const core::event::OpenFailed& e) const { return "OpenFailed: " + e.error.message(); }
    Text operator()(const core::event::ConnectAnswered&) const { return "ConnectAnswered"; }
    Text operator()(const core::event::CloseAsked& e) const { return "CloseAsked" + close(e.code, e.text); }
    Text operator()(const core::event::ReplyFailed& e) const { return "ReplyFailed: " + e.error.message(); }
    Text operator()(const core::event::Threw& e) const { return "Threw: " + e.error.message(); }
    Text operator()(const core::event::ClosePassed& e) const
    {
        return "ClosePassed, sent " + to_string(e.sent) + ", received " + to_string(e.received);
    }
    Text operator()(const core::event::ProtocolFailed& e) const
    {
        return "ProtocolFailed: " + e.error.message() + ", sent " + to_string(e.sent);
    }
    Text operator()(const core::event::Lost& e) const
    {
        return "Lost: " + e.ec.message() + (e.unsent ? ", with something unsent" : "");
    }
    Text operator()(const core::event::MessageBegan&) const { return "MessageBegan"; }
    Text operator()(const core::event::Expired& e) const
    {
        return "Expired " + to_string(e.timer) + ", quiet for " + to_string(e.quiet) +
               (e.unfinished ? ", a message unfinished for " + to_string(*e.unfinished) : "");
    }
    Text operator()(const core::event::Decided& e) const { return "Decided: " + to_string(e.decision); }
    Text operator()(const core::event::StopAsked& e) const { return "StopAsked: " + e.error.message(); }
    Text operator()(const core::event::PauseAsked&) const { return "PauseAsked"; }
    Text operator()(const core::event::ResumeAsked&) const { return "ResumeAsked"; }

    // Commands
    Text operator()(const core::command::Prepare& c) const
    {
        return "Prepare " + to_string(c.conn) + ", attempt " + std::to_string(c.attempt);
    }
    Text operator()(const core::command::Open& c) const { return "Open " + to_string(c.conn); }
    Text operator()(const core::command::Arm& c) const
    {
        return "Arm " + to_string(c.timer) + ' ' + to_string(c.after);
    }
    Text operator()(const core::command::Disarm& c) const { return "Disarm " + to_string(c.timer); }
    Text operator()(const core::command::CallConnect&) const { return "CallConnect"; }
    Text operator()(const core::command::SendClose& c) const { return "SendClose" + close(c.code, c.text); }
    Text operator()(const core::command::SendPing&) const { return "SendPing"; }
    Text operator()(const core::command::Shutdown&) const { return "Shutdown"; }
    Text operator()(const core::command::Drop&) const { return "Drop"; }
    Text operator()(const core::command::ReportStarted& c) const { return "ReportStarted: " + c.error.message(); }
    Text operator()(const core::command::CallDisconnect& c) const
    {
        return "CallDisconnect: " + to_string(c.reason) + ", attempt " + std::to_string(c.attempt) +
               (c.established ? ", established" : "");
    }
    Text operator()(const core::command::CallTerminate& c) const { return "CallTerminate: " + to_string(c.reason); }
    Text operator()(const core::command::Finish& c) const { return "Finish: " + to_string(c.reason); }

private:
    [[nodiscard]] static Text close(const std::optional<std::uint16_t>& code, const Text& text)
    {
        return (code ? ' ' + std::to_string(*code) : " without a code") + (text.empty() ? "" : quoted(text));
    }
};

[[nodiscard]] inline std::string to_string(const core::Event& event) { return std::visit(Words{}, event); }
[[nodiscard]] inline std::string to_string(const core::Command& command) { return std::visit(Words{}, command); }

[[nodiscard]] inline std::vector<std::string> to_strings(const core::Commands& commands)
{
    std::vector<std::string> words;
    words.reserve(commands.size());
    for (const auto& command : commands) words.push_back(to_string(command));
    return words;
}

} // namespace websockxx::test
