// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <iterator>
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
    /// Counted from the front.
    [[nodiscard]] T& operator[](std::size_t index) noexcept { return items_[begin_ + index]; }

    void push_back(T item) { items_.push_back(std::move(item)); }
    /// Makes room for one more, so that the next push_back() cannot fail.
    void grow()
    {
        if (items_.size() == items_.capacity()) items_.reserve(items_.size() + items_.size() / 2 + 4);
    }
    /// Puts all these in front of the others, in their order.
    void prepend(std::vector<T> items)
    {
        if (items.empty()) return;
        compact();
        items.insert(items.end(), std::move_iterator{items_.begin()}, std::move_iterator{items_.end()});
        items_ = std::move(items);
    }

    /// What was at the front; not to be called when there is nothing.
    [[nodiscard]] T pop_front()
    {
        T item = std::move(items_[begin_]);
        drop_front();
        return item;
    }
    /// Drops what was at the front; not to be called when there is nothing.
    void drop_front()
    {
        ++begin_;
        // Half of it is gone: each element is moved once, on average.
        if (begin_ == items_.size() || begin_ >= compact_above + items_.size() / 2) compact();
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
