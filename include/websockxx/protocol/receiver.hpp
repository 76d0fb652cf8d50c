// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/conn.hpp>
#include <websockxx/frame.hpp>
#include <websockxx/protocol/close_payload.hpp>
#include <websockxx/protocol/frame_peek.hpp>
#include <websockxx/protocol/input_buffer.hpp>
#include <websockxx/protocol/stream.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace websockxx::protocol {

/// Makes messages and control frames of the bytes that have arrived.
///
/// Looks at each frame's header, and so keeps from Beast what it would answer by itself (ping and close), what it does
/// not check (limits, lengths) and what it would have to wait for. Beast reads the data frames: UTF-8, inflating. A
/// payload is read while it arrives, so that the first wrong byte of a text is the last one that is read, and memory
/// grows with what has come.
class Receiver {
public:
    enum class Outcome {
        nothing, ///< more bytes are needed
        message, ///< frame()
        ping,    ///< frame()
        pong,    ///< frame()
        close,   ///< frame() has the payload
        failed,  ///< failure(); nothing can be read any more
    };

    Receiver(InputBuffer& input, Stream& stream, const Limits& limits)
        : input_(&input), stream_(&stream), limits_(limits)
    {
    }

    void allow_compressed() noexcept { rsv1_ = Rsv1::compressed; }
    /// From now on messages, pings and pongs are dropped, and Beast sees nothing any more.
    void drop_all() noexcept;

    [[nodiscard]] Outcome next();
    [[nodiscard]] const Frame& frame() const noexcept { return *frame_; }
    [[nodiscard]] const Failure& failure() const noexcept { return failure_; }

private:
    // Of a step: nullopt to go on with the next one.
    using Step = std::optional<Outcome>;

    [[nodiscard]] Step read_frame();
    [[nodiscard]] Step on_control(const FrameHeader& header);
    [[nodiscard]] Step on_data(const FrameHeader& header);
    [[nodiscard]] bool check_order(const FrameHeader& header);
    [[nodiscard]] bool check_limits(const FrameHeader& header);

    [[nodiscard]] bool is_small_message(const FrameHeader& header, std::size_t available) const noexcept;
    [[nodiscard]] std::size_t count_small_messages(std::span<const std::byte> bytes) const noexcept;
    [[nodiscard]] Outcome read_shown_message();

    void begin_frame(const FrameHeader& header);
    [[nodiscard]] Step drop_empty_frame(const FrameHeader& header);
    [[nodiscard]] Step read_payload(std::size_t header_size);
    [[nodiscard]] Stream::Fault read_plain(std::span<std::byte> header, std::span<std::byte> payload);
    [[nodiscard]] Stream::Fault inflate(std::span<const std::byte> header, std::span<const std::byte> payload);
    [[nodiscard]] Step end_message();

    Outcome fail(const Failure& failure);
    Outcome fail(Stream::Fault fault);
    [[nodiscard]] Stream::Fault add(std::string_view payload);
    void give_memory_back();

    InputBuffer* input_;
    Stream* stream_;
    Limits limits_;
    Rsv1 rsv1_ = Rsv1::reserved;
    bool dropping_ = false;

    Frame message_;
    Frame control_;
    const Frame* frame_ = &message_;
    Failure failure_;

    // Small messages that Beast has been shown and that have not been read, in bytes.
    std::size_t shown_ = 0;

    // The message that is coming in several parts.
    bool inside_message_ = false;
    bool begun_ = false; // some of it is in message_
    bool compressed_ = false;
    Frame::Type type_ = Frame::Type::text;
    std::size_t frames_ = 0;
    std::uint64_t announced_ = 0; // payload bytes of its frames
    std::byte postponed_{};       // opcode and RSV1 of a first frame that was empty

    // Its current frame.
    bool inside_frame_ = false;
    bool fin_ = false;
    bool ends_empty_ = false;
    std::uint64_t left_ = 0; // payload bytes that have not been read

    unsigned small_uses_ = 0; // of a large message_, in a row
};

} // namespace websockxx::protocol
