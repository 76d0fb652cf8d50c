// SPDX-License-Identifier: BSL-1.0
#include "protocol/compressor.hpp"
#include "protocol/deflate_blocks.hpp"
#include "support/conformance.hpp"
#include "support/test.hpp"

using namespace websockxx;
using namespace websockxx::test;
using namespace websockxx::test::conformance;
using frames::compressed;
using frames::encode;

namespace {

/// What a server may answer with (RFC 7692 7.1).
struct Answer {
    bool server_forgets = false; ///< server_no_context_takeover
    bool client_forgets = false;
    int server_bits = 0; ///< 0: says nothing about it
    int client_bits = 0;

    [[nodiscard]] std::string value() const
    {
        std::string text = "permessage-deflate";
        if (server_forgets) text += "; server_no_context_takeover";
        if (client_forgets) text += "; client_no_context_takeover";
        if (server_bits > 0) text += "; server_max_window_bits=" + std::to_string(server_bits);
        if (client_bits > 0) text += "; client_max_window_bits=" + std::to_string(client_bits);
        return text;
    }
};

Row with(Row row, const Answer& answer)
{
    row.conn.deflate.offer = true;
    row.conn.deflate.threshold_bytes = 0;
    row.fields = "Sec-WebSocket-Extensions: " + answer.value() + "\r\n";
    row.client_window = answer.client_bits > 0 ? answer.client_bits : 15;
    row.client_forgets = answer.client_forgets;
    return row;
}

constexpr int window_bits[] = {0, 8, 9, 10, 11, 12, 13, 14, 15};

UpgradeRow judged(
    const std::string& field, error_code error = errc::unexpected_extension, const Deflate& offer = {.offer = true})
{
    UpgradeRow row{field,
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
        "{accept}\r\n" +
            field + "\r\n",
        error};
    row.conn.deflate = offer;
    row.deflate = !error;
    return row;
}

std::string extensions(const std::string& value) { return "Sec-WebSocket-Extensions: " + value + "\r\n"; }

} // namespace

TEST_CASE("messages go to and fro with each combination of parameters", "[conformance]")
{
    std::vector<Row> rows;
    const std::string text = "a quick brown fox that a lazy dog has seen, a fox that was quick";
    for (const bool server_forgets : {false, true}) {
        for (const bool client_forgets : {false, true}) {
            for (const int server_bits : window_bits) {
                for (const int client_bits : window_bits) {
                    const Answer answer{server_forgets, client_forgets, server_bits, client_bits};
                    Row row{answer.value(), ""};
                    Compressor compressor(std::max(server_bits, 9));
                    for (int times = 0; times < 3; ++times) {
                        row.sent += encode(frames::text, compressor.message(text), compressed);
                        row.heard.push_back(message(Frame::text(text)));
                        if (server_forgets) compressor.reset();
                    }
                    rows.push_back(with(std::move(row), answer));
                }
            }
        }
    }
    play(rows, {Pieces::random});
}

TEST_CASE("a server may go back as far as its window reaches", "[conformance]")
{
    std::vector<Row> rows;
    for (const int bits : window_bits) {
        const auto used = bits > 0 ? bits : 15;
        const auto bytes = noise(std::size_t{1} << used);
        const auto start = bytes.substr(0, 3);
        const auto payload = stored(bytes);
        const auto again = repeat_from(static_cast<unsigned>(used));
        const Answer answer{.server_bits = bits};
        rows.push_back(with({"in a message, " + answer.value(), encode(frames::binary, payload + again, compressed),
                                {message(Frame::binary(bytes + start))}},
            answer));
        rows.push_back(with({"across messages, " + answer.value(),
                                encode(frames::binary, payload + std::string(1, '\0'), compressed) +
                                    encode(frames::binary, again, compressed),
                                {message(Frame::binary(bytes)), message(Frame::binary(start))}},
            answer));
    }
    play(rows);
}

TEST_CASE("a client goes back no further than its window reaches, nor to what it has to forget", "[conformance]")
{
    std::vector<Row> rows;
    for (const int bits : window_bits) {
        for (const bool forgets : {false, true}) {
            const auto used = bits > 0 ? bits : 15;
            const auto once = noise((std::size_t{1} << used) + 1'000);
            const auto bytes = once + once.substr(0, 500);
            const Answer answer{.client_forgets = forgets, .client_bits = bits};
            rows.push_back(with({answer.value(), encode(frames::binary, bytes) + encode(frames::binary, bytes),
                                    {message(Frame::binary(bytes)), message(Frame::binary(bytes))}},
                answer));
            const auto small = noise(200);
            rows.push_back(
                with({answer.value() + ", small", encode(frames::binary, small) + encode(frames::binary, small),
                         {message(Frame::binary(small)), message(Frame::binary(small))}},
                    answer));
        }
    }
    play(rows);
}

TEST_CASE("S11 WXB-13 an answer that fits the offer is accepted", "[conformance]")
{
    std::vector<UpgradeRow> rows;
    for (const std::string value : {"permessage-deflate", "Permessage-DEFLATE", " permessage-deflate ",
             "permessage-deflate;server_no_context_takeover", "permessage-deflate ; client_no_context_takeover",
             "permessage-deflate; client_max_window_bits=\"10\"", "permessage-deflate; server_max_window_bits = 10",
             "permessage-deflate; CLIENT_NO_CONTEXT_TAKEOVER"}) {
        rows.push_back(judged(extensions(value), {}));
    }
    rows.push_back(judged("sec-websocket-EXTENSIONS: permessage-deflate\r\n", {}));
    rows.push_back(judged(extensions("permessage-deflate; server_no_context_takeover"), {},
        {.offer = true, .server_no_context_takeover = true}));
    rows.push_back(judged(extensions("permessage-deflate; server_max_window_bits=10"), {},
        {.offer = true, .server_max_window_bits = 10}));
    rows.push_back(judged(
        extensions("permessage-deflate; server_max_window_bits=9"), {}, {.offer = true, .server_max_window_bits = 10}));
    rows.push_back(judged(
        extensions("permessage-deflate; client_max_window_bits=9"), {}, {.offer = true, .client_max_window_bits = 10}));
    rows.push_back(judged(extensions("permessage-deflate"), {}, {.offer = true, .client_no_context_takeover = true}));
    // The server may decline.
    for (const auto& none : {std::string(), extensions(""), extensions(" ")}) {
        rows.push_back(judged(none, {}));
        rows.back().deflate = false;
    }
    play_openings(rows);
}

TEST_CASE("S11 WXB-13 an answer that does not fit the offer is refused", "[conformance]")
{
    std::vector<UpgradeRow> rows;
    for (const std::string value :
        {"permessage-deflate, permessage-deflate", "x-webkit-deflate-frame", "permessage-bzip2",
            "permessage-deflate, x-other", "x-other, permessage-deflate", "permessage-deflat", "permessage-deflate;",
            "permessage-deflate,", ";", "permessage-deflate client_no_context_takeover", "\"permessage-deflate\""}) {
        rows.push_back(judged(extensions(value)));
    }
    for (const std::string parameter : {"unknown", "server_no_context_takeover=1", "server_no_context_takeover=true",
             "client_no_context_takeover=\"\"", "server_max_window_bits",
             "server_max_window_bits=", "server_max_window_bits=0", "server_max_window_bits=7",
             "server_max_window_bits=16", "server_max_window_bits=08", "server_max_window_bits=+9",
             "server_max_window_bits=-9", "server_max_window_bits=9.0", "server_max_window_bits=9 9",
             "server_max_window_bits=\"10", "server_max_window_bits=4294967305", "client_max_window_bits",
             "client_max_window_bits=", "client_max_window_bits=7", "client_max_window_bits=16",
             "client_max_window_bits=015", "server_no_context_takeover; server_no_context_takeover",
             "client_no_context_takeover; client_no_context_takeover",
             "server_max_window_bits=10; server_max_window_bits=10",
             "client_max_window_bits=10; client_max_window_bits=11"}) {
        rows.push_back(judged(extensions("permessage-deflate; " + parameter)));
    }
    rows.push_back(judged(extensions("permessage-deflate") + extensions("permessage-deflate")));
    rows.push_back(judged(extensions("permessage-deflate"), errc::unexpected_extension, {}));
    for (const std::string value : {"permessage-deflate", "permessage-deflate; client_no_context_takeover"}) {
        rows.push_back(
            judged(extensions(value), errc::unexpected_extension, {.offer = true, .server_no_context_takeover = true}));
    }
    for (const std::string value : {"permessage-deflate", "permessage-deflate; server_max_window_bits=11"}) {
        rows.push_back(
            judged(extensions(value), errc::unexpected_extension, {.offer = true, .server_max_window_bits = 10}));
    }
    play_openings(rows);
}
