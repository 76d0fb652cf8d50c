// SPDX-License-Identifier: BSL-1.0
#include <websockxx/io/mailbox.hpp>

#include "support/test.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>

using namespace websockxx;
using namespace websockxx::io;
using namespace std::chrono_literals;
namespace asio = boost::asio;

namespace {

struct Owner : Mailbox::Owner {
    int woken = 0;
    void wake() override { ++woken; }
    void pause(bool paused) override { paused_directly = paused; }
    std::optional<bool> paused_directly;
};

struct Note final : core::SendDone {
    explicit Note(std::vector<error_code>& told) : told_(told) {}
    void done(error_code ec) override { told_.push_back(ec); }
    std::vector<error_code>& told_;
};

struct Nothing final : Letter {
    Action deliver(Client&) override { return Ok{}; }
};

std::vector<Item> take(Mailbox& mailbox)
{
    std::vector<Item> items;
    mailbox.take(items);
    return items;
}

struct Fixture {
    asio::io_context context;
    std::shared_ptr<Mailbox> mailbox = std::make_shared<Mailbox>(context.get_executor(), 3, false);
    Owner owner;
    std::vector<error_code> told;

    std::unique_ptr<Letter> letter() { return std::make_unique<Nothing>(); }
    std::unique_ptr<core::SendDone> note() { return std::make_unique<Note>(told); }
};

} // namespace

TEST_CASE("the owner is woken once for all that is put in until it takes", "[mailbox]")
{
    Fixture f;
    CHECK_FALSE(f.mailbox->put(f.letter()));
    CHECK(f.owner.woken == 0);
    f.mailbox->attach(f.owner);
    CHECK(f.owner.woken == 1);
    CHECK_FALSE(f.mailbox->put(f.letter()));
    CHECK(f.owner.woken == 1);
    CHECK(take(*f.mailbox).size() == 2);
    CHECK_FALSE(f.mailbox->put(f.letter()));
    CHECK(f.owner.woken == 2);
}

TEST_CASE("messages beyond the limit are refused, until some were handled; a stop always fits", "[mailbox]")
{
    Fixture f;
    f.mailbox->attach(f.owner);
    CHECK_FALSE(f.mailbox->put(f.letter()));
    CHECK_FALSE(f.mailbox->put(f.letter()));
    CHECK_FALSE(f.mailbox->put(item::Later{1, 1s, f.letter()}));
    CHECK(f.mailbox->put(f.letter()) == errc::inbox_full);
    CHECK_FALSE(f.mailbox->put(item::Stop{errc::stopped}));
    CHECK(take(*f.mailbox).size() == 4);
    CHECK(f.mailbox->put(f.letter()) == errc::inbox_full); // what was taken need not be handled
    f.mailbox->delivered(1);
    CHECK_FALSE(f.mailbox->put(f.letter()));
    CHECK(f.mailbox->put(f.letter()) == errc::inbox_full);
}

TEST_CASE("P14 calls that are not yet answered are bounded, also when the client has them", "[mailbox]")
{
    Fixture f;
    f.mailbox->attach(f.owner);
    const auto call = [&](std::uint64_t id) {
        f.mailbox->call({id, std::nullopt, f.letter()}, std::make_shared<Answer>(), f.note());
    };
    for (std::uint64_t id = 1; id <= 3; ++id) call(id);
    (void)take(*f.mailbox);
    f.mailbox->delivered(3);
    call(4);
    CHECK(f.told == std::vector<error_code>{errc::inbox_full});
    f.mailbox->answer(1, {}, nullptr);
    call(5);
    CHECK(f.told == std::vector<error_code>{errc::inbox_full, {}});
}

TEST_CASE("after the end everything is refused with client_ended, and what lay there is told so", "[mailbox]")
{
    Fixture f;
    f.mailbox->attach(f.owner);
    f.mailbox->call({1, std::nullopt, f.letter()}, std::make_shared<Answer>(), f.note());
    f.mailbox->end({.error = errc::stopped});
    CHECK(f.told == std::vector<error_code>{errc::client_ended});
    CHECK(f.mailbox->put(f.letter()) == errc::client_ended);
    CHECK(f.owner.woken == 1);
    f.mailbox->end({.error = errc::aborted}); // the first counts
    REQUIRE(f.mailbox->reason());
    CHECK(f.mailbox->reason()->error.code() == errc::stopped);
    CHECK(f.mailbox->wait({})->error.code() == errc::stopped);
}

TEST_CASE("wait gives up when its time is over, also when that time is longer than any clock", "[mailbox]")
{
    Fixture f;
    CHECK_FALSE(f.mailbox->wait(0ms));
    CHECK_FALSE(f.mailbox->wait(std::chrono::milliseconds::min()));
    f.mailbox->end({});
    CHECK(f.mailbox->wait(std::chrono::milliseconds::max()));
}

TEST_CASE("async_wait completes on the handler's executor, never from inside", "[mailbox]")
{
    Fixture f;
    asio::io_context other;
    int completed = 0;
    const auto handler = [&](error_code ec, const CloseReason& reason) {
        CHECK_FALSE(ec);
        CHECK(reason.error.code() == errc::stopped);
        CHECK(other.get_executor().running_in_this_thread());
        ++completed;
    };
    f.mailbox->async_wait(asio::bind_executor(other, handler));
    f.mailbox->end({.error = errc::stopped});
    CHECK(completed == 0);
    f.context.run();
    CHECK(completed == 0);
    other.run();
    CHECK(completed == 1);
}

TEST_CASE("async_wait that is cancelled completes once, with operation_aborted", "[mailbox]")
{
    Fixture f;
    asio::cancellation_signal signal;
    std::vector<error_code> completed;
    f.mailbox->async_wait(asio::bind_cancellation_slot(
        signal.slot(), [&](error_code ec, const CloseReason&) { completed.push_back(ec); }));
    signal.emit(asio::cancellation_type::terminal);
    f.mailbox->end({});
    f.context.run();
    signal.emit(asio::cancellation_type::terminal); // too late
    CHECK(completed == std::vector<error_code>{asio::error::operation_aborted});
}

TEST_CASE("a blocking call is refused in callbacks and on the thread that it would wait for", "[mailbox]")
{
    Fixture f;
    CHECK_FALSE(f.mailbox->blocking_error());
    const auto other = Mailbox::make_ended();
    {
        const CallbackScope scope{*f.mailbox};
        CHECK(f.mailbox->blocking_error() == errc::calling_self);
        CHECK(other->blocking_error() == errc::blocking_in_callback);
        {
            const CallbackScope inner{*other};
            CHECK(f.mailbox->blocking_error() == errc::blocking_in_callback);
        }
        CHECK(f.mailbox->blocking_error() == errc::calling_self);
    }
    CHECK_FALSE(f.mailbox->blocking_error());

    const auto strand = asio::make_strand(f.context);
    const auto wrapped = asio::make_strand(asio::any_io_executor{f.context.get_executor()});
    const std::vector<asio::any_io_executor> executors{f.context.get_executor(), strand, wrapped};
    std::vector<error_code> answers;
    asio::post(f.context, [&] {
        for (const auto& executor : executors)
            answers.push_back(std::make_shared<Mailbox>(executor, 1, false)->blocking_error());
    });
    f.context.run();
    CHECK(answers == std::vector<error_code>(3, errc::blocking_in_callback));
}
