// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/protocol/answer.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>

namespace websockxx::protocol {

/// Beast's parser, which fills a Response.
class Answer::Parser final : public boost::beast::http::basic_parser<false> {
public:
    using Verb = boost::beast::http::verb;
    using Name = boost::beast::http::field;
    using View = boost::beast::string_view;
    using Code = boost::beast::error_code;

    Parser(Response& response, std::size_t body_bytes) : response_(&response), body_bytes_(body_bytes)
    {
        // Answer has limits of its own, which hold for several answers together.
        header_limit(std::numeric_limits<std::uint32_t>::max());
        body_limit(boost::none);
        eager(true);
    }

    [[nodiscard]] int version() const noexcept { return version_; }
    [[nodiscard]] bool has_enough() const { return is_done() || response_->body.size() == body_bytes_; }

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
        // Until Boost 1.85 the fields behind a chunked body come here too.
        if (in_head_) response_->headers.add({name.data(), name.size()}, {value.data(), value.size()});
    }
    void on_trailer_field_impl(Name, View, View, Code&) {} // overrides, in later versions
    void on_header_impl(Code&) override { in_head_ = false; }
    void on_body_init_impl(const boost::optional<std::uint64_t>&, Code&) override {}
    std::size_t on_body_impl(View body, Code&) override
    {
        response_->body.append(body.data(), std::min(body.size(), body_bytes_ - response_->body.size()));
        return body.size();
    }
    void on_chunk_header_impl(std::uint64_t, View, Code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, View body, Code& ec) override { return on_body_impl(body, ec); }
    void on_finish_impl(Code&) override {}

    Response* response_;
    std::size_t body_bytes_;
    int version_ = 0;
    bool in_head_ = true;
};

Answer::Answer(const Limits& limits) : limits_(limits) {}
Answer::~Answer() = default;

std::size_t Answer::read(std::string_view bytes)
{
    std::size_t used = 0;
    while (state_ == State::incomplete && used < bytes.size()) {
        const auto rest = bytes.substr(used);
        used += parser_ ? read_body(rest) : read_head(rest);
    }
    return used;
}

void Answer::end_of_stream()
{
    if (state_ != State::incomplete) return;
    if (parser_) state_ = State::refused;
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
    unparsed_.append(bytes.substr(0, size));
    head_bytes_ += size;

    constexpr std::string_view protocol = "HTTP/1.";
    if (!unparsed_.starts_with(protocol.substr(0, unparsed_.size()))) {
        fail(errc::handshake_malformed, "it does not begin with HTTP/1.");
    }
    else if (whole_line) {
        count_line();
    }
    return size;
}

void Answer::count_line()
{
    const auto line = std::string_view(unparsed_).substr(line_begin_);
    line_begin_ = unparsed_.size();
    if (!line.ends_with("\r\n")) return fail(errc::handshake_malformed, "a line that does not end with CR LF");
    if (line.size() == 2) return parse_head();
    if (lines_++ > limits_.handshake_fields) // the first one is the status line
        fail(errc::handshake_too_large, "more than " + std::to_string(limits_.handshake_fields) + " header fields");
}

void Answer::parse_head()
{
    response_ = {};
    auto parser = std::make_unique<Parser>(response_, limits_.refusal_body_bytes);
    error_code ec;
    parser->put(boost::asio::buffer(unparsed_), ec);
    unparsed_.clear();
    lines_ = 0;
    line_begin_ = 0;
    if (ec) return fail(errc::handshake_malformed, ec.message());

    if (response_.status == 101) {
        // Other answers of 1.0 are refusals, and say why.
        if (parser->version() != 11) return fail(errc::handshake_malformed, "HTTP/1.0");
        state_ = State::accepted;
    }
    else if (response_.status < 100) {
        fail(errc::handshake_malformed, "status " + std::to_string(response_.status));
    }
    else if (response_.status >= 200) {
        if (parser->has_enough()) state_ = State::refused;
        else parser_ = std::move(parser);
    }
}

std::size_t Answer::read_body(std::string_view bytes)
{
    constexpr std::size_t longest_chunk_head = 4096;

    unparsed_.append(bytes);
    error_code ec;
    const auto used = parser_->put(boost::asio::buffer(unparsed_), ec);
    unparsed_.erase(0, used);
    const bool broken = ec && ec != boost::beast::http::error::need_more;
    // What the server wanted to say is known by its status: a body that is broken is not worth another error.
    if (broken || parser_->has_enough() || unparsed_.size() > longest_chunk_head) state_ = State::refused;
    return bytes.size();
}

void Answer::fail(errc code, std::string_view detail)
{
    error_ = Error(code, Phase::handshake, detail);
    state_ = State::failed;
}

} // namespace websockxx::protocol
