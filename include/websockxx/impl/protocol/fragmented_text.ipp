// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/protocol/fragmented_text.hpp>

#include <websockxx/detail/utf8.hpp>

#include <algorithm>

namespace websockxx::protocol {
namespace fragmented_text {

/// How many bytes a character has that begins so; 1 for what begins none, which is_valid_utf8() finds (RFC 3629 3).
constexpr std::size_t character_size(char first) noexcept
{
    const auto byte = static_cast<unsigned char>(first);
    if (byte >= 0xF0) return 4;
    if (byte >= 0xE0) return 3;
    return byte >= 0xC0 ? 2 : 1;
}

/// How many bytes at the end of `text` may be the beginning of a character that goes on: 0 to 3.
constexpr std::size_t begun_at_end(std::string_view text) noexcept
{
    for (std::size_t size = 1; size <= std::min<std::size_t>(3, text.size()); ++size) {
        const char byte = text[text.size() - size];
        if ((static_cast<unsigned char>(byte) & 0xC0u) == 0x80u) continue; // goes on with a character
        return character_size(byte) > size ? size : 0;
    }
    return 0;
}

/// Whether these bytes can become a character (Unicode 15, table 3-7).
constexpr bool may_begin_character(std::string_view begun) noexcept
{
    const auto at = [begun](std::size_t index) { return static_cast<unsigned char>(begun[index]); };
    for (std::size_t index = 1; index < begun.size(); ++index) {
        if ((at(index) & 0xC0u) != 0x80u) return false;
    }
    if (at(0) > 0xF4 || at(0) == 0xC0 || at(0) == 0xC1) return false;
    if (begun.size() < 2) return true;
    switch (at(0)) {
    case 0xE0: return at(1) >= 0xA0;
    case 0xED: return at(1) <= 0x9F;
    case 0xF0: return at(1) >= 0x90;
    case 0xF4: return at(1) <= 0x8F;
    default: return true;
    }
}

} // namespace fragmented_text

bool FragmentedText::accepts(std::string_view fragment, Place place) const noexcept
{
    using namespace fragmented_text;
    using websockxx::detail::is_valid_utf8;

    char begun[4] = {};
    std::copy_n(begun_, size_, begun);
    const auto taken = std::min(missing(), fragment.size());
    std::copy_n(fragment.begin(), taken, begun + size_);
    const std::string_view character(begun, size_ + taken);
    const bool complete = taken == missing();
    if (complete && !is_valid_utf8(character)) return false;

    fragment.remove_prefix(taken);
    const auto rest = complete ? fragment.substr(fragment.size() - begun_at_end(fragment)) : character;
    if (complete) fragment.remove_suffix(rest.size());
    if (!is_valid_utf8(fragment)) return false;
    if (rest.empty()) return true;
    return place == Place::more_follows && may_begin_character(rest);
}

void FragmentedText::add(std::string_view fragment) noexcept
{
    const auto taken = std::min(missing(), fragment.size());
    if (taken < missing()) {
        std::copy_n(fragment.begin(), taken, begun_ + size_);
        size_ += taken;
        return;
    }
    fragment.remove_prefix(taken);
    size_ = fragmented_text::begun_at_end(fragment);
    std::copy_n(fragment.substr(fragment.size() - size_).begin(), size_, begun_);
}

std::size_t FragmentedText::missing() const noexcept
{
    return size_ == 0 ? 0 : fragmented_text::character_size(begun_[0]) - size_;
}

} // namespace websockxx::protocol
