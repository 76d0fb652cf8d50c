// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/io/tls_transport.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <array>
#include <utility>

namespace websockxx::io {

TlsTransport::TlsTransport(const Strand& strand, std::unique_ptr<Transport> inner)
    : strand_(strand), inner_(std::move(inner))
{
}

TlsTransport::~TlsTransport() { close(); }

void TlsTransport::open(const Conn& conn, std::shared_ptr<TransportListener> owner)
{
    life_.begin(owner);
    auto filter = TlsFilter::make(conn.tls, conn.host);
    if (!filter) {
        boost::asio::post(
            strand_, life_.bind([this, error = filter.error()] { life_.listener().on_open_failed(error); }));
        return;
    }
    filter_ = std::move(*filter);
    inner_->open(conn, std::shared_ptr<TransportListener>(std::move(owner), this));
}

void TlsTransport::on_resolved(std::size_t addresses) { life_.listener().on_resolved(addresses); }

void TlsTransport::on_connected() { life_.listener().on_connected(); }

void TlsTransport::on_open_failed(const Error& error) { life_.listener().on_open_failed(error); }

void TlsTransport::on_open() { shake_hands(); }

void TlsTransport::shake_hands()
{
    while (true) {
        const auto progress = filter_->handshake();
        flush();
        if (progress == TlsFilter::Handshake::done) return begin();
        if (progress == TlsFilter::Handshake::failed) return give_up(filter_->error());
        if (!refill()) return inner_->wait_readable();
    }
}

void TlsTransport::begin()
{
    open_ = true;
    description_ = filter_->description();
    life_.listener().on_open();
}

void TlsTransport::give_up(const Error& error)
{
    // The alert has left with flush(). To close a socket that holds unread bytes would be a reset, and might take the
    // alert back.
    inner_->shutdown();
    std::array<std::byte, 4096> unread;
    constexpr int max_pieces = 16;
    error_code end;
    for (int i = 0; i < max_pieces && !end; ++i) static_cast<void>(inner_->read_some(unread, end));
    life_.listener().on_open_failed(Error{error});
}

std::size_t TlsTransport::read_some(std::span<std::byte> room, error_code& ec)
{
    ec = boost::asio::error::bad_descriptor;
    if (!life_.alive()) return 0;
    inner_reads_ = false;
    std::size_t count = 0;
    do {
        count += filter_->read_some(room.subspan(count), ec);
        if (ec && ec != boost::asio::error::would_block) break;
    } while (count < room.size() && (count == 0 || more_) && refill());
    if (count > 0) ec = {}; // and next time the same
    else if (inner_reads_) ec = boost::asio::error::in_progress;
    flush(); // an alert, or the answer to a KeyUpdate
    return count;
}

std::size_t TlsTransport::write_some(std::span<const std::byte> bytes, error_code& ec)
{
    ec = life_.alive() ? write_end_ : boost::asio::error::bad_descriptor;
    std::size_t count = 0;
    while (!ec && !write_end_ && count < bytes.size()) {
        count += filter_->write_some(bytes.subspan(count), ec);
        flush();
    }
    if (count > 0) ec = {};
    return count;
}

void TlsTransport::wait_readable()
{
    if (!life_.alive()) return;
    reading_ = true;
    if (filter_->can_read()) answer_soon();
    else inner_->wait_readable();
}

void TlsTransport::wait_writable()
{
    if (!life_.alive()) return;
    writing_ = true;
    if (can_write()) answer_soon();
}

void TlsTransport::shutdown()
{
    if (!open_ || !life_.alive()) return;
    filter_->shutdown();
    shutting_down_ = true;
    flush();
}

void TlsTransport::close() noexcept
{
    life_.end();
    inner_->close();
}

void TlsTransport::on_readable()
{
    if (!open_) return shake_hands();
    if (std::exchange(reading_, false)) life_.listener().on_readable();
}

void TlsTransport::on_writable()
{
    flush();
    if (can_write() && std::exchange(writing_, false)) life_.listener().on_writable();
}

bool TlsTransport::refill()
{
    error_code ec;
    const auto room = filter_->prepare();
    const auto size = inner_->read_some(room, ec);
    more_ = size == room.size();
    inner_reads_ = ec == boost::asio::error::in_progress;
    if (inner_reads_ || ec == boost::asio::error::would_block) return false;
    if (ec) filter_->end_of_input(ec);
    else filter_->commit(size);
    return true;
}

void TlsTransport::flush()
{
    while (!write_end_ && !filter_->output().empty()) {
        error_code ec;
        filter_->consume(inner_->write_some(filter_->output(), ec));
        if (ec == boost::asio::error::would_block) return inner_->wait_writable();
        write_end_ = ec;
    }
    if (std::exchange(shutting_down_, false)) inner_->shutdown();
}

bool TlsTransport::can_write() const noexcept { return write_end_ || filter_->can_write(); }

/// What is in memory already cannot be waited for.
void TlsTransport::answer_soon()
{
    if (std::exchange(answering_, true)) return;
    boost::asio::post(strand_, life_.bind([this] { answer(); }));
}

void TlsTransport::answer()
{
    answering_ = false;
    const auto life = life_; // on_readable() may be the end of this object
    if (filter_->can_read() && std::exchange(reading_, false)) life.listener().on_readable();
    if (life.alive() && can_write() && std::exchange(writing_, false)) life.listener().on_writable();
}

} // namespace websockxx::io
