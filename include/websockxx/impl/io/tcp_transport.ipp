// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/io/tcp_transport.hpp>

#include <boost/asio/buffer.hpp>

#include <utility>

namespace websockxx::io {

TcpTransport::TcpTransport(const Strand& strand) : strand_(strand), socket_(strand) {}

TcpTransport::~TcpTransport() { close(); }

void TcpTransport::open(const Conn& conn, std::shared_ptr<TransportListener> owner)
{
    life_.begin(owner);
    connector_.emplace(strand_, owner, [this](const Error& error, std::optional<TcpSocket> socket) {
        connector_.reset();
        if (!socket) return life_.listener().on_open_failed(error);
        use(std::move(*socket));
    });
    connector_->connect(conn.host, conn.port);
}

void TcpTransport::use(TcpSocket socket)
{
    socket_ = std::move(socket);
    // A failure here is that of a connection which has ended already; reading will tell.
    error_code ignored;
    socket_.non_blocking(true, ignored);
    socket_.set_option(boost::asio::ip::tcp::no_delay(true), ignored);

    const auto life = life_; // on_connected() may be the end of this object
    life.listener().on_connected();
    if (life.alive()) life.listener().on_open();
}

std::size_t TcpTransport::read_some(std::span<std::byte> room, error_code& ec)
{
    return socket_.read_some(boost::asio::buffer(room.data(), room.size()), ec);
}

std::size_t TcpTransport::write_some(std::span<const std::byte> bytes, error_code& ec)
{
    return socket_.write_some(boost::asio::buffer(bytes.data(), bytes.size()), ec);
}

void TcpTransport::wait_readable()
{
    if (std::exchange(reading_, true)) return;
    socket_.async_wait(TcpSocket::wait_read, life_.bind([this](error_code) {
        reading_ = false;
        life_.listener().on_readable(); // an error shows when reading
    }));
}

void TcpTransport::wait_writable()
{
    if (std::exchange(writing_, true)) return;
    socket_.async_wait(TcpSocket::wait_write, life_.bind([this](error_code) {
        writing_ = false;
        life_.listener().on_writable();
    }));
}

void TcpTransport::shutdown()
{
    error_code ignored; // not connected any more: then there is nothing to end
    socket_.shutdown(TcpSocket::shutdown_send, ignored);
}

void TcpTransport::close() noexcept
{
    life_.end();
    connector_.reset();
    error_code ignored;
    socket_.close(ignored);
}

} // namespace websockxx::io
