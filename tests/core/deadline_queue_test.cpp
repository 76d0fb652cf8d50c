// SPDX-License-Identifier: BSL-1.0
#include <websockxx/core/deadline_queue.hpp>

#include "support/test.hpp"

#include <string>

using websockxx::core::DeadlineQueue;

TEST_CASE("keys come out in the order of their moments, when these have come", "[core]")
{
    DeadlineQueue<std::string, int> queue;
    CHECK_FALSE(queue.next());
    CHECK(queue.add("late", 9));
    CHECK(queue.add("early", 3));
    CHECK(queue.next() == 3);
    CHECK_FALSE(queue.pop(2));
    CHECK(queue.pop(9) == "early");
    CHECK(queue.pop(9) == "late");
    CHECK_FALSE(queue.pop(9));
}

TEST_CASE("a key is there once, and what is removed never comes", "[core]")
{
    DeadlineQueue<std::string, int> queue;
    CHECK(queue.add("a", 3));
    CHECK_FALSE(queue.add("a", 1));
    CHECK(queue.next() == 3);
    queue.remove("a");
    queue.remove("b");
    CHECK_FALSE(queue.pop(9));
    CHECK(queue.add("a", 1));
    CHECK(queue.pop(1) == "a");
}
