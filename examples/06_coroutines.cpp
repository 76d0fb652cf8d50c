// SPDX-License-Identifier: BSL-1.0

// In a program that has an io_context of its own: no other thread, and no callback but those that you want.

#include "support/echo_server.hpp"

#include <websockxx/websockxx.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>
#include <iostream>
#include <memory>
#include <string>

using namespace websockxx;
using boost::asio::use_awaitable;

class Printer : public Client {
public:
    Action handle_frame(const Frame& frame) override
    {
        std::cout << "received: " << frame.text() << '\n';
        return frame.text() == "bye" ? close() : ok();
    }
};

// region: coroutine
boost::asio::awaitable<bool> talk(std::string url)
{
    const Options options{.executor = co_await boost::asio::this_coro::executor};

    // What fails throws boost::system::system_error, as always with use_awaitable.
    const auto printer = co_await async_start_link(std::make_unique<Printer>(), url, options, use_awaitable);
    for (const auto* words : {"one", "two", "bye"})
        co_await printer.async_send_frame(Frame::text(words), use_awaitable); // until the kernel has it

    const auto reason = co_await printer.async_wait(use_awaitable);
    std::cout << reason << '\n';
    co_return reason.normal();
}
// endregion

int main()
{
    const example::EchoServer server;
    boost::asio::io_context context;
    bool well = false;
    boost::asio::co_spawn(context, talk(server.url()), [&well](const std::exception_ptr& failure, bool result) {
        well = result;
        if (failure) std::rethrow_exception(failure);
    });
    try {
        context.run();
    }
    catch (const std::exception& failure) {
        std::cerr << failure.what() << '\n';
    }
    return well ? 0 : 1;
}
