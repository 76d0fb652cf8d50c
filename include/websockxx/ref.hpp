// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/client.hpp>
#include <websockxx/close.hpp>
#include <websockxx/config.hpp>
#include <websockxx/counters.hpp>
#include <websockxx/debug.hpp>
#include <websockxx/delivery.hpp>
#include <websockxx/error.hpp>
#include <websockxx/frame.hpp>
#include <websockxx/io/call.hpp>
#include <websockxx/io/cast.hpp>
#include <websockxx/io/visit.hpp>
#include <websockxx/status.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

namespace websockxx {

namespace detail {

[[nodiscard]] WEBSOCKXX_DECL std::unique_ptr<io::AsyncVisitor> status_visitor(std::shared_ptr<Status> status);

// Stops the client and waits for its end where that is safe.
WEBSOCKXX_DECL void end_link(const std::shared_ptr<io::Mailbox>& mailbox) noexcept;

[[nodiscard]] WEBSOCKXX_DECL std::shared_ptr<io::Mailbox> mailbox_of(const Client& client);

} // namespace detail

/// Names a message that send_after() has put on its way.
enum class TimerId : std::uint64_t {};

/// Everything about a Ref that does not depend on the client's type.
class WEBSOCKXX_DECL BasicRef {
public:
    BasicRef() = default;

    /// Sends a frame, and waits until the kernel has it, or why it does not (WebSockex.send_frame/3). `delivery` says
    /// whether it may wait for the next connection.
    ///
    /// Errors: not_connected_opening, not_connected_closing, client_ended; invalid_frame, control_frame_too_large,
    /// invalid_utf8 (the connection stays up); send_queue_full, dropped; connection_lost, or maybe_sent when some of it
    /// had left; not_sent_in_time, or send_timeout when the frame may still go out; calling_self and
    /// blocking_in_callback where waiting could never end: return `reply(frame)`, or use send() or async_send_frame()
    /// there.
    result<void> send_frame(
        Frame frame, std::chrono::milliseconds timeout = std::chrono::seconds{5}, Delivery delivery = {}) const;

    /// Sends a frame without waiting, in the order of the calls. The result says whether it was queued; what becomes of
    /// it then is told by the log, if it is not sent. Errors: as send_frame(), of those that are known at once.
    result<void> send(Frame frame, Delivery delivery = {}) const;

    /// Sends a frame; completes with `void(error_code)` when the kernel has it, or as send_frame() fails. Cancellation
    /// takes the frame back if it was not yet encoded.
    template <boost::asio::completion_token_for<void(error_code)> Token>
    auto async_send_frame(Frame frame, Token&& token) const
    {
        return async_send_frame(std::move(frame), Delivery{}, std::forward<Token>(token));
    }
    template <boost::asio::completion_token_for<void(error_code)> Token>
    auto async_send_frame(Frame frame, Delivery delivery, Token&& token) const
    {
        return boost::asio::async_initiate<Token, void(error_code)>(
            [](auto handler, std::shared_ptr<io::Mailbox> mailbox, Frame moved, Delivery kept) {
                initiate_send(std::move(mailbox), std::move(moved), kept, std::move(handler));
            },
            token, mailbox_, std::move(frame), delivery);
    }

    /// How many bytes are on their way out: handed over by send() and the like, or replied, and not yet taken by the
    /// kernel.
    [[nodiscard]] std::size_t buffered_bytes() const;

    /// Begins the closing handshake with an empty close frame, as if a callback had answered close();
    /// handle_disconnect() follows, and may reconnect. Does nothing while no connection is open. Errors: client_ended.
    result<void> close() const;
    /// The same with a code and a text. Errors: invalid_close_code, invalid_utf8, client_ended.
    result<void> close(std::uint16_t code, std::string_view text = {}) const;

    /// Ends the client: close frame 1001, the transport closed at once, terminate(), no handle_disconnect(). From any
    /// state. A callback that runs ends first; messages that have arrived and were not delivered are dropped.
    void stop() const;
    /// Ends the client like stop(), but without a close frame.
    void abort() const;

    /// Stops what reaches the client (WebSockex: :sys.suspend): no frame, cast, info or call, until resume(). Nothing
    /// is read from the socket either, so that the server is slowed down, and its pings wait; the heartbeat does too.
    /// Sending, visits, and all ways to close go on. What was cast before is delivered before; from inside a callback
    /// it takes effect at once. A connection that is opened meanwhile is paused as well, after handle_connect(). The
    /// end of one is noticed only by what is sent, and what it had not delivered is lost with it. Errors: client_ended.
    result<void> pause() const;
    /// Lets all go on, where it was.
    result<void> resume() const;

    /// How the client is at the moment, in any state (WebSockex: :sys.get_status). Waits until the client has a moment
    /// between two callbacks. Errors: client_ended, calling_self, blocking_in_callback.
    result<Status> status() const;

    /// The same without waiting; completes with `void(error_code, Status)`. Cannot be cancelled.
    template <boost::asio::completion_token_for<void(error_code, Status)> Token>
    auto async_status(Token&& token) const
    {
        return boost::asio::async_initiate<Token, void(error_code, Status)>(
            [](auto handler, std::shared_ptr<io::Mailbox> mailbox) {
                const auto status = std::make_shared<Status>();
                auto finish = [status](auto then, error_code ec) { then(ec, std::move(*status)); };
                detail::async_visit(std::move(mailbox), detail::status_visitor(status),
                    detail::FinishHandler{std::move(handler), std::move(finish)});
            },
            token, mailbox_);
    }

    /// Shows from now on what `debug` says, in place of Options::debug and whatever was said before, in any state.
    result<void> debug(Debug debug) const;
    /// Switches Debug::trace alone.
    result<void> trace(bool on = true) const;
    /// The last lines, the oldest first, as many as Debug::log says. Waits, and fails, as status() does.
    result<std::vector<std::string>> trace_log() const;
    /// What was counted since Debug::statistics was set; nothing if it is not. Waits, and fails, as status() does.
    result<CountersSnapshot> statistics() const;

    /// Takes a message of send_after() back, unless it was delivered.
    void cancel(TimerId timer) const;

    /// Whether the client exists and has not ended.
    [[nodiscard]] bool alive() const;

    /// How the client ended, once it has: after terminate() has returned and the client is destroyed.
    [[nodiscard]] std::optional<CloseReason> reason() const;

    /// Waits until the client has ended. Errors: calling_self, blocking_in_callback.
    result<CloseReason> wait() const;
    /// The same, for no longer than `limit`; no value if it has not ended by then.
    result<std::optional<CloseReason>> wait_for(std::chrono::milliseconds limit) const;

    /// Completes with `void(error_code, CloseReason)` when the client has ended; with `operation_aborted` if cancelled
    /// before.
    template <boost::asio::completion_token_for<void(error_code, CloseReason)> Token>
    auto async_wait(Token&& token) const
    {
        return boost::asio::async_initiate<Token, void(error_code, CloseReason)>(
            [](auto handler, std::shared_ptr<io::Mailbox> mailbox) {
                initiate_wait(std::move(mailbox), std::move(handler));
            },
            token, mailbox_);
    }

    /// Whether it is of a client at all, even of one that has ended: not made by default, nor found in vain.
    [[nodiscard]] explicit operator bool() const noexcept { return mailbox_ != nullptr; }
    friend bool operator==(const BasicRef&, const BasicRef&) = default;

protected:
    explicit BasicRef(std::shared_ptr<io::Mailbox> mailbox) noexcept : mailbox_(std::move(mailbox)) {}

    [[nodiscard]] result<void> put(std::unique_ptr<io::Letter> letter) const;
    // Why waiting here and now is out of the question.
    [[nodiscard]] error_code blocking_error() const;
    [[nodiscard]] result<TimerId> put_later(std::chrono::milliseconds after, std::unique_ptr<io::Letter> letter) const;

    std::shared_ptr<io::Mailbox> mailbox_;

private:
    static void initiate_send(std::shared_ptr<io::Mailbox> mailbox, Frame frame, Delivery delivery,
        boost::asio::any_completion_handler<void(error_code)> handler);
    static void initiate_wait(std::shared_ptr<io::Mailbox> mailbox,
        boost::asio::any_completion_handler<void(error_code, CloseReason)> handler);
};

/// Reaches a client from anywhere: WebSockex's pid. Copyable, comparable, and safe to keep for ever: it does not keep
/// the client alive, and after the client's end everything says so with errc::client_ended.
///
/// Threads   Everything may be called from every thread and from every callback, in every state.
template <class C = Client>
class Ref : public BasicRef {
public:
    Ref() = default;
    explicit Ref(std::shared_ptr<io::Mailbox> mailbox) noexcept : BasicRef(std::move(mailbox)) {}

    template <std::derived_from<C> D>
    Ref(const Ref<D>& other) noexcept : BasicRef(other)
    {
    }

    /// Hands `message` to the client's `handle_cast` (WebSockex.cast/2). While no connection is open it waits; it is
    /// dropped if the client ends first. Errors: client_ended, inbox_full.
    template <class M>
        requires detail::HandlesCast<C, detail::Kept<M>>
    result<void> cast(M&& message) const
    {
        using Kept = detail::Kept<M>;
        return put(std::make_unique<detail::CastLetter<C, Kept>>(Kept(std::forward<M>(message))));
    }

    /// Hands `message` to the client's `handle_info`, as cast() does. A type that the client has no `handle_info` for
    /// is logged as an error and dropped, as in WebSockex. What counts is `C`: a `Ref<Client>` knows no `handle_info`.
    template <class M>
    result<void> info(M&& message) const
    {
        using Kept = detail::Kept<M>;
        return put(std::make_unique<detail::InfoLetter<C, Kept>>(Kept(std::forward<M>(message))));
    }

    /// Hands `message` to the client's `handle_info` after a delay (Process.send_after/3). Errors: as info().
    template <class M>
    result<TimerId> send_after(std::chrono::milliseconds delay, M&& message) const
    {
        using Kept = detail::Kept<M>;
        return put_later(delay, std::make_unique<detail::InfoLetter<C, Kept>>(Kept(std::forward<M>(message))));
    }

    /// Asks the client, and waits for the answer: hands `request` to its `Action handle_call(Request, ReplyTo<R>)`,
    /// which may answer at once, later, or from another thread. While no connection is open the request waits, and the
    /// time counts.
    ///
    /// Errors: call_timeout; no_reply when the ReplyTo was dropped; client_ended; inbox_full; what ReplyTo::fail() was
    /// given; calling_self and blocking_in_callback where waiting could never end.
    template <class M, class D = C>
        requires detail::HandlesCall<D, detail::Kept<M>>
    auto call(M&& request, std::chrono::milliseconds timeout = std::chrono::seconds{5}) const
        -> result<detail::ReplyOf<D, detail::Kept<M>>>
    {
        using Kept = detail::Kept<M>;
        using R = detail::ReplyOf<D, Kept>;
        if (const auto ec = this->blocking_error()) return Error{ec};
        const auto slip = detail::begin_call(this->mailbox_);
        auto letter = detail::make_call_letter<D, Kept, R>(slip, Kept(std::forward<M>(request)));
        const auto ec = detail::wait_for_call(slip, std::move(letter), timeout);
        if (const auto answer = detail::value_of(slip)) return std::move(*static_cast<result<R>*>(answer.get()));
        return Error{ec};
    }

    /// Asks the client; completes with `void(error_code, R)` as call() returns, with operation_aborted if cancelled
    /// before. R must have a default constructor, for when there is no answer.
    template <class M, class Token, class D = C>
        requires detail::HandlesCall<D, detail::Kept<M>> &&
                 std::default_initializable<detail::ReplyOf<D, detail::Kept<M>>> &&
                 boost::asio::completion_token_for<Token, void(error_code, detail::ReplyOf<D, detail::Kept<M>>)>
    auto async_call(M&& request, std::chrono::milliseconds timeout, Token&& token) const
    {
        using Kept = detail::Kept<M>;
        using R = detail::ReplyOf<D, Kept>;
        return boost::asio::async_initiate<Token, void(error_code, R)>(
            [](auto handler, const std::shared_ptr<io::Mailbox>& mailbox, Kept asked, std::chrono::milliseconds limit) {
                const auto slip = detail::begin_call(mailbox);
                auto finish = [slip](auto then, error_code ec) {
                    const auto answer = detail::value_of(slip);
                    then(ec, ec ? R{} : std::move(*static_cast<result<R>*>(answer.get())).value());
                };
                detail::async_call(slip, detail::make_call_letter<D, Kept, R>(slip, std::move(asked)), limit,
                    detail::FinishHandler{std::move(handler), std::move(finish)});
            },
            token, this->mailbox_, Kept(std::forward<M>(request)), timeout);
    }

    /// Runs `f(C&)` between two callbacks and returns what it returns, by value; what it throws is thrown here
    /// (WebSockex: :sys.get_state, :sys.replace_state). At once in any state, also while there is no connection or
    /// delivery is paused. Waits until it has run. Errors: client_ended, calling_self, blocking_in_callback.
    template <std::invocable<C&> F>
    auto visit(F&& f) const -> result<detail::Seen<C, F>>
    {
        if (const auto ec = this->blocking_error()) return Error{ec};
        using R = detail::Seen<C, F>;
        const auto outcome = std::make_shared<detail::VisitOutcome<R>>();
        auto visitor = std::make_unique<detail::Visit<C, std::remove_reference_t<F>&>>(f, outcome);
        if (const auto ec = detail::wait_for_visit(*this->mailbox_, std::move(visitor))) return Error{ec};
        if (outcome->exception) std::rethrow_exception(outcome->exception);
        if constexpr (std::is_void_v<R>) return {};
        else return *std::move(outcome->value);
    }

    /// The same without waiting; completes with `void(std::exception_ptr, R)`, or `void(std::exception_ptr)` if `f`
    /// returns nothing. The exception is what `f` threw, or a boost::system::system_error with client_ended.
    template <std::invocable<C&> F,
        boost::asio::completion_token_for<typename detail::VisitSignature<detail::Seen<C, F>>::type> Token>
    auto async_visit(F f, Token&& token) const
    {
        using R = detail::Seen<C, F>;
        return boost::asio::async_initiate<Token, typename detail::VisitSignature<R>::type>(
            [](auto handler, std::shared_ptr<io::Mailbox> mailbox, F moved) {
                const auto outcome = std::make_shared<detail::VisitOutcome<R>>();
                auto finish = [outcome](auto then, error_code ec) {
                    auto exception = ec ? detail::as_exception(ec) : outcome->exception;
                    if constexpr (std::is_void_v<R>) then(std::move(exception));
                    else then(std::move(exception), outcome->value ? *std::move(outcome->value) : R{});
                };
                detail::async_visit(std::move(mailbox),
                    std::make_unique<detail::Visit<C, F>>(std::move(moved), outcome),
                    detail::FinishHandler{std::move(handler), std::move(finish)});
            },
            token, this->mailbox_, std::move(f));
    }
};

/// A Ref that owns: its end is the client's end (start_link). Move-only.
///
/// Lifetime  The destructor does what stop() does. For a client on Runtime::shared() it then waits until terminate()
///           has returned and the client is destroyed, so that what the client refers to may be destroyed next; except
///           inside a callback or on that thread, where it cannot wait. For a client on an executor of yours it never
///           waits: your executor decides when callbacks run.
template <class C = Client>
class Link : public Ref<C> {
public:
    Link() = default;
    explicit Link(std::shared_ptr<io::Mailbox> mailbox) noexcept : Ref<C>(std::move(mailbox)) {}
    explicit Link(Ref<C> ref) noexcept : Ref<C>(std::move(ref)) {}
    Link(Link&& other) noexcept : Ref<C>(std::move(other.mailbox_)) {}
    Link& operator=(Link&& other) noexcept
    {
        if (this == &other) return *this;
        Link old{std::move(*this)};
        this->mailbox_ = std::move(other.mailbox_);
        return *this;
    }
    ~Link() { detail::end_link(this->mailbox_); }

    /// A Ref to the same client, which does not own.
    [[nodiscard]] Ref<C> ref() const noexcept { return *this; }

    /// Lets the client live on by itself, as start() would have made it.
    Ref<C> release() noexcept { return Ref<C>(std::move(this->mailbox_)); }
};

/// The Ref of a client, from inside it (Elixir's self()): `self(*this).send_after(1s, Tick{})`. Empty in the
/// constructor.
template <std::derived_from<Client> C>
[[nodiscard]] Ref<C> self(const C& client)
{
    return Ref<C>{detail::mailbox_of(client)};
}

} // namespace websockxx
