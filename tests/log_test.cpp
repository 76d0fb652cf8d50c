// SPDX-License-Identifier: BSL-1.0
#include <websockxx/log.hpp>

#include "support/test.hpp"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <string>

using namespace websockxx;

namespace {

/// What the function writes to the standard error stream.
template <class Function>
std::string standard_error_of(Function function)
{
    std::array<int, 2> pipe{};
    REQUIRE(::pipe(pipe.data()) == 0);
    std::fflush(stderr);
    const int kept = ::dup(STDERR_FILENO);
    ::dup2(pipe[1], STDERR_FILENO);
    function();
    std::fflush(stderr);
    ::dup2(kept, STDERR_FILENO);
    ::close(kept);
    ::close(pipe[1]);
    std::string text;
    std::array<char, 256> room{};
    for (ssize_t size = 0; (size = ::read(pipe[0], room.data(), room.size())) > 0;) {
        text.append(room.data(), static_cast<std::size_t>(size));
    }
    ::close(pipe[0]);
    return text;
}

} // namespace

TEST_CASE("the default log writes whole lines that say how bad it is to the standard error stream", "[log]")
{
    CHECK(standard_error_of([] {
        log_to_stderr(Severity::warning, "mind this");
        log_to_stderr(Severity::error, "lost");
        log_to_stderr(Severity::trace, "successfully connected");
    }) == "websockxx: warning: mind this\nwebsockxx: error: lost\n*DBG* successfully connected\n");
}
