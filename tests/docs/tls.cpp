// SPDX-License-Identifier: BSL-1.0
#include <websockxx/websockxx.hpp>

#include "support/test.hpp"

#include <string>

/// The blocks of docs/guide/tls.md.

namespace {

using namespace websockxx;

} // namespace

TEST_CASE("the blocks of the page of TLS are options that can be used", "[docs]")
{
    // region: ca
    Conn conn = Conn::parse("wss://broker.factory.lan:8443/").value();
    conn.tls.ca_file = "/etc/factory/ca.pem"; // trusted besides the system's roots
    conn.tls.system_roots = false;            // and now instead of them
    // endregion
    CHECK(conn.check().has_value());

    // region: client_certificate
    conn.tls.certificate_file = "/etc/factory/sensor-17.pem"; // ours, and behind it the intermediates
    conn.tls.private_key_file = "/etc/factory/sensor-17.key"; // without a password
    // endregion
    CHECK(conn.check().has_value());

    // region: server_name
    Conn tunnel = Conn::parse("wss://127.0.0.1:8443/").value();
    tunnel.tls.server_name = "broker.factory.lan"; // what the certificate must be for
    tunnel.headers.set("Host", "broker.factory.lan");
    // endregion
    CHECK(tunnel.check().has_value());
}
