// SPDX-License-Identifier: BSL-1.0
#include <websockxx/protocol/encoder.hpp>

#include "protocol/compressor.hpp"
#include "protocol/talk.hpp"
#include "support/test.hpp"

#include <set>

using namespace websockxx;
using namespace websockxx::test;

namespace {

const std::string small = "Hello";
const std::string large(320, 'l');
const std::string very_large(1'100'000, 'v');

/// What write() makes of the frame, behind those that must come first.
frames::FromClient written(const Frame& frame, const std::vector<Frame>& before = {})
{
    OpenTalk talk;
    for (const auto& first : before) REQUIRE_FALSE(talk.protocol.write(first));
    talk.take_output();
    const auto error = talk.protocol.write(frame);
    CHECK_FALSE(error);
    return talk.take_frame();
}

void check_frame(
    const frames::FromClient& frame, unsigned opcode, bool fin, unsigned length_bytes, const std::string& payload)
{
    CHECK(frame.opcode == opcode);
    CHECK(frame.fin == fin);
    CHECK(frame.rsv == 0);
    CHECK(frame.masked);
    CHECK(frame.length_bytes == length_bytes);
    CHECK(frame.payload == payload);
}

} // namespace

TEST_CASE("WX-180 to WX-183 pings and pongs are encoded", "[protocol]")
{
    check_frame(written(Frame::ping()), frames::ping, true, 1, "");
    check_frame(written(Frame::ping("Hello")), frames::ping, true, 1, "Hello");
    check_frame(written(Frame::pong()), frames::pong, true, 1, "");
    check_frame(written(Frame::pong(std::string(125, 'p'))), frames::pong, true, 1, std::string(125, 'p'));
}

TEST_CASE("WX-180 WX-182 WX-184 a frame without a payload has four bytes of mask all the same", "[protocol]")
{
    OpenTalk talk;
    SECTION("ping") { (void)talk.protocol.write(Frame::ping()); }
    SECTION("pong") { (void)talk.protocol.write(Frame::pong()); }
    SECTION("text") { (void)talk.protocol.write(Frame::text("")); }
    SECTION("close") { (void)talk.protocol.close(std::nullopt, ""); }
    CHECK(talk.take_output().size() == 6);
}

TEST_CASE("WX-190 to WX-195 whole messages are encoded with each form of length", "[protocol]")
{
    check_frame(written(Frame::text(small)), frames::text, true, 1, small);
    check_frame(written(Frame::text(large)), frames::text, true, 2, large);
    check_frame(written(Frame::text(very_large)), frames::text, true, 8, very_large);
    check_frame(written(Frame::binary(small)), frames::binary, true, 1, small);
    check_frame(written(Frame::binary(large)), frames::binary, true, 2, large);
    check_frame(written(Frame::binary(very_large)), frames::binary, true, 8, very_large);
}

TEST_CASE("WX-196 to WX-201 first fragments are encoded", "[protocol]")
{
    check_frame(written(Frame::text_fragment(small)), frames::text, false, 1, small);
    check_frame(written(Frame::text_fragment(large)), frames::text, false, 2, large);
    check_frame(written(Frame::text_fragment(very_large)), frames::text, false, 8, very_large);
    check_frame(written(Frame::binary_fragment(small)), frames::binary, false, 1, small);
    check_frame(written(Frame::binary_fragment(large)), frames::binary, false, 2, large);
    check_frame(written(Frame::binary_fragment(very_large)), frames::binary, false, 8, very_large);
}

TEST_CASE("WX-202 to WX-207 continuations and finishes are encoded", "[protocol]")
{
    const auto first = GENERATE(Frame::text_fragment("a"), Frame::binary_fragment("a"));
    check_frame(written(Frame::continuation(small), {first}), frames::continuation, false, 1, small);
    check_frame(written(Frame::continuation(large), {first}), frames::continuation, false, 2, large);
    check_frame(written(Frame::continuation(very_large), {first}), frames::continuation, false, 8, very_large);
    check_frame(written(Frame::finish(small), {first}), frames::continuation, true, 1, small);
    check_frame(written(Frame::finish(large), {first}), frames::continuation, true, 2, large);
    check_frame(written(Frame::finish(very_large), {first}), frames::continuation, true, 8, very_large);
    check_frame(written(Frame::text("next"), {first, Frame::finish("")}), frames::text, true, 1, "next");
}

TEST_CASE("control frames may be written between fragments", "[protocol]")
{
    check_frame(written(Frame::ping("p"), {Frame::text_fragment("a")}), frames::ping, true, 1, "p");
    check_frame(
        written(Frame::finish("z"), {Frame::text_fragment("a"), Frame::pong("p")}), frames::continuation, true, 1, "z");
}

TEST_CASE("S10 each frame has a mask of its own, and they look drawn by lot", "[protocol]")
{
    constexpr unsigned count = 20'000;
    std::set<std::uint32_t> masks;
    std::size_t ones = 0;
    OpenTalk one;
    OpenTalk other;
    for (unsigned number = 0; number < count / 2; ++number) {
        for (auto* talk : {&one, &other}) {
            (void)talk->protocol.write(number % 2 == 0 ? Frame::text("same") : Frame::ping("same"));
            const auto mask = talk->take_frame().mask;
            masks.insert(mask);
            ones += static_cast<std::size_t>(std::popcount(mask));
        }
    }
    // Of 20,000 draws from 2^32 one repeats in 21 runs; three repeat in a quarter of a million.
    CHECK(masks.size() >= count - 2);
    // 640,000 bits: the mean is 320,000 and the standard deviation 400.
    CHECK(ones > 317'600);
    CHECK(ones < 322'400);
}

TEST_CASE("produced() counts every byte that was put into output()", "[protocol]")
{
    OpenTalk talk;
    const auto before = talk.protocol.produced();
    CHECK(before == talk.request.size());
    (void)talk.protocol.write(Frame::text("Hello"));
    CHECK(talk.protocol.produced() == before + 11);
    talk.take_output();
    (void)talk.protocol.write(Frame::text("Hello"));
    CHECK(talk.protocol.produced() == before + 22);
}

TEST_CASE("what was given back of an idle connection is made anew, also inside a message in fragments", "[protocol]")
{
    const bool compresses = GENERATE(false, true);
    OpenTalk talk(compresses ? Talk::deflate_conn() : Talk::plain_conn());
    const auto idle = [&] {
        talk.take_output();
        talk.protocol.trim();
    };
    idle();
    (void)talk.protocol.write(Frame::text("one"));
    check_frame(talk.take_frame(), frames::text, true, 1, "one");
    idle();
    (void)talk.protocol.write(Frame::binary_fragment(large));
    check_frame(talk.take_frame(), frames::binary, false, 2, large);
    idle();
    (void)talk.protocol.write(Frame::ping("p"));
    check_frame(talk.take_frame(), frames::ping, true, 1, "p");
    idle();
    (void)talk.protocol.write(Frame::continuation(small));
    check_frame(talk.take_frame(), frames::continuation, false, 1, small);
    idle();
    (void)talk.protocol.write(Frame::finish(large));
    check_frame(talk.take_frame(), frames::continuation, true, 2, large);
    idle();
    (void)talk.protocol.write(Frame::text("two"));
    check_frame(talk.take_frame(), frames::text, true, 1, "two");
    idle();
    (void)talk.protocol.close(1000, "");
    check_frame(talk.take_frame(), frames::close, true, 1, frames::big_endian(1000, 2));
}

TEST_CASE(
    "a compressed message can be inflated after the connection was idle, with and without a context", "[protocol]")
{
    auto conn = Talk::deflate_conn();
    conn.deflate.client_no_context_takeover = GENERATE(false, true);
    const bool forgets = conn.deflate.client_no_context_takeover;
    Talk talk(conn);
    talk.feed(talk.answer(std::string("Sec-WebSocket-Extensions: permessage-deflate") +
                          (forgets ? "; client_no_context_takeover" : "") + "\r\n"));
    REQUIRE(talk.protocol.deflate());

    Inflater inflater;
    std::vector<std::size_t> sizes;
    for (int number = 0; number < 6; ++number) {
        std::string text;
        for (int word = 0; word < 500; ++word) text += std::to_string(word * 7919) + ' ';
        (void)talk.protocol.write(Frame::text(text));
        const auto frame = talk.take_frame();
        CHECK(frame.rsv == 4);
        sizes.push_back(frame.payload.size());
        CHECK((inflater.message(frame.payload) == text));
        if (forgets) inflater.reset();
        (void)talk.protocol.write(Frame::text("short"));
        check_frame(talk.take_frame(), frames::text, true, 1, "short");
        if (number % 2 == 1) talk.protocol.trim();
    }
    // Who remembers what was said needs next to nothing to say it again: also after he was idle.
    for (std::size_t number = 1; number < sizes.size(); ++number)
        CHECK((forgets ? sizes[number] == sizes[0] : sizes[number] < sizes[0] / 10));
}

TEST_CASE("S10 masks do not begin anew with the encoder", "[protocol]")
{
    std::set<std::uint32_t> masks;
    OpenTalk talk;
    for (int number = 0; number < 1'000; ++number) {
        (void)talk.protocol.write(Frame::text("same"));
        masks.insert(talk.take_frame().mask);
        talk.protocol.trim();
    }
    CHECK(masks.size() >= 999); // two of 1,000 are the same in one run of 8,600
}
