// SPDX-License-Identifier: BSL-1.0

// How fast it could be: no library, no callbacks of a user, no care for what a server may do wrong, one Asio socket
// that is told to wait. Large reads, one write for many frames. It masks as it must, and checks neither UTF-8 nor
// limits.

#include "codec.hpp"
#include "deflate.hpp"
#include "handshake.hpp"
#include "harness.hpp"
#include "scale.hpp"
#include "task.hpp"
#include "threads.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>

#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace bench;
namespace asio = boost::asio;
using asio::ip::tcp;

/// Random numbers in blocks: OpenSSL's generator is slow to begin and fast to go on.
class Masks {
public:
    Mask next()
    {
        if (at_ == block_.size()) {
            RAND_bytes(block_.data()->data(), static_cast<int>(sizeof block_));
            at_ = 0;
        }
        return block_[at_++];
    }

private:
    std::array<Mask, 256> block_{};
    std::size_t at_ = block_.size();
};

void append_frame(std::string& out, std::string_view payload, bool text, const Mask& mask)
{
    const auto begin = out.size();
    out.resize(begin + 14 + payload.size());
    const auto first = static_cast<std::uint8_t>(fin | (text ? text_opcode : binary_opcode));
    const auto header = write_header(out.data() + begin, first, payload.size(), &mask);
    copy_masked(out.data() + begin + header, payload.data(), payload.size(), mask);
    out.resize(begin + header + payload.size());
}

struct FreeTls {
    void operator()(SSL* tls) const noexcept { SSL_free(tls); }
    void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
};
using Tls = std::unique_ptr<SSL, FreeTls>;
using TlsContext = std::unique_ptr<SSL_CTX, FreeTls>;

TlsContext make_tls(const Arguments& arguments)
{
    if (!arguments.secure) return nullptr;
    TlsContext context{SSL_CTX_new(TLS_client_method())};
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    if (!arguments.ca.empty() && SSL_CTX_load_verify_file(context.get(), arguments.ca.c_str()) != 1)
        throw std::runtime_error("cannot read " + arguments.ca);
    SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(context.get(), 1);
    SSL_CTX_set_default_read_buffer_len(context.get(), 64 * 1024);
    return context;
}

/// A socket, maybe with TLS over it, that does not block once begin() was called.
class Stream {
public:
    Stream(asio::io_context& context, const Arguments& arguments, SSL_CTX* tls) : socket_(context)
    {
        asio::connect(socket_, tcp::resolver{context}.resolve(arguments.host, arguments.port));
        socket_.set_option(tcp::no_delay{true});
        if (!tls) return;
        tls_.reset(SSL_new(tls));
        SSL_set_fd(tls_.get(), socket_.native_handle());
        SSL_set_tlsext_host_name(tls_.get(), arguments.host.c_str());
        SSL_set1_host(tls_.get(), arguments.host.c_str());
        if (SSL_connect(tls_.get()) != 1) throw std::runtime_error("TLS handshake");
    }

    [[nodiscard]] tcp::socket& socket() noexcept { return socket_; }
    /// Whether a read that was not filled means that there is no more.
    [[nodiscard]] bool short_read_is_last() const noexcept { return !tls_; }
    void begin() { socket_.non_blocking(true); }

    /// Both move what they can; 0 is nothing for now.
    std::size_t read(char* to, std::size_t size)
    {
        ERR_clear_error(); // of another connection, which would be taken for one of this
        if (tls_) return moved(SSL_read(tls_.get(), to, static_cast<int>(size)));
        boost::system::error_code ec;
        const auto got = socket_.read_some(asio::buffer(to, size), ec);
        return moved(got, ec);
    }
    std::size_t write(const char* from, std::size_t size)
    {
        ERR_clear_error();
        if (tls_) return moved(SSL_write(tls_.get(), from, static_cast<int>(size)));
        boost::system::error_code ec;
        const auto sent = socket_.write_some(asio::buffer(from, size), ec);
        return moved(sent, ec);
    }

private:
    static std::size_t moved(std::size_t size, const boost::system::error_code& ec)
    {
        if (ec && ec != asio::error::would_block) throw boost::system::system_error{ec};
        return ec ? 0 : size;
    }
    std::size_t moved(int result)
    {
        if (result > 0) return static_cast<std::size_t>(result);
        const auto error = SSL_get_error(tls_.get(), result);
        if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return 0;
        throw std::runtime_error("the TLS connection ended");
    }

    tcp::socket socket_;
    Tls tls_;
};

class Connection {
public:
    Connection(asio::io_context& context, const Arguments& arguments, SSL_CTX* tls, const char* target)
        : stream_(context, arguments, tls), inflated_limit_(arguments.size)
    {
        upgrade(arguments, target);
        stream_.begin();
    }

    /// Calls `on_message(std::string_view)` for each, as long as that says true.
    template <class OnMessage>
    void read(OnMessage on_message)
    {
        const auto more = read_available(on_message);
        flush();
        if (!more) return;
        stream_.socket().async_wait(tcp::socket::wait_read, [this, on_message](boost::system::error_code ec) {
            if (!ec) read(on_message);
        });
    }

    /// Leaves with the next flush().
    void send(std::string_view payload, bool text) { append_frame(out_, payload, text, masks_.next()); }
    void send_encoded(std::string_view frames) { out_ += frames; }

    [[nodiscard]] bool full() const noexcept { return out_.size() - out_at_ >= 64 * 1024; }

    /// Called when something was left by flush() and has gone.
    void when_flushed(std::function<void()> call) { when_flushed_ = std::move(call); }

    /// Whether nothing is left.
    bool flush()
    {
        if (write_available()) return true;
        if (std::exchange(waiting_, true)) return false;
        stream_.socket().async_wait(tcp::socket::wait_write, [this](boost::system::error_code ec) {
            waiting_ = false;
            if (!ec && flush() && when_flushed_) when_flushed_();
        });
        return false;
    }

private:
    void upgrade(const Arguments& arguments, const char* target)
    {
        unsigned char nonce[16], key[32];
        RAND_bytes(nonce, sizeof nonce);
        EVP_EncodeBlock(key, nonce, sizeof nonce);
        const std::string key_text{reinterpret_cast<char*>(key)};
        const auto request = "GET " + std::string(target) + " HTTP/1.1\r\nHost: " + arguments.host + ':' +
                             arguments.port +
                             "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: " + key_text +
                             "\r\nSec-WebSocket-Version: 13\r\n" +
                             (arguments.deflate ? "Sec-WebSocket-Extensions: permessage-deflate\r\n" : "") + "\r\n";
        stream_.write(request.data(), request.size());
        // Nothing follows the answer: the server speaks when it is told to.
        while (!std::string_view(in_.data(), end_).ends_with("\r\n\r\n"))
            end_ += stream_.read(in_.data() + end_, in_.size() - end_);
        const std::string_view head{in_.data(), end_};
        if (!head.starts_with("HTTP/1.1 101") || field(head, "Sec-WebSocket-Accept") != accept_key(key_text))
            throw std::runtime_error("not a WebSocket server");
        end_ = 0;
    }

    template <class OnMessage>
    bool read_available(OnMessage& on_message)
    {
        for (;;) {
            const auto room = in_.size() - end_;
            const auto got = stream_.read(in_.data() + end_, room);
            end_ += got;
            if (!take_frames(on_message)) return false;
            if (got == 0 || (got < room && stream_.short_read_is_last())) return true;
            if (got == room && in_.size() < 256 * 1024) in_.resize(2 * in_.size());
        }
    }

    template <class OnMessage>
    bool take_frames(OnMessage& on_message)
    {
        std::size_t at = 0, needed = 0;
        for (;;) {
            const auto header = read_header({in_.data() + at, end_ - at});
            if (!header) break;
            needed = header->length + header->size;
            if (end_ - at < needed) break;
            const std::string_view payload{in_.data() + at + header->length, header->size};
            at += needed;
            if (!on_message(header->compressed() ? inflate(payload) : payload)) return false;
        }
        std::copy(in_.begin() + static_cast<std::ptrdiff_t>(at), in_.begin() + static_cast<std::ptrdiff_t>(end_),
            in_.begin());
        end_ -= at;
        if (needed > in_.size()) in_.resize(needed);
        return true;
    }

    std::string_view inflate(std::string_view payload)
    {
        if (!inflater_) inflater_ = std::make_unique<Inflater>();
        return inflater_->inflate(payload, inflated_limit_);
    }

    bool write_available()
    {
        while (out_at_ < out_.size()) {
            const auto sent = stream_.write(out_.data() + out_at_, out_.size() - out_at_);
            if (sent == 0) return false;
            out_at_ += sent;
        }
        out_.clear();
        out_at_ = 0;
        return true;
    }

    Stream stream_;
    std::vector<char> in_ = std::vector<char>(4 * 1024);
    std::size_t end_ = 0;
    std::string out_;
    std::size_t out_at_ = 0;
    bool waiting_ = false;
    std::function<void()> when_flushed_;
    Masks masks_;
    std::size_t inflated_limit_;
    std::unique_ptr<Inflater> inflater_;
};

/// Carries out a Task.
class Worker {
public:
    Worker(Connection& connection, Task& task, asio::io_context& context)
        : connection_(connection), task_(task), context_(context)
    {
    }

    void run()
    {
        connection_.when_flushed([this] { send_more(); });
        begin();
        connection_.read([this](std::string_view message) { return on_message(message); });
        context_.run();
    }

private:
    bool on_message(std::string_view message)
    {
        switch (task_.on_message(message)) {
        case Next::wait: break;
        case Next::send: connection_.send(task_.payload(), task_.text()); break;
        case Next::begin: begin(); break;
        case Next::finish: context_.stop(); return false;
        }
        return true;
    }

    void begin()
    {
        const auto opening = task_.begin();
        if (!opening.command.empty()) connection_.send(opening.command, true);
        to_send_ = opening.messages;
        send_more();
    }

    void send_more()
    {
        do {
            for (; to_send_ > 0 && !connection_.full(); --to_send_) connection_.send(task_.payload(), task_.text());
        } while (connection_.flush() && to_send_ > 0);
    }

    Connection& connection_;
    Task& task_;
    asio::io_context& context_;
    std::size_t to_send_ = 0;
};

/// Mode `threads`: frames are encoded on the threads that send them, into memory that the connection takes away.
class Outbox {
public:
    Outbox(Connection& connection, asio::io_context& context) : connection_(connection), context_(context)
    {
        connection_.when_flushed([this] { drain(); });
    }

    /// From any thread.
    void send(std::string_view message)
    {
        const std::lock_guard lock{mutex_};
        append_frame(frames_, message, true, masks_.next());
        if (!std::exchange(awake_, true)) asio::post(context_, [this] { drain(); });
    }

private:
    void drain()
    {
        batch_.clear();
        {
            const std::lock_guard lock{mutex_};
            std::swap(batch_, frames_);
            awake_ = !batch_.empty();
        }
        if (batch_.empty()) return;
        connection_.send_encoded(batch_);
        if (connection_.flush()) asio::post(context_, [this] { drain(); });
    }

    Connection& connection_;
    asio::io_context& context_;
    std::mutex mutex_;
    std::string frames_;
    bool awake_ = false; // a drain() is under way
    Masks masks_;
    std::string batch_;
};

/// Mode `scale`.
class Fleet {
public:
    Fleet(const Arguments& arguments, Echoes& echoes)
        : arguments_(arguments), echoes_(echoes), tls_(make_tls(arguments))
    {
    }

    void connect_all()
    {
        for (std::size_t i = 0; i < arguments_.conns; ++i) {
            auto& member = *members_.emplace_back(std::make_unique<Member>(context_, arguments_, tls_.get()));
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
        Member(asio::io_context& context, const Arguments& arguments, SSL_CTX* tls)
            : connection(context, arguments, tls, "/echo"), timer(context)
        {
        }
        Connection connection;
        asio::steady_timer timer;
    };

    void say(Member& member, std::chrono::milliseconds after)
    {
        member.timer.expires_after(after);
        member.timer.async_wait([this, &member](boost::system::error_code ec) {
            if (ec) return;
            member.connection.send(echoes_.payload, true);
            member.connection.flush();
            say(member, std::chrono::seconds{1});
        });
    }

    const Arguments& arguments_;
    Echoes& echoes_;
    asio::io_context context_;
    TlsContext tls_;
    std::vector<std::unique_ptr<Member>> members_;
};

void run_threads(const Arguments& arguments)
{
    asio::io_context context;
    const auto tls = make_tls(arguments);
    Connection connection{context, arguments, tls.get(), "/cmd"};
    std::string answer;
    connection.read([&](std::string_view message) {
        answer = message;
        context.stop();
        return false;
    });
    Outbox outbox{connection, context};
    const auto before = Usage::now();
    outbox.send(sink_command(arguments));
    std::jthread thread{[&] { context.run(); }};
    send_from_threads(arguments, [&](const std::string& message) { outbox.send(message); });
    thread.join();
    const auto used = Usage::now().since(before);
    if (answer != "done") throw std::runtime_error(answer);
    Result{arguments, messages_of_all_threads(arguments), used}.print();
}

void run_task(const Arguments& arguments)
{
    asio::io_context context;
    const auto tls = make_tls(arguments);
    Task task{arguments};
    Connection connection{context, arguments, tls.get(), task.target()};
    Worker worker{connection, task, context};
    worker.run();
    task.print_result();
}

void run(const Arguments& arguments)
{
    std::signal(SIGPIPE, SIG_IGN); // OpenSSL writes without MSG_NOSIGNAL
    if (arguments.mode == "threads") run_threads(arguments);
    else if (arguments.mode == "scale") run_scale<Fleet>(arguments);
    else run_task(arguments);
}

} // namespace

int main(int argc, char** argv) { return run_main(argc, argv, "limit", run); }
