// SPDX-License-Identifier: BSL-1.0
#include <websockxx/io/visit.hpp>

#include "support/connection_fixture.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/system/system_error.hpp>

#include <stdexcept>

using namespace websockxx;
using namespace websockxx::test;
using namespace std::chrono_literals;
using Fixture = ConnectionFixture;

namespace {

/// What an async_visit() brought back.
struct Brought {
    int times = 0;
    std::exception_ptr exception;
    std::size_t value = 0;

    auto handler()
    {
        return [this](std::exception_ptr e, std::size_t seen) {
            ++times;
            exception = std::move(e);
            value = seen;
        };
    }
    [[nodiscard]] error_code code() const
    {
        try {
            if (exception) std::rethrow_exception(exception);
        }
        catch (const boost::system::system_error& e) {
            return e.code();
        }
        return {};
    }
};

/// Looks at something of a Recorder's record.
auto count_lines(const Fixture& f)
{
    return [record = f.record](Recorder&) { return record->lines.size(); };
}

} // namespace

TEST_CASE("WX-115 WX-116 a visit sees the client at once while it is open, and may change it", "[visit]")
{
    Fixture f;
    f.opened();
    Brought brought;
    f.ref().async_visit(
        [](Recorder& client) {
            (void)client.handle_cast(7);
            return std::size_t{42};
        },
        brought.handler());
    CHECK(brought.times == 0); // never from inside
    f.h().run();
    CHECK(brought.times == 1);
    CHECK(brought.value == 42);
    CHECK_FALSE(brought.exception);
    CHECK(f.lines() == Lines{"cast:7"});
}

TEST_CASE("a visit need not wait for a connection: before the first, while it waits to retry, while closing", "[visit]")
{
    Fixture f;
    f.record->on_disconnect = [](const Disconnect&) { return reconnect_in(1s); };
    Brought brought;
    f.ref().async_visit(count_lines(f), brought.handler());
    f.h().begin();
    CHECK(brought.times == 1);
    f.h().accept();
    f.h().end_transport();
    f.ref().async_visit(count_lines(f), brought.handler());
    f.h().run();
    CHECK(brought.times == 2);
    f.h().turn(1s);
    f.h().accept();
    CHECK(f.ref().close());
    f.h().run();
    f.ref().async_visit(count_lines(f), brought.handler());
    f.h().run();
    CHECK(brought.times == 3);
}

TEST_CASE("what a visit throws is the visitor's, and the client goes on", "[visit]")
{
    Fixture f;
    f.opened();
    std::exception_ptr thrown;
    f.ref().async_visit(
        [](Recorder&) { throw std::runtime_error("no"); }, [&](std::exception_ptr e) { thrown = std::move(e); });
    f.h().run();
    CHECK_THROWS_AS(std::rethrow_exception(thrown), std::runtime_error);
    CHECK(f.lines().empty());
    CHECK(f.ref().alive());
}

TEST_CASE("nobody can be visited who has ended, never was, or runs no more", "[visit]")
{
    Fixture f;
    f.opened();
    Brought brought;
    SECTION("it has ended")
    {
        f.ref().stop();
        f.ref().async_visit(count_lines(f), brought.handler()); // behind the stop
        f.h().run();
        CHECK(brought.code() == errc::client_ended);
        CHECK(f.ref().visit(count_lines(f)).error().code() == errc::client_ended);
    }
    SECTION("it never was") { CHECK(Ref<Recorder>{}.visit(count_lines(f)).error().code() == errc::client_ended); }
    SECTION("its executor's context is gone")
    {
        const auto ref = f.ref();
        std::vector<error_code> told;
        auto look = [](Recorder&) {};
        auto visitor = std::make_unique<detail::Visit<Recorder, decltype(look)&>>(
            look, std::make_shared<detail::VisitOutcome<void>>());
        visitor->done = std::make_unique<SendResult>(told);
        (void)f.h().mailbox->put(io::item::Visit{std::move(visitor)});
        f.harness.reset();
        CHECK(told == std::vector<error_code>{errc::client_ended});
        CHECK(ref.visit(look).error().code() == errc::client_ended);
    }
}

TEST_CASE("a visit that waits is refused where it would wait for itself", "[visit]")
{
    Fixture f;
    f.opened();
    error_code inside;
    f.record->on_cast = [&](int) {
        inside = f.ref().visit([](Recorder&) {}).error().code();
        return Client::ok();
    };
    CHECK(f.ref().cast(1));
    f.h().run();
    CHECK(inside == errc::calling_self);
}

TEST_CASE("visits are let in when the inbox is full", "[visit]")
{
    Fixture f{{}, {.secure = false, .host = "server", .port = 80, .limits = {.inbox_messages = 1}}};
    f.h().begin();
    CHECK(f.ref().cast(1));
    CHECK(f.ref().cast(2).error().code() == errc::inbox_full);
    Brought brought;
    f.ref().async_visit(count_lines(f), brought.handler());
    f.h().run();
    CHECK(brought.times == 1);
    CHECK_FALSE(brought.exception);
}
