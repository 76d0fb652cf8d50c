// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/io/tcp_transport.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

namespace websockxx::io {

TcpTransport::TcpTransport(const Strand& strand)
    : strand_(strand), landing_(std::make_shared<Landing>()), socket_(strand)
{
}

TcpTransport::~TcpTransport() { close(); }

void TcpTransport::open(const Conn& conn, std::shared_ptr<TransportListener> owner)
{
    life_.begin(owner);
    connector_ =
        std::make_unique<Connector>(strand_, owner, [this](const Error& error, std::optional<TcpSocket> socket) {
            connector_.reset();
            if (!socket) return life_.listener().on_open_failed(error);
            use(std::move(*socket));
        });
    connector_->connect(conn.host, conn.port, conn.reach);
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
    ec = life_.alive() ? error_code() : boost::asio::error::bad_descriptor;
    if (ec) return 0;
    if (reading_) {
        // It may have bytes already that come before any that could be read here.
        error_code ignored;
        socket_.cancel(ignored);
        ec = boost::asio::error::in_progress;
        return 0;
    }
    const auto size = take_landed(room);
    room = room.subspan(size);
    if (room.empty() || (size > 0 && !more_)) return size;
    if (read_end_) {
        if (size == 0) ec = read_end_;
        return size;
    }
    more_ = false;
    const auto more = socket_.read_some(boost::asio::buffer(room.data(), room.size()), ec);
    if (size > 0 && ec) {
        // A reset is told only once.
        if (ec != boost::asio::error::would_block && ec != boost::asio::error::try_again) read_end_ = ec;
        ec = {};
    }
    return size + more;
}

std::size_t TcpTransport::take_landed(std::span<std::byte> room) noexcept
{
    const auto size = std::min(room.size(), landed_.size());
    std::copy_n(landed_.begin(), size, room.begin());
    landed_ = landed_.subspan(size);
    return size;
}

std::size_t TcpTransport::write_some(std::span<const std::byte> bytes, error_code& ec)
{
    return socket_.write_some(boost::asio::buffer(bytes.data(), bytes.size()), ec);
}

void TcpTransport::wait_readable()
{
    if (std::exchange(reading_, true)) return;
    // Of an end that was heard of Asio would not tell again.
    if (!landed_.empty() || read_end_) {
        boost::asio::post(strand_, life_.bind([this] { on_read({}); }));
        return;
    }
    // The handler holds it: the operation may outlive this object.
    const auto read = [this, landing = landing_](error_code ec, std::size_t size) {
        landed_ = std::span{*landing}.first(size);
        more_ = size == landing->size();
        on_read(ec);
    };
    socket_.async_read_some(boost::asio::buffer(*landing_), life_.bind(read));
}

void TcpTransport::on_read(error_code ec)
{
    reading_ = false;
    // Cancelled by read_some(), which is to be asked again.
    if (ec && ec != boost::asio::error::operation_aborted) read_end_ = ec;
    life_.listener().on_readable();
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

std::string TcpTransport::endpoint() const
{
    error_code gone;
    const auto far = socket_.remote_endpoint(gone);
    return gone ? std::string{} : to_string(HappyEyeballs::Endpoint{far});
}

void TcpTransport::close() noexcept
{
    life_.end();
    connector_.reset();
    error_code ignored;
    socket_.close(ignored);
}

} // namespace websockxx::io
