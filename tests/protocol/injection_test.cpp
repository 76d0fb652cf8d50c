// SPDX-License-Identifier: BSL-1.0
#include <websockxx/protocol/protocol.hpp>

#include "protocol/talk.hpp"
#include "support/connection_harness.hpp"
#include "support/test.hpp"

#include <websockxx/detail/text.hpp>

#include <openssl/evp.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <random>
#include <string>
#include <vector>

using namespace websockxx;
using namespace websockxx::test;

/// Whatever strings of others get into a Conn: what is sent is one request, with what was asked for and no more, or
/// nothing is sent at all. WEBSOCKXX_SEED=... plays other cases.

namespace {

/// Nothing here is shared with the library: a reader of requests that forgives nothing (RFC 9112 2 to 5).
struct Request {
    std::string target;
    Headers fields;

    static std::optional<Request> read(std::string_view bytes)
    {
        const auto take_line = [&]() -> std::optional<std::string_view> {
            const auto end = bytes.find("\r\n");
            if (end == std::string_view::npos) return {};
            const auto line = bytes.substr(0, end);
            bytes.remove_prefix(end + 2);
            if (line.find_first_of(std::string_view{"\r\n\0", 3}) != std::string_view::npos) return {};
            return line;
        };
        Request request;
        const auto first = take_line();
        if (!first || !first->starts_with("GET /") || !first->ends_with(" HTTP/1.1")) return {};
        request.target = first->substr(4, first->size() - 4 - 9);
        if (!std::ranges::all_of(request.target, [](char c) { return c > ' ' && c <= '~'; })) return {};
        while (true) {
            const auto line = take_line();
            if (!line) return {};
            if (line->empty()) break;
            const auto colon = std::min(line->find(':'), line->size());
            const auto name = line->substr(0, colon);
            if (!detail::is_token(name) || colon == line->size()) return {};
            const auto value = trimmed(line->substr(colon + 1));
            for (const char c : value)
                if (c != '\t' && detail::has_control_character({&c, 1})) return {};
            request.fields.add(std::string{name}, std::string{value});
        }
        if (!bytes.empty()) return {}; // a second one
        return request;
    }

    static std::string_view trimmed(std::string_view text)
    {
        const auto first = text.find_first_not_of(" \t");
        return first == text.npos ? std::string_view{} : text.substr(first, text.find_last_not_of(" \t") - first + 1);
    }
};

/// Strings as they come from those who try.
class Attacker {
public:
    explicit Attacker(unsigned seed) : random_(seed) {}

    [[nodiscard]] bool chance(unsigned of) { return random_() % of == 0; }

    std::string text(std::string sound)
    {
        static const std::vector<std::string> tricks{"\r\n", "\n", "\r", "\n\n", "\r\n\r\n", std::string(1, '\0'),
            "\x0B", "\x0C", "\x85", "\x7F", "\x01", "\x1B[2J", "%0d%0a", "%0D%0A", "%00", "%20", "%",
            "\xE5\x98\x8A\xE5\x98\x8D", "\xE2\x80\xA8", "\xC3\xA4", "\xFF", " ", "\t", " HTTP/1.1\r\nX-Evil: 1",
            "\r\n X-Evil: 1", "X-Evil: 1", "\r\nHost: evil", "GET / HTTP/1.1\r\n\r\n", ":", ",", ";", "\"", "\\", "#",
            "?", "@", "/", "[", "]", "(", ")", "<", "=", "&", "..", "127.0.0.1", "::1"};
        for (auto count = chance(3) ? 1 + random_() % 2 : 0; count > 0; --count) {
            auto trick = tricks[random_() % tricks.size()];
            if (chance(8)) trick = std::string(1, static_cast<char>(random_() % 256));
            sound.insert(chance(4) ? 0 : chance(3) ? sound.size() : random_() % (sound.size() + 1), trick);
        }
        return sound;
    }

    /// A Conn out of a URL, or out of parts; none if there is no such URL.
    std::optional<Conn> conn()
    {
        Conn conn;
        if (chance(2)) {
            const auto url = "ws://" + (chance(2) ? text("user") + ":" + text("pass") + "@" : "") +
                             text("example.org") + (chance(3) ? ":" + text("8080") : "") + "/" + text("chat") + "?" +
                             text("room=1");
            const auto parsed = Conn::parse(url);
            if (!parsed) return {};
            conn = *parsed;
        }
        else {
            conn.secure = false;
            conn.port = 80;
            conn.host = text(chance(8) ? "2001:db8::1" : "example.org");
            conn.target = text("/chat?room=1");
            if (chance(3)) conn.credentials = Credentials{text("user"), text("pass")};
        }
        static const std::vector<std::string> names{"X-Name", "X-Name", "X-Name", "Origin", "User-Agent", "Cookie",
            "Host", "Authorization", "Proxy-Authorization", "Connection", "Content-Length", "Sec-WebSocket-Key",
            "Transfer-Encoding"};
        for (auto count = random_() % 3; count > 0; --count)
            conn.headers.add(chance(4) ? text("X-Name") : names[random_() % names.size()], text("value"));
        for (auto count = random_() % 3; count > 0; --count)
            conn.subprotocols.push_back(text("chat" + std::to_string(count)));
        conn.deflate.offer = chance(2);
        return conn;
    }

private:
    std::mt19937 random_;
};

/// Takes the only field of that name out.
std::optional<std::string> take(Headers& fields, std::string_view name)
{
    const auto all = fields.all(name);
    if (all.size() != 1) return {};
    const std::string value{all.front()};
    fields.erase(name);
    return value;
}

std::string base64(const std::string& text)
{
    std::string encoded(text.size() * 4 / 3 + 4, '\0');
    const auto size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),
        reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
    encoded.resize(static_cast<std::size_t>(size));
    return encoded;
}

/// What is wrong with a request for this conn; "" if nothing is.
std::string objection(const Conn& conn, std::string_view bytes)
{
    auto request = Request::read(bytes);
    if (!request) return "not one request";
    if (request->target != conn.target) return "another target";
    auto& fields = request->fields;
    // The user's own, in order; then nothing is left but what the handshake has.
    for (const auto& field : conn.headers) {
        const auto values = fields.all(field.name);
        std::vector<std::string_view> expected;
        for (const auto& value : conn.headers.all(field.name)) expected.push_back(Request::trimmed(value));
        if (detail::equal_ignoring_case(field.name, "User-Agent") ||
            detail::equal_ignoring_case(field.name, "Authorization"))
            expected.erase(expected.begin(), expected.end() - 1); // each replaces the one before
        if (std::vector<std::string_view>(values.begin(), values.end()) != expected) return "another " + field.name;
    }
    for (const auto& field : conn.headers) fields.erase(field.name);
    const auto is = [&](std::string_view name, std::optional<std::string> expected) {
        if (conn.headers.contains(name)) return true;
        return take(fields, name) == expected;
    };
    if (!is("Host", conn.authority())) return "another Host";
    if (!is("User-Agent", "websockxx/" WEBSOCKXX_VERSION_STRING)) return "another User-Agent";
    if (!is("Upgrade", "websocket") || !is("Connection", "Upgrade")) return "no upgrade";
    if (!is("Sec-WebSocket-Version", "13")) return "another version";
    if (take(fields, "Sec-WebSocket-Key").value_or("").size() != 24) return "another key";
    if (conn.credentials &&
        !is("Authorization", "Basic " + base64(conn.credentials->user + ":" + conn.credentials->password)))
        return "another Authorization";
    std::string subprotocols;
    for (const auto& subprotocol : conn.subprotocols) subprotocols += (subprotocols.empty() ? "" : ", ") + subprotocol;
    if (!subprotocols.empty() && !is("Sec-WebSocket-Protocol", subprotocols)) return "other subprotocols";
    if (conn.deflate.offer && !is("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits"))
        return "another extension";
    return fields.empty() ? "" : "more fields";
}

unsigned seed()
{
    const char* given = std::getenv("WEBSOCKXX_SEED");
    return given ? static_cast<unsigned>(std::strtoul(given, nullptr, 10)) : 6;
}

} // namespace

TEST_CASE("S6 the reader of these tests sees what was smuggled in", "[protocol]")
{
    const std::string good = "GET /chat HTTP/1.1\r\nHost: h\r\n\r\n";
    REQUIRE(Request::read(good));
    CHECK(Request::read(good)->fields == Headers{{"Host", "h"}});
    for (const auto* bad : {"GET /a b HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n",
             "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n",
             "GET / HTTP/1.1\r\n folded\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\x01\r\n\r\n",
             "GET / HTTP/1.1\r\nHost\r\n\r\n"}) {
        CAPTURE(bad);
        CHECK_FALSE(Request::read(bad));
    }
    Conn conn = Talk::plain_conn();
    const Talk talk(conn);
    CHECK(objection(conn, talk.request).empty());
    conn.headers.add("X-Name", "value");
    CHECK(objection(conn, talk.request) == "another X-Name");
    conn.headers.erase("X-Name");
    auto smuggled = talk.request;
    smuggled.insert(smuggled.size() - 2, "X-Evil: 1\r\n");
    CHECK(objection(conn, smuggled) == "more fields");
}

TEST_CASE("S6 whatever strings a Conn is made of, one request leaves, with what was asked for, or none", "[protocol]")
{
    constexpr int cases = 100'000;
    Attacker attacker(seed());
    int sent = 0;
    for (int number = 0; number < cases; ++number) {
        const auto conn = attacker.conn();
        if (!conn || !conn->check()) continue;
        ++sent;
        const Talk talk(*conn);
        if (const auto wrong = objection(*conn, talk.request); !wrong.empty())
            FAIL("WEBSOCKXX_SEED=" << seed() << ", case " << number << ": " << wrong << " in\n" << talk.request);
    }
    CAPTURE(sent);
    CHECK(sent > cases / 10);
    CHECK(sent < cases / 2);
}

TEST_CASE("S6 what a Conn may not hold is an error of the client, which connects nowhere", "[protocol]")
{
    Attacker attacker(seed() + 1);
    int refusals = 0;
    for (int number = 0; number < 2'000; ++number) {
        const auto conn = attacker.conn();
        if (!conn) continue;
        CAPTURE(number);
        Harness h{std::make_unique<Client>(), {}, *conn};
        h.begin();
        if (conn->check()) {
            REQUIRE(h.transports == 1);
            continue;
        }
        ++refusals;
        REQUIRE(h.started);
        REQUIRE(h.started->code() == conn->check().error().code());
        REQUIRE_FALSE(detail::has_control_character(h.started->message()));
        REQUIRE(h.transports == 0);
    }
    CHECK(refusals > 500);
}
