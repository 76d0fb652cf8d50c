// SPDX-License-Identifier: BSL-1.0
#include <websockxx/io/mailbox.hpp>

#include "support/connection_fixture.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>

using namespace websockxx;
using namespace websockxx::io;
using namespace websockxx::test;
namespace asio = boost::asio;

namespace {

struct Owner : Mailbox::Owner {
    int woken = 0;
    void wake() override { ++woken; }
    void pause(bool) override {}
};

struct Fixture {
    asio::io_context context;
    std::shared_ptr<Mailbox> mailbox = std::make_shared<Mailbox>(context.get_executor(), 3, false);
    Owner owner;
    std::vector<error_code> told;

    Fixture()
    {
        mailbox->attach(owner);
        (void)mailbox->set_send_obstacle({});
    }
    error_code send(std::uint64_t* mark = nullptr)
    {
        return mailbox->send(outgoing(Frame::text("x"), std::make_unique<SendResult>(told)), mark);
    }
    std::vector<Item> take()
    {
        std::vector<Item> items;
        mailbox->take(items);
        return items;
    }
};

} // namespace

TEST_CASE("frames that are sent one after another wake the owner once, and leave one mark", "[mailbox]")
{
    Fixture f;
    CHECK_FALSE(f.send());
    CHECK_FALSE(f.mailbox->send({Frame::text("y")}));
    CHECK(f.owner.woken == 1);
    CHECK_FALSE(f.mailbox->put(item::Close{}));
    CHECK_FALSE(f.send());
    const auto items = f.take();
    REQUIRE(items.size() == 3); // sends, close, sends: the order is kept
    CHECK(std::get<item::Sends>(items[0]).upto == 2);
    CHECK(std::get<item::Sends>(items[2]).upto == 3);
    CHECK_FALSE(f.send());
    CHECK(f.owner.woken == 2);
}

TEST_CASE("a send that is refused says so at once, and wakes nobody", "[mailbox]")
{
    Fixture f;
    f.mailbox->set_send_limits({.send_queue_messages = 1});
    CHECK_FALSE(f.send());
    (void)f.take();
    CHECK(f.send() == errc::send_queue_full);
    CHECK(f.told == std::vector<error_code>{errc::send_queue_full});
    CHECK(f.owner.woken == 1);
    CHECK(f.mailbox->buffered_bytes() == 1);
}

TEST_CASE("a send can be taken back until the owner has it", "[mailbox]")
{
    Fixture f;
    std::uint64_t first = 0;
    CHECK_FALSE(f.send(&first));
    CHECK_FALSE(f.mailbox->withdraw(first + 1));
    CHECK(f.mailbox->withdraw(first));
    CHECK_FALSE(f.mailbox->withdraw(first));
    std::uint64_t second = 0;
    CHECK_FALSE(f.send(&second));
    std::vector<core::Outgoing> taken;
    (void)f.mailbox->take_sends(100, 100, taken);
    CHECK(taken.size() == 1);
    CHECK_FALSE(f.mailbox->withdraw(second));
    CHECK(f.told.empty());
}

TEST_CASE("async_send that is cancelled before the owner has it completes once, with operation_aborted", "[mailbox]")
{
    Fixture f;
    asio::cancellation_signal signal;
    std::vector<error_code> completed;
    f.mailbox->async_send({Frame::text("x")},
        asio::bind_cancellation_slot(signal.slot(), [&](error_code ec) { completed.push_back(ec); }));
    signal.emit(asio::cancellation_type::terminal);
    f.mailbox->end({});
    f.context.run();
    CHECK(completed == std::vector<error_code>{asio::error::operation_aborted});
    CHECK(f.mailbox->buffered_bytes() == 0);
}

TEST_CASE("async_send that is refused completes, never from inside", "[mailbox]")
{
    Fixture f;
    (void)f.mailbox->set_send_obstacle(errc::not_connected_closing);
    std::vector<error_code> completed;
    f.mailbox->async_send({Frame::text("x")}, [&](error_code ec) { completed.push_back(ec); });
    CHECK(completed.empty());
    f.context.run();
    CHECK(completed == std::vector<error_code>{errc::not_connected_closing});
}

TEST_CASE("at the end of the client all that waits is told so, also what was to be kept", "[mailbox]")
{
    Fixture f;
    auto kept = outgoing(Frame::text("kept"), std::make_unique<SendResult>(f.told));
    kept.keep = true;
    CHECK_FALSE(f.mailbox->send(std::move(kept)));
    CHECK_FALSE(f.send());
    f.mailbox->end({.error = errc::stopped});
    CHECK(f.told == std::vector<error_code>{errc::client_ended, errc::client_ended});
    CHECK(f.send() == errc::client_ended);
}
