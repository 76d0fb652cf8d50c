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

// Of the operators of tests/torture/allocations_test.cpp.
inline std::size_t allocations_left = 0;  ///< until one fails; 0: none does
inline std::size_t allocations_safe = 0;  ///< while it is not 0 none fails, nor is counted
inline std::size_t allocations_tried = 0; ///< that could have failed

/// As long as it lives this is the test's own memory, which does not fail.
class SafeAllocations {
public:
    SafeAllocations() { ++allocations_safe; }
    ~SafeAllocations() { --allocations_safe; }
    SafeAllocations(const SafeAllocations&) = delete;
    SafeAllocations& operator=(const SafeAllocations&) = delete;
};

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
