// SPDX-License-Identifier: BSL-1.0
#include <websockxx/supervisor.hpp>

#include "support/test.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <memory>
#include <optional>
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

const char* const nowhere = "ws://nowhere.example/";

/// Of a client that never comes to open a socket: its `prepare` hook takes for ever.
Options patient()
{
    const auto replies = std::make_shared<std::vector<PrepareReply>>();
    const auto keep = [replies](const Conn&, int, PrepareReply reply) { replies->push_back(std::move(reply)); };
    return {.async = true, .prepare = keep, .log = {}};
}

} // namespace

static_assert(!std::is_copy_constructible_v<Supervisor> && std::is_nothrow_move_constructible_v<Supervisor>);
static_assert(std::is_copy_constructible_v<SupervisorRef> && std::is_copy_constructible_v<ChildSpec>);

TEST_CASE("WX-118 WX-119 WX-120 a child_spec has defaults, those of its class, and what overrides both", "[supervisor]")
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

TEST_CASE("an asynchronous start is cancelled, but not once it is over", "[supervisor]")
{
    boost::asio::io_context context;
    auto slow = patient();
    slow.async = false;
    for (const auto& options : {slow, patient()}) {
        boost::asio::cancellation_signal cancel;
        std::optional<error_code> started;
        Supervisor tree;
        Supervisor::async_start({.executor = context.get_executor(), .log = {}}, {child<Plain>(nowhere, options)},
            boost::asio::bind_cancellation_slot(cancel.slot(), [&](error_code ec, Supervisor made) {
                started = ec;
                tree = std::move(made);
            }));
        context.restart();
        context.poll();
        CHECK(started.has_value() == options.async);
        cancel.emit(boost::asio::cancellation_type::terminal);
        context.restart();
        context.poll();
        CHECK(tree.alive() == options.async);
        CHECK(started.value() == (options.async ? error_code{} : make_error_code(errc::stopped)));
        tree = Supervisor{};
        context.run();
    }
}

TEST_CASE("an asynchronous wait can be cancelled", "[supervisor]")
{
    boost::asio::io_context context;
    boost::asio::cancellation_signal cancel;
    std::optional<error_code> waited;
    Supervisor::async_start({.executor = context.get_executor()}, {}, [&](error_code, const Supervisor& tree) {
        tree.async_wait(boost::asio::bind_cancellation_slot(
            cancel.slot(), [&](error_code ec, const SupervisorReason&) { waited = ec; }));
        cancel.emit(boost::asio::cancellation_type::terminal);
    });
    context.run();
    CHECK(waited.value() == boost::asio::error::operation_aborted);
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
