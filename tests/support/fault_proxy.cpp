// SPDX-License-Identifier: BSL-1.0
#include "fault_proxy.hpp"

#include "fault_connection.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>

#include <sys/socket.h>

#include <future>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace websockxx::test {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

/// A socket that holds a port without listening: whoever connects there is refused, and nobody else gets the port.
tcp::acceptor hold_port(asio::io_context& context)
{
    const tcp::endpoint any{asio::ip::address_v4::any(), 0};
    tcp::acceptor holder{context, any.protocol()};
    holder.set_option(ReusePort{true});
    holder.bind(any);
    return holder;
}

} // namespace

/// Everything but the ledger belongs to the proxy's thread.
struct FaultProxy::State {
    State(std::uint16_t server_port, const std::string& where)
        : server(asio::ip::address_v4::loopback(), server_port),
          holder(hold_port(context)),
          port(holder.local_endpoint().port()),
          endpoint(asio::ip::make_address(where), port),
          acceptor(context)
    {
        listen();
        thread = std::thread{[this] { context.run(); }};
    }

    ~State()
    {
        context.stop();
        thread.join();
    }

    void open(int backlog)
    {
        acceptor.open(endpoint.protocol());
        acceptor.set_option(ReusePort{true});
        acceptor.set_option(tcp::acceptor::reuse_address{true});
        acceptor.bind(endpoint);
        acceptor.listen(backlog);
    }

    void listen()
    {
        deafen();
        open(tcp::acceptor::max_listen_connections);
        accept();
    }

    void deafen()
    {
        ++openings;
        error_code ignored;
        acceptor.close(ignored);
        filler.reset();
    }

    // With a full backlog the kernel drops what would begin a connection. Somebody else may be quicker to fill it.
    void ignore()
    {
        deafen();
        open(0);
        filler.emplace(context);
        filler->async_connect(endpoint, [](error_code) {}); // on the loopback device it is done at once
    }

    void accept()
    {
        acceptor.async_accept([this, now = openings](error_code ec, tcp::socket socket) {
            if (now != openings) return; // by who listened before; the socket is reset, as the others of its backlog
            if (!ec) {
                std::erase_if(connections, [](const auto& connection) { return connection->is_over(); });
                connections.push_back(
                    std::make_shared<FaultConnection>(std::move(socket), to_server, to_client, ledger));
                connections.back()->start(server);
            }
            accept();
        });
    }

    /// On the proxy's thread; what it throws is thrown here, as a new exception: ThreadSanitizer does not see how
    /// exceptions are shared between threads.
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
        if (const auto problem = done.get(); !problem.empty()) throw std::runtime_error{"fault proxy: " + problem};
    }

    FaultLedger ledger; // outlives the connections, which the context may hold
    asio::io_context context{1};
    asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
    tcp::endpoint server;
    tcp::acceptor holder;
    const std::uint16_t port;
    tcp::endpoint endpoint;
    tcp::acceptor acceptor;
    std::optional<tcp::socket> filler;
    std::size_t openings = 0; // of the acceptor
    Toxic to_server;
    Toxic to_client;
    std::vector<std::shared_ptr<FaultConnection>> connections;
    std::thread thread;
};

FaultProxy::FaultProxy(std::uint16_t server_port, const std::string& address)
    : state_(std::make_unique<State>(server_port, address))
{
}

FaultProxy::~FaultProxy() = default;

std::uint16_t FaultProxy::port() const { return state_->port; }

std::string FaultProxy::address() const
{
    std::string text;
    state_->run([&] { text = state_->endpoint.address().to_string(); });
    return text;
}

void FaultProxy::accept()
{
    state_->run([this] { state_->listen(); });
}

void FaultProxy::refuse()
{
    state_->run([this] { state_->deafen(); });
}

void FaultProxy::ignore()
{
    state_->run([this] { state_->ignore(); });
}

void FaultProxy::move_to(const std::string& address)
{
    state_->run([&] {
        state_->endpoint.address(asio::ip::make_address(address));
        state_->listen();
    });
}

void FaultProxy::lead_to(std::uint16_t server_port)
{
    state_->run([&] { state_->server.port(server_port); });
}

void FaultProxy::set(Way way, const Toxic& toxic)
{
    set_next(way, toxic);
    state_->run([&] {
        for (const auto& connection : state_->connections) connection->set(way, toxic);
    });
}

void FaultProxy::set_next(Way way, const Toxic& toxic)
{
    state_->run([&] { (way == Way::to_server ? state_->to_server : state_->to_client) = toxic; });
}

void FaultProxy::heal()
{
    set(Way::to_server, {});
    set(Way::to_client, {});
}

void FaultProxy::end_all(End how)
{
    state_->run([&] {
        for (const auto& connection : state_->connections) connection->end(how);
    });
}

FaultProxy::Tally FaultProxy::tally() const
{
    const std::lock_guard lock{state_->ledger.mutex};
    return state_->ledger.tally;
}

void FaultProxy::wait_until(std::string_view what, const std::function<bool(const Tally&)>& is_true) const
{
    auto& ledger = state_->ledger;
    std::unique_lock lock{ledger.mutex};
    if (ledger.changed.wait_for(lock, limit, [&] { return is_true(ledger.tally); })) return;
    const auto& tally = ledger.tally;
    throw std::runtime_error{"the fault proxy has not seen this: " + std::string{what} + "; but " +
                             std::to_string(tally.accepted) + " connections (" + std::to_string(tally.open) +
                             " open), bytes to the server " + std::to_string(tally.came_to_server) + " (" +
                             std::to_string(tally.passed_to_server) + " passed), to the client " +
                             std::to_string(tally.came_to_client) + " (" + std::to_string(tally.passed_to_client) +
                             " passed)"};
}

} // namespace websockxx::test
