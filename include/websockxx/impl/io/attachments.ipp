// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/io/attachments.hpp>

#include <algorithm>

namespace websockxx::io {

void Attachments::add(const std::shared_ptr<Attachment>& attachment)
{
    const std::lock_guard lock{mutex_};
    if (attachments_.size() >= clear_at_) {
        std::erase_if(attachments_, [](const auto& weak) { return weak.expired(); });
        clear_at_ = std::max<std::size_t>(16, 2 * attachments_.size());
    }
    attachments_.push_back(attachment);
}

std::size_t Attachments::size() const
{
    const std::lock_guard lock{mutex_};
    return attachments_.size();
}

void Attachments::shutdown()
{
    std::vector<std::weak_ptr<Attachment>> attachments;
    {
        const std::lock_guard lock{mutex_};
        attachments.swap(attachments_);
    }
    for (const auto& weak : attachments) {
        if (const auto attachment = weak.lock()) attachment->detach();
    }
}

} // namespace websockxx::io
