// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/protocol/protocol.hpp>

#include <websockxx/detail/utf8.hpp>
#include <websockxx/protocol/answer.hpp>
#include <websockxx/protocol/encoder.hpp>
#include <websockxx/protocol/fragmented_text.hpp>
#include <websockxx/protocol/input_buffer.hpp>
#include <websockxx/protocol/output_buffer.hpp>
#include <websockxx/protocol/receiver.hpp>
#include <websockxx/protocol/stream.hpp>
#include <websockxx/protocol/upgrade.hpp>

#include <stdexcept>
#include <utility>

namespace websockxx::protocol {

/// idle -> opening -> open -> closing -> over, or to `over` from anywhere. `closing`: our close frame is written and
/// the server's has not come.
class Protocol::Engine {
public:
    Engine(const Conn& conn, boost::asio::execution_context& context);

    void start();
    [[nodiscard]] std::span<std::byte> prepare();
    void commit(std::size_t size);
    void forget_handshake() noexcept;
    void trim() noexcept;
    void end_of_stream();
    [[nodiscard]] Event next();
    [[nodiscard]] error_code check(const Frame& frame) const;
    error_code write(const Frame& frame);
    error_code close(std::optional<std::uint16_t> code, std::string_view text);

    InputBuffer input;
    OutputBuffer output;
    Response response;
    std::string subprotocol;
    bool deflate = false;
    Error error;
    std::optional<CloseFrame> received;
    std::optional<CloseFrame> sent;

    [[nodiscard]] const Frame& frame() const noexcept { return receiver_.frame(); }
    [[nodiscard]] const Fragment& fragment() const noexcept { return receiver_.fragment(); }
    [[nodiscard]] std::size_t frames() const noexcept { return receiver_.frames(); }
    [[nodiscard]] std::uint64_t unfinished() const noexcept
    {
        return state_ == State::open ? receiver_.unfinished() : 0;
    }

private:
    enum class State { idle, opening, open, closing, over };
    /// What the message that is being sent in fragments is, if one is.
    enum class Sending { nothing, text, binary };

    /// What is needed until the connection is open.
    struct Opening {
        Conn conn;
        Answer answer{conn.limits};
    };

    [[nodiscard]] error_code check_state() const noexcept;
    [[nodiscard]] Event read_answer();
    [[nodiscard]] Event open();
    [[nodiscard]] Event refuse(Error why);
    [[nodiscard]] Event receive();
    [[nodiscard]] Event answer_close();
    [[nodiscard]] Event fail(const Failure& failure);
    void write_close(const CloseFrame& close);

    State state_ = State::idle;
    bool ended_ = false;
    bool to_message_ = false; // what was prepared is the receiver's room
    std::unique_ptr<Opening> opening_;
    Stream stream_;
    Receiver receiver_;
    Encoder encoder_;
    Sending sending_ = Sending::nothing;
    FragmentedText sending_text_;
};

Protocol::Engine::Engine(const Conn& conn, boost::asio::execution_context& context)
    : opening_(new Opening{.conn = conn}),
      stream_(output, context, conn.limits),
      receiver_(input, stream_, conn.limits,
          conn.deliver_fragments ? Receiver::Deliver::fragments : Receiver::Deliver::messages),
      encoder_(output, context)
{
}

void Protocol::Engine::start()
{
    if (state_ != State::idle) return;
    state_ = State::opening;
    try {
        stream_.start(opening_->conn);
    }
    catch (const std::length_error&) {
        error = Error(errc::invalid_header, Phase::handshake, "a header field is too long");
    }
}

std::span<std::byte> Protocol::Engine::prepare()
{
    // An answer is taken out of the input at once, so that more room would be of no use.
    constexpr std::size_t most_for_answer = 4096;

    const auto room = state_ == State::open ? receiver_.prepare() : std::span<std::byte>{};
    to_message_ = !room.empty();
    if (to_message_) return room;
    return state_ == State::opening ? input.prepare(most_for_answer) : input.prepare();
}

void Protocol::Engine::commit(std::size_t size)
{
    if (to_message_) return receiver_.commit(size);
    input.commit(size);
    if (state_ == State::over) input.clear(); // nobody will read it
}

void Protocol::Engine::end_of_stream() { ended_ = true; }

void Protocol::Engine::forget_handshake() noexcept
{
    response = {};
    input.trim();
    output.trim();
}

void Protocol::Engine::trim() noexcept
{
    if (state_ == State::opening) return;
    input.trim();
    output.trim();
    receiver_.trim();
    stream_.trim();
    encoder_.trim();
}

Protocol::Event Protocol::Engine::next()
{
    switch (state_) {
    case State::open:
    case State::closing: return receive();
    case State::opening: return read_answer();
    default: return Event::nothing;
    }
}

Protocol::Event Protocol::Engine::read_answer()
{
    if (error) return refuse(error);
    auto& answer = opening_->answer;
    const auto bytes = input.bytes();
    input.consume(answer.read({reinterpret_cast<const char*>(bytes.data()), bytes.size()}));
    if (ended_) answer.end_of_stream();
    switch (answer.state()) {
    case Answer::State::incomplete: return Event::nothing;
    case Answer::State::accepted: return open();
    case Answer::State::refused: return refuse(Error::refused(std::move(answer.response())));
    case Answer::State::failed: return refuse(answer.error());
    }
    return Event::nothing;
}

Protocol::Event Protocol::Engine::open()
{
    response = std::move(opening_->answer.response());
    const auto upgrade = check_upgrade(response, opening_->conn);
    if (!upgrade) return refuse(upgrade.error());
    if (!stream_.accept(*upgrade)) {
        return refuse({errc::bad_accept, Phase::handshake, "Sec-WebSocket-Accept: " + upgrade->accept});
    }
    subprotocol = upgrade->subprotocol;
    deflate = upgrade->deflate.has_value();
    if (deflate) {
        receiver_.allow_compressed();
        encoder_.use_deflate(*upgrade->deflate, opening_->conn.deflate);
    }
    opening_.reset();
    state_ = State::open;
    return Event::opened;
}

Protocol::Event Protocol::Engine::refuse(Error why)
{
    error = std::move(why);
    state_ = State::over;
    opening_.reset();
    input.clear();
    return Event::refused;
}

Protocol::Event Protocol::Engine::receive()
{
    switch (receiver_.next()) {
    case Receiver::Outcome::nothing: return Event::nothing;
    case Receiver::Outcome::message: return Event::message;
    case Receiver::Outcome::fragment: return Event::fragment;
    case Receiver::Outcome::ping: return Event::ping;
    case Receiver::Outcome::pong: return Event::pong;
    case Receiver::Outcome::close: return answer_close();
    case Receiver::Outcome::failed: break;
    }
    return fail(receiver_.failure());
}

Protocol::Event Protocol::Engine::answer_close()
{
    auto close = read_close_payload(receiver_.frame().text());
    if (const auto* failure = std::get_if<Failure>(&close)) return fail(*failure);
    received = std::get<CloseFrame>(std::move(close));
    if (!sent) write_close(*received); // RFC 6455 5.5.1: with the status code that came
    state_ = State::over;
    input.clear();
    return Event::closed;
}

Protocol::Event Protocol::Engine::fail(const Failure& failure)
{
    error = Error(failure.code, state_ == State::closing ? Phase::closing : Phase::open, failure.words);
    if (!sent) write_close({failure.close_code, std::string(failure.words)});
    state_ = State::over;
    input.clear();
    return Event::failed;
}

void Protocol::Engine::write_close(const CloseFrame& close)
{
    encoder_.close(close);
    sent = close;
}

error_code Protocol::Engine::check_state() const noexcept
{
    switch (state_) {
    case State::open: return {};
    case State::idle:
    case State::opening: return errc::not_connected_opening;
    default: return errc::not_connected_closing;
    }
}

error_code Protocol::Engine::check(const Frame& frame) const
{
    constexpr std::size_t largest_control = 125; // RFC 6455 5.5
    using Type = Frame::Type;
    using Place = FragmentedText::Place;

    if (const auto ec = check_state()) return ec;
    if (frame.is_control()) return frame.size() > largest_control ? errc::control_frame_too_large : error_code();

    const bool continues = frame.type() == Type::continuation || frame.type() == Type::finish;
    if (continues != (sending_ != Sending::nothing)) return errc::invalid_frame;

    bool valid = true;
    if (frame.type() == Type::text) valid = websockxx::detail::is_valid_utf8(frame.text());
    else if (frame.type() == Type::text_fragment || (continues && sending_ == Sending::text))
        valid = sending_text_.accepts(frame.text(), frame.type() == Type::finish ? Place::last : Place::more_follows);
    return valid ? error_code() : errc::invalid_utf8;
}

error_code Protocol::Engine::write(const Frame& frame)
{
    if (const auto ec = check(frame)) return ec;
    encoder_.write(frame);
    switch (frame.type()) {
    case Frame::Type::text_fragment: sending_ = Sending::text; break;
    case Frame::Type::binary_fragment: sending_ = Sending::binary; break;
    case Frame::Type::finish: sending_ = Sending::nothing; break;
    default: break;
    }
    if (frame.type() == Frame::Type::finish) sending_text_.clear();
    else if (sending_ == Sending::text && !frame.is_control()) sending_text_.add(frame.text());
    return {};
}

error_code Protocol::Engine::close(std::optional<std::uint16_t> code, std::string_view text)
{
    if (const auto ec = check_state()) return ec;
    CloseFrame close;
    if (code) {
        if (!close_code::may_be_sent(*code)) return errc::invalid_close_code;
        if (!websockxx::detail::is_valid_utf8(text)) return errc::invalid_utf8;
        close = {*code, std::string(fit_close_text(text))};
    }
    write_close(close);
    receiver_.drop_all();
    state_ = State::closing;
    return {};
}

Protocol::Protocol(const Conn& conn, boost::asio::execution_context& context)
    : engine_(std::make_unique<Engine>(conn, context))
{
}
Protocol::~Protocol() = default;

void Protocol::start() { engine_->start(); }
std::span<std::byte> Protocol::prepare() { return engine_->prepare(); }
void Protocol::commit(std::size_t size) { engine_->commit(size); }
void Protocol::end_of_stream() { engine_->end_of_stream(); }
Protocol::Event Protocol::next() { return engine_->next(); }
const Frame& Protocol::frame() const noexcept { return engine_->frame(); }
const Fragment& Protocol::fragment() const noexcept { return engine_->fragment(); }
std::size_t Protocol::frames() const noexcept { return engine_->frames(); }
std::uint64_t Protocol::unfinished() const noexcept { return engine_->unfinished(); }
const Response& Protocol::response() const noexcept { return engine_->response; }
std::string_view Protocol::subprotocol() const noexcept { return engine_->subprotocol; }
bool Protocol::deflate() const noexcept { return engine_->deflate; }
const Error& Protocol::error() const noexcept { return engine_->error; }
const std::optional<CloseFrame>& Protocol::received() const noexcept { return engine_->received; }
const std::optional<CloseFrame>& Protocol::sent() const noexcept { return engine_->sent; }
error_code Protocol::check(const Frame& frame) const { return engine_->check(frame); }
error_code Protocol::write(const Frame& frame) { return engine_->write(frame); }
error_code Protocol::close(std::optional<std::uint16_t> code, std::string_view text)
{
    return engine_->close(code, text);
}
std::span<const std::byte> Protocol::output() const noexcept { return engine_->output.bytes(); }
void Protocol::consume(std::size_t size) { engine_->output.consume(size); }
std::uint64_t Protocol::produced() const noexcept { return engine_->output.produced(); }
void Protocol::forget_handshake() noexcept { engine_->forget_handshake(); }
void Protocol::trim() noexcept { engine_->trim(); }

} // namespace websockxx::protocol
