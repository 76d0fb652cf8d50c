// SPDX-License-Identifier: BSL-1.0
#include <websockxx/protocol/mask.hpp>

#include "support/frame_bytes.hpp"
#include "support/test.hpp"

#include <algorithm>
#include <bit>
#include <string>
#include <vector>

using namespace websockxx::protocol;
namespace frames = websockxx::test::frames;

namespace {

std::string_view text(const OutputBuffer& output)
{
    return {reinterpret_cast<const char*>(output.bytes().data()), output.size()};
}

} // namespace

TEST_CASE("the source of random numbers is ChaCha20", "[protocol]")
{
    // RFC 8439 A.1, test vectors 1 and 2: the key, the nonce and the counter are zero, then the counter is one.
    RandomSource random(RandomSource::Key{});
    CHECK(random.draw() == 0xade0b876);
    CHECK(random.draw() == 0x903df1a0);
    for (int drawn = 2; drawn < 15; ++drawn) (void)random.draw();
    CHECK(random.draw() == 0x8665eeb2);
    CHECK(random.draw() == 0xbee7079f);
    CHECK(random.draw() == 0x7a385155);
}

TEST_CASE("S10 a million masks repeat no more than by chance, and no bit is preferred", "[protocol]")
{
    constexpr std::size_t count = 1'000'000;
    RandomSource random;
    std::vector<std::uint32_t> masks(count);
    std::size_t ones = 0;
    for (auto& mask : masks) {
        mask = random.draw();
        ones += static_cast<std::size_t>(std::popcount(mask));
    }
    std::sort(masks.begin(), masks.end());
    const auto repeated = std::unique(masks.begin(), masks.end());
    // About 116 are expected of 2^32, with a standard deviation of 11.
    CHECK(masks.end() - repeated < 116 + 6 * 11);
    // 16,000,000 of 32,000,000 bits, with a standard deviation of 2828.
    CHECK(ones > 16'000'000 - 6 * 2828);
    CHECK(ones < 16'000'000 + 6 * 2828);
}

TEST_CASE("S10 two sources have nothing in common", "[protocol]")
{
    RandomSource one;
    RandomSource other;
    int same = 0;
    for (int drawn = 0; drawn < 1000; ++drawn) same += one.draw() == other.draw();
    CHECK(same == 0);
}

TEST_CASE("frames keep their payloads when they are masked, however they are cut", "[protocol]")
{
    const std::size_t piece = GENERATE(1u, 2u, 3u, 7u, 8u, 13u, 1000u);
    std::vector<std::string> payloads;
    for (const std::size_t size : {0u, 1u, 3u, 125u, 126u, 1000u, 65'535u, 65'536u}) {
        std::string payload;
        while (payload.size() < size) payload += static_cast<char>(payload.size() * 31);
        payloads.push_back(std::move(payload));
    }
    Masker masker(RandomSource::Key{1, 2, 3});
    OutputBuffer output;
    for (const auto& payload : payloads) {
        const auto frame = frames::encode(frames::binary, payload);
        const auto header = frame.size() - payload.size();
        auto bytes = std::as_bytes(std::span{frame});
        masker.write(bytes.first(header), output);
        for (bytes = bytes.subspan(header); !bytes.empty(); bytes = bytes.subspan(std::min(piece, bytes.size())))
            masker.write(bytes.first(std::min(piece, bytes.size())), output);
    }
    const auto decoded = frames::decode(text(output));
    REQUIRE(decoded.size() == payloads.size());
    for (std::size_t index = 0; index < payloads.size(); ++index) {
        CHECK(decoded[index].payload == payloads[index]);
        CHECK(decoded[index].masked);
    }
}

TEST_CASE("several frames in one piece get a mask each", "[protocol]")
{
    const auto bytes = frames::encode(frames::ping, "one") + frames::encode(frames::text, "two");
    Masker masker(RandomSource::Key{});
    OutputBuffer output;
    masker.write(std::as_bytes(std::span{bytes}), output);
    const auto decoded = frames::decode(text(output));
    REQUIRE(decoded.size() == 2);
    CHECK(decoded[0].payload == "one");
    CHECK(decoded[1].payload == "two");
    CHECK(decoded[0].mask != decoded[1].mask);
}
