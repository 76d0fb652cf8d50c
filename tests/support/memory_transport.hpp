// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/io/alarm.hpp>
#include <websockxx/io/transport.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace websockxx::test {

/// The far end of a MemoryTransport, in the hands of the test.
struct Wire {
    std::string to_client;                                        ///< what the client has not yet read
    std::string from_client;                                      ///< what the client wrote and the test did not take
    std::optional<error_code> read_end;                           ///< once to_client is read: an end, or an error
    error_code write_error;                                       ///< what every write fails with
    std::size_t window = std::numeric_limits<std::size_t>::max(); ///< how much the client may still write
    bool shut_down = false;                                       ///< the client has ended its direction
    bool closed = false;                                          ///< the client has closed everything

    [[nodiscard]] std::string take() { return std::exchange(from_client, {}); }
};

/// A transport with no socket: answers to waits are posted on the strand, as a real one's would be.
class MemoryTransport final : public io::Transport {
public:
    MemoryTransport(Conn conn, std::shared_ptr<Wire> wire, const io::Strand& strand)
        : wanted(std::move(conn)), wire_(std::move(wire)), strand_(strand)
    {
    }
    ~MemoryTransport() override { close(); }

    const Conn wanted;
    std::string far_end; ///< its address
    std::string says;    ///< its description

    void open(const Conn&, std::shared_ptr<io::TransportListener> owner) override { owner_ = owner; }

    std::size_t read_some(std::span<std::byte> room, error_code& ec) override
    {
        const auto size = std::min(room.size(), wire_->to_client.size());
        if (size == 0) {
            ec = wire_->read_end.value_or(boost::asio::error::would_block);
            return 0;
        }
        std::memcpy(room.data(), wire_->to_client.data(), size);
        wire_->to_client.erase(0, size);
        return size;
    }

    std::size_t write_some(std::span<const std::byte> bytes, error_code& ec) override
    {
        ec = wire_->write_error;
        if (ec) return 0;
        const auto size = std::min(bytes.size(), wire_->window);
        if (size == 0) ec = boost::asio::error::would_block;
        wire_->from_client.append(reinterpret_cast<const char*>(bytes.data()), size);
        wire_->window -= size;
        return size;
    }

    void wait_readable() override { waits_to_read_ = true; }
    void wait_writable() override { waits_to_write_ = true; }
    void shutdown() override { wire_->shut_down = true; }
    std::string endpoint() const override { return far_end; }
    std::string_view description() const override { return says; }
    void close() noexcept override
    {
        wire_->closed = true;
        owner_.reset();
    }

    // What the test lets happen.

    void connect()
    {
        tell([](io::TransportListener& owner) { owner.on_connected(); });
    }
    void opened()
    {
        tell([](io::TransportListener& owner) { owner.on_open(); });
    }
    void fail(Error error)
    {
        tell([error](io::TransportListener& owner) { owner.on_open_failed(error); });
    }
    /// Answers the waits that something has come for.
    void poll()
    {
        if ((!wire_->to_client.empty() || wire_->read_end) && std::exchange(waits_to_read_, false)) {
            tell([](io::TransportListener& owner) { owner.on_readable(); });
        }
        if ((wire_->window > 0 || wire_->write_error) && std::exchange(waits_to_write_, false)) {
            tell([](io::TransportListener& owner) { owner.on_writable(); });
        }
    }
    [[nodiscard]] bool waits_to_read() const { return waits_to_read_; }
    [[nodiscard]] const std::shared_ptr<Wire>& wire() const { return wire_; }

private:
    template <class Call>
    void tell(Call call)
    {
        boost::asio::post(strand_, [weak = owner_, call] {
            if (const auto owner = weak.lock()) call(*owner);
        });
    }

    std::shared_ptr<Wire> wire_;
    io::Strand strand_;
    std::weak_ptr<io::TransportListener> owner_; // the test keeps it, not what it owns
    bool waits_to_read_ = false;
    bool waits_to_write_ = false;
};

/// The hands of the clock. Shared by a test and its alarms.
struct HandClock {
    std::chrono::milliseconds now{1'000'000};
};

/// An alarm that rings when the test has turned the clock far enough.
class HandAlarm final : public io::Alarm {
public:
    explicit HandAlarm(std::shared_ptr<HandClock> clock) : clock_(std::move(clock)) {}

    std::chrono::milliseconds now() const override { return clock_->now; }
    void set(std::chrono::milliseconds moment, std::shared_ptr<Listener> owner) override
    {
        at_ = moment;
        owner_ = owner;
    }
    void cancel() noexcept override
    {
        at_.reset();
        owner_.reset();
    }

    [[nodiscard]] std::optional<std::chrono::milliseconds> at() const { return at_; }
    void ring()
    {
        at_.reset();
        if (const auto owner = std::exchange(owner_, {}).lock()) owner->on_alarm();
    }

private:
    std::shared_ptr<HandClock> clock_;
    std::optional<std::chrono::milliseconds> at_;
    std::weak_ptr<Listener> owner_;
};

} // namespace websockxx::test
