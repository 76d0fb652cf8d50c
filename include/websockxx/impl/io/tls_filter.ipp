// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/io/tls_context.hpp>
#include <websockxx/io/tls_error.hpp>
#include <websockxx/io/tls_filter.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/error.hpp>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace websockxx::io {

namespace tls_filter_detail {

inline constexpr std::size_t first_input_bytes = 4 * 1024;
inline constexpr std::size_t max_input_bytes = 64 * 1024;
inline constexpr std::size_t record_bytes = SSL3_RT_MAX_PLAIN_LENGTH;
/// Only a server that asks for answers, such as by renegotiating, and does not read them, gets us here: it is an error.
inline constexpr std::size_t max_output_bytes = 4 * TlsFilter::max_pending_bytes;
/// A buffer larger than this is given back once it is empty.
inline constexpr std::size_t kept_output_bytes = 16 * 1024;

/// The address in the text, in network order; empty if it is a name. The zone of an IPv6 address is no part of it.
inline std::vector<unsigned char> address_bytes(const std::string& text)
{
    error_code not_an_address;
    const auto address = boost::asio::ip::make_address(text, not_an_address);
    if (not_an_address) return {};
    if (address.is_v4()) {
        const auto bytes = address.to_v4().to_bytes();
        return {bytes.begin(), bytes.end()};
    }
    const auto bytes = address.to_v6().to_bytes();
    return {bytes.begin(), bytes.end()};
}

/// "example.org." names the same host, but neither SNI (RFC 6066 3) nor certificates have the dot.
inline std::string without_final_dot(std::string name)
{
    if (!name.empty() && name.back() == '.') name.pop_back();
    return name;
}

} // namespace tls_filter_detail

struct TlsFilter::Memory {
    static int read(BIO* bio, char* room, std::size_t size, std::size_t* count)
    {
        BIO_clear_retry_flags(bio);
        auto& self = filter(bio);
        *count = std::min(size, self.in_end_ - self.in_begin_);
        if (*count == 0) {
            BIO_set_retry_read(bio);
            return 0;
        }
        std::memcpy(room, self.in_.data() + self.in_begin_, *count);
        self.in_begin_ += *count;
        return 1;
    }

    static int write(BIO* bio, const char* bytes, std::size_t size, std::size_t* count)
    {
        BIO_clear_retry_flags(bio);
        auto& self = filter(bio);
        if (self.output().size() + size > tls_filter_detail::max_output_bytes) return 0;
        self.make_room(size);
        const auto* const first = reinterpret_cast<const std::byte*>(bytes);
        self.out_.insert(self.out_.end(), first, first + size);
        *count = size;
        return 1;
    }

    static long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

    static BIO* make(TlsFilter& filter)
    {
        static const BIO_METHOD* const method = [] {
            auto* const made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "websockxx memory");
            BIO_meth_set_read_ex(made, read);
            BIO_meth_set_write_ex(made, write);
            BIO_meth_set_ctrl(made, control);
            return made;
        }();
        auto* const bio = BIO_new(method);
        BIO_set_data(bio, &filter);
        BIO_set_init(bio, 1);
        return bio;
    }

    static TlsFilter& filter(BIO* bio) { return *static_cast<TlsFilter*>(BIO_get_data(bio)); }
};

result<std::unique_ptr<TlsFilter>> TlsFilter::make(const Tls& options, const std::string& host)
{
    auto context = shared_tls_context(options);
    if (!context) return context.error();
    const auto& name = options.server_name.empty() ? host : options.server_name;
    auto filter = std::make_unique<TlsFilter>(std::move(*context), tls_filter_detail::without_final_dot(name));
    if (auto error = filter->prepare_verification(!options.danger_accept_any_certificate)) return error;
    return filter;
}

TlsFilter::TlsFilter(SslContextPtr context, std::string name)
    : ssl_(SSL_new(context.get())), name_(std::move(name)), in_(tls_filter_detail::first_input_bytes)
{
    auto* const bio = Memory::make(*this);
    SSL_set_bio(ssl_.get(), bio, bio);
    SSL_set_app_data(ssl_.get(), this);
    SSL_set_connect_state(ssl_.get());
}

Error TlsFilter::prepare_verification(bool verify)
{
    const Error bad_name{errc::tls_options, Phase::tls, "\"" + name_ + "\" cannot be the name of a TLS server"};
    // OpenSSL takes no name for "any name", and ".example.org" for "any name below example.org".
    if (name_.empty() || name_.front() == '.') return bad_name;

    auto* const ssl = ssl_.get();
    auto* const rules = SSL_get0_param(ssl);
    const auto address = tls_filter_detail::address_bytes(name_);
    if (address.empty()) {
        if (SSL_set_tlsext_host_name(ssl, name_.c_str()) != 1) return bad_name; // not for addresses (RFC 6066 3)
        if (X509_VERIFY_PARAM_set1_host(rules, name_.data(), name_.size()) != 1) return bad_name;
        // RFC 6125 6.4.3, 6.4.4: the common name does not count, and "f*.example.org" is no wildcard.
        X509_VERIFY_PARAM_set_hostflags(
            rules, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    }
    else if (X509_VERIFY_PARAM_set1_ip(rules, address.data(), address.size()) != 1) {
        return bad_name;
    }
    SSL_set_verify(ssl, verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, verify ? on_verified : nullptr);
    return {};
}

int TlsFilter::on_verified(int accepted, X509_STORE_CTX* verification)
{
    if (accepted) return 1;
    // An authority that has given no revocation list is trusted without one.
    if (X509_STORE_CTX_get_error(verification) == X509_V_ERR_UNABLE_TO_GET_CRL) {
        X509_STORE_CTX_set_error(verification, X509_V_OK);
        return 1;
    }
    auto* const ssl = X509_STORE_CTX_get_ex_data(verification, SSL_get_ex_data_X509_STORE_CTX_idx());
    auto& self = *static_cast<TlsFilter*>(SSL_get_app_data(static_cast<SSL*>(ssl)));
    self.error_ = certificate_error(verification, self.name_);
    return 0;
}

std::span<std::byte> TlsFilter::prepare()
{
    if (in_begin_ == in_end_) in_begin_ = in_end_ = 0;
    return std::span(in_).subspan(in_end_);
}

void TlsFilter::commit(std::size_t size)
{
    in_end_ += size;
    if (in_end_ == in_.size() && in_.size() < tls_filter_detail::max_input_bytes) in_.resize(2 * in_.size());
}

std::span<const std::byte> TlsFilter::output() const noexcept { return std::span(out_).subspan(out_begin_); }

void TlsFilter::consume(std::size_t size)
{
    out_begin_ += size;
    if (out_begin_ < out_.size()) return;
    out_begin_ = 0;
    out_.clear();
    if (out_.capacity() > tls_filter_detail::kept_output_bytes) out_.shrink_to_fit();
}

/// Without growing for ever while small pieces come and go.
void TlsFilter::make_room(std::size_t size)
{
    if (out_.size() + size <= out_.capacity()) return;
    out_.erase(out_.begin(), out_.begin() + static_cast<std::ptrdiff_t>(std::exchange(out_begin_, 0)));
    if (out_.size() + size > out_.capacity()) out_.reserve(std::max(out_.size() + size, 2 * out_.capacity()));
}

TlsFilter::Handshake TlsFilter::handshake()
{
    ERR_clear_error();
    const int answer = SSL_do_handshake(ssl_.get());
    if (answer == 1) return Handshake::done;
    if (SSL_get_error(ssl_.get(), answer) == SSL_ERROR_WANT_READ) {
        if (!input_end_) return Handshake::wants_input;
        const auto why = input_end_ == boost::asio::error::eof ? make_error_code(errc::connection_lost) : input_end_;
        error_ = {why, Phase::tls, "the TLS handshake was not over"};
    }
    else if (!error_) {
        error_ = tls_handshake_error();
    }
    return Handshake::failed;
}

std::size_t TlsFilter::read_some(std::span<std::byte> room, error_code& ec)
{
    ec = read_end_;
    std::size_t count = 0;
    while (!ec && count < room.size()) {
        std::size_t size = 0;
        ERR_clear_error();
        const int answer = SSL_read_ex(ssl_.get(), room.data() + count, room.size() - count, &size);
        if (answer != 1) ec = why_not_read(answer);
        count += size;
        if (count > 0 && !can_read()) break; // it would only say that it wants more
    }
    if (count > 0) ec = {};
    return count;
}

error_code TlsFilter::why_not_read(int answer)
{
    namespace error = boost::asio::error;
    switch (SSL_get_error(ssl_.get(), answer)) {
    case SSL_ERROR_WANT_READ:
        if (!input_end_) return error::would_block;
        read_end_ = input_end_ == error::eof ? make_error_code(boost::asio::ssl::error::stream_truncated) : input_end_;
        break;
    case SSL_ERROR_ZERO_RETURN: read_end_ = error::eof; break;
    default: read_end_ = write_end_ = take_openssl_error(); break;
    }
    return read_end_;
}

bool TlsFilter::can_read() const noexcept { return in_begin_ < in_end_ || SSL_pending(ssl_.get()) > 0 || read_end_; }

std::size_t TlsFilter::write_some(std::span<const std::byte> bytes, error_code& ec)
{
    constexpr auto record_bytes = tls_filter_detail::record_bytes;
    ec = can_write() ? write_end_ : boost::asio::error::would_block;
    if (!ec) make_room(std::min(bytes.size(), max_pending_bytes));
    std::size_t count = 0;
    while (!ec && count < bytes.size() && output().size() < max_pending_bytes) {
        std::size_t size = 0;
        ERR_clear_error();
        const auto record = bytes.subspan(count, std::min(bytes.size() - count, record_bytes));
        const int answer = SSL_write_ex(ssl_.get(), record.data(), record.size(), &size);
        if (answer != 1) ec = why_not_written(answer);
        count += size;
    }
    if (count > 0) ec = {};
    return count;
}

error_code TlsFilter::why_not_written(int answer)
{
    // Only the handshake can be waiting for input here.
    if (SSL_get_error(ssl_.get(), answer) == SSL_ERROR_WANT_READ) return boost::asio::error::would_block;
    write_end_ = take_openssl_error();
    return write_end_;
}

bool TlsFilter::can_write() const noexcept { return write_end_ || output().size() < max_pending_bytes; }

void TlsFilter::shutdown()
{
    if (write_end_) return;
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    write_end_ = boost::asio::error::broken_pipe;
}

std::string TlsFilter::description() const
{
    return std::string(SSL_get_version(ssl_.get())) + " " + SSL_get_cipher_name(ssl_.get());
}

} // namespace websockxx::io
