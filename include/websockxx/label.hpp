// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace websockxx {

/// A text in a struct of options, made of whatever makes a std::string, and usable as a constant one.
///
/// Its bytes lie elsewhere, so that it may be moved byte by byte: g++ before 13 does that to a struct that is written
/// down within a `co_await`, which a std::string does not survive.
class Label {
public:
    Label() noexcept = default;
    Label(std::string text) : text_(text.empty() ? nullptr : std::make_shared<const std::string>(std::move(text))) {}
    Label(const char* text) : Label(std::string(text)) {}
    Label(std::string_view text) : Label(std::string(text)) {}

    [[nodiscard]] bool empty() const noexcept { return !text_; }
    /// Valid as long as the label is, unchanged.
    [[nodiscard]] const std::string& str() const noexcept
    {
        static const auto& nothing = *new std::string;
        return text_ ? *text_ : nothing;
    }
    operator const std::string&() const noexcept { return str(); }

    friend bool operator==(const Label& left, const Label& right) noexcept { return left.str() == right.str(); }

private:
    std::shared_ptr<const std::string> text_; // none: empty
};

} // namespace websockxx
