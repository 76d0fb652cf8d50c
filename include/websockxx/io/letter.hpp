// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/action.hpp>

#include <typeinfo>

namespace websockxx {
class Client;
}

namespace websockxx::io {

/// A cast or an info on its way to the client.
class Letter {
public:
    Letter() = default;
    Letter(const Letter&) = delete;
    Letter& operator=(const Letter&) = delete;
    virtual ~Letter() = default;

    /// Calls the client's handler; what it throws passes through.
    [[nodiscard]] virtual Action deliver(Client& client) = 0;
    /// The message's type, to be shown.
    [[nodiscard]] virtual const std::type_info& type() const noexcept { return typeid(*this); }
    /// The message's type if the client has no handler for it, and deliver() must not be called; else nullptr.
    [[nodiscard]] virtual const std::type_info* unhandled() const noexcept { return nullptr; }
};

} // namespace websockxx::io
