// SPDX-License-Identifier: BSL-1.0
#include "fault_connection.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <limits>
#include <utility>

namespace websockxx::test {

namespace asio = boost::asio;
using boost::system::error_code;
using Then = Toxic::Then;

namespace {

constexpr std::size_t piece_bytes = 16 * 1024;
constexpr std::size_t capacity = 64 * 1024;
constexpr std::size_t pieces_of_a_rate = 64;

/// How many bytes pass.
std::uint64_t passing(const Toxic& toxic)
{
    return toxic.then == Then::pass ? std::numeric_limits<std::uint64_t>::max() : toxic.after;
}

void be_reset(FaultConnection::Socket& socket)
{
    error_code ignored;
    socket.set_option(asio::socket_base::linger{true, 0}, ignored);
    socket.close(ignored);
}

} // namespace

FaultConnection::FaultConnection(Socket client, const Toxic& to_server, const Toxic& to_client, FaultLedger& ledger)
    : client_(std::move(client)),
      server_(client_.get_executor()),
      ledger_(ledger),
      to_server_(Way::to_server, client_, server_, to_server),
      to_client_(Way::to_client, server_, client_, to_client)
{
    ledger_.note([](FaultProxy::Tally& tally) { ++tally.accepted, ++tally.open; });
}

FaultConnection::~FaultConnection() { close(); }

void FaultConnection::start(const asio::ip::tcp::endpoint& server)
{
    error_code ignored;
    client_.set_option(asio::ip::tcp::no_delay{true}, ignored);
    client_.non_blocking(true, ignored);
    act(to_server_);
    act(to_client_);
    if (is_over_ || is_draining_) return;
    server_.async_connect(server, [self = shared_from_this()](error_code ec) {
        if (self->is_over_ || self->is_draining_) return;
        if (ec) return self->end(End::fin); // as if it had gone just after it answered
        error_code no_matter;
        self->server_.set_option(asio::ip::tcp::no_delay{true}, no_matter);
        self->server_.non_blocking(true, no_matter);
        self->is_connected_ = true;
        self->wait_for_bytes(self->to_server_);
        self->wait_for_bytes(self->to_client_);
    });
}

void FaultConnection::set(Way way, const Toxic& toxic)
{
    auto& changed = flow(way);
    changed.toxic = toxic;
    changed.came = 0;
    changed.last_due = {};
    if (is_over_ || is_draining_) return;
    for (auto& piece : changed.queue) piece.due = {};
    changed.timer.cancel();
    if (changed.has_ended && !in_black_hole(changed)) changed.is_finishing = true;
    act(changed);
    write(changed);
    wait_for_bytes(changed);
}

void FaultConnection::end(End how)
{
    if (is_over_) return;
    if (how == End::reset) {
        be_reset(client_);
        be_reset(server_);
        return close();
    }
    if (std::exchange(is_draining_, true)) return;
    if (!is_connected_) {
        error_code ignored;
        server_.close(ignored);
        to_client_.has_ended = to_server_.is_finished = true;
    }
    finish(to_server_);
    finish(to_client_);
    // To close a socket with unread bytes would be a reset.
    wait_for_bytes(to_server_);
    wait_for_bytes(to_client_);
}

void FaultConnection::close()
{
    if (std::exchange(is_over_, true)) return;
    error_code ignored;
    client_.close(ignored);
    server_.close(ignored);
    to_server_.timer.cancel();
    to_client_.timer.cancel();
    ledger_.note([](FaultProxy::Tally& tally) { --tally.open; });
}

/// How many bytes may be read now.
std::size_t FaultConnection::room(const Flow& flow) const
{
    if (is_draining_) return piece_bytes;
    const auto most = flow.toxic.rate_bytes > 0 ? pieces_of_a_rate * flow.toxic.rate_bytes : capacity;
    if (flow.queued_bytes >= most) return 0;
    const auto free = std::min(piece_bytes, most - flow.queued_bytes);
    if (flow.toxic.then != Then::hold) return free;
    if (flow.came >= flow.toxic.after) return 0;
    return static_cast<std::size_t>(std::min<std::uint64_t>(free, flow.toxic.after - flow.came));
}

// Waits instead of starting a read, which a toxic that is set meanwhile could not make smaller.
void FaultConnection::wait_for_bytes(Flow& flow)
{
    const bool reads = is_connected_ || is_draining_;
    if (is_over_ || flow.is_waiting || flow.has_ended || !reads || room(flow) == 0) return;
    flow.is_waiting = true;
    flow.from.async_wait(Socket::wait_read, [self = shared_from_this(), &flow](error_code ec) {
        flow.is_waiting = false;
        if (!ec && !self->is_over_) self->read(flow);
    });
}

void FaultConnection::read(Flow& flow)
{
    std::string bytes(room(flow), '\0');
    if (bytes.empty()) return;
    error_code ec;
    bytes.resize(flow.from.read_some(asio::buffer(bytes), ec));
    if (!bytes.empty()) take(flow, std::move(bytes));
    if (ec && ec != asio::error::would_block) input_ended(flow, ec);
    write(flow);
    wait_for_bytes(flow);
}

void FaultConnection::take(Flow& flow, std::string bytes)
{
    const auto begin = flow.came;
    const auto size = bytes.size();
    flow.came += size;
    ledger_.note([&](FaultProxy::Tally& tally) {
        (flow.way == Way::to_server ? tally.came_to_server : tally.came_to_client) += size;
    });
    if (is_draining_) return;
    if (const auto at = flow.toxic.flip_at; at && *at >= begin && *at - begin < size) {
        auto& byte = bytes[static_cast<std::size_t>(*at - begin)];
        byte = static_cast<char>(~byte);
    }
    const auto passes = passing(flow.toxic);
    bytes.resize(static_cast<std::size_t>(passes > begin ? std::min<std::uint64_t>(size, passes - begin) : 0));
    if (!flow.is_finishing) queue(flow, bytes);
    act(flow);
}

/// Cuts what passes into pieces, each with its time.
void FaultConnection::queue(Flow& flow, const std::string& bytes)
{
    flow.queued_bytes += bytes.size();
    const auto earliest = Clock::now() + flow.toxic.delay;
    const auto at_once = flow.toxic.rate_bytes > 0 ? flow.toxic.rate_bytes : bytes.size();
    for (std::size_t at = 0; at < bytes.size(); at += at_once) {
        const auto due = std::max(earliest, flow.last_due);
        flow.last_due = due + flow.toxic.rate_interval;
        flow.queue.push_back({due, bytes.substr(at, at_once)});
    }
}

/// Does what the toxic says, if it is time.
void FaultConnection::act(Flow& flow)
{
    if (flow.came < flow.toxic.after) return;
    const auto then = flow.toxic.then;
    if (then == Then::half_close) flow.is_finishing = true;
    if (then != Then::end && then != Then::reset) return write(flow);
    if (flow.queue.empty() && !flow.is_writing) end(then == Then::end ? End::fin : End::reset);
}

void FaultConnection::write(Flow& flow)
{
    if (is_over_ || is_draining_ || flow.is_writing) return;
    if (flow.queue.empty()) {
        if (flow.is_finishing) finish(flow);
        return;
    }
    if (flow.queue.front().due > Clock::now()) {
        flow.timer.expires_at(flow.queue.front().due);
        return flow.timer.async_wait([self = shared_from_this(), &flow](error_code ec) {
            if (!ec) self->write(flow);
        });
    }
    flow.is_writing = true;
    flow.leaving = std::move(flow.queue.front().bytes);
    flow.queue.pop_front();
    asio::async_write(
        flow.to, asio::buffer(flow.leaving), [self = shared_from_this(), &flow](error_code ec, std::size_t size) {
            flow.is_writing = false;
            if (self->is_over_ || self->is_draining_) return;
            if (ec) return self->end(End::reset);
            flow.queued_bytes -= size;
            self->ledger_.note([&](FaultProxy::Tally& tally) {
                (flow.way == Way::to_server ? tally.passed_to_server : tally.passed_to_client) += size;
            });
            self->act(flow);
            self->write(flow);
            self->wait_for_bytes(flow);
        });
}

void FaultConnection::input_ended(Flow& flow, const error_code& ec)
{
    flow.has_ended = true;
    if (ec != asio::error::eof) return end(End::reset);
    if (!in_black_hole(flow)) flow.is_finishing = true;
    close_if_ended();
}

/// Where not even a FIN comes through.
bool FaultConnection::in_black_hole(const Flow& flow)
{
    const auto then = flow.toxic.then;
    return (then == Then::swallow || then == Then::hold) && flow.came >= flow.toxic.after;
}

void FaultConnection::finish(Flow& flow)
{
    if (std::exchange(flow.is_finished, true)) return;
    error_code ignored;
    flow.to.shutdown(Socket::shutdown_send, ignored);
    close_if_ended();
}

void FaultConnection::close_if_ended()
{
    if (to_server_.has_ended && to_client_.has_ended && to_server_.is_finished && to_client_.is_finished) close();
}

} // namespace websockxx::test
