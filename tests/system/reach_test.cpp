// SPDX-License-Identifier: BSL-1.0
#include <websockxx/io/resolver.hpp>

#include "support/fixture_server.hpp"
#include "support/test.hpp"
#include "support/watched_client.hpp"

#include <websockxx/start.hpp>

#include <boost/asio/ip/tcp.hpp>

#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

using namespace websockxx;
using namespace websockxx::test;
using namespace std::chrono_literals;
using boost::asio::ip::make_address;
using boost::asio::ip::tcp;

/// Where a connection leads, and that it leads nowhere else.

namespace {

/// While it lives, a name is looked up to what the test says: the first time to the first answer and so on, and then to
/// the last one. Each has another name, since a lookup that is just ending serves all.
class Name {
public:
    explicit Name(std::vector<io::Addresses> answers) : state_(std::make_shared<State>())
    {
        state_->answers = std::move(answers);
        io::LookupThreads::shared().set_lookup([state = state_](const std::string& host, io::Addresses& addresses) {
            if (host != state->name) return io::system_lookup(host, addresses);
            const std::lock_guard lock{state->mutex};
            addresses = state->answers[std::min(state->lookups++, state->answers.size() - 1)];
            return error_code{};
        });
    }
    ~Name() { io::LookupThreads::shared().set_lookup(io::system_lookup); }
    Name(const Name&) = delete;
    Name& operator=(const Name&) = delete;

    [[nodiscard]] const std::string& text() const { return state_->name; }
    [[nodiscard]] std::size_t lookups() const
    {
        const std::lock_guard lock{state_->mutex};
        return state_->lookups;
    }

private:
    inline static int last_number = 0;
    struct State {
        const std::string name = "reach-" + std::to_string(++last_number) + ".test";
        mutable std::mutex mutex;
        std::vector<io::Addresses> answers;
        std::size_t lookups = 0;
    };
    std::shared_ptr<State> state_;
};

/// Knows whether anybody has connected: within one machine the kernel has done that when connect() returns.
class Doorman {
public:
    explicit Doorman(const char* address, std::uint16_t port = 0)
        : acceptor_(context_, tcp::endpoint(make_address(address), port))
    {
        acceptor_.non_blocking(true);
    }

    [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
    [[nodiscard]] bool visited()
    {
        tcp::socket visitor(context_);
        error_code ec;
        acceptor_.accept(visitor, ec);
        return ec != boost::asio::error::would_block;
    }

private:
    boost::asio::io_context context_;
    tcp::acceptor acceptor_;
};

io::Addresses addresses(std::initializer_list<const char*> texts)
{
    io::Addresses all;
    for (const auto* text : texts) all.push_back(make_address(text));
    return all;
}

Conn to(const std::string& host, std::uint16_t port, Reach reach)
{
    return {.secure = false, .host = host, .port = port, .reach = std::move(reach)};
}

/// Tries hard, so that whatever is given up is given up for good.
Error outcome(const Conn& conn)
{
    const Options options{
        .handle_initial_conn_failure = true, .reconnect = policy::up_to(20, policy::Backoff{.base = 0ms}), .log = {}};
    const auto link = start_link<Client>(conn, options);
    return link ? link->wait()->error : link.error();
}

} // namespace

TEST_CASE("S21 a name that leads into our own network is refused before a packet leaves, and for good", "[reach]")
{
    const auto* const found = GENERATE("127.0.0.1", "::ffff:127.0.0.1");
    Doorman inside{"127.0.0.1"};
    const Name name{{addresses({found})}};
    const bool secure = GENERATE(false, true);
    auto conn = to(name.text(), inside.port(), {.public_only = true});
    conn.secure = secure;
    const auto error = outcome(conn);
    CHECK(error.code() == errc::address_not_allowed);
    CHECK(error.phase() == Phase::connect);
    CHECK(error.detail() == name.text() + ":" + std::to_string(inside.port()) + ": " + found);
    CHECK(name.lookups() == 1);
    CHECK_FALSE(inside.visited());
}

TEST_CASE("S21 an address is refused in whatever way it is written", "[reach]")
{
    // The system's lookup reads what inet_aton() reads.
    const std::string host = GENERATE(as<std::string>(), "127.0.0.1", "::1", "::ffff:127.0.0.1", "::ffff:7f00:1",
        "::", "0.0.0.0", "localhost", "LOCALHOST", "2130706433", "127.1", "0x7f.1", "0177.0.0.1", "0x7f000001", "0");
    Doorman inside{"127.0.0.1"}, inside_v6{"::1"};
    const auto port = GENERATE_REF(inside.port(), inside_v6.port());
    CAPTURE(host);
    CHECK(outcome(to(host, port, {.public_only = true})).code() == errc::address_not_allowed);
    CHECK_FALSE(inside.visited());
    CHECK_FALSE(inside_v6.visited());
}

TEST_CASE("S21 a name that leads elsewhere the next time is refused then", "[reach]")
{
    FixtureServer server{{.address = "127.0.0.2"}};
    Doorman inside{"127.0.0.1", server.port()};
    const Name name{{addresses({"127.0.0.2"}), addresses({"127.0.0.1"})}};
    auto conn = to(name.text(), server.port(), {.public_only = true, .allow = {"127.0.0.2"}});
    conn.target = "/ws";
    const auto link = start_link<Client>(conn, {.reconnect = policy::Backoff{.base = 0ms}, .log = {}});
    REQUIRE(link.has_value());
    server.wait_for(Seen::connected);
    server.drop();
    CHECK(link->wait()->error.code() == errc::address_not_allowed);
    CHECK(name.lookups() == 2);
    CHECK_FALSE(inside.visited());
}

TEST_CASE("S21 of several addresses only those that are allowed are connected to", "[reach]")
{
    FixtureServer server{{.address = "127.0.0.2"}};
    Doorman inside{"127.0.0.1", server.port()};
    const Name name{{addresses({"127.0.0.1", "::1", "127.0.0.2", "::ffff:127.0.0.1"})}};
    auto conn = to(name.text(), server.port(), {.public_only = true, .allow = {"127.0.0.2"}});
    conn.target = "/ws";
    const auto link = start_link<Client>(conn, {.log = {}});
    CHECK(link.has_value());
    CHECK_FALSE(inside.visited());
}

TEST_CASE("S21 a port that is not allowed is refused before its host is looked up", "[reach]")
{
    const Name name{{addresses({"127.0.0.1"})}};
    const auto error = outcome(to(name.text(), 25, {.ports = {80, 443}}));
    CHECK(error.code() == errc::port_not_allowed);
    CHECK(error.detail() == "25");
    CHECK(name.lookups() == 0);
}

TEST_CASE(
    "S7 a redirect is an answer that refuses: nobody follows it, and nothing is told to where it leads", "[reach]")
{
    const int status = GENERATE(300, 301, 302, 303, 307, 308);
    Doorman elsewhere{"127.0.0.1"};
    FixtureServer server;
    const auto location = "ws://127.0.0.1:" + std::to_string(elsewhere.port()) + "/";
    server.answer_with({.status = status, .headers = {{"Location", location}}});
    auto conn = Conn::parse(server.url()).value();
    conn.credentials = Credentials{"alice", "secret"};
    const auto link = start_link<Client>(conn, {.log = {}});
    REQUIRE(link.has_error());
    CHECK(link.error().code() == errc::handshake_refused);
    REQUIRE(link.error().refusal() != nullptr);
    CHECK(link.error().refusal()->status == status);
    CHECK(link.error().refusal()->headers.get("Location") == location);
    CHECK_FALSE(elsewhere.visited());
}

TEST_CASE("S8 there is no proxy, whatever the environment says", "[reach]")
{
    Doorman proxy{"127.0.0.1"};
    const auto url = "http://127.0.0.1:" + std::to_string(proxy.port());
    const std::vector<const char*> names{
        "http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "ws_proxy", "wss_proxy"};
    for (const auto* name : names) setenv(name, url.c_str(), 1);
    FixtureServer server;
    const auto link = start_link<Client>(server.url(), {.log = {}});
    for (const auto* name : names) unsetenv(name);
    CHECK(link.has_value());
    CHECK_FALSE(proxy.visited());
}
