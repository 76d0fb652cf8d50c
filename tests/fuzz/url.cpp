// SPDX-License-Identifier: BSL-1.0
#include "fuzz.hpp"

#include <websockxx/conn.hpp>

#include <algorithm>

/// S6 Any string as a URL: it is refused, or makes a Conn that can be sent, written as a URL and read again.

using namespace websockxx;
using fuzz::require;

namespace {

bool can_be_sent(std::string_view text)
{
    return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7F; });
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    const auto conn = Conn::parse(text);
    if (!conn) {
        require(conn.error().code() == errc::invalid_url, "a URL that is refused is an invalid one");
        require(!conn.error().detail().empty(), "an error says which part is wrong");
        return 0;
    }
    require(can_be_sent(conn->target) && conn->target.starts_with('/'), "a target can be in a request line");
    require(can_be_sent(conn->authority()), "an authority can be in a header");
    if (!conn->check()) return 0; // a user name with a colon, for one
    const auto again = Conn::parse(conn->url());
    require(again.has_value(), "what url() gives can be read");
    require(again->secure == conn->secure && again->host == conn->host && again->port == conn->port &&
                again->target == conn->target,
        "and is the same place");
    require(!again->credentials, "url() has no credentials");
    return 0;
}
