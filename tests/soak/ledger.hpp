// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/error.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

namespace websockxx::soak {

/// What was compared in all ledgers, and what of it was not true. Any thread.
class Truth {
public:
    void compared();
    void lied(const std::string& how);
    /// Whether nothing was.
    [[nodiscard]] bool holds() const;
    void print() const;

private:
    mutable std::mutex mutex_;
    std::size_t compared_ = 0;
    std::map<std::string, std::size_t> lies_;
};

/// What the sender of each message of one client was told of it, against what comes back from a server that echoes, in
/// order. Only where nobody can change a message on its way. Any thread.
class Ledger {
public:
    explicit Ledger(Truth& truth) : truth_(truth) {}

    /// The number of the next message, while the client has had so many connections.
    [[nodiscard]] std::uint64_t begin(std::uint64_t connections);
    void told(std::uint64_t number, error_code ec, std::uint64_t connections);
    void came_back(std::uint64_t number, std::uint64_t connections);

private:
    enum class Fate : std::uint8_t { pending, sent, never_left, unknown };
    struct Message {
        std::uint64_t number = 0;
        std::uint64_t begun_on = 0; ///< the connection
        Fate fate = Fate::pending;
        bool left_there = false; ///< on the one that it was begun on, and on no other
        bool back = false;
    };

    [[nodiscard]] static Fate fate_of(error_code ec);
    [[nodiscard]] Message* find(std::uint64_t number);
    void expect_back(const Message& message);

    Truth& truth_;
    std::mutex mutex_;
    std::array<Message, 512> newest_{};
    std::uint64_t last_ = 0;
    std::uint64_t last_back_ = 0;
    std::uint64_t back_on_ = 0; ///< the connection on which that came
};

} // namespace websockxx::soak
