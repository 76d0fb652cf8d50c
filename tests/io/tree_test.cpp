// SPDX-License-Identifier: BSL-1.0
#include <websockxx/io/tree.hpp>

#include "support/test.hpp"
#include "support/tree_scene.hpp"

#include <boost/system/errc.hpp>

#include <algorithm>
#include <chrono>
#include <future>
#include <stdexcept>
#include <string>
#include <vector>

using namespace websockxx;
using namespace websockxx::test;
using namespace std::chrono_literals;

namespace {

using Lines = std::vector<std::string>;

} // namespace

TEST_CASE("a tree starts its list in order, and says so when all have started", "[tree]")
{
    TreeScene scene;
    scene.begin({scene.child("a"), scene.child("b")});
    CHECK(scene.take() == Lines{"start a"});
    scene.started("a");
    CHECK(scene.take() == Lines{"start b"});
    scene.started("b");
    CHECK(scene.take() == Lines{"tree: ok"});
}

TEST_CASE("a child that cannot be started stops the others, and its failure is the tree's", "[tree]")
{
    TreeScene scene;
    scene.begin({scene.child("a"), scene.child("b")});
    scene.started("a");
    scene.ended("b", {.error = Error{errc::handshake_refused, Phase::handshake, "status 503"}});
    CHECK(scene.take() == Lines{"start a", "start b", "gone b", "stop a"});
    CHECK_FALSE(scene.tree->reason());
    scene.ended("a", {.error = errc::stopped});
    const auto reason = scene.tree->reason().value();
    CHECK(reason.error.code() == errc::handshake_refused);
    CHECK(reason.child == "b");
    CHECK(scene.take() == Lines{"gone a", "tree: " + reason.error.message()});
    CHECK(scene.log == Lines{"child \"b\" could not be started: " + reason.error.message()});
}

TEST_CASE("a factory that throws is a failed start, with what it said", "[tree]")
{
    TreeScene scene;
    scene.on_birth = [](const std::string&) { throw std::runtime_error("no memory of it"); };
    scene.begin({scene.child("a")});
    const auto reason = scene.tree->reason().value();
    CHECK(reason.error.code() == errc::callback_threw);
    CHECK(reason.error.detail() == "no memory of it");
    CHECK(reason.child_ended.exception);
}

TEST_CASE(
    "a child that ends abnormally is started again, by the strategy; the end of one that is done is its end", "[tree]")
{
    TreeScene scene{Strategy::rest_for_one};
    scene.up({"a", "b", "c"});
    scene.ended("b");
    CHECK(scene.take() == Lines{"gone b", "stop c"});
    scene.ended("c", {.error = errc::stopped});
    CHECK(scene.take() == Lines{"gone c", "start b"});
    scene.started("b");
    scene.started("c");
    CHECK(scene.take() == Lines{"start c"});
    CHECK(scene.tree->which_children().at(1).restarts == 1);
    scene.closed("b");
    CHECK(scene.take() == Lines{"gone b"});
    CHECK(scene.tree->count_children() == ChildCount{.specs = 3, .active = 2, .supervisors = 0, .workers = 3});
}

TEST_CASE("a child that takes long to be started again holds up nobody else", "[tree]")
{
    TreeScene scene;
    scene.up({"a", "b"});
    scene.ended("a");
    CHECK(scene.take() == Lines{"gone a", "start a"}); // and now nothing comes of it
    scene.ended("b");
    scene.started("b");
    CHECK(scene.take() == Lines{"gone b", "start b"});
    scene.tree->start_child(scene.child("d"), scene.answer("d"));
    scene.run();
    scene.started("d");
    CHECK(scene.take() == Lines{"start d", "d: d"});
    scene.tree->stop();
    scene.run();
    CHECK(scene.take() == Lines{"stop d"});
}

TEST_CASE("WX-109 stopping goes in reverse order, and aborts whoever takes longer than his time", "[tree]")
{
    TreeScene scene;
    scene.begin({scene.child("a"), scene.child("b", {.shutdown = 2s})});
    scene.started("a");
    scene.started("b");
    (void)scene.take();
    scene.tree->stop();
    scene.run();
    CHECK(scene.take() == Lines{"stop b"});
    scene.turn(1999ms);
    CHECK(scene.take().empty());
    scene.turn(1ms);
    CHECK(scene.take() == Lines{"abort b"});
    scene.ended("b", {.error = errc::aborted});
    CHECK(scene.take() == Lines{"gone b", "stop a"});
    scene.turn(4999ms);
    scene.ended("a", {.error = errc::stopped});
    CHECK(scene.take() == Lines{"gone a"});
    CHECK(scene.tree->reason()->error.code() == errc::stopped);
    CHECK(scene.tree->reason()->message() == "the supervisor was stopped");
    CHECK(scene.log.empty());
    scene.turn(48h); // nothing rings any more
    CHECK(scene.take().empty());
}

TEST_CASE("infinity is longer than a year, and a brutal kill takes no time", "[tree]")
{
    TreeScene scene;
    scene.begin({scene.child("a", {.shutdown = shutdown_time::infinity}),
        scene.child("b", {.shutdown = shutdown_time::brutal_kill})});
    scene.started("a");
    scene.started("b");
    (void)scene.take();
    scene.tree->stop();
    scene.run();
    CHECK(scene.take() == Lines{"abort b"});
    scene.ended("b");
    scene.turn(std::chrono::hours{24 * 1000});
    CHECK(scene.take() == Lines{"gone b", "stop a"});
}

TEST_CASE("the time of one stop is over when the child has ended, and does not count for the next", "[tree]")
{
    TreeScene scene{Strategy::one_for_all};
    scene.up({"a", "b"});
    scene.ended("a");
    scene.turn(2s);
    scene.ended("b", {.error = errc::stopped});
    scene.started("a");
    scene.started("b");
    CHECK(scene.take() == Lines{"gone a", "stop b", "gone b", "start a", "start b"});
    scene.tree->stop();
    scene.run();
    scene.turn(4s);
    CHECK(scene.take() == Lines{"stop b"});
    scene.turn(1s);
    CHECK(scene.take() == Lines{"abort b"});
}

TEST_CASE("the intensity ends the tree, tells whose end was one too many, and logs it", "[tree]")
{
    TreeScene scene{Strategy::one_for_one, {.restarts = 1, .within = 5s}};
    scene.up({"a", "b"});
    scene.ended("b");
    scene.started("b");
    scene.turn(5001ms);
    scene.ended("b"); // the first is forgotten
    scene.started("b");
    (void)scene.take();
    scene.turn(5s);
    scene.ended("b");
    CHECK(scene.take() == Lines{"gone b", "stop a"});
    scene.ended("a", {.error = errc::stopped});
    const auto reason = scene.tree->reason().value();
    CHECK(reason.error.code() == errc::restart_intensity_reached);
    CHECK(reason.child == "b");
    CHECK(reason.child_ended.error.code() == errc::connection_lost);
    CHECK_THAT(reason.message(), ContainsSubstring("child \"b\": connection lost"));
    CHECK(scene.log == Lines{reason.message()});
}

TEST_CASE("each end of a tree is told once, to everybody who waits", "[tree]")
{
    TreeScene scene;
    scene.up({"a"});
    int told = 0;
    for (int i = 0; i < 2; ++i) scene.tree->end_box()->async_wait([&](error_code, const CloseReason&) { ++told; });
    scene.tree->stop();
    scene.tree->stop();
    scene.tree->abort();
    scene.run();
    CHECK(told == 0);
    scene.ended("a");
    CHECK(told == 2);
    scene.tree->stop();
    scene.run();
    CHECK(told == 2);
}

TEST_CASE("ids: made up where there are none, different from all others, and free again afterwards", "[tree]")
{
    TreeScene scene;
    CHECK(io::Tree::check({scene.child("a"), scene.child(""), scene.child(""), scene.child("b")}));
    const auto twice = io::Tree::check({scene.child("a"), scene.child("b"), scene.child("a")});
    CHECK(twice.error().code() == errc::child_exists);
    CHECK(twice.error().detail() == "a");

    scene.up({"#2", "a"});
    scene.tree->start_child(scene.child("a"), scene.answer("again"));
    scene.run();
    CHECK(scene.take() == Lines{"again: another child has this id (a)"});
    scene.tree->start_child(scene.child(""), scene.answer("made up"));
    scene.run();
    scene.started("");
    CHECK(scene.take() == Lines{"start ", "made up: #3"});
    scene.closed("");
    scene.tree->start_child(scene.child("#3"), scene.answer("free"));
    scene.run();
    scene.started("#3");
    CHECK(scene.take() == Lines{"gone ", "start #3", "free: #3"});
}

TEST_CASE("a child is terminated, started again and deleted by its id", "[tree]")
{
    TreeScene scene;
    scene.up({"a", "b"});
    scene.tree->restart_child("a", scene.answer("restart"));
    scene.tree->delete_child("a", scene.answer("delete"));
    scene.tree->terminate_child("x", scene.answer("terminate x"));
    scene.tree->terminate_child("a", scene.answer("terminate"));
    scene.run();
    auto lines = scene.take(); // an x is refused at once, the others in their order
    std::sort(lines.begin(), lines.end());
    CHECK(lines == Lines{"delete: the child runs, or will", "restart: the child runs, or will", "stop a",
                       "terminate x: no child has this id (x)"});
    scene.ended("a");
    CHECK(scene.take() == Lines{"gone a", "terminate: ok"});
    CHECK(scene.tree->which_children().at(0).state == ChildState::down);
    scene.tree->restart_child("a", scene.answer("restart"));
    scene.run();
    scene.ended("a", {.error = errc::no_address});
    CHECK(scene.take() == Lines{"start a", "gone a", "restart: the name has no address"});
    scene.tree->delete_child("a", scene.answer("delete"));
    scene.run();
    CHECK(scene.take() == Lines{"delete: ok"});
    CHECK(scene.tree->which_children().size() == 1);
}

TEST_CASE("which child is there, in what state, and which client it is", "[tree]")
{
    TreeScene scene;
    scene.begin({scene.child("a"), scene.child("b", {.restart = Restart::permanent})});
    scene.started("a");
    const auto children = scene.tree->which_children();
    REQUIRE(children.size() == 2);
    CHECK(children[0].id == "a");
    CHECK(children[0].state == ChildState::running);
    CHECK(children[0].client);
    CHECK(children[1].state == ChildState::starting);
    CHECK(children[1].restart == Restart::permanent);
    CHECK_FALSE(children[1].client);

    CHECK(scene.tree->find_client("a", nullptr) == children[0].client);
    CHECK(scene.tree->find_client("a", &typeid(Client)) == children[0].client);
    CHECK_FALSE(scene.tree->find_client("a", &typeid(int)));
    CHECK_FALSE(scene.tree->find_client("b", nullptr));
    CHECK_FALSE(scene.tree->find_client("x", nullptr));
    CHECK_FALSE(scene.tree->find_tree("a"));
    scene.started("b");
    scene.ended("a");
    CHECK_FALSE(scene.tree->find_client("a", nullptr));
}

TEST_CASE("requests that are open when the tree ends are answered, and those after it refused", "[tree]")
{
    TreeScene scene;
    scene.up({"a"});
    scene.tree->start_child(scene.child("d"), scene.answer("d"));
    scene.run();
    scene.tree->stop();
    scene.run();
    CHECK(scene.take() == Lines{"start d", "stop d", "d: the supervisor has ended, or is ending"});
    scene.tree->terminate_child("a", scene.answer("a"));
    scene.ended("d");
    scene.ended("a");
    CHECK(scene.take() == Lines{"gone d", "stop a", "gone a", "a: ok"});

    auto refused = std::make_shared<std::promise<error_code>>();
    scene.tree->delete_child(
        "a", [refused](const Error& error, const std::string&) { refused->set_value(error.code()); });
    CHECK(refused->get_future().get() == errc::supervisor_ended);
    CHECK(scene.tree->which_children().empty());
    CHECK(scene.tree->count_children() == ChildCount{});
    CHECK(io::Tree::make_ended()->reason()->error.code() == errc::supervisor_ended);
}

TEST_CASE("a child whose executor is gone is forgotten, and the tree can still be stopped", "[tree]")
{
    TreeScene scene;
    scene.up({"a", "b"});
    scene.reports.at("a").reset(); // as handlers are destroyed with the context that they wait for
    scene.run();
    CHECK(scene.take() == Lines{"gone a"});
    CHECK(scene.tree->which_children().size() == 1);
    scene.tree->stop();
    scene.run();
    scene.ended("b");
    CHECK(scene.tree->reason()->error.code() == errc::stopped);
}

TEST_CASE("when the context is destroyed first, lives are aborted and the reason is told", "[tree]")
{
    TreeScene scene;
    scene.up({"a"});
    scene.destroy_context();
    CHECK(scene.take() == Lines{"abort a", "gone a"});
    CHECK(scene.tree->reason()->error.code() == errc::runtime_ended);
    scene.reports.clear(); // too late, and harmless
    scene.tree->stop();
    CHECK(scene.take().empty());

    TreeScene never_run;
    never_run.tree = std::make_shared<io::Tree>(never_run.settings, std::vector<io::TreeChild>{});
    never_run.tree->begin(never_run.answer("tree"));
    never_run.destroy_context();
    CHECK(never_run.tree->reason()->error.code() == errc::runtime_ended);
}

TEST_CASE("a tree that runs out of memory aborts its lives, and ends with that reason", "[tree]")
{
    TreeScene scene;
    scene.up({"a", "b"});
    scene.out_of_memory = true;
    scene.tree->stop();
    scene.run();
    CHECK(scene.tree->reason()->error.code() == boost::system::errc::not_enough_memory);
    auto lines = scene.take();
    std::sort(lines.begin(), lines.end());
    CHECK(lines == Lines{"abort a", "abort b", "gone a", "gone b", "stop b"});
    scene.ended("a"); // too late, and harmless
    scene.ended("b");
    CHECK(scene.take().empty());
}

TEST_CASE("thousands of dynamic children are started, found, restarted and stopped together", "[tree]")
{
    constexpr int count = 5'000;
    TreeScene scene{Strategy::one_for_one, {.restarts = count, .within = 1s}};
    scene.up({"a"});
    for (int i = 0; i < count; ++i) scene.tree->start_child(scene.child(std::to_string(i)), scene.answer("started"));
    scene.run();
    for (int i = 0; i < count; ++i) scene.reports.at(std::to_string(i))->started(nullptr);
    for (int i = 0; i < count; ++i) std::exchange(scene.reports.at(std::to_string(i)), nullptr)->ended({});
    scene.run();
    for (int i = 0; i < count; ++i) scene.reports.at(std::to_string(i))->started(nullptr);
    scene.run();
    CHECK(scene.tree->count_children().active == count + 1);
    (void)scene.take();

    scene.tree->stop();
    scene.run();
    CHECK(scene.take().size() == count); // all at once, and not yet "a"
    scene.turn(5s);
    CHECK(scene.take().size() == count); // aborted
    for (int i = 0; i < count; ++i) scene.reports.at(std::to_string(i))->ended({});
    scene.run();
    scene.ended("a");
    CHECK(scene.tree->reason());
}
