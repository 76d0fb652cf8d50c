// SPDX-License-Identifier: BSL-1.0
#include <websockxx/io/connector.hpp>

#include "support/socket_peer.hpp"
#include "support/test.hpp"
#include "support/transport_probe.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

using namespace websockxx;
using namespace websockxx::io;
using namespace websockxx::test;

namespace error = boost::asio::error;
using boost::asio::ip::make_address;
using boost::asio::ip::tcp;

namespace {

struct World {
    boost::asio::io_context context;
    std::shared_ptr<TransportProbe> owner = std::make_shared<TransportProbe>(nullptr);
    std::optional<Error> outcome;
    std::optional<TcpSocket> socket;
    std::optional<Connector> connector{std::in_place, Strand{context.get_executor()}, owner,
        [this](const Error& why, std::optional<TcpSocket> connected) {
            outcome = why;
            socket = std::move(connected);
        }};

    [[nodiscard]] bool run()
    {
        const bool done = run_until(context, [this] { return outcome.has_value(); });
        run_ready(context); // what the attempts that lost have to say
        return done;
    }

    /// A port on which nobody listens, on any address of this machine that the tests use.
    std::uint16_t free_port() { return tcp::acceptor(context, tcp::endpoint(tcp::v6(), 0)).local_endpoint().port(); }
};

/// Takes connections into its queue until there is no room: further ones are not answered.
class SilentServer {
public:
    SilentServer(boost::asio::io_context& context, std::uint16_t port) : acceptor_(context)
    {
        const tcp::endpoint endpoint{make_address("127.0.0.2"), port};
        acceptor_.open(endpoint.protocol());
        acceptor_.bind(endpoint);
        acceptor_.listen(0);
        for (int i = 0; i < 4; ++i) {
            auto& socket = queued_.emplace_back(context);
            socket.async_connect(acceptor_.local_endpoint(), [](error_code) {});
        }
    }

    [[nodiscard]] tcp::endpoint endpoint() const { return acceptor_.local_endpoint(); }

private:
    tcp::acceptor acceptor_;
    std::vector<tcp::socket> queued_;
};

} // namespace

TEST_CASE("a name is looked up, and one of its addresses connected to", "[system]")
{
    World world;
    SocketPeer peer{world.context};
    world.connector->connect("localhost", peer.port());
    CHECK_FALSE(world.outcome);
    REQUIRE(world.run());
    CHECK(*world.outcome == Error());
    CHECK(world.socket->remote_endpoint().port() == peer.port());
}

TEST_CASE("addresses of either family are not looked up", "[system]")
{
    const auto* const address = GENERATE("127.0.0.1", "::1");
    World world;
    SocketPeer peer{world.context, nullptr, address};
    world.connector->connect(address, peer.port());
    REQUIRE(world.run());
    CHECK(*world.outcome == Error());
    CHECK(world.socket->remote_endpoint() == tcp::endpoint(make_address(address), peer.port()));
}

TEST_CASE("all addresses are tried, and one that listens is enough", "[system]")
{
    World world;
    SocketPeer peer{world.context};
    const tcp::endpoint good{make_address("127.0.0.1"), peer.port()};
    const tcp::endpoint deaf{make_address("::1"), peer.port()};
    const tcp::endpoint also_deaf{make_address("127.0.0.3"), peer.port()};
    const std::vector<tcp::endpoint> orders[] = {{deaf, good}, {good, deaf}, {deaf, also_deaf, good}};
    world.connector->connect("somewhere", orders[GENERATE(0, 1, 2)]);
    REQUIRE(world.run());
    CHECK(*world.outcome == Error());
    CHECK(world.socket->remote_endpoint() == good);
}

TEST_CASE("if no address can be connected to, the error names them all", "[system]")
{
    World world;
    const auto port = world.free_port();
    const auto number = std::to_string(port);
    world.connector->connect("somewhere:" + number,
        {{make_address("127.0.0.1"), port}, {make_address("127.0.0.2"), port}, {make_address("::1"), port}});
    REQUIRE(world.run());
    CHECK(world.outcome->code() == error::connection_refused);
    CHECK(world.outcome->phase() == Phase::connect);
    CHECK(world.outcome->detail() == "somewhere:" + number + " (127.0.0.1:" + number +
                                         ": Connection refused; [::1]:" + number +
                                         ": Connection refused; 127.0.0.2:" + number + ": Connection refused)");
    CHECK_FALSE(world.socket);
}

TEST_CASE("a port at which nobody listens is refused, and the error names it once", "[system]")
{
    World world;
    const auto port = world.free_port();
    world.connector->connect("127.0.0.1", port);
    REQUIRE(world.run());
    CHECK(*world.outcome == Error(error::connection_refused, Phase::connect, "127.0.0.1:" + std::to_string(port)));
}

TEST_CASE("a name that cannot exist fails in the lookup", "[system]")
{
    World world;
    const std::string name = std::string(64, 'x') + ".test"; // RFC 1035 2.3.4: 63 octets
    world.connector->connect(name, 443);
    REQUIRE(world.run());
    CHECK(world.outcome->code().failed());
    CHECK(world.outcome->phase() == Phase::resolve);
    CHECK(world.outcome->detail() == name + ":443");
}

TEST_CASE("an address that does not answer keeps nobody waiting, and may still answer", "[system]")
{
    World world;
    SocketPeer peer{world.context};
    SilentServer silent{world.context, peer.port()};
    world.connector->connect("somewhere", {silent.endpoint(), {make_address("127.0.0.1"), peer.port()}});
    REQUIRE(world.run());
    CHECK(*world.outcome == Error());
}

TEST_CASE("a connector that is destroyed while it works says nothing, and lets its owner go", "[system]")
{
    const auto* const host = GENERATE("localhost", "127.0.0.1");
    World world;
    SocketPeer peer{world.context};
    const std::weak_ptr watch = world.owner;
    world.connector->connect(host, peer.port());
    world.owner.reset();
    CHECK_FALSE(watch.expired()); // a share for each pending operation
    world.connector.reset();
    CHECK(run_until(world.context, [&] { return watch.expired(); }));
    run_ready(world.context);
    CHECK_FALSE(world.outcome);
}

TEST_CASE("a connector may be destroyed when it is done, by what it calls", "[system]")
{
    World world;
    SocketPeer peer{world.context};
    bool done = false;
    world.connector.emplace(
        Strand{world.context.get_executor()}, world.owner, [&](const Error&, std::optional<TcpSocket>) {
            done = true;
            world.connector.reset();
        });
    world.connector->connect("somewhere", {{make_address("127.0.0.2"), peer.port()}, {make_address("::1"), peer.port()},
                                              {make_address("127.0.0.1"), peer.port()}});
    CHECK(run_until(world.context, [&] { return done; }));
    run_ready(world.context);
}
