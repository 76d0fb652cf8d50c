// SPDX-License-Identifier: BSL-1.0
#include <websockxx/websockxx.hpp>

#include "support/test.hpp"

#include <string>

/// The blocks of docs/security.md.

namespace {

using namespace websockxx;

// region: reach
result<Conn> webhook_of(const std::string& customers_url)
{
    auto conn = Conn::parse(customers_url);
    if (!conn) return conn;
    conn->reach = {.public_only = true, .ports = {443}};
    return conn;
}
// endregion

} // namespace

TEST_CASE("the block of the page of security keeps a stranger's URL out of our own network", "[docs]")
{
    CHECK(webhook_of("wss://example.org/hook")->check().has_value());
    CHECK(webhook_of("wss://example.org:6379/")->check().error().code() == errc::port_not_allowed);
    const auto link = start_link<Client>(webhook_of("wss://127.0.0.1/").value(), {.log = {}});
    CHECK(link.error().code() == errc::address_not_allowed);
}
