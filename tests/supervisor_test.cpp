// SPDX-License-Identifier: BSL-1.0
#include <websockxx/supervisor.hpp>

#include "support/test.hpp"

#include <websockxx/runtime.hpp>

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

using namespace websockxx;
using namespace std::chrono_literals;

namespace {

struct Plain : Client {};

struct Stubborn : Client {
    static constexpr ChildDefaults child_spec{.id = "stubborn", .restart = Restart::permanent, .shutdown = 1s};
};

/// A place that nobody listens at; the port is closed again at once.
const char* const nowhere = "ws://127.0.0.1:1/";

/// Starts what can never be connected, so that it lives without a server.
Options patient()
{
    return {.async = true,
        .handle_initial_conn_failure = true,
        .reconnect = [](const Retry&) { return reconnect_in(1h); },
        .log = {}};
}

} // namespace

static_assert(!std::is_copy_constructible_v<Supervisor> && std::is_nothrow_move_constructible_v<Supervisor>);
static_assert(std::is_copy_constructible_v<SupervisorRef> && std::is_copy_constructible_v<ChildSpec>);

TEST_CASE("WX-118 WX-119 a child_spec has defaults, those of its class, and what overrides both", "[supervisor]")
{
    const auto plain = child<Plain>(nowhere);
    CHECK(plain.id().empty());
    CHECK(plain.restart() == Restart::transient); // where WebSockex leaves it at `permanent`
    CHECK(plain.shutdown() == 5s);

    const auto stubborn = child<Stubborn>(nowhere);
    CHECK(stubborn.id() == "stubborn");
    CHECK(stubborn.restart() == Restart::permanent);
    CHECK(stubborn.shutdown() == 1s);

    const auto made = child([] { return std::make_unique<Stubborn>(); }, nowhere)
                          .id("mine")
                          .restart(Restart::temporary)
                          .shutdown(shutdown_time::brutal_kill);
    CHECK(made.id() == "mine");
    CHECK(made.restart() == Restart::temporary);
    CHECK(made.shutdown() == 0ms);

    const auto nested = supervisor({}, {plain});
    CHECK(nested.restart() == Restart::transient);
    CHECK(nested.shutdown() == shutdown_time::infinity);
}

TEST_CASE("a SupervisorRef to nothing says so", "[supervisor]")
{
    const SupervisorRef none;
    CHECK_FALSE(none);
    CHECK_FALSE(none.alive());
    CHECK_FALSE(none.reason());
    CHECK(none.start_child(child<Plain>(nowhere)).error().code() == errc::supervisor_ended);
    CHECK(none.terminate_child("a").error().code() == errc::supervisor_ended);
    CHECK(none.restart_child("a").error().code() == errc::supervisor_ended);
    CHECK(none.delete_child("a").error().code() == errc::supervisor_ended);
    CHECK(none.wait().error().code() == errc::supervisor_ended);
    CHECK(none.wait_for(1s).error().code() == errc::supervisor_ended);
    CHECK(none.which_children().empty());
    CHECK(none.count_children() == ChildCount{});
    CHECK_FALSE(none.find<Plain>("a"));
    CHECK_FALSE(none.find_supervisor("a"));
    none.stop();
    none.abort();
    Supervisor nobody;
    nobody = Supervisor{};
    CHECK(none == nobody.ref());
}

TEST_CASE("children that cannot be are refused with the reason", "[supervisor]")
{
    const auto twice = Supervisor::start({}, {child<Plain>(nowhere).id("a"), child<Plain>(nowhere).id("a")});
    CHECK(twice.error().code() == errc::child_exists);

    std::vector<std::string> log;
    const auto nonsense = Supervisor::start(
        {.log = [&](Severity, std::string_view line) { log.emplace_back(line); }}, {child<Plain>("no url").id("a")});
    CHECK(nonsense.error().code() == errc::invalid_url);
    CHECK_THAT(log.at(0), StartsWith("child \"a\" could not be started: "));

    const auto empty = Supervisor::start({.log = {}}, {child([] { return std::unique_ptr<Plain>(); }, nowhere)});
    CHECK(empty.error().code() == errc::invalid_option);

    const auto throwing = Supervisor::start({.log = {}},
        {child([]() -> std::unique_ptr<Plain> { throw std::runtime_error("out of clients"); }, nowhere, patient())});
    CHECK(throwing.error().code() == errc::callback_threw);
    CHECK(throwing.error().detail() == "out of clients");

    const auto nested = Supervisor::start(
        {.log = {}}, {supervisor({}, {child<Plain>(nowhere).id("a"), child<Plain>(nowhere).id("a")})});
    CHECK(nested.error().code() == errc::child_exists);
}

TEST_CASE("a supervisor without a server: find, count, add, terminate, restart, delete, stop", "[supervisor]")
{
    auto tree = Supervisor::start({.log = {}},
        {child<Plain>(nowhere, patient()).id("a"), supervisor({}, {child<Stubborn>(nowhere, patient())}).id("inner")})
                    .value();
    CHECK(tree.alive());
    CHECK(tree.count_children() == ChildCount{.specs = 2, .active = 2, .supervisors = 1, .workers = 1});
    const auto a = tree.find<Plain>("a");
    REQUIRE(a);
    CHECK(a.alive());
    CHECK(tree.find("a") == Ref<Client>{a});
    CHECK_FALSE(tree.find<Stubborn>("a"));
    CHECK_FALSE(tree.find("inner"));
    CHECK(tree.find_supervisor("inner").find<Stubborn>("stubborn").alive());
    CHECK_FALSE(tree.find_supervisor("a"));

    const auto added = tree.start_child(child<Plain>(nowhere, patient()));
    REQUIRE(added);
    CHECK(tree.which_children().back().id == *added);
    CHECK(tree.which_children().back().ref.alive());
    CHECK(tree.start_child(child<Plain>(nowhere).id(*added)).error().code() == errc::child_exists);
    CHECK(tree.start_child(child<Plain>("no url").id("b")).error().code() == errc::invalid_url);
    CHECK(tree.terminate_child(*added));
    CHECK(tree.count_children().specs == 2);

    CHECK(tree.delete_child("a").error().code() == errc::child_running);
    CHECK(tree.terminate_child("a"));
    CHECK_FALSE(a.alive());
    CHECK(a.reason()->error.code() == errc::stopped);
    CHECK_FALSE(tree.find("a"));
    CHECK(tree.restart_child("a"));
    CHECK(tree.find("a").alive());
    CHECK(tree.terminate_child("a"));
    CHECK(tree.delete_child("a"));
    CHECK(tree.restart_child("a").error().code() == errc::no_such_child);

    const auto inner = tree.find_supervisor("inner");
    CHECK(tree.wait_for(0ms).value() == std::nullopt);
    tree.stop();
    CHECK(tree.wait().value().error.code() == errc::stopped);
    CHECK_FALSE(tree.alive());
    CHECK(inner.reason()->error.code() == errc::stopped);
    CHECK(tree.wait_for(0ms).value()->error.code() == errc::stopped);
    CHECK(tree.start_child(child<Plain>(nowhere)).error().code() == errc::supervisor_ended);
}

TEST_CASE("a child that is aborted is started again, one that is stopped stays down", "[supervisor]")
{
    const auto tree = Supervisor::start({.log = {}}, {child<Plain>(nowhere, patient()).id("a")}).value();
    const auto first = tree.find("a");
    first.abort();
    CHECK(first.wait().value().error.code() == errc::aborted);
    while (!tree.find("a").alive()) {}
    CHECK(tree.find("a") != first);
    CHECK(tree.which_children().at(0).restarts == 1);
    tree.find("a").stop();
    while (tree.which_children().at(0).state != ChildState::down) {}
    CHECK(tree.alive());
}

TEST_CASE("the end of a Supervisor is the end of its clients", "[supervisor]")
{
    Ref<Client> a;
    Ref<Client> b;
    {
        auto tree = Supervisor::start({.log = {}}, {child<Plain>(nowhere, patient()).id("a")}).value();
        a = tree.find("a");
        tree = Supervisor::start({.log = {}}, {child<Plain>(nowhere, patient()).id("b")}).value();
        CHECK_FALSE(a.alive());
        b = tree.find("b");
        CHECK(b.alive());
    }
    CHECK_FALSE(b.alive());
}

TEST_CASE("the asynchronous twins, on a context that the test runs", "[supervisor]")
{
    boost::asio::io_context context;
    std::vector<std::string> lines;
    Supervisor tree;
    const auto note = [&lines](std::string name) {
        return [&lines, name = std::move(name)](
                   error_code ec) { lines.push_back(name + ": " + (ec ? ec.message() : "ok")); };
    };
    Supervisor::async_start({.executor = context.get_executor(), .log = {}}, {child<Plain>(nowhere, patient()).id("a")},
        [&](error_code ec, Supervisor started) {
            CHECK_FALSE(ec);
            tree = std::move(started);
            // Here it would wait for itself.
            CHECK(tree.terminate_child("a").error().code() == errc::blocking_in_callback);
            CHECK(tree.start_child(child<Plain>(nowhere)).error().code() == errc::blocking_in_callback);
            CHECK(tree.wait().error().code() == errc::blocking_in_callback);
            CHECK(Supervisor::start({.executor = context.get_executor()}, {}).error().code() ==
                  errc::blocking_in_callback);
            CHECK(Supervisor::start({}, {child<Plain>(nowhere, {.executor = context.get_executor()})}).error().code() ==
                  errc::blocking_in_callback);
            tree.async_wait([&](error_code, const SupervisorReason& reason) { lines.push_back(reason.message()); });
            tree.async_start_child(child<Plain>(nowhere, patient()).id("d"), [&](error_code failed, std::string id) {
                CHECK_FALSE(failed);
                lines.push_back("started: " + id);
                tree.async_delete_child("x", note("delete"));
                tree.async_terminate_child("a", [&, told = note("terminate")](error_code late) {
                    told(late);
                    tree.async_restart_child("a", [&, told = note("restart")](error_code later) {
                        told(later);
                        tree.stop();
                    });
                });
            });
        });
    context.run();
    CHECK(lines == std::vector<std::string>{"started: d", "delete: no child has this id", "terminate: ok",
                       "restart: ok", "the supervisor was stopped"});

    error_code failure;
    context.restart();
    Supervisor::async_start({.executor = context.get_executor(), .log = {}}, {child<Plain>("no url")},
        [&](error_code ec, const Supervisor& failed) {
            failure = ec;
            CHECK(failed.reason()->child == "#1");
        });
    context.run();
    CHECK(failure == errc::invalid_url);
}

TEST_CASE("when the context is destroyed first, a Supervisor says so and can be destroyed", "[supervisor]")
{
    Supervisor tree;
    Ref<Client> a;
    {
        boost::asio::io_context context;
        Supervisor::async_start({.executor = context.get_executor(), .log = {}},
            {child<Plain>(nowhere, patient()).id("a"), supervisor({}, {child<Plain>(nowhere, patient())})},
            [&](error_code, Supervisor started) {
                tree = std::move(started);
                a = tree.find("a");
                context.stop();
            });
        context.run();
        CHECK(tree.alive());
    }
    CHECK(tree.reason()->error.code() == errc::runtime_ended);
    CHECK_FALSE(a.alive());
    CHECK(tree.terminate_child("a").error().code() == errc::supervisor_ended);
}

TEST_CASE("a child whose own context is destroyed is forgotten", "[supervisor]")
{
    auto options = patient();
    auto context = std::make_unique<boost::asio::io_context>();
    options.executor = context->get_executor();
    const auto tree =
        Supervisor::start({.log = {}}, {child<Plain>(nowhere, options).id("a").restart(Restart::permanent)});
    REQUIRE(tree.has_value());
    CHECK(tree->find("a").alive());
    context.reset();
    while (tree->count_children().specs > 0) {}
    tree->stop();
    CHECK(tree->wait().value().error.code() == errc::stopped);
}
