// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/config.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace websockxx {

namespace detail {
struct FrameAccess;
}

/// The bytes of a frame, made of whatever holds characters. A string that is given away (`std::move`) is not copied.
///
/// Up to `most_inside` bytes lie in the object itself, so that small frames need no memory of their own, however often
/// they are copied and moved.
class WEBSOCKXX_DECL Payload {
public:
    /// More bytes than these need memory of their own.
    static constexpr std::size_t most_inside = 104;

    Payload() noexcept = default;
    Payload(std::string_view text) : size_(text.size())
    {
        if (size_ <= most_inside) text.copy(bytes_.inside, most_inside);
        else hold(std::string(text));
    }
    Payload(const char* text) : Payload(std::string_view(text)) {}
    Payload(const char* text, std::size_t size) : Payload(std::string_view(text, size)) {}
    Payload(const std::string& text) : Payload(std::string_view(text)) {}
    Payload(std::string&& text) : size_(text.size())
    {
        if (size_ <= most_inside) text.copy(bytes_.inside, most_inside);
        else hold(std::move(text));
    }
    Payload(std::span<const std::byte> bytes)
        : Payload(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()))
    {
    }
    Payload(const Payload& other) : Payload(other.text()) {}
    Payload(Payload&& other) noexcept { take(other); }
    Payload& operator=(const Payload& other) { return *this = Payload(other); }
    Payload& operator=(Payload&& other) noexcept
    {
        if (this == &other) return *this;
        drop();
        take(other);
        return *this;
    }
    ~Payload() { drop(); }

    /// Valid as long as the payload is, unchanged.
    [[nodiscard]] std::string_view text() const noexcept { return {data(), size_}; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

    friend bool operator==(const Payload& left, const Payload& right) noexcept { return left.text() == right.text(); }

private:
    friend struct detail::FrameAccess;
    enum class Place : std::uint8_t { inside, string, elsewhere };

    struct Borrow {};
    Payload(Borrow, std::string_view text) noexcept : size_(text.size()), place_(Place::elsewhere)
    {
        bytes_.elsewhere = text.data();
    }

    [[nodiscard]] const char* data() const noexcept
    {
        if (place_ == Place::inside) return bytes_.inside;
        return place_ == Place::elsewhere ? bytes_.elsewhere : bytes_.string.data();
    }
    void hold(std::string text) noexcept;
    void take_string(Payload& other) noexcept;
    void drop_string() noexcept;

    void take(Payload& other) noexcept
    {
        if (other.place_ == Place::string) return take_string(other);
        size_ = other.size_;
        place_ = size_ > 0 ? other.place_ : Place::inside;
        // All of it: shorter than asking how much.
        if (size_ > 0) std::memcpy(bytes_.inside, other.bytes_.inside, sizeof bytes_.inside);
    }
    void drop() noexcept
    {
        if (place_ == Place::string) drop_string();
    }

    union Bytes {
        Bytes() noexcept {}
        ~Bytes() {}
        char inside[most_inside];
        std::string string;
        const char* elsewhere; // borrowed: see FrameAccess
    };

    Bytes bytes_;
    std::size_t size_ = 0;
    Place place_ = Place::inside;
};

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
    Frame(Type type, Payload payload) : payload_(std::move(payload)), type_(type) {}

    /// A whole message; what is sent as a text has to be UTF-8.
    [[nodiscard]] static Frame text(Payload payload) { return {Type::text, std::move(payload)}; }
    [[nodiscard]] static Frame binary(Payload payload) { return {Type::binary, std::move(payload)}; }
    [[nodiscard]] static Frame binary(std::span<const std::byte> bytes) { return {Type::binary, Payload(bytes)}; }
    /// A control frame, of at most 125 bytes.
    [[nodiscard]] static Frame ping(Payload payload = {}) { return {Type::ping, std::move(payload)}; }
    [[nodiscard]] static Frame pong(Payload payload = {}) { return {Type::pong, std::move(payload)}; }
    /// A message in pieces: text_fragment() or binary_fragment() first, then any number of continuation(), then
    /// finish(). A text is cut at any byte.
    [[nodiscard]] static Frame text_fragment(Payload payload) { return {Type::text_fragment, std::move(payload)}; }
    [[nodiscard]] static Frame binary_fragment(Payload payload) { return {Type::binary_fragment, std::move(payload)}; }
    [[nodiscard]] static Frame continuation(Payload payload) { return {Type::continuation, std::move(payload)}; }
    [[nodiscard]] static Frame finish(Payload payload) { return {Type::finish, std::move(payload)}; }

    [[nodiscard]] Type type() const noexcept { return type_; }
    [[nodiscard]] bool is_text() const noexcept { return type_ == Type::text; }
    [[nodiscard]] bool is_binary() const noexcept { return type_ == Type::binary; }
    [[nodiscard]] bool is_control() const noexcept { return type_ == Type::ping || type_ == Type::pong; }

    /// The payload as characters, whatever the type. Valid as long as the frame is, unchanged.
    [[nodiscard]] std::string_view text() const noexcept { return payload_.text(); }

    /// The payload as bytes, whatever the type. Valid as long as the frame is, unchanged.
    [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return std::as_bytes(std::span{text()}); }

    /// The payload's size in bytes.
    [[nodiscard]] std::size_t size() const noexcept { return payload_.size(); }

    friend bool operator==(const Frame&, const Frame&) = default;

private:
    friend struct detail::FrameAccess;

    Payload payload_;
    Type type_ = Type::text;
};

namespace detail {

struct FrameAccess {
    // A frame over bytes that stay somebody else's; its copies have bytes of their own. What a callback is given is
    // made so: the bytes lie where they were received.
    [[nodiscard]] static Frame borrow(Frame::Type type, std::string_view payload) noexcept
    {
        Frame frame;
        frame.type_ = type;
        frame.payload_ = Payload(Payload::Borrow{}, payload);
        return frame;
    }
};

} // namespace detail

/// Part of a message that is handed over while it arrives: see Conn::deliver_fragments.
struct Fragment {
    Frame::Type type = Frame::Type::text; ///< of the message: text or binary
    std::string_view text;                ///< the payload as characters, valid during the call; may end inside one
    bool first = true;                    ///< the message begins with it
    bool last = true;                     ///< the message ends with it

    /// The payload as bytes.
    [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return std::as_bytes(std::span{text}); }
};

/// "text", "ping", ...
[[nodiscard]] WEBSOCKXX_DECL std::string_view to_string(Frame::Type type) noexcept;

/// The type, the size and, for text, the beginning with control characters escaped.
WEBSOCKXX_DECL std::ostream& operator<<(std::ostream& out, const Frame& frame);

} // namespace websockxx
