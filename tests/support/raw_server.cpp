// SPDX-License-Identifier: BSL-1.0
#include "raw_server.hpp"

#include "server_tls.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <thread>

namespace websockxx::test {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

/// The server is being destroyed: unwinds the script.
struct Stopped {};

} // namespace

/// The socket of a script. Blocking in appearance only, so that a stop or the limit can end it.
struct RawPeer::Wire {
    Wire(asio::io_context& io_context, const std::atomic<bool>& stop_flag, tcp::socket accepted, SSL_CTX* tls_context)
        : context(io_context), stopped(stop_flag), socket(std::move(accepted))
    {
        error_code ignored;
        socket.set_option(tcp::no_delay{true}, ignored);
        if (tls_context) tls.emplace(*tls_context);
    }

    void shake_hands()
    {
        while (tls && !tls->is_established()) {
            if (read_some()) throw std::runtime_error{"the client ended during the TLS handshake"};
            flush();
            if (tls->failure()) throw std::runtime_error{"the TLS handshake failed: " + *tls->failure()};
        }
    }

    /// Adds what comes to `received`; returns the error if nothing can come any more.
    error_code read_some()
    {
        std::array<char, 16 * 1024> piece;
        std::size_t size = 0;
        const auto ec = finish([&](auto done) {
            socket.async_read_some(asio::buffer(piece), [&size, done](error_code result, std::size_t transferred) {
                size = transferred;
                done(result);
            });
        });
        const std::string_view bytes{piece.data(), size};
        received += tls ? tls->receive(bytes) : bytes;
        return ec;
    }

    void read_until(const std::function<bool()>& enough, std::string_view what)
    {
        while (!enough())
            if (const auto ec = read_some())
                throw std::runtime_error{
                    "the client ended (" + ec.message() + ") where the script expects " + std::string{what}};
    }

    void write(std::string_view bytes)
    {
        if (bytes.empty()) return;
        const auto ec = finish([&](auto done) {
            asio::async_write(socket, asio::buffer(bytes), [done](error_code result, std::size_t) { done(result); });
        });
        peer_has_gone = ec.failed();
    }

    void flush()
    {
        if (tls) write(tls->output());
    }

    std::string take(std::size_t size)
    {
        auto taken = received.substr(0, size);
        received.erase(0, size);
        return taken;
    }

    /// Starts an operation and returns its result. Closes the socket if it takes too long or the server stops, so that
    /// no handler outlives the stack that it writes to.
    template <class Start>
    error_code finish(Start start)
    {
        error_code result;
        bool done = false;
        start([&](error_code ec) {
            result = ec;
            done = true;
        });
        const auto deadline = std::chrono::steady_clock::now() + RawServer::limit;
        context.restart();
        while (!done && !stopped && context.run_one_until(deadline) != 0) {}
        if (done) return result;
        error_code ignored;
        socket.close(ignored);
        while (!done) {
            context.restart();
            context.run_one();
        }
        if (stopped) throw Stopped{};
        throw std::runtime_error{"the client keeps the script waiting"};
    }

    asio::io_context& context;
    const std::atomic<bool>& stopped;
    tcp::socket socket;
    std::optional<ServerTls> tls;
    std::string received;
    bool peer_has_gone = false;
};

std::string RawPeer::read_head()
{
    std::size_t end = std::string::npos;
    wire_.read_until(
        [&] {
            end = wire_.received.find("\r\n\r\n");
            return end != std::string::npos;
        },
        "the head of a request");
    return wire_.take(end + 4);
}

std::string RawPeer::read(std::size_t size)
{
    wire_.read_until([&] { return wire_.received.size() >= size; }, std::to_string(size) + " bytes");
    return wire_.take(size);
}

WireFrame RawPeer::read_frame()
{
    std::optional<WireFrame> frame;
    wire_.read_until(
        [&] {
            FrameReader reader;
            reader.add(wire_.received);
            frame = reader.next();
            if (frame) wire_.received = reader.rest();
            return frame.has_value();
        },
        "a frame");
    return *frame;
}

InputEnd RawPeer::read_to_end()
{
    for (;;) {
        wire_.received.clear();
        if (const auto ec = wire_.read_some()) return ec == asio::error::eof ? InputEnd::fin : InputEnd::reset;
    }
}

void RawPeer::send(std::string_view bytes)
{
    if (wire_.peer_has_gone) return;
    if (wire_.tls) {
        wire_.tls->send(bytes);
        wire_.flush();
    }
    else {
        wire_.write(bytes);
    }
}

void RawPeer::send_bytewise(std::string_view bytes)
{
    for (const char byte : bytes) send(std::string_view{&byte, 1});
}

std::string RawPeer::upgrade(std::string_view more_fields)
{
    auto head = read_head();
    send(upgrade_answer(head, more_fields));
    return head;
}

void RawPeer::half_close()
{
    if (wire_.tls) wire_.tls->close_notify();
    wire_.flush();
    error_code ignored;
    wire_.socket.shutdown(tcp::socket::shutdown_send, ignored);
    wire_.peer_has_gone = true;
}

void RawPeer::reset()
{
    error_code ignored;
    wire_.socket.set_option(asio::socket_base::linger{true, 0}, ignored);
    wire_.socket.close(ignored);
    wire_.peer_has_gone = true;
}

struct RawServer::State {
    State(std::vector<Script> what, const std::optional<Identity>& identity)
        : scripts(std::move(what)),
          acceptor(context, {asio::ip::address_v4::loopback(), 0}),
          tls(identity ? make_server_context(*identity) : nullptr),
          port(acceptor.local_endpoint().port())
    {
        if (scripts.empty()) throw std::logic_error{"a raw server needs a script"};
        thread = std::thread{[this] { run(); }};
    }

    ~State()
    {
        stopped = true;
        asio::post(context, [] {}); // wakes the script
        thread.join();
    }

    void run()
    {
        for (std::size_t number = 1;; ++number) {
            tcp::socket socket{context};
            if (!accept(socket)) return;
            std::string failure;
            try {
                RawPeer::Wire wire{context, stopped, std::move(socket), tls.get()};
                wire.shake_hands();
                RawPeer peer{wire, number};
                scripts[std::min(number, scripts.size()) - 1](peer);
            }
            catch (const Stopped&) {
                return;
            }
            catch (const std::exception& exception) {
                failure = exception.what();
            }
            const std::lock_guard lock{mutex};
            ended = number;
            if (first_failure.empty()) first_failure = failure;
            changed.notify_all();
        }
    }

    /// Waits without a limit; false if the server stops.
    bool accept(tcp::socket& socket)
    {
        bool done = false;
        acceptor.async_accept(socket, [&](error_code ec) { done = !ec; });
        while (!done && !stopped) {
            context.restart();
            context.run_one();
        }
        if (done) return true;
        error_code ignored;
        acceptor.close(ignored);
        context.restart();
        context.run();
        return false;
    }

    const std::vector<Script> scripts;
    asio::io_context context{1};
    tcp::acceptor acceptor;
    const io::SslContextPtr tls;
    const std::uint16_t port;
    std::atomic<bool> stopped = false;
    std::mutex mutex;
    std::condition_variable changed;
    std::size_t ended = 0;
    std::string first_failure;
    std::thread thread;
};

RawServer::RawServer(Script script) : RawServer(std::vector{std::move(script)}) {}

RawServer::RawServer(Identity identity, Script script) : RawServer(std::vector{std::move(script)}, std::move(identity))
{
}

RawServer::RawServer(std::vector<Script> scripts, std::optional<Identity> identity)
    : state_(std::make_unique<State>(std::move(scripts), identity))
{
}

RawServer::~RawServer() = default;

std::uint16_t RawServer::port() const { return state_->port; }

std::string RawServer::url(std::string_view path) const
{
    return (state_->tls ? "wss://localhost:" : "ws://127.0.0.1:") + std::to_string(state_->port) + std::string{path};
}

void RawServer::wait(std::size_t scripts)
{
    std::unique_lock lock{state_->mutex};
    const bool in_time = state_->changed.wait_for(
        lock, 2 * limit, [&] { return state_->ended >= scripts || !state_->first_failure.empty(); });
    if (!state_->first_failure.empty()) throw std::runtime_error{state_->first_failure};
    if (!in_time)
        throw std::runtime_error{"only " + std::to_string(state_->ended) + " scripts of the raw server have ended"};
}

} // namespace websockxx::test
