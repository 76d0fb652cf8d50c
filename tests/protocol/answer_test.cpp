// SPDX-License-Identifier: BSL-1.0
#include <websockxx/protocol/answer.hpp>

#include "support/test.hpp"

using namespace websockxx;
using websockxx::protocol::Answer;
using State = Answer::State;

namespace {

const std::string accepted = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nX: 1\r\nY: 2\r\nx: 3\r\n\r\n";

/// Gives the bytes in pieces of that size.
std::size_t read(Answer& answer, std::string_view bytes, std::size_t piece)
{
    std::size_t used = 0;
    while (!bytes.empty() && answer.state() == State::incomplete) {
        const auto part = bytes.substr(0, piece);
        used += answer.read(part);
        bytes.remove_prefix(part.size());
    }
    return used;
}

std::size_t any_piece() { return GENERATE(std::size_t{1}, std::size_t{7}, std::size_t{100'000}); }

void check_failure(const std::string& bytes, errc code, std::string_view detail = {}, const Limits& limits = {})
{
    Answer answer(limits);
    read(answer, bytes, any_piece());
    REQUIRE(answer.state() == State::failed);
    CHECK(answer.error().code() == code);
    CHECK(answer.error().phase() == Phase::handshake);
    if (!detail.empty()) CHECK(answer.error().detail() == detail);
}

Response refusal(const std::string& bytes, const Limits& limits = {})
{
    Answer answer(limits);
    read(answer, bytes, any_piece());
    if (answer.state() == State::incomplete) answer.end_of_stream();
    REQUIRE(answer.state() == State::refused);
    return answer.response();
}

} // namespace

TEST_CASE("a 101 is read with its header fields in order, and not a byte further", "[protocol]")
{
    Answer answer{Limits{}};
    CHECK(read(answer, accepted + "\x81\x05Hello", any_piece()) == accepted.size());
    CHECK(answer.state() == State::accepted);
    CHECK(answer.response() ==
          Response{101, "Switching Protocols", {{"Upgrade", "websocket"}, {"X", "1"}, {"Y", "2"}, {"x", "3"}}, ""});
    CHECK(answer.read("more") == 0);
}

TEST_CASE("an answer is incomplete to its last byte", "[protocol]")
{
    Answer answer{Limits{}};
    CHECK(answer.read(accepted.substr(0, accepted.size() - 1)) == accepted.size() - 1);
    CHECK(answer.state() == State::incomplete);
    CHECK(answer.read("\n") == 1);
    CHECK(answer.state() == State::accepted);
}

TEST_CASE("a reason phrase may be missing", "[protocol]")
{
    CHECK(refusal("HTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n").reason.empty());
}

TEST_CASE("interim answers are skipped", "[protocol]")
{
    Answer answer{Limits{}};
    read(answer, "HTTP/1.1 100 Continue\r\nA: 1\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + accepted,
        any_piece());
    CHECK(answer.state() == State::accepted);
    CHECK(answer.response().status == 101);
    CHECK_FALSE(answer.response().headers.contains("Link"));
}

TEST_CASE("WXB-16 a refusal has its status, reason, headers and body", "[protocol]")
{
    SECTION("with a length")
    {
        CHECK(refusal(
                  "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 5\r\n\r\nHello, not read") ==
              Response{401, "Unauthorized", {{"WWW-Authenticate", "Basic"}, {"Content-Length", "5"}}, "Hello"});
    }
    SECTION("in chunks")
    {
        const auto response = refusal("HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nHello\r\n2\r\n, "
                                      "\r\n5\r\nworld\r\n0\r\nTrailer: "
                                      "x\r\n\r\n");
        CHECK(response.body == "Hello, world");
        CHECK_FALSE(response.headers.contains("Trailer"));
    }
    SECTION("to the end of the stream") { CHECK(refusal("HTTP/1.1 403 No\r\n\r\nHello").body == "Hello"); }
    SECTION("which ends too early")
    {
        CHECK(refusal("HTTP/1.1 403 No\r\nContent-Length: 9\r\n\r\nHello").body == "Hello");
    }
    SECTION("without a body")
    {
        CHECK(
            refusal("HTTP/1.1 301 Moved\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n").headers.get("Location") == "/x");
        CHECK(refusal("HTTP/1.1 204 No Content\r\n\r\n").status == 204);
    }
    SECTION("200 is no upgrade") { CHECK(refusal("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi").body == "hi"); }
    SECTION("from an old server") { CHECK(refusal("HTTP/1.0 403 Forbidden\r\n\r\nNo").status == 403); }
    SECTION("in broken chunks")
    {
        CHECK(refusal("HTTP/1.1 500 Oops\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nHello\r\nxyz\r\n").body == "Hello");
    }
}

TEST_CASE("S5 a body that is too long or never ends is cut at the limit", "[protocol]")
{
    Limits limits;
    limits.refusal_body_bytes = 10;
    std::string chunks;
    for (int times = 0; times < 1000; ++times) chunks += "3\r\nabc\r\n";
    const std::string head =
        GENERATE(as<std::string>(), "Content-Length: 100000\r\n", "", "Transfer-Encoding: chunked\r\n");
    const auto body = head.starts_with("T") ? chunks : std::string(2000, 'x');
    Answer answer(limits);
    read(answer, "HTTP/1.1 500 Oops\r\n" + head + "\r\n" + body, any_piece());
    CHECK(answer.state() == State::refused);
    CHECK(answer.response().body.size() == 10);
    CHECK(refusal("HTTP/1.1 500 Oops\r\nContent-Length: 10\r\n\r\n0123456789", limits).body == "0123456789");
}

TEST_CASE("S5 no body is kept if none is wanted", "[protocol]")
{
    Limits limits;
    limits.refusal_body_bytes = 0;
    Answer answer(limits);
    answer.read("HTTP/1.1 500 Oops\r\nContent-Length: 10\r\n\r\n");
    CHECK(answer.state() == State::refused);
}

TEST_CASE("S2 the length that a refusal announces takes no memory", "[protocol]")
{
    const auto* length = GENERATE("18446744073709551615", "9223372036854775807", "100000000000");
    CHECK(refusal("HTTP/1.1 500 Oops\r\nContent-Length: " + std::string(length) + "\r\n\r\nHello").body == "Hello");
}

TEST_CASE("S5 the head of a chunk that never ends ends the answer", "[protocol]")
{
    Answer answer{Limits{}};
    read(answer, "HTTP/1.1 500 Oops\r\nTransfer-Encoding: chunked\r\n\r\n5;" + std::string(100'000, 'a'), any_piece());
    CHECK(answer.state() == State::refused);
}

TEST_CASE("WXB-11 S11 what is no HTTP/1.1 answer is malformed", "[protocol]")
{
    const auto [bytes, detail] = GENERATE(table<std::string, std::string>({
        {"SSH-2.0-OpenSSH_9.2\r\n", "it does not begin with HTTP/1."},
        {"\x15\x03\x01", "it does not begin with HTTP/1."},
        {"HTTP/2 101 Switching Protocols\r\n\r\n", "it does not begin with HTTP/1."},
        {"\r\n\r\n", "it does not begin with HTTP/1."},
        {"HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\n\n", "a line that does not end with CR LF"},
        {"HTTP/1.0 101 Switching Protocols\r\n\r\n", "HTTP/1.0"},
        {"HTTP/1.1 abc Switching\r\n\r\n", ""},
        {"HTTP/1.1 099 Low\r\n\r\n", ""},
        {"HTTP/1.1\r\n\r\n", ""},
        {"HTTP/1.7 101 Switching\r\n\r\n", ""},
        {"HTTP/1.1 101 Switching\r\nno colon\r\n\r\n", ""},
        {"HTTP/1.1 101 Switching\r\nbad name: x\r\n\r\n", ""},
        {"HTTP/1.1 101 Switching\r\nX: a\x01z\r\n\r\n", ""},
    }));
    check_failure(bytes, errc::handshake_malformed, detail);
}

TEST_CASE("S5 a head that is larger than the limit is refused at its first byte too many", "[protocol]")
{
    Limits limits;
    limits.handshake_bytes = accepted.size();
    Answer enough(limits);
    read(enough, accepted, any_piece());
    CHECK(enough.state() == State::accepted);

    limits.handshake_bytes = accepted.size() - 1;
    const auto detail = "more than " + std::to_string(limits.handshake_bytes) + " bytes";
    check_failure(accepted, errc::handshake_too_large, detail, limits);

    Answer answer{Limits{}};
    const auto limit = Limits().handshake_bytes;
    CHECK(read(answer, "HTTP/1.1 101 Switching\r\nX: " + std::string(10'000'000, 'x'), any_piece()) <= limit);
    CHECK(answer.state() == State::failed);
    CHECK(answer.error().code() == errc::handshake_too_large);
}

TEST_CASE("S5 more header fields than the limit are refused as soon as they are there", "[protocol]")
{
    Limits limits;
    limits.handshake_fields = 4;
    Answer enough(limits);
    read(enough, accepted, any_piece());
    CHECK(enough.state() == State::accepted);

    limits.handshake_fields = 3;
    check_failure(
        accepted.substr(0, accepted.size() - 2), errc::handshake_too_large, "more than 3 header fields", limits);

    std::string many = "HTTP/1.1 101 Switching\r\n";
    for (int times = 0; times < 100'000; ++times) many += "X: y\r\n";
    check_failure(many, errc::handshake_too_large, "more than 100 header fields");
}

TEST_CASE("S5 interim answers without an end are too large", "[protocol]")
{
    std::string interim;
    for (int times = 0; times < 10'000; ++times) interim += "HTTP/1.1 100 Continue\r\n\r\n";
    check_failure(interim, errc::handshake_too_large, "more than 16384 bytes");
}

TEST_CASE("WXB-15 an answer that comes byte by byte is read in linear time", "[protocol]")
{
    Limits limits;
    limits.handshake_bytes = 4'000'000;
    Answer answer(limits);
    read(answer, "HTTP/1.1 101 Switching\r\nX: " + std::string(3'000'000, 'x') + "\r\n\r\n", 1);
    CHECK(answer.state() == State::accepted);
}

TEST_CASE("an answer that ends too early is incomplete", "[protocol]")
{
    Answer answer{Limits{}};
    answer.read(accepted.substr(0, 40));
    answer.end_of_stream();
    CHECK(answer.error().code() == errc::handshake_incomplete);
    CHECK(answer.error().detail() == "the connection ended inside the answer");

    Answer none{Limits{}};
    none.end_of_stream();
    CHECK(none.error().detail() == "the connection ended without an answer");

    Answer whole{Limits{}};
    whole.read(accepted);
    whole.end_of_stream();
    CHECK(whole.state() == State::accepted);
}
