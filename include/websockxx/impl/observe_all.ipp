// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/observe_all.hpp>

#include <websockxx/io/monitor.hpp>

#include <mutex>
#include <vector>

namespace websockxx {

namespace detail {

/// The observers of all clients.
class WatchersOfAll {
public:
    static WatchersOfAll& instance()
    {
        static WatchersOfAll all;
        return all;
    }

    void add(io::Watcher watcher)
    {
        const std::lock_guard lock{mutex_};
        forget_ended();
        watchers_.push_back(std::move(watcher));
    }
    std::vector<io::Watcher> get()
    {
        const std::lock_guard lock{mutex_};
        forget_ended();
        return watchers_;
    }

private:
    void forget_ended()
    {
        std::erase_if(watchers_, [](const io::Watcher& watcher) { return watcher.ended->load(); });
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
