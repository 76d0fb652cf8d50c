// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/protocol/deflate.hpp>

#include <websockxx/detail/text.hpp>

#include <algorithm>
#include <utility>

namespace websockxx::protocol {
namespace deflate_answer {

/// The parameters as they stand in the answer, before they are compared with the offer.
struct Parameters {
    bool server_no_context_takeover = false;
    bool client_no_context_takeover = false;
    std::optional<int> server_max_window_bits;
    std::optional<int> client_max_window_bits;
};

inline Error unexpected(std::string_view detail) { return {errc::unexpected_extension, Phase::handshake, detail}; }

inline Error unexpected_field(std::string_view field)
{
    constexpr std::size_t enough = 200; // bytes: a line of a log is not the server's to fill
    return unexpected("Sec-WebSocket-Extensions: " + std::string(field.substr(0, enough)));
}

/// 8 to 15, without leading zeros (RFC 7692 7.1.2.1).
inline std::optional<int> read_window_bits(std::string_view value)
{
    if (value == "8") return 8;
    if (value == "9") return 9;
    if (value.size() == 2 && value[0] == '1' && value[1] >= '0' && value[1] <= '5') return 10 + (value[1] - '0');
    return std::nullopt;
}

/// Reads the words and signs of an extension list from left to right (RFC 6455 9.1).
class Reader {
public:
    explicit Reader(std::string_view text) : rest_(text) { skip_blanks(); }

    [[nodiscard]] bool at_end() const noexcept { return rest_.empty(); }

    [[nodiscard]] bool take(char sign)
    {
        if (!rest_.starts_with(sign)) return false;
        rest_.remove_prefix(1);
        skip_blanks();
        return true;
    }

    /// Empty if there is none.
    [[nodiscard]] std::string_view token() { return word(rest_.find_first_of(" \t,;=\"")); }

    /// A token, or one in quotes.
    [[nodiscard]] std::string_view value()
    {
        if (!take('"')) return token();
        const auto value = word(rest_.find('"'));
        return take('"') ? value : std::string_view();
    }

private:
    [[nodiscard]] std::string_view word(std::size_t size)
    {
        const auto word = rest_.substr(0, size);
        rest_.remove_prefix(word.size());
        skip_blanks();
        return websockxx::detail::is_token(word) ? word : std::string_view();
    }

    void skip_blanks()
    {
        const auto blanks = rest_.find_first_not_of(" \t");
        rest_.remove_prefix(std::min(blanks, rest_.size()));
    }

    std::string_view rest_;
};

/// Whether the parameter may stand there, which a second one of its name may not.
inline bool accept_parameter(Parameters& parameters, std::string_view name, std::optional<std::string_view> value)
{
    const auto flag = [value](bool& parameter) { return !value && !std::exchange(parameter, true); };
    const auto bits = [value](std::optional<int>& parameter) {
        if (parameter || !value) return false;
        parameter = read_window_bits(*value);
        return parameter.has_value();
    };
    using websockxx::detail::equal_ignoring_case;
    if (equal_ignoring_case(name, "server_no_context_takeover")) return flag(parameters.server_no_context_takeover);
    if (equal_ignoring_case(name, "client_no_context_takeover")) return flag(parameters.client_no_context_takeover);
    if (equal_ignoring_case(name, "server_max_window_bits")) return bits(parameters.server_max_window_bits);
    if (equal_ignoring_case(name, "client_max_window_bits")) return bits(parameters.client_max_window_bits);
    return false;
}

/// Reads the parameters of one extension. False if there is one that may not be there.
inline bool read_parameters(Reader& reader, Parameters& parameters)
{
    while (reader.take(';')) {
        const auto name = reader.token();
        std::optional<std::string_view> value;
        if (reader.take('=')) value = reader.value();
        if (!accept_parameter(parameters, name, value)) return false;
    }
    return true;
}

/// RFC 7692 7.1.1.1, 7.1.2.1: what was asked of the server it must say that it does, or decline the extension.
inline result<AgreedDeflate> agree(const Parameters& answer, const Deflate& offered)
{
    if (offered.server_no_context_takeover && !answer.server_no_context_takeover)
        return unexpected("permessage-deflate without the server_no_context_takeover that was asked for");
    const int server_bits = answer.server_max_window_bits.value_or(15);
    if (server_bits > offered.server_max_window_bits)
        return unexpected("permessage-deflate with a larger server_max_window_bits than was asked for");

    return AgreedDeflate{
        .server_no_context_takeover = answer.server_no_context_takeover,
        .client_no_context_takeover = answer.client_no_context_takeover || offered.client_no_context_takeover,
        .server_max_window_bits = server_bits,
        .client_max_window_bits = std::min(answer.client_max_window_bits.value_or(15), offered.client_max_window_bits),
    };
}

} // namespace deflate_answer

std::string deflate_offer(const Deflate& deflate)
{
    std::string offer = "permessage-deflate";
    if (deflate.server_no_context_takeover) offer += "; server_no_context_takeover";
    if (deflate.client_no_context_takeover) offer += "; client_no_context_takeover";
    if (deflate.server_max_window_bits < 15)
        offer += "; server_max_window_bits=" + std::to_string(deflate.server_max_window_bits);
    offer += "; client_max_window_bits";
    if (deflate.client_max_window_bits < 15) offer += "=" + std::to_string(deflate.client_max_window_bits);
    return offer;
}

result<std::optional<AgreedDeflate>> read_deflate_answer(
    std::span<const std::string_view> fields, const Deflate& offered)
{
    using namespace deflate_answer;

    std::optional<Parameters> parameters;
    for (const auto field : fields) {
        Reader reader(field);
        if (reader.at_end()) continue;
        do {
            const bool expected = offered.offer && !parameters &&
                                  websockxx::detail::equal_ignoring_case(reader.token(), "permessage-deflate");
            if (!expected || !read_parameters(reader, parameters.emplace())) return unexpected_field(field);
        } while (reader.take(','));
        if (!reader.at_end()) return unexpected_field(field);
    }
    if (!parameters) return std::optional<AgreedDeflate>();
    const auto agreed = agree(*parameters, offered);
    if (!agreed) return agreed.error();
    return std::optional(*agreed);
}

std::string to_field(const AgreedDeflate& agreed)
{
    std::string field = "permessage-deflate";
    if (agreed.server_no_context_takeover) field += "; server_no_context_takeover";
    if (agreed.client_no_context_takeover) field += "; client_no_context_takeover";
    field += "; server_max_window_bits=" + std::to_string(agreed.server_max_window_bits);
    field += "; client_max_window_bits=" + std::to_string(agreed.client_max_window_bits);
    return field;
}

} // namespace websockxx::protocol
