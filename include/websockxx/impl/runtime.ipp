// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/runtime.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <openssl/ssl.h>

#include <memory>
#include <thread>

namespace websockxx {

class Runtime::Thread {
public:
    Thread() : work_(context_->get_executor()), thread_([context = context_] { context->run(); }) {}

    ~Thread()
    {
        context_->stop();
        // A callback may end its own Runtime, or the program by exit(). The thread cannot wait for itself; it holds a
        // share of the context, and destroys that after the callback.
        if (thread_.get_id() == std::this_thread::get_id()) thread_.detach();
        else thread_.join();
    }

    Thread(const Thread&) = delete;
    Thread& operator=(const Thread&) = delete;

    boost::asio::io_context::executor_type get_executor() { return context_->get_executor(); }

private:
    std::shared_ptr<boost::asio::io_context> context_ = std::make_shared<boost::asio::io_context>(1);
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
    std::thread thread_;
};

Runtime::Runtime() : thread_(std::make_unique<Thread>())
{
    // Now, so that at the end of the program it goes after a static Runtime, whose thread uses it.
    OPENSSL_init_ssl(0, nullptr);
}

Runtime::~Runtime() = default;

boost::asio::any_io_executor Runtime::get_executor() const { return thread_->get_executor(); }

Runtime& Runtime::shared()
{
    static Runtime runtime;
    return runtime;
}

} // namespace websockxx
