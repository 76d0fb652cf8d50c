// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/io/mailbox.hpp>
#include <websockxx/io/visit.hpp>
#include <websockxx/io/wake_sender.hpp>

#include <boost/system/system_error.hpp>

#include <utility>

namespace websockxx::detail {

error_code wait_for_visit(io::Mailbox& mailbox, std::unique_ptr<io::AsyncVisitor> visitor)
{
    const auto waiting = std::make_shared<io::Waiting>();
    visitor->done = std::make_unique<io::WakeSender>(waiting);
    (void)mailbox.put(io::item::Visit{std::move(visitor)}); // refused, it has told the visitor
    return waiting->wait();
}

void async_visit(std::shared_ptr<io::Mailbox> mailbox, std::unique_ptr<io::AsyncVisitor> visitor, CallDone handler)
{
    if (!mailbox) mailbox = io::Mailbox::make_ended();
    mailbox->async_visit(std::move(visitor), std::move(handler));
}

std::exception_ptr as_exception(error_code ec) { return std::make_exception_ptr(boost::system::system_error{ec}); }

} // namespace websockxx::detail
