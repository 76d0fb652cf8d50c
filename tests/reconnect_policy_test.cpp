// SPDX-License-Identifier: BSL-1.0
#include <websockxx/reconnect_policy.hpp>

#include <websockxx/client.hpp>

#include "support/test.hpp"

#include <boost/system/errc.hpp>

#include <algorithm>
#include <array>
#include <climits>
#include <limits>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

using namespace websockxx;
using namespace std::chrono_literals;
using By = CloseReason::By;
using Kind = Decision::Kind;
namespace posix = boost::system::errc;

namespace {

const CloseReason lost{.error = Error(errc::connection_lost, Phase::open)};
const CloseReason orderly{.by = By::remote, .received = CloseFrame{1000, ""}};
const CloseReason untrusted{.error = Error(errc::certificate_expired, Phase::tls)};

CloseReason refused(int status, Headers headers = {})
{
    return {.error = Error::refused({status, "", std::move(headers), {}})};
}

CloseReason closed_by_server(std::uint16_t code)
{
    return {.by = By::remote, .sent = CloseFrame{code, ""}, .received = CloseFrame{code, ""}, .clean = true};
}

Retry retry(int attempt, double draw = 0.0, const CloseReason& reason = lost)
{
    return {.attempt = attempt, .reason = reason, .draw = draw};
}

std::vector<Conn> servers(std::size_t count)
{
    std::vector<Conn> conns(count);
    for (std::size_t i = 0; i < count; ++i) conns[i].host = std::string(1, static_cast<char>('a' + i));
    return conns;
}

bool gives_up(const Decision& decision) { return decision.kind() == Kind::stop; }

// Tells the attempt that it is asked about as a delay.
Decision echo_attempt(const Retry& retry) { return reconnect_in(std::chrono::milliseconds(retry.attempt)); }

} // namespace

TEST_CASE("a lost connection, a timeout and a failure of the network are worth another try", "[policy]")
{
    for (const auto e : {errc::connection_lost, errc::connect_timeout, errc::open_timeout, errc::heartbeat_timeout,
             errc::no_address, errc::handshake_incomplete, errc::tls_failed, errc::prepare_failed})
        CHECK(is_retryable({.error = e}));
    for (const auto e : {posix::connection_refused, posix::connection_reset, posix::network_unreachable,
             posix::host_unreachable, posix::timed_out})
        CHECK(is_retryable({.error = Error(error_code(e, boost::system::system_category()), Phase::connect)}));
    CHECK(is_retryable({}));
}

TEST_CASE("what would fail again in the same way is not tried again", "[policy]")
{
    for (const auto e : {errc::certificate_expired, errc::certificate_not_yet_valid, errc::certificate_self_signed,
             errc::certificate_untrusted, errc::certificate_host_mismatch, errc::certificate_revoked,
             errc::certificate_rejected, errc::tls_version, errc::tls_options, errc::handshake_malformed,
             errc::handshake_too_large, errc::bad_upgrade, errc::bad_accept, errc::unexpected_extension,
             errc::unexpected_subprotocol, errc::invalid_url, errc::invalid_header, errc::invalid_option,
             errc::protocol_error, errc::bad_payload, errc::message_too_big, errc::too_many_fragments, errc::stopped,
             errc::aborted, errc::bad_response, errc::unhandled_frame})
        CHECK_FALSE(is_retryable({.error = e}));
    CHECK_FALSE(is_retryable({.by = By::local,
        .sent = CloseFrame{1011, ""},
        .exception = std::make_exception_ptr(std::runtime_error("x"))}));
}

TEST_CASE("a refusal is final with 401, 403, 404, 410 and 426, and with no other status", "[policy]")
{
    const std::vector<int> final{401, 403, 404, 410, 426};
    for (int status = 100; status < 600; ++status) {
        CAPTURE(status);
        CHECK(is_retryable(refused(status)) == (std::find(final.begin(), final.end(), status) == final.end()));
    }
}

TEST_CASE("a close code says whether to try again, whoever sent it", "[policy]")
{
    for (const auto code : std::vector<std::uint16_t>{1000, 1002, 1003, 1005, 1007, 1008, 1009, 1010, 1015}) {
        CAPTURE(code);
        CHECK_FALSE(is_retryable(closed_by_server(code)));
        CHECK_FALSE(is_retryable({.by = By::local, .sent = CloseFrame{code, ""}}));
    }
    for (const auto code : std::vector<std::uint16_t>{1001, 1006, 1011, 1012, 1013, 1014, 3000, 4000, 4999}) {
        CAPTURE(code);
        CHECK(is_retryable(closed_by_server(code)));
        CHECK(is_retryable({.by = By::local, .sent = CloseFrame{code, ""}}));
    }
}

TEST_CASE("who closed in order is not brought back because the server was slow to answer", "[policy]")
{
    const Error slow{errc::close_timeout, Phase::closing};
    CHECK_FALSE(is_retryable({.by = By::local, .sent = CloseFrame{1000, ""}, .error = slow}));
    CHECK_FALSE(is_retryable({.by = By::local, .sent = CloseFrame{}, .error = slow}));
    CHECK(is_retryable({.by = By::local, .sent = CloseFrame{4000, ""}, .error = slow}));
}

TEST_CASE("a message that took too long is worth another try, although it was closed with 1008", "[policy]")
{
    const Error slow{errc::message_timeout, Phase::open};
    CHECK(is_retryable({.by = By::local, .sent = CloseFrame{1008, "message took too long"}, .error = slow}));
}

TEST_CASE("Retry-After is read as seconds, and anything else is no answer", "[policy]")
{
    const auto [value, expected] = GENERATE(table<std::string, std::optional<std::chrono::seconds>>({
        {"0", 0s},
        {"120", 120s},
        {" \t7 ", 7s},
        {"007", 7s},
        {"4294967295", 4294967295s},
        {"4294967296", 4294967295s},
        {"99999999999999999999999999", 4294967295s},
        {"", std::nullopt},
        {" ", std::nullopt},
        {"-1", std::nullopt},
        {"+1", std::nullopt},
        {"1.5", std::nullopt},
        {"1e3", std::nullopt},
        {"0x10", std::nullopt},
        {"7 s", std::nullopt},
        {"99999999999999999999999999x", std::nullopt},
        {"Fri, 31 Dec 1999 23:59:59 GMT", std::nullopt},
    }));
    CAPTURE(value);
    CHECK(retry_after(refused(503, {{"retry-after", value}})) == expected);
}

TEST_CASE("without a refusal, or without the header, there is no Retry-After", "[policy]")
{
    CHECK_FALSE(retry_after(lost));
    CHECK_FALSE(retry_after(refused(503)));
    CHECK(retry_after(refused(503, {{"Retry-After", "3"}, {"Retry-After", "9"}})) == 3s);
}

TEST_CASE("never gives up at once, immediate never does", "[policy]")
{
    CHECK(gives_up(policy::never()(retry(1))));
    for (const auto* reason : {&lost, &orderly, &untrusted}) {
        const auto decision = policy::immediate()(retry(1000, 0.9, *reason));
        CHECK(decision.kind() == Kind::reconnect);
        CHECK(decision.delay() == 0ms);
        CHECK(decision.conn() == nullptr);
    }
}

TEST_CASE("backoff by default: 1 s, doubled up to 60 s, with full jitter", "[policy]")
{
    struct Row {
        int attempt;
        std::chrono::milliseconds least, middle, most; // draw = 0, 0.5, 0.999
    };
    const auto row = GENERATE(values<Row>({
        {1, 0ms, 500ms, 999ms},
        {2, 0ms, 1'000ms, 1'998ms},
        {3, 0ms, 2'000ms, 3'996ms},
        {4, 0ms, 4'000ms, 7'992ms},
        {5, 0ms, 8'000ms, 15'984ms},
        {6, 0ms, 16'000ms, 31'968ms},
        {7, 0ms, 30'000ms, 59'940ms},
        {8, 0ms, 30'000ms, 59'940ms},
        {1'000, 0ms, 30'000ms, 59'940ms},
        {INT_MAX, 0ms, 30'000ms, 59'940ms},
    }));
    const policy::Backoff backoff;
    CAPTURE(row.attempt);
    CHECK(backoff(retry(row.attempt, 0.0)).delay() == row.least);
    CHECK(backoff(retry(row.attempt, 0.5)).delay() == row.middle);
    CHECK(backoff(retry(row.attempt, 0.999)).delay() == row.most);
    CHECK(backoff(retry(row.attempt)).conn() == nullptr);
}

TEST_CASE("backoff takes an attempt below the first for the first", "[policy]")
{
    for (const int attempt : {0, -1, INT_MIN}) CHECK(policy::Backoff{}(retry(attempt, 0.5)).delay() == 500ms);
}

TEST_CASE("backoff takes another base, factor and cap", "[policy]")
{
    const policy::Backoff backoff{.base = 100ms, .cap = 800ms, .factor = 3.0};
    const std::vector<std::chrono::milliseconds> half{50ms, 150ms, 400ms, 400ms};
    for (int attempt = 1; attempt <= 4; ++attempt)
        CHECK(backoff(retry(attempt, 0.5)).delay() == half[static_cast<std::size_t>(attempt - 1)]);
}

TEST_CASE("backoff gives up where another try cannot help", "[policy]")
{
    CHECK(gives_up(policy::Backoff{}(retry(1, 0.5, orderly))));
    CHECK(gives_up(policy::Backoff{}(retry(1, 0.5, untrusted))));
    CHECK(gives_up(policy::Backoff{}(retry(1, 0.5, refused(401)))));
    CHECK_FALSE(gives_up(policy::Backoff{}(retry(1, 0.5, refused(429)))));
}

TEST_CASE("backoff waits as long as the server asks, up to a limit, and spreads behind it", "[policy]")
{
    const policy::Backoff backoff;
    const auto busy = refused(503, {{"Retry-After", "30"}});
    CHECK(backoff(retry(1, 0.0, busy)).delay() == 30'000ms);
    CHECK(backoff(retry(1, 0.5, busy)).delay() == 30'500ms);
    CHECK(backoff(retry(1, 0.999, busy)).delay() == 30'999ms);
    CHECK(backoff(retry(9, 0.999, busy)).delay() == 59'940ms); // its own delay is longer

    const auto very_busy = refused(429, {{"Retry-After", "99999999999"}});
    CHECK(backoff(retry(1, 0.0, very_busy)).delay() == 300'000ms);
    CHECK(policy::Backoff{.max_retry_after = 0ms}(retry(1, 0.0, very_busy)).delay() == 0ms);
    CHECK(policy::Backoff{.max_retry_after = -5s}(retry(1, 0.0, very_busy)).delay() == 0ms);
}

TEST_CASE("backoff never leaves its range, however odd the numbers are", "[policy]")
{
    const double infinity = std::numeric_limits<double>::infinity();
    const double not_a_number = std::numeric_limits<double>::quiet_NaN();
    const auto busy = refused(503, {{"Retry-After", "99999999999"}});

    const auto factor = GENERATE_COPY(-1.0, 0.0, 0.5, 1.0, 1.0000001, 1e300, infinity, -infinity, not_a_number);
    const auto base =
        GENERATE(std::chrono::milliseconds::min(), -1ms, 0ms, 1ms, 1000ms, std::chrono::milliseconds::max());
    const auto cap = GENERATE(std::chrono::milliseconds::min(), 0ms, 60'000ms, std::chrono::milliseconds::max());
    const policy::Backoff backoff{
        .base = base, .cap = cap, .factor = factor, .max_retry_after = std::chrono::milliseconds::max()};

    for (const int attempt : {INT_MIN, -1, 0, 1, 2, 1'000'000, INT_MAX})
        for (const double draw : {-1.0, 0.0, 0.5, 1.0, 2.0, infinity, not_a_number}) {
            const auto delay = backoff(retry(attempt, draw)).delay();
            REQUIRE(delay);
            REQUIRE(*delay >= 0ms);
            REQUIRE(*delay <= std::max<std::chrono::milliseconds>(cap, 0ms));
            REQUIRE(*delay <= 24h * 365);
            const auto asked = backoff(retry(attempt, draw, busy)).delay();
            REQUIRE(asked);
            REQUIRE(*asked >= 0ms);
            REQUIRE(*asked <= 2 * 24h * 365);
        }
}

TEST_CASE("a factor below one, or none at all, keeps the delay as it is", "[policy]")
{
    for (const double factor : {0.5, 0.0, -3.0, std::numeric_limits<double>::quiet_NaN()})
        CHECK(policy::Backoff{.factor = factor}(retry(9, 0.5)).delay() == 500ms);
}

TEST_CASE("a thousand clients that lose a server at once come back spread out", "[policy]")
{
    std::mt19937 random(6455);
    std::uniform_real_distribution<double> draw(0.0, 1.0);
    std::array<int, 10> arrivals{}; // in each 100 ms of the first second
    for (int client = 0; client < 1000; ++client) {
        const auto delay = policy::Backoff{}(retry(1, draw(random))).delay().value();
        ++arrivals.at(static_cast<std::size_t>(std::min<std::int64_t>(delay.count() / 100, 9)));
    }
    for (const int count : arrivals) CHECK(count < 150);

    std::array<int, 80> later{}; // of the fourth retry, spread over 8 s: no 100 ms has 5 percent
    for (int client = 0; client < 1000; ++client) {
        const auto delay = policy::Backoff{}(retry(4, draw(random))).delay().value();
        ++later.at(static_cast<std::size_t>(std::min<std::int64_t>(delay.count() / 100, 79)));
    }
    for (const int count : later) CHECK(count <= 50);
}

TEST_CASE("up_to ends after so many retries", "[policy]")
{
    const auto policy = policy::up_to(3, echo_attempt);
    for (int attempt = 1; attempt <= 3; ++attempt)
        CHECK(policy(retry(attempt)).delay() == std::chrono::milliseconds(attempt));
    CHECK(gives_up(policy(retry(4))));
    CHECK(gives_up(policy(retry(INT_MAX))));
    CHECK(gives_up(policy::up_to(0, policy::immediate())(retry(1))));
}

TEST_CASE("within ends once the time is over: just before it, at it and after it", "[policy]")
{
    const auto policy = policy::within(10s, policy::immediate());
    CHECK_FALSE(gives_up(policy({.reason = lost, .elapsed = 0ms})));
    CHECK_FALSE(gives_up(policy({.reason = lost, .elapsed = 9'999ms})));
    CHECK(gives_up(policy({.reason = lost, .elapsed = 10s})));
    CHECK(gives_up(policy({.reason = lost, .elapsed = 11s})));
}

TEST_CASE("failover goes round the servers, and the delay grows from round to round", "[policy]")
{
    const auto policy = policy::failover(servers(3), echo_attempt);
    const std::string order = "abcabcab";
    for (int attempt = 1; attempt <= 8; ++attempt) {
        const auto decision = policy(retry(attempt));
        REQUIRE(decision.conn() != nullptr);
        CHECK(decision.conn()->host == order.substr(static_cast<std::size_t>(attempt - 1), 1));
        CHECK(decision.delay() == std::chrono::milliseconds((attempt - 1) / 3 + 1));
    }
}

TEST_CASE("failover never leaves its list", "[policy]")
{
    const auto size = GENERATE(std::size_t{1}, std::size_t{2}, std::size_t{7});
    const auto policy = policy::failover(servers(size), policy::immediate());
    for (const int attempt : {INT_MIN, -1, 0, 1, 1000, INT_MAX - 1, INT_MAX}) {
        const auto decision = policy(retry(attempt));
        REQUIRE(decision.conn() != nullptr);
        CHECK(decision.conn()->host[0] < static_cast<char>('a' + size));
    }
}

TEST_CASE("failover lets its inner policy end, ask and see the rest of the retry", "[policy]")
{
    CHECK(gives_up(policy::failover(servers(2), policy::never())(retry(1))));
    CHECK(policy::failover(servers(2), policy::never())(retry(1)).conn() == nullptr);

    const auto asking = policy::failover(servers(2), [](const Retry&) { return Client::ask_policy(); });
    CHECK(asking(retry(1)).kind() == Kind::ask_policy);

    const auto seeing = policy::failover(servers(2), [](const Retry& seen) {
        CHECK(&seen.reason == &lost);
        CHECK(seen.elapsed == 5s);
        CHECK(seen.draw == 0.25);
        return Decision{reconnect()};
    });
    CHECK_FALSE(gives_up(seeing({.attempt = 2, .reason = lost, .elapsed = 5s, .draw = 0.25})));
}

TEST_CASE("failover over no servers changes nothing", "[policy]")
{
    const auto decision = policy::failover({}, echo_attempt)(retry(7));
    CHECK(decision.conn() == nullptr);
    CHECK(decision.delay() == 7ms);
}

TEST_CASE("always tries again where backoff would give up, as patiently", "[policy]")
{
    const auto policy = policy::always(policy::Backoff{.base = 200ms});
    for (const auto* reason : {&lost, &orderly, &untrusted}) CHECK(policy(retry(2, 0.5, *reason)).delay() == 200ms);
    CHECK(policy(retry(1, 0.0, refused(401, {{"Retry-After", "9"}}))).delay() == 9s);
}

TEST_CASE("only_if asks its inner policy for the reasons that are accepted", "[policy]")
{
    const auto policy = policy::only_if(
        [](const CloseReason& reason) { return reason.code() == 1008; }, policy::always(policy::Backoff{}));
    CHECK_FALSE(gives_up(policy(retry(1, 0.5, closed_by_server(1008)))));
    CHECK(gives_up(policy(retry(1, 0.5, closed_by_server(1001)))));
}

TEST_CASE("policies compose", "[policy]")
{
    const auto policy = policy::up_to(4, policy::failover(servers(2), policy::Backoff{.cap = 10s}));
    CHECK(policy(retry(3, 0.5)).delay() == 1s); // the second round
    CHECK(policy(retry(3, 0.5)).conn()->host == "a");
    CHECK(gives_up(policy(retry(5, 0.5))));
    CHECK(gives_up(policy(retry(1, 0.5, untrusted))));
}

TEST_CASE("an empty policy inside another one ends the client", "[policy]")
{
    CHECK(gives_up(policy::up_to(3, nullptr)(retry(1))));
    CHECK(gives_up(policy::within(3s, nullptr)(retry(1))));
    CHECK(gives_up(policy::failover(servers(1), nullptr)(retry(1))));
    CHECK(gives_up(policy::only_if([](const CloseReason&) { return true; }, nullptr)(retry(1))));
    CHECK(gives_up(policy::only_if(nullptr, policy::immediate())(retry(1))));
}
