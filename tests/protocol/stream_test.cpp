// SPDX-License-Identifier: BSL-1.0
#include <websockxx/protocol/stream.hpp>

#include "protocol/talk.hpp"
#include "support/test.hpp"

using namespace websockxx;
using namespace websockxx::test;

TEST_CASE("a read of what is not there fails, it does not wait", "[protocol]")
{
    struct Context final : boost::asio::execution_context {
        ~Context()
        {
            shutdown();
            destroy();
        }
    } context;
    protocol::OutputBuffer output;
    protocol::Stream stream(output, context, Limits{});
    stream.start(Talk::plain_conn());
    const std::string request(reinterpret_cast<const char*>(output.bytes().data()), output.bytes().size());
    const auto key = request.substr(request.find("Key: ") + 5, 24);
    REQUIRE(stream.accept({accept_for(key), "", std::nullopt}));

    std::byte room[10];
    stream.show_frames({});
    CHECK(stream.read(room) == protocol::Stream::Fault::broken);
}

TEST_CASE("a stream may be destroyed while the opening handshake waits", "[protocol]")
{
    Talk talk;
    CHECK_FALSE(talk.request.empty());
}
