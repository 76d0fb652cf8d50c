// SPDX-License-Identifier: BSL-1.0
#include "conformance.hpp"

#include "connection_harness.hpp"
#include "protocol/compressor.hpp"
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

/// What came of a row.
struct Outcome {
    Happenings heard;
    Happenings answered;
    std::optional<CloseFrame> close;

    friend bool operator==(const Outcome&, const Outcome&) = default;
    friend std::ostream& operator<<(std::ostream& out, const Outcome& it)
    {
        for (const auto& happening : it.heard) out << "heard " << happening << ", ";
        for (const auto& happening : it.answered) out << "answered " << happening << ", ";
        if (it.close) out << "closed with " << it.close->code << ' ' << it.close->text;
        return out;
    }
};

/// What came of an opening handshake.
struct Opening {
    error_code error;
    std::string subprotocol;
    bool deflate = false;
    std::string said; ///< behind the request: nothing

    friend bool operator==(const Opening&, const Opening&) = default;
    friend std::ostream& operator<<(std::ostream& out, const Opening& it)
    {
        return out << it.error.message() << ", " << it.subprotocol << ", " << it.deflate << ", " << it.said;
    }
};

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

// ---- What a client has said

/// Reads the frames of a client, and throws where they break a rule.
class Said {
public:
    explicit Said(const Row& row) : row_(&row), inflater_(row.client_window) {}

    void read(std::string_view bytes, Outcome& outcome)
    {
        for (auto& frame : frames::decode(bytes)) {
            if (outcome.close) throw std::runtime_error("a frame behind the close frame");
            if (!frame.masked) throw std::runtime_error("a frame without a mask");
            if (frame.opcode >= frames::close) read_control(frame, outcome);
            else read_data(frame, outcome);
        }
        if (inside_) throw std::runtime_error("a message without an end");
    }

private:
    void read_control(frames::FromClient& frame, Outcome& outcome)
    {
        if (!frame.fin || frame.rsv != 0 || frame.payload.size() > 125) throw std::runtime_error("a bad control frame");
        if (frame.opcode == frames::ping) outcome.answered.push_back(ping(std::move(frame.payload)));
        else if (frame.opcode == frames::pong) outcome.answered.push_back(pong(std::move(frame.payload)));
        else read_close(frame.payload, outcome);
    }
    void read_close(std::string_view payload, Outcome& outcome)
    {
        outcome.close = CloseFrame{};
        if (payload.empty()) return;
        const auto code = static_cast<unsigned char>(payload.at(0)) << 8 | static_cast<unsigned char>(payload.at(1));
        outcome.close = CloseFrame{static_cast<std::uint16_t>(code), std::string(payload.substr(2))};
    }
    void read_data(frames::FromClient& frame, Outcome& outcome)
    {
        if (inside_ != (frame.opcode == frames::continuation)) throw std::runtime_error("fragments out of order");
        if ((frame.rsv != 0 && inside_) || (frame.rsv & 3) != 0) throw std::runtime_error("reserved bits");
        if (!inside_) {
            opcode_ = frame.opcode;
            compressed_ = frame.rsv != 0;
            payload_.clear();
        }
        payload_ += frame.payload;
        inside_ = !frame.fin;
        if (inside_) return;
        if (compressed_) payload_ = inflate(std::move(payload_));
        outcome.answered.push_back(message(opcode_ == frames::text ? Frame::text(payload_) : Frame::binary(payload_)));
    }
    std::string inflate(std::string payload)
    {
        if (row_->fields.empty()) throw std::runtime_error("compressed without an agreement");
        if (row_->client_forgets) inflater_.reset();
        return inflater_.message(std::move(payload));
    }

    const Row* row_;
    Inflater inflater_;
    std::string payload_;
    unsigned opcode_ = 0;
    bool compressed_ = false;
    bool inside_ = false;
};

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
