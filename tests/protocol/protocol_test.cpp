// SPDX-License-Identifier: BSL-1.0
#include <websockxx/protocol/protocol.hpp>

#include "protocol/talk.hpp"
#include "support/test.hpp"

using namespace websockxx;
using namespace websockxx::test;
using frames::encode;
using frames::encode_close;

namespace {

Pieces any_pieces() { return GENERATE(Pieces::whole, Pieces::bytes, Pieces::random); }

void check_refused(Talk& talk, errc code)
{
    CHECK(talk.happenings == Happenings{refused});
    CHECK(talk.protocol.error().code() == code);
    CHECK(talk.protocol.error().phase() == Phase::handshake);
    CHECK(talk.take_output().empty());
    CHECK_FALSE(talk.protocol.sent());
    talk.feed(encode(frames::text, "late"));
    CHECK(talk.end().size() == 1);
}

} // namespace

TEST_CASE("a connection opens when the answer is whole", "[protocol]")
{
    Talk talk(Talk::plain_conn(), any_pieces());
    const auto answer = talk.answer("X-Server: here\r\n");
    CHECK(talk.feed(answer.substr(0, answer.size() - 1)).empty());
    CHECK(talk.feed(answer.substr(answer.size() - 1)) == Happenings{opened});
    CHECK(talk.protocol.response().status == 101);
    CHECK(talk.protocol.response().headers.get("X-Server") == "here");
    CHECK(talk.protocol.subprotocol().empty());
    CHECK_FALSE(talk.protocol.deflate());
    CHECK_FALSE(talk.protocol.error());
}

TEST_CASE("WX-022 WX-023 a text directly behind the 101 is read", "[protocol]")
{
    const bool compressed = GENERATE(false, true);
    Talk talk(compressed ? Talk::deflate_conn() : Talk::plain_conn(), any_pieces());
    talk.feed(talk.answer(compressed ? "Sec-WebSocket-Extensions: permessage-deflate\r\n" : "") +
              encode(frames::text, "Hello") + encode(frames::ping, "p"));
    CHECK(talk.happenings == Happenings{opened, message(Frame::text("Hello")), ping("p")});
    CHECK(talk.protocol.deflate() == compressed);
}

TEST_CASE("the subprotocol that the server chose is told", "[protocol]")
{
    auto conn = Talk::plain_conn();
    conn.subprotocols = {"chat", "superchat"};
    Talk talk(conn);
    talk.feed(talk.answer("Sec-WebSocket-Protocol: superchat\r\n"));
    CHECK(talk.protocol.subprotocol() == "superchat");
}

TEST_CASE("answers of many sizes open the connection, whatever Beast's own buffer holds", "[protocol]")
{
    for (std::size_t size = 0; size < 8000; size += 97) {
        Talk talk;
        const auto more = "X-Long: " + std::string(size, 'x') + "\r\n";
        REQUIRE(talk.feed(talk.answer(more) + encode(frames::text, "Hello")) ==
                Happenings{opened, message(Frame::text("Hello"))});
    }
}

TEST_CASE("WXB-11 to WXB-14 S11 an answer that is not what was asked for is refused", "[protocol]")
{
    auto conn = Talk::plain_conn();
    conn.subprotocols = {"chat"};
    Talk talk(conn, any_pieces());
    const auto good = talk.answer();
    const auto with = [&good](const std::string& old, const std::string& instead) {
        auto changed = good;
        changed.replace(changed.find(old), old.size(), instead);
        return changed;
    };
    SECTION("Upgrade")
    {
        talk.feed(with("websocket", "h2c"));
        check_refused(talk, errc::bad_upgrade);
    }
    SECTION("Connection")
    {
        talk.feed(with("Connection: Upgrade", "Connection: close"));
        check_refused(talk, errc::bad_upgrade);
    }
    SECTION("HTTP/1.0")
    {
        talk.feed(with("HTTP/1.1", "HTTP/1.0"));
        check_refused(talk, errc::handshake_malformed);
    }
    SECTION("no Accept")
    {
        talk.feed(with("Sec-WebSocket-Accept", "X-Accept"));
        check_refused(talk, errc::bad_accept);
    }
    SECTION("the Accept of another key")
    {
        talk.feed(with(talk.accept(), accept_for("other")));
        check_refused(talk, errc::bad_accept);
    }
    SECTION("an Accept in the wrong case")
    {
        auto accept = talk.accept();
        for (auto& letter : accept) letter = static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
        talk.feed(with(talk.accept(), accept));
        check_refused(talk, errc::bad_accept);
    }
    SECTION("blanks behind the Accept are not wrong")
    {
        talk.feed(with(talk.accept(), talk.accept() + " \t "));
        CHECK(talk.happenings == Happenings{opened});
    }
    SECTION("an extension")
    {
        talk.feed(talk.answer("Sec-WebSocket-Extensions: permessage-deflate\r\n"));
        check_refused(talk, errc::unexpected_extension);
    }
    SECTION("a subprotocol")
    {
        talk.feed(talk.answer("Sec-WebSocket-Protocol: other\r\n"));
        check_refused(talk, errc::unexpected_subprotocol);
    }
}

TEST_CASE("WXB-16 S11 another status is a refusal, with what the server says", "[protocol]")
{
    Talk talk(Talk::plain_conn(), any_pieces());
    talk.feed("HTTP/1.1 403 Forbidden\r\nX-Why: no\r\nContent-Length: 7\r\n\r\nGo away");
    CHECK(talk.protocol.error().code() == errc::handshake_refused);
    const auto* refusal = talk.protocol.error().refusal();
    REQUIRE(refusal);
    CHECK(*refusal == Response{403, "Forbidden", {{"X-Why", "no"}, {"Content-Length", "7"}}, "Go away"});
    check_refused(talk, errc::handshake_refused);
}

TEST_CASE("the end of the stream ends an opening handshake", "[protocol]")
{
    Talk talk(Talk::plain_conn(), any_pieces());
    SECTION("inside the answer")
    {
        talk.feed(talk.answer().substr(0, 50));
        talk.end();
        check_refused(talk, errc::handshake_incomplete);
    }
    SECTION("before it")
    {
        talk.end();
        check_refused(talk, errc::handshake_incomplete);
    }
    SECTION("inside a body without a length")
    {
        CHECK(talk.feed("HTTP/1.1 500 Oops\r\n\r\nwhy").empty());
        talk.end();
        CHECK(talk.protocol.error().refusal()->body == "why");
    }
}

TEST_CASE("S5 an answer without an end is too large, and takes no more memory than the limit", "[protocol]")
{
    Talk talk(Talk::plain_conn(), GENERATE(Pieces::whole, Pieces::random));
    talk.feed("HTTP/1.1 101 Switching\r\nX: " + std::string(10'000'000, 'x'));
    check_refused(talk, errc::handshake_too_large);
}

TEST_CASE("giving memory back in the middle of the opening handshake loses nothing of it", "[protocol]")
{
    Talk talk;
    const auto answer = talk.answer();
    talk.feed(answer.substr(0, 50));
    talk.protocol.trim();
    CHECK(talk.feed(answer.substr(50)) == Happenings{opened});
}

TEST_CASE("a second start() changes nothing", "[protocol]")
{
    Talk talk;
    talk.protocol.start();
    CHECK(talk.take_output().empty());
}

TEST_CASE("WX-095 what the old connection has left incomplete does not reach the next one", "[protocol]")
{
    OpenTalk old;
    old.feed(encode(frames::text, "Hello").substr(0, 4));
    CHECK(old.end().empty());
    OpenTalk next;
    CHECK(next.feed(encode(frames::text, "Hello")) == Happenings{message(Frame::text("Hello"))});
}

TEST_CASE("the end of the stream leaves what is whole to be read", "[protocol]")
{
    OpenTalk talk;
    talk.protocol.end_of_stream();
    CHECK(talk.feed(encode(frames::text, "Hello") + encode(frames::text, "Hell").substr(0, 3)) ==
          Happenings{message(Frame::text("Hello"))});
    CHECK(talk.end().size() == 1);
}

TEST_CASE("frames can be written only while the connection is open", "[protocol]")
{
    protocol::Protocol unstarted(Talk::plain_conn(), Talk::context());
    CHECK(unstarted.write(Frame::text("x")) == errc::not_connected_opening);

    Talk talk;
    CHECK(talk.protocol.write(Frame::text("x")) == errc::not_connected_opening);
    CHECK(talk.protocol.close(1000, "") == errc::not_connected_opening);
    talk.feed(talk.answer());
    CHECK_FALSE(talk.protocol.check(Frame::text("x")));
    CHECK_FALSE(talk.protocol.close(1000, ""));
    CHECK(talk.protocol.check(Frame::text("x")) == errc::not_connected_closing);
    CHECK(talk.protocol.write(Frame::ping()) == errc::not_connected_closing);
    CHECK(talk.protocol.close(1000, "") == errc::not_connected_closing);
    CHECK(talk.take_frames().size() == 1);
}

TEST_CASE("WX-186 WX-187 control frames of more than 125 bytes cannot be written", "[protocol]")
{
    OpenTalk talk;
    const auto size = GENERATE(std::size_t{126}, std::size_t{305});
    for (const auto& frame : {Frame::ping(std::string(size, 'x')), Frame::pong(std::string(size, 'x'))}) {
        CHECK(talk.protocol.check(frame) == errc::control_frame_too_large);
        CHECK(talk.protocol.write(frame) == errc::control_frame_too_large);
    }
    CHECK(talk.take_output().empty());
}

TEST_CASE("fragments out of order cannot be written", "[protocol]")
{
    OpenTalk talk;
    CHECK(talk.protocol.write(Frame::continuation("x")) == errc::invalid_frame);
    CHECK(talk.protocol.write(Frame::finish("x")) == errc::invalid_frame);
    CHECK(talk.take_output().empty());
    CHECK_FALSE(talk.protocol.write(Frame::text_fragment("a")));
    talk.take_output();
    for (const auto& frame :
        {Frame::text("x"), Frame::binary("x"), Frame::text_fragment("x"), Frame::binary_fragment("x")})
        CHECK(talk.protocol.write(frame) == errc::invalid_frame);
    CHECK(talk.take_output().empty());
    CHECK_FALSE(talk.protocol.write(Frame::finish("z")));
    CHECK(talk.protocol.write(Frame::finish("z")) == errc::invalid_frame);
}

TEST_CASE("a text that is not UTF-8 cannot be written, whole or in fragments", "[protocol]")
{
    OpenTalk talk;
    CHECK(talk.protocol.write(Frame::text("\xFF")) == errc::invalid_utf8);
    CHECK(talk.protocol.write(Frame::text_fragment("a\xFF")) == errc::invalid_utf8);
    CHECK_FALSE(talk.protocol.write(Frame::text_fragment("a\xE2\x82")));
    CHECK(talk.protocol.write(Frame::continuation("b")) == errc::invalid_utf8);
    CHECK(talk.protocol.write(Frame::finish("")) == errc::invalid_utf8);
    CHECK_FALSE(talk.protocol.write(Frame::ping("\xFF")));
    CHECK_FALSE(talk.protocol.write(Frame::finish("\xAC")));
    CHECK_FALSE(talk.protocol.write(Frame::binary_fragment("\xFF")));
    CHECK_FALSE(talk.protocol.write(Frame::continuation("\xFF")));
    CHECK_FALSE(talk.protocol.write(Frame::finish("\xFF")));
    CHECK_FALSE(talk.protocol.write(Frame::binary("\xFF")));
    CHECK(talk.take_frames().size() == 7);
}

TEST_CASE("output may be taken in pieces of any size", "[protocol]")
{
    OpenTalk talk;
    (void)talk.protocol.write(Frame::text("Hello"));
    std::string taken;
    while (!talk.protocol.output().empty()) {
        taken += static_cast<char>(talk.protocol.output().front());
        talk.protocol.consume(1);
        if (taken.size() == 3) (void)talk.protocol.write(Frame::text("world"));
    }
    const auto sent = frames::decode(taken);
    REQUIRE(sent.size() == 2);
    CHECK(sent[0].payload == "Hello");
    CHECK(sent[1].payload == "world");
}
