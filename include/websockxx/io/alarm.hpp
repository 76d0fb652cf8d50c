// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/io/transport.hpp>

#include <chrono>
#include <memory>

namespace websockxx::io {

/// The clock of a connection, and the one alarm on it. Tests put one in that they turn by hand.
///
/// Threads   Used, and rings, on the connection's strand.
class Alarm {
public:
    class Listener {
    public:
        /// The moment has come; may also ring too early or once too often.
        virtual void on_alarm() = 0;

    protected:
        ~Listener() = default;
    };

    Alarm() = default;
    Alarm(const Alarm&) = delete;
    Alarm& operator=(const Alarm&) = delete;
    virtual ~Alarm() = default;

    /// Time since any fixed moment; never goes back.
    [[nodiscard]] virtual std::chrono::milliseconds now() const = 0;
    /// Rings at `moment`, and no more at any moment set before. Holds a share of `owner` until then.
    virtual void set(std::chrono::milliseconds moment, std::shared_ptr<Listener> owner) = 0;
    /// Does not ring any more.
    virtual void cancel() noexcept = 0;
};

/// The alarm on `std::chrono::steady_clock`.
[[nodiscard]] std::unique_ptr<Alarm> make_alarm(const Strand& strand);

} // namespace websockxx::io
