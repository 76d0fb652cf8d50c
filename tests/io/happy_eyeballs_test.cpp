// SPDX-License-Identifier: BSL-1.0
#include <websockxx/io/happy_eyeballs.hpp>

#include "support/test.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>

#include <string>
#include <vector>

using namespace websockxx;
using namespace websockxx::io;

namespace error = boost::asio::error;

namespace {

using Command = HappyEyeballs::Command;

std::vector<HappyEyeballs::Endpoint> endpoints(std::initializer_list<const char*> addresses)
{
    std::vector<HappyEyeballs::Endpoint> out;
    for (const auto* address : addresses) out.emplace_back(boost::asio::ip::make_address(address), std::uint16_t{443});
    return out;
}

Command attempt(std::size_t index) { return {.connect = index, .wait = true}; }
Command last_attempt(std::size_t index) { return {.connect = index}; }
const Command nothing{};
const Command give_up{.give_up = true};

} // namespace

TEST_CASE("the address families take turns, beginning with that of the first address", "[io]")
{
    const HappyEyeballs six_first{endpoints({"2001:db8::1", "2001:db8::2", "2001:db8::3", "192.0.2.1", "192.0.2.2"})};
    CHECK(six_first.endpoints() == endpoints({"2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.2", "2001:db8::3"}));

    const HappyEyeballs four_first{endpoints({"192.0.2.1", "192.0.2.2", "2001:db8::1"})};
    CHECK(four_first.endpoints() == endpoints({"192.0.2.1", "2001:db8::1", "192.0.2.2"}));

    const HappyEyeballs one_family{endpoints({"192.0.2.2", "192.0.2.1"})};
    CHECK(one_family.endpoints() == endpoints({"192.0.2.2", "192.0.2.1"}));
}

TEST_CASE("an address that is given twice is tried once", "[io]")
{
    const HappyEyeballs race{endpoints({"192.0.2.1", "192.0.2.1", "2001:db8::1", "192.0.2.1", "2001:db8::1"})};
    CHECK(race.endpoints() == endpoints({"192.0.2.1", "2001:db8::1"}));
}

TEST_CASE("each address has a head start, after which the next one is tried beside it", "[io]")
{
    HappyEyeballs race{endpoints({"2001:db8::1", "192.0.2.1", "192.0.2.2"})};
    CHECK(race.start() == attempt(0));
    CHECK(race.waited() == attempt(1));
    CHECK(race.waited() == last_attempt(2));
}

TEST_CASE("a failure begins the next attempt at once, with a head start of its own", "[io]")
{
    HappyEyeballs race{endpoints({"2001:db8::1", "192.0.2.1", "192.0.2.2"})};
    CHECK(race.start() == attempt(0));
    CHECK(race.failed(0, error::network_unreachable) == attempt(1));
    CHECK(race.failed(1, error::connection_refused) == last_attempt(2));
    CHECK(race.failed(2, error::connection_refused) == give_up);
}

TEST_CASE("a late failure leaves hope as long as an attempt is going on", "[io]")
{
    HappyEyeballs race{endpoints({"2001:db8::1", "192.0.2.1"})};
    CHECK(race.start() == attempt(0));
    CHECK(race.waited() == last_attempt(1));
    CHECK(race.failed(1, error::connection_refused) == nothing);
    CHECK(race.failed(0, error::timed_out) == give_up);
}

TEST_CASE("a wait that ends after the last attempt has begun changes nothing", "[io]")
{
    HappyEyeballs race{endpoints({"192.0.2.1"})};
    CHECK(race.start() == last_attempt(0));
    CHECK(race.waited() == nothing);
    CHECK(race.failed(0, error::connection_refused) == give_up);
}

TEST_CASE("the error of a name without addresses says so", "[io]")
{
    HappyEyeballs race{{}};
    CHECK(race.start() == give_up);
    CHECK(race.error().code() == errc::no_address);
    CHECK(race.error().phase() == Phase::resolve);
}

TEST_CASE("what a server said is reported before what our own network lacks", "[io]")
{
    HappyEyeballs race{endpoints({"2001:db8::1", "192.0.2.1", "192.0.2.2"})};
    CHECK(race.start() == attempt(0));
    CHECK(race.failed(0, error::network_unreachable) == attempt(1));
    CHECK(race.failed(1, error::connection_refused) == last_attempt(2));
    CHECK(race.failed(2, error::timed_out) == give_up);

    CHECK(race.error().code() == error::connection_refused);
    CHECK(race.error().phase() == Phase::connect);
    CHECK(race.error().detail() == "[2001:db8::1]:443: Network is unreachable; 192.0.2.1:443: Connection refused; "
                                   "192.0.2.2:443: Connection timed out");
}

TEST_CASE("if our own network is to blame for everything, the first failure is reported", "[io]")
{
    HappyEyeballs race{endpoints({"2001:db8::1", "192.0.2.1"})};
    CHECK(race.start() == attempt(0));
    CHECK(race.failed(0, error::address_family_not_supported) == last_attempt(1));
    CHECK(race.failed(1, error::network_unreachable) == give_up);
    CHECK(race.error().code() == error::address_family_not_supported);
}

TEST_CASE("the recommended head start is 250 ms (RFC 8305 5)", "[io]")
{
    CHECK(HappyEyeballs::head_start == std::chrono::milliseconds(250));
}
