// SPDX-License-Identifier: BSL-1.0
#include "torture/world.hpp"

#include <cstdlib>
#include <iostream>
#include <memory>
#include <new>
#include <vector>

using namespace websockxx;
using namespace websockxx::test;
using namespace websockxx::torture;

/// As operations_test.cpp, with the Nth allocation failing instead: the client goes on or ends in order, whoever waits
/// is told, nobody else notices, and nothing is left behind.

namespace {

void* allocate(std::size_t size)
{
    if (allocations_safe == 0) {
        ++allocations_tried;
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
