// SPDX-License-Identifier: BSL-1.0
#include "support/conformance.hpp"
#include "support/test.hpp"

using namespace websockxx;
using namespace websockxx::test;
using namespace websockxx::test::conformance;

namespace {

const std::string status_line = "HTTP/1.1 101 Switching Protocols\r\n";
const std::string upgrade_line = "Upgrade: websocket\r\n";
const std::string connection_line = "Connection: Upgrade\r\n";
const std::string accept_line = "Sec-WebSocket-Accept: {accept}\r\n";

/// A good answer, with more fields.
std::string good(const std::string& more = {})
{
    return status_line + upgrade_line + connection_line + accept_line + more + "\r\n";
}

Conn wanting(std::vector<std::string> subprotocols)
{
    auto conn = Talk::plain_conn();
    conn.subprotocols = std::move(subprotocols);
    return conn;
}

UpgradeRow row(std::string name, std::string answer, error_code error = {})
{
    return {std::move(name), std::move(answer), error};
}

} // namespace

TEST_CASE("S11 WXB-16 the status must be 101", "[conformance]")
{
    std::vector<UpgradeRow> rows{
        row("101", good()),
        row("without a reason", "HTTP/1.1 101 \r\n" + upgrade_line + connection_line + accept_line + "\r\n"),
        row("with another reason", "HTTP/1.1 101 Fine\r\n" + upgrade_line + connection_line + accept_line + "\r\n"),
        row("behind 100 Continue", "HTTP/1.1 100 Continue\r\n\r\n" + good()),
        row("behind 103 with fields", "HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n" + good()),
    };
    for (const int status : {200, 201, 202, 204, 205, 206, 300, 301, 302, 304, 307, 308, 400, 401, 403, 404, 405, 407,
             426, 429, 499, 500, 501, 502, 503, 599, 600, 999}) {
        rows.push_back(row(std::to_string(status),
            "HTTP/1.1 " + std::to_string(status) + " Other\r\n" + upgrade_line + connection_line + accept_line +
                "Content-Length: 0\r\n\r\n",
            errc::handshake_refused));
    }
    rows.push_back(
        row("a 403 with a body", "HTTP/1.1 403 No\r\nContent-Length: 5\r\n\r\nHello", errc::handshake_refused));
    rows.push_back(row("a 403 in chunks",
        "HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nHello\r\n0\r\n\r\n", errc::handshake_refused));
    play_openings(rows);
}

TEST_CASE("S11 WXB-11 what is no answer of HTTP/1.1 is refused", "[conformance]")
{
    const auto rest = upgrade_line + connection_line + accept_line + "\r\n";
    play_openings({
        row("HTTP/1.0", "HTTP/1.0 101 Switching Protocols\r\n" + rest, errc::handshake_malformed),
        row("HTTP/2", "HTTP/2 101 Switching Protocols\r\n" + rest, errc::handshake_malformed),
        row("HTTP/1.2", "HTTP/1.2 101 Switching Protocols\r\n" + rest, errc::handshake_malformed),
        row("another protocol", "ICY 101 Switching Protocols\r\n" + rest, errc::handshake_malformed),
        row("small letters", "http/1.1 101 Switching Protocols\r\n" + rest, errc::handshake_malformed),
        row("an empty line first", "\r\n" + good(), errc::handshake_malformed),
        row("two digits", "HTTP/1.1 10 Switching Protocols\r\n" + rest, errc::handshake_malformed),
        row("four digits", "HTTP/1.1 1010 Switching Protocols\r\n" + rest, errc::handshake_malformed),
        row("letters", "HTTP/1.1 abc Switching Protocols\r\n" + rest, errc::handshake_malformed),
        row("no status", "HTTP/1.1\r\n" + rest, errc::handshake_malformed),
        row("lines that end with LF", "HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\n\n",
            errc::handshake_malformed),
        row("a field without a colon", status_line + "Upgrade websocket\r\n" + rest, errc::handshake_malformed),
        row("a blank before the colon", status_line + "Upgrade : websocket\r\n" + rest, errc::handshake_malformed),
        row("a field without a name", status_line + ": websocket\r\n" + rest, errc::handshake_malformed),
        row("a NUL in a field", status_line + std::string("X: a\0b\r\n", 8) + rest, errc::handshake_malformed),
        row("a CR in a field", status_line + "X: a\rb\r\n" + rest, errc::handshake_malformed),
        row("a frame", frames::encode(frames::text, "Hello"), errc::handshake_malformed),
        row("a request", "GET / HTTP/1.1\r\n\r\n", errc::handshake_malformed),
        row("too many bytes", status_line + "X: " + std::string(20'000, 'x') + "\r\n" + rest,
            errc::handshake_too_large),
    });
}

TEST_CASE("S11 WXB-12 Upgrade must say websocket", "[conformance]")
{
    const auto with = [](const std::string& fields) {
        return status_line + fields + connection_line + accept_line + "\r\n";
    };
    play_openings({
        row("in any case", with("uPGRADE: WebSocket\r\n")),
        row("without a blank", with("Upgrade:websocket\r\n")),
        row("with blanks around it", with("Upgrade: \t websocket \t \r\n")),
        row("in a list", with("Upgrade: h2c, websocket\r\n")),
        row("in a second field", with("Upgrade: h2c\r\nUpgrade: websocket\r\n")),
        row("none", with(""), errc::bad_upgrade),
        row("empty", with("Upgrade: \r\n"), errc::bad_upgrade),
        row("another", with("Upgrade: h2c\r\n"), errc::bad_upgrade),
        row("more of it", with("Upgrade: websockets\r\n"), errc::bad_upgrade),
        row("less of it", with("Upgrade: websocke\r\n"), errc::bad_upgrade),
        row("in two words", with("Upgrade: web socket\r\n"), errc::bad_upgrade),
        row("in another field", with("X-Upgrade: websocket\r\n"), errc::bad_upgrade),
    });
}

TEST_CASE("S11 WXB-12 Connection must say Upgrade", "[conformance]")
{
    const auto with = [](const std::string& fields) {
        return status_line + upgrade_line + fields + accept_line + "\r\n";
    };
    play_openings({
        row("in any case", with("CONNECTION: upgrade\r\n")),
        row("in a list", with("Connection: keep-alive, Upgrade\r\n")),
        row("first in a list", with("Connection: upgrade,keep-alive\r\n")),
        row("in a second field", with("Connection: keep-alive\r\nConnection: Upgrade\r\n")),
        row("none", with(""), errc::bad_upgrade),
        row("empty", with("Connection:\r\n"), errc::bad_upgrade),
        row("another", with("Connection: keep-alive\r\n"), errc::bad_upgrade),
        row("close", with("Connection: close\r\n"), errc::bad_upgrade),
        row("more of it", with("Connection: Upgraded\r\n"), errc::bad_upgrade),
    });
}

TEST_CASE("S11 WXB-11 WXB-14 the Accept must be that of our key, once", "[conformance]")
{
    const auto with = [](const std::string& fields) {
        return status_line + upgrade_line + connection_line + fields + "\r\n";
    };
    play_openings({
        row("its name in any case", with("sec-websocket-ACCEPT: {accept}\r\n")),
        row("with blanks around it", with("Sec-WebSocket-Accept: \t{accept} \t\r\n")),
        row("none", with(""), errc::bad_accept),
        row("empty", with("Sec-WebSocket-Accept:\r\n"), errc::bad_accept),
        row("of another key", with("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"), errc::bad_accept),
        row("more of it", with("Sec-WebSocket-Accept: {accept}=\r\n"), errc::bad_accept),
        row("in quotes", with("Sec-WebSocket-Accept: \"{accept}\"\r\n"), errc::bad_accept),
        row("twice", with(accept_line + accept_line), errc::bad_accept),
        row("twice in a list", with("Sec-WebSocket-Accept: {accept}, {accept}\r\n"), errc::bad_accept),
        row("a wrong one behind it", with(accept_line + "Sec-WebSocket-Accept: wrong\r\n"), errc::bad_accept),
        row("a wrong one before it", with("Sec-WebSocket-Accept: wrong\r\n" + accept_line), errc::bad_accept),
    });
}

TEST_CASE("S11 WXB-13 the subprotocol must be one that was asked for, once", "[conformance]")
{
    const auto says = [](const std::string& value) { return good("Sec-WebSocket-Protocol: " + value + "\r\n"); };
    const auto chat = wanting({"chat", "superchat"});
    play_openings({
        {"none", good(), {}, chat},
        {"the first", says("chat"), {}, chat, "chat"},
        {"the second", says("superchat"), {}, chat, "superchat"},
        {"with blanks around it", says(" chat \t"), {}, chat, "chat"},
        {"its field in any case", good("SEC-WEBSOCKET-PROTOCOL: chat\r\n"), {}, chat, "chat"},
        {"in another case", says("Chat"), errc::unexpected_subprotocol, chat},
        {"another", says("other"), errc::unexpected_subprotocol, chat},
        {"empty", says(""), errc::unexpected_subprotocol, chat},
        {"two", says("chat, superchat"), errc::unexpected_subprotocol, chat},
        {"twice", good("Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Protocol: chat\r\n"),
            errc::unexpected_subprotocol, chat},
        {"two fields", good("Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Protocol: superchat\r\n"),
            errc::unexpected_subprotocol, chat},
        {"one that nobody asked for", says("chat"), errc::unexpected_subprotocol},
        {"an empty one that nobody asked for", says(""), errc::unexpected_subprotocol},
    });
}

TEST_CASE("S11 other fields do not matter, however many there are", "[conformance]")
{
    std::string many;
    for (int number = 0; number < 90; ++number) many += "X-" + std::to_string(number) + ": y\r\n";
    play_openings({
        row("many", good(many)),
        row("twice", good("Server: a\r\nServer: b\r\n")),
        row("cookies", good("Set-Cookie: a=b; Path=/\r\nSet-Cookie: c=d\r\n")),
        row("an empty one", good("X-Empty:\r\n")),
        row("one of any bytes beyond ASCII", good("X: \xc3\xa9\xff\r\n")),
        row("Sec-WebSocket-Version", good("Sec-WebSocket-Version: 13\r\n")),
        row("more than the limit", good(many + many), errc::handshake_too_large),
    });
}
