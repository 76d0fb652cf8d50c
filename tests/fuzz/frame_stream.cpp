// SPDX-License-Identifier: BSL-1.0
#include "streams.hpp"

/// S2 S3 S4 S12 S13 Any bytes as frames from the server.

using namespace websockxx;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    fuzz::Input input{data, size};
    const auto options = input.byte();
    auto conn = test::Talk::plain_conn();
    conn.deliver_fragments = (options & 1) != 0;
    if ((options & 2) != 0) conn.limits.message_bytes = 100;
    if ((options & 4) != 0) conn.limits.fragments = 3;
    fuzz::run_stream(conn, input.rest());
    return 0;
}
