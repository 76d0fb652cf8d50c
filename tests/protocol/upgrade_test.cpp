// SPDX-License-Identifier: BSL-1.0
#include <websockxx/protocol/upgrade.hpp>

#include "support/test.hpp"

using namespace websockxx;
using websockxx::protocol::check_upgrade;

namespace {

const std::string accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

Response good_answer()
{
    return {101, "Switching Protocols",
        {{"Upgrade", "websocket"}, {"Connection", "Upgrade"}, {"Sec-WebSocket-Accept", accept}}, ""};
}

Conn chat_conn()
{
    Conn conn;
    conn.subprotocols = {"chat", "superchat"};
    return conn;
}

void check_refused(const Response& response, errc code, std::string_view detail)
{
    const auto upgrade = check_upgrade(response, chat_conn());
    REQUIRE(upgrade.has_error());
    CHECK(upgrade.error().code() == code);
    CHECK(upgrade.error().phase() == Phase::handshake);
    CHECK(upgrade.error().detail() == detail);
}

} // namespace

TEST_CASE("a good answer is accepted", "[protocol]")
{
    const auto upgrade = check_upgrade(good_answer(), chat_conn());
    REQUIRE(upgrade.has_value());
    CHECK(upgrade->accept == accept);
    CHECK(upgrade->subprotocol.empty());
    CHECK_FALSE(upgrade->deflate);
}

TEST_CASE("WXB-12 S11 Upgrade must have websocket and Connection must have upgrade", "[protocol]")
{
    auto answer = good_answer();
    SECTION("no Upgrade")
    {
        answer.headers.erase("Upgrade");
        check_refused(answer, errc::bad_upgrade, "no Upgrade");
    }
    SECTION("another Upgrade")
    {
        const std::string value = GENERATE(as<std::string>(), "h2c", "websockets", "web socket", "");
        answer.headers.set("Upgrade", value);
        check_refused(answer, errc::bad_upgrade, "Upgrade: " + value);
    }
    SECTION("no Connection")
    {
        answer.headers.erase("Connection");
        check_refused(answer, errc::bad_upgrade, "no Connection");
    }
    SECTION("another Connection")
    {
        answer.headers.set("Connection", "keep-alive");
        answer.headers.add("Connection", "close");
        check_refused(answer, errc::bad_upgrade, "Connection: keep-alive, close");
    }
}

TEST_CASE("S11 Upgrade and Connection are lists, in any case and over several fields", "[protocol]")
{
    auto answer = good_answer();
    answer.headers.set("Upgrade", "h2c,WebSocket");
    answer.headers.set("Connection", "keep-alive");
    answer.headers.add("connection", "x, \t uPGRADE ,y");
    CHECK(check_upgrade(answer, chat_conn()).has_value());
}

TEST_CASE("WXB-11 WXB-14 S11 there must be one Sec-WebSocket-Accept; blanks around it do not matter", "[protocol]")
{
    auto answer = good_answer();
    SECTION("none")
    {
        answer.headers.erase("Sec-WebSocket-Accept");
        check_refused(answer, errc::bad_accept, "no Sec-WebSocket-Accept");
    }
    SECTION("two")
    {
        answer.headers.add("Sec-WebSocket-Accept", accept);
        check_refused(answer, errc::bad_accept, "Sec-WebSocket-Accept: " + accept + ", " + accept);
    }
    SECTION("of another size")
    {
        answer.headers.set("Sec-WebSocket-Accept", "short");
        check_refused(answer, errc::bad_accept, "Sec-WebSocket-Accept: short");
    }
    SECTION("blanks")
    {
        answer.headers.set("Sec-WebSocket-Accept", " \t" + accept + " \t ");
        CHECK(check_upgrade(answer, chat_conn())->accept == accept);
    }
}

TEST_CASE("WXB-13 S11 the subprotocol must be one that was offered, once", "[protocol]")
{
    auto answer = good_answer();
    SECTION("offered")
    {
        answer.headers.add("Sec-WebSocket-Protocol", " superchat ");
        CHECK(check_upgrade(answer, chat_conn())->subprotocol == "superchat");
    }
    SECTION("not offered")
    {
        const std::string value = GENERATE(as<std::string>(), "other", "Chat", "chat, superchat", "");
        answer.headers.add("Sec-WebSocket-Protocol", value);
        check_refused(answer, errc::unexpected_subprotocol, "Sec-WebSocket-Protocol: " + value);
    }
    SECTION("none was")
    {
        answer.headers.add("Sec-WebSocket-Protocol", "chat");
        CHECK(check_upgrade(answer, Conn()).error().code() == errc::unexpected_subprotocol);
    }
    SECTION("twice")
    {
        answer.headers.add("Sec-WebSocket-Protocol", "chat");
        answer.headers.add("Sec-WebSocket-Protocol", "chat");
        check_refused(answer, errc::unexpected_subprotocol, "Sec-WebSocket-Protocol: chat, chat");
    }
}

TEST_CASE("WXB-13 S11 an extension must have been offered", "[protocol]")
{
    auto answer = good_answer();
    answer.headers.add("Sec-WebSocket-Extensions", "permessage-deflate");
    check_refused(answer, errc::unexpected_extension, "Sec-WebSocket-Extensions: permessage-deflate");
    auto conn = chat_conn();
    conn.deflate.offer = true;
    CHECK(check_upgrade(answer, conn)->deflate);
}

TEST_CASE("S17 an answer that is made to be slow is checked in linear time, and its error stays short", "[protocol]")
{
    auto answer = good_answer();
    answer.headers.set("Connection", std::string(1'000'000, ','));
    const auto upgrade = check_upgrade(answer, chat_conn());
    CHECK(upgrade.error().code() == errc::bad_upgrade);
    CHECK(upgrade.error().detail().size() <= 200);
    answer.headers.set("Connection", std::string(1'000'000, ' ') + "x");
    CHECK(check_upgrade(answer, chat_conn()).has_error());
}
