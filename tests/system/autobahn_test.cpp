// SPDX-License-Identifier: BSL-1.0
#include "support/raw_server.hpp"

#include "support/temporary_directory.hpp"
#include "support/test.hpp"

#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <vector>

// The client that Autobahn tests, against a server that plays a few of the cases.

using namespace websockxx::test;

namespace {

struct Run {
    int exit_code;
    std::string output;
};

Run run_client(const std::string& arguments)
{
    FILE* const pipe = popen((std::string{WEBSOCKXX_AUTOBAHN_CLIENT " "} + arguments + " 2>&1").c_str(), "r");
    if (!pipe) throw std::runtime_error{"the client cannot be started"};
    std::string output;
    std::array<char, 1024> piece;
    while (const auto size = std::fread(piece.data(), 1, piece.size(), pipe)) output.append(piece.data(), size);
    const int status = pclose(pipe);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, std::move(output)};
}

std::string host_and_port(const RawServer& server) { return "127.0.0.1:" + std::to_string(server.port()); }

/// The largest messages of Autobahn.
constexpr std::size_t large = 16 * 1024 * 1024;

/// The scripts of a server, which write down what they see.
struct Cases {
    std::vector<std::string> requests; ///< first lines
    std::vector<WireFrame> frames;

    void upgrade(RawPeer& peer)
    {
        const auto head = peer.upgrade();
        requests.push_back(head.substr(0, head.find("\r\n")));
        if (!field(head, "Sec-WebSocket-Extensions")) throw std::runtime_error{"no deflate was offered"};
    }
    void hear(RawPeer& peer) { frames.push_back(peer.read_frame()); }
    void close(RawPeer& peer)
    {
        peer.send({.opcode = Opcode::close, .payload = close_payload(1000)});
        hear(peer);
    }

    RawServer::Script say(std::string text)
    {
        return [this, text = std::move(text)](RawPeer& peer) {
            upgrade(peer);
            peer.send({.payload = text});
            close(peer);
        };
    }
    RawServer::Script expect_echo()
    {
        return [this](RawPeer& peer) {
            upgrade(peer);
            peer.send({.opcode = Opcode::text, .payload = "Hellö"});
            hear(peer);
            peer.send({.opcode = Opcode::binary, .payload = std::string(70'000, '\xFE')});
            hear(peer);
            close(peer);
        };
    }
    RawServer::Script expect_large_echo()
    {
        return [this](RawPeer& peer) {
            upgrade(peer);
            peer.send({.opcode = Opcode::binary, .payload = std::string(large, '\xFE')});
            hear(peer);
            close(peer);
            peer.reset();
        };
    }
    RawServer::Script expect_protocol_error()
    {
        return [this](RawPeer& peer) {
            upgrade(peer);
            peer.send({.payload = "reserved", .rsv = 4});
            hear(peer);
        };
    }
    RawServer::Script reset_after_close()
    {
        return [this](RawPeer& peer) {
            upgrade(peer);
            close(peer);
            peer.reset();
        };
    }
    RawServer::Script write_reports()
    {
        return [this](RawPeer& peer) {
            upgrade(peer);
            close(peer);
        };
    }
};

WireFrame masked(Opcode opcode, std::string payload)
{
    return {.opcode = opcode, .payload = std::move(payload), .masked = true};
}

WireFrame masked_close(std::uint16_t code, std::string_view text = {})
{
    return masked(Opcode::close, close_payload(code, text));
}

} // namespace

TEST_CASE("the Autobahn client runs all cases, however they end, and asks for the report", "[autobahn]")
{
    Cases cases;
    RawServer server{{cases.say("3"), cases.expect_echo(), cases.expect_protocol_error(), cases.reset_after_close(),
        cases.write_reports()}};
    const auto [exit_code, output] = run_client(host_and_port(server) + " 'websockxx 1.0/ä'");
    INFO(output);
    CHECK(exit_code == 0);
    server.wait(5);
    CHECK(cases.requests == std::vector<std::string>{
                                "GET /getCaseCount HTTP/1.1",
                                "GET /runCase?case=1&agent=websockxx%201.0%2F%C3%A4 HTTP/1.1",
                                "GET /runCase?case=2&agent=websockxx%201.0%2F%C3%A4 HTTP/1.1",
                                "GET /runCase?case=3&agent=websockxx%201.0%2F%C3%A4 HTTP/1.1",
                                "GET /updateReports?agent=websockxx%201.0%2F%C3%A4 HTTP/1.1",
                            });
    const std::vector<WireFrame> expected{
        masked_close(1000), // of the count
        masked(Opcode::text, "Hellö"),
        masked(Opcode::binary, std::string(70'000, '\xFE')),
        masked_close(1000),
        masked_close(1002, "reserved bits are set in a frame"),
        masked_close(1000),
        masked_close(1000),
    };
    const bool as_expected = cases.frames == expected;
    CHECK(as_expected);
    for (const auto* line : {"case 1 of 3: ", "case 2 of 3: closed by us: 1002", "case 3 of 3: ", "reports: "})
        CHECK_THAT(output, ContainsSubstring(line));
}

TEST_CASE(
    "the Autobahn client sends a message of 16 MiB back, and bears a reset behind the closing handshake", "[autobahn]")
{
    const bool secure = GENERATE(false, true);
    const auto identity = secure ? std::optional(self_signed()) : std::nullopt;
    Cases cases;
    RawServer server{{cases.say("1"), cases.expect_large_echo(), cases.write_reports()}, identity};
    const auto [exit_code, output] =
        run_client((secure ? "wss://" : "ws://") + host_and_port(server) + " agent --insecure");
    INFO(output);
    CHECK(exit_code == 0);
    server.wait(3);
    REQUIRE(cases.frames.size() == 4);
    const bool echoed = cases.frames[1] == masked(Opcode::binary, std::string(large, '\xFE'));
    CHECK(echoed);
    CHECK_THAT(output, ContainsSubstring("case 1 of 1: closed by the server: 1000"));
}

TEST_CASE("the Autobahn client speaks TLS", "[autobahn]")
{
    const CertificateAuthority authority;
    const TemporaryDirectory directory;
    const auto ca = directory.write("ca.pem", authority.certificate());
    Cases cases;
    RawServer server{{cases.say("1"), cases.expect_echo(), cases.write_reports()}, authority.issue()};
    const auto url = "wss://localhost:" + std::to_string(server.port());
    SECTION("with an authority") { CHECK(run_client(url + " agent --ca " + ca).exit_code == 0); }
    SECTION("without asking who it is") { CHECK(run_client(url + " agent --insecure").exit_code == 0); }
    server.wait(3);
    CHECK(cases.frames.size() == 5);
}

TEST_CASE("the Autobahn client fails if a case was not run, but goes on", "[autobahn]")
{
    Cases cases;
    RawServer server{
        {cases.say("2"), [](RawPeer& peer) { peer.read_head(); }, cases.expect_echo(), cases.write_reports()}};
    const auto [exit_code, output] = run_client(host_and_port(server) + " agent");
    CHECK(exit_code == 1);
    server.wait(4);
    CHECK(cases.requests.size() == 3);
    CHECK_THAT(output, ContainsSubstring("case 1 of 2: not run: "));
}

TEST_CASE("the Autobahn client fails without cases", "[autobahn]")
{
    Cases cases;
    RawServer server{{cases.say("none"), cases.write_reports()}};
    CHECK(run_client(host_and_port(server) + " agent").exit_code == 1);
    const auto [exit_code, output] = run_client(host_and_port(server));
    CHECK(exit_code == 2);
    CHECK_THAT(output, StartsWith("usage: "));
}
