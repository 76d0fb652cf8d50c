// SPDX-License-Identifier: BSL-1.0
#include "reference.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

namespace websockxx::model {

using By = CloseReason::By;
using namespace std::chrono_literals;

void Seen::sort()
{
    const auto by_number = [](const auto& a, const auto& b) { return a.first < b.first; };
    std::stable_sort(told.begin(), told.end(), by_number);
}

std::string describe(const Why& why)
{
    constexpr const char* names[] = {"local", "remote", "transport"};
    std::string text = names[static_cast<int>(why.by)];
    if (why.sent) text += " sent " + std::to_string(*why.sent);
    if (why.received) text += " received " + std::to_string(*why.received);
    if (why.clean) text += " clean";
    if (why.error) text += ": " + why.error.message();
    return text;
}

Why shorten(const CloseReason& reason)
{
    Why why{.by = reason.by, .error = reason.error.code(), .clean = reason.clean};
    if (reason.sent) why.sent = reason.sent->code;
    if (reason.received) why.received = reason.received->code;
    return why;
}

Reference::Reference(const Rules& rules) : rules_(rules) { attempt(); }

// ---- The user

error_code Reference::obstacle() const
{
    switch (at_) {
    case At::open: return {};
    case At::closing:
    case At::lingering: return errc::not_connected_closing;
    case At::ended: return errc::client_ended;
    default: return errc::not_connected_opening;
    }
}

void Reference::send(int id, std::string text, bool keep, bool limited)
{
    if (at_ == At::ended) return tell(id, errc::client_ended);
    if (obstacle() && !keep) return tell(id, obstacle());
    // More than once: what comes back from a lost connection may be more than there is room for.
    while (!fits(text.size())) {
        const bool waits = rules_.policy == SendQueuePolicy::wait && queue_.size() < rules_.queue;
        if (waits) break;
        if (rules_.policy == SendQueuePolicy::drop_newest) return tell(id, errc::dropped);
        const bool in_vain = encoded() > 0 && encoded() + text.size() > rules_.queue_bytes;
        if (rules_.policy != SendQueuePolicy::drop_oldest || in_vain) return tell(id, errc::send_queue_full);
        tell(queue_.front().id, errc::dropped);
        queue_.pop_front();
    }
    queue_.push_back({id, std::move(text), keep, limited ? std::optional{now_ + rules_.keep_for} : std::nullopt});
    settle();
}

// One that is larger than all there may be is let in alone.
bool Reference::fits(std::size_t size) const
{
    return queue_.size() < rules_.queue && (buffered() == 0 || buffered() + size <= rules_.queue_bytes);
}

std::size_t Reference::encoded() const
{
    return std::accumulate(
        out_.begin(), out_.end(), std::size_t{0}, [](auto sum, const Written& written) { return sum + written.left; });
}

std::size_t Reference::buffered() const
{
    return std::accumulate(
        queue_.begin(), queue_.end(), encoded(), [](auto sum, const Send& send) { return sum + send.text.size(); });
}

bool Reference::withdraw(int id)
{
    return std::erase_if(queue_, [id](const Send& send) { return send.id == id; }) > 0;
}

void Reference::cast(int number)
{
    if (at_ == At::ended) return;
    casts_.push_back(number);
    settle();
}

void Reference::close(int code)
{
    if (at_ != At::open) return;
    begin_close({.by = By::local}, code, 6);
    settle();
}

void Reference::pause(bool paused)
{
    if (at_ == At::ended || (!paused && !paused_)) return;
    paused_ = paused;
    if (at_ != At::open) return;
    if (paused) {
        pinged_at_.reset();
        timers_.erase(Timer::beat);
        timers_.erase(Timer::message);
    }
    else {
        set(Timer::beat, rules_.timeouts.ping_interval);
        // The time in which nothing was read does not count.
        unfinished_since_ = now_;
        if (unfinished_ != 0) set(Timer::message, rules_.timeouts.message);
        read_held();
    }
    settle();
}

void Reference::stop(bool aborted)
{
    if (at_ == At::ended) return;
    Why why{.by = By::local, .error = aborted ? errc::aborted : errc::stopped};
    if (at_ == At::open && !aborted) {
        why.sent = 1001;
        write_close(1001, 0);
    }
    else if (at_ == At::closing || at_ == At::lingering) {
        why.sent = why_.sent;
        why.received = why_.received;
        why.clean = why_.clean;
    }
    drop();
    end_with(why);
}

// ---- Connecting

void Reference::attempt()
{
    at_ = At::connecting;
    ++attempts_;
    window_ = std::numeric_limits<std::size_t>::max();
    set(Timer::open, rules_.timeouts.open);
    set(Timer::connect, rules_.timeouts.connect);
}

void Reference::connect()
{
    at_ = At::upgrading;
    timers_.erase(Timer::connect);
    settle();
}

void Reference::fail(error_code error) { fail_attempt(error); }

void Reference::fail_attempt(error_code error)
{
    drop();
    ask({.error = error}, ++attempt_);
}

void Reference::accept()
{
    timers_.clear();
    at_ = At::open;
    call("connect");
    ++connections_;
    if (connections_ == 2 && rules_.second_connect == Rules::Connect::fail) return throws();
    write("text:hello", 5);
    ever_open_ = true;
    pinged_at_.reset();
    if (paused_) hold();
    else set(Timer::beat, rules_.timeouts.ping_interval);
    if (connections_ == 2 && rules_.second_connect == Rules::Connect::close) begin_close({.by = By::local}, 4003, 0);
}

// ---- The server and the network

void Reference::say(Said what)
{
    undelivered_ += what.size;
    input_.push_back(std::move(what));
}

void Reference::deliver(std::size_t bytes)
{
    bytes = std::min(bytes, undelivered_);
    undelivered_ -= bytes;
    unread_ = unread_ || bytes > 0;
    for (auto& said : input_) {
        const auto part = std::min(bytes, said.size);
        said.size -= part;
        bytes -= part;
        said.begun = said.begun || part > 0;
    }
    arrive();
}

void Reference::end(bool reset)
{
    ended_ = reset;
    arrive();
}

void Reference::window(std::size_t bytes)
{
    window_ = bytes;
    const bool stuck = !out_.empty();
    flush();
    if (stuck && bytes > 0) heard_at_ = now_; // somebody takes what we send
    read_held();
    settle();
}

bool Reference::reads() const
{
    if (at_ == At::lingering) return true;
    return (at_ == At::upgrading || at_ == At::closing || delivers()) && !congested();
}

void Reference::read()
{
    if (!reads()) return;
    const bool arrived = std::exchange(unread_, false);
    if (arrived) heard_at_ = now_;
    while (reads() && at_ != At::lingering && !input_.empty() && input_.front().is_known()) take_next();
    if (at_ == At::lingering) input_.clear();
    if (delivers() && congested()) hold();
    if (reads()) note_unfinished();
    if (arrived) {
        work();
        note_water();
    }
    // What was read has been answered, also if the end has come behind it.
    if (!reads() || !ended_) return;
    if (at_ == At::upgrading) return fail_attempt(errc::handshake_incomplete);
    flush();
    // A close frame that has not left was not sent.
    if (at_ == At::closing && !out_.empty()) why_.sent.reset();
    if (at_ == At::open || (at_ == At::closing && !out_.empty() && !why_.error))
        return lose({.error = errc::connection_lost});
    lose(why_);
}

// What was read, and cannot be delivered yet, comes before what has to be read.
void Reference::hold() { held_ = std::ranges::count_if(input_, &Said::is_known); }

void Reference::read_held()
{
    if (!held_ || !reads()) return;
    heard_at_ = now_;
    while (held_ && *held_ > 0 && reads() && at_ != At::lingering) take_next();
    if (reads()) held_.reset();
    work();
    note_water();
}

void Reference::take_next()
{
    const auto said = std::move(input_.front());
    input_.pop_front();
    if (held_ && *held_ > 0) --*held_;
    ++taken_;
    take(said);
}

void Reference::take(const Said& said)
{
    if (said.what == Said::What::answer) return accept();
    const bool closing = at_ == At::closing;
    switch (said.what) {
    case Said::What::text: return closing ? void() : take_text(said.payload);
    case Said::What::ping:
        if (closing) return;
        call("ping:" + said.payload);
        return write("pong:" + said.payload, said.payload.size());
    case Said::What::pong: return closing ? void() : call("pong:" + said.payload);
    case Said::What::close:
        if (!closing) {
            write_close(said.code, 0);
            return linger({.by = By::remote, .sent = said.code, .received = said.code, .clean = true});
        }
        why_.received = said.code;
        why_.clean = true;
        return linger(why_);
    default:
        if (closing) return lose(why_);
        write_close(1002, nonsense_text);
        return linger({.by = By::local, .error = errc::protocol_error, .sent = 1002});
    }
}

// What the clients do with a text is what its first letter says.
void Reference::take_text(const std::string& payload)
{
    call("text:" + payload);
    switch (payload.front()) {
    case 'r': return write("text:" + payload, payload.size());
    case 'c':
        write("text:" + payload, payload.size());
        pump();
        return begin_close({.by = By::local}, 4000, 5);
    case 'x': return throws();
    default: return;
    }
}

// ---- Sending

void Reference::settle()
{
    work();
    arrive();
}

void Reference::arrive()
{
    read();
    work();
}

void Reference::work()
{
    pump();
    deliver_casts();
    flush();
    // What cannot be written is noticed even while nothing is read.
    if (at_ == At::open && paused_ && ended_ == true && !out_.empty()) lose({.error = errc::connection_lost});
    // Else it is as soon as all is read that came before, and nothing comes in between.
    const bool broken = ended_ == true && !out_.empty();
    if (!broken) note_water();
}

void Reference::pump()
{
    if (at_ != At::open) return;
    while (!queue_.empty()) {
        auto send = std::move(queue_.front());
        queue_.pop_front();
        const auto frame = "text:" + send.text;
        const auto size = send.text.size();
        write(frame, size, std::move(send));
    }
}

void Reference::deliver_casts()
{
    const auto can_answer = [this] {
        flush();
        return encoded() < rules_.queue_bytes;
    };
    while (!casts_.empty() && delivers() && can_answer()) {
        const auto text = std::to_string(casts_.front());
        const bool closes = casts_.front() % 8 == 0;
        casts_.pop_front();
        call("cast:" + text);
        write("text:" + text, text.size());
        if (closes) begin_close({.by = By::local}, 4001, 0);
    }
}

void Reference::write(std::string frame, std::size_t payload, std::optional<Send> send)
{
    const auto size = 6 + payload;
    out_.push_back({std::move(frame), size, size, std::move(send)});
}

void Reference::write_close(int code, std::size_t text)
{
    const bool empty = code == 1005;
    write("close:" + std::to_string(empty ? 0 : code), empty ? 0 : 2 + text);
}

void Reference::flush()
{
    if (ended_ == true) return;
    while (!out_.empty() && window_ > 0) {
        auto& next = out_.front();
        const auto part = std::min(window_, next.left);
        window_ -= part;
        next.left -= part;
        if (next.left > 0) return;
        seen_.heard.push_back(std::move(next.frame));
        if (next.send) tell(next.send->id, {});
        out_.pop_front();
    }
}

void Reference::note_water()
{
    if (!delivers()) return;
    if (!high_ && buffered() >= rules_.high_water) {
        high_ = true;
        call("high_water " + std::to_string(buffered()));
    }
    else if (high_ && buffered() == 0) {
        high_ = false;
        call("drained");
    }
}

// ---- The end of a connection

void Reference::begin_close(Why why, int code, std::size_t text)
{
    timers_.clear();
    at_ = At::closing;
    why_ = why;
    why_.sent = code;
    write_close(code, text);
    set(Timer::close, rules_.timeouts.close);
}

void Reference::linger(Why why)
{
    if (at_ != At::closing) {
        timers_.clear();
        set(Timer::close, rules_.timeouts.close);
    }
    at_ = At::lingering;
    why_ = why;
    set(Timer::linger, rules_.timeouts.linger);
}

void Reference::throws()
{
    write_close(1011, 0);
    drop();
    end_with({.by = By::local, .error = errc::callback_threw, .sent = 1011});
}

void Reference::lose(Why why)
{
    drop();
    attempt_ = 1;
    ask(why, attempt_);
}

// What is to be kept, and has not begun to leave, waits for the next connection.
void Reference::drop()
{
    flush();
    timers_.clear();
    std::deque<Send> kept;
    for (auto& written : out_) {
        if (!written.send) continue;
        const bool untouched = written.left == written.size;
        if (untouched && written.send->keep) kept.push_back(std::move(*written.send));
        else tell(written.send->id, untouched ? errc::connection_lost : errc::maybe_sent);
    }
    queue_.insert(queue_.begin(), kept.begin(), kept.end());
    out_.clear();
    input_.clear();
    undelivered_ = 0;
    unread_ = false;
    held_.reset();
    ended_.reset();
    high_ = false;
    unfinished_ = 0;
}

void Reference::ask(const Why& why, int attempt)
{
    call("disconnect " + std::to_string(attempt) + ", " + describe(why));
    if (++losses_ >= rules_.losses) return end_with(why);
    at_ = At::waiting;
    set(Timer::retry, rules_.retry);
}

void Reference::end_with(const Why& why)
{
    at_ = At::ended;
    timers_.clear();
    casts_.clear();
    for (const auto& send : std::exchange(queue_, {})) tell(send.id, errc::client_ended);
    if (ever_open_) call("terminate, " + describe(why));
    call("destroyed");
}

// ---- Time

std::optional<Time> Reference::next() const
{
    std::optional<Time> next;
    const auto add = [&next](Time at) { next = next ? std::min(*next, at) : at; };
    for (const auto& [timer, at] : timers_) add(at);
    for (const auto& send : queue_) {
        if (send.expiry) add(*send.expiry);
    }
    return next;
}

void Reference::turn(Time by)
{
    const auto target = now_ + by;
    while (next() && *next() <= target) {
        now_ = std::max(now_, *next());
        const auto due = [this](const auto& entry) { return entry.second <= now_; };
        for (auto it = std::ranges::find_if(timers_, due); it != timers_.end();
             it = std::ranges::find_if(timers_, due)) {
            const auto timer = it->first;
            timers_.erase(it);
            fire(timer);
        }
        expire_sends();
        settle();
    }
    now_ = target;
}

void Reference::fire(Timer timer)
{
    switch (timer) {
    case Timer::open: return fail_attempt(errc::open_timeout);
    case Timer::connect: return fail_attempt(errc::connect_timeout);
    case Timer::retry: return attempt();
    case Timer::beat: return beat();
    case Timer::linger: return lose(why_);
    case Timer::close:
        if (!why_.clean && !why_.error) why_.error = errc::close_timeout;
        return lose(why_);
    case Timer::message: break;
    }
    if (unfinished_ == 0) return;
    const auto age = congested() ? Time{0} : now_ - unfinished_since_;
    if (age < rules_.timeouts.message) return set(Timer::message, rules_.timeouts.message - age);
    begin_close({.by = By::local, .error = errc::message_timeout}, 1008, 21);
}

void Reference::beat()
{
    const auto& timeouts = rules_.timeouts;
    const auto quiet = now_ - heard_at_;
    if (pinged_at_ && heard_at_ < *pinged_at_) return lose({.error = errc::heartbeat_timeout});
    if (quiet < timeouts.ping_interval) return set(Timer::beat, timeouts.ping_interval - quiet);
    write("ping:", 0);
    pinged_at_ = now_;
    set(Timer::beat, timeouts.pong);
}

void Reference::note_unfinished()
{
    const bool begun = at_ == At::open && !input_.empty() && input_.front().begun;
    const auto number = begun ? taken_ + 1 : 0;
    if (number != unfinished_) unfinished_since_ = heard_at_;
    unfinished_ = number;
    if (number != 0 && !timers_.contains(Timer::message)) set(Timer::message, rules_.timeouts.message);
}

void Reference::expire_sends()
{
    std::erase_if(queue_, [this](const Send& send) {
        const bool over = send.expiry && *send.expiry <= now_;
        if (over) tell(send.id, errc::not_sent_in_time);
        return over;
    });
}

} // namespace websockxx::model
