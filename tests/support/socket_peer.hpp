// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/error.hpp>

#include "server_tls.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace websockxx::test {

/// Runs the context until the condition holds; false if that takes longer than anything should.
template <class Condition>
[[nodiscard]] bool run_until(boost::asio::io_context& context, Condition condition)
{
    using Clock = std::chrono::steady_clock;
    const auto limit = Clock::now() + std::chrono::seconds(10);
    while (!condition()) {
        context.restart();
        if (context.run_one_until(limit) == 0) return condition();
    }
    return true;
}

/// Runs all that is ready, and waits for nothing.
inline void run_ready(boost::asio::io_context& context)
{
    context.restart();
    context.poll();
}

/// A listening socket and the first connection to it, plain or with TLS, on the test's own context: it reads all the
/// time and keeps what it read.
class SocketPeer {
public:
    using Tcp = boost::asio::ip::tcp;

    explicit SocketPeer(boost::asio::io_context& context, SSL_CTX* tls = nullptr, const char* address = "127.0.0.1",
        std::uint16_t port = 0)
        : acceptor_(context, Tcp::endpoint(boost::asio::ip::make_address(address), port)), socket_(context)
    {
        if (tls) tls_.emplace(*tls);
        acceptor_.async_accept(socket_, [this](error_code ec) {
            if (ec) return;
            connected_ = true;
            read();
        });
    }

    /// With small buffers in the kernel and small reads: a server that is slow to take and to give.
    void be_slow()
    {
        acceptor_.set_option(boost::asio::socket_base::receive_buffer_size(4096));
        acceptor_.set_option(boost::asio::socket_base::send_buffer_size(4096));
        room_.resize(1500);
    }

    [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
    [[nodiscard]] bool connected() const { return connected_; }
    [[nodiscard]] const std::string& heard() const { return heard_; } ///< decrypted, if there is TLS
    [[nodiscard]] error_code end() const { return end_; }             ///< of the client's direction, once it has ended
    [[nodiscard]] ServerTls& tls() { return *tls_; }

    void send(std::string_view text)
    {
        if (tls_) tls_->send(text);
        else waiting_ += text;
        write();
    }

    /// FIN behind all that was sent, with TLS behind a close_notify.
    void shutdown()
    {
        if (tls_) tls_->close_notify();
        shutdown_without_notice();
    }

    void shutdown_without_notice()
    {
        shutting_down_ = true;
        write();
    }

    void reset()
    {
        socket_.set_option(boost::asio::socket_base::linger(true, 0));
        socket_.close();
    }

private:
    void read()
    {
        socket_.async_read_some(boost::asio::buffer(room_), [this](error_code ec, std::size_t size) {
            if (ec == boost::asio::error::operation_aborted) return;
            const std::string_view arrived(room_.data(), size);
            if (tls_) heard_ += tls_->receive(arrived);
            else heard_ += arrived;
            write();
            if (ec) end_ = ec;
            else read();
        });
    }

    void write()
    {
        if (tls_) waiting_ += tls_->output();
        if (!leaving_.empty()) return;
        if (waiting_.empty()) {
            error_code ignored;
            if (std::exchange(shutting_down_, false)) socket_.shutdown(Tcp::socket::shutdown_send, ignored);
            return;
        }
        leaving_ = std::exchange(waiting_, {});
        boost::asio::async_write(socket_, boost::asio::buffer(leaving_), [this](error_code ec, std::size_t) {
            leaving_.clear();
            if (!ec) write();
        });
    }

    Tcp::acceptor acceptor_;
    Tcp::socket socket_;
    std::optional<ServerTls> tls_;
    std::string room_ = std::string(64 * 1024, '\0');
    std::string heard_;
    std::string waiting_;
    std::string leaving_;
    error_code end_;
    bool connected_ = false;
    bool shutting_down_ = false;
};

} // namespace websockxx::test
