// SPDX-License-Identifier: BSL-1.0
#include <websockxx/conn.hpp>

#include "support/test.hpp"

#include <functional>
#include <initializer_list>
#include <random>
#include <string>
#include <utility>
#include <vector>

using namespace websockxx;
using namespace std::chrono_literals;

namespace {

Conn parsed(std::string_view url)
{
    auto conn = Conn::parse(url);
    CAPTURE(url);
    REQUIRE(conn.has_value());
    CHECK(conn->check().has_value());
    return *std::move(conn);
}

// What parse() says against a URL; "" if it takes it.
std::string objection(std::string_view url)
{
    const auto conn = Conn::parse(url);
    if (conn) return "";
    CHECK(conn.error().code() == errc::invalid_url);
    CHECK(conn.error().phase() == Phase::none);
    CHECK_FALSE(conn.error().detail().empty());
    return std::string(conn.error().detail());
}

// From the first slash or question mark behind the authority to the fragment.
std::string target_of(const std::string& url)
{
    const auto end = url.find('#');
    const auto begin = url.find_first_of("/?#", url.find("//") + 2);
    const auto target = begin < end ? url.substr(begin, end - begin) : "";
    return target.starts_with('/') ? target : '/' + target;
}

Error problem(const Conn& conn)
{
    const auto checked = conn.check();
    return checked ? Error{} : checked.error();
}

Conn plain() { return Conn{.host = "example.org"}; }

template <class Change>
Error problem_after(Change change)
{
    auto conn = plain();
    change(conn);
    return problem(conn);
}

} // namespace

TEST_CASE("WX-001 WX-121 the scheme decides TLS and the default port, in any case", "[values]")
{
    const auto [url, secure, port] = GENERATE(table<std::string, bool, int>({
        {"ws://localhost", false, 80},
        {"wss://localhost", true, 443},
        {"http://localhost", false, 80},
        {"https://localhost", true, 443},
        {"WS://localhost", false, 80},
        {"wSs://localhost", true, 443},
        {"HtTpS://localhost", true, 443},
        {"ws://localhost:443", false, 443},
        {"wss://localhost:80", true, 80},
        {"ws://localhost:", false, 80},
        {"ws://localhost:00081", false, 81},
        {"ws://localhost:65535", false, 65535},
    }));
    const auto conn = parsed(url);
    CHECK(conn.secure == secure);
    CHECK(conn.port == port);
    CHECK(conn.host == "localhost");
    CHECK(conn.target == "/");
    CHECK(conn.timeouts == Timeouts{});
    CHECK(conn.headers.empty());
    CHECK_FALSE(conn.credentials);
}

TEST_CASE("WX-121 any other scheme is refused", "[values]")
{
    for (const auto* url : {"llama://localhost", "ftp://localhost", "w://h", "wsss://h", "file:///etc/passwd"})
        CHECK(objection(url) == "the scheme is not ws, wss, http or https");
}

TEST_CASE("WX-014 WX-019 WX-122 what is no URL is refused", "[values]")
{
    CHECK(objection("lemon_pie") == "there is no scheme");
    CHECK(objection("") == "there is no scheme");
    CHECK(objection("//h/x") == "there is no scheme");
    CHECK(objection("/x") == "there is no scheme");
    CHECK(objection("://h") == "there is no scheme");
    CHECK(objection("1ws://h") == "it is malformed");
    CHECK(objection("ws") == "there is no scheme");
}

TEST_CASE("a URL without a host is refused", "[values]")
{
    for (const auto* url : {"ws:h", "ws:", "ws:/h", "ws://", "ws:///p", "ws://:80/", "ws://?x", "ws://u:p@/"})
        CHECK_THAT(objection(url), StartsWith("the host is missing") || StartsWith("there is no host"));
}

TEST_CASE("WX-122 the target is path and query, begins with a slash and keeps its encoding", "[values]")
{
    const auto [url, target] = GENERATE(table<std::string, std::string>({
        {"ws://h", "/"},
        {"ws://h/", "/"},
        {"ws://h?x=1", "/?x=1"},
        {"ws://h/?", "/?"},
        {"ws://h?", "/?"},
        {"ws://h#f", "/"},
        {"ws://h/a/b?c=d&e=%20f#g?h", "/a/b?c=d&e=%20f"},
        {"ws://h/%0d%0A%00%2F%zz", ""},
        {"ws://h/%0d%0A%00%2F", "/%0d%0A%00%2F"},
        {"ws://h//a/../b/./c", "//a/../b/./c"},
        {"ws://h/a:b@c;d,e=f!$&'()*+", "/a:b@c;d,e=f!$&'()*+"},
        {"ws://h?a?b/c:d@e", "/?a?b/c:d@e"},
        {"ws://u:p@h:1/x", "/x"},
    }));
    CAPTURE(url);
    if (target.empty()) CHECK(objection(url) == "the path has a character (0x25) that may not be there");
    else CHECK(parsed(url).target == target);
}

TEST_CASE("a port is a number from 1 to 65535", "[values]")
{
    for (const auto* url : {"ws://h:0", "ws://h:000", "ws://h:65536", "ws://h:99999", "ws://[::1]:0/",
             "ws://h:99999999999999999999999999999999"})
        CHECK(objection(url) == "the port is not one of 1 to 65535");
    for (const auto* url : {"ws://h:abc", "ws://h:-1", "ws://h:8 0", "ws://h:80:80", "ws://h:+80", "ws://h:0x50",
             "ws://u@h:a/", "ws://::1/", "ws://[::1]:x"})
        CHECK(objection(url) == "the port is not a number");
}

TEST_CASE("an IPv6 address loses its brackets, and a zone is refused", "[values]")
{
    CHECK(parsed("ws://[::1]:7078/x").host == "::1");
    CHECK(parsed("ws://[::1]:7078/x").port == 7078);
    CHECK(parsed("wss://[2001:DB8::8:800:200C:417A]").host == "2001:DB8::8:800:200C:417A");
    CHECK(parsed("ws://[::ffff:192.0.2.1]").host == "::ffff:192.0.2.1");
    CHECK(parsed("ws://192.0.2.1:81/").host == "192.0.2.1");

    for (const auto* url : {"ws://[fe80::1%25eth0]/", "ws://[fe80::1%eth0]/", "ws://[v1.a:b]/", "ws://[v1.ab]/",
             "ws://[]/", "ws://[::g]/", "ws://[1.2.3.4]/", "ws://[h]/"})
        CHECK(objection(url) == "the host is not an IPv6 address");
    CHECK(objection("ws://[::1/") == "the host has no closing bracket");
    CHECK(objection("ws://[::1]x/") == "the host does not end at its closing bracket");
    CHECK_THAT(objection("ws://[::1]/a b"), StartsWith("the path has a character"));
}

TEST_CASE("S6 an encoded host is decoded, and may then be nothing but a name", "[values]")
{
    CHECK(parsed("ws://ex%61mple.org").host == "example.org");
    CHECK(parsed("ws://a_b-c.~d!$&'()*+,;=").host == "a_b-c.~d!$&'()*+,;=");
    for (const auto* code :
        {"0d", "0A", "00", "20", "2F", "3A", "3F", "23", "40", "5B", "5D", "25", "7F", "C3%A4", "22"})
        CHECK_THAT(objection("ws://a%" + std::string(code) + "b/"), StartsWith("the host has a character (0x"));
    CHECK_THAT(objection("ws://%3A%3A1/"), StartsWith("the host has a character (0x3a)"));
}

TEST_CASE("the user information becomes credentials, decoded", "[values]")
{
    CHECK(parsed("ws://u:p@h").credentials == Credentials{"u", "p"});
    CHECK(parsed("ws://u@h").credentials == Credentials{"u", ""});
    CHECK(parsed("ws://:p@h").credentials == Credentials{"", "p"});
    CHECK(parsed("ws://a%40b:c%3Ad%2F+:e@h").credentials == Credentials{"a@b", "c:d/+:e"});
    CHECK(parsed("ws://%C3%A4:%E2%82%AC@h").credentials == Credentials{"\xC3\xA4", "\xE2\x82\xAC"});
    CHECK_FALSE(parsed("ws://@h").credentials);
    CHECK_FALSE(parsed("ws://:@h").credentials);

    CHECK(objection("ws://a%3Ab:c@h") == "the user name has a colon");
    CHECK(objection("ws://a%0db:c@h") == "the user name has a control character");
    CHECK(objection("ws://a:b%00@h") == "the password has a control character");
    CHECK(objection("ws://a:b%7F@h") == "the password has a control character");
    CHECK(objection("ws://a@b@h") == "the user information has a character (0x40) that may not be there");
}

TEST_CASE("S6 no control character, blank or byte above 7F gets in anywhere, and the part is named", "[values]")
{
    const std::vector<std::pair<std::string, std::string>> parts{{"the scheme", "w@s://u:p@h:1/p?q#f"},
        {"the user information", "ws://u@:p@h:1/p?q#f"}, {"the host", "ws://u:p@h@h:1/p?q#f"},
        {"the path", "ws://u:p@h:1/p@?q#f"}, {"the query", "ws://u:p@h:1/p?q@#f"},
        {"the fragment", "ws://u:p@h:1/p?q#f@f"}};
    const std::vector<std::size_t> places{1, 6, 10, 14, 16, 18};

    for (std::size_t i = 0; i < parts.size(); ++i)
        for (int value = 0; value < 256; ++value) {
            if (value > ' ' && value < 0x7F) continue;
            auto url = parts[i].second;
            url[places[i]] = static_cast<char>(value);
            CAPTURE(url);
            CHECK_THAT(objection(url), StartsWith(parts[i].first + " has a character (0x"));
        }
    CHECK(objection("ws://h/a b") == "the path has a character (0x20) that may not be there");
    CHECK(objection(" ws://h/") == "the scheme has a character (0x20) that may not be there");
    CHECK(objection("ws://h/\n") == "the path has a character (0xa) that may not be there");
}

TEST_CASE("the other characters that RFC 3986 has no place for are refused as well", "[values]")
{
    for (const char c : std::string("\"<>\\^`{|}")) {
        CAPTURE(c);
        CHECK_THAT(objection(std::string("ws://h/") + c), StartsWith("the path has"));
        CHECK_THAT(objection(std::string("ws://h") + c), StartsWith("the host has"));
        CHECK_THAT(objection(std::string("ws://h?") + c), StartsWith("the query has"));
    }
}

TEST_CASE("what is wrong with a URL is told without its secrets", "[values]")
{
    CHECK_THAT(objection("ws://secret:secret@h:secret"), !ContainsSubstring("secret"));
    CHECK_THAT(objection("ws://secret%3A@h"), !ContainsSubstring("secret"));
    CHECK_THAT(objection("ws://h?secret=\x01secret"), !ContainsSubstring("secret"));
}

TEST_CASE("a very long URL is taken", "[values]")
{
    const std::string path(1'000'000, 'a');
    CHECK(parsed("ws://h/" + path).target == "/" + path);
    CHECK(parsed("ws://" + path).host == path);
}

TEST_CASE("anything at all is either taken and sound, or refused", "[values]")
{
    std::mt19937 random(3986);
    const std::string letters("ws:/?#[]@%0a1.-_ \r\n\0\x7F\xC3", 23);
    int taken = 0;
    for (int round = 0; round < 20'000; ++round) {
        std::string url = round % 2 == 0 ? "ws://" : "";
        for (auto size = random() % 12; size > 0; --size) url += letters[random() % letters.size()];
        const auto conn = Conn::parse(url);
        if (!conn) continue;
        ++taken;
        CAPTURE(url);
        REQUIRE(conn->check().has_value());
        REQUIRE(conn->target == target_of(url));
        auto without_credentials = *conn;
        without_credentials.credentials.reset();
        REQUIRE(Conn::parse(conn->url()).value() == without_credentials);
    }
    CHECK(taken > 500);
}

TEST_CASE("WX-135 the Host header has the port only if it is not the scheme's, and IPv6 in brackets", "[values]")
{
    CHECK(parsed("ws://lime.com/coco?nut=true").authority() == "lime.com");
    CHECK(parsed("ws://lime.com:9000/coco").authority() == "lime.com:9000");
    CHECK(parsed("ws://lime.com:80").authority() == "lime.com");
    CHECK(parsed("wss://lime.com:443").authority() == "lime.com");
    CHECK(parsed("ws://lime.com:443").authority() == "lime.com:443");
    CHECK(parsed("wss://lime.com:80").authority() == "lime.com:80");
    CHECK(parsed("wss://[::1]").authority() == "[::1]");
    CHECK(parsed("ws://[::1]:7078").authority() == "[::1]:7078");
}

TEST_CASE("a conn is printed as a URL without credentials, scheme and all", "[values]")
{
    CHECK(parsed("HTTPS://u:p@lime.com/coco?nut=true#x").url() == "wss://lime.com/coco?nut=true");
    CHECK(parsed("http://lime.com:9000").url() == "ws://lime.com:9000/");
    CHECK(parsed("ws://[::1]:81?x").url() == "ws://[::1]:81/?x");
}

TEST_CASE("a conn with a host and nothing else can be sent, one without cannot", "[values]")
{
    CHECK_FALSE(problem(plain()));
    CHECK(problem({}).code() == errc::invalid_url);
    CHECK(problem({}).detail() == "the host is missing");
    CHECK(problem_after([](Conn& conn) { conn.port = 0; }).code() == errc::invalid_url);
}

TEST_CASE("a host is a name or an address", "[values]")
{
    for (const auto* host : {"localhost", "192.0.2.1", "::1", "2001:db8::1", "a_b.example", "example.org."})
        CHECK_FALSE(problem_after([&](Conn& conn) { conn.host = host; }));
    for (const auto* host :
        {"", "a b", "a/b", "a?b", "a#b", "u@h", "h:80", "[::1]", "::g", "fe80::1%eth0", "a%b", "\xC3\xA4"}) {
        CAPTURE(host);
        CHECK(problem_after([&](Conn& conn) { conn.host = host; }).code() == errc::invalid_url);
    }
}

TEST_CASE("WX-124 a target begins with a slash and has visible ASCII but no fragment", "[values]")
{
    for (const auto* target : {"/", "//", "/a?b=c", "/a|b\"{}^`\\<>%zz"})
        CHECK_FALSE(problem_after([&](Conn& conn) { conn.target = target; }));
    for (const auto* target : {"", "bad_path", "?x", "/a b", "/a#b", "/\t", "/\xC3\xA4", "*", "http://h/"}) {
        CAPTURE(target);
        CHECK(problem_after([&](Conn& conn) { conn.target = target; }).code() == errc::invalid_target);
    }
}

TEST_CASE("a header's name is a token, its value has no control character but a tab", "[values]")
{
    CHECK_FALSE(
        problem(Conn{.host = "h", .headers = {{"X-Test", "Sh\toes \xC3\xA4"}, {"X-Test", ""}, {"Host", "other"}}}));
    for (const auto* name : {"", "a b", "a:", "a\r\nb", "\xC3\xA4", "a(b"})
        CHECK(problem(Conn{.host = "h", .headers = {{name, "v"}}}).code() == errc::invalid_header);

    const auto error = problem(Conn{.host = "h", .headers = {{"X-Secret", "token\r\nX-Other: x"}}});
    CHECK(error.code() == errc::invalid_header);
    CHECK(error.detail() == "the header \"X-Secret\": value has a character (0xd) that may not be there");
}

TEST_CASE("headers that would break the opening handshake are refused", "[values]")
{
    const auto* const name =
        GENERATE("Connection", "upgrade", "Sec-WebSocket-Key", "sec-websocket-version", "Sec-WebSocket-Accept",
            "Sec-WebSocket-Extensions", "Sec-WebSocket-Protocol", "Content-Length", "TRANSFER-ENCODING");
    const auto error = problem(Conn{.host = "h", .headers = {{name, "x"}}});
    CHECK(error.code() == errc::invalid_header);
    CHECK(error.detail() == "the header \"" + std::string(name) + "\": is set by the library");
}

TEST_CASE("two Host, User-Agent or Authorization headers are refused, since one would get lost", "[values]")
{
    for (const std::string name : {"Host", "User-Agent", "Authorization"})
        CHECK(problem(Conn{.host = "h", .headers = {{name, "a"}, {"X", ""}, {name, "b"}}}).detail() ==
              "the header \"" + name + "\": is there twice");
    CHECK(problem(Conn{.host = "h", .headers = {{"Host", "a"}, {"host", "b"}}}).code() == errc::invalid_header);
}

TEST_CASE("subprotocols are tokens, none twice", "[values]")
{
    CHECK_FALSE(problem(Conn{.host = "h", .subprotocols = {"chat", "Chat", "v1.stomp"}}));
    for (const auto* bad : {"", "a,b", "a b", "a\r\n", "\xC3\xA4"})
        CHECK(problem(Conn{.host = "h", .subprotocols = {"chat", bad}}).code() == errc::invalid_subprotocol);
    const auto error = problem(Conn{.host = "h", .subprotocols = {"a", "b", "a"}});
    CHECK(error.code() == errc::invalid_subprotocol);
    CHECK(error.detail() == "\"a\" is asked for twice");
}

TEST_CASE("credentials have no control characters, and the user no colon", "[values]")
{
    CHECK_FALSE(problem(Conn{.host = "h", .credentials = Credentials{"", ""}}));
    CHECK_FALSE(problem(Conn{.host = "h", .credentials = Credentials{"\xC3\xA4", "a:b"}}));
    const auto error = problem(Conn{.host = "h", .credentials = Credentials{"a:b", "secret"}});
    CHECK(error.code() == errc::invalid_option);
    CHECK(error.detail() == "credentials: the user name has a colon");
}

TEST_CASE("the server name of TLS is a host, and a private key has its certificate", "[values]")
{
    CHECK_FALSE(problem_after([](Conn& conn) { conn.tls.server_name = "other.example"; }));
    CHECK(problem_after([](Conn& conn) { conn.tls.server_name = "a b"; }).code() == errc::invalid_option);
    CHECK(problem_after([](Conn& conn) { conn.tls.private_key_file = "key.pem"; }).code() == errc::invalid_option);
    CHECK_FALSE(problem_after([](Conn& conn) {
        conn.tls.ca_pem = "-----BEGIN CERTIFICATE-----\r\n";
        conn.tls.certificate_file = conn.tls.private_key_file = "both.pem";
    }));
}

TEST_CASE("S21 what may be reached are addresses and prefixes, and the port is one of those", "[values]")
{
    CHECK_FALSE(problem_after([](Conn& conn) {
        conn.reach = {true, {"10.0.0.0/8", "::1"}, {"192.0.2.1"}, {80, 443}};
    }));
    for (auto ranges : {&Reach::allow, &Reach::deny})
        for (const auto* bad : {"", "localhost", "10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/8\r\n", "*"}) {
            const auto error = problem_after([&](Conn& conn) { (conn.reach.*ranges).push_back(bad); });
            CHECK(error.code() == errc::invalid_option);
            CHECK_THAT(error.message(), !ContainsSubstring("\r"));
        }
    const auto error = problem_after([](Conn& conn) { conn.reach.ports = {80, 4430}; });
    CHECK(error.code() == errc::port_not_allowed);
    CHECK(error.detail() == "443");
}

TEST_CASE("deflate options, timeouts and limits are in their range", "[values]")
{
    struct Row {
        std::function<void(Conn&)> change;
        std::string detail; // "" if that is in the range
    };
    const std::string bits = "client_max_window_bits is not one of 9 to 15";
    const auto row = GENERATE_COPY(values<Row>({
        {[](Conn& conn) {
             conn.deflate = {true, 9, 15, true, true, 0, 1, 0};
         },
            ""},
        {[](Conn& conn) {
             conn.deflate = {true, 15, 9, true, true, 9, 9, 0};
         },
            ""},
        {[](Conn& conn) { conn.deflate.client_max_window_bits = 8; }, "deflate." + bits},
        {[](Conn& conn) { conn.deflate.client_max_window_bits = 16; }, "deflate." + bits},
        {[](Conn& conn) { conn.deflate.server_max_window_bits = 8; },
            "deflate.server_max_window_bits is not one of 9 to 15"},
        {[](Conn& conn) { conn.deflate.level = -1; }, "deflate.level is not one of 0 to 9"},
        {[](Conn& conn) { conn.deflate.level = 10; }, "deflate.level is not one of 0 to 9"},
        {[](Conn& conn) { conn.deflate.memory_level = 0; }, "deflate.memory_level is not one of 1 to 9"},
        {[](Conn& conn) {
             conn.timeouts = {0ms, 0ms, 0ms, 0ms, 0ms, 0ms, 0ms};
         },
            ""},
        {[](Conn& conn) { conn.timeouts.open = 365 * 24h; }, ""},
        {[](Conn& conn) { conn.timeouts.open = -1ms; }, "timeouts.open is negative"},
        {[](Conn& conn) { conn.timeouts.connect = -1ms; }, "timeouts.connect is negative"},
        {[](Conn& conn) { conn.timeouts.close = -1ms; }, "timeouts.close is negative"},
        {[](Conn& conn) { conn.timeouts.linger = -1ms; }, "timeouts.linger is negative"},
        {[](Conn& conn) { conn.timeouts.ping_interval = -1ms; }, "timeouts.ping_interval is negative"},
        {[](Conn& conn) { conn.timeouts.pong = -1ms; }, "timeouts.pong is negative"},
        {[](Conn& conn) { conn.timeouts.message = -1ms; }, "timeouts.message is negative"},
        {[](Conn& conn) { conn.timeouts.pong = 366 * 24h; },
            "timeouts.pong is more than a year: without a limit is zero"},
        {[](Conn& conn) { conn.timeouts.open = std::chrono::milliseconds::max(); },
            "timeouts.open is more than a year: without a limit is zero"},
        {[](Conn& conn) {
             conn.limits = {1, 1, 1, 1, 1, 1, 1};
         },
            ""},
        {[](Conn& conn) { conn.limits.message_bytes = 0; }, "limits.message_bytes is zero"},
        {[](Conn& conn) { conn.limits.fragments = 0; }, "limits.fragments is zero"},
        {[](Conn& conn) { conn.limits.handshake_bytes = 0; }, "limits.handshake_bytes is zero"},
        {[](Conn& conn) { conn.limits.handshake_fields = 0; }, "limits.handshake_fields is zero"},
        {[](Conn& conn) { conn.limits.refusal_body_bytes = 0; }, "limits.refusal_body_bytes is zero"},
        {[](Conn& conn) { conn.limits.send_queue_bytes = 0; }, "limits.send_queue_bytes is zero"},
        {[](Conn& conn) { conn.limits.inbox_messages = 0; }, "limits.inbox_messages is zero"},
    }));
    const auto error = problem_after(row.change);
    CHECK(error.detail() == row.detail);
    CHECK((error.code() == errc::invalid_option) == !row.detail.empty());
}

TEST_CASE("S6 CR, LF, NUL and DEL at any place in any string are refused", "[values]")
{
    struct Place {
        const char* name;
        std::string sound;
        std::function<void(Conn&, std::string)> put;
        std::string bad = std::string("\r\n\0\x7F", 4);
    };
    const std::vector<Place> places{
        {"host", "example.org", [](Conn& conn, std::string text) { conn.host = std::move(text); }},
        {"target", "/path?query", [](Conn& conn, std::string text) { conn.target = std::move(text); }},
        {"header name", "X-Name", [](Conn& conn, const std::string& text) { conn.headers.add(text, "value"); }},
        {"header value", "some value", [](Conn& conn, const std::string& text) { conn.headers.add("X-Name", text); }},
        {"Origin", "https://a.example", [](Conn& conn, const std::string& text) { conn.headers.add("Origin", text); }},
        {"subprotocol", "chat", [](Conn& conn, std::string text) { conn.subprotocols.push_back(std::move(text)); }},
        {"user", "user",
            [](Conn& conn, std::string text) {
                conn.credentials = {std::move(text), "password"};
            }},
        {"password", "password",
            [](Conn& conn, std::string text) {
                conn.credentials = {"user", std::move(text)};
            }},
        {"server name", "a.example", [](Conn& conn, std::string text) { conn.tls.server_name = std::move(text); }},
        {"CA file", "ca.pem", [](Conn& conn, std::string text) { conn.tls.ca_file = std::move(text); }},
        {"CA", "-----BEGIN", [](Conn& conn, std::string text) { conn.tls.ca_pem = std::move(text); },
            std::string(1, '\0')},
        {"certificate", "c.pem", [](Conn& conn, std::string text) { conn.tls.certificate_file = std::move(text); }},
        {"key", "key.pem",
            [](Conn& conn, std::string text) {
                conn.tls.certificate_file = "c.pem";
                conn.tls.private_key_file = std::move(text);
            }},
    };
    std::mt19937 random(6455);
    for (const auto& place : places) {
        CAPTURE(place.name);
        CHECK_FALSE(problem_after([&](Conn& conn) { place.put(conn, place.sound); }));
        for (int round = 0; round < 200; ++round) {
            auto text = place.sound;
            // The first rounds try both ends.
            const auto at = round == 0 ? 0 : round == 1 ? text.size() : random() % (text.size() + 1);
            text.insert(at, 1, place.bad[random() % place.bad.size()]);
            const auto error = problem_after([&](Conn& conn) { place.put(conn, text); });
            CHECK(error.code() == condition::invalid);
            CHECK_THAT(error.message(), !ContainsSubstring("\r") && !ContainsSubstring("\n"));
        }
    }
}
