// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "fuzz.hpp"
#include "protocol/talk.hpp"

#include <websockxx/detail/utf8.hpp>

#include <algorithm>

namespace websockxx::fuzz {

/// What must hold of what came of a stream of frames.
inline void check_stream(const test::OpenTalk& talk, const Limits& limits)
{
    using test::Event;
    bool over = false;
    for (const auto& [event, frame] : talk.happenings) {
        require(!over, "nothing comes behind the end");
        over = event == Event::closed || event == Event::failed;
        require(
            frame.size() <= (frame.is_control() ? 125 : limits.message_bytes), "what is given is within the limits");
        if (event == Event::message && frame.is_text()) require(detail::is_valid_utf8(frame.text()), "a text is UTF-8");
    }
    std::size_t size = 0;
    for (const auto& part : talk.parts) {
        size = part.first ? part.text.size() : size + part.text.size();
        require(size <= limits.message_bytes, "parts are within the limits, together");
    }
    if (talk.happenings.empty() || talk.happenings.back().event != Event::failed) return;
    const auto& sent = talk.protocol.sent();
    require(sent && close_code::may_be_sent(sent->code), "who breaks the protocol is told so");
    require(talk.protocol.error().code().failed(), "and so are we");
}

/// Parts of messages end where the bytes do, so that only the messages are the same in other pieces.
inline std::string all_parts(const test::OpenTalk& talk)
{
    std::string all;
    for (const auto& part : talk.parts) all += part.text;
    return all;
}

/// Gives the same bytes to two connections, in different pieces.
inline void run_stream(const Conn& conn, std::string_view bytes)
{
    test::OpenTalk whole{conn};
    test::OpenTalk pieces{conn, test::Pieces::random};
    whole.feed(bytes);
    pieces.feed(bytes);
    check_stream(whole, conn.limits);
    check_stream(pieces, conn.limits);
    const auto end_of = [](const test::OpenTalk& talk) { return talk.protocol.sent(); };
    if (!conn.deliver_fragments) require(whole.happenings == pieces.happenings, "pieces make no difference");
    else if (!end_of(whole)) require(all_parts(whole) == all_parts(pieces), "nor to what is given in parts");
    require(end_of(whole) == end_of(pieces), "nor to the end");
}

} // namespace websockxx::fuzz
