// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace websockxx::detail {

/// First in, first out. Takes no memory while it has never held anything, as std::deque does, and none for each element
/// once it has grown.
template <class T>
class Queue {
public:
    [[nodiscard]] bool empty() const noexcept { return begin_ == items_.size(); }
    [[nodiscard]] std::size_t size() const noexcept { return items_.size() - begin_; }
    [[nodiscard]] T& front() noexcept { return items_[begin_]; }

    void push_back(T item) { items_.push_back(std::move(item)); }

    /// What was at the front; not to be called when there is nothing.
    [[nodiscard]] T pop_front()
    {
        T item = std::move(items_[begin_++]);
        // Half of it is gone: each element is moved once, on average.
        if (begin_ == items_.size() || begin_ >= compact_above + items_.size() / 2) compact();
        return item;
    }

    /// All of it, leaving nothing behind, not even the memory.
    [[nodiscard]] std::vector<T> take()
    {
        compact();
        return std::exchange(items_, {});
    }
    void clear() noexcept
    {
        items_.clear();
        begin_ = 0;
    }

    /// Returns how many were erased.
    template <class Predicate>
    std::size_t erase_if(Predicate predicate)
    {
        compact();
        return std::erase_if(items_, predicate);
    }

private:
    static constexpr std::size_t compact_above = 16;

    void compact()
    {
        items_.erase(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(begin_));
        begin_ = 0;
    }

    std::vector<T> items_;
    std::size_t begin_ = 0;
};

} // namespace websockxx::detail
