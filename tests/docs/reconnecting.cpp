// SPDX-License-Identifier: BSL-1.0
#include <websockxx/websockxx.hpp>

#include "support/test.hpp"

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <iostream>
#include <string>

/// The blocks of docs/guide/reconnecting.md.

namespace {

using namespace websockxx;
using namespace std::chrono_literals;

// region: subscribe
class Prices : public Client {
public:
    Action handle_connect(const Connected&) override { return reply(Frame::text(R"({"subscribe": "prices"})")); }
    // endregion

    // region: handle_disconnect
    Decision handle_disconnect(const Disconnect& why) override
    {
        std::cerr << why.reason << '\n';
        if (why.reason.code() == 4001) return ok();           // "session over", in the words of this server
        if (why.attempt > 3) return reconnect_in(1s, spare_); // the third attempt in a row has failed
        return ask_policy();                                  // as if this function were not overridden
    }
    // endregion

private:
    Conn spare_ = Conn::parse("wss://spare.example.org/").value();
};

} // namespace

TEST_CASE("the policies on the page of reconnecting decide as it says", "[docs]")
{
    const CloseReason lost{.error = errc::connection_lost};
    const CloseReason closed_normally{.by = CloseReason::By::remote, .received = CloseFrame{1000}};

    // region: backoff
    Options options{.reconnect = policy::Backoff{}};
    // endregion
    CHECK(options.reconnect(Retry{.reason = lost}).kind() == Decision::Kind::reconnect);
    CHECK(options.reconnect(Retry{.reason = closed_normally}).kind() == Decision::Kind::stop);

    const Conn main = Conn::parse("wss://a.example.org/").value();
    const Conn spare = Conn::parse("wss://b.example.org/").value();
    // region: compose
    const policy::Backoff backoff{.base = 500ms, .cap = 30s};

    options.reconnect = policy::up_to(10, backoff);               // ten retries, then the client ends
    options.reconnect = policy::within(5min, backoff);            // as many as fit into five minutes
    options.reconnect = policy::failover({spare, main}, backoff); // spare, main, spare, ...
    options.reconnect = policy::always(backoff);                  // also where Backoff would give up
    options.reconnect = policy::up_to(3, policy::failover({spare, main}, backoff));
    // endregion
    const auto decision = options.reconnect(Retry{.attempt = 2, .reason = lost, .draw = 0.5});
    REQUIRE(decision.conn() != nullptr);
    CHECK(*decision.conn() == main);
    CHECK(options.reconnect(Retry{.attempt = 4, .reason = lost}).kind() == Decision::Kind::stop);

    // region: lambda
    options.reconnect = [](const Retry& retry) -> Decision {
        if (!is_retryable(retry.reason) || retry.attempt > 10) return Ok{};
        return reconnect_in(retry.attempt * 1s);
    };
    // endregion
    // region: test
    const Retry third{.attempt = 3, .reason = {.error = errc::connection_lost}};
    CHECK(options.reconnect(third).delay() == 3s);
    // endregion
}

TEST_CASE("the page of reconnecting names the defaults of Backoff", "[docs]")
{
    const auto& [base, cap, factor, max_retry_after] = policy::Backoff{};
    CHECK(base == 1s);
    CHECK(cap == 60s);
    CHECK(factor == 2.0);
    CHECK(max_retry_after == 5min);
    CHECK(Options{}.stable_after == 10s);
}

TEST_CASE("the page of reconnecting names what Backoff takes to be pointless", "[docs]")
{
    using Codes = std::initializer_list<std::uint16_t>;
    for (const auto code : Codes{1000, 1002, 1003, 1007, 1008, 1009, 1010, 1015})
        CHECK_FALSE(is_retryable({.by = CloseReason::By::remote, .received = CloseFrame{code}}));
    for (const auto code : Codes{1001, 1011, 1012, 1013, 1014, 3000, 4999})
        CHECK(is_retryable({.by = CloseReason::By::remote, .received = CloseFrame{code}}));
    for (const int status : {401, 403, 404, 410, 426}) {
        Response response;
        response.status = status;
        CHECK_FALSE(is_retryable({.error = Error::refused(response)}));
    }
    for (const int status : {400, 408, 429, 500, 502, 503, 504}) {
        Response response;
        response.status = status;
        CHECK(is_retryable({.error = Error::refused(response)}));
    }
}

TEST_CASE("the callbacks on the page of reconnecting decide as it says", "[docs]")
{
    Prices prices;
    const Conn conn = Conn::parse("wss://example.org/").value();
    const Response response;
    CHECK(prices.handle_connect({conn, response, ""}).frames().size() == 1);

    const CloseReason over{.by = CloseReason::By::remote, .received = CloseFrame{4001}};
    const CloseReason lost{.error = errc::connection_lost};
    CHECK(prices.handle_disconnect({over, 1, conn, true}).kind() == Decision::Kind::stop);
    CHECK(prices.handle_disconnect({lost, 1, conn, true}).kind() == Decision::Kind::ask_policy);
    CHECK(prices.handle_disconnect({lost, 4, conn, false}).conn()->host == "spare.example.org");
}
