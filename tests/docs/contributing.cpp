// SPDX-License-Identifier: BSL-1.0
#include <websockxx/reconnect_policy.hpp>

#include "support/test.hpp"

#include <chrono>

/// The worked change in docs/contributing.md: a policy that the library does not have.

using namespace websockxx;
using namespace std::chrono_literals;

namespace websockxx::policy {

// region: declaration
/// Tries again while is_retryable(), always after the same time. For a server that nobody else uses: without jitter,
/// many clients would come back at once.
[[nodiscard]] WEBSOCKXX_DECL ReconnectPolicy every(std::chrono::milliseconds delay);
// endregion

// region: body
ReconnectPolicy every(std::chrono::milliseconds delay)
{
    return [delay](const Retry& retry) -> Decision {
        if (!is_retryable(retry.reason)) return Ok{};
        return reconnect_in(delay);
    };
}
// endregion

} // namespace websockxx::policy

// region: test
TEST_CASE("every() waits the same time before each retry, and gives up where trying again is pointless", "[policy]")
{
    const auto policy = policy::every(2s);
    const CloseReason lost{.error = errc::connection_lost};
    CHECK(policy(Retry{.attempt = 1, .reason = lost}).delay() == 2s);
    CHECK(policy(Retry{.attempt = 9, .reason = lost, .draw = 0.9}).delay() == 2s);

    const CloseReason expired{.error = errc::certificate_expired};
    CHECK(policy(Retry{.reason = expired}).kind() == Decision::Kind::stop);
}
// endregion
