// SPDX-License-Identifier: BSL-1.0
#include <websockxx/observer.hpp>

#include "support/test.hpp"

#include <utility>

using namespace websockxx;

TEST_CASE("an observer overrides what it cares about: everything else does nothing", "[observer]")
{
    struct Deaf : Observer {};
    Deaf deaf;
    const CloseReason reason;
    deaf.attempt_started({});
    deaf.resolved({});
    deaf.connected({});
    deaf.tls_done({});
    deaf.upgraded({});
    deaf.disconnected({.origin = {}, .reason = reason});
    deaf.retry_scheduled({});
    deaf.message_received({});
    deaf.message_sent({});
    deaf.control_received({});
    deaf.control_sent({});
    deaf.queue_high({});
    deaf.queue_drained({});
    deaf.callback_returned({});
    deaf.round_trip({});
    deaf.terminated({.origin = {}, .reason = reason});
    STATIC_REQUIRE(noexcept(deaf.connected(std::declval<const observed::Connected&>())));
}

TEST_CASE("each callback has the name that it has in Client", "[observer]")
{
    CHECK(to_string(Callback::handle_connect) == "handle_connect");
    CHECK(to_string(Callback::terminate) == "terminate");
    for (std::size_t i = 0; i < callback_count; ++i) CHECK(to_string(static_cast<Callback>(i)) != "unknown");
    CHECK(to_string(static_cast<Callback>(callback_count)) == "unknown");
}
