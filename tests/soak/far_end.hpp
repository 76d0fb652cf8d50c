// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/certificate.hpp"

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace websockxx::soak {

/// The servers of a soak and the bad network before them, in a process of its own, so that descriptors and memory of
/// this one are the clients' alone.
class FarEnd {
public:
    /// To be made while there is one thread only. Throws std::system_error.
    FarEnd(const example::Certificate& certificate, std::uint64_t seed);
    ~FarEnd();
    FarEnd(const FarEnd&) = delete;
    FarEnd& operator=(const FarEnd&) = delete;

    /// Two for plain connections, two for TLS.
    [[nodiscard]] const std::array<std::uint16_t, 4>& ports() const { return ports_; }
    /// From now on there are faults, at random, as also at the beginning.
    void trouble();
    /// From now on everything works. Returns how many faults there were since the beginning.
    std::size_t heal();

private:
    std::string read_line();

    pid_t child_ = -1;
    int to_child_ = -1;
    int from_child_ = -1;
    std::array<std::uint16_t, 4> ports_{};
};

} // namespace websockxx::soak
