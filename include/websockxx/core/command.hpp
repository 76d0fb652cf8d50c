// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/close.hpp>
#include <websockxx/conn.hpp>
#include <websockxx/core/event.hpp>
#include <websockxx/error.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace websockxx::core {

/// Commands: what the session asks of the shell, to be carried out in order. Imperatives.
namespace command {

/// Call the `prepare` hook; answer with Prepared or PrepareFailed.
struct Prepare {
    Conn conn;
    int attempt = 1;
};
/// Open a fresh transport and shake hands over it.
struct Open {
    Conn conn;
};
/// Report Expired after this time, unless disarmed or armed anew before.
struct Arm {
    Timer timer;
    std::chrono::milliseconds after;
};
/// Never report Expired for this timer again, not even if it is on its way.
struct Disarm {
    Timer timer;
};
/// Call handle_connect(); answer with ConnectAnswered or Threw.
struct CallConnect {};
/// Write a close frame.
struct SendClose {
    std::optional<std::uint16_t> code;
    std::string text;
};
/// Write an empty ping.
struct SendPing {};
/// End our direction of the transport, behind everything that was written; discard what still comes.
struct Shutdown {};
/// Close the transport, after one try to hand over what was written. Sends that have not left have failed.
struct Drop {};
/// Tell whoever started the client: it is open, or it failed.
struct ReportStarted {
    Error error;
};
/// Call handle_disconnect(); answer with Decided or Threw.
struct CallDisconnect {
    CloseReason reason;
    int attempt = 1;
    bool established = false;
};
/// Call terminate().
struct CallTerminate {
    CloseReason reason;
};
/// The client has ended: destroy it, and tell everybody. Nothing follows.
struct Finish {
    CloseReason reason;
};

} // namespace command

using Command = std::variant<command::Prepare, command::Open, command::Arm, command::Disarm, command::CallConnect,
    command::SendClose, command::SendPing, command::Shutdown, command::Drop, command::ReportStarted,
    command::CallDisconnect, command::CallTerminate, command::Finish>;
using Commands = std::vector<Command>;

} // namespace websockxx::core
