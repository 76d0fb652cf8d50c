// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <future>
#include <optional>
#include <thread>
#include <vector>

namespace websockxx::test {

/// An io_context of a test's own, and threads that run it.
class IoThreads {
public:
    explicit IoThreads(int threads = 1) : context_(std::in_place, threads), work_(context_->get_executor())
    {
        for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { context_->run(); });
    }
    ~IoThreads() { stop(); }
    IoThreads(const IoThreads&) = delete;
    IoThreads& operator=(const IoThreads&) = delete;

    [[nodiscard]] boost::asio::io_context::executor_type get_executor() { return context_->get_executor(); }

    /// Returns when what was posted before has been begun, and with one thread, when it is over.
    void flush()
    {
        std::promise<void> here;
        boost::asio::post(*context_, [&] { here.set_value(); });
        here.get_future().wait();
    }

    /// Returns when nothing is left to be done.
    void finish()
    {
        work_.reset();
        join();
    }
    /// Drops what is left to be done, but keeps it in memory.
    void stop()
    {
        if (context_) context_->stop();
        join();
    }
    /// Destroys what is left to be done, and the context.
    void destroy()
    {
        stop();
        work_.reset();
        context_.reset();
    }

private:
    void join()
    {
        for (auto& thread : threads_) thread.join();
        threads_.clear();
    }

    std::optional<boost::asio::io_context> context_;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
    std::vector<std::thread> threads_;
};

} // namespace websockxx::test
