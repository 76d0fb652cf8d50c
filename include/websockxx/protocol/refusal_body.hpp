// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace websockxx::protocol {

/// The body of a refusal, of which the beginning is kept (RFC 9112 6, 7.1).
///
/// What the server wanted to say is known by its status, so a body that is broken is no error: it ends there. Chunk
/// extensions are skipped, and the fields behind the last chunk are not waited for.
class RefusalBody {
public:
    enum class Framing : std::uint8_t { length, chunks, end_of_stream };

    /// `length`: of a body whose framing is that. `most`: how much is kept.
    RefusalBody(Framing framing, std::uint64_t length, std::size_t most) noexcept
        : framing_(framing), left_(framing == Framing::chunks ? 0 : length), most_(most)
    {
    }

    /// Reads on, adding to `body`. True once nothing more is to come: it is whole, or broken, or as long as is kept.
    [[nodiscard]] bool read(std::string_view bytes, std::string& body);

private:
    /// In a chunk: its size, what follows that on its line, its data, the end of the line behind those.
    enum class Place : std::uint8_t { size, rest_of_line, data, carriage_return, newline };

    [[nodiscard]] bool keep(std::string_view& bytes, std::string& body);
    [[nodiscard]] bool read_framing(char byte);
    [[nodiscard]] bool read_size(char byte);
    [[nodiscard]] bool read_rest_of_line(char byte);

    Framing framing_;
    Place place_ = Place::size;
    std::uint64_t left_; // of the body or of the chunk's data
    std::size_t most_;
    std::size_t line_bytes_ = 0; // of the line with the chunk's size
};

} // namespace websockxx::protocol
