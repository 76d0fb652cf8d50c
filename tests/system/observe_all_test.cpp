// SPDX-License-Identifier: BSL-1.0
#include <websockxx/observe_all.hpp>

#include "support/event_script.hpp"
#include "support/fixture_server.hpp"
#include "support/test.hpp"
#include "support/tls_fixture.hpp"

#include <websockxx/counters.hpp>
#include <websockxx/websockxx.hpp>

#include <boost/asio/use_future.hpp>

#include <algorithm>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

using namespace websockxx;
using namespace websockxx::test;
using namespace std::chrono_literals;

namespace {

struct Quiet : Client {
    Action handle_frame(const Frame& frame) override { return frame.text() == "bye" ? close() : ok(); }
    std::string format_status() const override { return "all is well"; }
};

/// All that is traced.
struct Lines {
    std::mutex mutex;
    std::vector<std::string> lines;

    Log log()
    {
        return [this](Severity, std::string_view line) {
            const std::lock_guard lock{mutex};
            lines.emplace_back(line);
        };
    }
};

} // namespace

TEST_CASE("an observer of all clients hears of those that are started while its Observation lasts", "[observe_all]")
{
    FixtureServer server;
    const auto all = std::make_shared<Counters>();
    {
        auto observation = observe_all(all);
        const auto one = start_link<Quiet>(server.url(), {.log = {}});
        REQUIRE(one.has_value());
        const auto other = start_link<Quiet>(server.url(), {.log = {}});
        REQUIRE(other.has_value());
        CHECK(all->snapshot().connections_open == 2);
        observation.end();
    }
    CHECK(all->snapshot().connections == 2);
    CHECK(all->snapshot().terminated == 0); // nothing was heard any more
    const auto later = start_link<Quiet>(server.url(), {.log = {}});
    REQUIRE(later.has_value());
    CHECK(all->snapshot().connections == 2);
    CHECK_FALSE(all.use_count() > 1); // let go when the next client was started
}

TEST_CASE("over TCP and TLS an observer hears of each step, and the grammar holds", "[observe_all]")
{
    const CertificateAuthority authority;
    FixtureServer server{authority.issue()};
    const auto script = std::make_shared<EventScript>();
    auto conn = Conn::parse(server.url()).value();
    conn.tls.ca_pem = authority.certificate();
    {
        const auto client = start_link<Quiet>(conn, {.log = {}, .observer = script});
        REQUIRE(client.has_value());
        const auto status = client->status();
        REQUIRE(status.has_value());
        CHECK(status->state == Status::State::connected);
        CHECK_THAT(status->endpoint, EndsWith(":" + std::to_string(server.port())));
        CHECK_THAT(status->tls_version, StartsWith("TLSv1."));
        CHECK_FALSE(status->tls_cipher.empty());
        CHECK(status->details == "all is well");
        server.send_text("bye");
        REQUIRE(client->wait().has_value());
    }
    CHECK(check_grammar(script->lines) == "");
    const auto has = [&](std::string_view word) {
        return std::count_if(script->lines.begin(), script->lines.end(),
            [&](const std::string& line) { return line.starts_with(word); });
    };
    CHECK(has("resolved") == 1);
    CHECK(has("connected") == 1);
    CHECK(has("tls TLSv1.") == 1);
    CHECK(has("upgraded first") == 1);
}

TEST_CASE("status, trace log and statistics can be asked for from outside", "[ref]")
{
    FixtureServer server;
    Lines traced;
    const auto client =
        start_link<Quiet>(server.url(), {.log = traced.log(), .debug = {.log = 10, .statistics = true}});
    REQUIRE(client.has_value());
    REQUIRE(client->trace().has_value());
    REQUIRE(client->send_frame(Frame::text("hello")).has_value());
    const auto lines = client->trace_log();
    REQUIRE(lines.has_value());
    REQUIRE_FALSE(lines->empty());
    CHECK_THAT(lines->back(), EndsWith("sending frame: text, 5 bytes"));
    CHECK(client->statistics().value().sent.messages == 1);
    CHECK(client->async_status(boost::asio::use_future).get().attempts == 1);
    const std::lock_guard lock{traced.mutex};
    CHECK(traced.lines.size() == 1); // since trace() was said
}
