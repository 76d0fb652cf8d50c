// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "matrix.hpp"
#include "scene.hpp"

#include <chrono>
#include <cstdint>

/// What each fault is, in each part of a connection's life. Meaningless ones throw.

namespace websockxx::faults {

inline constexpr std::chrono::milliseconds delay_of_fault{100};

/// What the name server does from now on.
void strike_lookup(Scene& scene, Fault fault);
/// What those who connect meet from now on.
void strike_connect(Scene& scene, Fault fault);
/// What befalls the connection that there is. Of what goes one `way` a byte is corrupted, or all come slowly, with so
/// long between two bytes.
void strike(Scene& scene, Fault fault, test::Way way, std::chrono::milliseconds between_bytes);
/// What the next attempts meet.
void strike_next(Scene& scene, Fault fault);

/// Of what is sent from now on: the first byte, or one that TLS protects.
[[nodiscard]] std::uint64_t corrupted_byte(const Scene& scene);

} // namespace websockxx::faults
