// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/io/mailbox.hpp>

#include <boost/asio/io_context.hpp>

#include <memory>
#include <optional>
#include <vector>

namespace websockxx::test::mailbox {

using namespace websockxx::io;
namespace asio = boost::asio;

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

inline std::vector<Item> take(Mailbox& mailbox)
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

} // namespace websockxx::test::mailbox
