// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/protocol/receiver.hpp>

#include <websockxx/detail/utf8.hpp>

#include <algorithm>
#include <limits>
#include <utility>

namespace websockxx::protocol {
namespace receiver {

inline constexpr Failure new_message_inside{
    close_code::protocol_error, errc::protocol_error, "Endpoint tried to start a fragment without finishing another"};
inline constexpr Failure continuation_of_nothing{
    close_code::protocol_error, errc::protocol_error, "Endpoint sent a continuation frame without starting a fragment"};
inline constexpr Failure too_big{close_code::too_big, errc::message_too_big, "message larger than the limit"};
inline constexpr Failure too_many_fragments{
    close_code::too_big, errc::too_many_fragments, "message of more fragments than the limit"};
inline constexpr Failure not_utf8{close_code::bad_payload, errc::bad_payload, "text that is not UTF-8"};
inline constexpr Failure broken{
    close_code::protocol_error, errc::protocol_error, "compressed message that cannot be inflated"};

inline std::string_view as_text(std::span<const std::byte> bytes)
{
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

} // namespace receiver

Receiver::Outcome Receiver::next()
{
    if (shown_ > 0) return read_shown_message();
    for (;;) {
        const auto outcome = inside_frame_ ? read_payload(0) : read_frame();
        if (outcome) return *outcome;
    }
}

void Receiver::drop_all() noexcept
{
    dropping_ = true;
    shown_ = 0;
}

Receiver::Step Receiver::read_frame()
{
    const auto peeked = peek_frame(input_->bytes(), rsv1_);
    if (peeked.what == Peek::incomplete) return Outcome::nothing;
    if (peeked.what != Peek::complete)
        return fail({close_code::protocol_error, errc::protocol_error, to_string(peeked.what)});
    return peeked.header.is_control() ? on_control(peeked.header) : on_data(peeked.header);
}

Receiver::Step Receiver::on_control(const FrameHeader& header)
{
    const auto bytes = input_->bytes();
    if (bytes.size() < header.size + header.payload_size) return Outcome::nothing;
    const auto payload = receiver::as_text(bytes.subspan(header.size, header.payload_size));
    input_->consume(header.size + payload.size());
    if (dropping_ && header.opcode != Opcode::close) return std::nullopt;

    if (!inside_message_) {
        give_memory_back();
        message_.assign(type_, {});
    }
    control_.assign(header.opcode == Opcode::ping ? Frame::Type::ping : Frame::Type::pong, payload);
    frame_ = &control_;
    if (header.opcode == Opcode::close) return Outcome::close;
    return header.opcode == Opcode::ping ? Outcome::ping : Outcome::pong;
}

Receiver::Step Receiver::on_data(const FrameHeader& header)
{
    if (!check_order(header)) return Outcome::failed;
    if (!dropping_ && !check_limits(header)) return Outcome::failed;

    const auto available = input_->bytes().size() - header.size;
    if (is_small_message(header, available)) {
        const auto bytes = input_->bytes();
        shown_ = count_small_messages(bytes);
        stream_->show_frames(bytes.first(shown_));
        return read_shown_message();
    }
    if (header.payload_size == 0 && !header.fin) return drop_empty_frame(header);
    if (header.payload_size > 0 && available == 0) return Outcome::nothing;
    begin_frame(header);
    return read_payload(header.size);
}

/// RFC 6455 5.4.
bool Receiver::check_order(const FrameHeader& header)
{
    const bool continues = header.opcode == Opcode::continuation;
    if (continues == inside_message_) return true;
    fail(continues ? receiver::continuation_of_nothing : receiver::new_message_inside);
    return false;
}

/// As soon as a header has come: before its payload has, and before Beast sees a length.
bool Receiver::check_limits(const FrameHeader& header)
{
    const bool first = header.opcode != Opcode::continuation;
    const auto before = first ? 0 : announced_;
    const bool compressed = first ? header.compressed : compressed_;
    // What does not get smaller grows a little. The limit itself holds for what is inflated.
    constexpr auto unlimited = std::numeric_limits<std::uint64_t>::max();
    const std::uint64_t limit = limits_.message_bytes;
    const std::uint64_t grown = limit > unlimited / 2 ? unlimited : limit + limit / 8 + 1024;
    const std::uint64_t most = compressed ? grown : limit;
    if (header.payload_size > most || before > most - header.payload_size) {
        fail(receiver::too_big);
        return false;
    }
    if (!first && frames_ >= limits_.fragments) {
        fail(receiver::too_many_fragments);
        return false;
    }
    return true;
}

bool Receiver::is_small_message(const FrameHeader& header, std::size_t available) const noexcept
{
    return header.fin && header.opcode != Opcode::continuation && !header.compressed && !dropping_ &&
           header.payload_size <= std::min(available, limits_.message_bytes) &&
           header.size + header.payload_size <= Stream::most_shown;
}

/// How many bytes of small messages there are at the beginning of `bytes`, up to what Beast takes at once.
std::size_t Receiver::count_small_messages(std::span<const std::byte> bytes) const noexcept
{
    std::size_t counted = 0;
    for (;;) {
        const auto rest = bytes.subspan(counted);
        const auto [what, header] = peek_frame(rest, rsv1_);
        if (what != Peek::complete || header.is_control()) return counted;
        if (!is_small_message(header, rest.size() - header.size)) return counted;
        const auto size = header.size + static_cast<std::size_t>(header.payload_size);
        if (counted + size > Stream::most_shown) return counted;
        counted += size;
    }
}

/// The frame has been looked at already, and the next one too if there are more: this is where a fast connection spends
/// its time.
Receiver::Outcome Receiver::read_shown_message()
{
    const auto bytes = input_->bytes();
    const auto type = (bytes[0] & std::byte{0x0F}) == std::byte{0x01} ? Frame::Type::text : Frame::Type::binary;
    const auto short_length = std::to_integer<std::size_t>(bytes[1]);
    const bool is_short = short_length < 126;
    const std::size_t header_size = is_short ? 2 : 4;
    const auto size =
        is_short ? short_length : std::to_integer<std::size_t>(bytes[2]) << 8 | std::to_integer<std::size_t>(bytes[3]);
    const auto payload = bytes.subspan(header_size, size);
    const auto fault = stream_->read(payload);
    if (fault != Stream::Fault::none) return fail(fault);
    if (!stream_->message_done()) return fail(Stream::Fault::broken);

    give_memory_back();
    message_.assign(type, receiver::as_text(payload));
    frame_ = &message_;
    shown_ -= header_size + size;
    input_->consume(header_size + size);
    return Outcome::message;
}

void Receiver::begin_frame(const FrameHeader& header)
{
    if (header.opcode != Opcode::continuation) {
        inside_message_ = true;
        begun_ = false;
        compressed_ = header.compressed;
        type_ = header.opcode == Opcode::text ? Frame::Type::text : Frame::Type::binary;
        frames_ = 0;
        announced_ = 0;
        postponed_ = {};
    }
    ++frames_;
    announced_ += header.payload_size;
    inside_frame_ = true;
    fin_ = header.fin;
    ends_empty_ = header.payload_size == 0;
    left_ = header.payload_size;
}

/// Beast would wait for the frame behind it. Nothing is lost but where the message begins: the next frame will say
/// that.
Receiver::Step Receiver::drop_empty_frame(const FrameHeader& header)
{
    const auto first_byte = input_->bytes().front();
    begin_frame(header);
    inside_frame_ = false;
    if (header.opcode != Opcode::continuation) postponed_ = first_byte;
    input_->consume(header.size);
    return std::nullopt;
}

/// Reads what has come of the current frame: its header, if it has one, and some or all of the payload.
Receiver::Step Receiver::read_payload(std::size_t header_size)
{
    const auto bytes = input_->bytes();
    const auto header = bytes.first(header_size);
    const auto arrived = bytes.size() - header_size;
    const auto payload = bytes.subspan(header_size, left_ < arrived ? static_cast<std::size_t>(left_) : arrived);
    if (bytes.empty()) return Outcome::nothing;

    left_ -= payload.size();
    if (!dropping_) {
        if (!header.empty()) header.front() |= std::exchange(postponed_, {});
        const auto fault = compressed_ ? inflate(header, payload) : read_plain(header, payload);
        if (fault != Stream::Fault::none) return fail(fault);
    }
    input_->consume(header.size() + payload.size());
    if (left_ > 0) return Outcome::nothing;
    inside_frame_ = false;
    if (!fin_) return std::nullopt;
    return end_message();
}

Stream::Fault Receiver::read_plain(std::span<std::byte> header, std::span<std::byte> payload)
{
    stream_->show_part(header, payload);
    const auto fault = stream_->read(payload);
    return fault != Stream::Fault::none ? fault : add(receiver::as_text(payload));
}

Stream::Fault Receiver::inflate(std::span<const std::byte> header, std::span<const std::byte> payload)
{
    for (;;) {
        const auto part = payload.first(std::min(payload.size(), Stream::most_inflated));
        payload = payload.subspan(part.size());
        std::string_view inflated;
        auto fault = stream_->inflate(header, part, inflated);
        if (fault == Stream::Fault::none) fault = add(inflated);
        if (fault != Stream::Fault::none) return fault;
        header = {};

        const bool all_given = payload.empty();
        const bool message_ends = left_ == 0 && fin_;
        if (all_given && (!message_ends || stream_->message_done())) return fault;
        // The end of the message was asked for, gave nothing and did not come: it would not come the next time either.
        if (all_given && part.empty() && inflated.empty()) return Stream::Fault::broken;
    }
}

Receiver::Step Receiver::end_message()
{
    inside_message_ = false;
    if (dropping_) return std::nullopt;
    if (!stream_->message_done()) return fail(Stream::Fault::broken);
    if (!begun_ && add({}) != Stream::Fault::none) return fail(receiver::too_big);
    // Beast looks for an unfinished character at the end of a payload, but not if the last frame has none.
    if (type_ == Frame::Type::text && ends_empty_ && !websockxx::detail::is_valid_utf8(message_.text()))
        return fail(receiver::not_utf8);
    frame_ = &message_;
    return Outcome::message;
}

Receiver::Outcome Receiver::fail(const Failure& failure)
{
    failure_ = failure;
    return Outcome::failed;
}

Receiver::Outcome Receiver::fail(Stream::Fault fault)
{
    switch (fault) {
    case Stream::Fault::too_big: return fail(receiver::too_big);
    case Stream::Fault::not_utf8: return fail(receiver::not_utf8);
    default: return fail(receiver::broken);
    }
}

Stream::Fault Receiver::add(std::string_view payload)
{
    if (begun_) {
        message_.append(payload);
    }
    else {
        give_memory_back();
        message_.assign(type_, payload);
        begun_ = true;
    }
    return message_.size() > limits_.message_bytes ? Stream::Fault::too_big : Stream::Fault::none;
}

/// A large message_ is not kept for ever. Called when what is in it is out of use.
void Receiver::give_memory_back()
{
    constexpr std::size_t large = 64 * 1024;
    constexpr unsigned many = 8;

    if (message_.capacity() <= large) return;
    small_uses_ = message_.size() > message_.capacity() / 4 ? 0 : small_uses_ + 1;
    if (small_uses_ < many) return;
    small_uses_ = 0;
    const Frame given_back = std::move(message_);
}

} // namespace websockxx::protocol
