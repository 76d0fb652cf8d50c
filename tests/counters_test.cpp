// SPDX-License-Identifier: BSL-1.0
#include <websockxx/counters.hpp>

#include "support/test.hpp"

#include <atomic>
#include <regex>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

using namespace websockxx;
using namespace std::chrono_literals;

namespace {

const CloseReason lost{.error = errc::connection_lost};
const CloseReason orderly{.by = CloseReason::By::remote, .received = CloseFrame{1000, ""}, .clean = true};

} // namespace

TEST_CASE("counters add up what they are told", "[counters]")
{
    using Control = observed::Control;
    Counters counters;
    for (int i = 0; i < 3; ++i) counters.attempt_started({});
    counters.disconnected({.origin = {}, .reason = lost});
    counters.retry_scheduled({});
    counters.upgraded({.took = 3ms});
    counters.upgraded({.took = 5ms});
    counters.disconnected({.origin = {}, .reason = lost, .established = true});
    counters.message_received({.bytes = 10, .frames = 3});
    counters.message_sent({.bytes = 7});
    counters.control_received({.type = Control::Type::ping});
    counters.control_sent({.type = Control::Type::pong});
    counters.control_sent({.type = Control::Type::close});
    counters.queue_high({});
    counters.callback_returned({.took = 2ms});
    counters.callback_returned({.took = 1ms, .threw = true});
    counters.round_trip({.took = 4ms});
    const auto all = counters.snapshot();
    CHECK(all.attempts == 3);
    CHECK(all.attempts_failed == 1);
    CHECK(all.connections == 2);
    CHECK(all.connections_lost == 1);
    CHECK(all.connections_open == 1);
    CHECK(all.retries == 1);
    CHECK(all.queue_high == 1);
    CHECK(all.received == CountersSnapshot::Traffic{.messages = 1, .message_bytes = 10, .pings = 1, .frames = 4});
    CHECK(
        all.sent == CountersSnapshot::Traffic{.messages = 1, .message_bytes = 7, .pongs = 1, .closes = 1, .frames = 3});
    CHECK(all.open == CountersSnapshot::Times{.count = 2, .sum = 8ms, .last = 5ms, .max = 5ms});
    CHECK(all.open.mean() == 4ms);
    CHECK(all.callbacks == CountersSnapshot::Times{.count = 2, .sum = 3ms, .last = 1ms, .max = 2ms});
    CHECK(all.callbacks_threw == 1);
    CHECK(all.round_trip.last == 4ms);

    counters.disconnected({.origin = {}, .reason = orderly, .established = true});
    counters.terminated({.origin = {}, .reason = orderly});
    CHECK(counters.snapshot().connections_open == 0);
    CHECK(counters.snapshot().connections_lost == 1);
    CHECK(counters.snapshot().terminated == 1);
}

TEST_CASE("counters may be told by several threads, and be read meanwhile", "[counters]")
{
    constexpr int each = 20'000;
    Counters counters;
    std::atomic<int> running{2};
    const auto tell = [&] {
        for (int i = 0; i < each; ++i) {
            counters.upgraded({.took = std::chrono::nanoseconds{i}});
            counters.message_received({.bytes = 2});
            counters.disconnected({.origin = {}, .reason = orderly, .established = true});
        }
        --running;
    };
    std::vector<std::thread> threads;
    threads.emplace_back(tell);
    threads.emplace_back(tell);
    bool sane = true;
    while (running > 0) sane = sane && counters.snapshot().connections_open <= 2 * each;
    for (auto& thread : threads) thread.join();
    CHECK(sane);
    const auto all = counters.snapshot();
    CHECK(all.connections == 2 * each);
    CHECK(all.connections_open == 0);
    CHECK(all.received.message_bytes == 4 * each);
    CHECK(all.open.max == std::chrono::nanoseconds{each - 1});
}

TEST_CASE("the text for Prometheus has a HELP, a TYPE and well-formed samples for each metric", "[counters]")
{
    Counters counters;
    counters.upgraded({.took = 250ms});
    counters.message_received({.bytes = 12});
    counters.control_sent({.type = observed::Control::Type::close});
    const auto text = to_prometheus(counters.snapshot());
    CHECK_THAT(text, ContainsSubstring("# TYPE websockxx_connections_total counter\nwebsockxx_connections_total 1\n"));
    CHECK_THAT(text, ContainsSubstring("# TYPE websockxx_connections_open gauge\nwebsockxx_connections_open 1\n"));
    CHECK_THAT(text, ContainsSubstring("websockxx_message_bytes_total{direction=\"in\"} 12\n"));
    CHECK_THAT(text, ContainsSubstring("websockxx_control_frames_total{direction=\"out\",type=\"close\"} 1\n"));
    CHECK_THAT(text, ContainsSubstring("websockxx_open_seconds_sum 0.25\nwebsockxx_open_seconds_count 1\n"));

    std::istringstream lines{text};
    std::string family;
    const std::regex sample{R"re(([a-z_]+)(\{[a-z]+="[a-z]+"(,[a-z]+="[a-z]+")*\})? [0-9.e+-]+)re"};
    for (std::string line; std::getline(lines, line);) {
        std::smatch found;
        INFO(line);
        if (line.starts_with("# HELP ")) family = line.substr(7, line.find(' ', 7) - 7);
        else if (line.starts_with("# TYPE ")) CHECK(line.substr(7, line.find(' ', 7) - 7) == family);
        else {
            REQUIRE(std::regex_match(line, found, sample));
            CHECK(found.str(1).starts_with(family));
        }
    }
    CHECK(to_prometheus({}, "feed").starts_with("# HELP feed_attempts_total "));
}

TEST_CASE("a snapshot can be printed for a person", "[counters]")
{
    std::ostringstream out;
    out << CountersSnapshot{.attempts = 2, .connections = 1, .connections_open = 1};
    CHECK_THAT(out.str(), ContainsSubstring("attempts: 2") && ContainsSubstring("connections: 1, open 1"));
}
