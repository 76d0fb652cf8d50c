// SPDX-License-Identifier: BSL-1.0
#pragma once

/// @file How the library is built. Users never define these macros: the CMake targets and the pkg-config file do.
///
/// `WEBSOCKXX_SHARED`  the library is, or is linked as, a shared one.
/// `WEBSOCKXX_SOURCE`  the library itself is being compiled.

#define WEBSOCKXX_VERSION_MAJOR 0
#define WEBSOCKXX_VERSION_MINOR 1
#define WEBSOCKXX_VERSION_PATCH 0
#define WEBSOCKXX_VERSION_STRING "0.1.0"

#if defined(WEBSOCKXX_SHARED) && defined(_WIN32)
#if defined(WEBSOCKXX_SOURCE)
#define WEBSOCKXX_DECL __declspec(dllexport)
#else
#define WEBSOCKXX_DECL __declspec(dllimport)
#endif
#elif defined(WEBSOCKXX_SHARED)
#define WEBSOCKXX_DECL __attribute__((visibility("default")))
#else
#define WEBSOCKXX_DECL
#endif
