// SPDX-License-Identifier: BSL-1.0
#include "server_bytes.hpp"

#include <openssl/evp.h>

#include <array>
#include <stdexcept>

namespace websockxx::test {
namespace {

    constexpr std::array<unsigned char, 4> example_mask{0x37, 0xfa, 0x21, 0x3d}; // RFC 6455 5.7

    template <class Mask>
    void apply_mask(std::string& payload, const Mask& mask)
    {
        for (std::size_t at = 0; at < payload.size(); ++at)
            payload[at] = static_cast<char>(static_cast<unsigned char>(payload[at]) ^ mask[at % 4]);
    }

    void append_number(std::string& bytes, std::uint64_t number, int size)
    {
        for (int shift = 8 * (size - 1); shift >= 0; shift -= 8)
            bytes.push_back(static_cast<char>(number >> shift & 0xff));
    }

    std::uint64_t number(std::string_view bytes)
    {
        std::uint64_t value = 0;
        for (const char byte : bytes)
            value = value << 8 | static_cast<unsigned char>(byte);
        return value;
    }

    char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

    bool same_name(std::string_view a, std::string_view b)
    {
        if (a.size() != b.size())
            return false;
        for (std::size_t at = 0; at < a.size(); ++at)
            if (lower(a[at]) != lower(b[at]))
                return false;
        return true;
    }

    std::string_view trimmed(std::string_view value)
    {
        const auto first = value.find_first_not_of(" \t");
        return first == value.npos ? std::string_view{}
                                   : value.substr(first, value.find_last_not_of(" \t") - first + 1);
    }

} // namespace

std::string encode(const WireFrame& frame)
{
    std::string bytes;
    bytes.push_back(static_cast<char>((frame.fin ? 0x80 : 0) | frame.rsv << 4 | static_cast<int>(frame.opcode)));
    const auto size = frame.payload.size();
    const int masked = frame.masked ? 0x80 : 0;
    if (size < 126) {
        bytes.push_back(static_cast<char>(masked | static_cast<int>(size)));
    } else if (size <= 0xffff) {
        bytes.push_back(static_cast<char>(masked | 126));
        append_number(bytes, size, 2);
    } else {
        bytes.push_back(static_cast<char>(masked | 127));
        append_number(bytes, size, 8);
    }
    auto payload = frame.payload;
    if (frame.masked) {
        bytes.append(example_mask.begin(), example_mask.end());
        apply_mask(payload, example_mask);
    }
    return bytes += payload;
}

std::string close_payload(std::uint16_t code, std::string_view text)
{
    std::string payload;
    append_number(payload, code, 2);
    return payload.append(text);
}

std::optional<WireFrame> FrameReader::next()
{
    const std::string_view bytes = bytes_;
    if (bytes.size() < 2)
        return {};
    const auto first = static_cast<unsigned char>(bytes[0]);
    const auto second = static_cast<unsigned char>(bytes[1]);
    const std::uint64_t short_length = second & 0x7f;
    const std::size_t length_bytes = short_length == 127 ? 8 : short_length == 126 ? 2 : 0;
    const std::size_t mask_at = 2 + length_bytes;
    const std::size_t payload_at = mask_at + (second & 0x80 ? 4 : 0);
    if (bytes.size() < payload_at)
        return {};
    const auto length = length_bytes == 0 ? short_length : number(bytes.substr(2, length_bytes));
    if (bytes.size() - payload_at < length)
        return {};

    WireFrame frame;
    frame.opcode = static_cast<Opcode>(first & 0x0f);
    frame.fin = (first & 0x80) != 0;
    frame.rsv = static_cast<std::uint8_t>(first >> 4 & 7);
    frame.masked = (second & 0x80) != 0;
    frame.payload = bytes.substr(payload_at, static_cast<std::size_t>(length));
    if (frame.masked) {
        std::array<unsigned char, 4> mask{};
        for (std::size_t at = 0; at < 4; ++at)
            mask[at] = static_cast<unsigned char>(bytes[mask_at + at]);
        apply_mask(frame.payload, mask);
    }
    bytes_.erase(0, payload_at + static_cast<std::size_t>(length));
    return frame;
}

std::optional<std::string> field(std::string_view head, std::string_view name)
{
    while (!head.empty()) {
        const auto end = head.find("\r\n");
        const auto line = head.substr(0, end);
        const auto colon = line.find(':');
        if (colon != line.npos && same_name(line.substr(0, colon), name))
            return std::string{trimmed(line.substr(colon + 1))};
        head = end == head.npos ? std::string_view{} : head.substr(end + 2);
    }
    return {};
}

std::string accept_value(std::string_view key)
{
    const std::string salted = std::string{key} + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    if (EVP_Digest(salted.data(), salted.size(), digest.data(), &size, EVP_sha1(), nullptr) != 1)
        throw std::runtime_error{"SHA-1 is not to be had"};
    std::array<unsigned char, 4 * ((EVP_MAX_MD_SIZE + 2) / 3) + 1> text{};
    const auto written = EVP_EncodeBlock(text.data(), digest.data(), static_cast<int>(size));
    return {text.begin(), text.begin() + written};
}

std::string upgrade_answer(std::string_view request_head, std::string_view more_fields)
{
    const auto key = field(request_head, "Sec-WebSocket-Key");
    if (!key)
        throw std::runtime_error{"a request without Sec-WebSocket-Key cannot be answered with 101"};
    return "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: " +
           accept_value(*key) + "\r\n" + std::string{more_fields} + "\r\n";
}

} // namespace websockxx::test
