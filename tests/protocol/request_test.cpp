// SPDX-License-Identifier: BSL-1.0
#include <websockxx/protocol/request.hpp>

#include "protocol/talk.hpp"
#include "support/test.hpp"

#include <set>

using namespace websockxx;
using namespace websockxx::test;
using websockxx::protocol::request_headers;

TEST_CASE("WX-135 the request of a Conn is what RFC 6455 4.1 asks for", "[protocol]")
{
    Conn conn;
    conn.secure = false;
    conn.host = "lime.com";
    conn.port = 80;
    conn.target = "/coco?nut=true";
    conn.headers.add("X-Test", "Shoes");
    const Talk talk(conn);

    CHECK_THAT(talk.request, StartsWith("GET /coco?nut=true HTTP/1.1\r\n"));
    CHECK_THAT(talk.request, EndsWith("\r\nX-Test: Shoes\r\n\r\n"));
    CHECK(talk.field("Host") == "lime.com");
    CHECK(talk.field("Connection") == "Upgrade");
    CHECK(talk.field("Upgrade") == "websocket");
    CHECK(talk.field("Sec-WebSocket-Version") == "13");
    CHECK(talk.field("Sec-WebSocket-Key").size() == 24); // 16 bytes in base64
    CHECK_THAT(talk.field("Sec-WebSocket-Key"), EndsWith("=="));
    CHECK(talk.field("User-Agent") == "websockxx/" WEBSOCKXX_VERSION_STRING);
    for (const auto* absent : {"Authorization", "Origin", "Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions"})
        CHECK(talk.field(absent).empty());
}

TEST_CASE("WX-135 a port that is not the scheme's is in the Host", "[protocol]")
{
    auto conn = Talk::plain_conn();
    conn.port = 9000;
    CHECK(Talk(conn).field("Host") == "example.org:9000");
}

TEST_CASE("S10 each request has a key of its own", "[protocol]")
{
    std::set<std::string> keys;
    for (int times = 0; times < 300; ++times) keys.insert(Talk().field("Sec-WebSocket-Key"));
    CHECK(keys.size() == 300);
}

TEST_CASE("credentials become an Authorization header", "[protocol]")
{
    auto conn = Talk::plain_conn();
    const auto [user, password, expected] = GENERATE(table<std::string, std::string, std::string>({
        {"Aladdin", "open sesame", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},
        {"", "", "Basic Og=="},
        {"a", "", "Basic YTo="},
        {"a", "b", "Basic YTpi"},
        {"\xFF\xFE", "\xFD", "Basic //46/Q=="},
    }));
    conn.credentials = Credentials{user, password};
    CHECK(request_headers(conn).get("Authorization") == expected);
}

TEST_CASE("subprotocols and permessage-deflate are offered", "[protocol]")
{
    auto conn = Talk::deflate_conn();
    conn.subprotocols = {"chat", "superchat"};
    const Talk talk(conn);
    CHECK(talk.field("Sec-WebSocket-Protocol") == "chat, superchat");
    CHECK(talk.field("Sec-WebSocket-Extensions") == "permessage-deflate; client_max_window_bits");
}

TEST_CASE("the user's Host, User-Agent and Authorization replace ours, other headers are added in order", "[protocol]")
{
    auto conn = Talk::plain_conn();
    conn.credentials = Credentials{"a", "b"};
    conn.headers = {
        {"Cookie", "a=1"}, {"host", "other"}, {"user-agent", "me"}, {"AUTHORIZATION", "Bearer x"}, {"Cookie", "b=2"}};
    CHECK(request_headers(conn) == Headers{{"host", "other"}, {"user-agent", "me"}, {"AUTHORIZATION", "Bearer x"},
                                       {"Cookie", "a=1"}, {"Cookie", "b=2"}});
    const Talk talk(conn);
    CHECK(talk.field("Host") == "other");
    CHECK_THAT(talk.request, EndsWith("\r\nCookie: a=1\r\nCookie: b=2\r\n\r\n"));
}

TEST_CASE("a header field that is too long to be sent is refused, and nothing is sent", "[protocol]")
{
    auto conn = Talk::plain_conn();
    conn.headers.add("X-Long", std::string(100'000, 'x'));
    Talk talk(conn);
    CHECK(talk.request.empty());
    talk.look();
    CHECK(talk.happenings == Happenings{refused});
    CHECK(talk.protocol.error().code() == errc::invalid_header);
}
