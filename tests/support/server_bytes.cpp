// SPDX-License-Identifier: BSL-1.0
#include "server_bytes.hpp"

#include "frame_bytes.hpp"

#include <openssl/evp.h>

#include <array>
#include <stdexcept>
#include <utility>

namespace websockxx::test {
namespace {

constexpr std::uint32_t example_mask = 0x37fa213d; // RFC 6455 5.7

/// The size of the frame that the bytes begin with, if all of it is there.
std::optional<std::size_t> size_of_first(std::string_view bytes)
{
    if (bytes.size() < 2) return {};
    const auto second = static_cast<unsigned char>(bytes[1]);
    std::uint64_t payload_size = second & 0x7f;
    const std::size_t length_bytes = payload_size == 127 ? 8 : payload_size == 126 ? 2 : 0;
    const std::size_t payload_at = 2 + length_bytes + (second & 0x80 ? 4 : 0);
    if (bytes.size() < payload_at) return {};
    if (length_bytes != 0) payload_size = 0;
    for (const char byte : bytes.substr(2, length_bytes))
        payload_size = payload_size << 8 | static_cast<unsigned char>(byte);
    if (bytes.size() - payload_at < payload_size) return {};
    return payload_at + static_cast<std::size_t>(payload_size);
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_name(std::string_view a, std::string_view b)
{
    if (a.size() != b.size()) return false;
    for (std::size_t at = 0; at < a.size(); ++at)
        if (lower(a[at]) != lower(b[at])) return false;
    return true;
}

std::string_view trimmed(std::string_view value)
{
    const auto first = value.find_first_not_of(" \t");
    return first == value.npos ? std::string_view{} : value.substr(first, value.find_last_not_of(" \t") - first + 1);
}

} // namespace

std::string encode(const WireFrame& frame)
{
    frames::Bits bits{.fin = frame.fin, .rsv = frame.rsv};
    if (frame.masked) bits.mask = example_mask;
    return frames::encode(static_cast<unsigned>(frame.opcode), frame.payload, bits);
}

std::string close_payload(std::uint16_t code, std::string_view text)
{
    return frames::big_endian(code, 2).append(text);
}

std::optional<WireFrame> FrameReader::next()
{
    const auto size = size_of_first(bytes_);
    if (!size) return {};
    auto frame = frames::decode(std::string_view{bytes_}.substr(0, *size)).front();
    bytes_.erase(0, *size);
    return WireFrame{
        .opcode = static_cast<Opcode>(frame.opcode),
        .payload = std::move(frame.payload),
        .fin = frame.fin,
        .rsv = static_cast<std::uint8_t>(frame.rsv),
        .masked = frame.masked,
    };
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
    if (!key) throw std::runtime_error{"a request without Sec-WebSocket-Key cannot be answered with 101"};
    return "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: " +
           accept_value(*key) + "\r\n" + std::string{more_fields} + "\r\n";
}

} // namespace websockxx::test
