// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/io/lifeline.hpp>
#include <websockxx/io/transport.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <utility>

namespace websockxx::test {

/// What lies under a transport that wraps another: the test is its network.
struct Network {
    std::string arriving; ///< not yet read
    error_code end;       ///< what reading says after that, if it has ended
    std::string sent;     ///< not yet taken by the test
    error_code write_error;
    std::size_t window = std::numeric_limits<std::size_t>::max(); ///< how much may still be sent
    std::size_t writes = 0;
    bool opened = false;
    bool shut_down = false;
    bool closed = false;

    [[nodiscard]] std::string take() { return std::exchange(sent, {}); }
};

/// Keeps the contract of Transport to the letter.
class InnerTransport final : public io::Transport {
public:
    InnerTransport(const io::Strand& strand, std::shared_ptr<Network> network)
        : strand_(strand), network_(std::move(network))
    {
    }
    ~InnerTransport() override { close(); }

    void open(const Conn&, std::shared_ptr<io::TransportListener> owner) override
    {
        network_->opened = true;
        life_.begin(owner);
    }

    std::size_t read_some(std::span<std::byte> room, error_code& ec) override
    {
        auto& arriving = network_->arriving;
        const auto size = std::min(room.size(), arriving.size());
        ec = size > 0 ? error_code() : network_->end ? network_->end : boost::asio::error::would_block;
        std::memcpy(room.data(), arriving.data(), size);
        arriving.erase(0, size);
        return size;
    }

    std::size_t write_some(std::span<const std::byte> bytes, error_code& ec) override
    {
        ++network_->writes;
        const auto size = network_->write_error ? 0 : std::min(bytes.size(), network_->window);
        ec = network_->write_error ? network_->write_error : boost::asio::error::would_block;
        if (size > 0) ec = {};
        network_->sent.append(reinterpret_cast<const char*>(bytes.data()), size);
        network_->window -= size;
        return size;
    }

    void wait_readable() override { reading_ = true; }
    void wait_writable() override { writing_ = true; }
    void shutdown() override { network_->shut_down = true; }
    void close() noexcept override
    {
        life_.end();
        network_->closed = true;
    }

    // What the test lets happen.

    void connect()
    {
        tell([this] { life_.listener().on_connected(); });
    }
    void become_open()
    {
        tell([this] { life_.listener().on_open(); });
    }
    void fail(const Error& error)
    {
        tell([this, error] { life_.listener().on_open_failed(error); });
    }
    /// Answers the waits for which something has come.
    void poll()
    {
        if ((!network_->arriving.empty() || network_->end) && std::exchange(reading_, false)) {
            tell([this] { life_.listener().on_readable(); });
        }
        if ((network_->window > 0 || network_->write_error) && std::exchange(writing_, false)) {
            tell([this] { life_.listener().on_writable(); });
        }
    }
    [[nodiscard]] bool waits_to_read() const { return reading_; }

private:
    template <class Function>
    void tell(Function function)
    {
        boost::asio::post(strand_, life_.bind(function));
    }

    io::Strand strand_;
    std::shared_ptr<Network> network_;
    io::Lifeline life_;
    bool reading_ = false;
    bool writing_ = false;
};

} // namespace websockxx::test
