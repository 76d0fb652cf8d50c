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
    if (fault_ != Stream::Fault::none) return fail(fault_);
    for (;;) {
        const auto outcome = inside_frame_ ? read_payload(0) : read_frame();
        if (outcome) return *outcome;
    }
}

void Receiver::drop_all() noexcept
{
    dropping_ = true;
    shown_ = 0;
    parts_.free();
}

std::uint64_t Receiver::unfinished() const noexcept
{
    const bool begun = inside_message_ || !input_->bytes().empty();
    return begun && !dropping_ ? given_ + 1 : 0;
}

// ---- Room for a long payload

std::span<std::byte> Receiver::prepare()
{
    // For less, the input is better: what follows may come with it.
    constexpr std::uint64_t worth_it = 8 * 1024;

    const bool to_parts = inside_frame_ && !compressed_ && !dropping_ && deliver_ == Deliver::messages;
    if (!to_parts || left_ < worth_it || !input_->bytes().empty()) return {};
    return parts_.prepare(static_cast<std::size_t>(std::min<std::uint64_t>(left_, limits_.message_bytes)));
}

void Receiver::commit(std::size_t size)
{
    if (size == 0 || fault_ != Stream::Fault::none) return;
    const auto payload = parts_.commit(size);
    left_ -= size;
    size_ += size;
    stream_->show_part({}, payload);
    fault_ = stream_->read(payload);
}

void Receiver::trim() noexcept
{
    if (!inside_message_) parts_.free();
}

// ---- Frames

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

    if (!inside_message_) ++given_;
    reclaim();
    frame_ = websockxx::detail::FrameAccess::borrow(
        header.opcode == Opcode::ping ? Frame::Type::ping : Frame::Type::pong, payload);
    if (header.opcode == Opcode::close) return Outcome::close;
    return header.opcode == Opcode::ping ? Outcome::ping : Outcome::pong;
}

Receiver::Step Receiver::on_data(const FrameHeader& header)
{
    if (!check_order(header)) return Outcome::failed;
    if (!dropping_ && !check_limits(header)) return Outcome::failed;

    const auto available = input_->bytes().size() - header.size;
    if (is_small_message(header, available)) {
        shown_type_ = header.opcode == Opcode::text ? Frame::Type::text : Frame::Type::binary;
        looked_at_ = 0;
        show_small_messages();
        return read_shown_message();
    }
    if (header.payload_size == 0 && !header.fin) return drop_empty_frame(header);
    if (header.payload_size > 0 && available == 0) return Outcome::nothing;
    if (is_worth_waiting_for(header, available)) return wait_for(header);
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

// ---- Medium messages

/// A message of one frame that fits into the input is not taken apart: the rest is received behind what is there.
bool Receiver::is_worth_waiting_for(const FrameHeader& header, std::size_t available) const noexcept
{
    constexpr std::size_t most = InputBuffer::largest / 2 - 16; // with its header no more than half
    return header.fin && header.opcode != Opcode::continuation && !header.compressed && !dropping_ &&
           deliver_ == Deliver::messages && header.payload_size <= most && available < header.payload_size;
}

/// Of a text, what has come is looked at all the same.
Receiver::Outcome Receiver::wait_for(const FrameHeader& header)
{
    if (header.opcode != Opcode::text) return Outcome::nothing;
    const auto text = receiver::as_text(input_->bytes().subspan(header.size));
    if (looked_at_ == 0) tail_.clear();
    const auto fresh = text.substr(looked_at_);
    if (!tail_.accepts(fresh, FragmentedText::Place::more_follows)) return fail(receiver::not_utf8);
    tail_.add(fresh);
    looked_at_ = text.size();
    return Outcome::nothing;
}

// ---- Small messages

bool Receiver::is_small_message(const FrameHeader& header, std::size_t available) const noexcept
{
    return header.fin && header.opcode != Opcode::continuation && !header.compressed && !dropping_ &&
           header.payload_size <= std::min(available, limits_.message_bytes) &&
           header.size + header.payload_size <= Stream::most_shown;
}

/// Shows Beast the small messages of one type that the input begins with, up to what it takes at once. This and
/// read_shown_message() are where a fast connection spends its time.
///
/// Texts are shown as binary messages: is_valid_utf8() is faster than Beast's check, which can also wait for the rest.
void Receiver::show_small_messages() noexcept
{
    const auto bytes = input_->bytes();
    const auto end = std::min(bytes.size(), Stream::most_shown);
    const auto first_byte = bytes[0];
    constexpr std::byte binary{0x82};

    std::size_t at = 0;
    while (end - at >= 2 && bytes[at] == first_byte) {
        auto size = std::to_integer<std::size_t>(bytes[at + 1]);
        std::size_t header_size = 2;
        if (size >= 126) {
            header_size = 4;
            if (size != 126 || end - at < header_size) break;
            size = std::to_integer<std::size_t>(bytes[at + 2]) << 8 | std::to_integer<std::size_t>(bytes[at + 3]);
            if (size < 126) break; // not in its shortest form: an error, found when it is its turn
        }
        if (size > limits_.message_bytes || end - at - header_size < size) break;
        bytes[at] = binary;
        at += header_size + size;
    }
    shown_ = at;
    frames_ = 1; // of each of them
    stream_->show_frames(bytes.first(at));
}

Receiver::Outcome Receiver::read_shown_message()
{
    const auto bytes = input_->bytes();
    auto size = std::to_integer<std::size_t>(bytes[1]);
    std::size_t header_size = 2;
    if (size == 126) {
        header_size = 4;
        size = std::to_integer<std::size_t>(bytes[2]) << 8 | std::to_integer<std::size_t>(bytes[3]);
    }
    const auto payload = bytes.subspan(header_size, size);
    const auto fault = stream_->read(payload);
    if (fault != Stream::Fault::none) return fail(fault);
    if (!stream_->message_done()) return fail(Stream::Fault::broken);

    const auto text = receiver::as_text(payload);
    if (shown_type_ == Frame::Type::text && !websockxx::detail::is_valid_utf8(text)) return fail(receiver::not_utf8);
    shown_ -= header_size + size;
    input_->consume(header_size + size);
    type_ = shown_type_;
    reclaim();
    return give(text);
}

// ---- Messages in parts

void Receiver::begin_frame(const FrameHeader& header)
{
    if (header.opcode != Opcode::continuation) {
        reclaim();
        inside_message_ = true;
        begun_given_ = false;
        compressed_ = header.compressed;
        type_ = header.opcode == Opcode::text ? Frame::Type::text : Frame::Type::binary;
        frames_ = 0;
        announced_ = 0;
        postponed_ = {};
        size_ = 0;
        looked_at_ = 0;
        parts_.clear();
        tail_.clear();
    }
    whole_ = {};
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
    if (bytes.empty() && left_ > 0) return Outcome::nothing;
    const auto header = bytes.first(header_size);
    const auto arrived = bytes.size() - header_size;
    const auto payload = bytes.subspan(header_size, left_ < arrived ? static_cast<std::size_t>(left_) : arrived);

    auto used = payload.size();
    if (deliver_ == Deliver::fragments) parts_.clear(); // was given
    // What is left may be the rest of a deflate stream that was not asked for yet, without any bytes.
    if (!dropping_ && (compressed_ || !header.empty() || !payload.empty())) {
        if (!header.empty()) header.front() |= std::exchange(postponed_, {});
        const auto fault = compressed_ ? inflate(header, payload, used) : read_plain(header, payload);
        if (fault != Stream::Fault::none) return fail(fault);
    }
    left_ -= used;
    input_->consume(header.size() + used);
    const bool ended = left_ == 0 && (!compressed_ || !fin_ || dropping_ || stream_->message_done());
    inside_frame_ = !ended;
    if (ended && fin_) return end_message();
    if (has_part()) return give_part(false);
    const bool waits = left_ > 0 && used == payload.size();
    return waits && !ended ? Step{Outcome::nothing} : std::nullopt;
}

Stream::Fault Receiver::read_plain(std::span<std::byte> header, std::span<std::byte> payload)
{
    stream_->show_part(header, payload);
    const auto fault = stream_->read(payload);
    if (fault != Stream::Fault::none) return fault;
    const bool whole = frames_ == 1 && fin_ && payload.size() == announced_;
    if (!whole && deliver_ == Deliver::messages) return add(receiver::as_text(payload));
    whole_ = receiver::as_text(payload);
    size_ += payload.size();
    return fault;
}

Stream::Fault Receiver::inflate(std::span<std::byte> header, std::span<const std::byte> payload, std::size_t& used)
{
    constexpr std::byte fin{0x80};
    const bool message_ends = fin_ && left_ == payload.size();
    if (!header.empty()) header.front() &= ~fin; // Stream::end_inflated() is what Beast takes for the last frame
    for (used = 0; used < payload.size();) {
        const auto part = payload.subspan(used, std::min(payload.size() - used, Stream::most_inflated));
        std::string_view inflated;
        auto fault = stream_->inflate(header, part, inflated);
        if (fault == Stream::Fault::none) fault = add(inflated);
        if (fault != Stream::Fault::none) return fault;
        header = {};
        used += part.size();
        if (part_is_full()) return fault;
    }
    return message_ends && announced_ > 0 ? stream_->end_inflated() : Stream::Fault::none;
}

/// Of a message that is given in parts, not more than this is inflated at once.
bool Receiver::part_is_full() const noexcept
{
    constexpr std::size_t most = 64 * 1024;
    return deliver_ == Deliver::fragments && parts_.size() >= most;
}

Receiver::Step Receiver::end_message()
{
    inside_message_ = false;
    if (dropping_) return std::nullopt;
    if (!stream_->message_done()) return fail(Stream::Fault::broken);
    // Beast looks for an unfinished character at the end of a payload, but not if the last frame has none.
    const bool unchecked = type_ == Frame::Type::text && ends_empty_;
    if (deliver_ == Deliver::fragments) {
        if (unchecked && !tail_.accepts({}, FragmentedText::Place::last)) return fail(receiver::not_utf8);
        return give_part(true);
    }
    if (unchecked && !websockxx::detail::is_valid_utf8(parts_.text())) return fail(receiver::not_utf8);
    return give(whole_.empty() ? parts_.text() : whole_);
}

// ---- What is given

Receiver::Outcome Receiver::give(std::string_view message)
{
    ++given_;
    if (deliver_ == Deliver::fragments) {
        fragment_ = {type_, message, true, true};
        return Outcome::fragment;
    }
    frame_ = websockxx::detail::FrameAccess::borrow(type_, message);
    return Outcome::message;
}

std::string_view Receiver::part() const noexcept { return compressed_ ? parts_.text() : whole_; }

bool Receiver::has_part() const noexcept { return deliver_ == Deliver::fragments && !dropping_ && !part().empty(); }

Receiver::Outcome Receiver::give_part(bool last)
{
    fragment_ = {type_, part(), !begun_given_, last};
    begun_given_ = true;
    ++given_;
    whole_ = {};
    if (type_ == Frame::Type::text) tail_.add(fragment_.text);
    return Outcome::fragment;
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
    parts_.append(payload);
    size_ += payload.size();
    return size_ > limits_.message_bytes ? Stream::Fault::too_big : Stream::Fault::none;
}

/// Large parts_ are not kept for ever. Called when what is in them is out of use.
void Receiver::reclaim() noexcept
{
    constexpr std::size_t large = 64 * 1024;
    constexpr unsigned many = 8;

    if (parts_.capacity() <= large || inside_message_) return;
    small_uses_ = parts_.size() > parts_.capacity() / 4 ? 0 : small_uses_ + 1;
    parts_.clear();
    if (small_uses_ < many) return;
    small_uses_ = 0;
    parts_.free();
}

} // namespace websockxx::protocol
