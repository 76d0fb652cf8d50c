// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/config.hpp>

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace websockxx {

/// HTTP header fields, in order; names compare without regard to case (RFC 9110 5.1). Nothing is checked here:
/// Conn::check() refuses what may not be sent.
class WEBSOCKXX_DECL Headers {
public:
    /// One of them, as it is sent or as it came.
    struct Field {
        std::string name;
        std::string value;

        friend bool operator==(const Field&, const Field&) = default;
    };
    using const_iterator = std::vector<Field>::const_iterator;

    Headers() = default;
    Headers(std::initializer_list<Field> fields) : fields_(fields) {}

    /// Adds a field behind the others, also if there is one of that name.
    void add(std::string_view name, std::string_view value);

    /// Makes this the only field of that name, in the place of the first one.
    void set(std::string_view name, std::string_view value);

    /// Removes all fields of that name; returns how many there were.
    std::size_t erase(std::string_view name);

    /// The value of the first field of that name.
    [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const;

    /// The values of all fields of that name, in order.
    [[nodiscard]] std::vector<std::string_view> all(std::string_view name) const;

    /// Whether there is a field of that name.
    [[nodiscard]] bool contains(std::string_view name) const { return get(name).has_value(); }
    [[nodiscard]] std::size_t size() const noexcept { return fields_.size(); }
    [[nodiscard]] bool empty() const noexcept { return fields_.empty(); }
    [[nodiscard]] const_iterator begin() const noexcept { return fields_.begin(); }
    [[nodiscard]] const_iterator end() const noexcept { return fields_.end(); }

    friend bool operator==(const Headers&, const Headers&) = default;

private:
    std::vector<Field> fields_;
};

} // namespace websockxx
