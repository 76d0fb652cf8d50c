// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/config.hpp>
#include <websockxx/conn.hpp>
#include <websockxx/debug.hpp>
#include <websockxx/error.hpp>
#include <websockxx/label.hpp>
#include <websockxx/log.hpp>
#include <websockxx/observer.hpp>
#include <websockxx/reconnect_policy.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace websockxx {

class Registry;

namespace io {
class Mailbox;
}

/// The answer that a `prepare` hook owes. Call it once, from any thread, now or later; of copies, the first answer
/// counts. When the last copy is destroyed unanswered, the attempt fails with errc::prepare_failed.
class WEBSOCKXX_DECL PrepareReply {
public:
    PrepareReply(std::weak_ptr<io::Mailbox> mailbox, std::uint64_t attempt);

    /// Use this Conn for the attempt.
    void operator()(Conn conn) const;

    /// Do not make this attempt: it counts as failed, with errc::prepare_failed and these words.
    void fail(std::string_view why) const;

private:
    class Debt;
    std::shared_ptr<Debt> debt_;
};

/// Called before every attempt, with the Conn that would be used and the number of the attempt since a connection was
/// stable: a place to fetch a fresh token. Runs on the client's strand and must not block; answer later if it takes
/// time. Timeouts::open limits it, and then anew the attempt.
using Prepare = std::function<void(Conn conn, int attempt, PrepareReply reply)>;

/// How to start a client (the options of WebSockex.start_link/4). Options of the connection are in Conn.
struct Options {
    /// Return at once, before the connection is open; a failure is then told by the log, Ref::wait() and Ref::reason().
    bool async = false;

    /// Ask handle_disconnect() also when the first attempt fails; else start fails at once.
    bool handle_initial_conn_failure = false;

    /// The client's name, for Registry::find(); empty: none. While another client has it, start fails with
    /// errc::already_started.
    Label name = {};

    /// Where the name is unique; empty: Registry::shared().
    std::shared_ptr<Registry> registry = {};

    /// What the default handle_disconnect() does; empty is policy::never().
    ReconnectPolicy reconnect = {};

    /// A connection that was open this long counts as having worked: the delays of the policy begin anew after it.
    std::chrono::milliseconds stable_after{10'000};

    /// Called before every attempt, if set.
    Prepare prepare = {};

    /// Where the client runs: your io_context, thread pool or strand. Empty: Runtime::shared().
    boost::asio::any_io_executor executor = {};

    /// Where warnings and errors go, and the lines of a trace; empty: nowhere.
    Log log = log_to_stderr;

    /// Hears what happens to the client, besides those of observe_all(); empty: nobody.
    std::shared_ptr<Observer> observer = {};

    /// What to show of the client's inner life; see also Ref::debug().
    Debug debug = {};
};

} // namespace websockxx
