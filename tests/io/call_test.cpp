// SPDX-License-Identifier: BSL-1.0
#include <websockxx/io/call.hpp>

#include "support/connection_fixture.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>

#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>

using namespace websockxx;
using namespace websockxx::test;
using namespace std::chrono_literals;

namespace {

struct Double {
    int number;
};
struct Keep {};
struct Forget {};
struct Refuse {};
struct Throw {};

/// Answers at once, later, or not at all.
class Oracle : public Client {
public:
    explicit Oracle(std::shared_ptr<std::optional<ReplyTo<std::string>>> kept) : kept_(std::move(kept)) {}

    Action handle_call(Double request, ReplyTo<int> reply_to)
    {
        reply_to(2 * request.number);
        return reply(Frame::text("doubled"));
    }
    Action handle_call(const Keep&, ReplyTo<std::string> reply_to)
    {
        *kept_ = std::move(reply_to);
        return ok();
    }
    Ok handle_call(Forget, ReplyTo<std::unique_ptr<int>>) noexcept { return ok(); }
    Action handle_call(Refuse, ReplyTo<int> reply_to)
    {
        reply_to.fail(Error{errc::invalid_option, Phase::none, "odd"});
        return ok();
    }
    Action handle_call(Throw, ReplyTo<int>) { throw std::runtime_error("no"); }
    Action handle_call(std::string text, ReplyTo<std::string> reply_to)
    {
        reply_to(text + "!");
        return ok();
    }

private:
    std::shared_ptr<std::optional<ReplyTo<std::string>>> kept_;
};

/// What calls came back with.
template <class R>
struct Answers {
    std::vector<std::pair<error_code, R>> all;
    auto handler()
    {
        return [this](error_code ec, R value) { all.emplace_back(ec, std::move(value)); };
    }
    [[nodiscard]] error_code code() const { return all.size() == 1 ? all[0].first : errc::invalid_option; }
};

struct Fixture {
    std::shared_ptr<std::optional<ReplyTo<std::string>>> kept = std::make_shared<std::optional<ReplyTo<std::string>>>();
    std::unique_ptr<Harness> harness;

    explicit Fixture(core::Settings settings = {}, Conn conn = {.secure = false, .host = "server", .port = 80})
        : harness(std::make_unique<Harness>(std::make_unique<Oracle>(kept), std::move(settings), std::move(conn)))
    {
    }
    Harness& h() { return *harness; }
    Ref<Oracle> ref() { return Ref<Oracle>{harness->mailbox}; }
};

} // namespace

TEST_CASE("a call finds its handle_call, and with it the type of the answer", "[call]")
{
    STATIC_REQUIRE(std::is_same_v<detail::ReplyOf<Oracle, Double>, int>);
    STATIC_REQUIRE(std::is_same_v<detail::ReplyOf<Oracle, Keep>, std::string>);
    STATIC_REQUIRE(std::is_same_v<detail::ReplyOf<Oracle, Forget>, std::unique_ptr<int>>);
    STATIC_REQUIRE_FALSE(detail::HandlesCall<Oracle, int>);
    STATIC_REQUIRE_FALSE(detail::HandlesCall<Recorder, int>);
    struct Derived : Oracle {};
    STATIC_REQUIRE(detail::HandlesCall<Derived, Double>);
    STATIC_REQUIRE(std::is_same_v<detail::Kept<decltype("text")>, std::string>);
}

TEST_CASE("a call is answered at once, and the callback's action is carried out", "[call]")
{
    Fixture f;
    f.h().open();
    Answers<int> answers;
    f.ref().async_call(Double{21}, 5s, answers.handler());
    CHECK(answers.all.empty());
    f.h().run();
    CHECK(answers.all == std::vector<std::pair<error_code, int>>{{{}, 42}});
    CHECK(f.h().heard()->payload == "doubled");

    Answers<std::string> texts;
    f.ref().async_call("hello", 5s, texts.handler());
    f.h().run();
    CHECK(texts.all.at(0).second == "hello!");
    f.h().turn(10s);
    CHECK(answers.all.size() == 1);
}

TEST_CASE("a call is answered later, by whichever copy is first, from another thread", "[call]")
{
    Fixture f;
    f.h().open();
    Answers<std::string> answers;
    f.ref().async_call(Keep{}, 5s, answers.handler());
    f.h().run();
    CHECK(answers.all.empty());
    std::jthread([reply_to = std::move(**f.kept)] {
        reply_to("late");
        reply_to("later");
    }).join();
    f.h().run();
    CHECK(answers.all == std::vector<std::pair<error_code, std::string>>{{{}, "late"}});
}

TEST_CASE("a call that is not answered in time is over, and the answer means nothing any more", "[call]")
{
    Fixture f;
    f.h().open();
    Answers<std::string> answers;
    f.ref().async_call(Keep{}, 5s, answers.handler());
    f.h().run();
    f.h().turn(4999ms);
    CHECK(answers.all.empty());
    f.h().turn(1ms);
    CHECK(answers.code() == errc::call_timeout);
    (**f.kept)("late");
    f.h().run();
    CHECK(answers.all.size() == 1);
}

TEST_CASE("a call waits for a connection, and its time counts from the beginning", "[call]")
{
    Fixture f;
    f.h().begin();
    Answers<int> in_time;
    Answers<int> too_late;
    f.ref().async_call(Double{1}, 3s, in_time.handler());
    f.ref().async_call(Double{2}, 1s, too_late.handler());
    f.h().run();
    f.h().turn(2s);
    CHECK(too_late.code() == errc::call_timeout);
    f.h().accept();
    CHECK(in_time.all == std::vector<std::pair<error_code, int>>{{{}, 2}});
    CHECK(f.h().heard()->payload == "doubled");
    CHECK_FALSE(f.h().heard()); // the other one was taken back
}

TEST_CASE("whoever forgets to answer is found out at once; so is a refusal, and an exception", "[call]")
{
    Fixture f;
    f.h().open();
    Answers<std::unique_ptr<int>> forgotten;
    f.ref().async_call(Forget{}, 5s, forgotten.handler());
    Answers<int> refused;
    f.ref().async_call(Refuse{}, 5s, refused.handler());
    f.h().run();
    CHECK(forgotten.code() == errc::no_reply);
    CHECK(refused.code() == errc::invalid_option);
    CHECK(f.ref().alive());
    Answers<int> threw;
    f.ref().async_call(Throw{}, 5s, threw.handler());
    f.h().run();
    CHECK(threw.code() == errc::no_reply);
    CHECK_FALSE(f.ref().alive());
}

TEST_CASE("the end of the client is the end of all calls, wherever they are", "[call]")
{
    Fixture f;
    Answers<std::string> answers;
    SECTION("on the way")
    {
        f.h().begin();
        f.ref().stop();
        f.ref().async_call(Keep{}, 5s, answers.handler());
    }
    SECTION("waiting for a connection")
    {
        f.h().begin();
        f.ref().async_call(Keep{}, 5s, answers.handler());
        f.h().run();
        f.ref().stop();
    }
    SECTION("being answered")
    {
        f.h().open();
        f.ref().async_call(Keep{}, 5s, answers.handler());
        f.h().run();
        f.ref().stop();
    }
    SECTION("after it")
    {
        f.h().open();
        f.ref().stop();
        f.h().run();
        CHECK(f.ref().call(Keep{}).error().code() == errc::client_ended);
        return;
    }
    f.h().run();
    CHECK(answers.code() == errc::client_ended);
    if (*f.kept) (**f.kept)("too late");
    CHECK(answers.all.size() == 1);
}

TEST_CASE("what a client takes along unanswered when it ends was not forgotten: client_ended", "[call]")
{
    struct Hoarder : Client {
        Action handle_call(int, ReplyTo<int> reply_to)
        {
            kept = std::move(reply_to);
            return ok();
        }
        ReplyTo<int> kept;
    };
    Harness h{std::make_unique<Hoarder>()};
    h.open();
    Answers<int> answers;
    Ref<Hoarder>{h.mailbox}.async_call(1, 5s, answers.handler());
    h.run();
    Ref<Hoarder>{h.mailbox}.stop();
    h.run();
    CHECK(answers.code() == errc::client_ended);
}

TEST_CASE("a call that is cancelled is over, and its request is taken back", "[call]")
{
    Fixture f;
    f.h().begin();
    boost::asio::cancellation_signal signal;
    Answers<int> answers;
    f.ref().async_call(Double{1}, 5s, boost::asio::bind_cancellation_slot(signal.slot(), answers.handler()));
    signal.emit(boost::asio::cancellation_type::terminal);
    f.h().run();
    CHECK(answers.code() == boost::asio::error::operation_aborted);
    f.h().accept();
    CHECK_FALSE(f.h().heard());
    signal.emit(boost::asio::cancellation_type::terminal); // too late
}

TEST_CASE("calls count against the inbox until they are handled or taken back", "[call]")
{
    Fixture f{{}, {.secure = false, .host = "server", .port = 80, .limits = {.inbox_messages = 1}}};
    f.h().begin();
    Answers<int> first;
    Answers<int> second;
    Answers<int> third;
    f.ref().async_call(Double{1}, 1s, first.handler());
    f.ref().async_call(Double{2}, 1s, second.handler());
    f.h().run();
    CHECK(first.all.empty());
    CHECK(second.code() == errc::inbox_full);
    f.h().turn(1s);
    CHECK(first.code() == errc::call_timeout);
    f.ref().async_call(Double{3}, 1s, third.handler());
    f.h().accept();
    CHECK(third.all.at(0).second == 6);
}

TEST_CASE("a call that waits is refused where it would wait for itself, and given up in time", "[call]")
{
    Fixture f;
    f.h().open();
    error_code inside;
    f.ref().async_visit(
        [&](Oracle&) { inside = f.ref().call(Double{1}).error().code(); }, [](const std::exception_ptr&) {});
    f.h().run();
    CHECK(inside == errc::calling_self);
    CHECK(f.ref().call(Double{1}, 0ms).error().code() == errc::call_timeout);
    f.h().run();
    CHECK_FALSE(f.h().heard()); // it was taken back
    CHECK(Ref<Oracle>{}.call(Double{1}).error().code() == errc::client_ended);
}

TEST_CASE("an executor's context that is destroyed ends the calls, and what answers later finds nobody", "[call]")
{
    Fixture f;
    f.h().open();
    Answers<std::string> answers;
    f.ref().async_call(Keep{}, 5s, answers.handler());
    f.h().run();
    f.harness.reset();
    (**f.kept)("nobody there");
    CHECK(answers.all.empty()); // a handler goes with the context that it is bound for
}
