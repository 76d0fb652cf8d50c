// SPDX-License-Identifier: BSL-1.0

// Beast as its own asynchronous client examples use it, but for the strand, which one thread does not need:
// `tcp_stream` with its any_io_executor, one read and one write at a time, defaults for the rest.

#include "beast_client.hpp"

namespace {

struct AsInExamples {
    using Tcp = boost::beast::tcp_stream;
    static constexpr int concurrency_hint = BOOST_ASIO_CONCURRENCY_HINT_DEFAULT;
    template <class Stream>
    static void tune(Stream&)
    {
    }
};

} // namespace

int main(int argc, char** argv) { return bench::run_main(argc, argv, "beast", bench::run_beast<AsInExamples>); }
