// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/client.hpp>
#include <websockxx/config.hpp>
#include <websockxx/error.hpp>
#include <websockxx/io/call.hpp>
#include <websockxx/io/visitor.hpp>

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

/// @file What Ref::visit() is made of.

namespace websockxx::detail {

// What a function gives to visit(): by value, since the client goes on.
template <class C, class F>
using Seen = std::remove_cvref_t<std::invoke_result_t<F&, C&>>;

// What a visit brings back.
template <class Result>
struct VisitOutcome {
    std::exception_ptr exception;
    std::optional<Result> value;
};
template <>
struct VisitOutcome<void> {
    std::exception_ptr exception;
};

// Runs a function inside: one of its own, or, for somebody who waits, a reference.
template <class C, class F>
class Visit final : public io::AsyncVisitor {
public:
    using Result = Seen<C, F>;

    Visit(F f, std::shared_ptr<VisitOutcome<Result>> outcome) : f_(std::forward<F>(f)), outcome_(std::move(outcome)) {}

    void visit(Client& client, io::Connection&) override
    {
        try {
            if constexpr (std::is_void_v<Result>) std::invoke(f_, static_cast<C&>(client));
            else outcome_->value.emplace(std::invoke(f_, static_cast<C&>(client)));
        }
        catch (...) {
            outcome_->exception = std::current_exception();
        }
        done->done({});
    }

private:
    F f_;
    std::shared_ptr<VisitOutcome<Result>> outcome_;
};

template <class R>
struct VisitSignature {
    using type = void(std::exception_ptr, R);
};
template <>
struct VisitSignature<void> {
    using type = void(std::exception_ptr);
};

[[nodiscard]] WEBSOCKXX_DECL error_code wait_for_visit(io::Mailbox& mailbox, std::unique_ptr<io::AsyncVisitor> visitor);
WEBSOCKXX_DECL void async_visit(
    std::shared_ptr<io::Mailbox> mailbox, std::unique_ptr<io::AsyncVisitor> visitor, CallDone handler);
[[nodiscard]] WEBSOCKXX_DECL std::exception_ptr as_exception(error_code ec);

} // namespace websockxx::detail
