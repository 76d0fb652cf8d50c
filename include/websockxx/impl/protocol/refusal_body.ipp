// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/protocol/refusal_body.hpp>

#include <websockxx/detail/text.hpp>

#include <algorithm>

namespace websockxx::protocol {
namespace refusal_body {

// Of a line with a chunk's size and extensions: nobody has a use for longer ones.
inline constexpr std::size_t longest_line = 4096;

/// 16 or more for what is no hexadecimal digit.
constexpr unsigned digit_value(char digit) noexcept
{
    if (digit >= '0' && digit <= '9') return static_cast<unsigned>(digit - '0');
    const char lower = static_cast<char>(digit | 0x20);
    return lower >= 'a' && lower <= 'f' ? static_cast<unsigned>(lower - 'a' + 10) : 16;
}

} // namespace refusal_body

bool RefusalBody::read(std::string_view bytes, std::string& body)
{
    if (body.size() >= most_) return true;
    while (!bytes.empty()) {
        if (framing_ != Framing::chunks || place_ == Place::data) {
            if (keep(bytes, body)) return true;
        }
        else {
            if (read_framing(bytes.front())) return true;
            bytes.remove_prefix(1);
        }
    }
    return false;
}

/// Takes data off `bytes`. Whether that was the end of the body, or of what is kept of it.
bool RefusalBody::keep(std::string_view& bytes, std::string& body)
{
    const bool to_end = framing_ == Framing::end_of_stream;
    const auto size = to_end || left_ > bytes.size() ? bytes.size() : static_cast<std::size_t>(left_);
    websockxx::detail::append_up_to(most_, body, bytes.substr(0, size));
    bytes.remove_prefix(size);
    if (!to_end) left_ -= size;
    if (framing_ == Framing::chunks && left_ == 0) place_ = Place::carriage_return;
    return body.size() >= most_ || (framing_ == Framing::length && left_ == 0);
}

/// A byte between the data of two chunks. Whether it is the end of the body.
bool RefusalBody::read_framing(char byte)
{
    switch (place_) {
    case Place::carriage_return: place_ = Place::newline; return byte != '\r';
    case Place::newline:
        place_ = Place::size;
        line_bytes_ = 0;
        return byte != '\n';
    default: ++line_bytes_; return place_ == Place::size ? read_size(byte) : read_rest_of_line(byte);
    }
}

bool RefusalBody::read_size(char byte)
{
    constexpr std::size_t most_digits = 16;

    if (const auto digit = refusal_body::digit_value(byte); digit < 16) {
        left_ = left_ << 4 | digit;
        return line_bytes_ > most_digits;
    }
    const bool broken = line_bytes_ == 1 || std::string_view("\r\n\t ;").find(byte) == std::string_view::npos;
    place_ = Place::rest_of_line;
    return broken || read_rest_of_line(byte);
}

bool RefusalBody::read_rest_of_line(char byte)
{
    if (byte != '\n') return line_bytes_ > refusal_body::longest_line;
    place_ = Place::data;
    return left_ == 0; // the last chunk has none
}

} // namespace websockxx::protocol
