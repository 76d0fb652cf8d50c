// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/io/happy_eyeballs.hpp>

#include <boost/asio/error.hpp>

#include <algorithm>
#include <utility>

namespace websockxx::io {

namespace happy_eyeballs_detail {

using Endpoint = HappyEyeballs::Endpoint;

/// RFC 8305 4: the family of the first address, then the other one, in turns, each in the order given.
inline std::vector<Endpoint> take_turns(const std::vector<Endpoint>& resolved)
{
    std::vector<Endpoint> first, second;
    for (const auto& endpoint : resolved) {
        auto& family = endpoint.protocol() == resolved.front().protocol() ? first : second;
        if (std::find(family.begin(), family.end(), endpoint) == family.end()) family.push_back(endpoint);
    }
    std::vector<Endpoint> turns;
    for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
        if (i < first.size()) turns.push_back(first[i]);
        if (i < second.size()) turns.push_back(second[i]);
    }
    return turns;
}

/// Whether the failure is about our own machine's network: it says nothing about the server, so any other says more.
inline bool is_local(const error_code& failure)
{
    namespace error = boost::asio::error;
    return failure == error::network_unreachable || failure == error::address_family_not_supported ||
           failure == boost::system::errc::address_not_available;
}

} // namespace happy_eyeballs_detail

HappyEyeballs::HappyEyeballs(std::vector<Endpoint> resolved)
    : endpoints_(happy_eyeballs_detail::take_turns(resolved)), failures_(endpoints_.size())
{
}

HappyEyeballs::Command HappyEyeballs::start() { return next(); }

HappyEyeballs::Command HappyEyeballs::waited() { return next(); }

HappyEyeballs::Command HappyEyeballs::failed(std::size_t index, error_code why)
{
    failures_[index] = why;
    ++ended_;
    return next();
}

HappyEyeballs::Command HappyEyeballs::next()
{
    if (ended_ == endpoints_.size()) return {.give_up = true};
    if (begun_ == endpoints_.size()) return {};
    const auto index = begun_++;
    return {.connect = index, .wait = begun_ < endpoints_.size()};
}

Error HappyEyeballs::error() const
{
    if (endpoints_.empty()) return {errc::no_address, Phase::resolve};

    using namespace happy_eyeballs_detail;
    const auto telling = std::find_if_not(failures_.begin(), failures_.end(), is_local);
    std::string detail;
    for (std::size_t i = 0; i < endpoints_.size(); ++i) {
        if (i > 0) detail += "; ";
        detail += to_string(endpoints_[i]) + ": " + failures_[i].message();
    }
    return {telling == failures_.end() ? failures_.front() : *telling, Phase::connect, detail};
}

std::string to_string(const HappyEyeballs::Endpoint& endpoint)
{
    const auto address = endpoint.address().to_string();
    return (endpoint.address().is_v6() ? "[" + address + "]" : address) + ":" + std::to_string(endpoint.port());
}

} // namespace websockxx::io
