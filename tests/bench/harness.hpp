// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

/// What a contestant is told: `bench_X MODE URL [key=value ...]`.
struct Arguments {
    std::string library; ///< the contestant's name
    std::string mode;    ///< recv, send, echo, rtt, pace, threads, scale
    bool secure = false; ///< wss
    std::string host;
    std::string port;
    std::size_t n = 100'000;    ///< messages that are measured
    std::size_t warmup = 0;     ///< messages before that; by default a twentieth
    std::size_t size = 64;      ///< bytes of a message
    bool text = true;           ///< type=t, not type=b
    bool deflate = false;       ///< offer permessage-deflate
    std::size_t inflight = 100; ///< echo: messages under way
    std::size_t threads = 8;
    std::size_t conns = 1'000;                 ///< scale
    std::chrono::seconds secs{10};             ///< scale: how long idle, and then how long one echo a second
    std::chrono::microseconds interval{1'000}; ///< pace (key `us`)
    std::string ca;                            ///< trust this authority, a PEM file
    std::string via;                           ///< which of several ways to do it, where a contestant has them
};

/// Runs a contestant with what the command line says; its exceptions end on stderr. For main(). `--built-with` instead
/// of it all says what the program was built with.
int run_main(int argc, char** argv, std::string_view library, const std::function<void(const Arguments&)>& contestant);

/// What a message says: JSON-like text, or bytes without a pattern. The server and the clients make the same.
[[nodiscard]] std::string make_payload(std::size_t size, bool text);

/// Nanoseconds of the steady clock, which is one for all processes.
[[nodiscard]] std::int64_t now_ns();

/// A moment as text in the first bytes of a message.
inline constexpr std::size_t stamp_size = 20;
void write_stamp(char* to, std::int64_t ns);
[[nodiscard]] std::int64_t read_stamp(std::string_view message);

/// The processor time of this process, and how much memory it has.
struct Usage {
    double wall = 0, user = 0, system = 0; ///< seconds
    [[nodiscard]] static Usage now();
    [[nodiscard]] Usage since(const Usage& before) const;
};
[[nodiscard]] std::size_t max_resident_kb();
[[nodiscard]] std::size_t resident_bytes();
[[nodiscard]] std::size_t heap_bytes(); ///< of the main thread's arena

/// One line on stdout: `RESULT lib=... mode=... ...`.
class Result {
public:
    Result(const Arguments& arguments, std::size_t messages, const Usage& used);
    Result& add(std::string_view key, double value);
    void print() const;

private:
    std::string line_;
};

/// Collects durations, in nanoseconds.
class Latencies {
public:
    void reserve(std::size_t count) { samples_.reserve(count); }
    void add(std::int64_t ns) { samples_.push_back(ns); }
    void clear() { samples_.clear(); }
    [[nodiscard]] bool empty() const { return samples_.empty(); }
    /// In microseconds.
    [[nodiscard]] double percentile(double percent) const;

private:
    std::vector<std::int64_t> samples_;
};

} // namespace bench
