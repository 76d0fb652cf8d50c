// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/protocol/answer.hpp>

#include <websockxx/detail/text.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>

namespace websockxx::protocol {

namespace answer {

/// Beast's parser, for the head only, which it puts into a Response.
class Parser final : public boost::beast::http::basic_parser<false> {
public:
    using Verb = boost::beast::http::verb;
    using Name = boost::beast::http::field;
    using View = boost::beast::string_view;
    using Code = boost::beast::error_code;

    explicit Parser(Response& response) : response_(&response)
    {
        // Answer has limits of its own, which hold for several answers together.
        header_limit(std::numeric_limits<std::uint32_t>::max());
        body_limit(boost::none);
    }

    [[nodiscard]] int version() const noexcept { return version_; }
    [[nodiscard]] RefusalBody body(std::size_t most) const
    {
        using Framing = RefusalBody::Framing;
        if (chunked()) return {Framing::chunks, 0, most};
        if (const auto length = content_length()) return {Framing::length, *length, most};
        return {Framing::end_of_stream, 0, most};
    }

private:
    void on_request_impl(Verb, View, View, int, Code&) override {}
    void on_response_impl(int status, View reason, int version, Code&) override
    {
        response_->status = status;
        response_->reason.assign(reason.data(), reason.size());
        version_ = version;
    }
    void on_field_impl(Name, View name, View value, Code&) override
    {
        response_->headers.add({name.data(), name.size()}, {value.data(), value.size()});
    }
    void on_trailer_field_impl(Name, View, View, Code&) {} // overrides, in later versions
    void on_header_impl(Code&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>&, Code&) override {}
    std::size_t on_body_impl(View, Code&) override { return 0; }
    void on_chunk_header_impl(std::uint64_t, View, Code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, View, Code&) override { return 0; }
    void on_finish_impl(Code&) override {}

    Response* response_;
    int version_ = 0;
};

} // namespace answer

std::size_t Answer::read(std::string_view bytes)
{
    std::size_t used = 0;
    while (state_ == State::incomplete && used < bytes.size()) {
        const auto rest = bytes.substr(used);
        if (!body_) {
            used += read_head(rest);
            continue;
        }
        if (body_->read(rest, response_.body)) state_ = State::refused;
        used = bytes.size();
    }
    return used;
}

void Answer::end_of_stream()
{
    if (state_ != State::incomplete) return;
    if (body_) state_ = State::refused;
    else if (head_bytes_ == 0) fail(errc::handshake_incomplete, "the connection ended without an answer");
    else fail(errc::handshake_incomplete, "the connection ended inside the answer");
}

/// Reads to the end of a line, or of `bytes`.
std::size_t Answer::read_head(std::string_view bytes)
{
    const auto newline = bytes.find('\n');
    const bool whole_line = newline != std::string_view::npos;
    const auto allowed = limits_.handshake_bytes - head_bytes_;
    const auto size = std::min(whole_line ? newline + 1 : bytes.size(), allowed);
    if (size < (whole_line ? newline + 1 : bytes.size())) {
        fail(errc::handshake_too_large, "more than " + std::to_string(limits_.handshake_bytes) + " bytes");
        return size;
    }
    websockxx::detail::append_up_to(limits_.handshake_bytes, head_, bytes.substr(0, size));
    head_bytes_ += size;

    constexpr std::string_view protocol = "HTTP/1.";
    if (!head_.starts_with(protocol.substr(0, head_.size()))) {
        fail(errc::handshake_malformed, "it does not begin with HTTP/1.");
    }
    else if (whole_line) {
        count_line();
    }
    return size;
}

void Answer::count_line()
{
    const auto line = std::string_view(head_).substr(line_begin_);
    line_begin_ = head_.size();
    if (!line.ends_with("\r\n")) return fail(errc::handshake_malformed, "a line that does not end with CR LF");
    if (line.size() == 2) return parse_head();
    if (lines_++ > limits_.handshake_fields) // the first one is the status line
        fail(errc::handshake_too_large, "more than " + std::to_string(limits_.handshake_fields) + " header fields");
}

void Answer::parse_head()
{
    response_ = {};
    answer::Parser parser(response_);
    error_code ec;
    parser.put(boost::asio::buffer(head_), ec);
    std::string().swap(head_);
    lines_ = 0;
    line_begin_ = 0;
    if (ec) return fail(errc::handshake_malformed, ec.message());

    if (response_.status == 101) {
        // Other answers of 1.0 are refusals, and say why.
        if (parser.version() != 11) return fail(errc::handshake_malformed, "HTTP/1.0");
        state_ = State::accepted;
    }
    else if (response_.status < 100) {
        fail(errc::handshake_malformed, "status " + std::to_string(response_.status));
    }
    else if (response_.status >= 200) {
        if (parser.is_done() || limits_.refusal_body_bytes == 0) state_ = State::refused;
        else body_ = parser.body(limits_.refusal_body_bytes);
    }
}

void Answer::fail(errc code, std::string_view detail)
{
    error_ = Error(code, Phase::handshake, detail);
    state_ = State::failed;
}

} // namespace websockxx::protocol
