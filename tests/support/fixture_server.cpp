// SPDX-License-Identifier: BSL-1.0
#include "fixture_server.hpp"

#include "fixture_connection.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace websockxx::test {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

tcp::acceptor listen(asio::io_context& context, const FixtureServer::Options& options)
{
    const tcp::endpoint endpoint{asio::ip::make_address(options.address), 0};
    tcp::acceptor acceptor{context, endpoint.protocol()};
    if (options.receive_buffer_bytes > 0) // before listen(): accepted sockets inherit it
        acceptor.set_option(asio::socket_base::receive_buffer_size{options.receive_buffer_bytes});
    acceptor.bind(endpoint);
    acceptor.listen();
    return acceptor;
}

} // namespace

std::string_view to_string(Seen type)
{
    switch (type) {
    case Seen::tls_open: return "tls_open";
    case Seen::tls_failed: return "tls_failed";
    case Seen::requested: return "requested";
    case Seen::connected: return "connected";
    case Seen::text: return "text";
    case Seen::binary: return "binary";
    case Seen::ping: return "ping";
    case Seen::pong: return "pong";
    case Seen::closed: return "closed";
    case Seen::malformed: return "malformed";
    case Seen::tcp_closed: return "tcp_closed";
    }
    return "?";
}

std::ostream& operator<<(std::ostream& out, const ServerEvent& event)
{
    out << to_string(event.type) << " on connection " << event.connection;
    if (event.code) out << ", code " << *event.code;
    if (!event.data.empty()) out << ", \"" << event.data.substr(0, 80) << '"';
    return out;
}

/// Everything but `events` belongs to the server's thread.
struct FixtureServer::State {
    explicit State(Options how)
        : options(std::move(how)),
          acceptor(listen(context, options)),
          tls(options.identity ? make_server_context(*options.identity, options.tls) : nullptr),
          port(acceptor.local_endpoint().port())
    {
        accept();
        thread = std::thread{[this] { context.run(); }};
    }

    ~State()
    {
        context.stop();
        thread.join();
    }

    void accept()
    {
        acceptor.async_accept([this](boost::system::error_code ec, tcp::socket socket) {
            if (!ec) {
                connections.push_back(std::make_shared<FixtureConnection>(std::move(socket), treatment, tls.get(),
                    [this, number = connections.size() + 1](ServerEvent event) {
                        event.connection = number;
                        report(std::move(event));
                    }));
                connections.back()->start();
            }
            accept();
        });
    }

    void report(ServerEvent event)
    {
        const std::lock_guard lock{mutex};
        events.push_back(std::move(event));
        changed.notify_all();
    }

    /// On the server's thread. An exception becomes one of the caller's thread: ThreadSanitizer does not see how the
    /// standard library shares exceptions between threads.
    void run(const std::function<void()>& command)
    {
        std::packaged_task<std::string()> task{[&]() -> std::string {
            try {
                command();
                return {};
            }
            catch (const std::exception& exception) {
                return exception.what();
            }
        }};
        auto done = task.get_future();
        asio::post(context, std::move(task));
        if (const auto problem = done.get(); !problem.empty()) throw std::logic_error{problem};
    }

    void run(std::size_t number, const std::function<void(FixtureConnection&)>& command)
    {
        run([&] {
            const auto at = number == newest ? connections.size() : number;
            if (at == 0 || at > connections.size())
                throw std::logic_error{"the fixture server has no connection " + std::to_string(number)};
            command(*connections[at - 1]);
        });
    }

    /// Of this type, or the end. Only under the lock.
    auto find(Seen type) const
    {
        return std::find_if(events.begin(), events.end(), [type](const auto& event) { return event.type == type; });
    }

    Options options;
    mutable std::mutex mutex;
    std::condition_variable changed;
    std::deque<ServerEvent> events;

    Treatment treatment;
    asio::io_context context{1};
    tcp::acceptor acceptor;
    io::SslContextPtr tls;
    std::uint16_t port;
    std::vector<std::shared_ptr<FixtureConnection>> connections;
    std::thread thread;
};

FixtureServer::FixtureServer() : FixtureServer(Options{}) {}
FixtureServer::FixtureServer(Identity identity) : FixtureServer(Options{.identity = std::move(identity)}) {}
FixtureServer::FixtureServer(Options options) : state_(std::make_unique<State>(std::move(options))) {}
FixtureServer::~FixtureServer() = default;

std::uint16_t FixtureServer::port() const { return state_->port; }

std::string FixtureServer::url(std::string_view path) const
{
    const auto& address = state_->options.address;
    const auto plain_host = address.find(':') == address.npos ? address : '[' + address + ']';
    const auto begin = state_->tls ? "wss://localhost" : "ws://" + plain_host;
    return begin + ':' + std::to_string(state_->port) + std::string{path};
}

ServerEvent FixtureServer::wait_for(Seen type)
{
    std::unique_lock lock{state_->mutex};
    auto found = state_->events.cend();
    if (state_->changed.wait_for(lock, limit, [&] {
            found = state_->find(type);
            return found != state_->events.cend();
        })) {
        const auto event = *found;
        state_->events.erase(found);
        return event;
    }
    std::ostringstream message;
    message << "the fixture server has not seen this: " << to_string(type) << "; but these:";
    for (const auto& event : state_->events) message << "\n  " << event;
    throw std::runtime_error{message.str()};
}

bool FixtureServer::has_seen(Seen type) const
{
    const std::lock_guard lock{state_->mutex};
    return state_->find(type) != state_->events.cend();
}

std::vector<ServerEvent> FixtureServer::take_events()
{
    const std::lock_guard lock{state_->mutex};
    std::vector<ServerEvent> taken{state_->events.begin(), state_->events.end()};
    state_->events.clear();
    return taken;
}

void FixtureServer::answer_normally()
{
    state_->run([this] { state_->treatment = {}; });
}

void FixtureServer::answer_with(HttpAnswer answer)
{
    state_->run([&] { state_->treatment.answer = std::move(answer); });
}

void FixtureServer::hold_upgrades()
{
    state_->run([this] { state_->treatment.hold = true; });
}

void FixtureServer::continue_upgrade()
{
    state_->run([this] {
        state_->treatment = {};
        for (const auto& connection : state_->connections) connection->let_go_on();
    });
}

void FixtureServer::push_with_upgrade(std::string bytes)
{
    state_->run([&] { state_->treatment.pushed = std::move(bytes); });
}

void FixtureServer::push_text_with_upgrade(std::string text)
{
    push_with_upgrade(encode({.opcode = Opcode::text, .payload = std::move(text)}));
}

void FixtureServer::add_upgrade_field(std::string_view name, std::string_view value)
{
    state_->run([&] { state_->treatment.upgrade_fields.append(name).append(": ").append(value).append("\r\n"); });
}

void FixtureServer::keep_tcp_after_close()
{
    state_->run([this] { state_->treatment.keep_tcp = true; });
}

void FixtureServer::send(WireFrame frame, std::size_t connection)
{
    state_->run(connection, [&](FixtureConnection& to) { to.send(frame); });
}

void FixtureServer::send_text(std::string payload, std::size_t connection)
{
    send({.opcode = Opcode::text, .payload = std::move(payload)}, connection);
}

void FixtureServer::send_binary(std::string payload, std::size_t connection)
{
    send({.opcode = Opcode::binary, .payload = std::move(payload)}, connection);
}

void FixtureServer::send_ping(std::string payload, std::size_t connection)
{
    send({.opcode = Opcode::ping, .payload = std::move(payload)}, connection);
}

void FixtureServer::send_pong(std::string payload, std::size_t connection)
{
    send({.opcode = Opcode::pong, .payload = std::move(payload)}, connection);
}

void FixtureServer::send_bytes(std::string bytes, std::size_t connection)
{
    state_->run(connection, [&](FixtureConnection& to) { to.send(bytes); });
}

void FixtureServer::close(std::size_t connection) { send({.opcode = Opcode::close}, connection); }

void FixtureServer::close(std::uint16_t code, std::string_view text, std::size_t connection)
{
    send({.opcode = Opcode::close, .payload = close_payload(code, text)}, connection);
}

void FixtureServer::end_tls(std::size_t connection)
{
    state_->run(connection, [](FixtureConnection& to) { to.finish(Goodbye::said); });
}

void FixtureServer::drop(std::size_t connection)
{
    state_->run(connection, [](FixtureConnection& to) { to.finish(Goodbye::unsaid); });
}

void FixtureServer::reset(std::size_t connection)
{
    state_->run(connection, [](FixtureConnection& to) { to.reset(); });
}

void FixtureServer::stall(std::size_t connection)
{
    state_->run(connection, [](FixtureConnection& to) { to.stall(); });
}

void FixtureServer::resume(std::size_t connection)
{
    state_->run(connection, [](FixtureConnection& to) { to.resume(); });
}

} // namespace websockxx::test
