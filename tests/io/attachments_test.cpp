// SPDX-License-Identifier: BSL-1.0
#include <websockxx/io/attachments.hpp>
#include <websockxx/io/mailbox.hpp>

#include "support/test.hpp"

#include <boost/asio/io_context.hpp>

#include <optional>

using namespace websockxx;
using namespace websockxx::io;
namespace asio = boost::asio;

TEST_CASE("when a context ends, its mailboxes refuse what comes, and wake nobody", "[mailbox]")
{
    struct Owner : Mailbox::Owner {
        int woken = 0;
        void wake() override { ++woken; }
        void pause(bool) override {}
    } owner;
    std::optional<asio::io_context> context{std::in_place};
    const auto mailbox = std::make_shared<Mailbox>(context->get_executor(), 100, false);
    const auto gone = std::make_shared<Mailbox>(context->get_executor(), 100, false);
    asio::use_service<Attachments>(*context).add(mailbox);
    asio::use_service<Attachments>(*context).add(gone);
    mailbox->attach(owner);
    (void)mailbox->set_send_obstacle({});
    CHECK_FALSE(mailbox->send({Frame::text("x")}));
    CHECK(owner.woken == 1);

    context.reset();
    CHECK(mailbox->send({Frame::text("x")}) == errc::runtime_ended);
    CHECK(mailbox->put(item::Stop{errc::stopped}) == errc::runtime_ended);
    CHECK(owner.woken == 1);
    CHECK_FALSE(mailbox->blocking_error());
    CHECK_FALSE(mailbox->ended()); // that is for the connection to say
    mailbox->end({.error = errc::runtime_ended});
    CHECK(mailbox->send({Frame::text("x")}) == errc::client_ended);
}

TEST_CASE("mailboxes of clients that are gone are forgotten after a while", "[mailbox]")
{
    asio::io_context context;
    auto& mailboxes = asio::use_service<Attachments>(context);
    const auto kept = std::make_shared<Mailbox>(context.get_executor(), 1, false);
    mailboxes.add(kept);
    for (int times = 0; times < 1000; ++times)
        mailboxes.add(std::make_shared<Mailbox>(context.get_executor(), 1, false));
    CHECK(mailboxes.size() <= 32);
}
