// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/io/lifeline.hpp>
#include <websockxx/io/tls_filter.hpp>
#include <websockxx/io/transport.hpp>

#include <memory>
#include <string>

namespace websockxx::io {

/// TLS over another transport, which it owns. After close(), reading and writing fail with
/// `asio::error::bad_descriptor`.
class TlsTransport final : public Transport, private TransportListener {
public:
    TlsTransport(const Strand& strand, std::unique_ptr<Transport> inner);
    ~TlsTransport() override;

    void open(const Conn& conn, std::shared_ptr<TransportListener> owner) override;
    [[nodiscard]] std::size_t read_some(std::span<std::byte> room, error_code& ec) override;
    [[nodiscard]] std::size_t write_some(std::span<const std::byte> bytes, error_code& ec) override;
    void wait_readable() override;
    void wait_writable() override;
    void shutdown() override;
    void close() noexcept override;
    [[nodiscard]] std::string endpoint() const override { return inner_->endpoint(); }
    [[nodiscard]] std::string_view description() const override { return description_; }

private:
    void on_resolved(std::size_t addresses) override;
    void on_connected() override;
    void on_open() override;
    void on_open_failed(const Error& error) override;
    void on_readable() override;
    void on_writable() override;
    void on_out_of_memory() override { life_.listener().on_out_of_memory(); }

    void shake_hands();
    void begin();
    void give_up(const Error& error);
    [[nodiscard]] bool refill();
    void flush();
    [[nodiscard]] bool can_write() const noexcept;
    void answer_soon();
    void answer();

    Strand strand_;
    Lifeline life_;
    std::unique_ptr<Transport> inner_;
    std::unique_ptr<TlsFilter> filter_; ///< from open() on
    std::string description_;
    error_code write_end_;       ///< what writing to `inner_` failed with
    bool open_ = false;          ///< the handshake is done
    bool more_ = false;          ///< `inner_` filled all the room that it had, and is likely to have more
    bool inner_reads_ = false;   ///< and was asked meanwhile: it has to end first
    bool reading_ = false;       ///< an on_readable() is owed
    bool writing_ = false;       ///< an on_writable() is owed
    bool answering_ = false;     ///< answer() is on its way
    bool shutting_down_ = false; ///< `inner_` is to be shut down once the output has gone
};

} // namespace websockxx::io
