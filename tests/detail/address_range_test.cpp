// SPDX-License-Identifier: BSL-1.0
#include <websockxx/detail/address_range.hpp>

#include "support/test.hpp"

#include <boost/asio/ip/address.hpp>

#include <random>
#include <string>

using namespace websockxx::detail;
namespace ip = boost::asio::ip;

namespace {

IpAddress address(const std::string& text)
{
    const auto read = ip::make_address(text);
    return read.is_v4() ? IpAddress::of(read.to_v4().to_bytes()) : IpAddress::of(read.to_v6().to_bytes());
}

bool has(std::string_view range, const std::string& text)
{
    const auto read = AddressRange::parse(range);
    REQUIRE(read.has_value());
    return read->has(address(text));
}

} // namespace

TEST_CASE("a range has the addresses that begin with its prefix, and no others", "[detail]")
{
    CHECK(has("10.0.0.0/8", "10.0.0.0"));
    CHECK(has("10.0.0.0/8", "10.255.255.255"));
    CHECK_FALSE(has("10.0.0.0/8", "9.255.255.255"));
    CHECK_FALSE(has("10.0.0.0/8", "11.0.0.0"));
    CHECK(has("172.16.0.0/12", "172.31.255.255"));
    CHECK_FALSE(has("172.16.0.0/12", "172.32.0.0"));
    CHECK(has("192.0.2.6/31", "192.0.2.7"));
    CHECK_FALSE(has("192.0.2.6/31", "192.0.2.8"));
    CHECK(has("2001:db8::/33", "2001:db8:7fff::1"));
    CHECK_FALSE(has("2001:db8::/33", "2001:db8:8000::"));
    CHECK(has("2001:db8::1/128", "2001:db8::1"));
    CHECK_FALSE(has("2001:db8::1/128", "2001:db8::"));
}

TEST_CASE("an address is a range of one, and a prefix of no bits has its whole family, but not the other", "[detail]")
{
    CHECK(has("192.0.2.1", "192.0.2.1"));
    CHECK_FALSE(has("192.0.2.1", "192.0.2.0"));
    CHECK(has("::1", "::1"));
    CHECK_FALSE(has("::1", "::"));
    CHECK(has("0.0.0.0/0", "255.255.255.255"));
    CHECK_FALSE(has("0.0.0.0/0", "::1"));
    CHECK(has("::/0", "ffff::"));
    CHECK_FALSE(has("::/0", "192.0.2.1"));
}

TEST_CASE("an IPv4-mapped address, and a range of them, are IPv4", "[detail]")
{
    CHECK(address("::ffff:192.0.2.1") == address("192.0.2.1"));
    CHECK(address("::ffff:192.0.2.1").is_v4());
    CHECK_FALSE(address("::192.0.2.1").is_v4());
    CHECK(has("192.0.2.0/24", "::ffff:192.0.2.1"));
    CHECK_FALSE(has("::/0", "::ffff:192.0.2.1"));
    CHECK(AddressRange::parse("::ffff:10.0.0.0/104") == AddressRange::parse("10.0.0.0/8"));
}

TEST_CASE("what is not a range is refused, and so are bits behind the prefix", "[detail]")
{
    for (const auto* text : {"", "/", "/8", "10", "10/8", "10.0.0/8", "010.0.0.0/8", "0x0a.0.0.0/8", "10.0.0.0/",
             "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/8 ", " 10.0.0.0/8", "10.0.0.0/8/8", "10.0.0.0/8x",
             "10.0.0.1/8", "10.0.0.0/255.0.0.0", "256.0.0.0", "localhost", "::/129", "::1/127", "[::]/8", "fe80::%1",
             "::/18446744073709551617", "10.0.0.0-10.0.0.9", "*", "10.*"}) {
        CAPTURE(text);
        CHECK_FALSE(AddressRange::parse(text).has_value());
    }
    CHECK_FALSE(AddressRange::parse({"10.0.0.0\0/8", 11}).has_value());
}

TEST_CASE("a range has what a comparison of numbers says", "[detail]")
{
    std::mt19937 random(4632);
    int inside = 0;
    for (int round = 0; round < 20'000; ++round) {
        const auto length = random() % 33;
        const auto mask = length == 0 ? 0U : ~std::uint32_t{0} << (32 - length);
        const auto first = static_cast<std::uint32_t>(random()) & mask;
        // One of the addresses that differ in a bit or two.
        const auto flipped = std::uint32_t{1} << random() % 32;
        const auto other = random() % 2 == 0 ? first ^ flipped : first ^ flipped ^ (std::uint32_t{1} << random() % 32);
        const auto text = ip::address_v4(first).to_string() + "/" + std::to_string(length);
        const bool expected = (other & mask) == first;
        inside += expected;
        CAPTURE(text, other);
        REQUIRE(AddressRange::parse(text).value().has(IpAddress::of(ip::address_v4(other).to_bytes())) == expected);
    }
    CHECK(inside > 5'000);
    CHECK(inside < 15'000);
}
