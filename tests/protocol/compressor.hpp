// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/beast/zlib/deflate_stream.hpp>
#include <boost/beast/zlib/inflate_stream.hpp>

#include <stdexcept>
#include <string>
#include <string_view>

namespace websockxx::test {

/// The server's side of permessage-deflate (RFC 7692 7.2.1).
class Compressor {
public:
    explicit Compressor(int window_bits = 15, int level = 6) : level_(level), window_bits_(window_bits) { reset(); }

    /// Forgets what came before, as with server_no_context_takeover.
    void reset() { stream_.reset(level_, window_bits_, 8, boost::beast::zlib::Strategy::normal); }

    /// The payload of a compressed message.
    [[nodiscard]] std::string message(std::string_view text)
    {
        if (text.empty()) return std::string(1, '\0'); // RFC 7692 7.2.3.6
        auto payload = part(text);
        payload.resize(payload.size() - 4); // 00 00 FF FF
        return payload;
    }

    /// A part of a message, behind which others may come: flushed to a whole byte.
    [[nodiscard]] std::string part(std::string_view text)
    {
        namespace zlib = boost::beast::zlib;

        std::string payload;
        zlib::z_params params;
        params.next_in = text.data();
        params.avail_in = text.size();
        do {
            const auto before = payload.size();
            payload.resize(before + text.size() / 2 + 1024);
            params.next_out = payload.data() + before;
            params.avail_out = payload.size() - before;
            boost::beast::error_code ec;
            stream_.write(params, zlib::Flush::sync, ec);
            if (ec && ec != zlib::error::need_buffers) throw std::runtime_error(ec.message());
            payload.resize(payload.size() - params.avail_out);
        } while (params.avail_out == 0);
        return payload;
    }

private:
    int level_;
    int window_bits_;
    boost::beast::zlib::deflate_stream stream_;
};

/// The other way (RFC 7692 7.2.2).
class Inflater {
public:
    explicit Inflater(int window_bits = 15) : window_bits_(window_bits) { stream_.reset(window_bits); }

    void reset() { stream_.reset(window_bits_); }

    [[nodiscard]] std::string message(std::string payload)
    {
        namespace zlib = boost::beast::zlib;

        payload.append("\x00\x00\xFF\xFF", 4);
        std::string text;
        zlib::z_params params;
        params.next_in = payload.data();
        params.avail_in = payload.size();
        do {
            const auto before = text.size();
            // What is looked for farther back than the window, and than what is made at once, is not found.
            constexpr std::size_t at_once = 256;
            text.resize(before + at_once);
            params.next_out = text.data() + before;
            params.avail_out = at_once;
            boost::beast::error_code ec;
            stream_.write(params, zlib::Flush::sync, ec);
            if (ec && ec != zlib::error::need_buffers) throw std::runtime_error(ec.message());
            text.resize(text.size() - params.avail_out);
        } while (params.avail_out == 0);
        return text;
    }

private:
    int window_bits_;
    boost::beast::zlib::inflate_stream stream_;
};

} // namespace websockxx::test
