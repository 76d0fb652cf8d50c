// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/conn.hpp>
#include <websockxx/error.hpp>
#include <websockxx/io/happy_eyeballs.hpp>
#include <websockxx/io/lifeline.hpp>
#include <websockxx/io/resolver.hpp>
#include <websockxx/io/transport.hpp>

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace websockxx::io {

using TcpSocket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Strand>;

/// Makes one TCP connection: looks the name up, then does what HappyEyeballs says. It sets no limit to the time that
/// this takes.
///
/// Lifetime  Pending operations hold a share of `owner`. Destroying the connector ends them all, and silences it.
class Connector {
public:
    /// Called once, from a handler, with a socket or with an error. It may destroy the connector.
    using Done = std::function<void(const Error&, std::optional<TcpSocket>)>;

    Connector(const Strand& strand, const std::shared_ptr<TransportListener>& owner, Done done);
    ~Connector();
    Connector(const Connector&) = delete;
    Connector& operator=(const Connector&) = delete;

    /// To a host name, or to an address, which is not looked up; but only to what `reach` allows.
    void connect(const std::string& host, std::uint16_t port, const Reach& reach = {});
    /// To the first of these, which are not none, that answers; `name` is for errors.
    void connect(std::string name, std::vector<HappyEyeballs::Endpoint> endpoints);

    /// Whether a name is being looked up.
    [[nodiscard]] bool resolving() const noexcept { return resolver_.pending(); }

private:
    using Clock = std::chrono::steady_clock;

    void look_up(const std::string& host, std::uint16_t port, const Reach& reach);
    [[nodiscard]] Error not_allowed(const Addresses& addresses) const;
    void race(std::vector<HappyEyeballs::Endpoint> endpoints);
    void run(const HappyEyeballs::Command& command);
    void attempt(std::size_t index);
    void wait();
    [[nodiscard]] Error failure() const;
    void finish(const Error& error, std::optional<TcpSocket> socket);

    Lifeline life_;
    Strand strand_;
    Resolver resolver_;
    boost::asio::basic_waitable_timer<Clock, boost::asio::wait_traits<Clock>, Strand> timer_;
    Done done_;
    std::string name_; ///< for errors
    std::optional<HappyEyeballs> race_;
    std::vector<std::optional<TcpSocket>> attempts_; ///< beside the endpoints of the race
    std::size_t waits_ = 0; ///< a timer that has been set again may still report that it fired before
};

} // namespace websockxx::io
