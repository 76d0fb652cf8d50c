// SPDX-License-Identifier: BSL-1.0
#include <websockxx/core/deadlines.hpp>

#include "support/test.hpp"

#include <chrono>
#include <optional>
#include <vector>

using namespace std::chrono_literals;
using websockxx::core::Deadlines;
using websockxx::core::Timer;

TEST_CASE("a table without deadlines has nothing to wait for and nothing to report", "[core]")
{
    Deadlines deadlines;
    CHECK(deadlines.next() == std::nullopt);
    CHECK(deadlines.pop(Deadlines::Moment::max()) == std::nullopt);
}

TEST_CASE("a deadline is reported at its moment, not before, and once", "[core]")
{
    Deadlines deadlines;
    deadlines.arm(Timer::close, 5'000ms);
    CHECK(deadlines.next() == 5'000ms);
    CHECK(deadlines.pop(4'999ms) == std::nullopt);
    CHECK(deadlines.pop(5'000ms) == Timer::close);
    CHECK(deadlines.pop(5'000ms) == std::nullopt);
    CHECK(deadlines.next() == std::nullopt);
}

TEST_CASE("a deadline that was missed is reported late", "[core]")
{
    Deadlines deadlines;
    deadlines.arm(Timer::retry, 0ms);
    CHECK(deadlines.pop(1h) == Timer::retry);
}

TEST_CASE("deadlines are reported in the order in which they pass", "[core]")
{
    Deadlines deadlines;
    deadlines.arm(Timer::open, 10ms);
    deadlines.arm(Timer::retry, 3ms);
    deadlines.arm(Timer::connect, 6ms);
    CHECK(deadlines.next() == 3ms);

    std::vector<Timer> passed;
    while (const auto timer = deadlines.pop(9ms)) passed.push_back(*timer);
    CHECK(passed == std::vector{Timer::retry, Timer::connect});
    CHECK(deadlines.next() == 10ms);
}

TEST_CASE("deadlines that pass at the same moment are all reported", "[core]")
{
    Deadlines deadlines;
    deadlines.arm(Timer::linger, 7ms);
    deadlines.arm(Timer::close, 7ms);
    const auto first = deadlines.pop(7ms);
    const auto second = deadlines.pop(7ms);
    REQUIRE((first && second));
    CHECK(*first != *second);
    CHECK(deadlines.pop(7ms) == std::nullopt);
}

TEST_CASE("what is disarmed is never reported, not even when it has passed already", "[core]")
{
    Deadlines deadlines;
    deadlines.arm(Timer::heartbeat, 5ms);
    deadlines.arm(Timer::open, 6ms);
    deadlines.disarm(Timer::heartbeat);
    deadlines.disarm(Timer::retry);
    CHECK(deadlines.next() == 6ms);
    CHECK(deadlines.pop(1h) == Timer::open);
    CHECK(deadlines.pop(1h) == std::nullopt);
}

TEST_CASE("armed anew, a deadline has only its new moment", "[core]")
{
    Deadlines deadlines;
    deadlines.arm(Timer::heartbeat, 5ms);
    deadlines.arm(Timer::heartbeat, 9ms);
    CHECK(deadlines.pop(8ms) == std::nullopt);
    deadlines.arm(Timer::heartbeat, 2ms);
    CHECK(deadlines.next() == 2ms);
    CHECK(deadlines.pop(9ms) == Timer::heartbeat);
    CHECK(deadlines.pop(9ms) == std::nullopt);
}

TEST_CASE("each timer has a place of its own in the table", "[core]")
{
    Deadlines deadlines;
    for (std::size_t i = 0; i < websockxx::core::timer_count; ++i)
        deadlines.arm(static_cast<Timer>(i), Deadlines::Moment{static_cast<int>(10 - i)});
    for (std::size_t i = websockxx::core::timer_count; i-- > 0;) CHECK(deadlines.pop(10ms) == static_cast<Timer>(i));
}
