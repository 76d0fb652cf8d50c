// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/io/connector.hpp>

#include <websockxx/core/reach.hpp>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

namespace websockxx::io {

namespace connector_detail {

inline bool may_reach(const Reach& reach, const boost::asio::ip::address& address)
{
    const auto ask = [&](const auto& bytes) { return core::may_reach(reach, detail::IpAddress::of(bytes)); };
    return address.is_v4() ? ask(address.to_v4().to_bytes()) : ask(address.to_v6().to_bytes());
}

} // namespace connector_detail

Connector::Connector(const Strand& strand, const std::shared_ptr<TransportListener>& owner, Done done)
    : strand_(strand), resolver_(strand), timer_(strand), done_(std::move(done))
{
    life_.begin(owner);
}

Connector::~Connector() { life_.end(); }

void Connector::connect(const std::string& host, std::uint16_t port, const Reach& reach)
{
    error_code not_an_address;
    const auto address = boost::asio::ip::make_address(host, not_an_address);
    name_ = not_an_address ? host + ":" + std::to_string(port) : to_string({address, port});
    if (not_an_address) return look_up(host, port, reach);
    if (connector_detail::may_reach(reach, address)) return race({{address, port}});
    boost::asio::post(strand_, life_.bind([this, address] { finish(not_allowed({address}), {}); }));
}

void Connector::connect(std::string name, std::vector<HappyEyeballs::Endpoint> endpoints)
{
    name_ = std::move(name);
    race(std::move(endpoints));
}

void Connector::look_up(const std::string& host, std::uint16_t port, const Reach& reach)
{
    const auto looked_up = [this, port, reach](error_code ec, const Addresses& addresses) {
        if (ec) return finish({ec, Phase::resolve, name_}, {});
        life_.listener().on_resolved(addresses.size());
        std::vector<HappyEyeballs::Endpoint> endpoints;
        for (const auto& address : addresses)
            if (connector_detail::may_reach(reach, address)) endpoints.emplace_back(address, port);
        if (endpoints.empty()) return finish(not_allowed(addresses), {});
        race(std::move(endpoints));
    };
    resolver_.look_up(host, life_.bind(looked_up));
}

Error Connector::not_allowed(const Addresses& addresses) const
{
    std::string detail = name_ + ":";
    for (const auto& address : addresses) detail += ' ' + address.to_string();
    return {errc::address_not_allowed, Phase::connect, detail};
}

void Connector::race(std::vector<HappyEyeballs::Endpoint> endpoints)
{
    race_.emplace(std::move(endpoints));
    attempts_.resize(race_->endpoints().size());
    run(race_->start());
}

void Connector::run(const HappyEyeballs::Command& command)
{
    if (command.connect) attempt(*command.connect);
    if (command.wait) wait();
    if (command.give_up) finish(failure(), {});
}

void Connector::attempt(std::size_t index)
{
    auto& socket = attempts_[index].emplace(strand_);
    socket.async_connect(race_->endpoints()[index], life_.bind([this, index](error_code ec) {
        if (!race_) return;
        auto attempted = std::exchange(attempts_[index], std::nullopt);
        if (ec) return run(race_->failed(index, ec));
        finish({}, std::move(attempted));
    }));
}

void Connector::wait()
{
    timer_.expires_after(HappyEyeballs::head_start);
    timer_.async_wait(life_.bind([this, number = ++waits_](error_code) {
        if (race_ && number == waits_) run(race_->waited());
    }));
}

Error Connector::failure() const
{
    const auto why = race_->error();
    const auto& endpoints = race_->endpoints();
    if (endpoints.size() == 1 && to_string(endpoints.front()) == name_) return {why.code(), why.phase(), name_};
    return {why.code(), why.phase(), name_ + " (" + std::string(why.detail()) + ")"};
}

void Connector::finish(const Error& error, std::optional<TcpSocket> socket)
{
    race_.reset();
    attempts_.clear();
    timer_.cancel();
    const auto done = std::move(done_);
    done(error, std::move(socket)); // which may be the end of this object
}

} // namespace websockxx::io
