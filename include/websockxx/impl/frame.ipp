// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/frame.hpp>

#include <websockxx/detail/text.hpp>
#include <websockxx/detail/utf8.hpp>

#include <new>
#include <ostream>
#include <utility>

namespace websockxx {

void Payload::hold(std::string text) noexcept
{
    new (&bytes_.string) std::string(std::move(text));
    place_ = Place::string;
}

void Payload::take_string(Payload& other) noexcept
{
    hold(std::move(other.bytes_.string));
    size_ = std::exchange(other.size_, 0);
    other.drop_string();
}

void Payload::drop_string() noexcept
{
    bytes_.string.~basic_string();
    place_ = Place::inside;
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
