// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/core/session.hpp>
#include <websockxx/detail/utf8.hpp>

#include <algorithm>
#include <string>
#include <utility>

namespace websockxx::core {

namespace session_detail {

// What a decision asks for may be longer, and would overflow a clock.
inline constexpr std::chrono::milliseconds longest_wait = std::chrono::hours(24 * 365);

} // namespace session_detail

Session::Session(Conn conn, Settings settings) : conn_(std::move(conn)), settings_(std::move(settings)) {}

Commands Session::step(Event event, std::chrono::milliseconds now)
{
    now_ = now;
    // Asked before the event: the time that closing takes does not count.
    if (state_ == State::open && now - opened_at_ >= settings_.stable_after) retries_ = tries_ = 0;
    std::visit([this](auto& e) { on(e); }, event);
    return std::exchange(commands_, {});
}

error_code Session::send_error() const noexcept
{
    switch (state_) {
    case State::greeting:
    case State::open: return {};
    case State::closing:
    case State::lingering: return errc::not_connected_closing;
    case State::done: return errc::client_ended;
    default: return errc::not_connected_opening;
    }
}

// ---- Opening

void Session::on(event::Started&)
{
    if (state_ == State::idle) begin_attempt();
}

void Session::begin_attempt()
{
    attempt_conn_.reset();
    ++tries_;
    if (!settings_.has_prepare) return open(conn_);
    state_ = State::preparing;
    phase_ = Phase::prepare;
    arm(Timer::open, conn_.timeouts.open);
    give(command::Prepare{conn_, tries_});
}

void Session::on(event::Prepared& e)
{
    if (state_ != State::preparing) return;
    attempt_conn_ = std::make_shared<const Conn>(e.conn);
    open(std::move(e.conn));
}

void Session::on(event::PrepareFailed& e)
{
    if (state_ == State::preparing) fail_attempt(std::move(e.error));
}

void Session::open(Conn conn)
{
    state_ = State::opening;
    phase_ = Phase::connect;
    if (auto checked = conn.check(); !checked) return fail_attempt(checked.error());
    arm(Timer::open, conn.timeouts.open);
    arm(Timer::connect, conn.timeouts.connect);
    give(command::Open{std::move(conn)});
}

void Session::on(event::TransportConnected&)
{
    if (state_ != State::opening) return;
    arm(Timer::connect, {});
    phase_ = conn().secure ? Phase::tls : Phase::handshake;
}

void Session::on(event::TransportOpened&)
{
    if (state_ == State::opening) phase_ = Phase::handshake;
}

void Session::on(event::Opened&)
{
    if (state_ != State::opening) return;
    disarm_all();
    state_ = State::greeting;
    phase_ = Phase::open;
    give(command::CallConnect{});
}

void Session::on(event::OpenFailed& e)
{
    if (state_ == State::opening) fail_attempt(std::move(e.error));
}

void Session::fail_attempt(Error error)
{
    disarm_all();
    give(command::Drop{});
    ++attempt_;
    CloseReason reason{.error = std::move(error)};
    if (!ever_open_ && !settings_.handle_initial_conn_failure) return end(std::move(reason));
    ask(std::move(reason), false);
}

void Session::on(event::ConnectAnswered&)
{
    if (state_ != State::greeting) return;
    state_ = State::open;
    opened_at_ = now_;
    pinged_at_.reset();
    if (!paused_) arm(Timer::heartbeat, conn().timeouts.ping_interval);
    if (std::exchange(ever_open_, true)) return;
    give(command::ReportStarted{});
}

// ---- Open

void Session::beat(std::chrono::milliseconds quiet)
{
    const auto& timeouts = conn().timeouts;
    // Compared with the moment of the ping and not with the timeout: a pong may be as quick as the deadline is late.
    if (pinged_at_ && now_ - quiet < *pinged_at_) {
        return lose({.by = CloseReason::By::transport, .error = Error{errc::heartbeat_timeout, Phase::open}});
    }
    if (quiet < timeouts.ping_interval) return arm(Timer::heartbeat, timeouts.ping_interval - quiet);
    give(command::SendPing{});
    if (timeouts.pong.count() <= 0) return arm(Timer::heartbeat, timeouts.ping_interval);
    pinged_at_ = now_;
    arm(Timer::heartbeat, timeouts.pong);
}

bool Session::awaits_message_begin() const noexcept
{
    return delivers() && !is_armed(Timer::message) && conn().timeouts.message.count() > 0;
}

void Session::on(event::MessageBegan&)
{
    if (awaits_message_begin()) arm(Timer::message, conn().timeouts.message);
}

// A message that is dribbled is as good as none, however lively the server is otherwise.
void Session::time_message(std::chrono::milliseconds unfinished)
{
    const auto limit = conn().timeouts.message;
    if (unfinished < limit) return arm(Timer::message, limit - unfinished);
    begin_closing(close_code::policy_error, "message took too long",
        {.by = CloseReason::By::local, .error = Error{errc::message_timeout, Phase::open}});
}

// The silence of a server that nobody listens to says nothing.
void Session::on(event::PauseAsked&)
{
    paused_ = true;
    if (state_ != State::open) return;
    pinged_at_.reset();
    arm(Timer::heartbeat, {});
    arm(Timer::message, {});
}

void Session::on(event::ResumeAsked&)
{
    if (!std::exchange(paused_, false) || state_ != State::open) return;
    arm(Timer::heartbeat, conn().timeouts.ping_interval);
}

void Session::on(event::CloseAsked& e)
{
    if (state_ != State::open) return;
    const auto code = e.code.value_or(close_code::normal);
    const bool may_be_sent = close_code::may_be_sent(code);
    if (!may_be_sent || !detail::is_valid_utf8(e.text)) {
        const auto detail =
            may_be_sent ? "close with a text that is not UTF-8" : "close with the code " + std::to_string(code);
        event::Threw threw{Error{errc::bad_response, Phase::open, detail}, nullptr};
        return on(threw);
    }
    begin_closing(e.code, std::string{fit_close_text(e.text)}, {.by = CloseReason::By::local});
}

void Session::on(event::ReplyFailed& e)
{
    if (state_ == State::greeting) {
        event::Threw threw{std::move(e.error), nullptr};
        return on(threw);
    }
    if (state_ != State::open) return;
    begin_closing(close_code::internal_error, {}, {.by = CloseReason::By::local, .error = std::move(e.error)});
}

void Session::on(event::Threw& e)
{
    const bool connected = state_ == State::open || (state_ == State::greeting && ever_open_);
    CloseReason reason{.by = CloseReason::By::local, .error = std::move(e.error), .exception = std::move(e.exception)};
    if (state_ == State::asking) return end(std::move(reason));
    if (!connected && state_ != State::greeting) return;
    disarm_all();
    if (connected) {
        give(command::SendClose{close_code::internal_error, {}});
        reason.sent = CloseFrame{close_code::internal_error, {}};
    }
    give(command::Drop{});
    end(std::move(reason));
}

// ---- Closing

void Session::begin_closing(std::optional<std::uint16_t> code, std::string text, CloseReason reason)
{
    disarm_all();
    state_ = State::closing;
    phase_ = Phase::closing;
    reason_ = std::move(reason);
    reason_.sent = CloseFrame{code.value_or(close_code::no_status), code ? text : std::string{}};
    give(command::SendClose{code, std::move(text)});
    arm(Timer::close, conn().timeouts.close);
}

void Session::on(event::ClosePassed& e)
{
    if (state_ == State::open) {
        linger({.by = CloseReason::By::remote,
            .sent = std::move(e.sent),
            .received = std::move(e.received),
            .clean = true});
    }
    else if (state_ == State::closing) {
        reason_.received = std::move(e.received);
        reason_.clean = true;
        linger(std::move(reason_));
    }
}

void Session::on(event::ProtocolFailed& e)
{
    if (state_ == State::open) {
        linger({.by = CloseReason::By::local, .sent = std::move(e.sent), .error = std::move(e.error)});
    }
    else if (state_ == State::closing) {
        // The server's answer to our close frame makes no sense: as good as none.
        lose(std::move(reason_));
    }
}

// RFC 6455 7.1.1: the server closes TCP first; our end waits for it, but not for long.
void Session::linger(CloseReason reason)
{
    const bool closing = state_ == State::closing;
    reason_ = std::move(reason);
    state_ = State::lingering;
    phase_ = Phase::closing;
    arm(Timer::heartbeat, {});
    arm(Timer::message, {});
    if (!closing) arm(Timer::close, conn().timeouts.close);
    arm(Timer::linger, conn().timeouts.linger);
    give(command::Shutdown{});
}

void Session::on(event::Lost& e)
{
    if (state_ == State::opening) {
        return fail_attempt(e.ec.failed() ? Error{e.ec, phase_} : Error{errc::connection_lost, phase_});
    }
    if (state_ == State::lingering) return lose(std::move(reason_));
    // What had not left includes our close frame, the last that was written.
    if (e.unsent) reason_.sent.reset();
    if (state_ == State::closing && (!e.unsent || reason_.error)) return lose(std::move(reason_));
    if (state_ != State::open && state_ != State::closing) return;
    const auto detail = e.ec.failed() ? e.ec.message() : std::string{};
    lose({.by = CloseReason::By::transport, .error = Error{errc::connection_lost, Phase::open, detail}});
}

void Session::on(event::Expired& e)
{
    if (!is_armed(e.timer)) return;
    armed_ = static_cast<std::uint8_t>(armed_ & ~(1U << static_cast<unsigned>(e.timer)));
    const auto phase = e.resolving ? Phase::resolve : phase_;
    if (e.timer == Timer::open) return fail_attempt(Error{errc::open_timeout, phase});
    if (e.timer == Timer::connect) return fail_attempt(Error{errc::connect_timeout, phase});
    if (e.timer == Timer::heartbeat) return beat(e.quiet);
    if (e.timer == Timer::retry) return begin_attempt();
    if (e.timer == Timer::message) return e.unfinished ? time_message(*e.unfinished) : void();
    if (e.timer == Timer::close && !reason_.clean && !reason_.error)
        reason_.error = Error{errc::close_timeout, Phase::closing};
    lose(std::move(reason_)); // also for Timer::linger
}

// ---- After the connection

void Session::lose(CloseReason reason)
{
    disarm_all();
    give(command::Drop{});
    attempt_ = 1;
    ask(std::move(reason), true);
}

void Session::ask(CloseReason reason, bool established)
{
    state_ = State::asking;
    reason_ = reason;
    if (retries_ == 0) failing_since_ = now_;
    give(command::CallDisconnect{std::move(reason), attempt_, established});
}

void Session::on(event::Decided& e)
{
    if (state_ != State::asking) return;
    if (e.decision.kind() == Decision::Kind::reconnect) return retry(e.decision, e.draw);
    if (e.decision.kind() == Decision::Kind::stop || !settings_.policy) return end(std::move(reason_));
    try {
        const auto decision = settings_.policy(Retry{retries_ + 1, reason_, now_ - failing_since_, e.draw});
        if (decision.kind() == Decision::Kind::reconnect) return retry(decision, e.draw);
    }
    catch (...) {
        return end({.by = CloseReason::By::local,
            .error = Error{errc::callback_threw, Phase::none, "the reconnect policy"},
            .exception = std::current_exception()});
    }
    end(std::move(reason_));
}

void Session::retry(const Decision& decision, double draw)
{
    const auto delay = decision.delay().value_or(default_delay(draw));
    if (decision.conn()) conn_ = *decision.conn();
    attempt_conn_.reset();
    ++retries_;
    state_ = State::waiting;
    phase_ = Phase::none;
    // Also for no delay at all: whoever decides so for ever must not keep the thread for himself.
    armed_ = static_cast<std::uint8_t>(armed_ | (1U << static_cast<unsigned>(Timer::retry)));
    give(command::Arm{Timer::retry, std::clamp(delay, std::chrono::milliseconds{0}, session_detail::longest_wait)});
}

std::chrono::milliseconds Session::default_delay(double draw) const
{
    if (retries_ == 0 && !retry_after(reason_)) return {};
    const auto decision = policy::always(policy::Backoff{})(Retry{std::max(retries_, 1), reason_, {}, draw});
    return decision.delay().value_or(std::chrono::milliseconds{0});
}

void Session::on(event::StopAsked& e)
{
    if (state_ == State::done) return;
    const bool polite = state_ == State::open && e.error.code() == errc::stopped;
    CloseReason reason{.by = CloseReason::By::local, .error = std::move(e.error)};
    if (state_ == State::closing || state_ == State::lingering) {
        reason.sent = std::move(reason_.sent);
        reason.received = std::move(reason_.received);
        reason.clean = reason_.clean;
    }
    disarm_all();
    if (polite) {
        reason.sent = CloseFrame{close_code::going_away, {}};
        give(command::SendClose{close_code::going_away, {}});
    }
    if (has_transport()) give(command::Drop{});
    end(std::move(reason));
}

void Session::end(CloseReason reason)
{
    disarm_all();
    state_ = State::done;
    if (ever_open_) give(command::CallTerminate{reason});
    else give(command::ReportStarted{reason.error ? reason.error : Error{errc::connection_lost}});
    give(command::Finish{std::move(reason)});
}

bool Session::has_transport() const noexcept
{
    switch (state_) {
    case State::opening:
    case State::greeting:
    case State::open:
    case State::closing:
    case State::lingering: return true;
    default: return false;
    }
}

void Session::arm(Timer timer, std::chrono::milliseconds after)
{
    const auto bit = static_cast<std::uint8_t>(1U << static_cast<unsigned>(timer));
    if (after.count() > 0) {
        armed_ = static_cast<std::uint8_t>(armed_ | bit);
        give(command::Arm{timer, std::min(after, session_detail::longest_wait)});
    }
    else if (is_armed(timer)) {
        armed_ = static_cast<std::uint8_t>(armed_ & ~bit);
        give(command::Disarm{timer});
    }
}

bool Session::is_armed(Timer timer) const noexcept { return (armed_ >> static_cast<unsigned>(timer) & 1U) != 0; }

void Session::disarm_all()
{
    for (std::size_t i = 0; i < timer_count; ++i) arm(static_cast<Timer>(i), {});
}

} // namespace websockxx::core
