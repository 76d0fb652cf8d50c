// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/error.hpp>

#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace websockxx::io {

/// Decides which address of a host is tried when (RFC 8305): events in, commands out, no socket and no clock.
///
/// The address families take turns. Each attempt has a head start, after which the next one begins beside it; a failure
/// begins the next one at once. Attempts that have begun are never given up for a later one: the first that connects
/// wins.
class HappyEyeballs {
public:
    using Endpoint = boost::asio::ip::tcp::endpoint;

    /// RFC 8305 5: the recommended Connection Attempt Delay.
    static constexpr std::chrono::milliseconds head_start{250};

    /// What is to be done now.
    struct Command {
        std::optional<std::size_t> connect = {}; ///< begin an attempt: an index into endpoints()
        bool wait = false;    ///< call waited() once `head_start` has passed from now, and not for an earlier wait
        bool give_up = false; ///< nothing is left to hope for: error()

        friend bool operator==(const Command&, const Command&) = default;
    };

    /// The addresses in the resolver's order of preference (RFC 6724); doubles are dropped.
    explicit HappyEyeballs(std::vector<Endpoint> resolved);

    /// In the order of the attempts.
    [[nodiscard]] const std::vector<Endpoint>& endpoints() const noexcept { return endpoints_; }

    [[nodiscard]] Command start();
    [[nodiscard]] Command waited();
    [[nodiscard]] Command failed(std::size_t index, error_code why);

    /// Why there is no connection: the most telling failure, with all of them in its detail.
    [[nodiscard]] Error error() const;

private:
    [[nodiscard]] Command next();

    std::vector<Endpoint> endpoints_;
    std::vector<error_code> failures_; ///< beside endpoints_
    std::size_t begun_ = 0;
    std::size_t ended_ = 0;
};

/// "192.0.2.1:443" or "[2001:db8::1]:443".
[[nodiscard]] std::string to_string(const HappyEyeballs::Endpoint& endpoint);

} // namespace websockxx::io
