// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "socket_peer.hpp"
#include "transport_probe.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <cstddef>
#include <random>
#include <string>

namespace websockxx::test {

/// Reads from a transport at all times, also while it waits for it to be readable, while the peer sends in pieces. What
/// came is then in `read`, and what was sent in `sent`.
struct HastyReader {
    explicit HastyReader(std::size_t bytes) : wanted(bytes) {}

    /// One step; whether all has been read. To be called until it has, with the context running in between.
    bool step(boost::asio::io_context& context, TransportProbe& probe, SocketPeer& peer)
    {
        boost::asio::post(context, [] {}); // there is always something to run: the next step does not wait for bytes
        if (sent.size() < wanted && random() % 2 == 0) {
            std::string piece(1 + random() % (random() % 4 == 0 ? 20'000 : 500), '\0');
            for (auto& byte : piece) byte = static_cast<char>(random() >> 7);
            peer.send(piece);
            sent += piece;
        }
        if (random() % 2 == 0) probe.transport->wait_readable();
        if (random() % 2 == 0) {
            read += probe.read(1 + random() % 700);
            told_to_come_again += probe.ec == boost::asio::error::in_progress;
            failed = failed || (probe.ec != boost::asio::error::in_progress && !probe.would_block());
        }
        return sent.size() >= wanted && read.size() >= sent.size();
    }

    const std::size_t wanted;
    std::string sent;
    std::string read;
    std::size_t told_to_come_again = 0;
    bool failed = false;

private:
    std::minstd_rand random{11};
};

} // namespace websockxx::test
