// SPDX-License-Identifier: BSL-1.0
#include "conformance.hpp"

#include "conformance_said.hpp"
#include "connection_harness.hpp"
#include "server_tls.hpp"
#include "test.hpp"
#include "tls_talk.hpp"

#include <websockxx/client.hpp>
#include <websockxx/io/tls_transport.hpp>

#include <memory>
#include <random>
#include <stdexcept>
#include <string_view>

namespace websockxx::test::conformance {
namespace {

enum class Through { protocol, parts, client, tls };

std::ostream& operator<<(std::ostream& out, Through through)
{
    constexpr const char* names[] = {"the protocol", "the protocol in parts", "a client", "a client with TLS"};
    return out << names[static_cast<int>(through)];
}

// ---- Pieces

/// What arrives together. If all of it does, the 101 is in front of it.
std::vector<std::string> cut(std::string head, std::string_view bytes, Pieces pieces)
{
    if (pieces == Pieces::whole) return {head.append(bytes)};
    std::vector<std::string> made;
    if (!head.empty()) made.push_back(std::move(head));
    std::minstd_rand random(static_cast<unsigned>(bytes.size()) + 1);
    while (!bytes.empty()) {
        // As many small ones as large ones, none of more than a half.
        const std::size_t most =
            pieces == Pieces::bytes ? 1 : std::max<std::size_t>(1, bytes.size() >> random() % 8 / 2);
        const auto size = 1 + random() % most;
        made.emplace_back(bytes.substr(0, size));
        bytes.remove_prefix(made.back().size());
    }
    return made;
}

// Rows in few pieces, and not in every way: what they are for is their size.
constexpr std::size_t large = 512 * 1024;

std::vector<Pieces> ways_to_cut(std::size_t size)
{
    if (size > large) return {Pieces::whole};
    if (size > 1024) return {Pieces::whole, Pieces::random};
    return {Pieces::whole, Pieces::bytes, Pieces::random};
}

// ---- The protocol alone

/// Puts the parts together; those of a message that never ends are dropped.
Happenings join_parts(const Talk& talk)
{
    Happenings joined;
    std::string text;
    auto part = talk.parts.begin();
    for (const auto& happening : talk.happenings) {
        if (happening.event != Event::fragment) {
            joined.push_back(happening);
            continue;
        }
        text += part->text;
        if (part->last) joined.push_back(message({part->type, std::exchange(text, {})}));
        ++part;
    }
    return joined;
}

Outcome play_to_protocol(const Row& row, Pieces pieces, bool in_parts)
{
    auto conn = row.conn;
    conn.deliver_fragments = in_parts;
    Talk talk(conn);
    for (const auto& piece : cut(talk.answer(row.fields), row.sent, pieces)) talk.feed(piece);
    Outcome outcome{join_parts(talk), {}, {}};
    if (outcome.heard.empty() || outcome.heard.front() != opened) throw std::runtime_error("it did not open");
    outcome.heard.erase(outcome.heard.begin());
    Said(row).read(talk.take_output(), outcome);
    return outcome;
}

// ---- A whole client

/// Sends every message back, and writes down what it hears.
class Echo final : public Client {
public:
    struct Record {
        Happenings heard;
        std::optional<Opening> opened;
    };
    explicit Echo(std::shared_ptr<Record> record) : record_(std::move(record)) {}

    Action handle_connect(const Connected& connected) override
    {
        record_->opened = {{}, std::string(connected.subprotocol), connected.deflate, {}};
        return ok();
    }
    Action handle_frame(const Frame& frame) override
    {
        record_->heard.push_back(message(frame));
        return reply(frame);
    }
    Action handle_ping(const Frame& frame) override
    {
        record_->heard.push_back({Event::ping, frame});
        return Client::handle_ping(frame);
    }
    Action handle_pong(const Frame& frame) override
    {
        record_->heard.push_back({Event::pong, frame});
        return ok();
    }
    void terminate(const CloseReason& reason) noexcept override
    {
        record_->heard.push_back(reason.clean ? closed : failed);
    }

private:
    std::shared_ptr<Record> record_;
};

const CertificateAuthority& authority()
{
    static const CertificateAuthority made;
    return made;
}

SSL_CTX& server_context()
{
    static const auto made = make_server_context(authority().issue(), {.session_tickets = false});
    return *made;
}

Conn to_server(Conn conn, bool secure)
{
    if (!secure) return conn;
    conn.secure = true;
    conn.host = "localhost";
    conn.tls = trusting(authority().certificate());
    return conn;
}

/// A client and its server, with or without TLS between them.
class World {
public:
    World(const Conn& conn, bool secure) : harness_(std::make_unique<Echo>(record), {}, to_server(conn, secure))
    {
        if (secure) {
            tls_ = std::make_unique<ServerTls>(server_context());
            harness_.wrap = [](const io::Strand& strand, std::unique_ptr<io::Transport> lower) {
                return std::make_unique<io::TlsTransport>(strand, std::move(lower));
            };
        }
        harness_.begin();
        harness_.transport->connect();
        harness_.transport->opened();
        carry();
        request = std::exchange(said, {});
    }

    /// The client gets this at once; with TLS, in a record of its own, or in several if it is long.
    void say(std::string_view bytes)
    {
        if (tls_) tls_->send(bytes);
        else harness_.wire->to_client += bytes;
        carry();
    }
    void end()
    {
        if (tls_) tls_->close_notify();
        carry();
        harness_.end_transport();
    }

    [[nodiscard]] const std::optional<Error>& started() const { return harness_.started; }

    std::shared_ptr<Echo::Record> record = std::make_shared<Echo::Record>();
    std::string request;
    std::string said; ///< by the client, behind its request

private:
    /// Carries what there is to and fro, until neither side has anything to say.
    void carry()
    {
        for (bool more = true; more;) {
            if (tls_) harness_.wire->to_client += tls_->output();
            harness_.run();
            const auto bytes = harness_.wire->take();
            said += tls_ ? tls_->receive(bytes) : bytes;
            more = !bytes.empty();
        }
    }

    std::unique_ptr<ServerTls> tls_;
    Harness harness_;
};

Outcome play_to_client(const Row& row, Pieces pieces, bool secure)
{
    World world(row.conn, secure);
    for (const auto& piece : cut(upgrade_answer(world.request, row.fields), row.sent, pieces)) world.say(piece);
    Outcome outcome;
    Said(row).read(world.said, outcome);
    if (outcome.close) world.end();
    if (!world.record->opened) throw std::runtime_error("it did not open");
    outcome.heard = world.record->heard;
    return outcome;
}

Outcome play(const Row& row, Through through, Pieces pieces)
{
    switch (through) {
    case Through::protocol: return play_to_protocol(row, pieces, false);
    case Through::parts: return play_to_protocol(row, pieces, true);
    case Through::client: return play_to_client(row, pieces, false);
    default: return play_to_client(row, pieces, true);
    }
}

Outcome expected(const Row& row, Through through)
{
    Outcome outcome{row.heard, {}, row.close};
    if (through == Through::protocol || through == Through::parts) return outcome;
    for (const auto& [event, frame] : row.heard) {
        if (event == Event::message) outcome.answered.push_back(message(frame));
        if (event == Event::ping) outcome.answered.push_back({Event::pong, Frame::pong(frame.text())});
    }
    return outcome;
}

// ---- The opening handshake

std::string with_accept(std::string answer, std::string_view accept)
{
    constexpr std::string_view place = "{accept}";
    for (auto at = answer.find(place); at != answer.npos; at = answer.find(place, at))
        answer.replace(at, place.size(), accept);
    return answer;
}

Opening open_protocol(const UpgradeRow& row, Pieces pieces)
{
    Talk talk(row.conn);
    for (const auto& piece : cut({}, with_accept(row.answer, talk.accept()), pieces)) talk.feed(piece);
    if (talk.happenings.size() != 1) throw std::runtime_error("neither opened nor refused");
    const auto& protocol = talk.protocol;
    return {protocol.error().code(), std::string(protocol.subprotocol()), protocol.deflate(), talk.take_output()};
}

Opening open_client(const UpgradeRow& row, Pieces pieces, bool secure)
{
    World world(row.conn, secure);
    const auto accept = accept_value(field(world.request, "Sec-WebSocket-Key").value());
    for (const auto& piece : cut({}, with_accept(row.answer, accept), pieces)) world.say(piece);
    if (!world.started()) throw std::runtime_error("neither opened nor refused");
    auto opening = world.record->opened.value_or(Opening{world.started()->code(), {}, false, {}});
    if (opening.error != world.started()->code()) throw std::runtime_error("opened, and refused");
    opening.said = world.said;
    return opening;
}

Opening open(const UpgradeRow& row, Through through, Pieces pieces)
{
    if (through == Through::protocol) return open_protocol(row, pieces);
    return open_client(row, pieces, through == Through::tls);
}

} // namespace

void play(const std::vector<Row>& rows, const std::vector<Pieces>& ways)
{
    for (const auto& row : rows) {
        for (const auto through : {Through::protocol, Through::parts, Through::client, Through::tls}) {
            if (row.sent.size() > large && (through == Through::parts || through == Through::client)) continue;
            for (const auto pieces : ways.empty() ? ways_to_cut(row.sent.size()) : ways) {
                INFO(row.name << ": " << pieces << ", to " << through);
                CHECK(play(row, through, pieces) == expected(row, through));
            }
        }
    }
}

void play_openings(const std::vector<UpgradeRow>& rows)
{
    for (const auto& row : rows) {
        for (const auto through : {Through::protocol, Through::client, Through::tls}) {
            for (const auto pieces : {Pieces::whole, Pieces::bytes, Pieces::random}) {
                INFO(row.name << ": " << pieces << ", to " << through);
                CHECK(open(row, through, pieces) == Opening{row.error, row.subprotocol, row.deflate, {}});
            }
        }
    }
}

} // namespace websockxx::test::conformance
