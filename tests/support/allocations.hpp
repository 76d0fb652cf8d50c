// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <cstddef>

namespace websockxx::test {

// Counted by the operators of tests/protocol/allocation_test.cpp, for the whole program of unit tests.
inline std::atomic<std::size_t> allocations = 0;
inline std::atomic<std::size_t> allocated_bytes = 0;
inline std::atomic<std::size_t> live_bytes = 0;
inline std::atomic<std::size_t> most_live_bytes = 0; ///< since a test set it back

template <class Work>
std::size_t count_allocations(const Work& work)
{
    const std::size_t before = allocations;
    work();
    return allocations - before;
}

template <class Work>
std::size_t count_bytes(const Work& work)
{
    const std::size_t before = allocated_bytes;
    work();
    return allocated_bytes - before;
}

/// How much more memory was in use, at its worst, than before. Of one thread.
template <class Work>
std::size_t most_live(const Work& work)
{
    const std::size_t before = live_bytes;
    most_live_bytes = before;
    work();
    return most_live_bytes - before;
}

} // namespace websockxx::test
