// SPDX-License-Identifier: BSL-1.0
#include <websockxx/io/transport.hpp>

#include <websockxx/io/tcp_transport.hpp>
#include <websockxx/io/tls_transport.hpp>

#include "support/test.hpp"

#include <boost/asio/io_context.hpp>

using namespace websockxx;
using namespace websockxx::io;

TEST_CASE("ws is carried by TCP, wss by TLS over TCP", "[io]")
{
    boost::asio::io_context context;
    const Strand strand{context.get_executor()};
    Conn conn;
    conn.secure = false;
    CHECK(dynamic_cast<TcpTransport*>(make_transport(conn, strand).get()) != nullptr);
    conn.secure = true;
    CHECK(dynamic_cast<TlsTransport*>(make_transport(conn, strand).get()) != nullptr);
}
