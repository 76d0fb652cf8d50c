// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/close.hpp>
#include <websockxx/conn.hpp>
#include <websockxx/frame.hpp>
#include <websockxx/protocol/deflate.hpp>
#include <websockxx/protocol/output_buffer.hpp>

#include <memory>
#include <optional>

namespace boost::asio {
class execution_context;
}

namespace websockxx::protocol {

/// Encodes frames: a second Beast stream over a Pipe of its own, which is only written to.
///
/// It is in the server's role, in which Beast writes a payload as it is; the Pipe masks it on its way into the output.
/// In the client's role Beast would copy it to a buffer and mask it there, with masks that repeat (see Masker), so that
/// it would have to be masked twice. The stream is made when it is needed first, and not kept by an idle connection.
class Encoder {
public:
    Encoder(OutputBuffer& output, boost::asio::execution_context& context);
    ~Encoder();
    Encoder(const Encoder&) = delete;
    Encoder& operator=(const Encoder&) = delete;

    /// From now on messages may be compressed, as agreed on, with the level, memory and threshold of `options`.
    void use_deflate(const AgreedDeflate& agreed, const Deflate& options);

    /// Encodes a frame that may be sent. The order of fragments is the caller's to check.
    void write(const Frame& frame);
    /// Encodes a close frame, once. Nothing is written after it.
    void close(const CloseFrame& close);

    /// Gives back what a later frame can make anew.
    void trim() noexcept;

private:
    class Beast;
    [[nodiscard]] Beast& beast();

    OutputBuffer* output_;
    boost::asio::execution_context* context_;
    std::optional<Deflate> deflate_; // agreed and wanted
    std::unique_ptr<Beast> beast_;
    bool inside_message_ = false; // some fragments of it are written
};

} // namespace websockxx::protocol
