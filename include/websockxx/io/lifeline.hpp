// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/io/transport.hpp>

#include <memory>
#include <new>
#include <utility>

namespace websockxx::io {

/// What the handlers of a transport's pending operations hold on to: a share of the owner, and whether the transport
/// still exists and was not closed. A handler that comes too late, as that of a name lookup may, then touches nothing.
///
/// A copy stands for the same transport, and outlives it: that is how a function finds out that the listener which it
/// called has ended it.
class Lifeline {
public:
    /// The owner is not held here, only in handlers: an owner that is forgotten together with its executor is freed.
    void begin(const std::shared_ptr<TransportListener>& owner)
    {
        owner_ = owner;
        listener_ = owner.get();
        *alive_ = true;
    }

    void end() noexcept { *alive_ = false; }

    [[nodiscard]] bool alive() const noexcept { return *alive_; }

    [[nodiscard]] TransportListener& listener() const noexcept { return *listener_; }

    /// A handler that runs the function if this has not ended by then.
    template <class Function>
    [[nodiscard]] auto bind(Function function) const
    {
        return [share = owner_.lock(), alive = alive_, function = std::move(function)](auto&&... arguments) mutable {
            if (!*alive) return;
            try {
                function(std::forward<decltype(arguments)>(arguments)...);
            }
            catch (const std::bad_alloc&) { // must not reach whoever runs the context: it is this client's alone
                share->on_out_of_memory();
            }
        };
    }

private:
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(false);
    std::weak_ptr<TransportListener> owner_;
    TransportListener* listener_ = nullptr;
};

} // namespace websockxx::io
