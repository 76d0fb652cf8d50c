// SPDX-License-Identifier: BSL-1.0
#include <websockxx/core/session.hpp>

#include "support/session_script.hpp"
#include "support/test.hpp"

#include <algorithm>
#include <chrono>
#include <random>
#include <vector>

/// @file Many attempts, or many clients: what a server has to bear. The draws are pseudo-random, and the same in each
/// run.

using namespace websockxx;
using namespace websockxx::test;

namespace {

using Draw = std::uniform_real_distribution<double>;

/// How many connections a server sees in this time that accepts each and ends it a millisecond later.
int attempts_within(std::chrono::milliseconds time, const Decision& decision, core::Settings settings)
{
    std::mt19937 random{1};
    SessionScript script{SessionScript::home(), std::move(settings)};
    const auto end = script.now() + time;
    int attempts = 0;
    for (script.open(); script.now() < end; script.open()) {
        ++attempts;
        script.wait(1ms).given(Lost{}).given(Decided{decision, Draw{}(random)});
        REQUIRE(script.state() == State::waiting);
    }
    return attempts;
}

/// How long each of the clients waits before this attempt, if all lost a stable connection, and the attempts before it
/// failed.
std::vector<std::chrono::milliseconds> retries(int clients, int attempt)
{
    std::mt19937 random{2};
    std::vector<std::chrono::milliseconds> delays;
    for (int i = 0; i < clients; ++i) {
        SessionScript script{SessionScript::home(), {.policy = policy::Backoff{}}};
        script.open().wait(10s).lose().given(Decided{ask_policy(), Draw{}(random)});
        for (int n = 1; n < attempt; ++n) {
            script.wait(script.next_deadline().value()).given(OpenFailed{errc::connect_timeout});
            script.given(Decided{ask_policy(), Draw{}(random)});
        }
        delays.push_back(script.next_deadline().value());
    }
    return delays;
}

/// The most that fall into any tenth of a second.
long fullest_bucket(const std::vector<std::chrono::milliseconds>& delays)
{
    std::vector<long> buckets(601);
    for (const auto delay : delays) ++buckets.at(static_cast<std::size_t>(delay / 100ms));
    return *std::max_element(buckets.begin(), buckets.end());
}

} // namespace

TEST_CASE("P4 a server that accepts and closes at once is not stormed, whether by reconnect() or by Backoff", "[core]")
{
    // Delays of 30 s on average once they have grown, and six shorter ones: about 26.
    const int by_default = attempts_within(10min, reconnect(), {});
    CHECK(by_default >= 10);
    CHECK(by_default <= 40);
    const int by_policy = attempts_within(10min, ask_policy(), {.policy = policy::Backoff{}});
    CHECK(by_policy >= 10);
    CHECK(by_policy <= 40);
}

TEST_CASE("P4 if such a connection counted as stable, there would be a storm: so stable_after matters", "[core]")
{
    CHECK(attempts_within(1s, reconnect(), {.stable_after = 1ms}) == 1000);
}

TEST_CASE("P5 a thousand clients that lose their connections together do not come back together", "[core]")
{
    // Of 1000, on average 100 in each of the ten tenths of the first second, with a standard deviation of 9.5: five of
    // them above is one run in millions.
    CHECK(fullest_bucket(retries(1000, 1)) <= 150);
    // In the minute that the delays grow to, 1.7 in each of 600. More than 15, which is 1.5 %, is one run in millions.
    CHECK(fullest_bucket(retries(1000, 10)) <= 15);
}
