// SPDX-License-Identifier: BSL-1.0
#include "names.hpp"

#include <boost/asio/error.hpp>

#include <condition_variable>
#include <mutex>
#include <stdexcept>

namespace websockxx::test {

struct Names::State {
    explicit State(std::string what) : name(std::move(what)) {}

    error_code answer(io::Addresses& addresses)
    {
        std::unique_lock lock{mutex};
        ++asked;
        changed.notify_all();
        if (late.count() > 0) changed.wait_for(lock, late, [this] { return late.count() == 0; });
        changed.wait(lock, [this] { return !held; });
        if (!error) addresses.push_back(boost::asio::ip::make_address(address));
        return error;
    }

    template <class Change>
    void change(Change how)
    {
        const std::lock_guard lock{mutex};
        held = false;
        error = {};
        late = {};
        how(*this);
        changed.notify_all();
    }

    const std::string name;
    std::mutex mutex;
    std::condition_variable changed;
    std::size_t asked = 0;
    bool held = false;
    std::chrono::milliseconds late{0};
    std::string address;
    error_code error;
};

namespace {

std::string next_name()
{
    static int last = 0;
    return std::to_string(++last) + ".names.test";
}

} // namespace

Names::Names(const std::string& address) : state_(std::make_shared<State>(next_name()))
{
    lead_to(address);
    io::LookupThreads::shared().set_lookup([state = state_](const std::string& host, io::Addresses& addresses) {
        return host == state->name ? state->answer(addresses) : io::system_lookup(host, addresses);
    });
}

Names::~Names()
{
    io::LookupThreads::shared().set_lookup(io::system_lookup);
    fail(boost::asio::error::host_not_found);
}

const std::string& Names::name() const noexcept { return state_->name; }

void Names::lead_to(const std::string& address)
{
    state_->change([&](State& state) { state.address = address; });
}

void Names::fail(error_code why)
{
    state_->change([&](State& state) { state.error = why; });
}

void Names::hold()
{
    state_->change([](State& state) { state.held = true; });
}

void Names::delay(std::chrono::milliseconds longer)
{
    state_->change([&](State& state) { state.late = longer; });
}

std::size_t Names::asked() const
{
    const std::lock_guard lock{state_->mutex};
    return state_->asked;
}

void Names::wait_until_asked(std::size_t times) const
{
    std::unique_lock lock{state_->mutex};
    if (!state_->changed.wait_for(lock, limit, [&] { return state_->asked >= times; }))
        throw std::runtime_error{state_->name + " has not been looked up"};
}

} // namespace websockxx::test
