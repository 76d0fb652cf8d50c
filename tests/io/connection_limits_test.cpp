// SPDX-License-Identifier: BSL-1.0
#include <websockxx/io/connection.hpp>

#include "support/allocations.hpp"
#include "support/connection_fixture.hpp"
#include "support/frame_bytes.hpp"

#include <algorithm>
#include <limits>

using namespace websockxx;
using namespace websockxx::test;

/// What a whole client does with messages that exceed its limits, or cannot exist.

namespace {

constexpr std::size_t kib = 1024;

/// How the client answered, and that it did so at once: no time has passed.
struct Verdict {
    std::uint16_t code;
    errc error;

    friend bool operator==(const Verdict&, const Verdict&) = default;
    friend std::ostream& operator<<(std::ostream& out, const Verdict& it)
    {
        return out << it.code << ' ' << make_error_code(it.error).message();
    }
};

Verdict verdict_after(const std::string& bytes, const Conn& conn)
{
    ConnectionFixture f{{}, conn};
    f.opened();
    const auto before = f.h().clock->now;
    f.h().say(bytes);
    const auto close = f.h().heard();
    REQUIRE(close);
    REQUIRE(close->opcode == Opcode::close);
    CHECK(f.h().clock->now == before);
    f.h().end_transport();
    REQUIRE(f.record->terminations.size() == 1);
    const auto& payload = close->payload;
    const auto code = static_cast<std::uint16_t>(
        static_cast<unsigned char>(payload.at(0)) << 8 | static_cast<unsigned char>(payload.at(1)));
    return {code, static_cast<errc>(f.record->terminations[0].error.code().value())};
}

} // namespace

TEST_CASE(
    "S3 a length that is too large, or cannot be, is answered with a close frame when its header is there", "[hostile]")
{
    Conn conn{.secure = false, .host = "server", .port = 80};
    conn.limits.message_bytes = 100'000;
    const Verdict too_big{1009, errc::message_too_big};
    const Verdict broken{1002, errc::protocol_error};
    constexpr std::uint64_t top_bit = std::uint64_t{1} << 63;
    using frames::header;

    const auto opcode = GENERATE(frames::binary, frames::text);
    for (const auto length : {std::uint64_t{100'001}, std::uint64_t{1} << 32, std::uint64_t{1} << 62, top_bit - 1}) {
        CAPTURE(length);
        CHECK(verdict_after(header(opcode, length), conn) == too_big);
        // Behind a fragment the sum must not overflow.
        CHECK(verdict_after(frames::encode(opcode, "begun", frames::unfinished) + header(frames::continuation, length),
                  conn) == too_big);
    }
    for (const auto length : {top_bit, top_bit + 1, ~std::uint64_t{0}})
        CHECK(verdict_after(header(opcode, length), conn) == broken);
    for (const auto& [length, bytes] :
        {std::pair{125u, 2u}, std::pair{0u, 2u}, std::pair{65'535u, 8u}, std::pair{0u, 8u}})
        CHECK(verdict_after(header(opcode, length, {.length_bytes = bytes}), conn) == broken);
    for (const auto control : {frames::ping, frames::pong, frames::close})
        for (const auto length : {std::uint64_t{126}, std::uint64_t{1} << 62, ~std::uint64_t{0}})
            CHECK(verdict_after(header(control, length), conn) == broken);
}

TEST_CASE("S3 a message of the limit, and of one byte less, is delivered", "[hostile]")
{
    Conn conn{.secure = false, .host = "server", .port = 80};
    conn.limits.message_bytes = 100'000;
    ConnectionFixture f{{}, conn};
    f.opened();
    f.h().say(frames::encode(frames::binary, std::string(99'999, 'x')));
    f.h().say(frames::encode(frames::binary, std::string(100'000, 'x')));
    CHECK(f.lines().size() == 2);
    CHECK_FALSE(f.h().heard());
}

TEST_CASE("S4 a million fragments without an end take no more memory than twice their bytes and 64 KiB", "[hostile]")
{
    constexpr std::size_t many = 1'000'000, at_once = 1000;
    const std::string payload = GENERATE(as<std::string>(), "", "x");
    const bool by_default = GENERATE(true, false);
    Conn conn{.secure = false, .host = "server", .port = 80};
    if (!by_default) conn.limits.fragments = many;
    const auto limit = conn.limits.fragments;
    ConnectionFixture f{{}, conn};
    f.opened();
    const auto one = frames::encode(frames::continuation, payload, frames::unfinished);
    std::string batch;
    for (std::size_t count = 0; count < at_once; ++count) batch += one;
    auto& wire = *f.h().wire;
    wire.to_client.reserve(2 * batch.size()); // the test's own memory
    wire.from_client.reserve(kib);

    f.h().say(frames::encode(frames::binary, payload, frames::unfinished));
    std::size_t sent = 1, received = one.size();
    double worst = 0;
    const std::size_t before = live_bytes;
    most_live_bytes = before;
    while (sent + at_once <= limit) {
        wire.to_client += batch;
        f.h().run();
        sent += at_once;
        received += batch.size();
        const auto most = most_live_bytes - before;
        if (most > 2 * received + 64 * kib) FAIL(most << " bytes of memory for " << received);
        worst = std::max(worst, static_cast<double>(most) / static_cast<double>(received));
    }
    CAPTURE(worst, most_live_bytes - before, received);
    CHECK(sent > limit - at_once);
    CHECK(wire.from_client.empty());
    while (sent < limit) {
        f.h().say(one);
        ++sent;
    }
    CHECK(wire.from_client.empty());

    f.h().say(one);
    const auto close = f.h().heard();
    REQUIRE(close);
    CHECK(close->payload.substr(0, 2) == frames::big_endian(1009, 2));
    f.h().end_transport();
    REQUIRE(f.record->terminations.size() == 1);
    CHECK(f.record->terminations[0].error.code() == errc::too_many_fragments);
}
