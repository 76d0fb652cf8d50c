// SPDX-License-Identifier: BSL-1.0
#include <websockxx/io/mailbox.hpp>

#include "io/mailbox_fixture.hpp"
#include "support/test.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>

using namespace websockxx;
using namespace websockxx::test::mailbox;
using namespace std::chrono_literals;

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
