// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/detail/utf8.hpp>
#include <websockxx/io/connection.hpp>
#include <websockxx/io/mailbox.hpp>
#include <websockxx/io/wake_sender.hpp>
#include <websockxx/ref.hpp>

#include <algorithm>
#include <future>
#include <optional>
#include <utility>

namespace websockxx {

struct ClientAccess {
    static std::shared_ptr<io::Mailbox> mailbox(const Client& client) { return client.mailbox_.lock(); }
    static void attach(Client& client, const std::shared_ptr<io::Mailbox>& mailbox) { client.mailbox_ = mailbox; }
};

namespace ref_detail {

// Far enough for every purpose, and safe to add to any moment.
inline constexpr std::chrono::milliseconds longest_keep = std::chrono::hours{24 * 365};

/// Looks at the connection, for a thread that waits outside.
template <class Look>
class Inspection final : public io::Visitor {
public:
    using Seen = std::invoke_result_t<Look&, io::Connection&>;

    Inspection(Look look, std::promise<result<Seen>> told) : look_(std::move(look)), told_(std::move(told)) {}
    ~Inspection() override { tell(Error{errc::runtime_ended}); } // unless it is told already

    void visit(Client&, io::Connection& connection) override { tell(look_(connection)); }
    void refuse(error_code why) noexcept override { tell(Error{why}); }

private:
    void tell(result<Seen> seen)
    {
        if (!std::exchange(done_, true)) told_.set_value(std::move(seen));
    }

    Look look_;
    std::promise<result<Seen>> told_;
    bool done_ = false;
};

/// Does something to the connection that nobody waits for.
template <class Change>
class Alteration final : public io::Visitor {
public:
    explicit Alteration(Change change) : change_(std::move(change)) {}
    void visit(Client&, io::Connection& connection) override { change_(connection); }
    void refuse(error_code) noexcept override {} // put() says it

private:
    Change change_;
};

class StatusVisitor final : public io::AsyncVisitor {
public:
    explicit StatusVisitor(std::shared_ptr<Status> status) : status_(std::move(status)) {}
    void visit(Client&, io::Connection& connection) override
    {
        *status_ = connection.status();
        done->done({});
    }

private:
    std::shared_ptr<Status> status_;
};

template <class Look>
auto inspect(io::Mailbox& mailbox, Look look)
{
    using Visit = Inspection<Look>;
    std::promise<result<typename Visit::Seen>> told;
    auto seen = told.get_future();
    (void)mailbox.put(
        io::item::Visit{std::make_unique<Visit>(std::move(look), std::move(told))}); // refused, it is told
    return seen.get();
}

template <class Change>
error_code alter(io::Mailbox& mailbox, Change change)
{
    return mailbox.put(io::item::Visit{std::make_unique<Alteration<Change>>(std::move(change))});
}

core::Outgoing outgoing(Frame frame, Delivery delivery)
{
    core::Outgoing made{.frame = std::move(frame), .keep = delivery.keeps(), .limited = delivery.limited()};
    if (made.limited) made.time = std::clamp(delivery.left(Delivery::Clock::now()), {}, longest_keep);
    return made;
}

result<void> to_result(error_code ec)
{
    if (ec) return Error{ec};
    return {};
}

} // namespace ref_detail

result<void> BasicRef::send(Frame frame, Delivery delivery) const
{
    if (!mailbox_) return Error{errc::client_ended};
    return ref_detail::to_result(mailbox_->send(ref_detail::outgoing(std::move(frame), delivery)));
}

result<void> BasicRef::send_frame(Frame frame, std::chrono::milliseconds timeout, Delivery delivery) const
{
    if (!mailbox_) return Error{errc::client_ended};
    if (const auto ec = mailbox_->blocking_error()) return Error{ec};
    const auto waiting = std::make_shared<io::Waiting>();
    auto outgoing = ref_detail::outgoing(std::move(frame), delivery);
    outgoing.done = std::make_unique<io::WakeSender>(waiting);
    std::uint64_t mark = 0;
    if (const auto ec = mailbox_->send(std::move(outgoing), &mark)) return Error{ec};
    if (const auto told = waiting->wait(timeout)) return ref_detail::to_result(*told);
    if (mailbox_->withdraw(mark)) return Error{errc::not_sent_in_time};
    if (const auto told = waiting->wait({})) return ref_detail::to_result(*told); // just now
    return Error{errc::send_timeout};
}

void BasicRef::initiate_send(std::shared_ptr<io::Mailbox> mailbox, Frame frame, Delivery delivery,
    boost::asio::any_completion_handler<void(error_code)> handler)
{
    if (!mailbox) mailbox = io::Mailbox::make_ended();
    mailbox->async_send(ref_detail::outgoing(std::move(frame), delivery), std::move(handler));
}

std::size_t BasicRef::buffered_bytes() const { return mailbox_ ? mailbox_->buffered_bytes() : 0; }

void BasicRef::initiate_wait(
    std::shared_ptr<io::Mailbox> mailbox, boost::asio::any_completion_handler<void(error_code, CloseReason)> handler)
{
    if (!mailbox) mailbox = io::Mailbox::make_ended();
    mailbox->async_wait(std::move(handler));
}

result<void> BasicRef::close() const
{
    if (!mailbox_) return Error{errc::client_ended};
    return ref_detail::to_result(mailbox_->put(io::item::Close{std::nullopt, {}}));
}

result<void> BasicRef::close(std::uint16_t code, std::string_view text) const
{
    if (!close_code::may_be_sent(code)) return Error{errc::invalid_close_code, Phase::none, std::to_string(code)};
    if (!detail::is_valid_utf8(text)) return Error{errc::invalid_utf8};
    if (!mailbox_) return Error{errc::client_ended};
    return ref_detail::to_result(mailbox_->put(io::item::Close{code, std::string{fit_close_text(text)}}));
}

void BasicRef::stop() const
{
    if (mailbox_) (void)mailbox_->put(io::item::Stop{errc::stopped}); // refused: it has ended already
}

void BasicRef::abort() const
{
    if (mailbox_) (void)mailbox_->put(io::item::Stop{errc::aborted});
}

void BasicRef::cancel(TimerId timer) const
{
    if (mailbox_) (void)mailbox_->put(io::item::CancelLater{static_cast<std::uint64_t>(timer)});
}

bool BasicRef::alive() const { return mailbox_ && !mailbox_->ended(); }

std::optional<CloseReason> BasicRef::reason() const { return mailbox_ ? mailbox_->reason() : std::nullopt; }

result<CloseReason> BasicRef::wait() const
{
    if (!mailbox_) return Error{errc::client_ended};
    if (auto reason = mailbox_->reason()) return *std::move(reason);
    if (const auto ec = mailbox_->blocking_error()) return Error{ec};
    return mailbox_->wait(std::nullopt).value();
}

result<std::optional<CloseReason>> BasicRef::wait_for(std::chrono::milliseconds limit) const
{
    if (!mailbox_) return Error{errc::client_ended};
    if (auto reason = mailbox_->reason()) return reason;
    if (const auto ec = mailbox_->blocking_error()) return Error{ec};
    return mailbox_->wait(limit);
}

result<void> BasicRef::pause() const
{
    if (!mailbox_) return Error{errc::client_ended};
    return ref_detail::to_result(mailbox_->pause(true));
}

result<void> BasicRef::resume() const
{
    if (!mailbox_) return Error{errc::client_ended};
    return ref_detail::to_result(mailbox_->pause(false));
}

result<Status> BasicRef::status() const
{
    if (const auto ec = blocking_error()) return Error{ec};
    return ref_detail::inspect(*mailbox_, [](io::Connection& connection) { return connection.status(); });
}

result<std::vector<std::string>> BasicRef::trace_log() const
{
    if (const auto ec = blocking_error()) return Error{ec};
    return ref_detail::inspect(*mailbox_, [](const io::Connection& connection) {
        const auto* monitor = connection.monitor();
        return monitor ? monitor->trace_log() : std::vector<std::string>{};
    });
}

result<CountersSnapshot> BasicRef::statistics() const
{
    if (const auto ec = blocking_error()) return Error{ec};
    return ref_detail::inspect(*mailbox_, [](const io::Connection& connection) {
        const auto* monitor = connection.monitor();
        return (monitor ? monitor->statistics() : std::nullopt).value_or(CountersSnapshot{});
    });
}

result<void> BasicRef::debug(Debug debug) const
{
    if (!mailbox_) return Error{errc::client_ended};
    return ref_detail::to_result(ref_detail::alter(
        *mailbox_, [debug = std::move(debug)](io::Connection& connection) { connection.show(debug); }));
}

result<void> BasicRef::trace(bool on) const
{
    if (!mailbox_) return Error{errc::client_ended};
    return ref_detail::to_result(ref_detail::alter(*mailbox_, [on](io::Connection& connection) {
        auto debug = connection.shown();
        debug.trace = on;
        connection.show(debug);
    }));
}

error_code BasicRef::blocking_error() const
{
    if (!mailbox_) return errc::client_ended;
    return mailbox_->blocking_error();
}

result<void> BasicRef::put(std::unique_ptr<io::Letter> letter) const
{
    if (!mailbox_) return Error{errc::client_ended};
    return ref_detail::to_result(mailbox_->put(std::move(letter)));
}

result<TimerId> BasicRef::put_later(std::chrono::milliseconds after, std::unique_ptr<io::Letter> letter) const
{
    if (!mailbox_) return Error{errc::client_ended};
    const auto id = mailbox_->next_id();
    if (const auto ec = mailbox_->put(io::item::Later{id, after, std::move(letter)})) return Error{ec};
    return TimerId{id};
}

namespace detail {

void end_link(const std::shared_ptr<io::Mailbox>& mailbox) noexcept
{
    if (!mailbox) return;
    (void)mailbox->put(io::item::Stop{errc::stopped}); // refused: it has ended already
    if (mailbox->own_thread() && !mailbox->blocking_error()) mailbox->wait(std::nullopt);
}

std::unique_ptr<io::AsyncVisitor> status_visitor(std::shared_ptr<Status> status)
{
    return std::make_unique<ref_detail::StatusVisitor>(std::move(status));
}

std::shared_ptr<io::Mailbox> mailbox_of(const Client& client) { return ClientAccess::mailbox(client); }

} // namespace detail
} // namespace websockxx
