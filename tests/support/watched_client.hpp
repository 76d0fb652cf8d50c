// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "recorder.hpp"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>

namespace websockxx::test {

/// What happens on another thread, as lines that a test takes one by one.
class Watch {
public:
    static constexpr std::chrono::seconds limit{60};

    void note(std::string line)
    {
        const std::lock_guard lock{mutex_};
        lines_.push_back(std::move(line));
        noted_.notify_all();
    }

    /// The next line. Throws, and so fails the test, if none comes.
    std::string next()
    {
        std::unique_lock lock{mutex_};
        if (!noted_.wait_for(lock, limit, [this] { return !lines_.empty(); }))
            throw std::runtime_error("nothing happened");
        auto line = std::move(lines_.front());
        lines_.pop_front();
        return line;
    }

    [[nodiscard]] bool empty()
    {
        const std::lock_guard lock{mutex_};
        return lines_.empty();
    }

private:
    std::mutex mutex_;
    std::condition_variable noted_;
    std::deque<std::string> lines_;
};

class WatchedClient;

/// What the callbacks of a WatchedClient answer; empty: what the base class does, or ok().
struct Script {
    std::function<Action(WatchedClient&, const Connected&)> on_connect = {};
    std::function<Action(WatchedClient&, const Frame&)> on_frame = {};
    std::function<Decision(WatchedClient&, const Disconnect&)> on_disconnect = {};
    std::function<void(WatchedClient&)> on_terminate = {};
};

/// A client on a thread of its own, which reports to a Watch and does what the test said before it was started.
class WatchedClient : public Client {
public:
    using Task = std::function<Action(WatchedClient&)>;

    explicit WatchedClient(std::shared_ptr<Watch> watch, Script script = {})
        : watch_(std::move(watch)), script_(std::move(script))
    {
    }
    ~WatchedClient() override { watch_->note("destroyed"); }

    Action handle_connect(const Connected& connected) override
    {
        watch_->note("connect");
        return script_.on_connect ? script_.on_connect(*this, connected) : ok();
    }
    Action handle_frame(const Frame& frame) override
    {
        watch_->note(std::string{to_string(frame.type())} + ":" + std::string{frame.text()});
        return script_.on_frame ? script_.on_frame(*this, frame) : ok();
    }
    Action handle_pong(const Frame& pong) override
    {
        watch_->note("pong:" + std::string{pong.text()});
        return ok();
    }
    /// Whatever a test wants to do inside a callback.
    Action handle_cast(Task task) { return task(*this); }
    Action handle_info(std::string text)
    {
        watch_->note("info:" + text);
        return ok();
    }
    Decision handle_disconnect(const Disconnect& why) override
    {
        watch_->note("disconnect " + std::to_string(why.attempt) + " " + std::to_string(why.reason.code()));
        return script_.on_disconnect ? script_.on_disconnect(*this, why) : Client::handle_disconnect(why);
    }
    void terminate(const CloseReason& reason) noexcept override
    {
        watch_->note("terminate " + std::to_string(reason.code()));
        if (script_.on_terminate) script_.on_terminate(*this);
    }

    int state = 0; ///< for tests of what is kept

private:
    std::shared_ptr<Watch> watch_;
    Script script_;
};

} // namespace websockxx::test
