// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/client.hpp>
#include <websockxx/config.hpp>
#include <websockxx/conn.hpp>
#include <websockxx/error.hpp>
#include <websockxx/options.hpp>
#include <websockxx/ref.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>

#include <concepts>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace websockxx {

/// Where to connect: a URL, or a Conn.
class WEBSOCKXX_DECL Where {
public:
    Where(const char* url);
    Where(std::string_view url);
    Where(const std::string& url);
    Where(Conn conn);
    Where(result<Conn> conn);

    /// What it comes to: a Conn, or what is wrong with the URL.
    [[nodiscard]] const result<Conn>& conn() const noexcept { return *conn_; }

private:
    std::shared_ptr<const result<Conn>> conn_;
};

namespace detail {

using Started = boost::asio::any_completion_handler<void(error_code, std::shared_ptr<io::Mailbox>)>;

[[nodiscard]] WEBSOCKXX_DECL result<std::shared_ptr<io::Mailbox>> start(
    std::unique_ptr<Client> client, Where where, Options options);

WEBSOCKXX_DECL void async_start(std::unique_ptr<Client> client, Where where, Options options, Started handler);

// Hands a typed Ref or Link to a handler that wants one; runs and is cancelled as that handler is.
template <class Handle, class Handler>
struct StartHandler {
    using executor_type = boost::asio::associated_executor_t<Handler>;
    using cancellation_slot_type = boost::asio::associated_cancellation_slot_t<Handler>;

    Handler handler;

    executor_type get_executor() const noexcept { return boost::asio::get_associated_executor(handler); }
    cancellation_slot_type get_cancellation_slot() const noexcept
    {
        return boost::asio::get_associated_cancellation_slot(handler);
    }
    void operator()(error_code ec, std::shared_ptr<io::Mailbox> mailbox)
    {
        std::move(handler)(ec, Handle{std::move(mailbox)});
    }
};

template <class Handle, class Token>
auto async_start_as(std::unique_ptr<Client> client, Where where, Options options, Token&& token)
{
    return boost::asio::async_initiate<Token, void(error_code, Handle)>(
        [](auto handler, std::unique_ptr<Client> moved, Where to, Options how) {
            async_start(std::move(moved), std::move(to), std::move(how),
                StartHandler<Handle, decltype(handler)>{std::move(handler)});
        },
        token, std::move(client), std::move(where), std::move(options));
}

} // namespace detail

/// Starts a client that lives until it ends by itself (WebSockex.start/4).
///
/// Blocks until the opening handshake and handle_connect() have succeeded, or failed; with Options::async it returns at
/// once. All time limits are in Conn::timeouts. They run on the executor: with one of yours, another thread must run it
/// meanwhile.
///
/// Errors: what Conn::parse() and Conn::check() say; the failure of the attempt (Error::phase(), refusal(), detail());
/// callback_threw with what() of an exception in handle_connect(); blocking_in_callback where waiting could never end,
/// such as inside a callback or on the thread that runs Options::executor: use Options::async or async_start() there.
template <std::derived_from<Client> C>
result<Ref<C>> start(std::unique_ptr<C> client, Where where, Options options = {})
{
    auto mailbox = detail::start(std::move(client), std::move(where), std::move(options));
    if (!mailbox) return mailbox.error();
    return Ref<C>{std::move(*mailbox)};
}

/// The same with a client made here by its default constructor; one that needs arguments is handed over:
/// `start(std::make_unique<C>(...), where)`.
template <std::derived_from<Client> C>
    requires std::default_initializable<C>
result<Ref<C>> start(Where where, Options options = {})
{
    return start(std::make_unique<C>(), std::move(where), std::move(options));
}

/// Starts a client that ends with its Link (WebSockex.start_link/4); else as start().
template <std::derived_from<Client> C>
result<Link<C>> start_link(std::unique_ptr<C> client, Where where, Options options = {})
{
    auto ref = start(std::move(client), std::move(where), std::move(options));
    if (!ref) return ref.error();
    return Link<C>{std::move(*ref)};
}

/// The same with a client made here.
template <std::derived_from<Client> C>
    requires std::default_initializable<C>
result<Link<C>> start_link(Where where, Options options = {})
{
    return start_link(std::make_unique<C>(), std::move(where), std::move(options));
}

/// Starts a client without blocking; completes with `void(error_code, Ref<C>)` when start() would return. On failure
/// the Ref's reason() has the details. Cancellation ends the client. Options::async is not looked at.
template <std::derived_from<Client> C, boost::asio::completion_token_for<void(error_code, Ref<C>)> Token>
auto async_start(std::unique_ptr<C> client, Where where, Options options, Token&& token)
{
    return detail::async_start_as<Ref<C>>(
        std::move(client), std::move(where), std::move(options), std::forward<Token>(token));
}

/// The same with a Link: `void(error_code, Link<C>)`.
template <std::derived_from<Client> C, boost::asio::completion_token_for<void(error_code, Link<C>)> Token>
auto async_start_link(std::unique_ptr<C> client, Where where, Options options, Token&& token)
{
    return detail::async_start_as<Link<C>>(
        std::move(client), std::move(where), std::move(options), std::forward<Token>(token));
}

} // namespace websockxx
