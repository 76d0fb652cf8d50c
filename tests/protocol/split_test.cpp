// SPDX-License-Identifier: BSL-1.0
#include <websockxx/protocol/protocol.hpp>

#include "protocol/compressor.hpp"
#include "protocol/talk.hpp"
#include "support/test.hpp"

using namespace websockxx;
using namespace websockxx::test;
using frames::encode;

namespace {

/// A server that says lawful things by lot.
class Server {
public:
    Server(unsigned seed, bool compresses) : random_(seed), compresses_(compresses) {}

    std::string bytes;
    Happenings expected;

    void say_something()
    {
        if (draw(4) == 0) say_control();
        else say_message();
    }

private:
    std::size_t draw(std::size_t below) { return std::uniform_int_distribution<std::size_t>(0, below - 1)(random_); }

    std::string draw_text()
    {
        static const std::string parts[] = {
            "a", "hello ", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "0000000000"};
        constexpr std::size_t most[] = {1, 4, 20, 40, 400, 4000};
        std::string text;
        for (auto count = draw(most[draw(6)]); count > 0; --count) text += parts[draw(6)];
        return text;
    }

    void say_control()
    {
        const std::string payload(draw(126), 'p');
        const bool is_ping = draw(2) == 0;
        bytes += encode(is_ping ? frames::ping : frames::pong, payload);
        expected.push_back(is_ping ? ping(payload) : pong(payload));
    }

    void say_message()
    {
        const auto text = draw_text();
        const bool is_text = draw(2) == 0;
        const bool compressed = compresses_ && draw(3) != 0;
        const auto payload = compressed ? compressor_.message(text) : text;
        auto fragments = draw(3) == 0 ? draw(6) : 0;
        std::size_t at = 0;
        for (bool first = true;; first = false) {
            const bool last = fragments == 0;
            const auto size = last ? payload.size() - at : draw(payload.size() - at + 1);
            const auto opcode = !first ? frames::continuation : is_text ? frames::text : frames::binary;
            bytes += encode(opcode, payload.substr(at, size), {.fin = last, .rsv = first && compressed ? 4u : 0u});
            if (last) break;
            at += size;
            --fragments;
            if (draw(3) == 0) say_control();
        }
        expected.push_back(message(is_text ? Frame::text(text) : Frame::binary(text)));
    }

    std::minstd_rand random_;
    bool compresses_;
    Compressor compressor_;
};

} // namespace

TEST_CASE("WXB-30 lawful streams give the same messages, however they are cut", "[protocol]")
{
    for (unsigned seed = 1; seed <= 1000; ++seed) {
        const bool compresses = seed % 2 == 0;
        Server server(seed, compresses);
        for (int times = 0; times < 12; ++times) server.say_something();
        const auto conn = compresses ? Talk::deflate_conn() : Talk::plain_conn();
        for (const auto pieces : {Pieces::whole, Pieces::random}) {
            CAPTURE(seed, pieces);
            OpenTalk talk(conn, pieces);
            REQUIRE(talk.feed(server.bytes) == server.expected);
            REQUIRE(talk.take_output().empty());
        }
    }
}

TEST_CASE("WXB-30 lawful streams give the same messages byte by byte, too", "[protocol]")
{
    for (unsigned seed = 5000; seed < 5060; ++seed) {
        const bool compresses = seed % 2 == 0;
        Server server(seed, compresses);
        for (int times = 0; times < 12; ++times) server.say_something();
        OpenTalk talk(compresses ? Talk::deflate_conn() : Talk::plain_conn(), Pieces::bytes);
        CAPTURE(seed);
        REQUIRE(talk.feed(server.bytes) == server.expected);
    }
}

TEST_CASE("streams of any bytes end orderly: nothing, or one failure with its close frame", "[protocol]")
{
    std::minstd_rand random(17);
    for (int times = 0; times < 2000; ++times) {
        const bool compresses = times % 2 == 0;
        Server server(static_cast<unsigned>(times + 1), compresses);
        for (int said = 0; said < 4; ++said) server.say_something();
        for (auto changes = 1 + random() % 4; changes > 0; --changes)
            server.bytes[random() % server.bytes.size()] = static_cast<char>(random() >> 9);
        OpenTalk talk(compresses ? Talk::deflate_conn() : Talk::plain_conn(), Pieces::random);
        CAPTURE(times);
        talk.feed(server.bytes);
        const auto sent = talk.take_frames();
        const bool ended =
            !talk.happenings.empty() && (talk.happenings.back() == failed || talk.happenings.back() == closed);
        REQUIRE(sent.size() == (ended ? 1 : 0));
        if (ended) REQUIRE(sent[0].opcode == frames::close);
        REQUIRE(talk.protocol.sent().has_value() == ended);
    }
}
