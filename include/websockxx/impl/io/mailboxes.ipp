// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/io/mailboxes.hpp>

#include <algorithm>

namespace websockxx::io {

void Mailboxes::add(const std::shared_ptr<Mailbox>& mailbox)
{
    const std::lock_guard lock{mutex_};
    if (mailboxes_.size() >= clear_at_) {
        std::erase_if(mailboxes_, [](const auto& weak) { return weak.expired(); });
        clear_at_ = std::max<std::size_t>(16, 2 * mailboxes_.size());
    }
    mailboxes_.push_back(mailbox);
}

std::size_t Mailboxes::size() const
{
    const std::lock_guard lock{mutex_};
    return mailboxes_.size();
}

void Mailboxes::shutdown()
{
    std::vector<std::weak_ptr<Mailbox>> mailboxes;
    {
        const std::lock_guard lock{mutex_};
        mailboxes.swap(mailboxes_);
    }
    for (const auto& weak : mailboxes) {
        if (const auto mailbox = weak.lock()) mailbox->detach();
    }
}

} // namespace websockxx::io
