// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace websockxx::test {

/// A direction through a FaultProxy.
enum class Way : std::uint8_t { to_server, to_client };

/// How a FaultProxy ends a connection, on both sides.
enum class End : std::uint8_t {
    fin,   ///< end of stream; what still comes is dropped
    reset, ///< RST
};

/// What a FaultProxy does to the bytes of one direction of a connection. They are counted from the moment at which the
/// toxic was set; on a connection made later, from its first one.
struct Toxic {
    enum class Then : std::uint8_t {
        pass,       ///< go on
        swallow,    ///< read what comes, and drop it: a black hole that acknowledges
        hold,       ///< read nothing more, so that the sender gets stuck
        half_close, ///< end this direction, and no other; drop what still comes
        end,        ///< as End::fin
        reset,      ///< as End::reset
    };

    std::chrono::milliseconds delay{0};         ///< of each piece, behind its arrival
    std::size_t rate_bytes = 0;                 ///< so many at most leave at once; 0: any number
    std::chrono::milliseconds rate_interval{0}; ///< and then none for so long
    std::optional<std::uint64_t> flip_at = {};  ///< the offset of a byte that has its bits inverted
    std::uint64_t after = 0;                    ///< once so many bytes have passed (0: at once) ...
    Then then = Then::pass;                     ///< ... this happens
};

/// A TCP proxy for one server on 127.0.0.1, which makes the faults that a network makes. It has a thread of its own,
/// and a port of the system's choice, which stays its own while nobody listens there, so that it can be refused and
/// come back. Nothing happens at random or by waiting: by count of bytes, or when it is called.
///
/// Commands have taken effect when they return. Made for Linux: "ignored" needs a backlog that can be filled, and other
/// addresses must be on the loopback device.
class FaultProxy {
public:
    static constexpr std::chrono::seconds limit{20};

    /// Counted over all connections.
    struct Tally {
        std::size_t accepted = 0;
        std::size_t open = 0; ///< of those
        std::uint64_t came_to_server = 0;
        std::uint64_t came_to_client = 0;
        std::uint64_t passed_to_server = 0; ///< taken by the kernel
        std::uint64_t passed_to_client = 0;
    };

    explicit FaultProxy(std::uint16_t server_port, const std::string& address = "127.0.0.1");
    ~FaultProxy();
    FaultProxy(const FaultProxy&) = delete;
    FaultProxy& operator=(const FaultProxy&) = delete;

    [[nodiscard]] std::uint16_t port() const;
    [[nodiscard]] std::string address() const;

    // Whoever connects from now on

    void accept(); ///< is accepted, as at the beginning
    void refuse(); ///< is refused
    void ignore(); ///< gets no answer
    /// Is accepted at another address, with the same port, and refused at the old one.
    void move_to(const std::string& address);
    /// Is led to another server.
    void lead_to(std::uint16_t server_port);

    // What happens to the connections

    void set(Way way, const Toxic& toxic);      ///< to those there are, and those to come
    void set_next(Way way, const Toxic& toxic); ///< to those to come
    void heal();                                ///< all toxics are gone; what they kept leaves
    void end_all(End how);                      ///< those there are

    [[nodiscard]] Tally tally() const;
    /// Throws, and so fails the test, if that does not become true; the message names `what`.
    void wait_until(std::string_view what, const std::function<bool(const Tally&)>& is_true) const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace websockxx::test
