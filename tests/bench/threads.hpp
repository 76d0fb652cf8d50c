// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "harness.hpp"

#include <array>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

/// @file Mode `threads`: several threads send over one connection. Each message begins with the number of its thread,
/// two digits, and its own number there, ten; the server sees to the order of each thread's.

namespace bench {

inline void write_digits(char* to, std::size_t digits, std::size_t value)
{
    for (auto* digit = to + digits; digit != to; value /= 10) *--digit = static_cast<char>('0' + value % 10);
}

/// Whether the messages of each thread come in order; for the server.
class Order {
public:
    static constexpr std::size_t size = 12; ///< of what it needs to see

    void take(std::string_view begin)
    {
        const auto thread = read_digits(begin.substr(0, 2));
        const auto message = read_digits(begin.substr(2));
        right_ = right_ && thread < next_.size() && message == next_[thread]++;
    }
    [[nodiscard]] bool right() const noexcept { return right_; }

private:
    static std::size_t read_digits(std::string_view text)
    {
        std::size_t value = 0;
        for (const auto digit : text) value = 10 * value + static_cast<std::size_t>(digit - '0');
        return value;
    }

    std::array<std::size_t, 100> next_{};
    bool right_ = true;
};

[[nodiscard]] inline std::size_t messages_of_all_threads(const Arguments& arguments)
{
    return arguments.n / arguments.threads * arguments.threads;
}

[[nodiscard]] inline std::string sink_command(const Arguments& arguments)
{
    return "sink " + std::to_string(messages_of_all_threads(arguments)) + " ordered";
}

/// Calls `send(message)` from all threads, and returns when they are through.
template <class Send>
void send_from_threads(const Arguments& arguments, Send send)
{
    if (arguments.threads == 0 || arguments.threads > 100) throw std::invalid_argument("1 to 100 threads");
    if (arguments.size < Order::size) throw std::invalid_argument("threads needs a larger size");
    const auto work = [&](std::size_t thread) {
        auto message = make_payload(arguments.size, true);
        write_digits(message.data(), 2, thread);
        for (std::size_t i = 0; i < arguments.n / arguments.threads; ++i) {
            write_digits(message.data() + 2, 10, i);
            send(message);
        }
    };
    std::vector<std::jthread> all;
    for (std::size_t thread = 0; thread < arguments.threads; ++thread) all.emplace_back(work, thread);
}

} // namespace bench
