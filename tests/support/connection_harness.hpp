// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "memory_transport.hpp"
#include "server_bytes.hpp"

#include <websockxx/io/connection.hpp>

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace websockxx::test {

/// A Connection with the world in the hands of the test: no socket, no thread, no time but what the test lets pass.
class Harness {
public:
    Harness(std::unique_ptr<Client> client, core::Settings settings = {},
        Conn conn = {.secure = false, .host = "server", .port = 80}, io::Hooks hooks = {})
        : strand_(boost::asio::any_io_executor{context.get_executor()}),
          mailbox(std::make_shared<io::Mailbox>(context.get_executor(), conn.limits.inbox_messages, false))
    {
        io::Environment environment;
        environment.make_transport = [this](
                                         const Conn& to, const io::Strand& strand) -> std::unique_ptr<io::Transport> {
            auto made = std::make_unique<MemoryTransport>(to, std::make_shared<Wire>(), strand);
            transport = made.get();
            wire = made->wire();
            reader = {};
            ++transports;
            return wrap ? wrap(strand, std::move(made)) : std::unique_ptr<io::Transport>(std::move(made));
        };
        environment.make_alarm = [this](const io::Strand&) {
            auto made = std::make_unique<HandAlarm>(clock);
            alarm = made.get();
            return made;
        };
        environment.draw = [this] { return draw; };
        environment.clock = [clock = clock] { return std::chrono::nanoseconds{clock->now}; };
        hooks.started = [this](const Error& error) {
            started = error;
            if (on_started) on_started();
        };
        hooks.log = [this](Severity, std::string_view line) { log.emplace_back(line); };
        if (settings.has_prepare) {
            hooks.prepare = [this](Conn to, int attempt, std::uint64_t ticket) {
                prepares.push_back({std::move(to), attempt, ticket});
            };
        }
        connection = std::make_shared<io::Connection>(std::move(client), std::move(conn), std::move(settings),
            std::move(hooks), std::make_shared<const io::Environment>(std::move(environment)), strand_, mailbox);
    }

    /// Lets everything happen that can happen without time passing.
    void run()
    {
        do {
            if (transport && !wire->closed) transport->poll();
            context.restart();
        } while (context.poll() > 0);
    }

    void begin()
    {
        connection->begin();
        run();
    }

    /// The transport is there, and the server answers with a 101, followed by `more` bytes.
    void accept(std::string_view more = {})
    {
        transport->connect();
        transport->opened();
        run();
        say(upgrade_answer(wire->take()) + std::string{more});
    }

    /// From nothing to an open connection.
    void open()
    {
        begin();
        accept();
    }

    void refuse(Error error)
    {
        transport->fail(std::move(error));
        run();
    }

    void say(std::string bytes)
    {
        wire->to_client += bytes;
        run();
    }
    void say(const WireFrame& frame) { say(encode(frame)); }

    /// The transport ends, with an error or in order.
    void end_transport(error_code ec = boost::asio::error::eof)
    {
        wire->read_end = ec;
        run();
    }

    /// The next frame that the client sent.
    std::optional<WireFrame> heard()
    {
        reader.add(wire->take());
        return reader.next();
    }

    /// Turns the clock, ringing the alarm at each moment that it is set to.
    void turn(std::chrono::milliseconds by)
    {
        const auto target = clock->now + by;
        while (alarm->at() && *alarm->at() <= target) {
            clock->now = std::max(clock->now, *alarm->at());
            alarm->ring();
            run();
        }
        clock->now = target;
    }

    struct Prepare {
        Conn conn;
        int attempt;
        std::uint64_t ticket;
    };

    boost::asio::io_context context;

private:
    io::Strand strand_;

public:
    std::shared_ptr<io::Mailbox> mailbox;
    std::shared_ptr<HandClock> clock = std::make_shared<HandClock>();
    HandAlarm* alarm = nullptr;           // of the connection
    MemoryTransport* transport = nullptr; // the newest
    std::shared_ptr<Wire> wire;           // of the newest transport
    FrameReader reader;
    int transports = 0;
    double draw = 0.5;
    std::optional<Error> started;
    std::function<void()> on_started;
    /// Puts another transport over the one in memory.
    std::function<std::unique_ptr<io::Transport>(const io::Strand&, std::unique_ptr<io::Transport>)> wrap;
    std::vector<std::string> log;
    std::vector<Prepare> prepares;
    std::shared_ptr<io::Connection> connection;
};

} // namespace websockxx::test
