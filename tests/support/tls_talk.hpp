// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/io/tls_filter.hpp>

#include "server_tls.hpp"
#include "tls_fixture.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace websockxx::test {

[[nodiscard]] inline std::span<const std::byte> bytes_of(std::string_view text)
{
    return std::as_bytes(std::span(text));
}

[[nodiscard]] inline std::string text_of(std::span<const std::byte> bytes)
{
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Options that trust these authorities (PEM) and no others.
[[nodiscard]] inline Tls trusting(const std::string& authorities)
{
    Tls options;
    options.system_roots = false;
    options.ca_pem = authorities;
    return options;
}

/// A TlsFilter and a TLS server that talk through strings.
class TlsTalk {
public:
    TlsTalk(
        const Tls& options, const std::string& host, const Identity& identity, const ServerOptions& server_options = {})
        : context_(make_server_context(identity, server_options)),
          server_(*context_),
          client_(io::TlsFilter::make(options, host).value())
    {
    }

    [[nodiscard]] io::TlsFilter& client() { return *client_; }
    [[nodiscard]] ServerTls& server() { return server_; }
    /// The plaintext that has reached the server.
    [[nodiscard]] const std::string& heard() const { return heard_; }

    void client_to_server()
    {
        const auto output = client().output();
        heard_ += server_.receive(text_of(output));
        client().consume(output.size());
    }

    /// Carries no more than a piece of what the server has said; returns how much.
    std::size_t server_to_client(std::size_t piece)
    {
        arriving_ += server_.output();
        const auto room = client().prepare();
        const auto size = std::min({room.size(), arriving_.size(), piece});
        std::memcpy(room.data(), arriving_.data(), size);
        client().commit(size);
        arriving_.erase(0, size);
        return size;
    }

    /// To the end of the handshake, or until both sides wait.
    io::TlsFilter::Handshake shake_hands(std::size_t piece = whole)
    {
        while (true) {
            const auto progress = client().handshake();
            client_to_server();
            if (progress != io::TlsFilter::Handshake::wants_input || server_to_client(piece) == 0) return progress;
        }
    }

    /// All that the client can read, and in `ec` why it is not more.
    std::string read(error_code& ec, std::size_t piece = whole)
    {
        std::string text;
        std::string room(64 * 1024, '\0');
        while (true) {
            const auto size = client().read_some(std::as_writable_bytes(std::span(room)), ec);
            text.append(room, 0, size);
            if (ec == boost::asio::error::would_block ? server_to_client(piece) == 0 : ec.failed()) return text;
        }
    }

    /// As much as the client takes; returns how much.
    std::size_t write(std::string_view text, error_code& ec) { return client().write_some(bytes_of(text), ec); }

    static constexpr std::size_t whole = 1'000'000;

private:
    io::SslContextPtr context_;
    ServerTls server_;
    std::unique_ptr<io::TlsFilter> client_;
    std::string heard_;
    std::string arriving_; ///< on the way from the server to the client
};

} // namespace websockxx::test
