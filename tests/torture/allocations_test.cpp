// SPDX-License-Identifier: BSL-1.0
#include "torture/world.hpp"

#include <websockxx/registry.hpp>
#include <websockxx/start.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace websockxx;
using namespace websockxx::test;
using namespace websockxx::torture;

/// As operations_test.cpp, with the Nth allocation failing instead: the client goes on or ends in order, whoever waits
/// is told, nobody else notices, and nothing is left behind.

namespace {

std::array<std::size_t, 1000> sizes; // of those that were tried

void* allocate(std::size_t size)
{
    if (allocations_safe == 0) {
        sizes[allocations_tried++ % sizes.size()] = size;
        if (allocations_left != 0 && --allocations_left == 0) throw std::bad_alloc{};
    }
    if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
    throw std::bad_alloc{};
}

/// From here on.
void fail_at(std::size_t at)
{
    allocations_tried = 0;
    allocations_left = at;
}

Frame large_frame()
{
    const SafeAllocations safe;
    return Frame::binary(std::string(200'000, 'x'));
}

/// A completion handler, to be called once at most: without memory it may be destroyed uncalled.
class Handler {
public:
    template <class... Results>
    void operator()(const Results&...) const
    {
        if (++*calls_ > 1) ++Told::told_twice;
    }

private:
    std::shared_ptr<int> calls_ = [] {
        const SafeAllocations safe;
        return std::make_shared<int>(0);
    }();
};

std::size_t failing = 0; // the number of the one that is to fail

const std::vector<Scenario>& scenarios()
{
    static const auto begin = [](World& world) {
        world.make_connection();
        fail_at(failing);
        world.connection->begin();
        world.run();
    };
    static const std::vector<Scenario> all{
        {"connect", begin},
        {"be refused, and come back",
            [](World& w) {
                w.servers.resize(1);
                w.servers[0].refusal = "HTTP/1.1 503 Busy\r\nRetry-After: 2\r\nContent-Length: 4\r\n\r\nbusy";
                begin(w);
                w.turn(10s);
            }},
        {"send",
            [](World& w) {
                begin(w);
                for (const auto* text : {"one", "two", "three"}) w.send(Frame::text(text));
                w.send(large_frame());
            }},
        {"receive, and answer",
            [](World& w) {
                w.record->on_frame = [](const Frame& frame) { // the server sends it back
                    return frame.text() == "thanks" ? Client::ok() : Client::reply(Frame::text("thanks"));
                };
                w.servers.resize(1);
                w.servers[0].greeting = encode(WireFrame{Opcode::text, "a"}) + encode(WireFrame{Opcode::ping, "b"}) +
                                        encode(WireFrame{Opcode::binary, std::string(20'000, 'c')});
                begin(w);
            }},
        {"close",
            [](World& w) {
                begin(w);
                w.send(Frame::text("last"));
                w.close();
                w.turn(10s);
            }},
        {"keep frames for the next connection",
            [](World& w) {
                begin(w);
                w.send(Frame::text("end"));
                w.send(Frame::text("kept"), true);
                w.send(large_frame(), true);
                w.send(Frame::text("not kept"));
                w.turn(10s);
            }},
        {"be called",
            [](World& w) {
                begin(w);
                for (const int number : {1, 0, 2}) w.call(number);
                w.put(io::item::Pause{true});
                w.call(3); // nobody answers in time
                w.turn(10s);
                w.put(io::item::Pause{false});
            }},
        {"be asked by handlers",
            [](World& w) {
                begin(w);
                w.ask([](const auto& ref) { ref.async_wait(Handler{}); });
                w.ask([](const auto& ref) { ref.async_send_frame(Frame::text("a"), Handler{}); });
                w.ask([](const auto& ref) { ref.async_call(1, 5s, Handler{}); });
                w.ask([](const auto& ref) { ref.async_call(0, 5s, Handler{}); });
                w.ask([](const auto& ref) { ref.async_status(Handler{}); });
                w.ask([](const auto& ref) { (void)ref.send_after(1s, std::string{"later"}); });
                w.turn(10s);
            }},
        {"heartbeat",
            [](World& w) {
                begin(w);
                w.turn(45s);
            }},
        {"stop",
            [](World& w) {
                begin(w);
                w.send(Frame::text("last"));
                w.put(io::item::Stop{errc::stopped});
            }},
    };
    return all;
}

std::size_t fail_each_allocation(const Scenario& scenario, bool tls)
{
    for (failing = 1;; ++failing) {
        INFO(scenario.name << (tls ? " with TLS" : "") << ": allocation " << failing);
        play(scenario, tls, std::make_shared<Plan>());
        if (allocations_tried < failing) return failing - 1;
        REQUIRE(failing < 10'000);
    }
}

} // namespace

// For the whole program. All forms, because sanitizers have their own; not inlined, because a compiler that sees only
// one half warns of free().
[[gnu::noinline]] void* operator new(std::size_t size) { return allocate(size); }
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept
{
    try {
        return allocate(size);
    }
    catch (const std::bad_alloc&) {
        return nullptr;
    }
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }
void* operator new[](std::size_t size) { return operator new(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return operator new(size, std::nothrow); }
void operator delete[](void* memory) noexcept { operator delete(memory); }
void operator delete[](void* memory, std::size_t) noexcept { operator delete(memory); }

TEST_CASE("P30 whichever allocation fails, the client comes back or ends in order", "[torture]")
{
    const bool tls = GENERATE(false, true);
    std::size_t runs = 0;
    for (const auto& scenario : scenarios()) runs += fail_each_allocation(scenario, tls);
    std::cout << runs << " allocations failed, each in a run of its own" << (tls ? ", with TLS" : "") << '\n';
    CHECK(runs > 500);
}

namespace {

template <class Work>
std::vector<std::size_t> sizes_of(const Work& work)
{
    fail_at(0);
    work();
    const SafeAllocations safe;
    REQUIRE(allocations_tried < sizes.size());
    return {sizes.begin(), sizes.begin() + static_cast<std::ptrdiff_t>(allocations_tried)};
}

} // namespace

TEST_CASE("P30 whichever allocation of a start fails, the client has never been, and its name is free", "[torture]")
{
    const bool with_handler = GENERATE(false, true);
    struct Attempt {
        boost::asio::io_context context; // never run: nothing is connected
        std::shared_ptr<Registry> registry = std::make_shared<Registry>();
        std::shared_ptr<Record> record = std::make_shared<Record>();

        void begin(bool with_handler, std::size_t failing_one)
        {
            const Conn conn{.secure = false, .host = "127.0.0.1", .port = 1};
            auto client = std::make_unique<Recorder>(record);
            Options options{.async = true,
                .name = "a name that is too long to lie in a string itself",
                .registry = registry,
                .executor = context.get_executor(),
                .log = {}};
            fail_at(failing_one);
            if (with_handler) async_start(std::move(client), conn, std::move(options), Handler{});
            else (void)start(std::move(client), conn, std::move(options));
        }
    };
    Attempt{}.begin(with_handler, 0); // what is made once for all
    // Asio crashes when one of the last two allocations of a strand fails.
    boost::asio::io_context context;
    const boost::asio::any_io_executor executor = context.get_executor();
    const auto of_strand = sizes_of([&] { const io::Strand strand{executor}; });
    const auto of_start = sizes_of([&] { Attempt{}.begin(with_handler, 0); });
    const auto strand = std::search(of_start.begin(), of_start.end(), of_strand.begin(), of_strand.end());
    REQUIRE(strand != of_start.end());
    const auto asios = static_cast<std::size_t>(strand - of_start.begin()) + of_strand.size();

    std::size_t failed = 0;
    for (std::size_t number = 1;; ++number) {
        INFO("allocation " << number);
        if (number == asios || number + 1 == asios) continue;
        Attempt attempt;
        bool threw = false;
        try {
            attempt.begin(with_handler, number);
        }
        catch (const std::bad_alloc&) {
            threw = true;
        }
        allocations_left = 0;
        const auto tried = allocations_tried;
        const bool never_was = attempt.record->lines == std::vector<std::string>{"destroyed"};
        CHECK(attempt.registry->names().empty() == never_was);
        if (threw) CHECK(never_was);
        if (tried < number) break;
        if (!never_was) continue; // Asio could do without
        attempt.begin(with_handler, 0);
        CHECK(attempt.registry->names().size() == 1);
        REQUIRE(++failed < sizes.size());
    }
    std::cout << failed << " allocations of a start failed\n";
    CHECK(failed > 10);
}

TEST_CASE("P30 the answer of a prepare hook that finds no memory can be given again, or let go", "[torture]")
{
    boost::asio::io_context context;
    const auto mailbox = std::make_shared<io::Mailbox>(context.get_executor(), 10, false);
    const Conn conn{.host = "a name that is too long to lie in a string itself"};
    std::vector<io::Item> items;
    const auto answers = [&] {
        mailbox->take(items);
        return std::exchange(items, {}).size();
    };
    bool gave = false;
    std::size_t number = 1;
    for (; !gave; ++number) {
        INFO("allocation " << number);
        const PrepareReply reply{mailbox, 7};
        fail_at(number);
        try {
            reply(conn);
            gave = true;
        }
        catch (const std::bad_alloc&) {
        }
        allocations_left = 0;
        CHECK(answers() == (gave ? 1 : 0));
        reply(conn);
        CHECK(answers() == (gave ? 0 : 1));
    }
    CHECK(number > 3);

    number = 1;
    for (bool fails = true; fails; ++number) {
        INFO("allocation " << number << ", let go");
        std::optional<PrepareReply> reply{std::in_place, mailbox, 7};
        fail_at(number);
        reply.reset();
        fails = allocations_tried >= number;
        allocations_left = 0;
        CHECK(answers() == (fails ? 0 : 1));
    }
    CHECK(number > 3);
}
