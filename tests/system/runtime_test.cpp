// SPDX-License-Identifier: BSL-1.0
#include <websockxx/runtime.hpp>

#include "support/fixture_server.hpp"
#include "support/test.hpp"
#include "support/watched_client.hpp"

#include <websockxx/start.hpp>

#include <boost/asio/post.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

using namespace websockxx;
using namespace websockxx::test;
using namespace std::chrono_literals;

namespace {

struct Fixture {
    FixtureServer server;
    std::shared_ptr<Watch> watch = std::make_shared<Watch>();

    Link<WatchedClient> open(const Runtime& runtime)
    {
        Options options{.executor = runtime.get_executor(), .log = {}};
        auto link = start_link(std::make_unique<WatchedClient>(watch), server.url(), std::move(options)).value();
        CHECK(watch->next() == "connect");
        return link;
    }
};

std::thread::id thread_of(const Ref<WatchedClient>& ref)
{
    std::promise<std::thread::id> id;
    CHECK(ref.cast([&](auto&) {
        id.set_value(std::this_thread::get_id());
        return Client::ok();
    }));
    return id.get_future().get();
}

/// Runs one of these tests in a process of its own, with the variable set: `role` is what it is to do there.
int run_elsewhere(const std::string& test, const std::string& role)
{
    const auto program = std::filesystem::read_symlink("/proc/self/exe").string();
    const auto command = "WEBSOCKXX_TEST_ROLE=" + role + " '" + program + "' '" + test + "'";
    return std::system(command.c_str());
}

std::string role()
{
    const auto* value = std::getenv("WEBSOCKXX_TEST_ROLE");
    return value ? value : "";
}

} // namespace

TEST_CASE("a Runtime has one thread, and two have two", "[runtime]")
{
    Fixture f;
    const Runtime one;
    const Runtime other;
    const auto a = f.open(one);
    const auto b = f.open(one);
    const auto c = f.open(other);
    CHECK(one.get_executor() == one.get_executor());
    CHECK(one.get_executor() != other.get_executor());
    CHECK(thread_of(a) == thread_of(b));
    CHECK(thread_of(a) != thread_of(c));
    CHECK(thread_of(a) != std::this_thread::get_id());
}

TEST_CASE("clients run on the shared Runtime unless told otherwise", "[runtime]")
{
    Fixture f;
    const auto a = start_link(std::make_unique<WatchedClient>(f.watch), f.server.url()).value();
    const auto b = f.open(Runtime::shared());
    CHECK(thread_of(a) == thread_of(b));
}

TEST_CASE("a Runtime that ends takes its clients with it, without terminate", "[runtime]")
{
    Fixture f;
    std::optional<Runtime> runtime{std::in_place};
    const auto link = f.open(*runtime);
    const auto ref = link.ref();
    auto waiting = std::async(std::launch::async, [ref] { return ref.wait(); });
    runtime.reset();
    CHECK(f.watch->next() == "destroyed");
    CHECK(waiting.get()->error.code() == errc::runtime_ended);
    CHECK(link.reason()->error.code() == errc::runtime_ended);
    CHECK_FALSE(link.alive());
    CHECK(link.send_frame(Frame::text("x")).error().code() == errc::client_ended);
    CHECK(f.server.wait_for(Seen::tcp_closed).connection == 1);
    CHECK(f.watch->empty());
}

TEST_CASE("whoever waits for a start or for a send is told of the Runtime's end", "[runtime]")
{
    Fixture f;
    std::optional<Runtime> runtime{std::in_place};
    SECTION("start")
    {
        f.server.hold_upgrades();
        auto started = std::async(std::launch::async, [&] {
            return start(
                std::make_unique<WatchedClient>(f.watch), f.server.url(), {.executor = runtime->get_executor()});
        });
        f.server.wait_for(Seen::requested);
        runtime.reset();
        CHECK(started.get().error().code() == errc::runtime_ended);
    }
    SECTION("send_frame")
    {
        const auto link = f.open(*runtime);
        auto inside = std::make_shared<std::promise<void>>();
        std::promise<void> release;
        CHECK(link.cast([inside, go_on = release.get_future().share()](auto&) {
            inside->set_value();
            go_on.wait();
            return Client::ok();
        }));
        inside->get_future().wait();
        auto sent = std::async(std::launch::async, [&] { return link.send_frame(Frame::text("x"), 1h); });
        auto ended = std::async(std::launch::async, [&] { runtime.reset(); });
        release.set_value();
        ended.wait();
        // Whether the client got it before depends on which thread was first.
        const auto result = sent.get();
        CHECK((result.has_value() || result.error().code() == errc::client_ended ||
               result.error().code() == errc::runtime_ended));
    }
    CHECK(f.watch->next() == "destroyed");
}

TEST_CASE("what is posted to a Runtime is refused to block it", "[runtime]")
{
    Fixture f;
    const Runtime runtime;
    const auto link = f.open(runtime);
    std::promise<void> over;
    boost::asio::post(runtime.get_executor(), [&] {
        CHECK(link.send_frame(Frame::text("x")).error().code() == errc::blocking_in_callback);
        CHECK(link.wait().error().code() == errc::blocking_in_callback);
        CHECK(link.wait_for(1h).error().code() == errc::blocking_in_callback);
        Options options{.executor = runtime.get_executor()};
        const auto second = start(std::make_unique<WatchedClient>(f.watch), f.server.url(), std::move(options));
        CHECK(second.error().code() == errc::blocking_in_callback);
        over.set_value();
    });
    over.get_future().wait();
    CHECK(f.watch->next() == "destroyed"); // the second one
    CHECK(link.alive());
}

TEST_CASE("a Runtime may be destroyed by one of its own clients", "[runtime]")
{
    Fixture f;
    auto runtime = std::make_unique<Runtime>();
    const auto link = f.open(*runtime);
    const auto other = f.open(*runtime);
    CHECK(link.cast([&](auto&) {
        runtime.reset();
        f.watch->note("gone");
        return Client::ok();
    }));
    for (const auto* line : {"gone", "destroyed", "destroyed"}) CHECK(f.watch->next() == line);
    CHECK(link.wait()->error.code() == errc::runtime_ended);
    CHECK(other.wait()->error.code() == errc::runtime_ended);
}

TEST_CASE("handlers that a Runtime's end finds waiting are destroyed uncalled", "[runtime]")
{
    Fixture f;
    std::optional<Runtime> runtime{std::in_place};
    const auto link = f.open(*runtime);
    const auto token = std::make_shared<int>();
    const auto never = [token](const auto&...) { std::terminate(); };
    link.async_wait(never);
    f.server.stall();
    link.async_send_frame(Frame::binary(std::string(12 * 1024 * 1024, 'x')), never);
    f.server.hold_upgrades();
    Options options{.executor = runtime->get_executor()};
    async_start(std::make_unique<WatchedClient>(f.watch), f.server.url(), std::move(options), never);
    f.server.wait_for(Seen::requested);
    f.server.wait_for(Seen::requested);
    CHECK(token.use_count() == 5);
    runtime.reset();
    CHECK(token.use_count() == 2); // here, and in `never`
}

TEST_CASE("a program may end by exit() while clients run", "[runtime]")
{
    if (role().empty()) {
        const auto* name = "a program may end by exit() while clients run";
        CHECK(run_elsewhere(name, "main") == 0);
        CHECK(run_elsewhere(name, "main_runtime_first") == 0);
        CHECK(run_elsewhere(name, "callback") == 0);
        CHECK(run_elsewhere(name, "callback_runtime_first") == 0);
        return;
    }
    // What is made first is destroyed last. The one that matters and is not seen here is OpenSSL.
    if (role().ends_with("runtime_first")) static_cast<void>(Runtime::shared());
    static const CertificateAuthority authority;
    static FixtureServer server{authority.issue()};
    static std::vector<Link<WatchedClient>> links;
    auto conn = *Conn::parse(server.url());
    conn.tls.ca_pem = authority.certificate();
    const auto watch = std::make_shared<Watch>();
    for (int i = 0; i < 3; ++i) links.push_back(start_link(std::make_unique<WatchedClient>(watch), conn).value());
    if (role().starts_with("main")) std::exit(0);
    CHECK(links[0].cast([](auto&) -> Action { std::exit(0); }));
    std::promise<void> never;
    never.get_future().wait();
}
