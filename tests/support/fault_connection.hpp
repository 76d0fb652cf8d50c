// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "fault_proxy.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace websockxx::test {

/// What a FaultProxy counts, for whoever waits for it.
struct FaultLedger {
    std::mutex mutex;
    std::condition_variable changed;
    FaultProxy::Tally tally;

    template <class Change>
    void note(Change change)
    {
        const std::lock_guard lock{mutex};
        change(tally);
        changed.notify_all();
    }
};

/// One connection through a FaultProxy, whose thread alone may touch it: two sockets, and a flow of bytes each way.
class FaultConnection : public std::enable_shared_from_this<FaultConnection> {
public:
    using Socket = boost::asio::ip::tcp::socket;

    /// `ledger` must outlive it.
    FaultConnection(Socket client, const Toxic& to_server, const Toxic& to_client, FaultLedger& ledger);
    ~FaultConnection();

    void start(const boost::asio::ip::tcp::endpoint& server);
    void set(Way way, const Toxic& toxic);
    void end(End how);
    [[nodiscard]] bool is_over() const { return is_over_; }

private:
    using Clock = std::chrono::steady_clock;

    struct Piece {
        Clock::time_point due;
        std::string bytes;
    };
    struct Flow {
        Flow(Way where, Socket& source, Socket& sink, const Toxic& what)
            : way(where), from(source), to(sink), toxic(what), timer(source.get_executor())
        {
        }

        Way way;
        Socket& from;
        Socket& to;
        Toxic toxic;
        std::uint64_t came = 0; // since the toxic was set
        std::deque<Piece> queue;
        std::string leaving;          // being written
        std::size_t queued_bytes = 0; // of both
        Clock::time_point last_due{};
        boost::asio::steady_timer timer;
        bool is_waiting = false;
        bool is_writing = false;
        bool has_ended = false;    // nothing comes from the source any more
        bool is_finishing = false; // FIN goes out behind what is queued
        bool is_finished = false;  // it has
    };

    [[nodiscard]] std::size_t room(const Flow& flow) const;
    void wait_for_bytes(Flow& flow);
    void read(Flow& flow);
    void take(Flow& flow, std::string bytes);
    void queue(Flow& flow, const std::string& bytes);
    void act(Flow& flow);
    void write(Flow& flow);
    void input_ended(Flow& flow, const boost::system::error_code& ec);
    void finish(Flow& flow);
    void close_if_ended();
    void close();
    [[nodiscard]] static bool in_black_hole(const Flow& flow);
    [[nodiscard]] Flow& flow(Way way) { return way == Way::to_server ? to_server_ : to_client_; }

    Socket client_;
    Socket server_;
    FaultLedger& ledger_;
    Flow to_server_;
    Flow to_client_;
    bool is_connected_ = false; // to the server
    bool is_draining_ = false;  // ended by us: what still comes is dropped
    bool is_over_ = false;
};

} // namespace websockxx::test
