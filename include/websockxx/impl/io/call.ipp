// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/io/call.hpp>
#include <websockxx/io/mailbox.hpp>
#include <websockxx/io/wake_sender.hpp>

#include <utility>

namespace websockxx::detail {

CallSlip begin_call(std::shared_ptr<io::Mailbox> mailbox)
{
    if (!mailbox) mailbox = io::Mailbox::make_ended();
    const auto id = mailbox->next_id();
    return {std::move(mailbox), id, std::make_shared<io::Answer>()};
}

std::shared_ptr<void> value_of(const CallSlip& slip) { return slip.answer->value; }

void answer_call(const CallSlip& slip, error_code ec, std::shared_ptr<void> value)
{
    slip.mailbox->answer(slip.id, ec, std::move(value));
}

error_code wait_for_call(const CallSlip& slip, std::unique_ptr<io::Letter> letter, std::chrono::milliseconds timeout)
{
    const auto waiting = std::make_shared<io::Waiting>();
    slip.mailbox->call(
        {slip.id, std::nullopt, std::move(letter)}, slip.answer, std::make_unique<io::WakeSender>(waiting));
    if (const auto told = waiting->wait(timeout)) return *told;
    slip.mailbox->answer(slip.id, errc::call_timeout, nullptr); // unless it was answered just now
    return waiting->wait({}).value_or(errc::call_timeout);
}

void async_call(
    const CallSlip& slip, std::unique_ptr<io::Letter> letter, std::chrono::milliseconds timeout, CallDone handler)
{
    slip.mailbox->async_call({slip.id, timeout, std::move(letter)}, slip.answer, std::move(handler));
}

} // namespace websockxx::detail
