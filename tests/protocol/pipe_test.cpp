// SPDX-License-Identifier: BSL-1.0
#include <websockxx/protocol/pipe.hpp>

#include "protocol/talk.hpp"
#include "support/test.hpp"

#include <array>
#include <string>

using namespace websockxx;
using namespace websockxx::test;
using websockxx::protocol::OutputBuffer;
using websockxx::protocol::Pipe;
namespace asio = boost::asio;

namespace {

struct Bench {
    OutputBuffer output;
    Pipe pipe{output, Talk::context()};

    void show(std::string_view header, std::string_view payload)
    {
        pipe.open(std::as_bytes(std::span{header}), std::as_bytes(std::span{payload}));
    }
    /// What one read finds, with so much room.
    std::string read(std::size_t size)
    {
        std::string room(size, '?');
        error_code ec;
        room.resize(pipe.read_some(asio::buffer(room), ec));
        CHECK(ec == (room.empty() ? error_code{asio::error::would_block} : error_code{}));
        return room;
    }
};

} // namespace

TEST_CASE("a pipe shows its bytes to as many reads as it takes, and no read crosses into the payload", "[protocol]")
{
    Bench bench;
    bench.show("head", "payload");
    CHECK(bench.read(3) == "hea");
    CHECK(bench.read(100) == "d");
    CHECK(bench.read(4) == "payl");
    CHECK(bench.read(4) == "oad");
    CHECK(bench.read(4).empty());
    bench.show("", "payload");
    CHECK(bench.read(100) == "payload");
}

TEST_CASE("a pipe reads into the first buffer that has room", "[protocol]")
{
    Bench bench;
    bench.show("", "bytes");
    std::string room(3, '?');
    const std::array buffers{asio::mutable_buffer{}, asio::buffer(room)};
    CHECK(bench.pipe.read_some(buffers) == 3);
    CHECK(room == "byt");
}

TEST_CASE("bytes that are read to where they lie stay there", "[protocol]")
{
    Bench bench;
    std::string bytes = "payload";
    bench.show("", bytes);
    CHECK(bench.pipe.read_some(asio::buffer(bytes)) == 7);
    CHECK(bytes == "payload");
}

TEST_CASE("a read of what a pipe does not show would wait, and says so", "[protocol]")
{
    Bench bench;
    std::string room(3, '?');
    CHECK_THROWS_AS(bench.pipe.read_some(asio::buffer(room)), boost::system::system_error);
    CHECK(room == "???");
}

TEST_CASE("what is written to a pipe is appended to the output, until nothing is to be written", "[protocol]")
{
    Bench bench;
    const std::array pieces{asio::buffer("one ", 4), asio::buffer("two", 3)};
    CHECK(bench.pipe.write_some(pieces) == 7);
    CHECK(bench.output.bytes().size() == 7);
    bench.pipe.write_nothing();
    CHECK(bench.pipe.write_some(pieces) == 7);
    CHECK(bench.output.bytes().size() == 7);
}

TEST_CASE("a handler that waits in a pipe is run by drain() when there is something to read", "[protocol]")
{
    Bench bench;
    std::string room(9, '?');
    std::size_t found = 0;
    bench.pipe.async_read_some(asio::buffer(room), [&](error_code ec, std::size_t size) {
        CHECK_FALSE(ec);
        found = size;
    });
    bench.pipe.drain();
    CHECK(found == 0);
    bench.show("", "bytes");
    CHECK(found == 0);
    bench.pipe.drain();
    CHECK(found == 5);
}

TEST_CASE("executors of a pipe are equal, and differ from those of another one", "[protocol]")
{
    Bench bench;
    Bench other;
    CHECK(bench.pipe.get_executor() == bench.pipe.get_executor());
    CHECK_FALSE(bench.pipe.get_executor() == other.pipe.get_executor());
}
