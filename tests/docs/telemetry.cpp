// SPDX-License-Identifier: BSL-1.0
#include <websockxx/counters.hpp>
#include <websockxx/observe_all.hpp>
#include <websockxx/websockxx.hpp>

#include "support/event_script.hpp"
#include "support/test.hpp"

#include <atomic>
#include <chrono>
#include <iostream>
#include <memory>
#include <string>

/// What docs/guide/telemetry.md says.

namespace {

using namespace websockxx;
using namespace std::chrono_literals;

class Feed : public Client {
public:
    Action handle_frame(const Frame&) override { return ok(); }
};

// region: observer
class Alarms : public Observer {
public:
    void disconnected(const observed::Disconnected& event) noexcept override
    {
        if (event.reason.normal()) return;
        std::clog << event.origin.name << " attempt " << event.origin.attempt << ": " << event.reason << '\n';
    }
    void callback_returned(const observed::CallbackReturned& event) noexcept override
    {
        if (event.took > 50ms) std::clog << event.origin.name << ": slow " << to_string(event.callback) << '\n';
    }
};
// endregion

result<Ref<Feed>> start_observed(const std::string& url)
{
    // region: one
    return start<Feed>(url, {.name = "feed", .observer = std::make_shared<Alarms>()});
    // endregion
}

std::string metrics()
{
    // region: all
    static const auto counters = std::make_shared<Counters>();
    static const auto observation = observe_all(counters); // before the first client is started

    // Later, and again and again: the body of the answer to GET /metrics.
    return to_prometheus(counters->snapshot());
    // endregion
}

} // namespace

TEST_CASE("the blocks of the page of telemetry do what it says", "[docs]")
{
    const auto failed = start_observed("ws://127.0.0.1:1/");
    CHECK_FALSE(failed.has_value());
    CHECK_THAT(metrics(), ContainsSubstring("websockxx_attempts_total 0"));
    CHECK_FALSE(start<Feed>("ws://127.0.0.1:1/", {.log = {}}).has_value());
    CHECK_THAT(metrics(), ContainsSubstring("websockxx_attempts_failed_total 1"));
}

TEST_CASE("the grammar of events that the page of telemetry shows is the one that is checked", "[docs]")
{
    using test::check_grammar;
    CHECK(check_grammar({"attempt", "disconnected failed", "retry", "attempt", "resolved", "connected", "tls",
              "upgraded", "message in", "disconnected lost", "terminated"}) == "");
    CHECK(check_grammar({"attempt", "terminated"}) != "");
    CHECK(check_grammar({"attempt", "disconnected lost", "terminated"}) != "");
    CHECK(check_grammar({"attempt", "disconnected failed", "terminated", "terminated"}) != "");
}
