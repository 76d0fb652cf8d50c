// SPDX-License-Identifier: BSL-1.0
#include <websockxx/protocol/request.hpp>

#include "protocol/talk.hpp"
#include "support/test.hpp"

#include <array>
#include <set>

#include <sys/wait.h>
#include <unistd.h>

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

TEST_CASE("S10 a process that is forked has keys and masks of its own", "[protocol]")
{
    (void)Talk(); // what a generator has drawn before is not drawn again after
    OpenTalk before;
    const auto draw = [] {
        OpenTalk talk;
        (void)talk.protocol.write(Frame::text("x"));
        return talk.field("Sec-WebSocket-Key") + std::to_string(talk.take_frame().mask);
    };
    std::set<std::string> drawn;
    constexpr int children = 4;
    for (int child = 0; child < children; ++child) {
        int ends[2];
        REQUIRE(pipe(ends) == 0);
        const auto process = fork();
        REQUIRE(process >= 0);
        if (process == 0) {
            const auto text = draw();
            const auto written = write(ends[1], text.data(), text.size());
            _exit(written == static_cast<ssize_t>(text.size()) ? 0 : 1); // nothing of the parent's is ended here
        }
        close(ends[1]);
        std::string text(200, '\0');
        const auto size = read(ends[0], text.data(), text.size());
        close(ends[0]);
        int status = 1;
        REQUIRE(waitpid(process, &status, 0) == process);
        REQUIRE(status == 0);
        REQUIRE(size > 24);
        drawn.insert(text.substr(0, static_cast<std::size_t>(size)));
    }
    drawn.insert(draw());
    CHECK(drawn.size() == children + 1);
}

TEST_CASE("S10 a key is 16 bytes in base64, and no bit of it is preferred", "[protocol]")
{
    constexpr std::size_t keys = 20'000;
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::array<std::array<std::size_t, 64>, 21> counts{}; // the 22nd character has two bits only
    for (std::size_t number = 0; number < keys; ++number) {
        const auto key = protocol::make_key();
        REQUIRE(key.size() == 24);
        REQUIRE(key.substr(22) == "==");
        for (std::size_t place = 0; place < counts.size(); ++place) ++counts[place].at(alphabet.find(key[place]));
    }
    for (const auto& of_place : counts) {
        double chi_square = 0;
        for (const auto count : of_place) {
            const auto off = static_cast<double>(count) - static_cast<double>(keys) / 64;
            chi_square += off * off / (static_cast<double>(keys) / 64);
        }
        CHECK(chi_square < 160); // 63 degrees of freedom: more than that happens once in 10^10
    }
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
