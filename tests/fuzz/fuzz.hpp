// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

/// @file What the fuzz targets share. A target is one LLVMFuzzerTestOneInput(), linked to libFuzzer, or to replay.cpp,
/// which any compiler can.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace websockxx::fuzz {

/// What must hold for every input. Ends the program, so that the fuzzer keeps the input, also without assertions.
inline void require(bool holds, const char* what)
{
    if (holds) return;
    std::fprintf(stderr, "This does not hold: %s\n", what);
    std::abort();
}

/// The bytes of an input, taken from the front.
class Input {
public:
    Input(const std::uint8_t* data, std::size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}

    [[nodiscard]] bool empty() const noexcept { return rest_.empty(); }
    /// The next byte, 0 behind the end.
    std::uint8_t byte()
    {
        const auto taken = bytes(1);
        return taken.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(taken.front());
    }
    /// As many as there are.
    std::string_view bytes(std::size_t count)
    {
        const auto taken = rest_.substr(0, count);
        rest_.remove_prefix(taken.size());
        return taken;
    }
    std::string_view rest() { return bytes(rest_.size()); }

private:
    std::string_view rest_;
};

} // namespace websockxx::fuzz
