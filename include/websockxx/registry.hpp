// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/client.hpp>
#include <websockxx/config.hpp>
#include <websockxx/delivery.hpp>
#include <websockxx/error.hpp>
#include <websockxx/frame.hpp>
#include <websockxx/ref.hpp>

#include <chrono>
#include <concepts>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace websockxx {

/// Clients by name (Options::name): of one name there is never more than one at a time. shared() serves the program;
/// one of your own (WebSockex's `:via`) is made with std::make_shared and given to Options::registry.
///
/// A name is taken before the first attempt to connect, and free again when the client is destroyed, before anybody
/// who waits for its end is told: after `ref.wait()`, a start() with the same name succeeds.
///
/// Threads   All members, from any thread and any callback; send_frame() as Ref::send_frame().
/// Lifetime  Clients keep the registry that their name is in.
class WEBSOCKXX_DECL Registry : public std::enable_shared_from_this<Registry> {
public:
    Registry();
    Registry(const Registry&) = delete;
    Registry& operator=(const Registry&) = delete;
    ~Registry();

    /// The one of the program, which start() uses if it is given none.
    [[nodiscard]] static Registry& shared();

    /// The client of that name; empty if there is none, or if it is no `C`.
    template <std::derived_from<Client> C = Client>
    [[nodiscard]] Ref<C> find(std::string_view name) const
    {
        return Ref<C>{look_up(name, [](const Client* client) { return dynamic_cast<const C*>(client) != nullptr; })};
    }

    /// The names that are taken now, in alphabetical order.
    [[nodiscard]] std::vector<std::string> names() const;

    /// As Ref::cast(), to the client of that name: `registry.cast<Chat>("lobby", Say{"hello"})`. Errors:
    /// no_such_client, and those of Ref::cast().
    template <std::derived_from<Client> C, class M>
        requires detail::HandlesCast<C, detail::Kept<M>>
    result<void> cast(std::string_view name, M&& message) const
    {
        const auto ref = find<C>(name);
        if (!ref) return nobody(name);
        return ref.cast(std::forward<M>(message));
    }

    /// As Ref::send_frame(), to the client of that name. Errors: no_such_client, and those of Ref::send_frame().
    result<void> send_frame(std::string_view name, Frame frame,
        std::chrono::milliseconds timeout = std::chrono::seconds{5}, Delivery delivery = {}) const;

private:
    friend struct RegistryAccess;
    class Claim;

    [[nodiscard]] std::shared_ptr<io::Mailbox> look_up(std::string_view name, bool (*is)(const Client* client)) const;
    [[nodiscard]] result<void> claim(std::string name, const std::shared_ptr<io::Mailbox>& mailbox);
    [[nodiscard]] static Error nobody(std::string_view name);

    struct Names;
    const std::unique_ptr<Names> names_;
};

} // namespace websockxx
