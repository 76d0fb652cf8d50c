// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/io/transport.hpp>

#include "tls_talk.hpp"

#include <boost/asio/error.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace websockxx::test {

/// The owner of a transport: writes down what it says.
class TransportProbe final : public io::TransportListener, public std::enable_shared_from_this<TransportProbe> {
public:
    explicit TransportProbe(std::unique_ptr<io::Transport> owned) : transport(std::move(owned)) {}

    void open(const Conn& conn) { transport->open(conn, shared_from_this()); }

    /// As much as there is, in pieces of at most `piece`; `ec` says why it was not more.
    std::string read(std::size_t piece = 64 * 1024)
    {
        std::string text;
        std::string room(piece, '\0');
        while (true) {
            const auto size = transport->read_some(std::as_writable_bytes(std::span(room)), ec);
            if (ec) return text;
            text.append(room, 0, size);
        }
    }

    std::size_t write(std::string_view text) { return transport->write_some(bytes_of(text), ec); }

    [[nodiscard]] bool would_block() const { return ec == boost::asio::error::would_block; }

    std::unique_ptr<io::Transport> transport;
    std::vector<std::string> events;
    std::function<void(std::string_view)> react; ///< called with each event, after it was written down
    Error error;                                 ///< why it could not be opened
    error_code ec;                               ///< of the last read() or write()

private:
    void on_connected() override { note("connected"); }
    void on_open() override { note("open"); }
    void on_open_failed(const Error& why) override
    {
        error = why;
        note("failed");
    }
    void on_readable() override { note("readable"); }
    void on_out_of_memory() override { throw std::logic_error("out of memory"); }
    void on_writable() override { note("writable"); }

    void note(const std::string& event)
    {
        events.push_back(event);
        if (react) react(event);
    }
};

} // namespace websockxx::test
