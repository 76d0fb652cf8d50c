// SPDX-License-Identifier: BSL-1.0
#include <websockxx/start.hpp>

#include "support/raw_server.hpp"
#include "support/test.hpp"
#include "support/tls_talk.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace websockxx;
using namespace websockxx::test;

/// Every kind of frame, with every form of length, through a socket. Under valgrind this shows that no byte leaves that
/// was never written (docs/reliability.md).

namespace {

std::vector<Frame> all_frames()
{
    std::vector<Frame> frames;
    for (const std::size_t size : {0u, 1u, 125u, 126u, 300u, 65'535u, 65'536u, 200'000u}) {
        frames.push_back(Frame::text(std::string(size, 't')));
        frames.push_back(Frame::binary(std::string(size, 'b')));
        frames.push_back(Frame::text_fragment(std::string(size, 'f')));
        frames.push_back(Frame::continuation(std::string(size, 'c')));
        frames.push_back(Frame::finish(std::string(size, 'e')));
    }
    for (const std::size_t size : {0u, 1u, 125u}) {
        frames.push_back(Frame::ping(std::string(size, 'i')));
        frames.push_back(Frame::pong(std::string(size, 'o')));
    }
    return frames;
}

/// Sends all of them, and closes with what a message says, or without a word.
class Talker : public Client {
public:
    Action handle_connect(const Connected&) override { return Action{all_frames()}; }
    Action handle_frame(const Frame& frame) override
    {
        return frame.size() == 0 ? close() : close(4000, std::string{frame.text()});
    }
};

/// What a server hears from such a client until it pings it. Without compression, frame by frame.
void hear(RawPeer& peer, bool compressed)
{
    peer.send({Opcode::ping, "done?"});
    const auto frames = all_frames();
    for (std::size_t next = 0;;) {
        const auto frame = peer.read_frame();
        if (frame.opcode == Opcode::pong && frame.payload == "done?") {
            if (!compressed && next != frames.size()) throw std::runtime_error("frames are missing");
            return;
        }
        if (compressed) continue;
        if (next == frames.size() || frame.payload != frames[next].text())
            throw std::runtime_error("frame " + std::to_string(next) + " is another one");
        ++next;
    }
}

} // namespace

TEST_CASE("S12 every kind of frame leaves as it was meant, the close frame too", "[frames]")
{
    const bool secure = GENERATE(false, true);
    const bool compressed = GENERATE(false, true);
    struct Ending {
        WireFrame said;
        std::string heard; // the payload of the client's close frame
    };
    const auto ending = GENERATE(values<Ending>({
        {{Opcode::text, ""}, ""},
        {{Opcode::text, "bye"}, close_payload(4000, "bye")},
        {{Opcode::text, std::string(200, 'x')}, close_payload(4000, std::string(123, 'x'))},
        {{Opcode::text, "x\xC3\xA4" + std::string(119, 'x') + "\xC3\xA4"},
            close_payload(4000, "x\xC3\xA4" + std::string(119, 'x'))},
        {{Opcode::close, ""}, ""},
        {{Opcode::close, close_payload(1001, "going")}, close_payload(1001, "going")},
        {{Opcode::close, "x"}, close_payload(1002, "close frame of one byte")},
        {{.opcode = Opcode::text, .payload = "x", .masked = true}, close_payload(1002, "masked frame from a server")},
    }));
    const CertificateAuthority authority;
    std::string heard;
    const RawServer::Script script = [&](RawPeer& peer) {
        peer.upgrade(compressed ? "Sec-WebSocket-Extensions: permessage-deflate\r\n" : "");
        hear(peer, compressed);
        peer.send(ending.said);
        const auto close = peer.read_frame();
        if (close.opcode != Opcode::close) throw std::runtime_error("no close frame");
        heard = close.payload;
    };
    RawServer server = secure ? RawServer{authority.issue(), script} : RawServer{script};
    auto conn = Conn::parse(server.url()).value();
    conn.tls = trusting(authority.certificate());
    conn.deflate.offer = compressed;
    conn.deflate.threshold_bytes = 16;
    const auto link = start_link<Talker>(conn, {.log = {}});
    REQUIRE(link.has_value());
    server.wait();
    CHECK(heard == ending.heard);
}
