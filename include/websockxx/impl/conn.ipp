// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/conn.hpp>

#include <websockxx/detail/address_range.hpp>
#include <websockxx/detail/text.hpp>

#include <boost/url/host_type.hpp>
#include <boost/url/ipv6_address.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <system_error>
#include <utility>

namespace websockxx {

/// What is wrong is found by functions that return it in words, "" if nothing is, or as an Error, empty if nothing is.
/// No words repeat a value: it may be secret.
namespace detail::conns {

/// Longer ones would overflow a clock. To wait without a limit is written as zero.
inline constexpr std::chrono::milliseconds longest_timeout = std::chrono::hours(24 * 365);

[[nodiscard]] constexpr std::uint16_t default_port(bool secure) noexcept { return secure ? 443 : 80; } // RFC 6455 3

[[nodiscard]] constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

[[nodiscard]] constexpr bool is_hex_digit(char c) noexcept
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/// RFC 3986 2.3 and 2.2: `unreserved` and `sub-delims`, which every part but the scheme and the port may have.
[[nodiscard]] constexpr bool is_plain(char c) noexcept
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("-._~!$&'()*+,;=").find(c) != std::string_view::npos;
}

[[nodiscard]] constexpr bool is_visible(char c) noexcept { return c > ' ' && c <= '~'; }

[[nodiscard]] inline std::string bad_character(std::string_view part, char c)
{
    std::array<char, 2> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), static_cast<unsigned char>(c), 16).ptr;
    return std::string(part) + " has a character (0x" + std::string(digits.data(), end) + ") that may not be there";
}

// --- Where a URL that cannot be parsed is wrong ---

[[nodiscard]] inline std::string part_problem(std::string_view name, std::string_view part, std::string_view also)
{
    for (std::size_t i = 0; i < part.size(); ++i) {
        const bool escaped =
            part[i] == '%' && part.size() - i > 2 && is_hex_digit(part[i + 1]) && is_hex_digit(part[i + 2]);
        if (!escaped && !is_plain(part[i]) && also.find(part[i]) == std::string_view::npos)
            return bad_character(name, part[i]);
    }
    return {};
}

/// Takes what comes before any of the delimiters off the beginning.
[[nodiscard]] inline std::string_view take_until(std::string_view delimiters, std::string_view& rest)
{
    const auto part = rest.substr(0, rest.find_first_of(delimiters));
    rest.remove_prefix(part.size());
    return part;
}

[[nodiscard]] inline std::string authority_problem(std::string_view rest)
{
    if (const auto at = rest.rfind('@'); at != std::string_view::npos) {
        if (auto problem = part_problem("the user information", rest.substr(0, at), ":"); !problem.empty())
            return problem;
        rest.remove_prefix(at + 1);
    }
    if (rest.starts_with('[')) {
        rest.remove_prefix(1);
        const auto address = take_until("]", rest);
        if (rest.empty()) return "the host has no closing bracket";
        if (!boost::urls::parse_ipv6_address(address)) return "the host is not an IPv6 address";
        rest.remove_prefix(1);
        if (!rest.empty() && rest.front() != ':') return "the host does not end at its closing bracket";
    }
    else if (auto problem = part_problem("the host", take_until(":", rest), ""); !problem.empty()) return problem;

    if (!rest.empty()) rest.remove_prefix(1);
    return std::all_of(rest.begin(), rest.end(), is_digit) ? "" : "the port is not a number";
}

[[nodiscard]] inline std::string url_problem(std::string_view rest)
{
    const auto scheme = take_until(":/?#", rest);
    if (auto problem = part_problem("the scheme", scheme, ""); !problem.empty()) return problem;
    if (scheme.empty() || !rest.starts_with(':')) return "there is no scheme";
    rest.remove_prefix(1);
    if (!rest.starts_with("//")) return "there is no host";
    rest.remove_prefix(2);
    if (auto problem = authority_problem(take_until("/?#", rest)); !problem.empty()) return problem;
    if (auto problem = part_problem("the path", take_until("?#", rest), "/:@"); !problem.empty()) return problem;
    if (auto problem = part_problem("the query", take_until("#", rest), "?/:@"); !problem.empty()) return problem;
    if (auto problem = part_problem("the fragment", rest.substr(std::min<std::size_t>(1, rest.size())), "?/:@");
        !problem.empty())
        return problem;
    return "it is malformed";
}

// --- What one part may hold, wherever it comes from ---

[[nodiscard]] inline std::string name_problem(std::string_view name)
{
    if (name.empty()) return "the host is missing";
    const auto bad = std::find_if_not(name.begin(), name.end(), is_plain);
    return bad == name.end() ? "" : bad_character("the host", *bad);
}

/// Nothing but an IPv6 address has a colon.
[[nodiscard]] inline std::string host_problem(std::string_view host)
{
    if (host.find(':') == std::string_view::npos) return name_problem(host);
    return boost::urls::parse_ipv6_address(host) ? "" : "the host is not an IPv6 address";
}

/// RFC 7617 2: the user name ends at the first colon, and neither has control characters.
[[nodiscard]] inline std::string credentials_problem(const Credentials& credentials)
{
    if (credentials.user.find(':') != std::string::npos) return "the user name has a colon";
    if (has_control_character(credentials.user)) return "the user name has a control character";
    if (has_control_character(credentials.password)) return "the password has a control character";
    return {};
}

/// More than RFC 3986 allows, as servers want `|` and `"` too; but nothing that could end the request line's target.
[[nodiscard]] inline std::string target_problem(std::string_view target)
{
    if (!target.starts_with('/')) return "it does not begin with a slash";
    const auto bad = std::find_if(target.begin(), target.end(), [](char c) { return !is_visible(c) || c == '#'; });
    return bad == target.end() ? "" : bad_character("it", *bad);
}

// --- What Conn::parse() reads from a URL whose syntax is right ---

[[nodiscard]] inline Error invalid_url(std::string_view problem) { return {errc::invalid_url, Phase::none, problem}; }

[[nodiscard]] inline Error read_scheme(const boost::urls::url_view& url, Conn& conn)
{
    const std::string_view scheme = url.scheme();
    conn.secure = equal_ignoring_case(scheme, "wss") || equal_ignoring_case(scheme, "https");
    if (conn.secure || equal_ignoring_case(scheme, "ws") || equal_ignoring_case(scheme, "http")) return {};
    return invalid_url("the scheme is not ws, wss, http or https");
}

[[nodiscard]] inline Error read_host(const boost::urls::url_view& url, Conn& conn)
{
    if (url.host_type() == boost::urls::host_type::ipvfuture) return invalid_url("the host is not an IPv6 address");
    conn.host = url.host_address();
    // A colon that was encoded makes no address of a name.
    if (url.host_type() == boost::urls::host_type::ipv6) return {};
    const auto problem = name_problem(conn.host);
    return problem.empty() ? Error{} : invalid_url(problem);
}

[[nodiscard]] inline Error read_port(const boost::urls::url_view& url, Conn& conn)
{
    conn.port = default_port(conn.secure);
    const std::string_view digits = url.port();
    if (digits.empty()) return {}; // RFC 3986 3.2.3: as if it were not given
    const auto error = std::from_chars(digits.data(), digits.data() + digits.size(), conn.port).ec;
    if (error == std::errc{} && conn.port != 0) return {};
    return invalid_url("the port is not one of 1 to 65535");
}

[[nodiscard]] inline Error read_credentials(const boost::urls::url_view& url, Conn& conn)
{
    Credentials credentials{url.user(), url.password()};
    if (credentials == Credentials{}) return {};
    const auto problem = credentials_problem(credentials);
    conn.credentials = std::move(credentials);
    return problem.empty() ? Error{} : invalid_url(problem);
}

[[nodiscard]] inline Error read_target(const boost::urls::url_view& url, Conn& conn)
{
    conn.target = std::string_view(url.encoded_target());
    if (!conn.target.starts_with('/')) conn.target.insert(0, 1, '/');
    return {};
}

// --- What Conn::check() looks at ---

[[nodiscard]] inline Error check_address(const Conn& conn)
{
    if (const auto problem = host_problem(conn.host); !problem.empty()) return invalid_url(problem);
    if (conn.port == 0) return invalid_url("the port is 0");
    if (const auto problem = target_problem(conn.target); !problem.empty())
        return {errc::invalid_target, Phase::none, problem};
    return {};
}

/// Fields that the opening handshake has itself, and those that would announce a body.
[[nodiscard]] inline bool is_reserved(std::string_view name) noexcept
{
    constexpr std::array<std::string_view, 9> reserved{"Connection", "Upgrade", "Sec-WebSocket-Key",
        "Sec-WebSocket-Version", "Sec-WebSocket-Accept", "Sec-WebSocket-Extensions", "Sec-WebSocket-Protocol",
        "Content-Length", "Transfer-Encoding"};
    return std::any_of(reserved.begin(), reserved.end(), [&](auto taken) { return equal_ignoring_case(taken, name); });
}

[[nodiscard]] inline std::string header_problem(const Headers::Field& field)
{
    if (!is_token(field.name)) return "is not a token";
    if (is_reserved(field.name)) return "is set by the library";
    // A tab is allowed among blanks (RFC 9110 5.5).
    for (const char c : field.value)
        if (c != '\t' && has_control_character({&c, 1})) return bad_character("value", c);
    return {};
}

[[nodiscard]] inline Error check_headers(const Conn& conn)
{
    for (const auto& field : conn.headers)
        if (const auto problem = header_problem(field); !problem.empty())
            return {errc::invalid_header, Phase::none, "the header \"" + field.name + "\": " + problem};
    // RFC 9112 3.2, RFC 9110 5.3: no lists, so of two one would get lost.
    for (const std::string_view name : {"Host", "User-Agent", "Authorization"})
        if (conn.headers.all(name).size() > 1)
            return {errc::invalid_header, Phase::none, "the header \"" + std::string(name) + "\": is there twice"};
    return {};
}

[[nodiscard]] inline Error check_subprotocols(const Conn& conn)
{
    const auto& all = conn.subprotocols;
    for (auto it = all.begin(); it != all.end(); ++it) {
        if (!is_token(*it)) return {errc::invalid_subprotocol, Phase::none, "\"" + *it + "\" is not a token"};
        if (std::find(all.begin(), it, *it) != it)
            return {errc::invalid_subprotocol, Phase::none, "\"" + *it + "\" is asked for twice"};
    }
    return {};
}

[[nodiscard]] inline Error invalid_option(std::string_view problem)
{
    return {errc::invalid_option, Phase::none, problem};
}

[[nodiscard]] inline Error check_credentials(const Conn& conn)
{
    const auto problem = conn.credentials ? credentials_problem(*conn.credentials) : std::string{};
    return problem.empty() ? Error{} : invalid_option("credentials: " + problem);
}

[[nodiscard]] inline Error check_reach(const Conn& conn)
{
    const Reach& reach = conn.reach;
    for (const auto* ranges : {&reach.allow, &reach.deny})
        for (const auto& range : *ranges)
            if (!AddressRange::parse(range))
                return invalid_option("reach: \"" + range + "\" is neither an address nor a prefix");
    if (reach.ports.empty() || std::count(reach.ports.begin(), reach.ports.end(), conn.port) > 0) return {};
    return {errc::port_not_allowed, Phase::none, std::to_string(conn.port)};
}

[[nodiscard]] inline Error check_tls(const Conn& conn)
{
    const Tls& tls = conn.tls;
    const auto problem = tls.server_name.empty() ? std::string{} : host_problem(tls.server_name);
    if (!problem.empty()) return invalid_option("tls.server_name: " + problem);
    if (has_control_character(tls.ca_file)) return invalid_option("tls.ca_file has a control character");
    if (tls.ca_pem.find('\0') != std::string::npos) return invalid_option("tls.ca_pem has a NUL");
    if (has_control_character(tls.certificate_file))
        return invalid_option("tls.certificate_file has a control character");
    if (has_control_character(tls.private_key_file))
        return invalid_option("tls.private_key_file has a control character");
    if (tls.certificate_file.empty() && !tls.private_key_file.empty())
        return invalid_option("tls.private_key_file needs tls.certificate_file");
    return {};
}

[[nodiscard]] inline Error check_deflate(const Conn& conn)
{
    struct Range {
        const char* name;
        int value, least, most;
    };
    const Deflate& deflate = conn.deflate;
    for (const auto& range : {Range{"client_max_window_bits", deflate.client_max_window_bits, 9, 15},
             Range{"server_max_window_bits", deflate.server_max_window_bits, 9, 15},
             Range{"level", deflate.level, 0, 9}, Range{"memory_level", deflate.memory_level, 1, 9}})
        if (range.value < range.least || range.value > range.most)
            return invalid_option("deflate." + std::string(range.name) + " is not one of " +
                                  std::to_string(range.least) + " to " + std::to_string(range.most));
    return {};
}

[[nodiscard]] inline Error check_timeouts(const Conn& conn)
{
    const Timeouts& timeouts = conn.timeouts;
    for (const auto& [name, value] :
        {std::pair{"open", timeouts.open}, std::pair{"connect", timeouts.connect}, std::pair{"close", timeouts.close},
            std::pair{"linger", timeouts.linger}, std::pair{"ping_interval", timeouts.ping_interval},
            std::pair{"pong", timeouts.pong}, std::pair{"message", timeouts.message}}) {
        if (value < value.zero()) return invalid_option("timeouts." + std::string(name) + " is negative");
        if (value > longest_timeout)
            return invalid_option("timeouts." + std::string(name) + " is more than a year: without a limit is zero");
    }
    return {};
}

[[nodiscard]] inline Error check_limits(const Conn& conn)
{
    const Limits& limits = conn.limits;
    for (const auto& [name, value] :
        {std::pair{"message_bytes", limits.message_bytes}, std::pair{"fragments", limits.fragments},
            std::pair{"handshake_bytes", limits.handshake_bytes},
            std::pair{"handshake_fields", limits.handshake_fields},
            std::pair{"refusal_body_bytes", limits.refusal_body_bytes},
            std::pair{"send_queue_bytes", limits.send_queue_bytes},
            std::pair{"send_queue_messages", limits.send_queue_messages},
            std::pair{"high_water_bytes", limits.high_water_bytes}, std::pair{"inbox_messages", limits.inbox_messages}})
        if (value == 0) return invalid_option("limits." + std::string(name) + " is zero");
    return {};
}

} // namespace detail::conns

result<Conn> Conn::parse(std::string_view url)
{
    using namespace detail::conns;
    const auto parsed = boost::urls::parse_uri(url);
    // Boost 1.81 takes what it does not understand behind the host for a path: `ws://a@b@c` for `@c` at `b`.
    const bool sound = parsed && (parsed->encoded_path().empty() || parsed->encoded_path().starts_with('/'));
    if (!sound) return invalid_url(url_problem(url));

    Conn conn;
    for (const auto read : {read_scheme, read_host, read_port, read_credentials, read_target})
        if (const Error error = read(*parsed, conn)) return error;
    return conn;
}

result<void> Conn::check() const
{
    using namespace detail::conns;
    for (const auto look : {check_address, check_headers, check_subprotocols, check_credentials, check_reach, check_tls,
             check_deflate, check_timeouts, check_limits})
        if (const Error error = look(*this)) return error;
    return {};
}

std::string Conn::authority() const
{
    auto text = host.find(':') == std::string::npos ? host : '[' + host + ']';
    if (port != detail::conns::default_port(secure)) text += ':' + std::to_string(port);
    return text;
}

std::string Conn::url() const { return (secure ? "wss://" : "ws://") + authority() + target; }

} // namespace websockxx
