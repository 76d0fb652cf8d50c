// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/headers.hpp>

#include <websockxx/detail/text.hpp>

#include <algorithm>

namespace websockxx {

namespace detail {

/// Keeps its own copy of the name, which may be part of a field that is about to move.
struct HasName {
    std::string name;

    bool operator()(const Headers::Field& field) const noexcept { return equal_ignoring_case(field.name, name); }
};

} // namespace detail

void Headers::add(std::string_view name, std::string_view value)
{
    fields_.push_back({std::string(name), std::string(value)});
}

void Headers::set(std::string_view name, std::string_view value)
{
    Field field{std::string(name), std::string(value)};
    const detail::HasName has_name{field.name};
    const auto first = std::find_if(fields_.begin(), fields_.end(), has_name);
    if (first == fields_.end()) {
        fields_.push_back(std::move(field));
        return;
    }
    *first = std::move(field);
    fields_.erase(std::remove_if(first + 1, fields_.end(), has_name), fields_.end());
}

std::size_t Headers::erase(std::string_view name) { return std::erase_if(fields_, detail::HasName{std::string(name)}); }

std::optional<std::string_view> Headers::get(std::string_view name) const
{
    for (const auto& field : fields_)
        if (detail::equal_ignoring_case(field.name, name)) return field.value;
    return std::nullopt;
}

std::vector<std::string_view> Headers::all(std::string_view name) const
{
    std::vector<std::string_view> values;
    for (const auto& field : fields_)
        if (detail::equal_ignoring_case(field.name, name)) values.push_back(field.value);
    return values;
}

} // namespace websockxx
