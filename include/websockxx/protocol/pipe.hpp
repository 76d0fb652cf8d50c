// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/protocol/output_buffer.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/completion_condition.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/execution.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/role.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <deque>
#include <span>
#include <utility>

namespace websockxx::protocol {

/// The next layer of Beast's stream: memory instead of a socket.
///
/// Reading takes from the window that open() shows; writing appends to the output. Neither ever waits. Handlers of asynchronous
/// operations are queued and run by drain(), on its caller's stack, never from inside the call that began the operation. What is
/// still queued or waiting when the Pipe is destroyed is destroyed with it, uncalled.
class Pipe {
public:
    using error_code = boost::system::error_code;

    /// Queues on the Pipe; the context is only named, for Beast's timer.
    class executor_type {
    public:
        executor_type(Pipe& pipe, boost::asio::execution_context& context) noexcept : pipe_(&pipe), context_(&context) {}

        [[nodiscard]] boost::asio::execution_context& query(boost::asio::execution::context_t) const noexcept
        {
            return *context_;
        }
        [[nodiscard]] static constexpr boost::asio::execution::blocking_t query(
            boost::asio::execution::blocking_t) noexcept
        {
            return boost::asio::execution::blocking.never;
        }
        template <class Function>
        void execute(Function&& function) const
        {
            pipe_->queue_.emplace_back(std::forward<Function>(function));
        }
        friend bool operator==(const executor_type&, const executor_type&) = default;

    private:
        Pipe* pipe_;
        boost::asio::execution_context* context_;
    };

    Pipe(OutputBuffer& output, boost::asio::execution_context& context) : output_(&output), executor_(*this, context) {}
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;

    [[nodiscard]] executor_type get_executor() const noexcept { return executor_; }

    /// Shows these bytes to the reader, and nothing else. No read crosses from `header` into `payload`.
    void open(std::span<const std::byte> header, std::span<const std::byte> payload) noexcept
    {
        window_ = header.empty() ? payload : header;
        behind_ = header.empty() ? header : payload;
    }

    /// Runs what is queued, and what that queues.
    void drain();

    template <class Buffers>
    std::size_t read_some(const Buffers& buffers, error_code& ec);
    template <class Buffers>
    std::size_t read_some(const Buffers& buffers);
    template <class Buffers>
    std::size_t write_some(const Buffers& buffers, error_code& ec);
    template <class Buffers>
    std::size_t write_some(const Buffers& buffers);
    template <class Buffers, class Token>
    auto async_read_some(const Buffers& buffers, Token&& token);
    template <class Buffers, class Token>
    auto async_write_some(const Buffers& buffers, Token&& token);

private:
    template <class Handler>
    void complete(Handler&& handler, std::size_t size);
    [[nodiscard]] std::size_t take(boost::asio::mutable_buffer room) noexcept;

    OutputBuffer* output_;
    executor_type executor_;
    std::span<const std::byte> window_;
    std::span<const std::byte> behind_;
    std::deque<boost::asio::any_completion_handler<void()>> queue_;
    // A read that found nothing, and where its bytes go.
    boost::asio::any_completion_handler<void(error_code, std::size_t)> reader_;
    boost::asio::mutable_buffer reader_room_;
};

inline std::size_t Pipe::take(boost::asio::mutable_buffer room) noexcept
{
    const auto size = std::min(room.size(), window_.size());
    // The reader may read a payload to the place where it lies: see Stream.
    if (size > 0 && room.data() != window_.data()) std::memcpy(room.data(), window_.data(), size);
    window_ = window_.subspan(size);
    if (window_.empty()) window_ = std::exchange(behind_, {});
    return size;
}

template <class Handler>
void Pipe::complete(Handler&& handler, std::size_t size)
{
    boost::asio::post(executor_, [done = std::forward<Handler>(handler), size]() mutable {
        std::move(done)(error_code{}, size);
    });
}

inline void Pipe::drain()
{
    for (;;) {
        if (reader_ && !window_.empty()) complete(std::exchange(reader_, {}), take(reader_room_));
        if (queue_.empty()) return;
        auto next = std::move(queue_.front());
        queue_.pop_front();
        std::move(next)();
    }
}

/// One piece per call: what follows in `behind_` may have been put there in order to be read apart.
template <class Buffers>
std::size_t Pipe::read_some(const Buffers& buffers, error_code& ec)
{
    for (auto it = boost::asio::buffer_sequence_begin(buffers); it != boost::asio::buffer_sequence_end(buffers); ++it) {
        const boost::asio::mutable_buffer room = *it;
        if (room.size() == 0 || window_.empty()) continue;
        ec = {};
        return take(room);
    }
    // Whoever reads what is not there would have to wait. Beast fails on it: an error, neither a hang nor corruption.
    ec = boost::asio::error::would_block;
    return 0;
}

template <class Buffers>
std::size_t Pipe::read_some(const Buffers& buffers)
{
    error_code ec;
    const auto size = read_some(buffers, ec);
    if (ec) throw boost::system::system_error(ec);
    return size;
}

template <class Buffers>
std::size_t Pipe::write_some(const Buffers& buffers, error_code& ec)
{
    std::size_t size = 0;
    for (auto it = boost::asio::buffer_sequence_begin(buffers); it != boost::asio::buffer_sequence_end(buffers); ++it) {
        const boost::asio::const_buffer bytes = *it;
        output_->append(bytes.data(), bytes.size());
        size += bytes.size();
    }
    ec = {};
    return size;
}

template <class Buffers>
std::size_t Pipe::write_some(const Buffers& buffers)
{
    error_code ec;
    return write_some(buffers, ec);
}

template <class Buffers, class Token>
auto Pipe::async_read_some(const Buffers& buffers, Token&& token)
{
    return boost::asio::async_initiate<Token, void(error_code, std::size_t)>(
        [this](auto&& handler, const Buffers& room) {
            reader_room_ = {};
            for (auto it = boost::asio::buffer_sequence_begin(room);
                 it != boost::asio::buffer_sequence_end(room) && reader_room_.size() == 0; ++it) {
                reader_room_ = *it;
            }
            reader_ = std::forward<decltype(handler)>(handler);
        },
        token, buffers);
}

template <class Buffers, class Token>
auto Pipe::async_write_some(const Buffers& buffers, Token&& token)
{
    return boost::asio::async_initiate<Token, void(error_code, std::size_t)>(
        [this](auto&& handler, const Buffers& bytes) {
            error_code ec;
            const auto size = write_some(bytes, ec);
            complete(std::forward<decltype(handler)>(handler), size);
        },
        token, buffers);
}

/// Found by Asio's own `write` in place of its loop, which would ask after each piece whether all was written. Without this it
/// is only slower.
template <class Buffers>
std::size_t write(
    Pipe& pipe, const Buffers& buffers, decltype(boost::asio::transfer_all()), boost::system::error_code& ec)
{
    return pipe.write_some(buffers, ec);
}

// There is nothing below to shut down: the end of the transport is not Beast's business (RFC 6455 7.1.1).
inline void teardown(boost::beast::role_type, Pipe&, boost::system::error_code& ec) { ec = {}; }
inline void beast_close_socket(Pipe&) {}

} // namespace websockxx::protocol
