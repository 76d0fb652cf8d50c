// SPDX-License-Identifier: BSL-1.0
#include <websockxx/pending_calls.hpp>

#include "support/test.hpp"

#include <map>
#include <string>

using namespace websockxx;
using namespace std::chrono_literals;

namespace {

using Calls = PendingCalls<int, std::string>;

/// Calls with a clock turned by hand, and what became of them: "1: hello", "2: <error>".
struct Fixture {
    std::map<int, std::string> answers;
    Calls calls;
    Calls::Moment now{1h};

    ReplyTo<std::string> reply_to(int key)
    {
        return ReplyTo<std::string>{[this, key](const result<std::string>& answer) {
            answers[key] += answer ? *answer : answer.error().code().message();
        }};
    }
    Fixture& call(int key, std::chrono::seconds timeout)
    {
        CHECK(calls.add(key, reply_to(key), now + timeout));
        return *this;
    }
};

std::string text(errc e) { return make_error_code(e).message(); }

} // namespace

TEST_CASE("an answer reaches the call of its key, once", "[calls]")
{
    Fixture f;
    f.call(1, 5s).call(2, 5s);
    CHECK(f.calls.answer(2, "two"));
    CHECK_FALSE(f.calls.answer(2, "again"));
    CHECK_FALSE(f.calls.answer(3, "nobody"));
    CHECK(f.calls.fail(1, errc::invalid_option));
    CHECK_FALSE(f.calls.fail(1, errc::aborted));
    CHECK(f.answers == std::map<int, std::string>{{1, text(errc::invalid_option)}, {2, "two"}});
    CHECK(f.calls.empty());
    CHECK_FALSE(f.calls.next_deadline());
}

TEST_CASE("a call whose time is over fails, and no other", "[calls]")
{
    Fixture f;
    f.call(1, 5s).call(2, 3s).call(3, 5s);
    CHECK(f.calls.next_deadline() == f.now + 3s);
    CHECK(f.calls.expire(f.now + 3s - 1ns) == 0);
    CHECK(f.calls.expire(f.now + 3s) == 1);
    CHECK(f.answers == std::map<int, std::string>{{2, text(errc::call_timeout)}});
    CHECK_FALSE(f.calls.answer(2, "late"));
    CHECK(f.calls.expire(f.now + 1h) == 2);
    CHECK(f.calls.size() == 0);
}

TEST_CASE("a key that is in use cannot be had again until it is answered", "[calls]")
{
    Fixture f;
    f.call(1, 5s);
    CHECK_FALSE(f.calls.add(1, f.reply_to(9), f.now + 1s));
    CHECK(f.answers == std::map<int, std::string>{{9, text(errc::invalid_option)}});
    CHECK(f.calls.next_deadline() == f.now + 5s);
    CHECK(f.calls.answer(1, "one"));
    CHECK(f.calls.add(1, f.reply_to(1), 1h)); // from now on
    CHECK(f.calls.expire() == 0);
}

TEST_CASE("all fail with the loss of the connection, and may be called anew by whoever is told", "[calls]")
{
    Fixture f;
    f.call(1, 5s);
    CHECK(f.calls.add(2, ReplyTo<std::string>{[&](const result<std::string>&) { f.call(2, 7s); }}, f.now + 5s));
    f.calls.fail_all(errc::connection_lost);
    CHECK(f.answers == std::map<int, std::string>{{1, text(errc::connection_lost)}});
    CHECK(f.calls.size() == 1);
    CHECK(f.calls.next_deadline() == f.now + 7s);
}

TEST_CASE("what is pending at the end is told so", "[calls]")
{
    Fixture f;
    f.call(1, 5s);
    f.calls = {};
    CHECK(f.answers == std::map<int, std::string>{{1, text(errc::no_reply)}});
}
