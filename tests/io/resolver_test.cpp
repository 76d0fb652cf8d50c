// SPDX-License-Identifier: BSL-1.0
#include <websockxx/io/resolver.hpp>

#include "support/test.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <thread>
#include <vector>

using namespace websockxx;
using namespace websockxx::io;
using namespace std::chrono_literals;
namespace asio = boost::asio;

namespace {

const auto address = asio::ip::make_address("192.0.2.1");

/// A lookup that hangs until the test lets it go, as getaddrinfo() may.
class Hanging {
public:
    ~Hanging() { release(); }

    Lookup lookup()
    {
        return [state = state_](const std::string& host, Addresses& addresses) {
            std::unique_lock lock{state->mutex};
            state->hosts.push_back(host);
            state->begun.notify_all();
            state->released.wait(lock, [&] { return state->is_released; });
            addresses = {address};
            return error_code{};
        };
    }
    void release()
    {
        const std::lock_guard lock{state_->mutex};
        state_->is_released = true;
        state_->released.notify_all();
    }
    /// The names that were looked up, when there are so many.
    std::vector<std::string> wait_for(std::size_t count)
    {
        std::unique_lock lock{state_->mutex};
        REQUIRE(state_->begun.wait_for(lock, 20s, [&] { return state_->hosts.size() >= count; }));
        return state_->hosts;
    }

private:
    // The thread that hangs may outlive the test.
    struct State {
        std::mutex mutex;
        std::condition_variable begun;
        std::condition_variable released;
        std::vector<std::string> hosts;
        bool is_released = false;
    };
    std::shared_ptr<State> state_ = std::make_shared<State>();
};

struct Answers {
    std::vector<error_code> errors;
    std::vector<Addresses> addresses;

    Resolver::Done note()
    {
        return [this](error_code ec, Addresses found) {
            errors.push_back(ec);
            addresses.push_back(std::move(found));
        };
    }
};

} // namespace

TEST_CASE("a name is looked up on another thread, and the answer comes on the strand", "[resolver]")
{
    const auto here = std::this_thread::get_id();
    std::atomic<bool> elsewhere = false;
    LookupThreads threads{[&](const std::string& host, Addresses& addresses) {
        elsewhere = std::this_thread::get_id() != here && host == "name";
        addresses = {address};
        return error_code{};
    }};
    asio::io_context context;
    const Strand strand{context.get_executor()};
    Resolver resolver{strand, threads};
    bool on_strand = false;
    Addresses found;
    resolver.look_up("name", [&](error_code ec, Addresses addresses) {
        CHECK_FALSE(ec);
        CHECK_FALSE(resolver.pending());
        on_strand = strand.running_in_this_thread();
        found = std::move(addresses);
    });
    context.run(); // as long as the lookup takes
    CHECK(elsewhere);
    CHECK(on_strand);
    CHECK(found == Addresses{address});
}

TEST_CASE("P26 P28 a lookup that hangs holds up neither run() nor the context, once its resolver is gone", "[resolver]")
{
    Hanging hanging;
    LookupThreads threads{hanging.lookup()};
    Answers answers;
    const auto held = std::make_shared<int>();
    {
        asio::io_context context;
        std::optional<Resolver> resolver{std::in_place, Strand{context.get_executor()}, threads};
        resolver->look_up("name", [held, note = answers.note()](error_code ec, Addresses found) { note(ec, found); });
        CHECK(resolver->pending());
        hanging.wait_for(1);
        resolver.reset();
        CHECK(held.use_count() == 1); // let go of at once
        context.run();
    }
    hanging.release();
    CHECK(answers.errors.empty());
}

TEST_CASE("P26 a context that is destroyed during a lookup destroys what waits for it", "[resolver]")
{
    Hanging hanging;
    LookupThreads threads{hanging.lookup()};
    const auto held = std::make_shared<int>();
    bool called = false;
    {
        asio::io_context context;
        // Owned by what waits, as a connection is.
        const auto resolver = std::make_shared<Resolver>(Strand{context.get_executor()}, threads);
        resolver->look_up("name", [held, resolver, &called](error_code, const Addresses&) { called = true; });
        hanging.wait_for(1);
    }
    CHECK(held.use_count() == 1);
    hanging.release();
    CHECK_FALSE(called);
}

TEST_CASE("a name is looked up once for all who ask for it at the same time", "[resolver]")
{
    Hanging hanging;
    LookupThreads threads{hanging.lookup()};
    asio::io_context context;
    Answers answers;
    std::vector<std::unique_ptr<Resolver>> resolvers;
    for (int i = 0; i < 3; ++i) {
        resolvers.push_back(std::make_unique<Resolver>(Strand{context.get_executor()}, threads));
        resolvers.back()->look_up("name", answers.note());
        hanging.wait_for(1);
    }
    hanging.release();
    context.run();
    CHECK(answers.addresses == std::vector<Addresses>(3, {address}));
    CHECK(hanging.wait_for(1).size() == 1);
}

TEST_CASE("more names than threads are looked up one after another, but not those that nobody waits for any more",
    "[resolver]")
{
    Hanging hanging;
    LookupThreads threads{hanging.lookup(), 2};
    asio::io_context context;
    Answers answers;
    std::vector<std::unique_ptr<Resolver>> resolvers;
    for (const auto* name : {"a", "b", "c", "d"}) {
        resolvers.push_back(std::make_unique<Resolver>(Strand{context.get_executor()}, threads));
        resolvers.back()->look_up(name, answers.note());
    }
    CHECK(hanging.wait_for(2).size() == 2);
    resolvers[2].reset();
    hanging.release();
    context.run();
    CHECK(answers.errors == std::vector<error_code>(3));
    CHECK(std::ranges::count(hanging.wait_for(3), "c") == 0);
}

TEST_CASE("what goes wrong in a lookup is told: an error, no address, an exception, no memory", "[resolver]")
{
    const auto answer_of = [](const Lookup& lookup) {
        LookupThreads threads{lookup};
        asio::io_context context;
        Answers answers;
        Resolver resolver{Strand{context.get_executor()}, threads};
        resolver.look_up("name", answers.note());
        context.run();
        REQUIRE(answers.errors.size() == 1);
        return answers.errors.front();
    };
    using Found = Addresses&;
    CHECK(answer_of([](const std::string&, Found) -> error_code { return asio::error::host_not_found_try_again; }) ==
          asio::error::host_not_found_try_again);
    CHECK(answer_of([](const std::string&, Found) { return error_code{}; }) == asio::error::host_not_found);
    CHECK(answer_of([](const std::string&, Found) -> error_code { throw 1; }) == asio::error::no_recovery);
    CHECK(answer_of([](const std::string&, Found) -> error_code { throw std::bad_alloc{}; }) ==
          boost::system::errc::not_enough_memory);
}

TEST_CASE("a lookup's thread gets no signals, and the program's keep theirs", "[resolver]")
{
    std::atomic<int> blocked = 0;
    LookupThreads threads{[&](const std::string&, Addresses& addresses) {
        sigset_t mask;
        pthread_sigmask(SIG_SETMASK, nullptr, &mask);
        blocked = sigismember(&mask, SIGTERM) + sigismember(&mask, SIGCHLD);
        addresses = {address};
        return error_code{};
    }};
    asio::io_context context;
    Resolver resolver{Strand{context.get_executor()}, threads};
    resolver.look_up("name", [](error_code, const Addresses&) {});
    context.run();
    CHECK(blocked == 2);
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    CHECK(sigismember(&mask, SIGTERM) == 0);
}

TEST_CASE("the system's lookup finds this machine", "[resolver]")
{
    Addresses addresses;
    CHECK_FALSE(system_lookup("localhost", addresses));
    REQUIRE_FALSE(addresses.empty());
    CHECK(addresses.front().is_loopback());
}
