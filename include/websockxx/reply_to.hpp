// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/error.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

namespace websockxx {

/// The answer that a `handle_call` owes. Call it once: at once, later, or from another thread; of copies, the first
/// answer counts, and later ones do nothing. When the last copy is destroyed unanswered, whoever waits gets
/// errc::no_reply.
template <class R>
class ReplyTo {
public:
    /// An answer that nobody waits for.
    ReplyTo() = default;

    /// An answer that is given to a function, once: the value, or why there is none. The function must not throw.
    explicit ReplyTo(std::function<void(result<R>)> tell) : debt_(std::make_shared<Debt>(std::move(tell))) {}

    /// Answers with a value.
    void operator()(R value) const { pay(std::move(value)); }

    /// Answers with an error.
    void fail(Error error) const { pay(error ? std::move(error) : Error{errc::no_reply}); }

private:
    class Debt {
    public:
        explicit Debt(std::function<void(result<R>)> tell) : tell_(std::move(tell)) {}
        ~Debt() { pay(Error{errc::no_reply}); }
        Debt(const Debt&) = delete;
        Debt& operator=(const Debt&) = delete;

        void pay(result<R> answer)
        {
            if (paid_.exchange(true)) return;
            const auto tell = std::move(tell_); // with what it holds, it goes once it is told
            if (tell) tell(std::move(answer));
        }

    private:
        std::function<void(result<R>)> tell_;
        std::atomic<bool> paid_{false};
    };

    void pay(result<R> answer) const
    {
        if (debt_) debt_->pay(std::move(answer));
    }

    std::shared_ptr<Debt> debt_;
};

} // namespace websockxx
