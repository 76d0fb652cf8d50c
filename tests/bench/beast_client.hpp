// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "harness.hpp"
#include "scale.hpp"
#include "task.hpp"
#include "threads.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>

#include <deque>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

/// @file A client on Beast alone, in several kinds. A kind is
///
///     struct Kind {
///         using Tcp = ...;                                      ///< what is below the WebSocket, or below TLS
///         static constexpr int concurrency_hint = ...;
///         template <class Stream> static void tune(Stream&);    ///< before the opening handshake
///     };

namespace bench {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;

/// A connection: opens itself as Beast's examples do, reads message after message, and sends one after the other.
/// What it sends belongs to others, so that it need not copy.
template <class Kind, class Layer>
class BeastConnection {
public:
    using Stream = websocket::stream<Layer>;

    BeastConnection(asio::io_context& context, asio::ssl::context& tls) : stream_(make(context, tls)) {}

    void open(const Arguments& arguments, const char* target)
    {
        asio::ip::tcp::resolver resolver{stream_.get_executor()};
        beast::get_lowest_layer(stream_).connect(resolver.resolve(arguments.host, arguments.port));
        if constexpr (secure) {
            SSL_set_tlsext_host_name(stream_.next_layer().native_handle(), arguments.host.c_str());
            stream_.next_layer().set_verify_callback(asio::ssl::host_name_verification(arguments.host));
            stream_.next_layer().handshake(asio::ssl::stream_base::client);
        }
        beast::get_lowest_layer(stream_).expires_never();
        stream_.set_option(websocket::stream_base::timeout::suggested(beast::role_type::client));
        websocket::permessage_deflate deflate;
        deflate.client_enable = arguments.deflate;
        stream_.set_option(deflate);
        Kind::tune(stream_);
        stream_.handshake(arguments.host + ':' + arguments.port, target);
    }

    [[nodiscard]] Stream& stream() noexcept { return stream_; }

    /// Calls `on_message(std::string_view)` for each, as long as that says true.
    template <class OnMessage>
    void read(OnMessage on_message)
    {
        stream_.async_read(buffer_, [this, on_message](beast::error_code ec, std::size_t) mutable {
            if (ec) throw beast::system_error{ec, "read"};
            const auto data = buffer_.cdata();
            const auto more = on_message(std::string_view{static_cast<const char*>(data.data()), data.size()});
            buffer_.consume(buffer_.size());
            if (more) read(std::move(on_message));
        });
    }

    /// `on_sent()` follows.
    template <class OnSent>
    void write(std::string_view message, bool text, OnSent on_sent)
    {
        stream_.text(text);
        stream_.async_write(asio::buffer(message), [on_sent](beast::error_code ec, std::size_t) mutable {
            if (ec) throw beast::system_error{ec, "write"};
            on_sent();
        });
    }

private:
    static constexpr bool secure = !std::is_same_v<Layer, typename Kind::Tcp>;

    static Stream make(asio::io_context& context, asio::ssl::context& tls)
    {
        if constexpr (secure) return Stream{context, tls};
        else return Stream{context};
    }

    Stream stream_;
    beast::flat_buffer buffer_;
};

/// Carries out a Task.
template <class Connection>
class BeastWorker {
public:
    BeastWorker(Connection& connection, Task& task, asio::io_context& context)
        : connection_(connection), task_(task), context_(context)
    {
    }

    void run()
    {
        begin();
        connection_.read([this](std::string_view message) { return on_message(message); });
        context_.run();
    }

private:
    bool on_message(std::string_view message)
    {
        switch (task_.on_message(message)) {
        case Next::wait: break;
        case Next::send: send(1); break;
        case Next::begin: begin(); break;
        case Next::finish: context_.stop(); return false;
        }
        return true;
    }

    void begin()
    {
        auto opening = task_.begin();
        if (opening.command.empty()) return send(opening.messages);
        command_ = std::move(opening.command);
        connection_.write(command_, true, [this, messages = opening.messages] { send(messages); });
    }

    void send(std::size_t messages)
    {
        to_send_ += messages;
        if (!sending_ && to_send_ > 0) send_next();
    }

    void send_next()
    {
        sending_ = true;
        connection_.write(task_.payload(), task_.text(), [this] {
            sending_ = false;
            if (--to_send_ > 0) send_next();
        });
    }

    Connection& connection_;
    Task& task_;
    asio::io_context& context_;
    std::string command_;
    std::size_t to_send_ = 0;
    bool sending_ = false;
};

/// Mode `threads`: a queue on the thread of the connection, to which others post.
template <class Connection>
class BeastQueue {
public:
    explicit BeastQueue(Connection& connection) : connection_(connection) {}

    /// From any thread.
    void send(std::string message)
    {
        asio::post(connection_.stream().get_executor(), [this, message = std::move(message)]() mutable {
            queue_.push_back(std::move(message));
            if (queue_.size() == 1) send_front();
        });
    }

private:
    void send_front()
    {
        connection_.write(queue_.front(), true, [this] {
            queue_.pop_front();
            if (!queue_.empty()) send_front();
        });
    }

    Connection& connection_;
    std::deque<std::string> queue_;
};

/// Mode `scale`.
template <class Kind, class Layer>
class BeastFleet {
public:
    BeastFleet(const Arguments& arguments, Echoes& echoes)
        : arguments_(arguments), echoes_(echoes), context_(Kind::concurrency_hint)
    {
        if (!arguments.ca.empty()) tls_.load_verify_file(arguments.ca);
    }

    void connect_all()
    {
        for (std::size_t i = 0; i < arguments_.conns; ++i) {
            auto& member = *members_.emplace_back(std::make_unique<Member>(context_, tls_));
            member.connection.open(arguments_, "/echo");
            member.connection.read([this](std::string_view) { return ++echoes_.received; });
        }
    }
    void run_for(std::chrono::milliseconds time)
    {
        context_.restart();
        context_.run_for(time);
    }
    void begin_echo(std::size_t index, std::chrono::milliseconds after) { say(*members_[index], after); }

private:
    struct Member {
        Member(asio::io_context& context, asio::ssl::context& tls) : connection(context, tls), timer(context) {}
        BeastConnection<Kind, Layer> connection;
        asio::steady_timer timer;
    };

    void say(Member& member, std::chrono::milliseconds after)
    {
        member.timer.expires_after(after);
        member.timer.async_wait([this, &member](beast::error_code ec) {
            if (ec) return;
            member.connection.write(echoes_.payload, true, [] {});
            say(member, std::chrono::seconds{1});
        });
    }

    const Arguments& arguments_;
    Echoes& echoes_;
    asio::io_context context_;
    asio::ssl::context tls_{asio::ssl::context::tls_client};
    std::vector<std::unique_ptr<Member>> members_;
};

template <class Kind, class Layer>
class BeastContestant {
public:
    static void run(const Arguments& arguments)
    {
        if (arguments.mode == "scale") return run_scale<BeastFleet<Kind, Layer>>(arguments);
        asio::io_context context{Kind::concurrency_hint};
        asio::ssl::context tls{asio::ssl::context::tls_client};
        tls.set_verify_mode(asio::ssl::verify_peer);
        if (!arguments.ca.empty()) tls.load_verify_file(arguments.ca);
        Connection connection{context, tls};
        if (arguments.mode == "threads") run_threads(arguments, connection, context);
        else run_task(arguments, connection, context);
    }

private:
    using Connection = BeastConnection<Kind, Layer>;

    static void run_task(const Arguments& arguments, Connection& connection, asio::io_context& context)
    {
        Task task{arguments};
        connection.open(arguments, task.target());
        BeastWorker worker{connection, task, context};
        worker.run();
        task.print_result();
    }

    static void run_threads(const Arguments& arguments, Connection& connection, asio::io_context& context)
    {
        connection.open(arguments, "/cmd");
        std::string answer;
        connection.read([&](std::string_view message) {
            answer = message;
            return false;
        });
        BeastQueue queue{connection};
        const auto before = Usage::now();
        queue.send(sink_command(arguments));
        std::jthread thread{[&] { context.run(); }};
        send_from_threads(arguments, [&](const std::string& message) { queue.send(message); });
        thread.join();
        const auto used = Usage::now().since(before);
        if (answer != "done") throw std::runtime_error(answer);
        Result{arguments, messages_of_all_threads(arguments), used}.print();
    }
};

template <class Kind>
void run_beast(const Arguments& arguments)
{
    using Tcp = typename Kind::Tcp;
    if (arguments.secure) BeastContestant<Kind, beast::ssl_stream<Tcp>>::run(arguments);
    else BeastContestant<Kind, Tcp>::run(arguments);
}

} // namespace bench
