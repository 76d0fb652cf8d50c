// SPDX-License-Identifier: BSL-1.0
#include <websockxx/delivery.hpp>

#include "support/test.hpp"

using namespace websockxx;
using namespace std::chrono_literals;

TEST_CASE("P15 a delivery keeps nothing unless it says so, and for a time only if that is given", "[values]")
{
    CHECK_FALSE(Delivery{}.keeps());
    CHECK(Delivery{} == Delivery::fail());
    CHECK(Delivery::keep().keeps());
    CHECK_FALSE(Delivery::keep().limited());
    CHECK(Delivery::keep_for(1s).limited());
    CHECK(Delivery::keep_for(1s) != Delivery::keep_for(2s));
}

TEST_CASE("P15 what is left of a moment is counted from now, rounded up, and less than zero behind it", "[values]")
{
    const Delivery::Clock::time_point now{100s};
    CHECK(Delivery::keep_for(3s).left(now) == 3s);
    CHECK(Delivery::keep_until(now + 2s).left(now) == 2s);
    CHECK(Delivery::keep_until(now + 1us).left(now) == 1ms);
    CHECK(Delivery::keep_until(now - 5s).left(now) == -5s);
}
