// SPDX-License-Identifier: BSL-1.0
#include <websockxx/io/lifeline.hpp>

#include "support/test.hpp"

#include <memory>
#include <new>
#include <stdexcept>
#include <utility>

using namespace websockxx;
using namespace websockxx::io;

namespace {

struct Silent final : TransportListener {
    void on_connected() override {}
    void on_open() override {}
    void on_open_failed(const Error&) override {}
    void on_readable() override {}
    void on_writable() override {}
    void on_out_of_memory() override { out_of_memory = true; }

    bool out_of_memory = false;
};

} // namespace

TEST_CASE("a bound function runs until the lifeline ends", "[io]")
{
    const auto owner = std::make_shared<Silent>();
    Lifeline life;
    CHECK_FALSE(life.alive());
    life.begin(owner);
    CHECK(life.alive());
    CHECK(&life.listener() == owner.get());

    int sum = 0;
    auto add = life.bind([&](int a, int b) { sum += a + b; });
    add(1, 2);
    CHECK(sum == 3);
    life.end();
    add(1, 2);
    CHECK(sum == 3);
}

TEST_CASE("a bound function holds a share of the owner, the lifeline itself does not", "[io]")
{
    auto owner = std::make_shared<Silent>();
    const std::weak_ptr<Silent> watch = owner;
    Lifeline life;
    life.begin(owner);
    {
        auto handler = life.bind([] {});
        owner.reset();
        CHECK_FALSE(watch.expired());
        life.end();
        handler();
        CHECK_FALSE(watch.expired());
    }
    CHECK(watch.expired());
}

TEST_CASE("a copy outlives the original and knows its end", "[io]")
{
    auto life = std::make_unique<Lifeline>();
    life->begin(std::make_shared<Silent>());
    const auto copy = *life;
    CHECK(copy.alive());
    life->end();
    life.reset();
    CHECK_FALSE(copy.alive());
}

TEST_CASE("a bound function that finds no memory tells the listener, and nobody else", "[io]")
{
    const auto owner = std::make_shared<Silent>();
    Lifeline life;
    life.begin(owner);
    auto fails = life.bind([] { throw std::bad_alloc{}; });
    fails();
    CHECK(owner->out_of_memory);
    auto throws = life.bind([] { throw std::runtime_error("another"); });
    CHECK_THROWS_AS(throws(), std::runtime_error);
}
