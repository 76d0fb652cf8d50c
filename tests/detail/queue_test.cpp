// SPDX-License-Identifier: BSL-1.0
#include <websockxx/detail/queue.hpp>

#include "support/test.hpp"

#include <deque>
#include <memory>
#include <random>

using websockxx::detail::Queue;

TEST_CASE("a queue gives what was put in, in order, whatever comes between", "[detail]")
{
    std::minstd_rand random{7};
    Queue<std::unique_ptr<int>> queue;
    std::deque<int> expected;
    for (int step = 0; step < 100'000; ++step) {
        REQUIRE(queue.size() == expected.size());
        REQUIRE(queue.empty() == expected.empty());
        const bool fills = step / 1'000 % 2 == 0;
        if (expected.empty() || random() % 4 < (fills ? 3u : 1u)) {
            queue.push_back(std::make_unique<int>(step));
            expected.push_back(step);
        }
        else {
            REQUIRE(*queue.front() == expected.front());
            REQUIRE(*queue.pop_front() == expected.front());
            expected.pop_front();
        }
    }
}

TEST_CASE("elements can be erased from a queue wherever they are", "[detail]")
{
    Queue<int> queue;
    for (int number = 0; number < 100; ++number) queue.push_back(number);
    for (int number = 0; number < 10; ++number) (void)queue.pop_front();
    CHECK(queue.erase_if([](int number) { return number % 2 == 0; }) == 45);
    CHECK(queue.front() == 11);
    CHECK(queue.size() == 45);
    CHECK(queue.erase_if([](int number) { return number < 11; }) == 0);
}

TEST_CASE("a queue can be taken whole or cleared", "[detail]")
{
    Queue<int> queue;
    for (int number = 0; number < 5; ++number) queue.push_back(number);
    (void)queue.pop_front();
    CHECK(queue.take() == std::vector{1, 2, 3, 4});
    CHECK(queue.empty());
    queue.push_back(9);
    queue.clear();
    CHECK(queue.empty());
    queue.push_back(10);
    CHECK(queue.pop_front() == 10);
}
