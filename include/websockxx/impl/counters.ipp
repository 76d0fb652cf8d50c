// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/counters.hpp>

#include <algorithm>
#include <iomanip>
#include <locale>
#include <ostream>
#include <sstream>

namespace websockxx {

namespace counters_detail {

// Nothing is published with a count: only that it is whole matters.
inline constexpr auto relaxed = std::memory_order_relaxed;

inline void add(std::atomic<std::uint64_t>& count, std::uint64_t more = 1) noexcept { count.fetch_add(more, relaxed); }

inline double seconds(std::chrono::nanoseconds time) { return std::chrono::duration<double>(time).count(); }
inline double milliseconds(std::chrono::nanoseconds time) { return seconds(time) * 1000; }

/// Writes metrics, each under its # HELP and # TYPE.
class Exposition {
public:
    explicit Exposition(std::string_view prefix) : prefix_(prefix)
    {
        out_.imbue(std::locale::classic());
        out_ << std::setprecision(12);
    }

    void family(std::string_view name, std::string_view type, std::string_view help)
    {
        name_ = prefix_ + '_' + std::string(name);
        out_ << "# HELP " << name_ << ' ' << help << "\n# TYPE " << name_ << ' ' << type << '\n';
    }
    template <class Value>
    void sample(Value value, std::string_view labels = {}, std::string_view suffix = {})
    {
        out_ << name_ << suffix;
        if (!labels.empty()) out_ << '{' << labels << '}';
        out_ << ' ' << value << '\n';
    }
    void count(std::string_view name, std::string_view help, std::uint64_t value)
    {
        family(name, "counter", help);
        sample(value);
    }
    void times(std::string_view name, std::string_view help, const CountersSnapshot::Times& times)
    {
        family(name, "summary", help);
        sample(seconds(times.sum), {}, "_sum");
        sample(times.count, {}, "_count");
    }

    [[nodiscard]] std::string text() const { return out_.str(); }

private:
    std::string prefix_;
    std::string name_;
    std::ostringstream out_;
};

inline void write_traffic(Exposition& out, const CountersSnapshot& all)
{
    const auto both = [&](std::string_view name, std::string_view help, std::uint64_t in, std::uint64_t sent) {
        out.family(name, "counter", help);
        out.sample(in, "direction=\"in\"");
        out.sample(sent, "direction=\"out\"");
    };
    both("messages_total", "Text and binary messages.", all.received.messages, all.sent.messages);
    both("message_bytes_total", "Bytes of their payloads, not compressed.", all.received.message_bytes,
        all.sent.message_bytes);
    both("frames_total", "Frames, of messages and of control.", all.received.frames, all.sent.frames);

    out.family("control_frames_total", "counter", "Control frames.");
    out.sample(all.received.pings, "direction=\"in\",type=\"ping\"");
    out.sample(all.received.pongs, "direction=\"in\",type=\"pong\"");
    out.sample(all.received.closes, "direction=\"in\",type=\"close\"");
    out.sample(all.sent.pings, "direction=\"out\",type=\"ping\"");
    out.sample(all.sent.pongs, "direction=\"out\",type=\"pong\"");
    out.sample(all.sent.closes, "direction=\"out\",type=\"close\"");
}

inline void print_traffic(std::ostream& out, const char* name, const CountersSnapshot::Traffic& traffic)
{
    out << name << traffic.messages << " messages, " << traffic.message_bytes << " bytes, " << traffic.frames
        << " frames (" << traffic.pings << " pings, " << traffic.pongs << " pongs, " << traffic.closes << " closes)\n";
}

inline void print_times(std::ostream& out, const char* name, const CountersSnapshot::Times& times)
{
    out << name << times.count << ", mean " << milliseconds(times.mean()) << " ms, max " << milliseconds(times.max)
        << " ms\n";
}

} // namespace counters_detail

void Counters::Traffic::add(const observed::Message& message) noexcept
{
    counters_detail::add(messages);
    counters_detail::add(message_bytes, message.bytes);
    counters_detail::add(frames, message.frames);
}

void Counters::Traffic::add(const observed::Control& control) noexcept
{
    counters_detail::add(controls[static_cast<std::size_t>(control.type)]);
    counters_detail::add(frames);
}

CountersSnapshot::Traffic Counters::Traffic::snapshot() const noexcept
{
    return {.messages = messages,
        .message_bytes = message_bytes,
        .pings = controls[0],
        .pongs = controls[1],
        .closes = controls[2],
        .frames = frames};
}

void Counters::Times::add(std::chrono::nanoseconds took) noexcept
{
    const std::int64_t value = took.count();
    count.fetch_add(1, counters_detail::relaxed);
    sum.fetch_add(value, counters_detail::relaxed);
    last.store(value, counters_detail::relaxed);
    auto before = max.load(counters_detail::relaxed);
    while (before < value && !max.compare_exchange_weak(before, value, counters_detail::relaxed)) {}
}

CountersSnapshot::Times Counters::Times::snapshot() const noexcept
{
    using std::chrono::nanoseconds;
    return {.count = count,
        .sum = nanoseconds{sum.load()},
        .last = nanoseconds{last.load()},
        .max = nanoseconds{max.load()}};
}

CountersSnapshot Counters::snapshot() const noexcept
{
    CountersSnapshot all;
    // The ended ones first: there are more of them only if counting began with a connection that was open.
    const std::uint64_t ended = connections_ended_;
    all.attempts = attempts_;
    all.attempts_failed = attempts_failed_;
    all.connections = connections_;
    all.connections_lost = connections_lost_;
    all.connections_open = all.connections - std::min(ended, all.connections);
    all.retries = retries_;
    all.terminated = terminated_;
    all.queue_high = queue_high_;
    all.received = received_.snapshot();
    all.sent = sent_.snapshot();
    all.open = open_.snapshot();
    all.round_trip = round_trip_.snapshot();
    all.callbacks = callbacks_.snapshot();
    all.callbacks_threw = callbacks_threw_;
    return all;
}

void Counters::attempt_started(const observed::AttemptStarted&) noexcept { counters_detail::add(attempts_); }

void Counters::upgraded(const observed::Upgraded& event) noexcept
{
    counters_detail::add(connections_);
    open_.add(event.took);
}

void Counters::disconnected(const observed::Disconnected& event) noexcept
{
    if (!event.established) return counters_detail::add(attempts_failed_);
    if (!event.reason.normal()) counters_detail::add(connections_lost_);
    counters_detail::add(connections_ended_);
}

void Counters::retry_scheduled(const observed::RetryScheduled&) noexcept { counters_detail::add(retries_); }
void Counters::message_received(const observed::Message& event) noexcept { received_.add(event); }
void Counters::message_sent(const observed::Message& event) noexcept { sent_.add(event); }
void Counters::control_received(const observed::Control& event) noexcept { received_.add(event); }
void Counters::control_sent(const observed::Control& event) noexcept { sent_.add(event); }
void Counters::queue_high(const observed::Queue&) noexcept { counters_detail::add(queue_high_); }

void Counters::callback_returned(const observed::CallbackReturned& event) noexcept
{
    callbacks_.add(event.took);
    if (event.threw) counters_detail::add(callbacks_threw_);
}

void Counters::round_trip(const observed::RoundTrip& event) noexcept { round_trip_.add(event.took); }
void Counters::terminated(const observed::Terminated&) noexcept { counters_detail::add(terminated_); }

std::string to_prometheus(const CountersSnapshot& all, std::string_view prefix)
{
    counters_detail::Exposition out{prefix};
    out.count("attempts_total", "Attempts to open a connection.", all.attempts);
    out.count("attempts_failed_total", "Attempts that failed.", all.attempts_failed);
    out.count("connections_total", "Connections that were opened.", all.connections);
    out.count("connections_lost_total", "Connections that did not end in order.", all.connections_lost);
    out.family("connections_open", "gauge", "Connections that are open now.");
    out.sample(all.connections_open);
    out.count("retries_total", "Retries that were scheduled.", all.retries);
    out.count("clients_terminated_total", "Clients that have ended.", all.terminated);
    out.count("send_queue_high_total", "How often the send queue reached its limit.", all.queue_high);
    counters_detail::write_traffic(out, all);
    out.times("open_seconds", "Time that it took to open a connection.", all.open);
    out.times("round_trip_seconds", "Heartbeat: from the ping to the pong.", all.round_trip);
    out.times("callback_seconds", "Time spent in callbacks.", all.callbacks);
    out.count("callback_exceptions_total", "Callbacks that threw.", all.callbacks_threw);
    return out.text();
}

std::ostream& operator<<(std::ostream& out, const CountersSnapshot& all)
{
    out << "attempts: " << all.attempts << ", failed " << all.attempts_failed << "\nconnections: " << all.connections
        << ", open " << all.connections_open << ", lost " << all.connections_lost << '\n';
    counters_detail::print_traffic(out, "received: ", all.received);
    counters_detail::print_traffic(out, "sent: ", all.sent);
    counters_detail::print_times(out, "callbacks: ", all.callbacks);
    counters_detail::print_times(out, "round trips: ", all.round_trip);
    return out;
}

} // namespace websockxx
