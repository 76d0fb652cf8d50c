// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/beast/zlib/deflate_stream.hpp>
#include <boost/beast/zlib/inflate_stream.hpp>

#include <stdexcept>
#include <string>
#include <string_view>

namespace bench {

/// The payload of a frame as RFC 7692 compresses it, without context takeover.
[[nodiscard]] inline std::string deflate(std::string_view text)
{
    namespace zlib = boost::beast::zlib;
    zlib::deflate_stream stream;
    std::string out(stream.upper_bound(text.size()) + 16, '\0');
    zlib::z_params params;
    params.next_in = text.data();
    params.avail_in = text.size();
    params.next_out = out.data();
    params.avail_out = out.size();
    boost::system::error_code ec;
    stream.write(params, zlib::Flush::sync, ec);
    if (ec) throw std::runtime_error("deflate: " + ec.message());
    out.resize(params.total_out - 4); // the empty block at the end is not sent (RFC 7692 7.2.1)
    return out;
}

/// Inflates messages without context takeover, into memory that stays.
class Inflater {
public:
    [[nodiscard]] std::string_view inflate(std::string_view payload, std::size_t size_limit)
    {
        namespace zlib = boost::beast::zlib;
        stream_.clear();
        if (out_.size() < size_limit + 1) out_.resize(size_limit + 1);
        zlib::z_params params;
        params.next_out = out_.data();
        params.avail_out = out_.size();
        static constexpr std::string_view tail{"\0\0\xff\xff", 4};
        for (const auto piece : {payload, tail}) {
            params.next_in = piece.data();
            params.avail_in = piece.size();
            boost::system::error_code ec;
            stream_.write(params, zlib::Flush::sync, ec);
            if (ec && ec != zlib::error::need_buffers) throw std::runtime_error("inflate: " + ec.message());
        }
        return {out_.data(), params.total_out};
    }

private:
    boost::beast::zlib::inflate_stream stream_;
    std::string out_;
};

} // namespace bench
