// SPDX-License-Identifier: BSL-1.0

// Beast with what helps: a concrete executor, one thread, large writes, whole frames. Nagle's algorithm stays on, as in
// the examples: without it, each small message would be a packet, and cost several times as much to send.

#include "beast_client.hpp"

namespace {

struct Tuned {
    using Tcp = boost::beast::basic_stream<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;
    static constexpr int concurrency_hint = 1;
    template <class Stream>
    static void tune(Stream& stream)
    {
        stream.auto_fragment(false);
        stream.write_buffer_bytes(64 * 1024);
    }
};

} // namespace

int main(int argc, char** argv) { return bench::run_main(argc, argv, "beast_tuned", bench::run_beast<Tuned>); }
