// SPDX-License-Identifier: BSL-1.0
#include "fuzz.hpp"

#include <websockxx/protocol/answer.hpp>
#include <websockxx/protocol/upgrade.hpp>

/// S5 S11 S17 Any bytes as the answer to the opening handshake: the same comes of them in whatever pieces they arrive,
/// and no limit is passed.

using namespace websockxx;
using fuzz::require;
using protocol::Answer;

namespace {

const Limits limits{.handshake_bytes = 1024, .handshake_fields = 20, .refusal_body_bytes = 64};

struct Outcome {
    Answer answer{limits};
    std::size_t used = 0;
};

void read(Outcome& outcome, std::string_view bytes, std::size_t piece)
{
    while (!bytes.empty() && outcome.answer.state() == Answer::State::incomplete) {
        const auto next = bytes.substr(0, piece);
        const auto used = outcome.answer.read(next);
        require(used <= next.size(), "no more is used than there is");
        outcome.used += used;
        if (outcome.answer.state() == Answer::State::incomplete) require(used == next.size(), "all is read");
        bytes.remove_prefix(next.size());
    }
    if (outcome.answer.state() == Answer::State::incomplete) outcome.answer.end_of_stream();
    require(outcome.answer.state() != Answer::State::incomplete, "the end is an end");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    fuzz::Input input{data, size};
    const auto piece = 1 + input.byte() % std::size_t{32};
    const auto bytes = input.rest();
    Outcome whole;
    Outcome pieces;
    read(whole, bytes, bytes.size());
    read(pieces, bytes, piece);

    auto& answer = whole.answer;
    require(answer.state() == pieces.answer.state(), "pieces make no difference");
    if (answer.state() == Answer::State::failed) {
        require(answer.error().code() == pieces.answer.error().code(), "nor to the error");
        return 0;
    }
    const auto& response = answer.response();
    require(response.status == pieces.answer.response().status, "nor to the status");
    require(response.body == pieces.answer.response().body, "nor to the body");
    require(response.body.size() <= limits.refusal_body_bytes, "a body is bounded");
    require(response.headers.size() <= limits.handshake_fields, "fields are bounded");
    if (answer.state() != Answer::State::accepted) return 0;
    require(whole.used == pieces.used, "what follows a 101 is left, all of it");

    Conn asked{.host = "h", .subprotocols = {"a", "b"}};
    asked.deflate.offer = true;
    if (const auto upgrade = protocol::check_upgrade(response, asked)) {
        require(!upgrade->accept.empty(), "an upgrade has its accept");
        const auto& chosen = upgrade->subprotocol;
        require(chosen.empty() || chosen == "a" || chosen == "b", "a subprotocol was offered");
    }
    else require(upgrade.error().code().failed(), "or an error");
    return 0;
}
