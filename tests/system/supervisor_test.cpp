// SPDX-License-Identifier: BSL-1.0
#include <websockxx/supervisor.hpp>

#include "support/fixture_server.hpp"
#include "support/foreign_server.hpp"
#include "support/io_threads.hpp"
#include "support/test.hpp"
#include "support/watched_client.hpp"

#include <websockxx/runtime.hpp>

#include <chrono>
#include <future>
#include <memory>
#include <mutex>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace websockxx;
using namespace websockxx::test;
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
    struct Kept {
        std::mutex mutex;
        std::vector<PrepareReply> replies;
    };
    const auto kept = std::make_shared<Kept>();
    const auto keep = [kept](const Conn&, int, PrepareReply reply) {
        const std::lock_guard lock{kept->mutex};
        kept->replies.push_back(std::move(reply));
    };
    return {.async = true, .prepare = keep, .log = {}};
}

/// Returns once it is so.
template <class Condition>
bool eventually(Condition&& condition)
{
    const auto limit = std::chrono::steady_clock::now() + Watch::limit;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > limit) return false;
        std::this_thread::yield();
    }
    return true;
}

/// Notes what happens to it with its name in front.
class Named : public Client {
public:
    Named(std::string name, std::shared_ptr<Watch> watch) : name_(std::move(name)), watch_(std::move(watch)) {}
    ~Named() override { watch_->note(name_ + " destroyed"); }
    Action handle_connect(const Connected&) override
    {
        watch_->note(name_ + " connected");
        return ok();
    }
    Action handle_frame(const Frame& frame) override { throw std::runtime_error(std::string{frame.text()}); }

private:
    std::string name_;
    std::shared_ptr<Watch> watch_;
};

/// A server, and clients that are watched.
struct Scene {
    FixtureServer server;
    std::shared_ptr<Watch> watch = std::make_shared<Watch>();

    ChildSpec watched(Script script = {}, Options options = {})
    {
        options.log = {};
        const auto make = [watch = watch, script = std::move(script)] {
            return std::make_unique<WatchedClient>(watch, script);
        };
        return child(make, server.url(), std::move(options)).id("watched");
    }
    ChildSpec named(const std::string& name)
    {
        const auto make = [watch = watch, name] { return std::make_unique<Named>(name, watch); };
        return child(make, server.url(), {.log = {}}).id(name);
    }
    void expect(const std::vector<std::string>& lines)
    {
        for (const auto& line : lines) CHECK(watch->next() == line);
    }
};

} // namespace

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

TEST_CASE("when only the supervisor's context is destroyed, its clients elsewhere are aborted", "[supervisor]")
{
    IoThreads threads;
    auto options = patient();
    options.executor = Runtime::shared().get_executor();
    const auto tree =
        Supervisor::start({.executor = threads.get_executor(), .log = {}}, {child<Plain>(nowhere, options).id("a")});
    REQUIRE(tree.has_value());
    const auto a = tree->find("a");
    threads.destroy();
    CHECK(tree->reason()->error.code() == errc::runtime_ended);
    CHECK(a.wait().value().error.code() == errc::aborted);
}

TEST_CASE("a supervised client survives a callback that throws, and the death of its connection", "[supervisor]")
{
    Scene scene;
    const auto boom = [](WatchedClient&, const Frame&) -> Action { throw std::runtime_error("boom"); };
    const auto tree = Supervisor::start({.log = {}}, {scene.watched({.on_frame = boom})});
    REQUIRE(tree.has_value());
    scene.expect({"connect"});
    scene.server.send_text("x");
    scene.expect({"text:x", "terminate 1011", "destroyed", "connect"});
    scene.server.reset();
    scene.expect({"disconnect 1 1006", "terminate 1006", "destroyed", "connect"});
    scene.server.close();
    scene.expect({"disconnect 1 1005", "terminate 1005", "destroyed"});
    CHECK(eventually([&] { return tree->which_children().at(0).state == ChildState::down; }));
    CHECK(tree->which_children().at(0).restarts == 2);
}

TEST_CASE("a server that refuses ends the supervisor once the intensity is passed", "[supervisor]")
{
    Scene scene;
    std::promise<std::string> log;
    const auto tree =
        Supervisor::start({.intensity = {.restarts = 3, .within = 10min},
                              .log = [&](Severity, std::string_view line) { log.set_value(std::string{line}); }},
            {scene.watched()});
    REQUIRE(tree.has_value());
    scene.server.answer_with({.status = 503});
    scene.server.drop();
    const auto reason = tree->wait().value();
    CHECK(reason.error.code() == errc::restart_intensity_reached);
    CHECK(reason.child == "watched");
    REQUIRE(reason.child_ended.error.refusal());
    CHECK(reason.child_ended.error.refusal()->status == 503);
    CHECK_THAT(log.get_future().get(), ContainsSubstring("503"));
    CHECK(scene.server.take_events().size() >= 4); // and so many requests
}

TEST_CASE("clients are started in order and stopped in the reverse order, and servers hear 1001", "[supervisor]")
{
    Scene scene;
    {
        const auto tree = Supervisor::start(
            {.strategy = Strategy::rest_for_one}, {scene.named("a"), scene.named("b"), scene.named("c")});
        REQUIRE(tree.has_value());
        scene.expect({"a connected", "b connected", "c connected"});
        scene.server.send_text("boom", 2);
        scene.expect({"b destroyed", "c destroyed", "b connected", "c connected"});
    }
    scene.expect({"c destroyed", "b destroyed", "a destroyed"});
    for (const int code : {1011, 1001, 1001, 1001, 1001}) CHECK(scene.server.wait_for(Seen::closed).code == code);
}

TEST_CASE("a child that cannot be started fails the start, and those before it are stopped", "[supervisor]")
{
    Scene scene;
    const auto tree = Supervisor::start(
        {.log = {}}, {scene.named("a"), child<Plain>(scene.server.url("/elsewhere"), {.log = {}}), scene.named("c")});
    REQUIRE(tree.has_error());
    CHECK(tree.error().code() == errc::handshake_refused);
    CHECK(tree.error().refusal()->status == 404);
    scene.expect({"a connected", "a destroyed"});
    CHECK(scene.watch->empty());
}

TEST_CASE("a client that takes long to connect holds up neither others nor the end", "[supervisor]")
{
    Scene scene;
    auto tree = Supervisor::start({.log = {}}, {scene.named("a")}).value();
    scene.expect({"a connected"});
    scene.server.hold_upgrades();
    std::promise<error_code> started;
    tree.async_start_child(scene.named("slow"), [&](error_code ec, const std::string&) { started.set_value(ec); });
    scene.server.wait_for(Seen::requested);
    scene.server.wait_for(Seen::requested);
    CHECK(tree.start_child(child<Plain>(nowhere, patient())));
    const bool terminated = GENERATE(false, true);
    if (terminated) CHECK(tree.terminate_child("slow"));
    tree = Supervisor{};
    CHECK(started.get_future().get() == (terminated ? errc::stopped : errc::supervisor_ended));
    const auto first = scene.watch->next();
    const auto second = scene.watch->next();
    CHECK(first == "slow destroyed");
    CHECK(second == "a destroyed");
}

TEST_CASE("in a callback of a child everything may be called, and what would wait for itself refuses", "[supervisor]")
{
    Scene scene;
    auto tree = std::make_unique<Supervisor>(Supervisor::start({.log = {}}, {scene.watched()}).value());
    scene.expect({"connect"});
    const auto ref = tree->ref();
    std::promise<std::vector<error_code>> refusals;
    auto state = ChildState::down; // the test framework's checks are for one thread
    CHECK(tree->find<WatchedClient>("watched").cast(WatchedClient::Task{[&](WatchedClient&) {
        state = tree->which_children().at(0).state;
        refusals.set_value(
            {tree->terminate_child("watched").error().code(), tree->start_child(child<Plain>(nowhere)).error().code(),
                tree->wait().error().code(), Supervisor::start({}, {}).error().code()});
        tree.reset(); // stops, and does not wait
        return Client::ok();
    }}));
    for (const auto& ec : refusals.get_future().get()) CHECK(ec == errc::blocking_in_callback);
    CHECK(state == ChildState::running);
    scene.expect({"terminate 1001", "destroyed"});
    CHECK(ref.wait().value().error.code() == errc::stopped);
}

TEST_CASE("a nested supervisor is restarted when it has passed its intensity", "[supervisor]")
{
    Scene scene;
    const auto tree = Supervisor::start({.log = {}},
        {supervisor({.intensity = {.restarts = 0}, .log = {}}, {scene.named("a"), scene.named("b")}).id("inner")});
    REQUIRE(tree.has_value());
    scene.expect({"a connected", "b connected"});
    const auto inner = tree->find_supervisor("inner");
    scene.server.send_text("boom", 1);
    scene.expect({"a destroyed", "b destroyed", "a connected", "b connected"});
    CHECK(inner.reason()->error.code() == errc::restart_intensity_reached);
    CHECK(eventually([&] { return tree->find_supervisor("inner").alive(); }));
    CHECK(tree->which_children().at(0).restarts == 1);
}

TEST_CASE("everything at once from many threads", "[supervisor][threads]")
{
    constexpr int rounds = 200;
    IoThreads pool{3};
    auto options = patient();
    options.executor = pool.get_executor();
    auto tree = Supervisor::start({.intensity = {.restarts = 1'000'000}, .executor = pool.get_executor(), .log = {}},
        {child<Plain>(nowhere, options).id("a"), child<Plain>(nowhere, options).id("b")})
                    .value();
    std::vector<std::thread> threads;
    for (unsigned seed = 1; seed <= 4; ++seed) {
        threads.emplace_back([&tree, &options, seed] {
            std::minstd_rand random{seed};
            const auto id = "d" + std::to_string(seed);
            for (int i = 0; i < rounds; ++i) {
                const std::string victim = random() % 2 ? "a" : "b";
                switch (random() % 6) {
                case 0: (void)tree.start_child(child<Plain>(nowhere, options).id(id)); break;
                case 1: (void)tree.terminate_child(id); break;
                case 2: tree.find(victim).abort(); break;
                case 3: (void)tree.terminate_child(victim); break;
                case 4: (void)tree.restart_child(victim); break;
                default: (void)tree.which_children(); break;
                }
            }
        });
    }
    for (auto& thread : threads) thread.join();
    tree.stop();
    CHECK(tree.wait().value().error.code() == errc::stopped);
}

TEST_CASE("a supervised client survives a server that is killed and started again", "[supervisor]")
{
    const auto watch = std::make_shared<Watch>();
    std::mutex mutex;
    std::promise<PrepareReply> question; // of the client: where is the server this time?
    auto asked = question.get_future();
    const auto prepare = [&](const Conn&, int, PrepareReply reply) {
        const std::lock_guard lock{mutex};
        question.set_value(std::move(reply));
        question = {};
    };
    auto conn = Conn::parse(nowhere).value();
    conn.timeouts.open = 0s;
    const auto make = [watch] { return std::make_unique<WatchedClient>(watch); };
    const auto tree = Supervisor::start(
        {}, {child(make, conn, {.async = true, .prepare = prepare, .log = {}}).id("a").restart(Restart::permanent)});
    REQUIRE(tree.has_value());
    for (std::uint64_t life = 0; life < 3; ++life) {
        {
            const auto server = ForeignServer::python_echo();
            asked.get()(Conn::parse(server.url()).value());
            CHECK(watch->next() == "connect");
            CHECK(tree->which_children().at(0).restarts == life);
            CHECK(eventually([&] { return tree->find("a").send(Frame::text("hello")).has_value(); }));
            CHECK(watch->next() == "text:hello");
            const std::lock_guard lock{mutex};
            asked = question.get_future();
        } // killed
        CHECK(watch->next() == "disconnect 1 1006");
        CHECK(watch->next() == "terminate 1006");
        CHECK(watch->next() == "destroyed");
    }
    CHECK(tree->alive());
}
