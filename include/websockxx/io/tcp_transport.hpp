// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/io/connector.hpp>
#include <websockxx/io/lifeline.hpp>
#include <websockxx/io/transport.hpp>

#include <array>
#include <memory>
#include <string>

namespace websockxx::io {

/// Bytes over TCP. After close(), reading and writing fail with `asio::error::bad_descriptor`.
///
/// To wait for bytes is to read some: an answer to a request then costs three system calls, as each wait of Asio's for
/// nothing but readability needs one more.
class TcpTransport final : public Transport {
public:
    explicit TcpTransport(const Strand& strand);
    ~TcpTransport() override;

    void open(const Conn& conn, std::shared_ptr<TransportListener> owner) override;
    [[nodiscard]] std::size_t read_some(std::span<std::byte> room, error_code& ec) override;
    [[nodiscard]] std::size_t write_some(std::span<const std::byte> bytes, error_code& ec) override;
    void wait_readable() override;
    void wait_writable() override;
    void shutdown() override;
    void close() noexcept override;
    [[nodiscard]] bool resolving() const noexcept override { return connector_ && connector_->resolving(); }
    [[nodiscard]] std::string endpoint() const override;

private:
    using Landing = std::array<std::byte, 384>;

    void use(TcpSocket socket);
    void on_read(error_code ec);
    [[nodiscard]] std::size_t take_landed(std::span<std::byte> room) noexcept;

    Strand strand_;
    Lifeline life_;
    std::unique_ptr<Connector> connector_; ///< until there is a connection
    std::shared_ptr<Landing> landing_;     ///< where the first bytes land that were waited for
    std::span<std::byte> landed_;          ///< of them, what was not yet taken
    bool more_ = false;                    ///< the landing was filled whole: there may be more behind it
    error_code read_end_;                  ///< how waiting for bytes ended, if for good
    TcpSocket socket_;
    bool reading_ = false; ///< an on_readable() is owed
    bool writing_ = false; ///< an on_writable() is owed
};

} // namespace websockxx::io
