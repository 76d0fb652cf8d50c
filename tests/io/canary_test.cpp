// SPDX-License-Identifier: BSL-1.0
#include <websockxx/io/connection.hpp>

#include "support/connection_fixture.hpp"
#include "support/frame_bytes.hpp"

#include <websockxx/detail/text.hpp>

#include <functional>
#include <random>

using namespace websockxx;
using namespace websockxx::test;
using namespace std::chrono_literals;

/// A word is planted wherever a secret may be, in what the client has and in what the server says, and looked for in
/// all that is logged, traced or told of errors.

namespace {

const std::string canary = "CANARY";

Conn planted_conn()
{
    auto conn = Conn::parse("ws://" + canary + "u:" + canary + "p@server/a?token=" + canary + "&" + canary).value();
    conn.headers = {{"Authorization", "Bearer " + canary}, {"Cookie", "a=" + canary}, {"Proxy-Authorization", canary},
        {"X-Api-Key", canary}, {"X-Csrf-Token", canary}, {"X-Session-Id", canary},
        {"Referer", "https://" + canary + ":" + canary + "@h/?t=" + canary}};
    conn.timeouts.message = 5s;
    conn.deliver_fragments = false;
    return conn;
}

/// Fields in which servers send secrets.
std::string planted_fields()
{
    return "Set-Cookie: s=" + canary + "; Path=/\r\nWWW-Authenticate: Digest nonce=" + canary +
           "\r\nX-Auth: " + canary + "\r\nLocation: wss://" + canary + ":" + canary + "@server/?t=" + canary + "\r\n";
}

struct Cage {
    std::shared_ptr<Record> record = std::make_shared<Record>();
    Harness h;

    explicit Cage(Conn conn = planted_conn())
        : h(std::make_unique<Recorder>(record), {}, std::move(conn), {.debug = {.trace = true, .log = 100}})
    {
        record->on_disconnect = [](const Disconnect& why) {
            return why.attempt < 3 ? reconnect_in(1s) : Decision{Ok{}};
        };
        record->on_frame = [](const Frame& frame) { return Client::reply(frame); };
    }
    Ref<Recorder> ref() { return Ref<Recorder>{h.mailbox}; }

    void answer(const std::string& text)
    {
        h.begin();
        h.transport->connect();
        h.transport->opened();
        h.run();
        h.say(text);
        h.end_transport();
    }
    void open()
    {
        h.begin();
        h.transport->connect();
        h.transport->opened();
        h.run();
        h.say(upgrade_answer(h.wire->take(), planted_fields()));
    }

    /// All lines, and how everything ended.
    std::vector<std::string> said()
    {
        auto lines = h.log;
        if (const auto* monitor = h.connection->monitor())
            for (const auto& line : monitor->trace_log()) lines.push_back(line);
        if (h.started) lines.push_back(h.started->message());
        for (const auto& reasons : {record->disconnects, record->terminations})
            for (const auto& reason : reasons) lines.push_back(reason.message());
        return lines;
    }
};

void check_clean(Cage& cage, std::size_t least_lines)
{
    const auto lines = cage.said();
    CHECK(lines.size() >= least_lines);
    for (const auto& line : lines) {
        CAPTURE(line);
        CHECK_FALSE(detail::has_control_character(line));
        CHECK(line.find(canary) == std::string::npos);
    }
}

} // namespace

TEST_CASE("S16 however an opening fails, nothing that is said of it holds a secret or a control character", "[trace]")
{
    const auto fields = planted_fields() + "\r\n";
    const std::string answer = GENERATE_REF(values<std::string>({
        "HTTP/1.1 401 Unauthorized\r\n" + fields + canary,
        "HTTP/1.1 302 Found\r\n" + fields,
        "HTTP/1.1 403 No\r\nContent-Length: 12\r\n" + fields + canary + "\r\n\x1B[2J",
        "HTTP/1.1 101 Switching Protocols\r\n" + fields,
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" + fields,
        "HTTP/1.1 101 Switching Protocols\r\nSet-Cookie: " + canary + "\x01\r\n" + fields,
        "HTTP/1.1 101 Switching Protocols\r\nSet-Cookie: " + canary + std::string(20'000, 'x'),
        "SSH-2.0-" + canary + "\x1B[2J\r\n",
        "",
    }));
    CAPTURE(answer);
    Cage cage;
    cage.answer(answer);
    CHECK(cage.h.started);
    CHECK(*cage.h.started);
    check_clean(cage, 2);
}

TEST_CASE("S16 whatever happens on an open connection, nothing that is said of it holds a secret", "[trace]")
{
    const auto poison = canary + "\r\n\x1B[2J";
    using Event = std::function<void(Cage&)>;
    const auto event = GENERATE_REF(values<Event>({
        [&](Cage& c) {
            for (const auto opcode : {Opcode::text, Opcode::binary, Opcode::ping, Opcode::pong})
                c.h.say({opcode, poison});
            c.h.say({.opcode = Opcode::text, .payload = poison, .fin = false});
            c.h.say({.opcode = Opcode::continuation, .payload = poison});
        },
        [&](Cage& c) {
            CHECK(c.ref().send(Frame::text(poison)));
            CHECK(c.ref().send(Frame::binary(poison)));
            CHECK(c.ref().send(Frame::ping(poison)));
            CHECK(c.ref().info(poison));
            CHECK(c.ref().cast(1));
            c.h.run();
        },
        [&](Cage& c) { c.h.say({.opcode = Opcode::text, .payload = canary + "\xFF"}); },
        [&](Cage& c) { c.h.say({.opcode = Opcode::text, .payload = poison, .rsv = 2}); },
        [&](Cage& c) { c.h.say({.opcode = Opcode::text, .payload = poison, .masked = true}); },
        [&](Cage& c) { c.h.say({.opcode = Opcode::close, .payload = close_payload(1005, poison)}); },
        [&](Cage& c) {
            c.h.say(frames::header(frames::binary, 1000) + poison);
            c.h.turn(10s);
        },
        [&](Cage& c) {
            c.record->on_frame = [](const Frame&) -> Action { throw std::runtime_error("no\r\n\x1B"); };
            c.h.say({Opcode::text, poison});
        },
        [&](Cage& c) {
            c.h.wire->window = 0;
            CHECK(c.ref().send(Frame::text(poison)));
            c.h.run();
            c.h.wire->write_error = boost::asio::error::connection_reset;
            c.h.run();
        },
        [&](Cage& c) { c.ref().abort(); },
    }));
    Cage cage;
    cage.open();
    REQUIRE(cage.h.started);
    REQUIRE_FALSE(*cage.h.started);
    event(cage);
    (void)cage.h.wire->take();
    cage.h.end_transport();
    for (int seconds = 0; seconds < 60; ++seconds) cage.h.turn(1s);
    check_clean(cage, 10);
}

TEST_CASE("S16 a Conn that is refused is told of without its secrets", "[trace]")
{
    using Change = std::function<void(Conn&)>;
    const auto change = GENERATE(values<Change>({
        [](Conn& conn) { conn.headers.add("Cookie", canary + "\r\nX: y"); },
        [](Conn& conn) { conn.headers.add("X\nY", canary); },
        [](Conn& conn) { conn.target += std::string("\0", 1); },
        [](Conn& conn) { conn.credentials->user += ":\n"; },
        [](Conn& conn) { conn.credentials->password += "\n"; },
        [](Conn& conn) { conn.tls.private_key_file = canary; },
        [](Conn& conn) { conn.subprotocols = {"a\r\nb"}; },
    }));
    auto conn = planted_conn();
    change(conn);
    Cage cage{conn};
    cage.h.begin();
    CHECK(cage.h.started);
    CHECK(*cage.h.started);
    check_clean(cage, 1);
}
