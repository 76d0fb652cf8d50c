// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/frame_bytes.hpp"

#include <websockxx/protocol/protocol.hpp>

#include <boost/asio/execution_context.hpp>

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <cstring>
#include <ostream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace websockxx::protocol {

inline std::ostream& operator<<(std::ostream& out, Protocol::Event event)
{
    constexpr const char* names[] = {
        "nothing", "opened", "refused", "message", "fragment", "ping", "pong", "closed", "failed"};
    return out << names[static_cast<int>(event)];
}

} // namespace websockxx::protocol

namespace websockxx::test {

using Event = protocol::Protocol::Event;

/// The sizes of the pieces in which bytes arrive.
enum class Pieces { whole, bytes, random };

inline std::ostream& operator<<(std::ostream& out, Pieces pieces)
{
    constexpr const char* names[] = {"whole", "byte by byte", "random pieces"};
    return out << names[static_cast<int>(pieces)];
}

/// What next() told.
struct Happening {
    Event event = Event::nothing;
    Frame frame = {};

    friend bool operator==(const Happening&, const Happening&) = default;
    friend std::ostream& operator<<(std::ostream& out, const Happening& it)
    {
        return out << it.event << ' ' << it.frame;
    }
};

inline Happening message(Frame frame) { return {Event::message, std::move(frame)}; }
inline Happening ping(std::string payload = {}) { return {Event::ping, Frame::ping(std::move(payload))}; }
inline Happening pong(std::string payload = {}) { return {Event::pong, Frame::pong(std::move(payload))}; }
inline const Happening opened{Event::opened};
inline const Happening refused{Event::refused};
inline const Happening closed{Event::closed};
inline const Happening failed{Event::failed};

using Happenings = std::vector<Happening>;

/// The Sec-WebSocket-Accept that belongs to a key (RFC 6455 4.2.2).
inline std::string accept_for(std::string_view key)
{
    const auto text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    unsigned char digest[SHA_DIGEST_LENGTH];
    SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
    unsigned char base64[32] = {};
    const int size = EVP_EncodeBlock(base64, digest, SHA_DIGEST_LENGTH);
    return {reinterpret_cast<const char*>(base64), static_cast<std::size_t>(size)};
}

/// A Protocol and the other side of the wire, played by the test.
class Talk {
public:
    explicit Talk(const Conn& conn = plain_conn(), Pieces pieces = Pieces::whole)
        : pieces_(pieces), protocol(conn, context())
    {
        protocol.start();
        request = take_output();
    }

    /// One for all: a context is expensive, with a thread of its own, and nothing runs on it.
    static boost::asio::execution_context& context()
    {
        struct Context final : boost::asio::execution_context {
            ~Context()
            {
                shutdown();
                destroy();
            }
        };
        static Context made;
        return made;
    }

    [[nodiscard]] static Conn plain_conn()
    {
        Conn conn;
        conn.secure = false;
        conn.host = "example.org";
        conn.port = 80;
        conn.target = "/chat";
        return conn;
    }
    [[nodiscard]] static Conn deflate_conn()
    {
        auto conn = plain_conn();
        conn.deflate.offer = true;
        conn.deflate.threshold_bytes = 16;
        return conn;
    }
    /// The 101 that the request deserves; `more` are lines with their CR LF.
    [[nodiscard]] std::string answer(std::string_view more = {}) const
    {
        return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: "
               "Upgrade\r\nSec-WebSocket-Accept: " +
               accept() + "\r\n" + std::string(more) + "\r\n";
    }
    [[nodiscard]] std::string accept() const { return accept_for(field("Sec-WebSocket-Key")); }
    /// Of the request.
    [[nodiscard]] std::string field(std::string_view name) const
    {
        const auto start = "\r\n" + std::string(name) + ": ";
        const auto at = request.find(start);
        if (at == std::string::npos) return {};
        const auto begin = at + start.size();
        return request.substr(begin, request.find("\r\n", begin) - begin);
    }

    /// Lets the bytes arrive, and notes what happens.
    const Happenings& feed(std::string_view bytes)
    {
        while (!bytes.empty()) {
            auto piece = bytes.substr(0, piece_size());
            bytes.remove_prefix(piece.size());
            while (!piece.empty()) {
                const auto room = protocol.prepare();
                const auto size = std::min(room.size(), piece.size());
                std::memcpy(room.data(), piece.data(), size);
                protocol.commit(size);
                piece.remove_prefix(size);
                look();
            }
        }
        return happenings;
    }
    const Happenings& end()
    {
        protocol.end_of_stream();
        look();
        return happenings;
    }
    void look()
    {
        for (auto event = protocol.next(); event != Event::nothing; event = protocol.next()) {
            const bool has_frame = event == Event::message || event == Event::ping || event == Event::pong;
            happenings.push_back({event, has_frame ? protocol.frame() : Frame()});
            if (event == Event::fragment) {
                const auto& fragment = protocol.fragment();
                parts.push_back({fragment.type, std::string(fragment.text), fragment.first, fragment.last});
            }
        }
    }

    std::string take_output()
    {
        const auto bytes = protocol.output();
        const std::string taken(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        protocol.consume(taken.size());
        return taken;
    }
    std::vector<frames::FromClient> take_frames() { return frames::decode(take_output()); }
    /// The only frame that was sent. Throws if there is none or another one.
    frames::FromClient take_frame()
    {
        auto found = take_frames();
        if (found.size() != 1) throw std::runtime_error(std::to_string(found.size()) + " frames instead of one");
        return std::move(found.front());
    }

protected:
    void set_pieces(Pieces pieces) { pieces_ = pieces; }

private:
    [[nodiscard]] std::size_t piece_size()
    {
        switch (pieces_) {
        case Pieces::whole: return std::string_view::npos;
        case Pieces::bytes: return 1;
        default: return std::size_t{1} << std::uniform_int_distribution<std::size_t>(0, 12)(random_);
        }
    }

    Pieces pieces_;
    std::minstd_rand random_{20};

public:
    protocol::Protocol protocol;
    std::string request;
    Happenings happenings;

    struct Part {
        Frame::Type type;
        std::string text;
        bool first;
        bool last;
    };
    std::vector<Part> parts; // what came with Event::fragment
};

/// A Talk whose connection is open; with permessage-deflate if the conn offers it.
class OpenTalk : public Talk {
public:
    explicit OpenTalk(const Conn& conn = plain_conn(), Pieces pieces = Pieces::whole) : Talk(conn)
    {
        feed(answer(conn.deflate.offer ? "Sec-WebSocket-Extensions: permessage-deflate\r\n" : ""));
        if (happenings != Happenings{opened}) throw std::runtime_error("the connection did not open");
        happenings.clear();
        set_pieces(pieces);
    }
    explicit OpenTalk(Pieces pieces) : OpenTalk(plain_conn(), pieces) {}
};

} // namespace websockxx::test
