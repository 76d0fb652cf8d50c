// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// What a WebSocket server says and hears, as bytes: for test servers, which must also be able to misbehave. Nothing
/// here is shared with the library under test.
namespace websockxx::test {

/// RFC 6455 5.2
enum class Opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

/// One frame as it stands on the wire, lawful or not.
struct WireFrame {
    Opcode opcode = Opcode::text;
    std::string payload = {};
    bool fin = true;
    std::uint8_t rsv = 0; ///< the three reserved bits, RSV1 being 4
    bool masked = false;

    friend bool operator==(const WireFrame&, const WireFrame&) = default;
};

/// The bytes of a frame, with the shortest form of the length (frame_bytes.hpp has the others). A masked one (which no
/// server may send) has the mask 37 FA 21 3D.
[[nodiscard]] std::string encode(const WireFrame& frame);

/// The payload of a close frame.
[[nodiscard]] std::string close_payload(std::uint16_t code, std::string_view text = {});

/// Cuts what a client sent into frames, unmasking them. Never complains: what is unlawful is seen in the frame.
class FrameReader {
public:
    void add(std::string_view bytes) { bytes_ += bytes; }

    /// The next frame, once all of it is here.
    [[nodiscard]] std::optional<WireFrame> next();

    /// What has come and is not yet taken.
    [[nodiscard]] const std::string& rest() const { return bytes_; }

private:
    std::string bytes_;
};

/// The value of the first header field of that name, in any case, in the head of a request or an answer.
[[nodiscard]] std::optional<std::string> field(std::string_view head, std::string_view name);

/// The Sec-WebSocket-Accept that belongs to a key (RFC 6455 4.2.2).
[[nodiscard]] std::string accept_value(std::string_view key);

/// The 101 that the request deserves. `more_fields` are whole lines, each with its CR LF. Throws if there is no key.
[[nodiscard]] std::string upgrade_answer(std::string_view request_head, std::string_view more_fields = {});

} // namespace websockxx::test
