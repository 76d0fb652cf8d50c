// SPDX-License-Identifier: BSL-1.0
#include "fixture_connection.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/write.hpp>

#include <array>

namespace websockxx::test {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr std::size_t head_limit = 64 * 1024;

std::string_view reason_phrase(int status)
{
    switch (status) {
    case 200: return "OK";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 426: return "Upgrade Required";
    case 429: return "Too Many Requests";
    case 500: return "Internal Server Error";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    default: return "Whatever";
    }
}

/// The target of a request line (RFC 9112 3), if it is one for a path.
std::optional<std::string_view> target_of(std::string_view head)
{
    constexpr std::string_view method = "GET /";
    constexpr std::string_view version = " HTTP/1.1";
    const auto line = head.substr(0, head.find("\r\n"));
    if (!line.starts_with(method) || !line.ends_with(version)) return {};
    const auto begin = method.size() - 1;
    const auto target = line.substr(begin, line.size() - version.size() - begin);
    if (target.find(' ') != target.npos) return {};
    return target;
}

} // namespace

FixtureConnection::FixtureConnection(Socket socket, Treatment treatment, SSL_CTX* tls, Report report)
    : socket_(std::move(socket)), treatment_(std::move(treatment)), report_(std::move(report))
{
    if (tls) tls_.emplace(*tls);
}

void FixtureConnection::start()
{
    error_code ignored;
    socket_.set_option(asio::ip::tcp::no_delay{true}, ignored);
    socket_.non_blocking(true, ignored);
    wait_for_bytes();
}

void FixtureConnection::stall() { is_stalled_ = true; }

void FixtureConnection::resume()
{
    is_stalled_ = false;
    wait_for_bytes();
}

void FixtureConnection::reset()
{
    error_code ignored;
    socket_.set_option(asio::socket_base::linger{true, 0}, ignored);
    socket_.close(ignored);
}

// Waits instead of starting a read: a stalled server must leave every byte where it is.
void FixtureConnection::wait_for_bytes()
{
    if (is_waiting_ || is_stalled_ || input_ended_ || !socket_.is_open()) return;
    is_waiting_ = true;
    socket_.async_wait(Socket::wait_read, [self = shared_from_this()](error_code ec) {
        self->is_waiting_ = false;
        if (!ec && !self->is_stalled_) self->read();
    });
}

void FixtureConnection::read()
{
    std::array<char, 16 * 1024> piece;
    error_code ec;
    const auto size = socket_.read_some(asio::buffer(piece), ec);
    if (!ec) take({piece.data(), size});
    else if (ec != asio::error::would_block) input_ended(ec);
    wait_for_bytes();
}

void FixtureConnection::take(std::string_view network_bytes)
{
    if (tls_) take_tls(network_bytes);
    else take_plain(network_bytes);
}

void FixtureConnection::take_tls(std::string_view network_bytes)
{
    const auto plain = tls_->receive(network_bytes);
    if (!tls_reported_ && tls_->failure()) {
        tls_reported_ = true;
        report_({.type = Seen::tls_failed, .data = *tls_->failure()});
        finish(Goodbye::unsaid);
    }
    else if (!tls_reported_ && tls_->is_established()) {
        tls_reported_ = true;
        report_({.type = Seen::tls_open, .data = tls_->server_name()});
    }
    if (!plain.empty()) take_plain(plain);
    if (tls_->has_ended()) finish(Goodbye::said);
    flush();
}

void FixtureConnection::take_plain(std::string_view bytes)
{
    if (is_deaf_) return;
    if (is_held_) {
        behind_ += bytes;
    }
    else if (is_upgraded_) {
        frames_.add(bytes);
        take_frames();
    }
    else {
        head_ += bytes;
        take_request();
    }
}

void FixtureConnection::take_request()
{
    const auto end = head_.find("\r\n\r\n");
    if (end == head_.npos) {
        if (head_.size() > head_limit) reject("a request head without an end");
        return;
    }
    behind_ = head_.substr(end + 4);
    head_.resize(end + 4);
    if (!target_of(head_)) {
        report_({.type = Seen::malformed, .data = "no request for a path: " + head_});
        return refuse({.status = 400});
    }
    report_({.type = Seen::requested, .data = head_});
    is_held_ = treatment_.hold;
    if (!is_held_) answer_request();
}

void FixtureConnection::let_go_on()
{
    treatment_.hold = false;
    if (std::exchange(is_held_, false)) answer_request();
}

void FixtureConnection::answer_request()
{
    if (treatment_.answer) return refuse(*treatment_.answer);
    const auto target = *target_of(head_);
    if (target.substr(0, target.find('?')) != "/ws") return refuse({.status = 404});
    if (!field(head_, "Sec-WebSocket-Key") || !field(head_, "Upgrade")) {
        report_({.type = Seen::malformed, .data = "no request for an upgrade: " + head_});
        return refuse({.status = 400});
    }
    upgrade();
}

void FixtureConnection::upgrade()
{
    is_upgraded_ = true;
    send(upgrade_answer(head_, treatment_.upgrade_fields) + treatment_.pushed);
    report_({.type = Seen::connected});
    frames_.add(behind_);
    take_frames();
}

void FixtureConnection::refuse(const HttpAnswer& answer)
{
    std::string bytes = "HTTP/1.1 " + std::to_string(answer.status) + ' ';
    bytes.append(reason_phrase(answer.status)).append("\r\n");
    for (const auto& [name, value] : answer.headers) bytes.append(name).append(": ").append(value).append("\r\n");
    bytes += "Connection: close\r\nContent-Length: " + std::to_string(answer.body.size()) + "\r\n\r\n" + answer.body;
    send(bytes);
    finish(Goodbye::said);
}

void FixtureConnection::take_frames()
{
    while (!is_deaf_)
        if (auto frame = frames_.next()) take_frame(std::move(*frame));
        else return;
}

void FixtureConnection::take_frame(WireFrame frame)
{
    const bool is_control = static_cast<int>(frame.opcode) >= 8;
    if (!frame.masked) return reject("a frame without a mask");
    if (frame.rsv != 0) return reject("a reserved bit");
    if (is_control && (!frame.fin || frame.payload.size() > 125))
        return reject("a control frame in pieces or too long");
    switch (frame.opcode) {
    case Opcode::text:
    case Opcode::binary:
    case Opcode::continuation: return take_data(std::move(frame));
    case Opcode::ping:
        send({.opcode = Opcode::pong, .payload = frame.payload});
        return report_({.type = Seen::ping, .data = std::move(frame.payload)});
    case Opcode::pong: return report_({.type = Seen::pong, .data = std::move(frame.payload)});
    case Opcode::close: return take_close(frame);
    }
    reject("a reserved opcode");
}

void FixtureConnection::take_data(WireFrame frame)
{
    if (message_.has_value() != (frame.opcode == Opcode::continuation)) return reject("a fragment out of order");
    if (message_) {
        message_->data += frame.payload;
        ++message_->frames;
    }
    else {
        const auto type = frame.opcode == Opcode::text ? Seen::text : Seen::binary;
        message_ = ServerEvent{.type = type, .data = std::move(frame.payload)};
    }
    if (!frame.fin) return;
    report_(std::move(*message_));
    message_.reset();
}

void FixtureConnection::take_close(const WireFrame& frame)
{
    if (frame.payload.size() == 1) return reject("a close frame with half a code");
    ServerEvent event{.type = Seen::closed};
    if (!frame.payload.empty()) {
        const auto high = static_cast<unsigned char>(frame.payload[0]);
        const auto low = static_cast<unsigned char>(frame.payload[1]);
        event.code = static_cast<std::uint16_t>(high << 8 | low);
        event.data = frame.payload.substr(2);
    }
    if (!close_sent_) send({.opcode = Opcode::close, .payload = frame.payload});
    report_(std::move(event));
    is_deaf_ = true;
    if (!treatment_.keep_tcp) finish(Goodbye::said);
}

void FixtureConnection::reject(std::string why)
{
    report_({.type = Seen::malformed, .data = std::move(why)});
    finish(Goodbye::said);
}

void FixtureConnection::send(const WireFrame& frame)
{
    close_sent_ = close_sent_ || frame.opcode == Opcode::close;
    send(encode(frame));
}

void FixtureConnection::send(std::string_view bytes)
{
    if (is_finishing_) return;
    if (tls_) tls_->send(bytes);
    else queued_ += bytes;
    flush();
}

void FixtureConnection::finish(Goodbye goodbye)
{
    is_deaf_ = true;
    if (is_finishing_) return;
    is_finishing_ = true;
    if (tls_ && goodbye == Goodbye::said) tls_->close_notify();
    flush();
}

void FixtureConnection::input_ended(error_code ec)
{
    input_ended_ = true;
    const bool is_fin = ec == asio::error::eof;
    if (tls_ && !tls_reported_) report_({.type = Seen::tls_failed, .data = "the client ended TCP"});
    const bool is_truncated = is_fin && tls_ && !tls_->has_ended();
    report_({.type = Seen::tcp_closed, .data = is_truncated ? "truncated" : is_fin ? "fin" : "reset"});
    finish(Goodbye::said);
    error_code ignored;
    if (!is_fin) socket_.close(ignored);
}

void FixtureConnection::flush()
{
    if (tls_) queued_ += tls_->output();
    if (!writing_.empty() || !socket_.is_open()) return;
    error_code ignored;
    if (!queued_.empty()) {
        writing_ = std::exchange(queued_, {});
        asio::async_write(socket_, asio::buffer(writing_), [self = shared_from_this()](error_code ec, std::size_t) {
            if (ec) return;
            self->writing_.clear();
            self->flush();
        });
    }
    else if (is_finishing_) {
        socket_.shutdown(Socket::shutdown_send, ignored);
        if (input_ended_) socket_.close(ignored);
    }
}

} // namespace websockxx::test
