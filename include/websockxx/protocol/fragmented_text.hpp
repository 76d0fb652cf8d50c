// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <string_view>

namespace websockxx::protocol {

/// Whether a text that is sent in fragments is UTF-8, told as the fragments come. A character may be cut by their
/// borders (RFC 6455 5.6), so its first bytes are kept.
class FragmentedText {
public:
    enum class Place { more_follows, last };

    /// Whether the text can still be UTF-8 with this fragment behind what was added; with the last one, whether it is.
    [[nodiscard]] bool accepts(std::string_view fragment, Place place) const noexcept;
    /// The fragment, which was accepted, is part of the text.
    void add(std::string_view fragment) noexcept;
    void clear() noexcept { size_ = 0; }

private:
    [[nodiscard]] std::size_t missing() const noexcept;

    char begun_[4] = {}; // a character's first bytes
    std::size_t size_ = 0;
};

} // namespace websockxx::protocol
