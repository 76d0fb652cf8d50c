// SPDX-License-Identifier: BSL-1.0
#include <websockxx/core/restart_rules.hpp>

#include "support/test.hpp"
#include "support/tree_bench.hpp"

#include <chrono>
#include <string>
#include <vector>

using namespace websockxx;
using namespace websockxx::test;
using namespace std::chrono_literals;

namespace {

constexpr auto for_one = Strategy::one_for_one;
constexpr auto for_all = Strategy::one_for_all;
constexpr auto for_rest = Strategy::rest_for_one;

core::ChildRule with(Restart restart) { return {.restart = restart}; }
core::ChildRule with(std::chrono::milliseconds shutdown) { return {.shutdown = shutdown}; }

} // namespace

TEST_CASE("the list is started in order, each child when the one before it has started", "[core]")
{
    const auto strategy = GENERATE(for_one, for_all, for_rest);
    TreeBench bench{strategy, 3};
    CHECK(bench.begin() == "start 0");
    CHECK(bench.begin() == "");
    CHECK(bench.state(0) == ChildState::starting);
    CHECK(bench.state(1) == ChildState::waiting);
    CHECK(bench.started(0) == "start 1");
    CHECK(bench.started(1) == "start 2");
    CHECK(bench.started(2) == "all started");
    CHECK(bench.state(2) == ChildState::running);
}

TEST_CASE("an empty supervisor has started at once, and stops at once", "[core]")
{
    TreeBench bench{for_one, 0};
    CHECK(bench.begin() == "all started");
    CHECK(bench.begin() == "");
    CHECK(bench.stop() == "finish: stopped");
    CHECK(bench.finished());
    CHECK(bench.stop() == "");
    CHECK(bench.start_child(7, 1) == ""); // nothing follows a finish; the shell lets nothing in
}

TEST_CASE("a first start that fails stops those before it in reverse order, and fails the start", "[core]")
{
    const auto strategy = GENERATE(for_one, for_all, for_rest);
    TreeBench bench{strategy, 4};
    (void)bench.begin();
    (void)bench.started(0);
    (void)bench.started(1);
    CHECK(bench.crashed(2) == "stop 1 in 5000");
    CHECK(bench.closed(1) == "stop 0 in 5000");
    CHECK(bench.closed(0) == "finish: start failed");
}

TEST_CASE("who is restarted after which end", "[core]")
{
    struct Row {
        Restart restart;
        bool after_normal;
        bool after_abnormal;
    };
    const auto row = GENERATE(Row{Restart::permanent, true, true}, Row{Restart::transient, false, true},
        Row{Restart::temporary, false, false});
    const std::string gone = row.restart == Restart::temporary ? "forget 0" : "";

    CHECK(TreeBench{for_one, {with(row.restart)}}.up().closed(0) == (row.after_normal ? "start 0" : gone));
    CHECK(TreeBench{for_one, {with(row.restart)}}.up().crashed(0) == (row.after_abnormal ? "start 0" : gone));
    CHECK(TreeBench{for_one, {with(row.restart)}}.up().lost(0) == "forget 0"); // there is nowhere to start it
}

TEST_CASE("one_for_one restarts the child that ended, and no other", "[core]")
{
    auto bench = TreeBench{for_one, 3}.up();
    CHECK(bench.crashed(1) == "start 1");
    CHECK(bench.crashed(0) == "start 0"); // while the other is still being started
    CHECK(bench.started(0) == "");
    CHECK(bench.started(1) == "");
}

TEST_CASE("one_for_all stops all others in reverse order, and then starts all in order", "[core]")
{
    auto bench = TreeBench{for_all, 3}.up();
    CHECK(bench.crashed(1) == "stop 2 in 5000");
    CHECK(bench.state(1) == ChildState::waiting);
    CHECK(bench.closed(2) == "stop 0 in 5000");
    CHECK(bench.closed(0) == "start 0");
    CHECK(bench.started(0) == "start 1");
    CHECK(bench.started(1) == "start 2");
    CHECK(bench.started(2) == "");
}

TEST_CASE("rest_for_one stops those behind the child that ended, and then starts it and them", "[core]")
{
    auto bench = TreeBench{for_rest, 4}.up();
    CHECK(bench.crashed(1) == "stop 3 in 5000");
    CHECK(bench.closed(3) == "stop 2 in 5000");
    CHECK(bench.closed(2) == "start 1");
    CHECK(bench.started(1) == "start 2");
    CHECK(bench.started(2) == "start 3");
    CHECK(bench.started(3) == "");
    CHECK(bench.state(0) == ChildState::running);
}

TEST_CASE("a group that is being stopped counts as one restart, whoever of it ends meanwhile", "[core]")
{
    auto bench = TreeBench{for_all, 4, {.restarts = 1}}.up();
    CHECK(bench.crashed(0) == "stop 3 in 5000");
    CHECK(bench.crashed(1) == ""); // would have been stopped anyway
    CHECK(bench.crashed(3) == "stop 2 in 5000");
    CHECK(bench.crashed(2) == "start 0");
}

TEST_CASE("a child before a group that is being stopped widens it, and counts", "[core]")
{
    auto bench = TreeBench{for_rest, 4, {.restarts = 2}}.up();
    CHECK(bench.crashed(2) == "stop 3 in 5000");
    CHECK(bench.crashed(0) == "");
    CHECK(bench.closed(3) == "stop 1 in 5000");
    CHECK(bench.closed(1) == "start 0");
}

TEST_CASE("a child that ends while its group is being started has the group restarted again", "[core]")
{
    auto bench = TreeBench{for_all, 3}.up();
    (void)bench.crashed(2);
    (void)bench.closed(1);
    CHECK(bench.closed(0) == "start 0");
    CHECK(bench.started(0) == "start 1");
    CHECK(bench.crashed(0) == "stop 1 in 5000"); // it was being started
    CHECK(bench.started(1) == "");               // too late
    CHECK(bench.closed(1) == "start 0");
}

TEST_CASE(
    "a restart of the group brings back who ended by itself, but not who was terminated or is temporary", "[core]")
{
    auto bench = TreeBench{for_all, {{}, {}, {}, with(Restart::temporary)}}.up();
    CHECK(bench.closed(1) == "");
    CHECK(bench.terminate(2, 7) == "stop 2 in 5000");
    CHECK(bench.closed(2) == "answer 7 done");
    CHECK(bench.crashed(0) == "stop 3 in 5000");
    CHECK(bench.closed(3) == "forget 3, start 0");
    CHECK(bench.started(0) == "start 1");
    CHECK(bench.started(1) == "");
    CHECK(bench.state(2) == ChildState::down);
}

TEST_CASE("a restart that fails is tried again at once, and counts", "[core]")
{
    auto bench = TreeBench{for_one, 1, {.restarts = 3}}.up();
    CHECK(bench.crashed(0) == "start 0");
    CHECK(bench.crashed(0) == "start 0");
    CHECK(bench.closed(0) == "start 0"); // an orderly end is no start either
    CHECK(bench.crashed(0) == "finish: intensity");
}

TEST_CASE("a restart that fails within a group begins anew with the child that failed", "[core]")
{
    auto rest = TreeBench{for_rest, 3}.up();
    (void)rest.crashed(0);
    (void)rest.closed(2);
    CHECK(rest.closed(1) == "start 0");
    CHECK(rest.started(0) == "start 1");
    CHECK(rest.crashed(1) == "start 1");

    auto all = TreeBench{for_all, 2}.up();
    (void)all.crashed(0);
    CHECK(all.closed(1) == "start 0");
    CHECK(all.started(0) == "start 1");
    CHECK(all.crashed(1) == "stop 0 in 5000");
    CHECK(all.closed(0) == "start 0");
}

TEST_CASE("the intensity: so many restarts in so much time are well, one more ends everything", "[core]")
{
    auto bench = TreeBench{for_one, 2, {.restarts = 2, .within = 1s}}.up();
    const auto crash = [&](std::chrono::milliseconds after) {
        bench.now += after;
        const auto line = bench.crashed(0);
        (void)bench.started(0);
        return line;
    };
    CHECK(crash(0ms) == "start 0");
    CHECK(crash(500ms) == "start 0");
    CHECK(crash(501ms) == "start 0");        // the first is too long ago
    CHECK(crash(500ms) == "start 0");        // so is the second
    CHECK(crash(500ms) == "stop 1 in 5000"); // three: now, 500 ms and exactly 1 s ago
    CHECK(bench.closed(1) == "finish: intensity");
}

TEST_CASE("without any restart allowed the first one ends everything, also while the list is being started", "[core]")
{
    TreeBench bench{for_one, 3, {.restarts = 0}};
    (void)bench.begin();
    CHECK(bench.started(0) == "start 1");
    CHECK(bench.crashed(0) == "stop 1 in 5000");
    CHECK(bench.closed(1) == "finish: intensity");
}

TEST_CASE("a child that ends while the list is being started is restarted, and the list goes on", "[core]")
{
    TreeBench bench{for_one, 3};
    (void)bench.begin();
    (void)bench.started(0);
    CHECK(bench.crashed(0) == "start 0");
    CHECK(bench.started(1) == "start 2");
    CHECK(bench.crashed(0) == "start 0"); // no first start any more: it does not fail the list's
    CHECK(bench.started(2) == "all started");
}

TEST_CASE("WX-109 stopping goes in reverse order, each child within its time, then it is aborted", "[core]")
{
    auto bench =
        TreeBench{for_one, {with(2s), with(shutdown_time::brutal_kill), with(shutdown_time::infinity), with(-1s)}}.up();
    CHECK(bench.stop() == "abort 3");
    CHECK(bench.closed(3) == "stop 2 for ever");
    CHECK(bench.stop() == "");
    CHECK(bench.crashed(2) == "abort 1");
    CHECK(bench.closed(1) == "stop 0 in 2000");
    CHECK(bench.expired(0) == "abort 0");
    CHECK(bench.closed(0) == "finish: stopped");
}

TEST_CASE("a supervisor that is being stopped before it has begun does not begin", "[core]")
{
    TreeBench bench{for_one, 1};
    CHECK(bench.start_child(5, 1) == "start 5");
    CHECK(bench.stop() == "answer 1 ended, stop 5 in 5000");
    CHECK(bench.begin() == "");
    CHECK(bench.closed(5) == "finish: stopped");
}

TEST_CASE("WX-111 stopping stops also what is being started, and starts nothing more", "[core]")
{
    TreeBench bench{for_one, 3};
    (void)bench.begin();
    (void)bench.started(0);
    CHECK(bench.stop() == "stop 1 in 5000");
    CHECK(bench.started(1) == ""); // overtaken: it was told to stop
    CHECK(bench.closed(1) == "stop 0 in 5000");
    CHECK(bench.crashed(0) == "finish: stopped");
}

TEST_CASE("abort ends all at once, also when they are being stopped already", "[core]")
{
    auto bench = TreeBench{for_all, 3}.up();
    CHECK(bench.stop() == "stop 2 in 5000");
    CHECK(bench.abort() == "abort 2, abort 1, abort 0");
    CHECK(bench.abort() == "");
    CHECK(bench.closed(0) == "");
    CHECK(bench.closed(2) == "");
    CHECK(bench.closed(1) == "finish: stopped");

    auto at_once = TreeBench{for_one, 1}.up();
    CHECK(at_once.abort() == "abort 0");
    CHECK(at_once.closed(0) == "finish: aborted");
}

TEST_CASE("a dynamic child is started by request, restarted as others are, and forgotten at its end", "[core]")
{
    auto bench = TreeBench{for_one, 1}.up();
    CHECK(bench.start_child(5, 1) == "start 5");
    CHECK(bench.started(5) == "answer 1 done");
    CHECK(bench.crashed(5) == "start 5");
    CHECK(bench.started(5) == "");
    CHECK(bench.closed(5) == "forget 5");
    CHECK(bench.restart(5, 2) == "answer 2 unknown");

    CHECK(bench.start_child(6, 3) == "start 6");
    CHECK(bench.crashed(6) == "answer 3 failed, forget 6"); // by request: that is no restart
    CHECK(bench.start_child(7, 4) == "start 7");
    CHECK(bench.terminate(7, 5) == "stop 7 in 5000");
    CHECK(bench.closed(7) == "answer 5 done, answer 4 stopped, forget 7");
}

TEST_CASE("dynamic children wait for the list, and are stopped together before it", "[core]")
{
    TreeBench bench{for_one, 2};
    (void)bench.begin();
    CHECK(bench.start_child(5, 1) == "");
    CHECK(bench.start_child(6, 2) == "");
    (void)bench.started(0);
    CHECK(bench.started(1) == "all started, start 5, start 6");
    (void)bench.started(5);
    (void)bench.started(6);
    CHECK(bench.stop() == "stop 6 in 5000, stop 5 in 5000");
    CHECK(bench.start_child(7, 3) == "answer 3 ended, forget 7");
    CHECK(bench.closed(5) == "");
    CHECK(bench.closed(6) == "stop 1 in 5000");
    CHECK(bench.terminate(0, 4) == ""); // in its turn
    CHECK(bench.closed(1) == "stop 0 in 5000");
    CHECK(bench.closed(0) == "answer 4 done, finish: stopped");
}

TEST_CASE("dynamic children belong to one_for_all, and to the rest of the list, but not to one another", "[core]")
{
    for (const auto strategy : {for_all, for_rest}) {
        auto bench = TreeBench{strategy, 1, {.restarts = 9}}.up();
        for (const core::ChildKey child : {5U, 6U}) {
            (void)bench.start_child(child, child, with(child == 5 ? Restart::permanent : Restart::temporary));
            (void)bench.started(child);
        }
        CHECK(bench.crashed(0) == "stop 6 in 5000, stop 5 in 5000");
        CHECK(bench.closed(5) == "");
        CHECK(bench.closed(6) == "forget 6, start 0");
        CHECK(bench.started(0) == "start 5");
        CHECK(bench.started(5) == "");
        CHECK(bench.crashed(5) == (strategy == for_all ? "stop 0 in 5000" : "start 5"));
    }
}

TEST_CASE("terminate, restart and delete of a child of the list", "[core]")
{
    auto bench = TreeBench{for_one, 2}.up();
    CHECK(bench.remove(0, 1) == "answer 1 not down");
    CHECK(bench.restart(0, 2) == "answer 2 not down");
    CHECK(bench.terminate(0, 3) == "stop 0 in 5000");
    CHECK(bench.terminate(0, 4) == "");
    CHECK(bench.crashed(0) == "answer 3 done, answer 4 done"); // it was told to: no restart
    CHECK(bench.terminate(0, 5) == "answer 5 done");
    CHECK(bench.restart(0, 6) == "start 0");
    CHECK(bench.crashed(0) == "answer 6 failed"); // by request: that is no restart
    CHECK(bench.state(0) == ChildState::down);
    CHECK(bench.restart(0, 7) == "start 0");
    CHECK(bench.started(0) == "answer 7 done");
    CHECK(bench.crashed(0) == "start 0");
    CHECK(bench.terminate(0, 8) == "stop 0 in 5000");
    CHECK(bench.closed(0) == "answer 8 done");
    CHECK(bench.remove(0, 9) == "answer 9 done, forget 0");
    CHECK(bench.restart(0, 10) == "answer 10 unknown");
    CHECK(bench.terminate(0, 11) == "answer 11 unknown");
    CHECK(bench.stop() == "stop 1 in 5000");
}

TEST_CASE("a request for a child of a group that is being restarted is kept to the group's order", "[core]")
{
    auto bench = TreeBench{for_all, 3}.up();
    (void)bench.terminate(2, 1);
    (void)bench.closed(2);
    CHECK(bench.crashed(0) == "stop 1 in 5000");
    CHECK(bench.restart(2, 2) == "");
    CHECK(bench.terminate(0, 3) == "answer 3 done"); // it waits, and will not be started
    CHECK(bench.closed(1) == "start 1");
    CHECK(bench.started(1) == "start 2");
    CHECK(bench.started(2) == "answer 2 done");
    CHECK(bench.state(0) == ChildState::down);
}

TEST_CASE("a child that is terminated while its group is being stopped stays down", "[core]")
{
    auto bench = TreeBench{for_all, 3}.up();
    CHECK(bench.crashed(0) == "stop 2 in 5000");
    CHECK(bench.terminate(2, 1) == "");
    CHECK(bench.closed(2) == "answer 1 done, stop 1 in 5000");
    CHECK(bench.closed(1) == "start 0");
    CHECK(bench.started(0) == "start 1");
    CHECK(bench.started(1) == "");
}

TEST_CASE("events about children that are not, or not any more, are ignored", "[core]")
{
    auto bench = TreeBench{for_one, 1}.up();
    CHECK(bench.crashed(9) == "");
    CHECK(bench.started(9) == "");
    CHECK(bench.expired(9) == "");
    CHECK(bench.started(0) == "");
    CHECK(bench.expired(0) == "");
    CHECK(bench.state(9) == ChildState::down);
    (void)bench.closed(0);
    CHECK(bench.crashed(0) == "");
}
