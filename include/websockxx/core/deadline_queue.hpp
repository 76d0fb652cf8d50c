// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <map>
#include <optional>
#include <set>
#include <utility>

namespace websockxx::core {

/// Keys, each with the moment at which its time is over. Unlike Deadlines, any number of them.
template <class Key, class Moment>
class DeadlineQueue {
public:
    /// False: it is there already, and stays as it was.
    bool add(const Key& key, Moment at)
    {
        if (!moments_.emplace(key, at).second) return false;
        order_.emplace(at, key);
        return true;
    }

    void remove(const Key& key)
    {
        const auto found = moments_.find(key);
        if (found == moments_.end()) return;
        order_.erase({found->second, key});
        moments_.erase(found);
    }

    /// The earliest moment.
    [[nodiscard]] std::optional<Moment> next() const
    {
        if (order_.empty()) return std::nullopt;
        return order_.begin()->first;
    }

    /// Takes the earliest key out whose moment has come by `now`.
    [[nodiscard]] std::optional<Key> pop(Moment now)
    {
        if (order_.empty() || order_.begin()->first > now) return std::nullopt;
        auto key = std::move(order_.extract(order_.begin()).value().second);
        moments_.erase(key);
        return key;
    }

private:
    std::map<Key, Moment> moments_;
    std::set<std::pair<Moment, Key>> order_;
};

} // namespace websockxx::core
