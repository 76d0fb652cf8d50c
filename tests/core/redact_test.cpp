// SPDX-License-Identifier: BSL-1.0
#include <websockxx/core/redact.hpp>

#include "support/test.hpp"

#include <websockxx/conn.hpp>
#include <websockxx/detail/text.hpp>

#include <random>
#include <string>
#include <vector>

using namespace websockxx;
using namespace websockxx::core;

namespace {

std::string redacted_url(std::string_view url, const std::vector<std::string>& shown = {})
{
    const auto conn = Conn::parse(url);
    REQUIRE(conn.has_value());
    return redact_url(*conn, shown);
}

} // namespace

TEST_CASE("a URL is shown without credentials and without the values of its query", "[redact]")
{
    CHECK(redacted_url("wss://example.org/feed") == "wss://example.org/feed");
    CHECK(redacted_url("ws://alice:s3cret@example.org:81/") == "ws://example.org:81/");
    CHECK(redacted_url("wss://h/p?token=abc&room=7") == "wss://h/p?token=***&room=***");
    CHECK(redacted_url("wss://h/p?token=abc&room=7", {"room"}) == "wss://h/p?token=***&room=7");
    CHECK(redacted_url("wss://h/p?abcdef") == "wss://h/p?***");
    CHECK(redacted_url("wss://h/p?a=1;b=2&&c=") == "wss://h/p?a=***;b=***&&c=***");
    CHECK(redacted_url("wss://h/p?a=b=c?d=e") == "wss://h/p?a=***");
    CHECK(redacted_url("wss://h/?") == "wss://h/?");
}

TEST_CASE("S16 of a header field that is a secret only the name is shown", "[redact]")
{
    CHECK(redact_field("Authorization", "Bearer abc") == "Authorization: ***");
    CHECK(redact_field("proxy-authorization", "Basic abc") == "proxy-authorization: ***");
    CHECK(redact_field("Cookie", "a=b") == "Cookie: ***");
    CHECK(redact_field("Set-Cookie", "a=b") == "Set-Cookie: ***");
    CHECK(redact_field("X-Api-Key", "abc") == "X-Api-Key: ***");
    CHECK(redact_field("X-CSRF-TOKEN", "abc") == "X-CSRF-TOKEN: ***");
    CHECK(redact_field("Server", "nginx") == "Server: nginx");
    CHECK(redact_field("Location", "https://bob:pw@h/login?ticket=abc") == "Location: https://***@h/login?ticket=***");
    CHECK(redact_field("From", "bob@h, see https://h/") == "From: bob@h, see https://h/"); // no user of that URL
    CHECK(redact_field("X-Name", "two\r\nlines\x1B[2J") == "X-Name: two\\r\\nlines\\x1B[2J");
}

TEST_CASE("S16 whatever a header or a URL is made of, no secret and no control character is shown", "[redact]")
{
    std::minstd_rand random{7};
    const auto noise = [&] {
        constexpr std::string_view characters = "ab/=&?;#:@%. \r\n\t\x1B\x7F\x01\\\xC3\xA4\xFF";
        std::string text;
        for (auto size = random() % 12; size > 0; --size) text += characters[random() % characters.size()];
        return text;
    };
    const std::string secret = "CANARY";
    const std::vector<std::string> names{
        "Authorization", "Cookie", "Proxy-Authorization", "Set-Cookie", "X-Auth-Token"};
    for (int i = 0; i < 5'000; ++i) {
        const auto field = redact_field(names[random() % names.size()], noise() + secret + noise());
        CHECK(field.find(secret) == std::string::npos);
        CHECK_FALSE(detail::has_control_character(field));

        Conn conn{.host = "h", .target = "/" + noise() + "?" + noise() + "=" + secret + noise()};
        conn.credentials = Credentials{secret + noise(), noise() + secret};
        if (conn.target.find('#') == std::string::npos) {
            const auto url = redact_url(conn);
            INFO(detail::escape(conn.target) << " -> " << url);
            CHECK(url.find(secret) == std::string::npos);
            CHECK_FALSE(detail::has_control_character(url));
        }

        const auto refused = redact_field("Location", "https://" + secret + ":" + secret + "@h/?x=" + secret + noise());
        CHECK(refused.find(secret) == std::string::npos);
    }
}
