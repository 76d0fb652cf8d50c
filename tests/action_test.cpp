// SPDX-License-Identifier: BSL-1.0
#include <websockxx/action.hpp>

#include <websockxx/client.hpp>

#include "support/frame_list.hpp"
#include "support/test.hpp"

#include <chrono>
#include <concepts>
#include <type_traits>
#include <utility>
#include <vector>

using namespace websockxx;
using namespace std::chrono_literals;

namespace {

// What one kind of callback may answer, and the other may not: the wrong one does not compile.

template <class From, class To>
concept BecomesBy = std::constructible_from<To, From> || std::convertible_to<From, To>;

static_assert(std::convertible_to<Ok, Action>);
static_assert(std::convertible_to<Ok, Decision>);
static_assert(!BecomesBy<Decision, Action>, "handle_frame() cannot return reconnect()");
static_assert(!BecomesBy<Action, Decision>, "handle_disconnect() cannot return reply() or close()");

// An answer is written down, not guessed from something that could be one.
static_assert(!std::convertible_to<Frame, Action>);
static_assert(!std::convertible_to<std::vector<Frame>, Action>);
static_assert(!std::convertible_to<Action::Close, Action>);
static_assert(!BecomesBy<Conn, Decision>);
static_assert(!BecomesBy<bool, Action>);
static_assert(!BecomesBy<bool, Decision>);
static_assert(!BecomesBy<int, Decision>);

// An action is done once; a decision may be kept and asked for again.
static_assert(!std::copyable<Action> && std::movable<Action>);
static_assert(std::copyable<Decision>);

template <class... Arguments>
concept CanReply = requires(Arguments... arguments) { Client::reply(std::move(arguments)...); };

static_assert(CanReply<Frame>);
static_assert(CanReply<Frame, Frame, Frame>);
static_assert(CanReply<std::vector<Frame>>);
static_assert(!CanReply<Frame, std::string>, "each reply is a frame");
static_assert(!CanReply<Frame, Action>);
static_assert(!CanReply<>, "a reply has a frame: otherwise it is ok()");

Conn elsewhere()
{
    Conn conn;
    conn.host = "elsewhere.example";
    return conn;
}

} // namespace

TEST_CASE("ok changes nothing", "[values]")
{
    const Action action = Client::ok();
    CHECK(action.is_ok());
    CHECK(action.frames().empty());
    CHECK(action.closing() == nullptr);

    const Decision decision = Client::ok();
    CHECK(decision.kind() == Decision::Kind::stop);
    CHECK_FALSE(decision.delay());
    CHECK(decision.conn() == nullptr);
}

TEST_CASE("a reply has its frames in order", "[values]")
{
    const Action one = Client::reply(Frame::text("a"));
    CHECK_FALSE(one.is_ok());
    CHECK(test::list(one.frames()) == std::vector{Frame::text("a")});

    const Action three = Client::reply(Frame::text("a"), Frame::ping("b"), Frame::binary("c"));
    CHECK(test::list(three.frames()) == std::vector{Frame::text("a"), Frame::ping("b"), Frame::binary("c")});
    CHECK(three.closing() == nullptr);

    const Action listed = Client::reply(std::vector{Frame::text("a"), Frame::text("b")});
    CHECK(listed.frames().size() == 2);
    CHECK(Client::reply(std::vector<Frame>{}).is_ok());
}

TEST_CASE("a close may have a code and a text", "[values]")
{
    const Action bare = Client::close();
    CHECK_FALSE(bare.is_ok());
    REQUIRE(bare.closing() != nullptr);
    CHECK(*bare.closing() == Action::Close{});

    const Action coded = Client::close(4000, "bye");
    REQUIRE(coded.closing() != nullptr);
    CHECK(*coded.closing() == Action::Close{4000, "bye"});
    CHECK(coded.frames().empty());
}

TEST_CASE("then() sends both replies in order, and closes after them", "[values]")
{
    const auto action = Client::reply(Frame::text("a")).then(Client::reply(Frame::text("b"))).then(Client::close(4000));
    CHECK(test::list(action.frames()) == std::vector{Frame::text("a"), Frame::text("b")});
    REQUIRE(action.closing() != nullptr);
    CHECK(action.closing()->code == 4000);

    CHECK(Action(Client::ok()).then(Client::ok()).is_ok());
    CHECK(Action(Client::ok()).then(Client::reply(Frame::text("a"))).frames().size() == 1);

    const auto more =
        Client::reply(Frame::text("a")).then(Client::reply(Frame::text("b"), Frame::text("c"))).then(Client::ok());
    CHECK(test::list(more.frames()) == std::vector{Frame::text("a"), Frame::text("b"), Frame::text("c")});
}

TEST_CASE("of two closes the first one counts", "[values]")
{
    const auto action = Client::close(4000).then(Client::close(4001));
    REQUIRE(action.closing() != nullptr);
    CHECK(action.closing()->code == 4000);
}

TEST_CASE("a reconnect may have a delay, another server, both or neither", "[values]")
{
    const Decision plain = Client::reconnect();
    CHECK(plain.kind() == Decision::Kind::reconnect);
    CHECK_FALSE(plain.delay());
    CHECK(plain.conn() == nullptr);

    const Decision moved = Client::reconnect(elsewhere());
    REQUIRE(moved.conn() != nullptr);
    CHECK(*moved.conn() == elsewhere());
    CHECK_FALSE(moved.delay());

    const Decision delayed = Client::reconnect_in(2s);
    CHECK(delayed.kind() == Decision::Kind::reconnect);
    CHECK(delayed.delay() == 2s);
    CHECK(delayed.conn() == nullptr);

    const Decision both = Client::reconnect_in(0ms, elsewhere());
    CHECK(both.delay() == 0ms);
    REQUIRE(both.conn() != nullptr);
    CHECK(both.conn()->host == "elsewhere.example");

    CHECK(Client::ask_policy().kind() == Decision::Kind::ask_policy);
}

TEST_CASE("a decision is changed in a copy", "[values]")
{
    const Decision plain = reconnect();
    const Decision later = plain.with_delay(3s);
    const Decision there = later.with_conn(elsewhere());
    CHECK_FALSE(plain.delay());
    CHECK(later.delay() == 3s);
    CHECK(later.conn() == nullptr);
    CHECK(there.kind() == Decision::Kind::reconnect);
    CHECK(there.delay() == 3s);
    REQUIRE(there.conn() != nullptr);
    CHECK(there.with_delay(1s).conn() == there.conn());
}
