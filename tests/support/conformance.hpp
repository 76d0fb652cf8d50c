// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "protocol/talk.hpp"

#include <websockxx/close.hpp>

#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

/// What RFC 6455 and RFC 7692 ask of a client, as rows: what a server says, and what must come of it.
///
/// Each row is played whole, byte by byte and in random pieces (long ones not byte by byte), in four ways: to the
/// protocol, to the protocol that hands messages over in parts, to a whole client, and to a whole client through TLS.
namespace websockxx::test::conformance {

using Sizes = std::vector<std::size_t>;

/// What a server says on a connection, and what a client hears and says that sends every message back.
struct Row {
    std::string name;
    std::string sent;                     ///< by the server, behind its 101
    Happenings heard = {};                ///< messages, pings, pongs; behind them `closed` or `failed`
    std::optional<CloseFrame> close = {}; ///< what the client's close frame says, if there is one
    Conn conn = Talk::plain_conn();
    std::string fields = {}; ///< more fields of the 101, each with its CR LF

    // With permessage-deflate, what the client has to keep to when it sends.
    int client_window = 15;
    bool client_forgets = false; ///< client_no_context_takeover
};

/// A row that ends with the client's complaint, behind what it has heard before.
[[nodiscard]] inline Row fails(std::string name, std::string sent, CloseFrame close, Happenings before = {})
{
    before.push_back(failed);
    return {std::move(name), std::move(sent), std::move(before), std::move(close)};
}

/// A row that ends with a close frame of the server, which is answered.
[[nodiscard]] inline Row closes(std::string name, std::string sent, CloseFrame answer, Happenings before = {})
{
    before.push_back(closed);
    return {std::move(name), std::move(sent), std::move(before), std::move(answer)};
}

/// One CHECK for each play. In all ways, or in these.
void play(const std::vector<Row>& rows, const std::vector<Pieces>& ways = {});

/// An answer to the opening handshake.
struct UpgradeRow {
    std::string name;
    std::string answer;    ///< with {accept} where the Sec-WebSocket-Accept of the request belongs
    error_code error = {}; ///< why it is refused, if it is
    Conn conn = Talk::plain_conn();
    std::string subprotocol = {}; ///< that was agreed on
    bool deflate = false;         ///< whether that was agreed on
};

/// One CHECK for each play: to the protocol, to a client, and through TLS.
void play_openings(const std::vector<UpgradeRow>& rows);

} // namespace websockxx::test::conformance
