// SPDX-License-Identifier: BSL-1.0
#include <websockxx/registry.hpp>

#include "support/fixture_server.hpp"
#include "support/test.hpp"
#include "support/watched_client.hpp"

#include <websockxx/start.hpp>

#include <atomic>
#include <barrier>
#include <memory>
#include <string>
#include <thread>
#include <vector>

using namespace websockxx;
using namespace websockxx::test;
using namespace std::chrono_literals;

namespace {

constexpr int thread_count = 8;

struct Fixture {
    FixtureServer server;
    std::shared_ptr<Registry> registry = std::make_shared<Registry>();
    std::shared_ptr<Watch> watch = std::make_shared<Watch>();

    result<Ref<WatchedClient>> begin(std::string name, bool async = false)
    {
        return start(std::make_unique<WatchedClient>(watch), server.url(),
            {.async = async, .name = std::move(name), .registry = registry, .log = {}});
    }
};

/// Runs a task on each of several threads, which begin together.
template <class Task>
void race(Task task)
{
    std::barrier gate{thread_count};
    std::vector<std::jthread> threads;
    for (int i = 0; i < thread_count; ++i) {
        threads.emplace_back([&gate, &task, i] {
            gate.arrive_and_wait();
            task(i);
        });
    }
}

} // namespace

TEST_CASE("WX-004 WX-007 WX-010 a cast to a name is handled by the client of that name; so is a frame", "[registry]")
{
    Fixture f;
    const Link<WatchedClient> link{f.begin("me").value()};
    CHECK(f.watch->next() == "connect");
    WatchedClient::Task task = [](WatchedClient& client) {
        client.state = 7;
        return Client::reply(Frame::ping("state 7"));
    };
    CHECK(f.registry->cast<WatchedClient>("me", std::move(task)));
    CHECK(f.watch->next() == "pong:state 7");
    CHECK(f.registry->send_frame("me", Frame::ping("by name")));
    CHECK(f.watch->next() == "pong:by name");
}

TEST_CASE("a name in the registry of the program is taken for all", "[registry]")
{
    Fixture f;
    f.registry = {};
    const Link<WatchedClient> link{f.begin("the one of this test").value()};
    CHECK(Registry::shared().find<WatchedClient>("the one of this test") == link.ref());
    CHECK(f.begin("the one of this test").error().code() == errc::already_started);
}

TEST_CASE("of threads that race for a name one gets it, and the others learn who", "[registry]")
{
    Fixture f;
    for (int round = 0; round < 5; ++round) {
        std::atomic<int> started{0};
        std::atomic<int> refused{0};
        race([&](int i) {
            auto ref = f.begin("prize", i % 2 == 0);
            if (ref) ++started;
            else if (ref.error().code() == errc::already_started && f.registry->find<WatchedClient>("prize")) ++refused;
        });
        CHECK(started == 1);
        CHECK(refused == thread_count - 1);
        const auto winner = f.registry->find("prize");
        REQUIRE(winner);
        winner.stop();
        CHECK(winner.wait().has_value());
        CHECK(f.registry->names().empty());
    }
}

TEST_CASE(
    "after wait() the name is free, however quickly it is taken again, and look-ups meanwhile are safe", "[registry]")
{
    Fixture f;
    std::atomic<bool> done{false};
    std::vector<std::jthread> lookers;
    for (int i = 0; i < 2; ++i) {
        lookers.emplace_back([&] {
            while (!done) {
                const auto ref = f.registry->find<WatchedClient>("phoenix");
                if (ref) (void)ref.send(Frame::ping());
                (void)f.registry->names();
            }
        });
    }
    for (int round = 0; round < 20; ++round) {
        const auto ref = f.begin("phoenix", round % 2 == 0);
        CHECK(ref.has_value());
        if (!ref) break;
        ref->stop();
        CHECK(ref->wait().has_value());
    }
    done = true;
}

TEST_CASE("threads that call and visit one client get an answer each", "[call]")
{
    struct Counter : Client {
        Action handle_call(int add, ReplyTo<int> reply_to)
        {
            // Answered by another thread, which may be later than the end of the client.
            threads.emplace_back([sum = sum += add, reply_to = std::move(reply_to)] { reply_to(sum); });
            return ok();
        }
        int sum = 0;
        std::vector<std::jthread> threads;
    };
    FixtureServer server;
    const auto counter = start_link<Counter>(server.url(), {.log = {}}).value();
    std::atomic<int> answered{0};
    race([&](int) {
        for (int i = 0; i < 10; ++i) {
            const auto before = counter.visit([](const Counter& client) { return client.sum; });
            const auto after = counter.call(1, 60s);
            if (before && after && *before < *after) ++answered;
        }
    });
    CHECK(answered == 10 * thread_count);
    CHECK(counter.visit([](Counter& client) { return client.sum; }).value() == 10 * thread_count);
    CHECK_THROWS_AS((void)counter.visit([](Counter&) { throw std::runtime_error("no"); }), std::runtime_error);
    CHECK(counter.alive());
}

TEST_CASE("whoever waits for an answer is told when the client ends, once", "[call]")
{
    struct Silent : Client {
        Action handle_call(int, ReplyTo<int> reply_to)
        {
            kept.push_back(std::move(reply_to));
            return ok();
        }
        std::vector<ReplyTo<int>> kept;
    };
    FixtureServer server;
    const auto silent = start_link<Silent>(server.url(), {.log = {}}).value();
    std::atomic<int> ended{0};
    race([&](int i) {
        if (i == 0) {
            while (silent.visit([](const Silent& client) { return client.kept.size(); }).value() < thread_count - 1)
                std::this_thread::yield();
            return silent.stop();
        }
        if (silent.call(i, 60s).error().code() == errc::client_ended) ++ended;
    });
    CHECK(ended == thread_count - 1);
}
