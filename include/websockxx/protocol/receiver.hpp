// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/conn.hpp>
#include <websockxx/frame.hpp>
#include <websockxx/protocol/close_payload.hpp>
#include <websockxx/protocol/fragmented_text.hpp>
#include <websockxx/protocol/frame_peek.hpp>
#include <websockxx/protocol/input_buffer.hpp>
#include <websockxx/protocol/message_buffer.hpp>
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
/// not check (limits, lengths) and what it would have to wait for. Beast reads the data frames: their order, UTF-8,
/// inflating. A payload is read while it arrives, so that the first wrong byte of a text is the last one that is read,
/// and memory grows with what has come.
///
/// A message that lies whole in the input is handed over where it lies. Others are put together in a buffer, which long
/// payloads are received into without a copy: see prepare().
class Receiver {
public:
    enum class Outcome {
        nothing,  ///< more bytes are needed
        message,  ///< frame()
        fragment, ///< fragment()
        ping,     ///< frame()
        pong,     ///< frame()
        close,    ///< frame() has the payload
        failed,   ///< failure(); nothing can be read any more
    };

    /// Whether a message is given whole, or in parts as it arrives.
    enum class Deliver : std::uint8_t { messages, fragments };

    Receiver(InputBuffer& input, Stream& stream, const Limits& limits, Deliver deliver = Deliver::messages)
        : input_(&input), stream_(&stream), limits_(limits), deliver_(deliver)
    {
    }

    void allow_compressed() noexcept { rsv1_ = Rsv1::compressed; }
    /// From now on messages, pings and pongs are dropped, and Beast sees nothing any more.
    void drop_all() noexcept;

    /// Room for the rest of a long payload, in the message itself; empty: the input has to take what comes.
    [[nodiscard]] std::span<std::byte> prepare();
    /// The first `size` bytes of that room were filled.
    void commit(std::size_t size);

    [[nodiscard]] Outcome next();
    /// Until the next call of next() or prepare().
    [[nodiscard]] const Frame& frame() const noexcept { return frame_; }
    /// Until the next call of next() or prepare().
    [[nodiscard]] const Fragment& fragment() const noexcept { return fragment_; }
    /// How many frames that message, or what has come of it, consists of.
    [[nodiscard]] std::size_t frames() const noexcept { return frames_; }
    [[nodiscard]] const Failure& failure() const noexcept { return failure_; }
    /// After `nothing`: 0, or a number for what has begun to come and is not whole, another one for each message; or,
    /// if fragments are delivered, for each part.
    [[nodiscard]] std::uint64_t unfinished() const noexcept;

    /// Gives memory back that is not needed now, because nothing has come for a while.
    void trim() noexcept;

private:
    // Of a step: nullopt to go on with the next one.
    using Step = std::optional<Outcome>;

    [[nodiscard]] Step read_frame();
    [[nodiscard]] Step on_control(const FrameHeader& header);
    [[nodiscard]] Step on_data(const FrameHeader& header);
    [[nodiscard]] bool check_order(const FrameHeader& header);
    [[nodiscard]] bool check_limits(const FrameHeader& header);

    [[nodiscard]] bool is_worth_waiting_for(const FrameHeader& header, std::size_t available) const noexcept;
    [[nodiscard]] Outcome wait_for(const FrameHeader& header);

    [[nodiscard]] bool is_small_message(const FrameHeader& header, std::size_t available) const noexcept;
    void show_small_messages() noexcept;
    [[nodiscard]] Outcome read_shown_message();

    void begin_frame(const FrameHeader& header);
    [[nodiscard]] Step drop_empty_frame(const FrameHeader& header);
    [[nodiscard]] Step read_payload(std::size_t header_size);
    [[nodiscard]] Stream::Fault read_plain(std::span<std::byte> header, std::span<std::byte> payload);
    [[nodiscard]] Stream::Fault inflate(
        std::span<std::byte> header, std::span<const std::byte> payload, std::size_t& used);
    [[nodiscard]] bool part_is_full() const noexcept;
    [[nodiscard]] Step end_message();
    [[nodiscard]] Outcome give(std::string_view message);
    [[nodiscard]] std::string_view part() const noexcept;
    [[nodiscard]] bool has_part() const noexcept;
    [[nodiscard]] Outcome give_part(bool last);

    Outcome fail(const Failure& failure);
    Outcome fail(Stream::Fault fault);
    [[nodiscard]] Stream::Fault add(std::string_view payload);
    void reclaim() noexcept;

    InputBuffer* input_;
    Stream* stream_;
    Limits limits_;
    Deliver deliver_;
    Rsv1 rsv1_ = Rsv1::reserved;
    bool dropping_ = false;

    Frame frame_;
    Fragment fragment_;
    Failure failure_;

    // Small messages that Beast has been shown and that have not been read, in bytes. All are of one type.
    std::size_t shown_ = 0;
    Frame::Type shown_type_ = Frame::Type::text;

    std::uint64_t given_ = 0; // messages, parts of them, and control frames between them

    // The message that is coming in several parts.
    MessageBuffer parts_;
    std::string_view whole_;    // what lies in the input, to be given from there, and is not in parts_
    std::uint64_t size_ = 0;    // of its payload, inflated, so far
    FragmentedText tail_;       // of a text that is given in parts, or waited for
    std::size_t looked_at_ = 0; // of a text that is waited for
    bool inside_message_ = false;
    bool begun_given_ = false; // a fragment of it was given
    bool compressed_ = false;
    Frame::Type type_ = Frame::Type::text;
    std::size_t frames_ = 0;
    std::uint64_t announced_ = 0; // payload bytes of its frames
    std::byte postponed_{};       // opcode and RSV1 of a first frame that was empty

    // Its current frame.
    bool inside_frame_ = false;
    bool fin_ = false;
    bool ends_empty_ = false;
    std::uint64_t left_ = 0;                    // payload bytes that have not been read
    Stream::Fault fault_ = Stream::Fault::none; // found by commit()

    unsigned small_uses_ = 0; // of large parts_, in a row
};

} // namespace websockxx::protocol
