// SPDX-License-Identifier: BSL-1.0
#include <websockxx/websockxx.hpp>

#include "support/test.hpp"

#include <chrono>
#include <cstddef>
#include <fstream>
#include <iostream>
#include <optional>
#include <regex>
#include <set>
#include <string>
#include <string_view>

/// What docs/guide/options.md says: its blocks, and the defaults in its tables.

namespace {

using namespace websockxx;
using namespace std::chrono_literals;

// ---- A default, as the tables write it

std::string written(bool value) { return value ? "true" : "false"; }
std::string written(int value) { return std::to_string(value); }

std::string written(std::chrono::milliseconds value)
{
    if (value == 0ms) return "0";
    if (value % 1s == 0ms) return std::to_string(value / 1s) + " s";
    return std::to_string(value.count()) + " ms";
}

std::string written_bytes(std::size_t value)
{
    constexpr std::size_t kib = 1024;
    if (value % (kib * kib) == 0) return std::to_string(value / (kib * kib)) + " MiB";
    if (value % kib == 0) return std::to_string(value / kib) + " KiB";
    return std::to_string(value) + " bytes";
}

template <class T>
    requires requires(const T& value) { value.empty(); }
std::string written(const T& value)
{
    return value.empty() ? "empty" : "not empty";
}

std::string written(const std::optional<Credentials>& value) { return value ? "given" : "none"; }

// ---- The tables

using Table = std::set<std::string>; // "field: default"

/// The first and the third column of the table behind a heading.
Table table_of(const std::string& heading)
{
    std::ifstream page{std::string(WEBSOCKXX_TESTS_DIR) + "/../docs/guide/options.md"};
    REQUIRE(page.good());
    Table table;
    bool here = false;
    for (std::string line; std::getline(page, line);) {
        if (line.starts_with("#")) here = line.ends_with(heading);
        static const std::regex row{R"(\| `(\w+)` \|[^|]*\| ([^|]*) \|.*)"};
        std::smatch found;
        if (here && std::regex_match(line, found, row)) table.insert(found.str(1) + ": " + found.str(2));
    }
    return table;
}

// region: conn
result<Conn> stream_of_room(std::string_view room)
{
    auto conn = Conn::parse("wss://api.example.org/v2/stream?room=" + std::string(room));
    if (!conn) return conn; // with the error, which says what part of the URL is wrong

    conn->headers.add("X-Client", "thermometer");
    conn->subprotocols = {"v2.readings", "v1.readings"}; // most wanted first
    conn->timeouts.open = 5s;
    conn->limits.message_bytes = 64 * 1024;
    conn->deflate.offer = true;
    return conn;
}
// endregion

} // namespace

// Structured bindings name every field: one that is added does not compile here until it is in the list, and so in the
// table.

TEST_CASE("the page of options has the default of every field of Timeouts", "[docs]")
{
    const auto& [open, connect, close, linger, ping_interval, pong, message] = Timeouts{};
    CHECK(table_of("Timeouts") == Table{"open: " + written(open), "connect: " + written(connect),
                                      "close: " + written(close), "linger: " + written(linger),
                                      "ping_interval: " + written(ping_interval), "pong: " + written(pong),
                                      "message: " + written(message)});
}

TEST_CASE("the page of options has the default of every field of Limits", "[docs]")
{
    const auto& [message, fragments, handshake, fields, refusal, queue, frames, high_water, inbox, policy] = Limits{};
    CHECK(policy == SendQueuePolicy::refuse);
    CHECK(table_of("Limits") ==
          Table{"message_bytes: " + written_bytes(message), "fragments: " + std::to_string(fragments),
              "handshake_bytes: " + written_bytes(handshake), "handshake_fields: " + std::to_string(fields),
              "refusal_body_bytes: " + written_bytes(refusal), "send_queue_bytes: " + written_bytes(queue),
              "send_queue_messages: " + std::to_string(frames), "high_water_bytes: " + written_bytes(high_water),
              "inbox_messages: " + std::to_string(inbox), "send_queue_policy: `refuse`"});
}

TEST_CASE("the page of options has the default of every field of Deflate", "[docs]")
{
    const auto& [offer, client_bits, server_bits, client_no, server_no, level, memory, threshold] = Deflate{};
    CHECK(table_of("Deflate") ==
          Table{"offer: " + written(offer), "client_max_window_bits: " + written(client_bits),
              "server_max_window_bits: " + written(server_bits), "client_no_context_takeover: " + written(client_no),
              "server_no_context_takeover: " + written(server_no), "level: " + written(level),
              "memory_level: " + written(memory), "threshold_bytes: " + written_bytes(threshold)});
}

TEST_CASE("the page of options has the default of every field of Reach", "[docs]")
{
    const auto& [public_only, allow, deny, ports] = Reach{};
    CHECK(table_of("Reach") == Table{"public_only: " + written(public_only), "allow: " + written(allow),
                                   "deny: " + written(deny), "ports: " + written(ports)});
}

TEST_CASE("the page of options has the default of every field of Tls", "[docs]")
{
    const auto& [roots, ca_file, ca_pem, name, certificate, key, danger] = Tls{};
    CHECK(table_of("Tls") == Table{"system_roots: " + written(roots), "ca_file: " + written(ca_file),
                                 "ca_pem: " + written(ca_pem), "server_name: " + written(name),
                                 "certificate_file: " + written(certificate), "private_key_file: " + written(key),
                                 "danger_accept_any_certificate: " + written(danger)});
}

TEST_CASE("the page of options has the default of every field of Conn", "[docs]")
{
    const auto& [secure, host, port, target, headers, subprotocols, credentials, reach, tls, deflate, timeouts, limits,
        fragments] = Conn{};
    CHECK(reach == Reach{});
    CHECK(tls == Tls{});
    CHECK(deflate == Deflate{});
    CHECK(timeouts == Timeouts{});
    CHECK(limits == Limits{});
    CHECK(table_of("Conn") ==
          Table{"secure: " + written(secure), "host: " + written(host), "port: " + std::to_string(port),
              "target: `" + target + "`", "headers: " + written(headers), "subprotocols: " + written(subprotocols),
              "credentials: " + written(credentials), "reach: below", "tls: below", "deflate: below", "timeouts: below",
              "limits: below", "deliver_fragments: " + written(fragments)});
}

TEST_CASE("the page of options has the default of every field of Options", "[docs]")
{
    const auto& [async, initial, name, registry, reconnect, stable_after, prepare, executor, log, observer, debug] =
        Options{};
    CHECK_FALSE(registry);
    CHECK_FALSE(observer);
    CHECK(debug == Debug{});
    CHECK_FALSE(reconnect);
    CHECK_FALSE(prepare);
    CHECK_FALSE(executor);
    CHECK(log.target<void (*)(Severity, std::string_view)>() != nullptr);
    CHECK(table_of("Options") == Table{"async: " + written(async), "handle_initial_conn_failure: " + written(initial),
                                     "name: " + written(name), "registry: empty", "reconnect: empty",
                                     "stable_after: " + written(stable_after), "prepare: empty", "executor: empty",
                                     "log: `log_to_stderr`", "observer: empty", "debug: off"});
}

TEST_CASE("the blocks of the page of options do what it says", "[docs]")
{
    auto conn = stream_of_room("7");
    REQUIRE(conn.has_value());
    CHECK(conn->check().has_value());
    CHECK(conn->url() == "wss://api.example.org/v2/stream?room=7");

    // region: check
    conn->headers.add("X-Name", "two\r\nlines");
    const auto checked = conn->check(); // start() does this too
    REQUIRE(checked.error().code() == errc::invalid_header);
    // endregion

    // region: options
    const Options options{
        .reconnect = policy::Backoff{},
        .log = [](Severity, std::string_view line) { std::cerr << line << '\n'; },
    };
    // endregion
    CHECK(options.reconnect);
}
