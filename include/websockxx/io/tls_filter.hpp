// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/conn.hpp>
#include <websockxx/error.hpp>
#include <websockxx/io/openssl_ptr.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace websockxx::io {

/// The client's side of one TLS connection, in memory: no socket, nothing that waits.
///
///     records    prepare/commit --> [ in ] --> read_some()     plaintext
///                output/consume <-- [ out ] <-- write_some()
///
/// The certificate and the host name are verified during the handshake, before which no plaintext is taken. Any call
/// may put something into output(). Not thread-safe.
class TlsFilter {
public:
    enum class Handshake { done, wants_input, failed };

    /// While so much output is pending, no more plaintext is taken.
    static constexpr std::size_t max_pending_bytes = 64 * 1024;

    /// For a connection to `host`, a name or an address. Fails with errc::tls_options.
    [[nodiscard]] static result<std::unique_ptr<TlsFilter>> make(const Tls& options, const std::string& host);

    TlsFilter(SslContextPtr context, std::string name);
    TlsFilter(const TlsFilter&) = delete;
    TlsFilter& operator=(const TlsFilter&) = delete;

    /// Room for incoming records, never empty: 4 KiB at first, growing to 64 KiB while it is filled whole. To be called
    /// once read_some() or handshake() wants more.
    [[nodiscard]] std::span<std::byte> prepare();
    /// The first `size` bytes of the room were filled.
    void commit(std::size_t size);
    /// No more records will come: `asio::error::eof`, or what else ended them.
    void end_of_input(error_code why) noexcept { input_end_ = why; }

    /// Records to send; valid until the next call of any member.
    [[nodiscard]] std::span<const std::byte> output() const noexcept;
    /// The first `size` bytes of output() are on their way.
    void consume(std::size_t size);

    /// Goes on with the handshake, as far as the input goes.
    [[nodiscard]] Handshake handshake();
    /// Why the handshake failed.
    [[nodiscard]] const Error& error() const noexcept { return error_; }

    /// Decrypts as much as there is and fits. 0 with `asio::error::would_block` if input is wanted, `asio::error::eof`
    /// after close_notify, `asio::ssl::error::stream_truncated` at an end without it.
    [[nodiscard]] std::size_t read_some(std::span<std::byte> room, error_code& ec);
    /// Whether read_some() has something to look at without more input.
    [[nodiscard]] bool can_read() const noexcept;

    /// Encrypts as much as may be pending. 0 with `asio::error::would_block` if output() must go first.
    [[nodiscard]] std::size_t write_some(std::span<const std::byte> bytes, error_code& ec);
    /// Whether write_some() would take something, or fail.
    [[nodiscard]] bool can_write() const noexcept;

    /// Puts close_notify into output(): nothing can be written after it.
    void shutdown();

    /// "TLSv1.3 TLS_AES_256_GCM_SHA384", after the handshake.
    [[nodiscard]] std::string description() const;

private:
    struct Memory; ///< the BIO, OpenSSL's way to our buffers

    [[nodiscard]] Error prepare_verification(bool verify);
    void make_room(std::size_t size);
    static int on_verified(int accepted, X509_STORE_CTX* verification);
    [[nodiscard]] error_code why_not_read(int answer);
    [[nodiscard]] error_code why_not_written(int answer);

    SslPtr ssl_;
    std::string name_; ///< who the server has to be
    std::vector<std::byte> in_;
    std::size_t in_begin_ = 0;
    std::size_t in_end_ = 0;
    std::vector<std::byte> out_;
    std::size_t out_begin_ = 0;
    error_code input_end_;
    error_code read_end_;  ///< what read_some() says from now on
    error_code write_end_; ///< what write_some() says from now on
    Error error_;
};

} // namespace websockxx::io
