// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/impl/observe_all.ipp>
#include <websockxx/impl/ref.ipp>
#include <websockxx/impl/registry.ipp>
#include <websockxx/io/attachments.hpp>
#include <websockxx/io/completion_work.hpp>
#include <websockxx/io/connection.hpp>
#include <websockxx/registry.hpp>
#include <websockxx/runtime.hpp>
#include <websockxx/start.hpp>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/query.hpp>

#include <atomic>
#include <future>
#include <new>
#include <random>
#include <utility>

namespace websockxx {

namespace start_detail {

// For jitter only: nothing secret hangs on it.
double draw()
{
    thread_local std::minstd_rand generator{std::random_device{}()};
    return std::uniform_real_distribution<double>{0.0, 1.0}(generator);
}

std::shared_ptr<io::Mailbox> make_mailbox(const Conn& conn, const Options& options)
{
    const bool own_thread = !options.executor;
    auto executor = own_thread ? Runtime::shared().get_executor() : options.executor;
    return std::make_shared<io::Mailbox>(std::move(executor), conn.limits.inbox_messages, own_thread);
}

// Before anything is begun, so that of two that start at once one has never been.
Error take_name(const Options& options, const Client& client, const std::shared_ptr<io::Mailbox>& mailbox)
{
    if (options.name.empty()) return {};
    auto& registry = options.registry ? *options.registry : Registry::shared();
    mailbox->show(&client); // whoever is refused next may look it up
    auto claimed = RegistryAccess::claim(registry, options.name, mailbox);
    if (!claimed) mailbox->show(nullptr);
    return claimed.error();
}

io::Hooks make_hooks(const std::shared_ptr<io::Mailbox>& mailbox, Options& options)
{
    io::Hooks hooks;
    hooks.log = std::move(options.log);
    hooks.debug = std::move(options.debug);
    hooks.name = std::move(options.name);
    hooks.watchers = detail::watchers_of_all();
    if (options.observer) hooks.watchers.push_back({std::move(options.observer)});
    if (options.prepare) {
        hooks.prepare = [prepare = std::move(options.prepare), weak = std::weak_ptr{mailbox}](
                            Conn conn, int attempt, std::uint64_t ticket) {
            prepare(std::move(conn), attempt, PrepareReply{weak, ticket});
        };
    }
    return hooks;
}

void begin(std::unique_ptr<Client> client, Conn conn, Options options, const std::shared_ptr<io::Mailbox>& mailbox,
    std::function<void(const Error&)> started)
{
    ClientAccess::attach(*client, mailbox);
    core::Settings settings{.policy = std::move(options.reconnect),
        .has_prepare = static_cast<bool>(options.prepare),
        .handle_initial_conn_failure = options.handle_initial_conn_failure,
        .stable_after = options.stable_after};
    auto hooks = make_hooks(mailbox, options);
    hooks.started = std::move(started);
    const io::Strand strand{mailbox->executor()};
    auto& context = boost::asio::query(strand.get_inner_executor(), boost::asio::execution::context);
    // Behind the strand, so that this service ends before that one.
    boost::asio::use_service<io::Attachments>(context).add(mailbox);
    // Never destroyed: at the end of the program the shared Runtime may still use it.
    static const auto& environment = *new auto(std::make_shared<const io::Environment>(io::Environment{.draw = draw}));
    auto connection = std::make_shared<io::Connection>(
        std::move(client), std::move(conn), std::move(settings), std::move(hooks), environment, strand, mailbox);
    boost::asio::post(strand, [connection = std::move(connection)] { connection->begin(); });
}

// There was no memory for it: so its name is free, and whoever has found it is told.
void give_up(io::Mailbox& mailbox)
{
    mailbox.show(nullptr);
    mailbox.end({.error = make_error_code(boost::system::errc::not_enough_memory)});
}

/// Completes an async_start(), and ends the client if that is cancelled before.
class AsyncStart {
public:
    AsyncStart(detail::Started handler, std::shared_ptr<io::Mailbox> mailbox)
        : handler_(std::move(handler)),
          mailbox_(std::move(mailbox)),
          via_(mailbox_->executor()),
          work_(io::completion_work(handler_, via_))
    {
    }

    static void cancel_with(const std::shared_ptr<AsyncStart>& self, boost::asio::cancellation_slot slot)
    {
        if (!slot.is_connected()) return;
        slot.assign([weak = std::weak_ptr{self}](boost::asio::cancellation_type) {
            const auto alive = weak.lock();
            if (alive && !alive->done_) (void)alive->mailbox_->put(io::item::Stop{errc::aborted}); // ended: no need
        });
    }

    void done(const error_code& ec)
    {
        if (done_.exchange(true)) return;
        boost::asio::post(
            via_, [work = std::move(work_), handler = std::move(handler_), mailbox = mailbox_, ec]() mutable {
                boost::asio::dispatch(work, [handler = std::move(handler), mailbox = std::move(mailbox), ec]() mutable {
                    std::move(handler)(ec, std::move(mailbox));
                });
            });
    }

private:
    detail::Started handler_;
    std::shared_ptr<io::Mailbox> mailbox_;
    boost::asio::any_io_executor via_;
    boost::asio::any_completion_executor work_;
    std::atomic<bool> done_{false};
};

} // namespace start_detail

Where::Where(const char* url) : Where(Conn::parse(url)) {}

Where::Where(std::string_view url) : Where(Conn::parse(url)) {}

Where::Where(const std::string& url) : Where(Conn::parse(url)) {}

Where::Where(Conn conn) : Where(result<Conn>{std::move(conn)}) {}

Where::Where(result<Conn> conn) : conn_(std::make_shared<const result<Conn>>(std::move(conn))) {}

namespace detail {

result<std::shared_ptr<io::Mailbox>> start(std::unique_ptr<Client> client, Where where, Options options)
{
    if (!where.conn()) return where.conn().error();
    if (!client) return Error{errc::invalid_option, Phase::none, "no client"};
    if (auto checked = where.conn()->check(); !checked) return checked.error();
    const auto mailbox = start_detail::make_mailbox(*where.conn(), options);
    if (const auto ec = mailbox->blocking_error(); ec && !options.async) return Error{ec};
    if (auto taken = start_detail::take_name(options, *client, mailbox)) return taken;
    std::future<Error> over;
    try {
        std::function<void(const Error&)> tell;
        if (!options.async) {
            auto started = std::make_shared<std::promise<Error>>();
            over = started->get_future();
            tell = [started = std::move(started)](const Error& error) { started->set_value(error); };
        }
        start_detail::begin(std::move(client), *where.conn(), std::move(options), mailbox, std::move(tell));
    }
    catch (const std::bad_alloc&) {
        start_detail::give_up(*mailbox);
        throw;
    }
    if (!over.valid()) return mailbox;
    if (auto error = over.get()) return error;
    return mailbox;
}

void async_start(std::unique_ptr<Client> client, Where where, Options options, Started handler)
{
    auto slot = boost::asio::get_associated_cancellation_slot(handler);
    const auto mailbox = start_detail::make_mailbox(where.conn() ? *where.conn() : Conn{}, options);
    const auto start = std::make_shared<start_detail::AsyncStart>(std::move(handler), mailbox);
    auto error = where.conn() ? Error{} : where.conn().error();
    if (!error && !client) error = Error{errc::invalid_option, Phase::none, "no client"};
    if (auto checked = error ? result<void>{} : where.conn()->check(); !checked) error = checked.error();
    if (!error) error = start_detail::take_name(options, *client, mailbox);
    if (error) {
        mailbox->end({.error = error});
        return start->done(error.code());
    }
    start_detail::AsyncStart::cancel_with(start, slot);
    try {
        start_detail::begin(std::move(client), *where.conn(), std::move(options), mailbox,
            [start](const Error& failure) { start->done(failure.code()); });
    }
    catch (const std::bad_alloc&) {
        start_detail::give_up(*mailbox);
        start->done(make_error_code(boost::system::errc::not_enough_memory)); // unless it was told already
    }
}

} // namespace detail

/// What copies of a PrepareReply share.
class PrepareReply::Debt {
public:
    Debt(std::weak_ptr<io::Mailbox> mailbox, std::uint64_t attempt) : mailbox_(std::move(mailbox)), attempt_(attempt) {}
    ~Debt()
    {
        try {
            pay(Error{errc::prepare_failed, Phase::prepare, "no answer"});
        }
        catch (const std::bad_alloc&) { // then the attempt ends at Timeouts::open
        }
    }
    Debt(const Debt&) = delete;
    Debt& operator=(const Debt&) = delete;

    void pay(result<Conn> conn)
    {
        if (paid_.exchange(true)) return;
        const auto mailbox = mailbox_.lock();
        try {
            if (mailbox) (void)mailbox->put(io::item::Prepared{attempt_, std::move(conn)}); // ended: nobody asks now
        }
        catch (const std::bad_alloc&) {
            paid_ = false;
            throw;
        }
    }

private:
    const std::weak_ptr<io::Mailbox> mailbox_;
    const std::uint64_t attempt_;
    std::atomic<bool> paid_{false};
};

PrepareReply::PrepareReply(std::weak_ptr<io::Mailbox> mailbox, std::uint64_t attempt)
    : debt_(std::make_shared<Debt>(std::move(mailbox), attempt))
{
}

void PrepareReply::operator()(Conn conn) const { debt_->pay(std::move(conn)); }

void PrepareReply::fail(std::string_view why) const { debt_->pay(Error{errc::prepare_failed, Phase::prepare, why}); }

} // namespace websockxx
