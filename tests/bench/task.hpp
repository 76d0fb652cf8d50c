// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "harness.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace bench {

/// What a contestant does after a message has come.
enum class Next {
    wait,   ///< for more
    send,   ///< the payload, once
    begin,  ///< what Task::begin() says: the warming up is over
    finish, ///< and print the result
};

/// What is measured over one connection, the same for all contestants: counts what comes and checks it.
///
/// It has two phases, of which the first warms up and the second is measured, from after the one to the last message.
class Task {
public:
    /// What a phase begins with: a command to the server, if any, and then so many times the payload.
    struct Opening {
        std::string command;
        std::size_t messages = 0;
    };

    explicit Task(const Arguments& arguments);

    [[nodiscard]] const char* target() const noexcept { return echoes_ ? "/echo" : "/cmd"; }
    [[nodiscard]] const std::string& payload() const noexcept { return payload_; }
    [[nodiscard]] bool text() const noexcept { return arguments_.text; }

    /// When the connection is open, and on Next::begin.
    [[nodiscard]] Opening begin();
    [[nodiscard]] Next on_message(std::string_view message);
    /// On Next::finish.
    void print_result() const;

private:
    void check(std::string_view message) const;
    void take_time(std::string_view message);
    [[nodiscard]] Next end_phase();

    const Arguments& arguments_;
    const bool echoes_;
    const bool sends_;
    const bool paced_;
    const bool timed_;
    const std::string payload_;
    bool warming_up_ = true;
    std::size_t expected_ = 0;
    std::size_t sent_ = 0;
    std::size_t received_ = 0;
    std::int64_t sent_at_ = 0;
    Latencies latencies_;
    Usage begin_;
    std::optional<Usage> used_;
};

inline Task::Task(const Arguments& arguments)
    : arguments_(arguments),
      echoes_(arguments.mode == "echo" || arguments.mode == "rtt"),
      sends_(arguments.mode == "send"),
      paced_(arguments.mode == "pace"),
      timed_(arguments.mode == "rtt" || paced_),
      payload_(make_payload(arguments.size, arguments.text))
{
    if (!echoes_ && !sends_ && !paced_ && arguments.mode != "recv")
        throw std::invalid_argument("unknown mode: " + arguments.mode);
    if (paced_ && arguments.size < stamp_size) throw std::invalid_argument("pace needs a larger size");
    if (timed_) latencies_.reserve(arguments.n);
}

inline Task::Opening Task::begin()
{
    expected_ = warming_up_ ? arguments_.warmup : arguments_.n;
    received_ = 0;
    sent_ = 0;
    latencies_.clear();
    const auto count = std::to_string(expected_);
    const auto message = std::to_string(arguments_.size) + (arguments_.text ? " t" : " b");
    Opening opening;
    if (sends_) opening = {"sink " + count, expected_};
    else if (paced_) opening = {"pace " + count + ' ' + std::to_string(arguments_.interval.count()) + ' ' + message};
    else if (!echoes_) opening = {"blast " + count + ' ' + message};
    else opening.messages = sent_ = std::min(expected_, timed_ ? 1 : arguments_.inflight);
    begin_ = Usage::now();
    sent_at_ = now_ns();
    return opening;
}

inline Next Task::on_message(std::string_view message)
{
    check(message);
    if (sends_) return end_phase();
    ++received_;
    if (timed_) take_time(message);
    if (received_ == expected_) return end_phase();
    if (!echoes_ || sent_ == expected_) return Next::wait;
    ++sent_;
    return Next::send;
}

// All of it only while warming up: what is measured is the contestant.
inline void Task::check(std::string_view message) const
{
    const bool right = sends_                   ? message == "done"
                       : warming_up_ && !paced_ ? message == payload_
                                                : message.size() == payload_.size();
    if (!right) throw std::runtime_error("unexpected message: " + std::string(message.substr(0, 100)));
}

inline void Task::take_time(std::string_view message)
{
    const auto now = now_ns();
    latencies_.add(now - (paced_ ? read_stamp(message) : sent_at_));
    sent_at_ = now;
}

inline Next Task::end_phase()
{
    if (!warming_up_) {
        used_ = Usage::now().since(begin_);
        return Next::finish;
    }
    warming_up_ = false;
    return Next::begin;
}

inline void Task::print_result() const
{
    if (!used_) throw std::runtime_error("the connection ended too early");
    Result result{arguments_, expected_, *used_};
    if (timed_) result.add("p50_us", latencies_.percentile(50)).add("p99_us", latencies_.percentile(99));
    result.print();
}

} // namespace bench
