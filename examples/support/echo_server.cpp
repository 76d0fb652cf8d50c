// SPDX-License-Identifier: BSL-1.0
#include "echo_server.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>

#include <algorithm>
#include <atomic>
#include <optional>
#include <set>
#include <thread>
#include <utility>

namespace example {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace ssl = asio::ssl;
namespace websocket = beast::websocket;
using asio::awaitable;
using asio::use_awaitable;
using asio::ip::tcp;
using Request = http::request<http::empty_body>;

namespace {

/// What close_all() and drop_all() need to know of a connection, plain or with TLS.
class Connection {
public:
    virtual ~Connection() = default;
    virtual void close(const websocket::close_reason& reason) = 0;
    virtual void drop() = 0;
};

using Connections = std::set<Connection*>;

template <class Stream>
class EchoConnection final : public Connection {
public:
    EchoConnection(Stream stream, const EchoServer::Options& options) : options_(options), socket_(std::move(stream))
    {
        websocket::permessage_deflate deflate;
        deflate.server_enable = options.deflate;
        // Older Beasts, Boost 1.81's for one, can fail to inflate what refers to earlier messages.
        deflate.client_no_context_takeover = true;
        socket_.set_option(deflate);
        socket_.auto_fragment(false);
    }

    /// Answers the upgrade. close() and drop() may already come.
    awaitable<void> open(const Request& request)
    {
        socket_.set_option(
            websocket::stream_base::decorator{[name = choose(request)](websocket::response_type& answer) {
                if (!name.empty()) answer.set(http::field::sec_websocket_protocol, name);
            }});
        co_await socket_.async_accept(request, use_awaitable);
        if (closing_ && socket_.is_open()) co_await socket_.async_close(*closing_, use_awaitable);
    }

    /// Ends with an exception, when the connection does.
    awaitable<void> echo()
    {
        for (;;) {
            beast::flat_buffer buffer;
            co_await socket_.async_read(buffer, use_awaitable);
            auto message = beast::buffers_to_string(buffer.data());
            if (socket_.got_text() && options_.answer) message = options_.answer(std::move(message));
            socket_.binary(socket_.got_binary());
            co_await socket_.async_write(asio::buffer(message), use_awaitable);
        }
    }

    void close(const websocket::close_reason& reason) override
    {
        closing_ = reason;
        if (socket_.is_open()) socket_.async_close(reason, asio::detached);
    }

    void drop() override
    {
        boost::system::error_code ignored;
        beast::get_lowest_layer(socket_).close(ignored);
    }

    Stream& stream() { return socket_.next_layer(); }

private:
    /// The first subprotocol offered that we know, or nothing (RFC 6455 4.2.2).
    [[nodiscard]] std::string choose(const Request& request) const
    {
        for (const auto& offered : http::token_list{request[http::field::sec_websocket_protocol]})
            for (const auto& known : options_.subprotocols)
                if (offered == known) return known;
        return {};
    }

    const EchoServer::Options& options_;
    websocket::stream<Stream> socket_;
    std::optional<websocket::close_reason> closing_;
};

} // namespace

struct EchoServer::State {
    explicit State(Options how) : options(std::move(how))
    {
        if (!options.certificate_pem.empty()) {
            tls.emplace(ssl::context::tls_server);
            tls->use_certificate_chain(asio::buffer(options.certificate_pem));
            tls->use_private_key(asio::buffer(options.private_key_pem), ssl::context::pem);
        }
        asio::co_spawn(context, listen(), asio::detached);
        thread = std::thread{[this] { context.run(); }};
    }

    ~State()
    {
        context.stop();
        thread.join();
    }

    awaitable<void> listen()
    {
        for (;;) {
            auto socket = co_await acceptor.async_accept(use_awaitable);
            socket.set_option(tcp::no_delay{true});
            if (tls) asio::co_spawn(context, serve(ssl::stream<tcp::socket>{std::move(socket), *tls}), asio::detached);
            else asio::co_spawn(context, serve(std::move(socket)), asio::detached);
        }
    }

    /// An exception ends the connection, and only that.
    template <class Stream>
    awaitable<void> serve(Stream stream)
    {
        if constexpr (std::is_same_v<Stream, ssl::stream<tcp::socket>>)
            co_await stream.async_handshake(ssl::stream_base::server, use_awaitable);
        EchoConnection connection{std::move(stream), options};
        beast::flat_buffer buffer;
        Request request;
        co_await http::async_read(connection.stream(), buffer, request, use_awaitable);
        if (options.admits && !options.admits(std::string{request[http::field::authorization]}))
            co_return co_await refuse(connection.stream());

        const Registration registration{*this, connection};
        co_await connection.open(request);
        co_await connection.echo();
    }

    template <class Stream>
    static awaitable<void> refuse(Stream& stream)
    {
        http::response<http::string_body> answer{http::status::unauthorized, 11, "Log in first."};
        answer.set(http::field::www_authenticate, "Basic realm=\"echo\"");
        answer.keep_alive(false);
        answer.prepare_payload();
        co_await http::async_write(stream, answer, use_awaitable);
    }

    struct Registration {
        Registration(State& in, Connection& which) : state(in), connection(which)
        {
            state.connections.insert(&connection);
            ++state.count;
        }
        ~Registration()
        {
            state.connections.erase(&connection);
            --state.count;
        }
        State& state;
        Connection& connection;
    };

    // What the coroutines use stands above the context, which ends them when it is destroyed.
    const Options options;
    std::optional<ssl::context> tls;
    Connections connections; // of the server's thread
    std::atomic<std::size_t> count = 0;
    asio::io_context context{1};
    tcp::acceptor acceptor{context, {asio::ip::address_v4::loopback(), 0}};
    const std::uint16_t port = acceptor.local_endpoint().port();
    std::thread thread;
};

EchoServer::EchoServer() : EchoServer(Options{}) {}
EchoServer::EchoServer(Options options) : state_(std::make_unique<State>(std::move(options))) {}
EchoServer::~EchoServer() = default;

std::uint16_t EchoServer::port() const { return state_->port; }

std::string EchoServer::url() const
{
    return (state_->tls ? "wss://localhost:" : "ws://127.0.0.1:") + std::to_string(state_->port) + '/';
}

std::size_t EchoServer::connections() const { return state_->count; }

void EchoServer::close_all(std::uint16_t code, std::string_view text)
{
    websocket::close_reason reason{code};
    reason.reason.assign(text.data(), text.size());
    asio::post(state_->context, [state = state_.get(), reason] {
        for (auto* connection : state->connections) connection->close(reason);
    });
}

void EchoServer::drop_all()
{
    asio::post(state_->context, [state = state_.get()] {
        for (auto* connection : state->connections) connection->drop();
    });
}

} // namespace example
