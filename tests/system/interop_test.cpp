// SPDX-License-Identifier: BSL-1.0
#include <websockxx/websockxx.hpp>

#include "support/foreign_server.hpp"
#include "support/test.hpp"
#include "support/watched_client.hpp"

#include <array>
#include <optional>
#include <random>
#include <string>
#include <string_view>

// With servers that others wrote, over each kind of transport.

using namespace websockxx;
using namespace websockxx::test;

namespace {

constexpr std::size_t largest = Limits{}.message_bytes;
constexpr std::array<std::size_t, 6> sizes{0, 1, 125, 126, 65'535, 65'536};

using MakeEcho = ForeignServer (*)(const EchoOptions&);
enum class Way { plain, tls, nginx };

std::string_view to_string(Way way) { return way == Way::plain ? "ws" : way == Way::tls ? "wss" : "wss through nginx"; }

/// An echo server, and what is in front of it.
class Echo {
public:
    Echo(MakeEcho make, Way way, EchoOptions options) : echo_(make(with_identity(std::move(options), way == Way::tls)))
    {
        if (way == Way::nginx) nginx_.emplace(ForeignServer::nginx(echo_.port(), authority_.issue()));
    }

    [[nodiscard]] Conn conn(std::string_view path = "/") const
    {
        auto conn = Conn::parse((nginx_ ? *nginx_ : echo_).url(path)).value();
        conn.tls.ca_pem = authority_.certificate();
        return conn;
    }

private:
    [[nodiscard]] EchoOptions with_identity(EchoOptions options, bool wanted) const
    {
        if (wanted) options.identity = authority_.issue();
        return options;
    }

    CertificateAuthority authority_;
    ForeignServer echo_;
    std::optional<ForeignServer> nginx_;
};

/// A client that has connected.
struct Talk {
    explicit Talk(const Conn& conn) : link(start_link(client(), conn, {.log = {}}).value())
    {
        CHECK(watch->next() == "connect");
    }

    [[nodiscard]] std::unique_ptr<WatchedClient> client()
    {
        const auto note = [this](WatchedClient&, const Connected& connected) -> Action {
            deflate = connected.deflate;
            subprotocol = connected.subprotocol;
            return Client::ok();
        };
        return std::make_unique<WatchedClient>(watch, Script{.on_connect = note});
    }

    void check_echo(Frame frame)
    {
        INFO(to_string(frame.type()) << " of " << frame.size() << " bytes");
        const auto expected = std::string{to_string(frame.type())} + ":" + std::string{frame.text()};
        REQUIRE(link.send(std::move(frame)).has_value());
        const bool same = watch->next() == expected;
        CHECK(same);
    }

    std::shared_ptr<Watch> watch = std::make_shared<Watch>();
    bool deflate = false;
    std::string subprotocol;
    Link<WatchedClient> link;
};

// Characters of one to four bytes.
std::string compressible(std::size_t size)
{
    std::string text;
    while (text.size() + 32 < size) text += "Zwölf Boxkämpfer, 世界 𝄞! ";
    return text + std::string(size - text.size(), '.');
}

std::string incompressible(std::size_t size)
{
    std::mt19937 draw{static_cast<std::uint32_t>(size)};
    std::string bytes(size, '\0');
    for (auto& byte : bytes) byte = static_cast<char>(draw());
    return bytes;
}

// Seven bits of eight, so that compressing it gains little.
std::string incompressible_text(std::size_t size)
{
    auto text = incompressible(size);
    for (auto& character : text) character = static_cast<char>(character & 0x7F);
    return text;
}

void check_conversation(const Conn& conn, bool deflates)
{
    Talk talk{conn};
    CHECK(talk.deflate == deflates);
    CHECK(talk.subprotocol == "v2.chat");
    for (const auto size : sizes) {
        talk.check_echo(Frame::text(compressible(size)));
        talk.check_echo(Frame::text(incompressible_text(size)));
        talk.check_echo(Frame::binary(compressible(size)));
        talk.check_echo(Frame::binary(incompressible(size)));
    }
    talk.check_echo(deflates ? Frame::text(compressible(largest)) : Frame::binary(incompressible(largest)));

    CHECK(talk.link.send_frame(Frame::ping("are you there")));
    CHECK(talk.watch->next() == "pong:are you there");

    CHECK(talk.link.close(4002, "done"));
    const auto reason = talk.link.wait().value();
    CHECK(reason.by == CloseReason::By::local);
    CHECK(reason.clean);
    CHECK(reason.sent == CloseFrame{4002, "done"});
    CHECK(reason.received == CloseFrame{4002, "done"});
}

void check_server_pings(const Conn& conn)
{
    Talk talk{conn};
    talk.check_echo(Frame::text("comes back when we have answered"));
}

void check_server_closes(const Conn& conn)
{
    Talk talk{conn};
    CHECK(talk.link.send(Frame::text("go")));
    const auto reason = talk.link.wait().value();
    CHECK(reason.by == CloseReason::By::remote);
    CHECK(reason.clean);
    CHECK(reason.received == CloseFrame{4001, "bye"});
    CHECK_FALSE(reason.error);
}

void check_all(MakeEcho make, bool supported)
{
    for (const auto way : {Way::plain, Way::tls, Way::nginx}) {
        const Echo echo{make, way, {.deflate = supported, .subprotocols = {"v2.chat", "v1.chat"}}};
        for (const bool offered : {false, true}) {
            INFO(to_string(way) << (offered ? ", deflate offered" : ", deflate not offered"));
            const auto at = [&](std::string_view path) {
                auto conn = echo.conn(path);
                conn.deflate.offer = offered;
                conn.subprotocols = {"v3.chat", "v2.chat", "v1.chat"};
                return conn;
            };
            check_conversation(at("/"), offered && supported);
            check_server_pings(at("/ping"));
            check_server_closes(at("/close"));
        }
    }
}

} // namespace

TEST_CASE("python-websockets understands us, and we it", "[interop]") { check_all(&ForeignServer::python_echo, false); }

TEST_CASE("ws of npm understands us, and we it", "[interop]") { check_all(&ForeignServer::ws_echo, false); }

TEST_CASE("python-websockets with permessage-deflate", "[interop]") { check_all(&ForeignServer::python_echo, true); }

TEST_CASE("ws of npm with permessage-deflate", "[interop]") { check_all(&ForeignServer::ws_echo, true); }

TEST_CASE("a message as large as the limits can be sent, and the kernel takes it", "[interop]")
{
    const Echo echo{&ForeignServer::ws_echo, Way::plain, {}};
    Talk talk{echo.conn()};
    REQUIRE(Limits{}.send_queue_bytes == largest);
    const auto sent = talk.link.send_frame(Frame::binary(std::string(largest, 'x')), Watch::limit);
    CHECK(sent.has_value());
    const bool came_back = talk.watch->next() == "binary:" + std::string(largest, 'x');
    CHECK(came_back);
}
