// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/io/connection.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/query.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <atomic>
#include <exception>
#include <new>
#include <string>
#include <utility>

namespace websockxx::io {

namespace connection_detail {

// Far enough for every purpose, and safe to add to any moment.
inline constexpr std::chrono::milliseconds longest = std::chrono::hours{24 * 365};

std::chrono::milliseconds fit(std::chrono::milliseconds delay)
{
    return std::clamp(delay, std::chrono::milliseconds{0}, longest);
}

// By which a client is known to observers, and in a trace if it has no name.
std::uint64_t next_client()
{
    static std::atomic<std::uint64_t> last{0};
    return ++last;
}

// What a callback threw, as an Error. An error_code keeps its meaning; anything else is errc::callback_threw.
Error describe(const std::exception_ptr& exception)
{
    try {
        std::rethrow_exception(exception);
    }
    catch (const boost::system::system_error& e) {
        return Error{e.code() ? e.code() : make_error_code(errc::callback_threw), Phase::open, e.what()};
    }
    catch (const std::exception& e) {
        return Error{errc::callback_threw, Phase::open, e.what()};
    }
    catch (...) {
        return Error{errc::callback_threw, Phase::open};
    }
}

} // namespace connection_detail

Connection::Connection(std::unique_ptr<Client> client, Conn conn, core::Settings settings, Hooks hooks,
    std::shared_ptr<const Environment> environment, Strand strand, std::shared_ptr<Mailbox> mailbox)
    : strand_(std::move(strand)),
      mailbox_(std::move(mailbox)),
      client_(std::move(client)),
      session_(std::move(conn), std::move(settings)),
      hooks_(std::move(hooks)),
      environment_(std::move(environment)),
      history_{.client = connection_detail::next_client(), .name = hooks_.name},
      alarm_(environment_->make_alarm(strand_))
{
    if (history_.name.empty()) history_.name = "#" + std::to_string(history_.client);
    mailbox_->set_send_limits(session_.conn().limits);
    if (!hooks_.watchers.empty() || hooks_.debug != Debug{}) show(hooks_.debug);
    mailbox_->show(client_.get());
}

// Without Finish this is the end of the executor's context: nobody can be called back any more.
Connection::~Connection()
{
    if (!reason_) end_watch({.error = errc::runtime_ended});
    {
        // What dies here may hold a Link, which must not wait for what dies behind it.
        const CallbackScope scope{*mailbox_};
        mailbox_->show(nullptr);
        client_.reset();
        letters_.clear();
        later_.clear();
        hooks_.prepare = {};
        hooks_.log = {};
    }
    mailbox_->end(reason_.value_or(CloseReason{.error = errc::runtime_ended}));
    if (auto started = std::exchange(hooks_.started, {})) started(errc::runtime_ended);
}

void Connection::begin()
{
    attempt([this] {
        history_.began_at = environment_->clock();
        mailbox_->attach(*this);
        feed(core::event::Started{});
        settle();
    });
}

// ---- Events in, commands out

// Commands of two events never interleave: what a command causes waits for its turn.
void Connection::feed(core::Event event)
{
    events_.push_back(std::move(event));
    if (std::exchange(busy_, true)) return;
    while (!events_.empty()) {
        auto commands = session_.step(events_.pop_front(), alarm_->now());
        tell_obstacle();
        for (auto& command : commands) std::visit([this](auto& c) { run(c); }, command);
    }
    events_ = {}; // they are large, and rare
    busy_ = false;
}

// The end of everything that happens on the strand, but for what a channel reports by itself.
void Connection::settle()
{
    if (held_ && reads() && !(channel_ && channel_->congested())) on_input();
    pump();
    deliver_letters();
    if (channel_) channel_->settle();
    if (tell_water() && channel_) channel_->settle();
    set_alarm();
}

void Connection::on_transport_connected()
{
    history_.connected_at = environment_->clock();
    if (watch_) watch_->connected(channel_->transport().endpoint());
    feed(core::event::TransportConnected{});
    settle();
}

void Connection::on_transport_open()
{
    if (watch_ && session_.conn().secure) watch_->tls_done(channel_->transport().description());
    feed(core::event::TransportOpened{});
    if (channel_) channel_->protocol().start();
    on_input(); // a request that cannot be made is refused here
    settle();
}

void Connection::on_transport_failed(const Error& error)
{
    feed(core::event::OpenFailed{error});
    settle();
}

void Connection::on_input()
{
    using Event = protocol::Protocol::Event;
    heard_at_ = alarm_->now();
    while (channel_ && reads()) {
        auto& protocol = channel_->protocol();
        switch (protocol.next()) {
        case Event::nothing:
            held_ = false;
            note_unfinished();
            return end_input();
        case Event::opened: feed(core::event::Opened{}); break;
        case Event::refused: feed(core::event::OpenFailed{protocol.error()}); break;
        case Event::message:
            ask([&] { watch_->received(Callback::handle_frame, protocol.frame(), protocol.frames()); },
                [&](Client& client) { return client.handle_frame(protocol.frame()); });
            break;
        case Event::fragment:
            ask([&] { watch_->received(protocol.fragment(), protocol.frames()); },
                [&](Client& client) { return client.handle_fragment(protocol.fragment()); });
            break;
        case Event::ping:
            ask([&] { watch_->received(Callback::handle_ping, protocol.frame(), 1); },
                [&](Client& client) { return client.handle_ping(protocol.frame()); });
            break;
        case Event::pong:
            on_pong(protocol.frame());
            ask([&] { watch_->received(Callback::handle_pong, protocol.frame(), 1); },
                [&](Client& client) { return client.handle_pong(protocol.frame()); });
            break;
        case Event::closed:
            if (watch_)
                watch_->close_received(*protocol.received(), session_.delivers() ? protocol.sent() : std::nullopt);
            feed(core::event::ClosePassed{protocol.sent(), protocol.received()});
            break;
        case Event::failed:
            if (watch_) watch_->protocol_failed(protocol.error(), session_.delivers() ? protocol.sent() : std::nullopt);
            feed(core::event::ProtocolFailed{protocol.error(), protocol.sent()});
            break;
        }
        flush_if_much();
        // A server that does not read what it is answered is not listened to: its pings could fill any memory.
        if (channel_ && channel_->congested()) break;
    }
    held_ = channel_ != nullptr;
    end_input();
}

// What else waits does so no longer, and what is told of the output is true when it has been told: there may be nobody
// to come back for either.
void Connection::end_input()
{
    pump();
    deliver_letters();
    if (channel_) channel_->flush();
    (void)tell_water();
    set_alarm();
}

void Connection::note_unfinished()
{
    const auto number = channel_->protocol().unfinished();
    if (number != unfinished_) unfinished_since_ = heard_at_;
    unfinished_ = number;
    if (number != 0 && session_.awaits_message_begin()) feed(core::event::MessageBegan{});
}

void Connection::on_lost(error_code ec, bool unsent)
{
    feed(core::event::Lost{ec, unsent});
    settle();
}

void Connection::on_output()
{
    // What was stuck moves again, so somebody acknowledges it: a sign of life while we do not read.
    heard_at_ = alarm_->now();
    settle();
}

// ---- Commands

void Connection::run(core::command::Prepare& command)
{
    begin_attempt(command.conn);
    ticket_ = mailbox_->next_id();
    try {
        const CallbackScope scope{*mailbox_};
        hooks_.prepare(std::move(command.conn), command.attempt, ticket_);
    }
    catch (...) {
        const auto why = connection_detail::describe(std::current_exception());
        feed(core::event::PrepareFailed{Error{errc::prepare_failed, Phase::prepare, why.message()}});
    }
}

void Connection::run(core::command::Open& command)
{
    begin_attempt(command.conn);
    mailbox_->set_send_limits(command.conn.limits);
    if (command.conn.secure && command.conn.tls.danger_accept_any_certificate) {
        log(Severity::warning,
            "TLS verification is off for " + command.conn.authority() + ": anyone may read and change what is sent");
    }
    try {
        auto& context = boost::asio::query(strand_.get_inner_executor(), boost::asio::execution::context);
        auto transport = environment_->make_transport(command.conn, strand_);
        channel_ = std::make_unique<Channel>(command.conn, std::move(transport), context, *this);
        channel_->open(shared_from_this());
    }
    catch (const boost::system::system_error& e) { // no descriptor
        feed(core::event::OpenFailed{Error{e.code(), Phase::connect}});
    }
    catch (const std::bad_alloc&) {
        const auto ec = make_error_code(boost::system::errc::not_enough_memory);
        feed(core::event::OpenFailed{Error{ec, Phase::connect}});
    }
}

void Connection::run(core::command::Arm& command)
{
    if (watch_ && command.timer == core::Timer::retry) watch_->retry_scheduled(command.after);
    deadlines_.arm(command.timer, alarm_->now() + connection_detail::fit(command.after));
}

void Connection::run(core::command::Disarm& command) { deadlines_.disarm(command.timer); }

void Connection::run(core::command::CallConnect&)
{
    auto& protocol = channel_->protocol();
    const Connected connected{session_.conn(), protocol.response(), protocol.subprotocol(), protocol.deflate()};
    history_.upgraded(environment_->clock());
    if (watch_) watch_->upgraded(protocol.subprotocol(), protocol.deflate(), protocol.response());
    if (watch_) watch_->begins(Callback::handle_connect);
    Action action = Client::ok();
    if (!guard([&](Client& client) { action = client.handle_connect(connected); })) return;
    for (const auto& frame : action.frames()) {
        if (watch_) watch_->replies(frame);
        if (const auto ec = write(frame, Monitor::Why::reply))
            return feed(core::event::ReplyFailed{Error{ec, Phase::open}});
    }
    protocol.forget_handshake();
    std::vector<Item>().swap(items_);
    mailbox_->trim();
    feed(core::event::ConnectAnswered{});
    if (const auto* close = action.closing()) feed(core::event::CloseAsked{close->code, close->text});
}

void Connection::run(core::command::SendClose& command)
{
    if (!channel_) return;
    if (watch_ && session_.state() == core::Session::State::closing) watch_->closing(session_.reason());
    const auto ec = channel_->protocol().close(command.code, command.text); // checked by the session
    if (watch_ && !ec) watch_->close_sent(*channel_->protocol().sent());
}

void Connection::run(core::command::SendPing&)
{
    if (!channel_) return;
    (void)write(Frame::ping(), Monitor::Why::other); // an empty ping can always be encoded
    round_trip_.ping_sent(environment_->clock());
}

void Connection::run(core::command::Shutdown&)
{
    if (channel_) channel_->shutdown();
}

void Connection::run(core::command::Drop&)
{
    ticket_ = 0;
    held_ = false;
    unfinished_ = 0;
    if (!channel_) return;
    channel_->flush();
    if (channel_->queued() == 0) untracked_ = 0;
    take_leftover(channel_->close());
    history_.bytes_received += channel_->bytes_received();
    history_.bytes_sent += channel_->bytes_sent();
    retired_ = std::move(channel_);
    boost::asio::post(strand_, [self = shared_from_this()] { self->retired_.reset(); });
}

void Connection::run(core::command::ReportStarted& command)
{
    if (command.error) start_error_ = std::move(command.error); // told when the client is no more
    else if (auto started = std::exchange(hooks_.started, {})) started({});
}

void Connection::run(core::command::CallDisconnect& command)
{
    const Disconnect why{command.reason, command.attempt, session_.conn(), command.established};
    begin_attempt(session_.conn()); // if it was over before it began
    end_attempt(command.reason, command.attempt);
    if (watch_) watch_->begins(Callback::handle_disconnect);
    Decision decision = Client::ok();
    if (!guard([&](Client& client) { decision = client.handle_disconnect(why); })) return;
    feed(core::event::Decided{std::move(decision), environment_->draw()});
}

// ---- The client

void Connection::threw()
{
    const auto exception = std::current_exception();
    auto error = connection_detail::describe(exception);
    if (watch_) watch_->threw(error);
    feed(core::event::Threw{std::move(error), exception});
}

template <class Callback>
bool Connection::guard(Callback&& callback)
{
    try {
        const CallbackScope scope{*mailbox_};
        callback(*client_);
        if (watch_) watch_->returned();
        return true;
    }
    catch (...) {
        threw();
        return false;
    }
}

// What every message passes through: an answer is made where it is used.
template <class Callback>
Action Connection::call(Callback& callback)
{
    try {
        const CallbackScope scope{*mailbox_};
        return callback(*client_);
    }
    catch (...) {
        threw();
        return Client::ok();
    }
}

template <class Tell, class Callback>
void Connection::ask_watched(Tell& tell, Callback& callback)
{
    tell();
    const auto action = call(callback);
    if (watch_) watch_->returned();
    for (const auto& frame : action.frames()) watch_->replies(frame);
    if (!action.is_ok()) carry_out(action);
}

template <class Tell, class Callback>
void Connection::ask(Tell&& tell, Callback&& callback)
{
    if (!session_.delivers()) return;
    if (watch_) [[unlikely]]
        return ask_watched(tell, callback);
    const auto action = call(callback);
    if (!action.is_ok()) carry_out(action);
}

void Connection::carry_out(const Action& action)
{
    for (const auto& frame : action.frames()) {
        const auto ec = channel_->protocol().write(frame);
        if (watch_) [[unlikely]]
            written(frame, ec, Monitor::Why::reply);
        if (ec) return feed(core::event::ReplyFailed{Error{ec, Phase::open}});
        flush_if_much();
    }
    if (const auto* close = action.closing()) {
        pump_all();
        feed(core::event::CloseAsked{close->code, close->text});
    }
}

void Connection::flush_if_much()
{
    if (channel_ && channel_->has_much()) channel_->flush();
}

void Connection::log(Severity severity, std::string_view line) const
{
    if (!hooks_.log) return;
    try {
        hooks_.log(severity, line);
    }
    catch (...) { // must not throw; if it does, a lost line is better than a lost connection
    }
}

} // namespace websockxx::io
