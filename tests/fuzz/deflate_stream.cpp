// SPDX-License-Identifier: BSL-1.0
#include "streams.hpp"

/// S1 S19 Any bytes as compressed messages: as frames, or, so that the fuzzer reaches the inflater, as their payloads.

using namespace websockxx;

namespace {

/// Compressed messages of one frame, or two.
std::string frames_of(fuzz::Input& input)
{
    std::string frames;
    while (!input.empty()) {
        const std::string payload{input.bytes(input.byte())};
        const bool split = input.byte() % 4 == 0;
        const auto cut = split ? payload.size() / 2 : payload.size();
        frames += test::frames::encode(test::frames::binary, payload.substr(0, cut), {.fin = !split, .rsv = 4});
        if (split) frames += test::frames::encode(test::frames::continuation, payload.substr(cut));
    }
    return frames;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    fuzz::Input input{data, size};
    const auto options = input.byte();
    auto conn = test::Talk::deflate_conn();
    conn.limits.message_bytes = (options & 1) != 0 ? 200 : 100'000;
    conn.deliver_fragments = (options & 2) != 0;
    fuzz::run_stream(conn, (options & 4) != 0 ? std::string{input.rest()} : frames_of(input));
    return 0;
}
