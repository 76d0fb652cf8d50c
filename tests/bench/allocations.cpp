// SPDX-License-Identifier: BSL-1.0

// A library to be preloaded: counts the calls of malloc and its like, and says at the end on stderr `ALLOCATIONS n`.

#include <dlfcn.h>

#include <atomic>
#include <cstddef>
#include <cstdio>

namespace {

std::atomic<std::size_t> count{0};

// dlsym() itself may allocate before it has answered; these few bytes are never given back.
alignas(std::max_align_t) char early[4'096];
std::size_t early_used = 0;

void* take_early(std::size_t size)
{
    auto* const begin = early + early_used;
    early_used += (size + alignof(std::max_align_t) - 1) / alignof(std::max_align_t) * alignof(std::max_align_t);
    return early_used <= sizeof early ? begin : nullptr;
}

bool is_early(const void* pointer) { return pointer >= early && pointer < early + sizeof early; }

template <class Function>
Function next(const char* name)
{
    return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

struct Report {
    ~Report() { std::fprintf(stderr, "ALLOCATIONS %zu\n", count.load()); }
} report;

} // namespace

extern "C" {

void* malloc(std::size_t size)
{
    static const auto real = next<void* (*)(std::size_t)>("malloc");
    ++count;
    return real(size);
}

void* calloc(std::size_t number, std::size_t size)
{
    static bool asking = false;
    static void* (*real)(std::size_t, std::size_t) = nullptr;
    if (!real) {
        if (asking) return take_early(number * size);
        asking = true;
        real = next<void* (*)(std::size_t, std::size_t)>("calloc");
    }
    ++count;
    return real(number, size);
}

void* realloc(void* pointer, std::size_t size)
{
    static const auto real = next<void* (*)(void*, std::size_t)>("realloc");
    ++count;
    return real(pointer, size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size)
{
    static const auto real = next<void* (*)(std::size_t, std::size_t)>("aligned_alloc");
    ++count;
    return real(alignment, size);
}

int posix_memalign(void** pointer, std::size_t alignment, std::size_t size)
{
    static const auto real = next<int (*)(void**, std::size_t, std::size_t)>("posix_memalign");
    ++count;
    return real(pointer, alignment, size);
}

void free(void* pointer)
{
    static const auto real = next<void (*)(void*)>("free");
    if (!is_early(pointer)) real(pointer);
}

} // extern "C"
