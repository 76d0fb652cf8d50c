// SPDX-License-Identifier: BSL-1.0
#include "support/conformance.hpp"
#include "support/test.hpp"

using namespace websockxx;
using namespace websockxx::test;
using namespace websockxx::test::conformance;
using frames::encode;

namespace {

const CloseFrame nothing_to_continue{1002, "Endpoint sent a continuation frame without starting a fragment"};
const CloseFrame begun_inside{1002, "Endpoint tried to start a fragment without finishing another"};
const CloseFrame fragmented_control{1002, "fragmented control frame"};

std::string first(std::string_view payload, unsigned opcode = frames::text)
{
    return encode(opcode, payload, frames::unfinished);
}
std::string middle(std::string_view payload) { return encode(frames::continuation, payload, frames::unfinished); }
std::string last(std::string_view payload) { return encode(frames::continuation, payload); }

const Happening hello = message(Frame::text("Hello"));

/// In as many frames as it takes.
std::string in_frames_of(std::size_t size, const Frame& frame)
{
    auto rest = frame.text();
    std::string bytes;
    auto opcode = frame.is_text() ? frames::text : frames::binary;
    for (; rest.size() > size; rest.remove_prefix(size)) {
        bytes += encode(std::exchange(opcode, frames::continuation), rest.substr(0, size), frames::unfinished);
    }
    return bytes + encode(opcode, rest);
}

} // namespace

TEST_CASE("WX-029 WX-030 the fragments of a message are put together", "[conformance]")
{
    std::vector<Row> rows{
        {"two fragments", first("He") + last("llo"), {hello}},
        {"three fragments", first("H") + middle("ell") + last("o"), {hello}},
        {"a binary one", first(std::string(1, '\xff'), frames::binary) + last("b"),
            {message(Frame::binary("\xff"
                                   "b"))}},
        {"all empty", first("") + middle("") + last(""), {message(Frame::text(""))}},
        {"an empty first", first("") + last("Hello"), {hello}},
        {"an empty one in the middle", first("Hel") + middle("") + last("lo"), {hello}},
        {"an empty last", first("Hello") + last(""), {hello}},
        {"two messages", first("He") + last("llo") + first("He") + middle("l") + last("lo"), {hello, hello}},
        {"between whole ones",
            encode(frames::text, "Hello") + first("He") + last("llo") + encode(frames::text, "Hello"),
            {hello, hello, hello}},
        {"that has no end yet", first("He") + middle("llo")},
    };
    for (const auto size : Sizes{1, 2, 3, 125, 126, 1'300}) {
        const auto text = Frame::text(std::string(1'500, '*'));
        rows.push_back({"1500 in frames of " + std::to_string(size), in_frames_of(size, text), {message(text)}});
    }
    for (const auto size : Sizes{1'300, 65'535, 65'536, 100'000}) {
        const auto bytes = Frame::binary(std::string(200'000, '\xfe'));
        rows.push_back({"200000 in frames of " + std::to_string(size), in_frames_of(size, bytes), {message(bytes)}});
    }
    play(rows);
}

TEST_CASE("WXB-06 control frames between fragments are answered, and the message goes on", "[conformance]")
{
    const auto asked = encode(frames::ping, "?");
    play({
        {"a ping", first("He") + asked + last("llo"), {ping("?"), hello}},
        {"a pong", first("He") + encode(frames::pong, "!") + last("llo"), {pong("!"), hello}},
        {"a ping of 125", first("He") + encode(frames::ping, std::string(125, 'p')) + last("llo"),
            {ping(std::string(125, 'p')), hello}},
        {"pings everywhere", asked + first("H") + asked + asked + middle("ell") + asked + last("o") + asked,
            {ping("?"), ping("?"), ping("?"), ping("?"), hello, ping("?")}},
        {"between empty fragments", first("") + asked + middle("") + asked + last("Hello"),
            {ping("?"), ping("?"), hello}},
        {"a ping is answered before the message has an end", first("He") + asked + middle("llo"), {ping("?")}},
        {"between the fragments of a long message",
            first(std::string(70'000, 'a')) + asked + middle(std::string(70'000, 'b')) + asked + last("c"),
            {ping("?"), ping("?"), message(Frame::text(std::string(70'000, 'a') + std::string(70'000, 'b') + "c"))}},
    });
}

TEST_CASE("WX-028 WXB-04 S13 a continuation needs a message that was begun", "[conformance]")
{
    const auto whole = encode(frames::text, "Hello");
    std::vector<Row> rows;
    for (const bool fin : {true, false}) {
        const std::string which = fin ? "a last" : "a middle";
        for (const std::string payload : {"", "llo"}) {
            const auto stray = encode(frames::continuation, payload, {.fin = fin});
            const auto name = which + " fragment of " + std::to_string(payload.size());
            rows.push_back(fails(name, stray + whole, nothing_to_continue));
            rows.push_back(fails(name + " behind a message", whole + stray + whole, nothing_to_continue, {hello}));
            rows.push_back(fails(name + " behind a fragmented message", first("He") + last("llo") + stray + whole,
                nothing_to_continue, {hello}));
            rows.push_back(
                fails(name + ", three times", stray + first("He") + last("llo") + stray, nothing_to_continue));
            rows.push_back(
                fails(name + " behind a ping", encode(frames::ping, "?") + stray, nothing_to_continue, {ping("?")}));
        }
    }
    play(rows);
}

TEST_CASE("WX-027 WX-174 WXB-05 S13 a message cannot begin inside another", "[conformance]")
{
    std::vector<Row> rows;
    for (const auto opcode : {frames::text, frames::binary}) {
        for (const auto inner : {frames::text, frames::binary}) {
            for (const bool fin : {true, false}) {
                const auto name = "opcode " + std::to_string(inner) + (fin ? "" : ", a fragment,") + " inside " +
                                  std::to_string(opcode);
                const auto begun = encode(inner, "llo", {.fin = fin});
                rows.push_back(fails(name, first("He", opcode) + begun + last("!"), begun_inside));
                rows.push_back(
                    fails(name + ", empty", first("", opcode) + encode(inner, "", {.fin = fin}), begun_inside));
                rows.push_back(
                    fails(name + ", late", first("He", opcode) + middle("l") + begun + last("!"), begun_inside));
                rows.push_back(fails(name + ", behind a ping", first("He", opcode) + encode(frames::ping, "") + begun,
                    begun_inside, {ping()}));
            }
        }
    }
    play(rows);
}

TEST_CASE("WX-168 S13 control frames cannot be fragmented", "[conformance]")
{
    std::vector<Row> rows;
    for (const auto opcode : {frames::ping, frames::pong, frames::close}) {
        const auto name = "opcode " + std::to_string(opcode);
        rows.push_back(fails(name, first("", opcode) + last(""), fragmented_control));
        rows.push_back(
            fails(name + " between fragments", first("He") + first("", opcode) + last("llo"), fragmented_control));
        rows.push_back(fails(name + " by its first byte", first("", opcode).substr(0, 1), fragmented_control));
    }
    play(rows);
}
