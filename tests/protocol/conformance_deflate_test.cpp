// SPDX-License-Identifier: BSL-1.0
#include "protocol/compressor.hpp"
#include "protocol/deflate_blocks.hpp"
#include "support/conformance.hpp"
#include "support/test.hpp"

using namespace websockxx;
using namespace websockxx::test;
using namespace websockxx::test::conformance;
using frames::compressed;
using frames::compressed_unfinished;
using frames::encode;

namespace {

const CloseFrame reserved_bits{1002, "reserved bits are set in a frame"};
const CloseFrame broken{1002, "compressed message that cannot be inflated"};
const CloseFrame not_utf8{1007, "text that is not UTF-8"};
const CloseFrame too_big{1009, "message larger than the limit"};

const std::string agreed = "Sec-WebSocket-Extensions: permessage-deflate\r\n";
const Happening hello = message(Frame::text("Hello"));

/// The row, on a connection with permessage-deflate, where the client compresses all that it sends.
Row deflated(Row row, std::string fields = agreed)
{
    row.conn.deflate.offer = true;
    row.conn.deflate.threshold_bytes = 0;
    row.fields = std::move(fields);
    return row;
}

std::vector<Row> deflated(std::vector<Row> rows)
{
    for (auto& row : rows) row = deflated(std::move(row));
    return rows;
}

std::string bytes(std::initializer_list<int> values)
{
    std::string made;
    for (const int value : values) made += static_cast<char>(value);
    return made;
}

std::string in_frames_of(std::size_t size, std::string_view payload, unsigned opcode)
{
    std::string made;
    unsigned rsv = 4;
    for (; payload.size() > size; payload.remove_prefix(size)) {
        made += encode(std::exchange(opcode, frames::continuation), payload.substr(0, size),
            {.fin = false, .rsv = std::exchange(rsv, 0u)});
    }
    return made + encode(opcode, payload, {.rsv = rsv});
}

std::string words(std::size_t size)
{
    std::minstd_rand random(3);
    std::string text;
    while (text.size() < size) text += std::to_string(random() % 1000) + (random() % 3 == 0 ? " brown fox " : ",");
    text.resize(size);
    return text;
}

} // namespace

// But for 7.2.3.4, a final block: compression_test.cpp says what becomes of that.
TEST_CASE("the examples of RFC 7692 are heard", "[conformance]")
{
    const auto payload = bytes({0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00});
    play(deflated({
        {"one frame (7.2.3.1)", encode(frames::text, payload, compressed), {hello}},
        {"fragments",
            encode(frames::text, payload.substr(0, 3), compressed_unfinished) +
                encode(frames::continuation, payload.substr(3)),
            {hello}},
        {"a sliding window (7.2.3.2)",
            encode(frames::text, payload, compressed) +
                encode(frames::text, bytes({0xf2, 0x00, 0x11, 0x00, 0x00}), compressed),
            {hello, hello}},
        {"a block without compression (7.2.3.3)",
            encode(frames::text, bytes({0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00}), compressed),
            {hello}},
        {"two blocks (7.2.3.5)",
            encode(frames::text, bytes({0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00}),
                compressed),
            {hello}},
        {"an empty message (7.2.3.6)", encode(frames::text, bytes({0}), compressed), {message(Frame::text(""))}},
        {"one that is not compressed", encode(frames::text, "Hello"), {hello}},
    }));
}

TEST_CASE("compressed messages of each size are heard and sent back, in frames of each size", "[conformance]")
{
    std::vector<Row> rows;
    for (const auto size : Sizes{0, 1, 15, 16, 64, 125, 126, 256, 1'024, 4'096, 16'384, 65'535, 65'536}) {
        for (const std::size_t frame : {std::string::npos, std::size_t{256}}) {
            Compressor compressor;
            Row row{std::to_string(size) + (frame == 256 ? " in frames of 256" : ""), ""};
            for (const auto& it : {Frame::text(words(size)), Frame::binary(noise(size)), Frame::text(words(size)),
                     Frame::binary(std::string(size, '\0'))}) {
                row.sent +=
                    in_frames_of(frame, compressor.message(it.text()), it.is_text() ? frames::text : frames::binary);
                row.heard.push_back(message(it));
            }
            rows.push_back(deflated(row));
        }
    }
    play(rows);
}

TEST_CASE("compressed messages may be fragmented anywhere, with control frames between", "[conformance]")
{
    std::vector<Row> rows;
    const auto text = words(300);
    Compressor compressor;
    const auto payload = compressor.message(text);
    for (std::size_t at = 0; at <= payload.size(); at += 7) {
        rows.push_back({"cut at " + std::to_string(at),
            encode(frames::text, payload.substr(0, at), compressed_unfinished) + encode(frames::ping, "?") +
                encode(frames::continuation, "", frames::unfinished) + encode(frames::pong, "!") +
                encode(frames::continuation, payload.substr(at), frames::unfinished) + encode(frames::continuation, ""),
            {ping("?"), pong("!"), message(Frame::text(text))}});
    }
    play(deflated(rows));
}

TEST_CASE("S13 RSV1 may be set on the first frame of a message, and nowhere else", "[conformance]")
{
    const auto payload = bytes({0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00});
    const auto good = encode(frames::text, payload, compressed);
    std::vector<Row> rows;
    for (const auto opcode : {frames::ping, frames::pong, frames::close, frames::continuation}) {
        rows.push_back(
            fails("opcode " + std::to_string(opcode), good + encode(opcode, "", compressed), reserved_bits, {hello}));
    }
    for (const auto opcode : {frames::text, frames::binary}) {
        for (const auto rsv : std::vector<unsigned>{1, 2, 3, 5, 6, 7}) {
            rows.push_back(fails(
                "RSV " + std::to_string(rsv), good + encode(opcode, payload, {.rsv = rsv}), reserved_bits, {hello}));
        }
    }
    rows.push_back(fails("a middle fragment",
        encode(frames::text, payload.substr(0, 2), compressed_unfinished) +
            encode(frames::continuation, payload.substr(2, 2), compressed_unfinished),
        reserved_bits));
    rows.push_back(fails("the last fragment",
        encode(frames::text, payload.substr(0, 2), compressed_unfinished) +
            encode(frames::continuation, payload.substr(2), compressed),
        reserved_bits));
    rows.push_back(fails("the second fragment instead of the first",
        encode(frames::text, payload.substr(0, 2), frames::unfinished) +
            encode(frames::continuation, payload.substr(2), compressed),
        not_utf8));
    play(deflated(rows));
}

TEST_CASE("S19 what cannot be inflated is refused", "[conformance]")
{
    const auto good = encode(frames::binary, bytes({0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00}), compressed);
    std::vector<Row> rows;
    const auto add = [&](const std::string& name, const std::string& payload) {
        rows.push_back(fails(name, good + encode(frames::binary, payload, compressed) + encode(frames::ping, ""),
            broken, {message(Frame::binary("Hello"))}));
    };
    add("a block of the reserved type", bytes({0x06, 0xff, 0xff, 0xff}));
    add("a stored block whose sizes differ", bytes({0x00, 0x05, 0x00, 0xfa, 0xfe, 'H', 'e', 'l', 'l', 'o', 0}));
    add("a stored block that is not whole", bytes({0x00, 0xff, 0x00, 0x00, 0xff, 'H'}));
    add("too many codes", bytes({0xfc, 0xff, 0xff, 0xff, 0xff}));
    add("bytes from before the first", repeat_from(9));
    add("noise", noise(500));
    // With fixed codes: a table of codes that is cut off is found out by the next message only.
    const auto whole = Compressor().message("Hello, hello, hello, world, hello");
    REQUIRE((whole[0] & 6) == 2);
    for (std::size_t size = 1; size < whole.size(); size += 2)
        add("one that is cut off after " + std::to_string(size), whole.substr(0, size));
    play(deflated(rows));
}

TEST_CASE("stored, empty and several blocks are inflated", "[conformance]")
{
    const auto long_text = words(70'000);
    Compressor none(15, 0);
    const auto empty = stored("");
    Compressor compressor;
    auto in_two = compressor.part("He");
    in_two += compressor.message("llo");
    play(deflated({
        {"stored", encode(frames::text, stored("Hello") + bytes({0}), compressed), {hello}},
        {"one byte each",
            encode(frames::text, stored("H") + stored("e") + stored("l") + stored("l") + stored("o") + bytes({0}),
                compressed),
            {hello}},
        {"empty ones around it",
            encode(frames::text, empty + empty + stored("Hello") + empty + empty + bytes({0}), compressed), {hello}},
        {"only empty ones", encode(frames::text, empty + empty + empty + bytes({0}), compressed),
            {message(Frame::text(""))}},
        {"as a compressor of level 0 writes it", encode(frames::text, none.message(long_text), compressed),
            {message(Frame::text(long_text))}},
        {"flushed in between", encode(frames::text, in_two, compressed), {hello}},
        {"messages of no bytes at all",
            encode(frames::text, "", compressed) + encode(frames::text, "", compressed_unfinished) +
                encode(frames::continuation, "") + encode(frames::text, stored("Hello") + bytes({0}), compressed),
            {message(Frame::text("")), message(Frame::text("")), hello}},
        {"many empty messages",
            encode(frames::text, bytes({0}), compressed) + encode(frames::binary, bytes({0}), compressed) +
                encode(frames::text, "", {.fin = false, .rsv = 4}) + encode(frames::continuation, bytes({0})),
            {message(Frame::text("")), message(Frame::binary("")), message(Frame::text(""))}},
    }));
}

TEST_CASE("a compressed text must be UTF-8, and is refused at its first wrong byte", "[conformance]")
{
    const std::string kosme = "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5";
    std::vector<Row> rows{
        {"a binary message may be anything", encode(frames::binary, Compressor().message("\xff\xfe"), compressed),
            {message(Frame::binary("\xff\xfe"))}},
    };
    for (const auto& [good, bad] : {std::pair<std::string, std::string>{"", "\xff"}, {kosme, "\x80"},
             {kosme + "\xf4", "\x90"}, {"\xed", "\xa0"}, {std::string(5'000, 'x') + "\xe2\x82", "x"}}) {
        const auto name = std::to_string(good.size());
        Compressor compressor;
        const auto first = compressor.part(good);
        const auto then = compressor.part(bad);
        const auto end = compressor.message("more");
        rows.push_back(fails(name + ", whole", encode(frames::text, first + then + end, compressed), not_utf8));
        rows.push_back(
            fails(name + ", at once", encode(frames::text, first + then, {.rsv = 4, .announced = 100'000}), not_utf8));
        rows.push_back(fails(name + ", in a fragment, at once",
            encode(frames::text, first, compressed_unfinished) + encode(frames::continuation, then, frames::unfinished),
            not_utf8));
        rows.push_back({name + ", not before", encode(frames::text, first, {.rsv = 4, .announced = 100'000})});
    }
    for (const std::string text : {"\xe2\x82", "Hello\xf0\x9f\x98", "\xc3"}) {
        const auto payload = Compressor().message(text);
        rows.push_back(fails("the end of a message", encode(frames::text, payload, compressed), not_utf8));
        rows.push_back(fails("the end of a message, before an empty frame",
            encode(frames::text, payload, compressed_unfinished) + encode(frames::continuation, ""), not_utf8));
    }
    play(deflated(rows));
}

TEST_CASE("S1 the limit holds for what is inflated, to the byte", "[conformance]")
{
    std::vector<Row> rows;
    for (const auto limit : Sizes{100, 5'000, 65'536}) {
        const std::string most(limit, 'x');
        const auto heard = message(Frame::text(most));
        const auto compress = [](const std::string& text) { return Compressor().message(text); };
        const auto in_two = [](const std::string& payload) {
            return in_frames_of(payload.size() / 2, payload, frames::text);
        };
        for (auto& row :
            std::vector<Row>{
                {"whole", encode(frames::text, compress(most), compressed), {heard}},
                {"in fragments", in_two(compress(most)), {heard}},
                {"twice",
                    encode(frames::text, compress(most), compressed) + encode(frames::text, compress(most), compressed),
                    {heard, heard}},
                fails("one more", encode(frames::text, compress(most + "x"), compressed), too_big),
                fails("one more in fragments", in_two(compress(most + "x")), too_big),
                fails("a million more", encode(frames::text, compress(most + std::string(1'000'000, 'x')), compressed),
                    too_big),
                fails("by the header", frames::header(frames::text, limit * 2 + 2'000, compressed), too_big),
            }) {
            row.name += ", with a limit of " + std::to_string(limit);
            row.conn.limits.message_bytes = limit;
            rows.push_back(std::move(row));
        }
    }
    play(deflated(rows));
}
