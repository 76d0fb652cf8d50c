// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/io/mailbox.hpp>
#include <websockxx/registry.hpp>

#include <functional>
#include <map>
#include <mutex>
#include <utility>

namespace websockxx {

struct Registry::Names {
    std::mutex mutex;
    std::map<std::string, std::weak_ptr<io::Mailbox>, std::less<>> holders;
};

/// A name that is taken, until the holder's mailbox lets go of it.
class Registry::Claim {
public:
    Claim(std::shared_ptr<Registry> registry, std::string name) : registry_(std::move(registry)), name_(std::move(name))
    {
    }
    ~Claim()
    {
        if (!taken_) return;
        const std::lock_guard lock{registry_->names_->mutex};
        registry_->names_->holders.erase(name_);
    }
    Claim(const Claim&) = delete;
    Claim& operator=(const Claim&) = delete;

    /// False: somebody else has it.
    [[nodiscard]] bool take(const std::shared_ptr<io::Mailbox>& mailbox)
    {
        const std::lock_guard lock{registry_->names_->mutex};
        taken_ = registry_->names_->holders.emplace(name_, mailbox).second;
        return taken_;
    }

private:
    const std::shared_ptr<Registry> registry_;
    const std::string name_;
    bool taken_ = false;
};

struct RegistryAccess {
    static result<void> claim(Registry& registry, std::string name, const std::shared_ptr<io::Mailbox>& mailbox)
    {
        return registry.claim(std::move(name), mailbox);
    }
};

Registry::Registry() : names_(std::make_unique<Names>()) {}

Registry::~Registry() = default;

Registry& Registry::shared()
{
    // Never destroyed: at the end of the program the shared Runtime may still use it.
    static const auto& registry = *new auto(std::make_shared<Registry>());
    return *registry;
}

result<void> Registry::claim(std::string name, const std::shared_ptr<io::Mailbox>& mailbox)
{
    auto claim = std::make_shared<Claim>(shared_from_this(), name);
    if (!claim->take(mailbox)) return Error{errc::already_started, Phase::none, "\"" + name + '"'};
    mailbox->keep(std::move(claim));
    return {};
}

std::shared_ptr<io::Mailbox> Registry::look_up(std::string_view name, bool (*is)(const Client* client)) const
{
    std::shared_ptr<io::Mailbox> holder; // given back without the lock: a last share frees the name
    {
        const std::lock_guard lock{names_->mutex};
        const auto found = names_->holders.find(name);
        if (found != names_->holders.end()) holder = found->second.lock();
    }
    if (holder && !holder->client_is(is)) holder.reset();
    return holder;
}

std::vector<std::string> Registry::names() const
{
    std::vector<std::string> names;
    const std::lock_guard lock{names_->mutex};
    names.reserve(names_->holders.size());
    for (const auto& [name, holder] : names_->holders) names.push_back(name);
    return names;
}

result<void> Registry::send_frame(
    std::string_view name, Frame frame, std::chrono::milliseconds timeout, Delivery delivery) const
{
    const auto ref = find(name);
    if (!ref) return nobody(name);
    return ref.send_frame(std::move(frame), timeout, delivery);
}

Error Registry::nobody(std::string_view name)
{
    return Error{errc::no_such_client, Phase::none, "\"" + std::string{name} + '"'};
}

} // namespace websockxx
