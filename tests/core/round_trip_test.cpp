// SPDX-License-Identifier: BSL-1.0
#include <websockxx/core/round_trip.hpp>

#include "support/test.hpp"

using namespace websockxx;
using namespace std::chrono_literals;

TEST_CASE("the time from a ping to its pong is measured: last, mean and max", "[round_trip]")
{
    core::RoundTrip trip;
    CHECK(trip.times() == RoundTripTimes{});
    trip.ping_sent(100ns);
    CHECK(trip.pong_received(0, 130ns) == 30ns);
    trip.ping_sent(200ns);
    CHECK(trip.pong_received(0, 210ns) == 10ns);
    CHECK(trip.times() == RoundTripTimes{.count = 2, .last = 10ns, .mean = 20ns, .max = 30ns});
}

TEST_CASE("a pong that answers no ping of the heartbeat is not measured", "[round_trip]")
{
    core::RoundTrip trip;
    CHECK_FALSE(trip.pong_received(0, 1ns));
    trip.ping_sent(10ns);
    CHECK_FALSE(trip.pong_received(3, 20ns));
    trip.forget();
    CHECK_FALSE(trip.pong_received(0, 30ns));
    trip.ping_sent(40ns);
    trip.ping_sent(60ns); // RFC 6455 5.5.3: the latest one may be the only one that is answered
    CHECK(trip.pong_received(0, 65ns) == 5ns);
    CHECK_FALSE(trip.pong_received(0, 66ns));
    CHECK(trip.times().count == 1);
}
