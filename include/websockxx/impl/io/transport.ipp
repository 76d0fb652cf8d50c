// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/io/tcp_transport.hpp>
#include <websockxx/io/tls_transport.hpp>
#include <websockxx/io/transport.hpp>

#include <utility>

namespace websockxx::io {

std::unique_ptr<Transport> make_transport(const Conn& conn, const Strand& strand)
{
    std::unique_ptr<Transport> transport = std::make_unique<TcpTransport>(strand);
    if (conn.secure) transport = std::make_unique<TlsTransport>(strand, std::move(transport));
    return transport;
}

} // namespace websockxx::io
