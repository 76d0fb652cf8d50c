// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/io/connector.hpp>
#include <websockxx/io/lifeline.hpp>
#include <websockxx/io/transport.hpp>

#include <optional>

namespace websockxx::io {

/// Bytes over TCP. After close(), reading and writing fail with `asio::error::bad_descriptor`.
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

private:
    void use(TcpSocket socket);

    Strand strand_;
    Lifeline life_;
    std::optional<Connector> connector_; ///< until there is a connection
    TcpSocket socket_;
    bool reading_ = false; ///< an on_readable() is owed
    bool writing_ = false; ///< an on_writable() is owed
};

} // namespace websockxx::io
