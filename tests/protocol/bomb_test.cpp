// SPDX-License-Identifier: BSL-1.0
#include <websockxx/protocol/protocol.hpp>

#include "protocol/compressor.hpp"
#include "protocol/talk.hpp"
#include "support/allocations.hpp"
#include "support/test.hpp"

#include <algorithm>
#include <string>
#include <string_view>

using namespace websockxx;
using namespace websockxx::test;
using frames::encode;

namespace {

constexpr std::size_t mib = 1024 * 1024;

/// The payload of a message of so many MiB of zeros, a thousandth of that. All parts but the first one are alike: they
/// say no more than "what came before, again".
std::string bomb(Compressor& compressor, std::size_t mebibytes)
{
    const std::string zeros(mib, '\0');
    auto payload = compressor.part(zeros);
    const auto again = compressor.part(zeros);
    for (std::size_t count = 1; count < mebibytes; ++count) payload += again;
    return payload.substr(0, payload.size() - 4); // 00 00 FF FF, RFC 7692 7.2.1
}

std::string in_fragments(std::string_view payload, std::size_t size)
{
    std::string bytes;
    for (std::size_t at = 0; at < payload.size(); at += size) {
        const bool fin = at + size >= payload.size();
        bytes += at == 0 ? encode(frames::binary, payload.substr(0, size), {.fin = fin, .rsv = 4})
                         : encode(frames::continuation, payload.substr(at, size), {.fin = fin});
    }
    return bytes;
}

} // namespace

TEST_CASE("S1 the bomb of these tests inflates to what it says", "[protocol]")
{
    Compressor compressor;
    const bool is_what_it_says = Inflater().message(bomb(compressor, 3)) == std::string(3 * mib, '\0');
    CHECK(is_what_it_says);
}

TEST_CASE("S1 a MiB that inflates to a GiB is refused at the limit of one MiB, and takes less than 4", "[protocol]")
{
    auto conn = Talk::deflate_conn();
    conn.limits.message_bytes = mib;
    conn.deliver_fragments = GENERATE(false, true);
    OpenTalk talk(conn, GENERATE(Pieces::whole, Pieces::random));
    Compressor compressor;
    const bool takeover = GENERATE(false, true);
    if (takeover) {
        talk.feed(encode(frames::binary, compressor.message(std::string(mib, '\0')), frames::compressed));
        talk.happenings.clear();
        talk.parts.clear();
    }
    const auto payload = bomb(compressor, 1024);
    CHECK(payload.size() > mib * 9 / 10);
    CHECK(payload.size() < mib * 11 / 10);
    const bool fragments = GENERATE(false, true);
    const auto bytes = in_fragments(payload, fragments ? 1000 : payload.size());

    std::size_t delivered = 0;
    const auto memory = most_live([&] {
        for (std::string_view rest = bytes; !rest.empty();
             rest.remove_prefix(std::min<std::size_t>(4096, rest.size()))) {
            talk.feed(rest.substr(0, 4096));
            for (const auto& part : std::exchange(talk.parts, {})) delivered += part.text.size();
        }
    });
    CAPTURE(memory / 1024);
    CHECK(memory < 4 * mib);
    CHECK(delivered <= mib);
    REQUIRE_FALSE(talk.happenings.empty());
    CHECK(talk.happenings.back() == failed);
    CHECK(talk.protocol.error().code() == errc::message_too_big);
    CHECK(talk.take_frame().payload.substr(0, 2) == frames::big_endian(1009, 2));
}
