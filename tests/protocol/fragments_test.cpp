// SPDX-License-Identifier: BSL-1.0
#include <websockxx/protocol/receiver.hpp>

#include "protocol/compressor.hpp"
#include "protocol/talk.hpp"
#include "support/test.hpp"

using namespace websockxx;
using namespace websockxx::test;
using frames::encode;

namespace {

Conn in_fragments(Conn conn)
{
    conn.deliver_fragments = true;
    return conn;
}

/// What the parts make together; requires that they fit together.
std::vector<Frame> join(const std::vector<Talk::Part>& parts)
{
    std::vector<Frame> messages;
    std::string text;
    bool inside = false;
    for (const auto& part : parts) {
        REQUIRE(part.first == !inside);
        text += part.text;
        inside = !part.last;
        if (inside) continue;
        messages.emplace_back(part.type, std::exchange(text, {}));
    }
    CHECK_FALSE(inside);
    return messages;
}

std::string some_text(std::size_t size)
{
    std::string text;
    while (text.size() < size) text += "line " + std::to_string(text.size() * 7919) + '\n';
    text.resize(size);
    return text;
}

} // namespace

TEST_CASE("what is given in fragments is what was sent, however it comes and is cut", "[protocol]")
{
    const auto pieces = GENERATE(Pieces::whole, Pieces::bytes, Pieces::random);
    OpenTalk talk(in_fragments(Talk::plain_conn()), pieces);
    const auto medium = some_text(3'000);
    const auto large = some_text(200'000);
    talk.feed(encode(frames::text, "small") + encode(frames::binary, "") + encode(frames::binary, large));
    talk.feed(encode(frames::text, medium, frames::unfinished) + encode(frames::ping, "p") +
              encode(frames::continuation, "", frames::unfinished) + encode(frames::continuation, "end"));
    talk.feed(
        encode(frames::text, "", frames::unfinished) + encode(frames::continuation, "") + encode(frames::text, "last"));
    CHECK(join(talk.parts) == std::vector{Frame::text("small"), Frame::binary(""), Frame::binary(large),
                                  Frame::text(medium + "end"), Frame::text(""), Frame::text("last")});
    CHECK(std::ranges::count(talk.happenings, Happening{Event::ping, Frame::ping("p")}) == 1);
}

TEST_CASE("compressed messages are given in fragments too", "[protocol]")
{
    const auto pieces = GENERATE(Pieces::whole, Pieces::bytes, Pieces::random);
    OpenTalk talk(in_fragments(Talk::deflate_conn()), pieces);
    Compressor compressor;
    const auto large = some_text(300'000);
    const std::string zeros(1'000'000, '\0');
    auto both = compressor.part(large.substr(0, 1'000));
    const auto rest = compressor.message(large.substr(1'000));
    talk.feed(encode(frames::text, both, {.fin = false, .rsv = 4}) + encode(frames::pong, "") +
              encode(frames::continuation, rest));
    talk.feed(encode(frames::binary, compressor.message(zeros), frames::compressed));
    talk.feed(encode(frames::binary, compressor.message(""), frames::compressed));
    talk.feed(encode(frames::text, "plain"));
    CHECK(join(talk.parts) ==
          std::vector{Frame::text(large), Frame::binary(zeros), Frame::binary(""), Frame::text("plain")});
    for (const auto& part : talk.parts) CHECK(part.text.size() <= 64 * 1024 + 1032 * 264 + 258);
}

TEST_CASE("a fragment is given as soon as its bytes have come", "[protocol]")
{
    OpenTalk talk(in_fragments(Talk::plain_conn()));
    talk.feed(encode(frames::binary, "begin", {.announced = 1'000}));
    REQUIRE(talk.parts.size() == 1);
    CHECK(talk.parts[0].text == "begin");
    CHECK(talk.parts[0].first);
    CHECK_FALSE(talk.parts[0].last);
    talk.feed("go on");
    REQUIRE(talk.parts.size() == 2);
    CHECK_FALSE(talk.parts[1].first);
    CHECK_FALSE(talk.parts[1].last);
    talk.feed(std::string(990, 'x'));
    REQUIRE(talk.parts.size() == 3);
    CHECK(talk.parts[2].last);
}

TEST_CASE("a message that is given in fragments has the limits of any other", "[protocol]")
{
    auto conn = in_fragments(Talk::deflate_conn());
    conn.limits.message_bytes = 1'000;
    conn.limits.fragments = 3;
    OpenTalk talk(conn);
    SECTION("of bytes that come") { talk.feed(encode(frames::binary, std::string(1'001, 'x'))); }
    SECTION("of bytes that are inflated")
    {
        talk.feed(encode(frames::binary, Compressor().message(std::string(100'000, 'x')), frames::compressed));
    }
    SECTION("of fragments")
    {
        talk.feed(encode(frames::binary, "a", frames::unfinished));
        for (int more = 0; more < 3; ++more) talk.feed(encode(frames::continuation, "b", frames::unfinished));
    }
    CHECK(talk.happenings.back() == failed);
    CHECK(talk.protocol.sent()->code == close_code::too_big);
}

TEST_CASE(
    "a text that is given in fragments is refused where it is not UTF-8, or ends inside a character", "[protocol]")
{
    OpenTalk talk(in_fragments(Talk::plain_conn()));
    SECTION("in the middle") { talk.feed(encode(frames::text, "ab\xFF", {.announced = 100})); }
    SECTION("at the end of a frame") { talk.feed(encode(frames::text, "ab\xE2\x82")); }
    SECTION("before an empty end")
    {
        talk.feed(encode(frames::text, "ab\xE2\x82", frames::unfinished) + encode(frames::continuation, ""));
    }
    CHECK(talk.happenings.back() == failed);
    CHECK(talk.protocol.sent()->code == close_code::bad_payload);
}

TEST_CASE("after our close frame no fragment is given any more", "[protocol]")
{
    OpenTalk talk(in_fragments(Talk::plain_conn()));
    talk.feed(encode(frames::binary, "begin", {.announced = 10}));
    CHECK(talk.parts.size() == 1);
    CHECK_FALSE(talk.protocol.close(1000, ""));
    talk.feed("xxxxx" + encode(frames::text, "more") + encode(frames::close, frames::big_endian(1000, 2)));
    CHECK(talk.parts.size() == 1);
    CHECK(talk.happenings.back() == closed);
}

TEST_CASE("the rest of a long payload is received into the message, and nothing behind it", "[protocol]")
{
    OpenTalk talk;
    const auto text = some_text(1'000'000);
    const auto frame = encode(frames::text, text);
    for (int times = 0; times < 3; ++times) {
        talk.happenings.clear();
        auto bytes = std::string_view(frame);
        talk.feed(bytes.substr(0, 1'000));
        bytes.remove_prefix(1'000);
        std::size_t pieces = 0;
        for (; bytes.size() > 8 * 1024; ++pieces) {
            const auto room = talk.protocol.prepare();
            CHECK(room.size() <= bytes.size());
            if (times > 0) CHECK(room.size() == bytes.size()); // the memory is there
            std::memcpy(room.data(), bytes.data(), room.size());
            talk.protocol.commit(room.size());
            bytes.remove_prefix(room.size());
            talk.look();
        }
        talk.feed(std::string(bytes) + encode(frames::ping, "p"));
        CHECK(talk.happenings == Happenings{{Event::message, Frame::text(text)}, {Event::ping, Frame::ping("p")}});
        CHECK(pieces < 20);
    }
}
