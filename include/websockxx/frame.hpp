// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/config.hpp>

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace websockxx {

/// A message, a control frame, or a piece of a message that is sent in fragments (RFC 6455 5). A value.
///
/// What arrives is always a whole text or binary message, a ping or a pong. There is no close frame here: closing is
/// an answer of a callback, or Ref::close().
class WEBSOCKXX_DECL Frame {
public:
    enum class Type : std::uint8_t {
        text,            ///< a whole text message, in UTF-8
        binary,          ///< a whole binary message
        ping,            ///< at most 125 bytes
        pong,            ///< at most 125 bytes
        text_fragment,   ///< begins a text message; send continuation() and finish() behind it
        binary_fragment, ///< begins a binary message
        continuation,    ///< goes on with it
        finish,          ///< ends it
    };

    /// An empty text.
    Frame() = default;
    Frame(Type type, std::string payload) : type_(type), payload_(std::move(payload)) {}

    [[nodiscard]] static Frame text(std::string payload) { return {Type::text, std::move(payload)}; }
    [[nodiscard]] static Frame binary(std::string payload) { return {Type::binary, std::move(payload)}; }
    [[nodiscard]] static Frame binary(std::span<const std::byte> payload)
    {
        return {Type::binary, to_payload(payload)};
    }
    [[nodiscard]] static Frame ping(std::string payload = {}) { return {Type::ping, std::move(payload)}; }
    [[nodiscard]] static Frame pong(std::string payload = {}) { return {Type::pong, std::move(payload)}; }
    [[nodiscard]] static Frame text_fragment(std::string payload) { return {Type::text_fragment, std::move(payload)}; }
    [[nodiscard]] static Frame binary_fragment(std::string payload)
    {
        return {Type::binary_fragment, std::move(payload)};
    }
    [[nodiscard]] static Frame continuation(std::string payload) { return {Type::continuation, std::move(payload)}; }
    [[nodiscard]] static Frame finish(std::string payload) { return {Type::finish, std::move(payload)}; }

    [[nodiscard]] Type type() const noexcept { return type_; }
    [[nodiscard]] bool is_text() const noexcept { return type_ == Type::text; }
    [[nodiscard]] bool is_binary() const noexcept { return type_ == Type::binary; }
    [[nodiscard]] bool is_control() const noexcept { return type_ == Type::ping || type_ == Type::pong; }

    /// The payload as characters, whatever the type. Valid as long as the frame is, unchanged.
    [[nodiscard]] std::string_view text() const noexcept { return payload_; }

    /// The payload as bytes, whatever the type. Valid as long as the frame is, unchanged.
    [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return std::as_bytes(std::span{payload_}); }

    /// The payload's size in bytes.
    [[nodiscard]] std::size_t size() const noexcept { return payload_.size(); }

    /// Becomes another frame, in the memory that this one has.
    void assign(Type type, std::string_view payload)
    {
        type_ = type;
        payload_.assign(payload);
    }
    /// Adds to the payload.
    void append(std::string_view more) { payload_.append(more); }
    /// How many bytes the payload may have without taking more memory.
    [[nodiscard]] std::size_t capacity() const noexcept { return payload_.capacity(); }

    friend bool operator==(const Frame&, const Frame&) = default;

private:
    [[nodiscard]] static std::string to_payload(std::span<const std::byte> bytes);

    Type type_ = Type::text;
    std::string payload_;
};

/// "text", "ping", ...
[[nodiscard]] WEBSOCKXX_DECL std::string_view to_string(Frame::Type type) noexcept;

/// The type, the size and, for text, the beginning with control characters escaped.
WEBSOCKXX_DECL std::ostream& operator<<(std::ostream& out, const Frame& frame);

} // namespace websockxx
