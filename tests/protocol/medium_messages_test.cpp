// SPDX-License-Identifier: BSL-1.0
#include <websockxx/protocol/receiver.hpp>

#include "protocol/talk.hpp"
#include "support/test.hpp"

using namespace websockxx;
using namespace websockxx::test;
using frames::encode;

/// Messages that the receiver waits for, since they fit into the input: of one frame, and from 1.5 to 128 KiB.

namespace {

/// Characters of one to four bytes.
std::string any_text(std::size_t size)
{
    const std::string characters[] = {"a", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"};
    std::string text;
    for (std::size_t number = 0; text.size() < size; ++number) text += characters[number * 7 % 11 % 4];
    while (text.size() > size) {
        text.resize(size);
        while ((static_cast<unsigned char>(text.back()) & 0xC0u) == 0x80u) text.pop_back();
        text.pop_back();
        text.resize(size, '.');
    }
    return text;
}

std::size_t any_size() { return GENERATE(2'000u, 20'000u, 100'000u); }

} // namespace

TEST_CASE("a text that comes in pieces is refused at its first wrong byte, wherever that is", "[protocol]")
{
    const auto size = any_size();
    const auto text = any_text(size);
    const std::string good = encode(frames::text, text);
    const auto header = good.size() - text.size();
    // Never part of a text (RFC 3629 3), so wrong in any place.
    for (const std::size_t at : {std::size_t{0}, std::size_t{1}, size / 2, size / 2 + 1, size - 2, size - 1}) {
        auto bytes = good;
        bytes[header + at] = '\xFF';
        const std::size_t cut = GENERATE_COPY(header, header + 1, header + size / 3);
        OpenTalk talk;
        const auto first = std::min(cut, header + at);
        talk.feed(bytes.substr(0, first));
        for (auto next = first; next < header + at; next += 997)
            talk.feed(bytes.substr(next, std::min<std::size_t>(997, header + at - next)));
        CHECK(talk.happenings.empty());
        talk.feed(bytes.substr(header + at, 1));
        CHECK(talk.happenings == Happenings{failed});
        CHECK(talk.protocol.error().code() == errc::bad_payload);
        CHECK(talk.protocol.sent()->code == close_code::bad_payload);
    }
}

TEST_CASE("a text that comes in pieces may be cut inside any character", "[protocol]")
{
    const auto size = any_size();
    const auto text = any_text(size);
    const auto pieces = GENERATE(Pieces::whole, Pieces::random, Pieces::bytes);
    if (pieces == Pieces::bytes && size > 20'000) return;
    OpenTalk talk(pieces);
    talk.feed(encode(frames::text, text));
    CHECK((talk.happenings == Happenings{message(Frame::text(text))}));
}

TEST_CASE("a text that comes in pieces and ends inside a character is refused at its end", "[protocol]")
{
    const auto text = std::string(any_size() - 2, 'x') + "\xE2\x82";
    const auto bytes = encode(frames::text, text);
    OpenTalk talk;
    talk.feed(bytes.substr(0, bytes.size() - 1));
    CHECK(talk.happenings.empty());
    talk.feed(bytes.substr(bytes.size() - 1));
    CHECK(talk.happenings == Happenings{failed});
    CHECK(talk.protocol.error().code() == errc::bad_payload);
}

TEST_CASE("bytes of a character that cannot go on are refused before the character has ended", "[protocol]")
{
    const std::string wrong =
        GENERATE(as<std::string>(), "\xC0", "\xED\xA0", "\xE0\x80", "\xF4\x90", "\xF5", "\xE2\x41");
    OpenTalk talk;
    const auto size = any_size();
    talk.feed(frames::header(frames::text, size) + std::string(1'000, 'x'));
    for (const char byte : wrong.substr(0, wrong.size() - 1)) talk.feed(std::string(1, byte));
    CHECK(talk.happenings.empty());
    talk.feed(std::string(1, wrong.back()));
    CHECK(talk.happenings == Happenings{failed});
}

TEST_CASE("a ping behind a message that comes in pieces is told behind it, with the same piece", "[protocol]")
{
    const auto opcode = GENERATE(frames::text, frames::binary);
    const auto type = opcode == frames::text ? Frame::Type::text : Frame::Type::binary;
    const auto text = any_text(any_size());
    const auto bytes = encode(opcode, text) + encode(frames::ping, "p") + encode(frames::text, "next");
    const std::size_t cut = GENERATE(3u, 6u, 1'500u);
    OpenTalk talk;
    talk.feed(bytes.substr(0, cut));
    CHECK(talk.happenings.empty());
    talk.feed(bytes.substr(cut));
    CHECK((talk.happenings == Happenings{message(Frame(type, text)), ping("p"), message(Frame::text("next"))}));
}

TEST_CASE("each of two texts in one input is looked at by itself, from its beginning", "[protocol]")
{
    const auto size = any_size();
    const auto first = any_text(size);
    const auto second = any_text(size / 2 + 777);
    SECTION("the end of the first with the beginning of the second")
    {
        const auto bytes = encode(frames::text, first) + encode(frames::text, second);
        const std::size_t rest =
            GENERATE_COPY(second.size() - 1, second.size() - 2, std::size_t{1'600}, std::size_t{1});
        OpenTalk talk;
        talk.feed(bytes.substr(0, size / 2));
        talk.feed(bytes.substr(size / 2, bytes.size() - rest - size / 2));
        CHECK((talk.happenings == Happenings{message(Frame::text(first))}));
        talk.feed(bytes.substr(bytes.size() - rest));
        CHECK((talk.happenings == Happenings{message(Frame::text(first)), message(Frame::text(second))}));
    }
    SECTION("the second one wrong in its first bytes, that came with the end of the first")
    {
        OpenTalk talk;
        const auto bytes = encode(frames::text, first);
        talk.feed(bytes.substr(0, size / 2));
        talk.feed(bytes.substr(size / 2) + frames::header(frames::text, size) + "a\xFF");
        CHECK((talk.happenings == Happenings{message(Frame::text(first)), failed}));
    }
    SECTION("behind one that was waited for until a character's middle, a small one and another")
    {
        const std::size_t before = GENERATE(998u, 1'998u);
        const std::string cut_in_character = std::string(before, 'x') + "\xC3\xA9";
        const auto bytes = encode(frames::text, cut_in_character);
        OpenTalk talk;
        talk.feed(bytes.substr(0, bytes.size() - 1));
        talk.feed(bytes.substr(bytes.size() - 1) + encode(frames::text, "small") +
                  encode(frames::text, second).substr(0, 700));
        talk.feed(encode(frames::text, second).substr(700));
        CHECK((talk.happenings == Happenings{message(Frame::text(cut_in_character)), message(Frame::text("small")),
                                      message(Frame::text(second))}));
    }
}

TEST_CASE("a text that is waited for when we close is dropped, whatever it is", "[protocol]")
{
    const auto text = any_text(any_size());
    const auto bytes = encode(frames::text, text);
    OpenTalk talk;
    talk.feed(bytes.substr(0, 1'000));
    CHECK_FALSE(talk.protocol.close(1000, ""));
    talk.feed(bytes.substr(1'000, bytes.size() - 1'001) + "\xFF" + encode(frames::close, frames::big_endian(1000, 2)));
    CHECK(talk.happenings == Happenings{closed});
}
