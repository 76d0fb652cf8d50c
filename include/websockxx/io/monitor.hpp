// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/close.hpp>
#include <websockxx/conn.hpp>
#include <websockxx/counters.hpp>
#include <websockxx/debug.hpp>
#include <websockxx/frame.hpp>
#include <websockxx/io/history.hpp>
#include <websockxx/io/letter.hpp>
#include <websockxx/io/tracer.hpp>
#include <websockxx/log.hpp>
#include <websockxx/observer.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace websockxx::io {

/// An observer of a client, until somebody ends that.
struct Watcher {
    std::shared_ptr<Observer> observer;
    std::shared_ptr<const std::atomic<bool>> ended = {}; ///< null: never
};

/// Tells observers and the trace what happens to a client. A connection that nobody watches has none.
///
/// Threads   On the connection's strand.
class Monitor {
public:
    using Time = History::Time;
    using Clock = std::function<Time()>;
    enum class Why : std::uint8_t { reply, other }; ///< a frame is sent

    Monitor(const History& history, Clock clock, Log log, std::vector<Watcher> watchers);

    void set(const Debug& debug);
    [[nodiscard]] const Debug& debug() const noexcept { return tracer_.debug(); }
    [[nodiscard]] std::vector<std::string> trace_log() const { return tracer_.last(); }
    /// While Debug::statistics is set.
    [[nodiscard]] std::optional<CountersSnapshot> statistics() const;
    /// Nobody watches any more.
    [[nodiscard]] bool idle() const;

    // The life of a connection. What is said has happened to the history already.

    void attempt_started(const Conn& conn);
    void resolved(std::size_t addresses);
    void connected(std::string_view endpoint);
    void tls_done(std::string_view description); ///< "TLSv1.3 TLS_AES_256_GCM_SHA384"
    void upgraded(std::string_view subprotocol, bool deflate, const Response& response);
    void disconnected(const CloseReason& reason, int attempt);
    void retry_scheduled(std::chrono::milliseconds delay);
    void terminated(const CloseReason& reason);
    void congested(std::size_t bytes, bool high);
    void round_trip(Time took);

    // What passes through it.

    void received(Callback callback, const Frame& frame, std::size_t frames);
    void received(const Fragment& fragment, std::size_t frames);
    void received(const Letter& letter);
    void sent(const Frame& frame, Why why);

    void closing(const CloseReason& reason);
    void close_sent(const CloseFrame& frame);
    /// The server's close frame came; with `answer`, it was the first one.
    void close_received(const CloseFrame& frame, const std::optional<CloseFrame>& answer);
    /// The server broke the protocol. `told`: what it was told.
    void protocol_failed(const Error& error, const std::optional<CloseFrame>& told);
    void threw(const Error& error);

    // A callback. received() begins one too.

    void begins(Callback callback);
    void replies(const Frame& frame);
    void returned(bool threw = false); ///< does nothing if none has begun

private:
    template <class Event>
    using Handler = void (Observer::*)(const Event&) noexcept;

    template <class Event>
    void tell(Handler<Event> handler, const Event& event) const;
    template <class... Arguments>
    void trace(std::string (*words)(Arguments...), const std::type_identity_t<Arguments>&... arguments);
    [[nodiscard]] observed::Origin origin() const noexcept
    {
        return {history_.client, history_.name, history_.attempts};
    }
    void fail(const Error& error);
    [[nodiscard]] Time since(Time moment) const { return clock_() - moment; }

    /// A message that is coming in parts, or going out in fragments.
    struct Partial {
        Frame::Type type = Frame::Type::text;
        std::size_t bytes = 0;
        std::size_t frames = 0;
    };

    const History& history_;
    const Clock clock_;
    Tracer tracer_;
    std::vector<Watcher> watchers_;
    std::shared_ptr<Counters> counters_; // while Debug::statistics is set
    Partial coming_;
    Partial going_;
    std::optional<Callback> callback_; // that is running
    Callback replying_ = Callback::handle_frame;
    Time callback_at_{0};
    bool high_ = false;
    bool failing_ = false; // what is closed next is closed because of an error
};

} // namespace websockxx::io
