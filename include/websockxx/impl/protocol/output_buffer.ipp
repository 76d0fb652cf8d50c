// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/protocol/output_buffer.hpp>

#include <algorithm>

namespace websockxx::protocol {

void OutputBuffer::expect(std::size_t size)
{
    if (bytes_.capacity() - bytes_.size() < size) make_room(size);
}

void OutputBuffer::consume(std::size_t size)
{
    sent_ += std::min(size, bytes_.size() - sent_);
    if (sent_ < bytes_.size()) return;
    sent_ = 0;
    bytes_.clear();
    if (bytes_.capacity() > kept) std::string().swap(bytes_);
}

void OutputBuffer::make_room(std::size_t size)
{
    // Only what is at least half sent is moved, so that each byte is moved once on average, however slow the transport.
    if (sent_ >= bytes_.size() - sent_) {
        bytes_.erase(0, sent_);
        sent_ = 0;
    }
    const auto needed = bytes_.size() + size;
    if (needed > bytes_.capacity()) bytes_.reserve(std::max(needed, 2 * bytes_.capacity()));
}

} // namespace websockxx::protocol
