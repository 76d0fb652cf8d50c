// SPDX-License-Identifier: BSL-1.0
#include <websockxx/io/mailbox.hpp>

#include "support/test.hpp"

#include <boost/asio/io_context.hpp>

#include <atomic>
#include <charconv>
#include <latch>
#include <memory>
#include <semaphore>
#include <string>
#include <thread>
#include <vector>

using namespace websockxx;
using namespace websockxx::io;
using namespace std::chrono_literals;

/// Mailbox::send() wakes its owner without the lock of the mailbox. Most of these are for ThreadSanitizer.

namespace {

/// What it is woken for is done by who waits for `woken`.
struct Owner final : Mailbox::Owner {
    ~Owner() { alive = false; }
    void wake() override
    {
        woken_when_dead += !alive;
        woken.release();
    }
    void pause(bool) override {}

    std::counting_semaphore<> woken{0};
    std::atomic<bool> alive = true;
    inline static std::atomic<int> woken_when_dead = 0;
};

std::size_t number_in(const core::Outgoing& sent)
{
    const auto text = sent.frame.text();
    std::size_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

} // namespace

TEST_CASE("of what several threads send nothing is left lying, and each thread's order is kept", "[mailbox]")
{
    constexpr std::size_t threads = 3;
    constexpr std::size_t each = 5'000;
    boost::asio::io_context context;
    const auto mailbox = std::make_shared<Mailbox>(context.get_executor(), threads * each, false);
    Owner owner;
    mailbox->attach(owner);
    (void)mailbox->set_send_obstacle({});

    std::latch all_there{threads};
    std::vector<std::thread> senders;
    for (std::size_t thread = 0; thread < threads; ++thread) {
        senders.emplace_back([&, thread] {
            all_there.arrive_and_wait();
            for (std::size_t number = 0; number < each; ++number)
                (void)mailbox->send({Frame::text(std::to_string(thread * each + number))});
        });
    }
    std::vector<std::size_t> next(threads, 0);
    std::size_t taken = 0;
    bool in_order = true;
    std::vector<Item> items;
    while (taken < threads * each && owner.woken.try_acquire_for(60s)) {
        items.clear();
        mailbox->take(items);
        for (const auto& item : items) {
            std::vector<core::Outgoing> sends;
            (void)mailbox->take_sends(std::get<item::Sends>(item).upto, std::size_t{1} << 40, sends);
            for (const auto& sent : sends) {
                const auto number = number_in(sent);
                in_order = in_order && number % each == next[number / each]++;
            }
            taken += sends.size();
        }
    }
    for (auto& sender : senders) sender.join();
    CHECK(taken == threads * each);
    CHECK(in_order);
    mailbox->end({});
}

TEST_CASE("a send that meets the end is refused, or wakes an owner who is still there", "[mailbox]")
{
    for (int round = 0; round < 200; ++round) {
        boost::asio::io_context context;
        const auto mailbox = std::make_shared<Mailbox>(context.get_executor(), 1'000'000, false);
        auto owner = std::make_unique<Owner>();
        mailbox->attach(*owner);
        (void)mailbox->set_send_obstacle({});
        mailbox->set_send_limits({.send_queue_messages = 100'000'000});

        std::latch begun{3};
        std::atomic<int> refused = 0;
        std::vector<std::thread> senders;
        for (int thread = 0; thread < 2; ++thread) {
            senders.emplace_back([&] {
                begun.arrive_and_wait();
                error_code ec;
                while (!ec) ec = mailbox->send({Frame::text("x")});
                refused += ec == errc::client_ended;
            });
        }
        begun.arrive_and_wait();
        std::vector<Item> items;
        for (int times = 0; times < round % 7; ++times) { // each time the next send wakes
            items.clear();
            mailbox->take(items);
        }
        mailbox->end({.error = errc::stopped});
        owner.reset(); // as a connection does at its end
        for (auto& sender : senders) sender.join();
        CHECK(refused == 2);
        CHECK(mailbox->send({Frame::text("late")}) == errc::client_ended);
    }
    CHECK(Owner::woken_when_dead == 0);
}
