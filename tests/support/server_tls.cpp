// SPDX-License-Identifier: BSL-1.0
#include "server_tls.hpp"

#include <openssl/err.h>

#include <array>
#include <stdexcept>

namespace websockxx::test {
namespace {

std::string last_error()
{
    const char* reason = ERR_reason_error_string(ERR_get_error());
    ERR_clear_error();
    return reason ? reason : "no reason given";
}

} // namespace

ServerTls::ServerTls(SSL_CTX& context) : tls_(SSL_new(&context)), in_(BIO_new(BIO_s_mem())), out_(BIO_new(BIO_s_mem()))
{
    if (!tls_ || !in_ || !out_) throw std::runtime_error{"the test server has no TLS: " + last_error()};
    SSL_set_bio(tls_.get(), in_, out_);
    SSL_set_accept_state(tls_.get());
}

std::string ServerTls::receive(std::string_view network_bytes)
{
    BIO_write(in_, network_bytes.data(), static_cast<int>(network_bytes.size()));
    std::string plain;
    std::array<char, 16 * 1024> piece;
    for (;;) {
        ERR_clear_error();
        const auto got = SSL_read(tls_.get(), piece.data(), static_cast<int>(piece.size()));
        if (got > 0) {
            plain.append(piece.data(), static_cast<std::size_t>(got));
            continue;
        }
        const auto error = SSL_get_error(tls_.get(), got);
        if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_ZERO_RETURN && !failure_) failure_ = last_error();
        return plain;
    }
}

void ServerTls::send(std::string_view plain_bytes)
{
    if (plain_bytes.empty()) return;
    const auto written = SSL_write(tls_.get(), plain_bytes.data(), static_cast<int>(plain_bytes.size()));
    if (written != static_cast<int>(plain_bytes.size()))
        throw std::runtime_error{"the test server cannot send over TLS: " + last_error()};
}

void ServerTls::close_notify()
{
    if (is_established()) SSL_shutdown(tls_.get());
    ERR_clear_error();
}

std::string ServerTls::output()
{
    std::string bytes(BIO_ctrl_pending(out_), '\0');
    if (!bytes.empty()) BIO_read(out_, bytes.data(), static_cast<int>(bytes.size()));
    return bytes;
}

bool ServerTls::is_established() const { return SSL_is_init_finished(tls_.get()) == 1 && !failure_; }

bool ServerTls::has_ended() const { return (SSL_get_shutdown(tls_.get()) & SSL_RECEIVED_SHUTDOWN) != 0; }

std::string ServerTls::server_name() const
{
    const char* name = SSL_get_servername(tls_.get(), TLSEXT_NAMETYPE_host_name);
    return name ? name : "";
}

} // namespace websockxx::test
