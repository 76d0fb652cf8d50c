// SPDX-License-Identifier: BSL-1.0
#include <websockxx/core/session.hpp>

#include "support/session_ledger.hpp"
#include "support/session_words.hpp"
#include "support/test.hpp"

#include <chrono>
#include <string>
#include <vector>

/// @file Every sequence of events up to some length, sensible or not, given to a session; a ledger watches the rules.
/// Scripts try what one thought of. This tries the rest.

using namespace websockxx;
using namespace websockxx::test;
using namespace websockxx::core::event;
using namespace std::chrono_literals;
using core::Timer;

namespace {

const Conn home{.secure = false, .host = "home", .port = 80};
const Conn nowhere{.secure = false, .host = "", .port = 80};

/// All that may happen, each with a payload for every way it can be taken.
const std::vector<core::Event>& all_events()
{
    const CloseFrame frame{1001, ""};
    const Decision ask_policy{Decision::Kind::ask_policy};
    static const std::vector<core::Event> events{Started{}, Prepared{home}, Prepared{nowhere},
        PrepareFailed{errc::prepare_failed},                                             //
        TransportConnected{}, TransportOpened{}, Opened{}, OpenFailed{errc::bad_accept}, //
        ConnectAnswered{}, CloseAsked{}, CloseAsked{4000, "bye"}, CloseAsked{1006, ""}, CloseAsked{1000, "\xFF"},
        ReplyFailed{errc::invalid_frame}, Threw{errc::callback_threw, nullptr},                                      //
        ClosePassed{frame, frame}, ProtocolFailed{errc::protocol_error, frame},                                      //
        ProtocolFailed{errc::protocol_error, std::nullopt}, Lost{}, Lost{errc::connection_lost, true},               //
        Expired{Timer::open}, Expired{Timer::connect}, Expired{Timer::close}, Expired{Timer::linger},                //
        Expired{Timer::heartbeat, 0ms}, Expired{Timer::heartbeat, 1min}, Expired{Timer::retry},                      //
        MessageBegan{}, Expired{Timer::message}, Expired{Timer::message, 0ms, 1s}, Expired{Timer::message, 0ms, 1h}, //
        Decided{Ok{}}, Decided{reconnect()}, Decided{reconnect_in(1s, nowhere)}, Decided{ask_policy},                //
        StopAsked{errc::stopped}, StopAsked{errc::aborted}};
    return events;
}

class Walk {
public:
    /// How long a sequence may be, and how many of its events may be such that the session ignores them: one that is
    /// ignored leads nowhere new, unless the session is wrong.
    struct Depth {
        int events;
        int ignored;
    };

    void begin(const core::Settings& settings, Depth depth) { go(core::Session{home, settings}, {}, depth); }

    [[nodiscard]] long sequences() const { return sequences_; }
    /// The first sequence that broke a rule, and which; empty if none did.
    [[nodiscard]] const std::string& broken() const { return broken_; }

private:
    void go(const core::Session& from, const SessionLedger& account, Depth depth)
    {
        for (const auto& event : all_events()) {
            if (!broken_.empty()) return;
            step(from, account, event, depth);
        }
    }

    void step(core::Session session, SessionLedger ledger, const core::Event& event, Depth depth)
    {
        path_.push_back(&event);
        ++sequences_;
        const auto before = session.state();
        const auto commands = session.step(event, std::chrono::seconds{path_.size()});
        if (const auto rule = ledger.enter(before, event, commands, session); !rule.empty()) report(rule, commands);

        --depth.events;
        if (commands.empty() && session.state() == before) --depth.ignored;
        if (depth.events > 0 && depth.ignored >= 0) go(session, ledger, depth);
        path_.pop_back();
    }

    void report(const std::string& rule, const core::Commands& commands)
    {
        if (!broken_.empty()) return;
        broken_ = "broken: " + rule;
        for (const auto* event : path_) broken_ += "\n  given " + to_string(*event);
        for (const auto& command : commands) broken_ += "\n    got " + to_string(command);
    }

    std::vector<const core::Event*> path_;
    long sequences_ = 0;
    std::string broken_;
};

} // namespace

TEST_CASE("P30 no sequence of events breaks a rule of the session", "[core]")
{
    // Far, along what the session takes; and less far, with what it ignores put in anywhere.
    const std::vector<Walk::Depth> depths{{9, 0}, {6, 1}};

    Walk walk;
    for (const auto& depth : depths)
        for (const bool has_prepare : {false, true})
            for (const bool handle_initial_conn_failure : {false, true})
                for (const auto& policy : {policy::never(), ReconnectPolicy{policy::Backoff{}}})
                    walk.begin({.policy = policy,
                                   .has_prepare = has_prepare,
                                   .handle_initial_conn_failure = handle_initial_conn_failure,
                                   .stable_after = 2s},
                        depth);
    WARN(walk.sequences() << " sequences walked");
    INFO(walk.broken());
    CHECK(walk.broken().empty());
}
