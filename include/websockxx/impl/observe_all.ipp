// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/observe_all.hpp>

#include <websockxx/io/monitor.hpp>

#include <algorithm>
#include <iterator>
#include <mutex>
#include <vector>

namespace websockxx {

namespace detail {

/// The observers of all clients.
class WatchersOfAll {
public:
    static WatchersOfAll& instance()
    {
        // Never destroyed: at the end of the program the shared Runtime may still use it.
        static auto& all = *new WatchersOfAll;
        return all;
    }

    void add(io::Watcher watcher)
    {
        std::vector<io::Watcher> ended; // destroyed without the lock: observers may come here again
        const std::lock_guard lock{mutex_};
        ended = take_ended();
        watchers_.push_back(std::move(watcher));
    }
    std::vector<io::Watcher> get()
    {
        std::vector<io::Watcher> ended;
        const std::lock_guard lock{mutex_};
        ended = take_ended();
        return watchers_;
    }

private:
    std::vector<io::Watcher> take_ended()
    {
        const auto lives = [](const io::Watcher& watcher) { return !watcher.ended->load(); };
        const auto first = std::stable_partition(watchers_.begin(), watchers_.end(), lives);
        std::vector<io::Watcher> ended{std::move_iterator(first), std::move_iterator(watchers_.end())};
        watchers_.erase(first, watchers_.end());
        return ended;
    }

    std::mutex mutex_;
    std::vector<io::Watcher> watchers_;
};

std::vector<io::Watcher> watchers_of_all() { return WatchersOfAll::instance().get(); }

} // namespace detail

Observation observe_all(std::shared_ptr<Observer> observer)
{
    if (!observer) return {};
    auto ended = std::make_shared<std::atomic<bool>>(false);
    detail::WatchersOfAll::instance().add({std::move(observer), ended});
    return Observation{std::move(ended)};
}

} // namespace websockxx
