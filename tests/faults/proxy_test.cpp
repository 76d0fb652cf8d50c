// SPDX-License-Identifier: BSL-1.0
#include "support/fault_proxy.hpp"
#include "support/test.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

/// The fault-injecting proxy itself: a test of a client is worth no more than the faults that it meets.

namespace {

using namespace websockxx::test;
using namespace std::chrono_literals;
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Then = Toxic::Then;
using Clock = std::chrono::steady_clock;

/// A server, a proxy before it, and a client, all with blocking sockets.
struct Line {
    asio::io_context context;
    tcp::acceptor acceptor{context, {asio::ip::address_v4::loopback(), 0}};
    FaultProxy proxy{acceptor.local_endpoint().port()};
    tcp::socket client{context};
    tcp::socket server{context};

    error_code connect(const std::string& address = "127.0.0.1")
    {
        error_code ec;
        client = tcp::socket{context};
        client.connect({asio::ip::make_address(address), proxy.port()}, ec);
        return ec;
    }
    void establish(const std::string& address = "127.0.0.1")
    {
        REQUIRE_FALSE(connect(address));
        server = acceptor.accept();
    }
};

std::string read(tcp::socket& socket, std::size_t size)
{
    std::string bytes(size, '\0');
    asio::read(socket, asio::buffer(bytes));
    return bytes;
}

/// All that comes, and how it ends.
std::pair<std::string, error_code> read_to_end(tcp::socket& socket)
{
    std::string bytes;
    error_code ec;
    asio::read(socket, asio::dynamic_buffer(bytes), ec);
    return {bytes, ec};
}

void send(tcp::socket& socket, std::string_view bytes) { asio::write(socket, asio::buffer(bytes)); }

} // namespace

TEST_CASE("the proxy passes bytes and ends both ways, counts them, and forgets a connection that is over", "[faults]")
{
    Line line;
    line.establish();
    send(line.client, "to the server");
    CHECK(read(line.server, 13) == "to the server");
    send(line.server, "back");
    CHECK(read(line.client, 4) == "back");
    line.client.shutdown(tcp::socket::shutdown_send);
    CHECK(read_to_end(line.server) == std::pair{std::string{}, error_code{asio::error::eof}});
    send(line.server, ", late");
    line.server.close();
    CHECK(read_to_end(line.client) == std::pair{std::string{", late"}, error_code{asio::error::eof}});
    line.proxy.wait_until("its end", [](const auto& tally) { return tally.open == 0; });
    const auto tally = line.proxy.tally();
    CHECK(tally.accepted == 1);
    CHECK(tally.came_to_server == 13);
    CHECK(tally.passed_to_server == 13);
    CHECK(tally.passed_to_client == 10);
}

TEST_CASE("the proxy passes a reset on", "[faults]")
{
    Line line;
    line.establish();
    line.client.set_option(asio::socket_base::linger{true, 0});
    line.client.close();
    CHECK(read_to_end(line.server).second == asio::error::connection_reset);
}

TEST_CASE("the proxy refuses, keeps its port meanwhile, and accepts again", "[faults]")
{
    Line line;
    line.proxy.refuse();
    for (int i = 0; i < 50; ++i) CHECK(line.connect() == asio::error::connection_refused);
    tcp::acceptor thief{line.context, tcp::v4()};
    error_code ec;
    thief.bind({asio::ip::address_v4::loopback(), line.proxy.port()}, ec);
    CHECK(ec == asio::error::address_in_use);
    line.proxy.accept();
    line.establish();
}

TEST_CASE("the proxy ignores who connects, without an answer, and answers him once it accepts", "[faults]")
{
    Line line;
    line.proxy.ignore();
    error_code ended = asio::error::would_block;
    line.client.async_connect(
        {asio::ip::address_v4::loopback(), line.proxy.port()}, [&](error_code ec) { ended = ec; });
    line.context.run_for(20ms);
    CHECK(ended == asio::error::would_block);
    CHECK(line.proxy.tally().accepted == 0);
    line.proxy.accept();
    line.context.run(); // the kernel asks again
    CHECK_FALSE(ended);
}

TEST_CASE("the proxy ignores whoever connects also when others fill its backlog before it does", "[faults]")
{
    Line line;
    std::atomic<bool> done = false;
    std::thread crowd{[&] {
        asio::io_context context;
        while (!done) {
            std::vector<tcp::socket> sockets;
            for (int i = 0; i < 20; ++i) {
                sockets.emplace_back(context).async_connect(
                    {asio::ip::address_v4::loopback(), line.proxy.port()}, [](error_code) {});
            }
        }
    }};
    const auto begin = Clock::now();
    for (int i = 0; i < 2000 && Clock::now() - begin < 3s; ++i) {
        line.proxy.ignore(); // must not wait: the kernel would for two minutes
        line.proxy.accept();
    }
    done = true;
    crowd.join();
    CHECK(Clock::now() - begin < 20s);
}

TEST_CASE("the proxy moves to another address, and is refused at the old one", "[faults]")
{
    Line line;
    line.proxy.move_to("127.0.0.2");
    CHECK(line.proxy.address() == "127.0.0.2");
    CHECK(line.connect() == asio::error::connection_refused);
    line.establish("127.0.0.2");
}

TEST_CASE("the proxy leads to another server", "[faults]")
{
    Line line;
    tcp::acceptor other{line.context, {asio::ip::address_v4::loopback(), 0}};
    line.proxy.lead_to(other.local_endpoint().port());
    CHECK_FALSE(line.connect());
    other.accept();
}

TEST_CASE("a toxic cuts the connection behind a byte, or without waiting for one", "[faults]")
{
    Line line;
    const auto [then, end] = GENERATE(std::pair{Then::end, error_code{asio::error::eof}},
        std::pair{Then::reset, error_code{asio::error::connection_reset}});
    line.proxy.set(Way::to_server, {.after = 3, .then = then});
    line.establish();
    send(line.client, "abcdef");
    CHECK(read_to_end(line.server).first == "abc");
    CHECK(read_to_end(line.client).second == end);

    line.proxy.set(Way::to_server, {.then = then});
    CHECK_FALSE(line.connect());
    CHECK(read_to_end(line.client).second == end);
}

TEST_CASE("the proxy ends all connections, and makes new ones", "[faults]")
{
    Line line;
    const auto [how, end] = GENERATE(std::pair{End::fin, error_code{asio::error::eof}},
        std::pair{End::reset, error_code{asio::error::connection_reset}});
    line.establish();
    line.proxy.end_all(how);
    CHECK(read_to_end(line.client).second == end);
    CHECK(read_to_end(line.server).second == end);
    line.establish();
}

TEST_CASE("a toxic half closes: one direction ends and the other goes on", "[faults]")
{
    Line line;
    line.establish();
    line.proxy.set(Way::to_client, {.after = 2, .then = Then::half_close});
    send(line.server, "abcd");
    CHECK(read_to_end(line.client) == std::pair{std::string{"ab"}, error_code{asio::error::eof}});
    send(line.client, "still here");
    CHECK(read(line.server, 10) == "still here");
}

TEST_CASE("a toxic swallows bytes and ends behind an offset, and passes what comes after it is healed", "[faults]")
{
    Line line;
    line.establish();
    line.proxy.set(Way::to_server, {.after = 2, .then = Then::swallow});
    send(line.client, "abcd");
    line.proxy.wait_until("four bytes", [](const auto& tally) { return tally.came_to_server == 4; });
    line.proxy.heal();
    send(line.client, "efgh");
    CHECK(read(line.server, 6) == "abefgh");

    line.proxy.set(Way::to_server, {.then = Then::swallow});
    line.client.close();
    line.proxy.heal();
    CHECK(read_to_end(line.server) == std::pair{std::string{}, error_code{asio::error::eof}});
    line.server.close();
    line.proxy.wait_until("its end", [](const auto& tally) { return tally.open == 0; });
}

TEST_CASE("a toxic holds bytes back, so that the sender gets stuck, and lets them go when it is healed", "[faults]")
{
    Line line;
    line.establish();
    line.proxy.set(Way::to_server, {.after = 2, .then = Then::hold});
    line.client.non_blocking(true);
    const std::string piece(64 * 1024, 'x');
    std::size_t sent = 0;
    for (error_code ec; !ec;) sent += line.client.write_some(asio::buffer(piece), ec);
    line.proxy.wait_until("two bytes", [](const auto& tally) { return tally.passed_to_server == 2; });
    CHECK(line.proxy.tally().came_to_server == 2);
    line.proxy.heal();
    CHECK(read(line.server, sent) == std::string(sent, 'x'));
}

TEST_CASE("a toxic inverts one byte", "[faults]")
{
    Line line;
    line.establish();
    line.proxy.set(Way::to_client, {.flip_at = 4});
    send(line.server, "abc");
    CHECK(read(line.client, 3) == "abc");
    send(line.server, "def");
    CHECK(read(line.client, 3) == "d\x9a"
                                  "f");
}

TEST_CASE("a toxic delays, in order, until it is healed", "[faults]")
{
    Line line;
    line.establish();
    line.proxy.set(Way::to_server, {.delay = 50ms});
    const auto begin = Clock::now();
    send(line.client, "a");
    send(line.client, "b");
    CHECK(read(line.server, 2) == "ab");
    CHECK(Clock::now() - begin >= 50ms);

    line.proxy.set(Way::to_server, {.delay = 1h});
    send(line.client, "c");
    line.proxy.wait_until("a byte", [](const auto& tally) { return tally.came_to_server == 3; });
    line.proxy.heal();
    CHECK(read(line.server, 1) == "c");
}

TEST_CASE("a toxic limits the rate", "[faults]")
{
    Line line;
    line.establish();
    line.proxy.set(Way::to_client, {.rate_bytes = 2, .rate_interval = 10ms});
    const auto begin = Clock::now();
    send(line.server, "abcdefg");
    CHECK(read(line.client, 2) == "ab");
    CHECK(read(line.client, 5) == "cdefg");
    CHECK(Clock::now() - begin >= 30ms);
}
