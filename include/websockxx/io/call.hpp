// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/client.hpp>
#include <websockxx/config.hpp>
#include <websockxx/error.hpp>
#include <websockxx/io/letter.hpp>
#include <websockxx/reply_to.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/system/errc.hpp>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

/// @file What Ref::call() is made of.

namespace websockxx::io {
struct Answer;
}

namespace websockxx::detail {

// What a `handle_call` of this request answers: found in its signature.
template <class M, class Owner, class Result, class R>
R reply_of(Result (Owner::*)(M, ReplyTo<R>));
template <class M, class Owner, class Result, class R>
R reply_of(Result (Owner::*)(const M&, ReplyTo<R>));

template <class C, class M>
using ReplyOf = decltype(reply_of<M>(&C::handle_call));

template <class C, class M>
concept HandlesCall = requires(C& client, M request, ReplyTo<ReplyOf<C, M>> reply_to) {
    {
        client.handle_call(std::move(request), std::move(reply_to))
    } -> std::convertible_to<Action>;
};

template <class C, class M, class R>
class CallLetter final : public io::Letter {
public:
    CallLetter(M request, ReplyTo<R> reply_to) : request_(std::move(request)), reply_to_(std::move(reply_to)) {}
    Action deliver(Client& client) override
    {
        return static_cast<C&>(client).handle_call(std::move(request_), std::move(reply_to_));
    }

private:
    M request_;
    ReplyTo<R> reply_to_;
};

// A call on its way: its number in the mailbox, and the place for its answer.
struct CallSlip {
    std::shared_ptr<io::Mailbox> mailbox;
    std::uint64_t id = 0;
    std::shared_ptr<io::Answer> answer;
};

using CallDone = boost::asio::any_completion_handler<void(error_code)>;

[[nodiscard]] WEBSOCKXX_DECL CallSlip begin_call(std::shared_ptr<io::Mailbox> mailbox);
[[nodiscard]] WEBSOCKXX_DECL std::shared_ptr<void> value_of(const CallSlip& slip);
WEBSOCKXX_DECL void answer_call(const CallSlip& slip, error_code ec, std::shared_ptr<void> value);
[[nodiscard]] WEBSOCKXX_DECL error_code wait_for_call(
    const CallSlip& slip, std::unique_ptr<io::Letter> letter, std::chrono::milliseconds timeout);
WEBSOCKXX_DECL void async_call(
    const CallSlip& slip, std::unique_ptr<io::Letter> letter, std::chrono::milliseconds timeout, CallDone handler);

template <class C, class M, class R>
[[nodiscard]] std::unique_ptr<io::Letter> make_call_letter(const CallSlip& slip, M request)
{
    ReplyTo<R> reply_to{[mailbox = slip.mailbox, id = slip.id](result<R> answer) {
        auto ec = answer.error().code();
        std::shared_ptr<void> value;
        try {
            value = std::make_shared<result<R>>(std::move(answer));
        }
        catch (const std::bad_alloc&) { // a ReplyTo that is dropped answers from its destructor
            if (!ec) ec = make_error_code(boost::system::errc::not_enough_memory);
        }
        answer_call({mailbox, id, nullptr}, ec, std::move(value));
    }};
    return std::make_unique<CallLetter<C, M, R>>(std::move(request), std::move(reply_to));
}

// Hands what became of something to a handler that wants more than an error_code; runs and is cancelled as that is.
template <class Handler, class Finish>
struct FinishHandler {
    using executor_type = boost::asio::associated_executor_t<Handler>;
    using cancellation_slot_type = boost::asio::associated_cancellation_slot_t<Handler>;

    Handler handler;
    Finish finish;

    executor_type get_executor() const noexcept { return boost::asio::get_associated_executor(handler); }
    cancellation_slot_type get_cancellation_slot() const noexcept
    {
        return boost::asio::get_associated_cancellation_slot(handler);
    }
    void operator()(error_code ec) { finish(std::move(handler), ec); }
};
template <class Handler, class Finish>
FinishHandler(Handler, Finish) -> FinishHandler<Handler, Finish>;

} // namespace websockxx::detail
