// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/observer.hpp>

#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace websockxx::test {

/// Writes down what an observer hears, a line for each event.
class EventScript final : public Observer {
public:
    std::vector<std::string> lines;
    std::vector<std::uint64_t> clients;

    std::vector<std::string> take() { return std::exchange(lines, {}); }

    void attempt_started(const observed::AttemptStarted& e) noexcept override
    {
        add(e, "attempt", e.origin.attempt, e.url);
    }
    void resolved(const observed::Resolved& e) noexcept override { add(e, "resolved", e.addresses); }
    void connected(const observed::Connected& e) noexcept override { add(e, "connected", e.endpoint); }
    void tls_done(const observed::TlsDone& e) noexcept override { add(e, "tls", e.version, e.cipher); }
    void upgraded(const observed::Upgraded& e) noexcept override
    {
        add(e, "upgraded", e.again ? "again" : "first", e.subprotocol);
    }
    void disconnected(const observed::Disconnected& e) noexcept override
    {
        add(e, "disconnected", e.established ? "lost" : "failed", e.attempt, e.reason.code());
    }
    void retry_scheduled(const observed::RetryScheduled& e) noexcept override { add(e, "retry", e.delay.count()); }
    void message_received(const observed::Message& e) noexcept override
    {
        add(e, "message in", to_string(e.type), e.bytes, e.frames);
    }
    void message_sent(const observed::Message& e) noexcept override
    {
        add(e, "message out", to_string(e.type), e.bytes, e.frames);
    }
    void control_received(const observed::Control& e) noexcept override { add(e, "control in", name(e.type), e.bytes); }
    void control_sent(const observed::Control& e) noexcept override { add(e, "control out", name(e.type), e.bytes); }
    void queue_high(const observed::Queue& e) noexcept override { add(e, "high", e.bytes); }
    void queue_drained(const observed::Queue& e) noexcept override { add(e, "drained", e.bytes); }
    void callback_returned(const observed::CallbackReturned& e) noexcept override
    {
        add(e, "callback", to_string(e.callback), e.threw ? "threw" : "returned");
    }
    void round_trip(const observed::RoundTrip& e) noexcept override { add(e, "round trip", e.took.count()); }
    void terminated(const observed::Terminated& e) noexcept override { add(e, "terminated", e.reason.code()); }

private:
    template <class Event, class... Words>
    void add(const Event& event, const Words&... words) noexcept
    {
        std::ostringstream line;
        const char* separator = "";
        ((line << separator << words, separator = " "), ...);
        auto text = line.str();
        while (text.ends_with(' ')) text.pop_back();
        lines.push_back(std::move(text));
        clients.push_back(event.origin.client);
    }

    static const char* name(observed::Control::Type type)
    {
        constexpr const char* names[] = {"ping", "pong", "close"};
        return names[static_cast<std::size_t>(type)];
    }
};

/// Checks the grammar of one client's events that observer.hpp promises. Returns what is wrong, or "".
inline std::string check_grammar(const std::vector<std::string>& lines)
{
    enum class At { outside, attempt, resolved, connected, secured, open, between, ended };
    auto at = At::outside;
    std::size_t number = 0;
    bool high = false;
    for (const auto& line : lines) {
        ++number;
        const auto is = [&](std::string_view word) { return line.starts_with(word); };
        const auto wrong = [&] { return "event " + std::to_string(number) + ": " + line; };
        if (at == At::ended) return wrong();
        if (is("callback")) {
            // handle_disconnect() and terminate() are called behind the connection.
            const bool behind =
                line.find("handle_disconnect") != std::string::npos || line.find("terminate") != std::string::npos;
            if (behind ? at != At::between : at != At::open) return wrong();
        }
        else if (is("attempt")) {
            if (at != At::outside && at != At::between) return wrong();
            at = At::attempt;
        }
        else if (is("resolved")) {
            if (std::exchange(at, At::resolved) != At::attempt) return wrong();
        }
        else if (is("connected")) {
            if (at != At::attempt && at != At::resolved) return wrong();
            at = At::connected;
        }
        else if (is("tls")) {
            if (std::exchange(at, At::secured) != At::connected) return wrong();
        }
        else if (is("upgraded")) {
            if (at != At::connected && at != At::secured) return wrong();
            at = At::open;
        }
        else if (is("disconnected")) {
            const bool was_open = at == At::open;
            if (at == At::outside || at == At::between || high) return wrong();
            if (was_open != (line.find("lost") != std::string::npos)) return wrong();
            at = At::between;
        }
        else if (is("retry")) {
            if (at != At::between) return wrong();
        }
        else if (is("terminated")) {
            if (at != At::between && at != At::outside) return wrong();
            at = At::ended;
        }
        else if (at != At::open) return wrong();
        else if (is("high")) {
            if (std::exchange(high, true)) return wrong();
        }
        else if (is("drained")) {
            if (!std::exchange(high, false)) return wrong();
        }
    }
    return at == At::ended ? "" : "no end";
}

} // namespace websockxx::test
