// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/frame.hpp>

#include <websockxx/detail/text.hpp>
#include <websockxx/detail/utf8.hpp>

#include <ostream>

namespace websockxx {

std::string Frame::to_payload(std::span<const std::byte> bytes)
{
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string_view to_string(Frame::Type type) noexcept
{
    switch (type) {
    case Frame::Type::text: return "text";
    case Frame::Type::binary: return "binary";
    case Frame::Type::ping: return "ping";
    case Frame::Type::pong: return "pong";
    case Frame::Type::text_fragment: return "text fragment";
    case Frame::Type::binary_fragment: return "binary fragment";
    case Frame::Type::continuation: return "continuation";
    case Frame::Type::finish: return "finish";
    }
    return "unknown";
}

std::ostream& operator<<(std::ostream& out, const Frame& frame)
{
    constexpr std::size_t shown_bytes = 64;

    out << to_string(frame.type()) << ", " << frame.size() << (frame.size() == 1 ? " byte" : " bytes");
    if (frame.type() != Frame::Type::text && frame.type() != Frame::Type::text_fragment) return out;

    const auto beginning = detail::utf8_prefix(frame.text(), shown_bytes);
    return out << ": \"" << detail::escape(beginning) << '"' << (beginning.size() < frame.size() ? "..." : "");
}

} // namespace websockxx
