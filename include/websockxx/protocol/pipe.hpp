// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/protocol/mask.hpp>
#include <websockxx/protocol/output_buffer.hpp>

#include <boost/asio/async_result.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/completion_condition.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/execution.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/beast/core/role.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace websockxx::protocol {

/// The next layer of Beast's stream: memory instead of a socket.
///
/// Reading takes from the window that open() shows; writing appends to the output. Neither ever waits. Handlers of
/// asynchronous operations are queued and run by drain(), on its caller's stack, never from inside the call that began
/// the operation. What is still queued or waiting when the Pipe is destroyed is destroyed with it, uncalled.
class Pipe {
public:
    using error_code = boost::system::error_code;

    /// Queues on the Pipe; the context is only named, for Beast's timer.
    class executor_type {
    public:
        executor_type(Pipe& pipe, boost::asio::execution_context& context) noexcept : pipe_(&pipe), context_(&context)
        {
        }

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
            pipe_->queue_.push_back(make_task(std::forward<Function>(function)));
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

    /// What is written from now on is dropped.
    void write_nothing() noexcept { writes_ = Writes::nothing; }
    /// From now on unmasked frames are written, and masked on their way into the output.
    void write_frames() noexcept { writes_ = Writes::frames; }

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
    /// A function that is run once, or never.
    struct Task {
        virtual ~Task() = default;
        virtual void run() = 0;
    };
    template <class Function>
    struct TaskOf final : Task {
        explicit TaskOf(Function&& taken) : function(std::move(taken)) {}
        void run() override { std::move(function)(); }
        Function function;
    };
    template <class Function>
    [[nodiscard]] static std::unique_ptr<Task> make_task(Function function)
    {
        return std::make_unique<TaskOf<Function>>(std::move(function));
    }

    [[nodiscard]] std::size_t take(boost::asio::mutable_buffer room) noexcept;

    void append(boost::asio::const_buffer bytes);

    enum class Writes { bytes, frames, nothing };

    OutputBuffer* output_;
    executor_type executor_;
    Writes writes_ = Writes::bytes;
    Masker masker_;
    std::span<const std::byte> window_;
    std::span<const std::byte> behind_;
    std::vector<std::unique_ptr<Task>> queue_;
    std::unique_ptr<Task> reader_; // runs when there is something to read
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

inline void Pipe::drain()
{
    for (;;) {
        if (reader_ && !window_.empty()) queue_.push_back(std::move(reader_));
        if (queue_.empty()) return;
        for (const auto& task : std::exchange(queue_, {})) task->run();
    }
}

inline void Pipe::append(boost::asio::const_buffer bytes)
{
    const std::span<const std::byte> from{static_cast<const std::byte*>(bytes.data()), bytes.size()};
    if (writes_ == Writes::frames) masker_.write(from, *output_);
    else if (writes_ == Writes::bytes) std::ranges::copy(from, output_->extend(from.size()).begin());
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
        append(bytes);
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
            reader_ = make_task([this, done = std::forward<decltype(handler)>(handler), room]() mutable {
                error_code ec;
                const auto size = read_some(room, ec);
                std::move(done)(ec, size);
            });
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
            queue_.push_back(make_task(
                [done = std::forward<decltype(handler)>(handler), ec, size]() mutable { std::move(done)(ec, size); }));
        },
        token, buffers);
}

/// Found by Asio's own `write` in place of its loop, which would ask after each piece whether all was written. Without
/// this it is only slower.
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
