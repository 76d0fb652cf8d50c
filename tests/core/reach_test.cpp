// SPDX-License-Identifier: BSL-1.0
#include <websockxx/core/reach.hpp>

#include "support/test.hpp"

#include <boost/asio/ip/address.hpp>

#include <string>

using namespace websockxx;
namespace ip = boost::asio::ip;

namespace {

detail::IpAddress address(const std::string& text)
{
    const auto read = ip::make_address(text);
    return read.is_v4() ? detail::IpAddress::of(read.to_v4().to_bytes())
                        : detail::IpAddress::of(read.to_v6().to_bytes());
}

bool may_reach(const Reach& reach, const std::string& text) { return core::may_reach(reach, address(text)); }

} // namespace

TEST_CASE("S21 an address is public, or of a machine, a private network or a special use", "[reach]")
{
    // Both ends of each range, and their neighbours.
    for (const auto* inside :
        {"0.0.0.0", "0.255.255.255", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255", "127.0.0.0",
            "127.0.0.1", "127.255.255.255", "169.254.0.0", "169.254.169.254", "169.254.255.255", "172.16.0.0",
            "172.31.255.255", "192.0.0.0", "192.0.0.255", "192.0.2.0", "192.0.2.255", "192.88.99.1", "192.168.0.0",
            "192.168.255.255", "198.18.0.0", "198.19.255.255", "198.51.100.7", "203.0.113.7", "224.0.0.0",
            "239.255.255.255", "240.0.0.0", "255.255.255.255", "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
            "::ffff:0.0.0.0", "::ffff:169.254.169.254", "::127.0.0.1", "::8.8.8.8", "64:ff9b::127.0.0.1",
            "64:ff9b::10.0.0.1", "64:ff9b:1::1", "100::1", "1fff:ffff::", "2001::1", "2001:1ff:ffff::", "2001:db8::1",
            "2002:7f00:1::", "2002:808:808::", "3fff::1", "3fff:fff:ffff::", "4000::", "5f00::1", "fc00::", "fd00::1",
            "fdff:ffff::", "fe80::", "fe80::1%1", "febf:ffff::", "fec0::1", "ff00::", "ff02::1", "ffff:ffff::"}) {
        CAPTURE(inside);
        CHECK_FALSE(core::is_public(address(inside)));
    }
    for (const auto* outside : {"1.0.0.0", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0",
             "126.255.255.255", "128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0",
             "191.255.255.255", "192.0.1.0", "192.0.3.0", "192.88.98.255", "192.88.100.0", "192.167.255.255",
             "192.169.0.0", "198.17.255.255", "198.20.0.0", "198.51.99.255", "198.51.101.0", "203.0.112.255",
             "203.0.114.0", "223.255.255.255", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2000::", "2001:200::",
             "2001:db7:ffff::", "2001:db9::", "2003::", "2606:4700::1111", "3ffe:ffff::", "3fff:1000::"}) {
        CAPTURE(outside);
        CHECK(core::is_public(address(outside)));
    }
}

TEST_CASE("S21 without a word about addresses, all may be reached", "[reach]")
{
    for (const auto* any : {"127.0.0.1", "10.0.0.1", "8.8.8.8", "::1", "ff02::1"}) CHECK(may_reach({}, any));
    CHECK(may_reach({.ports = {443}}, "127.0.0.1"));
}

TEST_CASE("S21 what is allowed is added to what is public, or is all that there is", "[reach]")
{
    const Reach also{.public_only = true, .allow = {"10.1.0.0/16", "fd00::1"}};
    CHECK(may_reach(also, "10.1.2.3"));
    CHECK(may_reach(also, "::ffff:10.1.2.3"));
    CHECK(may_reach(also, "fd00::1"));
    CHECK(may_reach(also, "8.8.8.8"));
    CHECK_FALSE(may_reach(also, "10.2.0.0"));
    CHECK_FALSE(may_reach(also, "fd00::2"));

    const Reach only{.allow = {"10.1.0.0/16"}};
    CHECK(may_reach(only, "10.1.2.3"));
    CHECK_FALSE(may_reach(only, "8.8.8.8"));
    CHECK_FALSE(may_reach(only, "2606:4700::1111"));
}

TEST_CASE("S21 what is denied cannot be reached, whatever else is said and however it is written", "[reach]")
{
    const Reach reach{.allow = {"0.0.0.0/0", "::/0"}, .deny = {"169.254.169.254", "10.0.0.0/8", "fd00::/8"}};
    for (const auto* denied : {"169.254.169.254", "::ffff:169.254.169.254", "64:ff9b::169.254.169.254", "10.0.0.1",
             "::ffff:10.0.0.1", "64:ff9b::a00:1", "fd12::1"}) {
        CAPTURE(denied);
        CHECK_FALSE(may_reach(reach, denied));
    }
    CHECK(may_reach(reach, "169.254.169.253"));
    CHECK(may_reach(reach, "64:ff9b::8.8.8.8"));
    CHECK_FALSE(may_reach({.deny = {"64:ff9b::/96"}}, "64:ff9b::8.8.8.8"));
    CHECK_FALSE(may_reach({.public_only = true, .deny = {"8.8.8.0/24"}}, "8.8.8.8"));
}

TEST_CASE("S21 a range that cannot be read allows nothing and denies everything", "[reach]")
{
    CHECK_FALSE(may_reach({.allow = {"10.0.0.0/33"}}, "10.0.0.1"));
    CHECK_FALSE(may_reach({.deny = {"somewhere"}}, "8.8.8.8"));
}
