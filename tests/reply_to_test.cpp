// SPDX-License-Identifier: BSL-1.0
#include <websockxx/reply_to.hpp>

#include "support/test.hpp"

#include <atomic>
#include <functional>
#include <optional>
#include <thread>
#include <vector>

using namespace websockxx;

namespace {

struct Told {
    std::vector<result<int>> answers;
    ReplyTo<int> reply_to{[this](result<int> answer) { answers.push_back(std::move(answer)); }};
};

} // namespace

TEST_CASE("of an answer and its copies the first counts", "[values]")
{
    Told told;
    const auto copy = told.reply_to;
    copy(1);
    told.reply_to(2);
    told.reply_to.fail(errc::aborted);
    told.reply_to = {};
    REQUIRE(told.answers.size() == 1);
    CHECK(told.answers[0].value() == 1);
}

TEST_CASE("when the last copy is gone, what waits gets no_reply", "[values]")
{
    Told told;
    {
        const auto copy = std::move(told.reply_to);
        told.reply_to = {};
        CHECK(told.answers.empty());
    }
    REQUIRE(told.answers.size() == 1);
    CHECK(told.answers[0].error().code() == errc::no_reply);
}

TEST_CASE("fail() answers with an error, and with no_reply if there is none", "[values]")
{
    Told told;
    told.reply_to.fail(Error{errc::invalid_option, Phase::none, "words"});
    CHECK(told.answers.at(0).error().detail() == "words");
    Told none;
    none.reply_to.fail({});
    CHECK(none.answers.at(0).error().code() == errc::no_reply);
}

TEST_CASE("an empty one answers nobody", "[values]")
{
    const ReplyTo<int> nobody;
    nobody(1);
    nobody.fail(errc::aborted);
    const ReplyTo<int> no_function{std::function<void(result<int>)>{}};
    no_function(1);
    no_function.fail(errc::aborted);
}

TEST_CASE("threads that answer at once make one answer", "[values]")
{
    std::atomic<int> answers{0};
    {
        const ReplyTo<int> reply_to{[&](const result<int>&) { ++answers; }};
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i) threads.emplace_back([reply_to, i] { reply_to(i); });
    }
    CHECK(answers == 1);
}
