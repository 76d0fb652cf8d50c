// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "harness.hpp"

#include <chrono>
#include <cstddef>
#include <string>

/// @file Mode `scale`: many connections on one thread. How fast they open, what each of them takes while it is idle,
/// and what one echo a second on each of them costs.

namespace bench {

/// What all connections of a fleet send, and how often that came back.
struct Echoes {
    std::string payload;
    std::size_t received = 0;
};

/// A Fleet has
///
///     Fleet(const Arguments&, Echoes&);
///     void connect_all();                          ///< returns when Arguments::conns are open
///     void run_for(std::chrono::milliseconds);     ///< runs its event loop
///     void begin_echo(std::size_t index, std::chrono::milliseconds after); ///< then once a second
template <class Fleet>
void run_scale(const Arguments& arguments)
{
    constexpr std::chrono::milliseconds settling{200}, second{1'000};
    Echoes echoes{make_payload(arguments.size, true)};
    Fleet fleet{arguments, echoes};
    const auto per_connection = [&](double value) { return value / static_cast<double>(arguments.conns); };
    const auto resident = resident_bytes();
    const auto heap = heap_bytes();

    const auto start = Usage::now();
    fleet.connect_all();
    const auto connecting = Usage::now().since(start);
    fleet.run_for(settling);
    const auto resident_each = per_connection(static_cast<double>(resident_bytes() - resident));
    const auto heap_each = per_connection(static_cast<double>(heap_bytes() - heap));

    const auto idle_start = Usage::now();
    fleet.run_for(arguments.secs);
    const auto idle = Usage::now().since(idle_start);

    // Spread over a second, so that they do not come all at once.
    for (std::size_t i = 0; i < arguments.conns; ++i) fleet.begin_echo(i, second * i / arguments.conns);
    fleet.run_for(second);
    echoes.received = 0;
    const auto busy_start = Usage::now();
    fleet.run_for(arguments.secs);
    const auto busy = Usage::now().since(busy_start);

    Result{arguments, echoes.received, busy}
        .add("conns", static_cast<double>(arguments.conns))
        .add("connect_per_s", static_cast<double>(arguments.conns) / connecting.wall)
        .add("connect_cpu_us", per_connection((connecting.user + connecting.system) * 1e6))
        .add("rss_bytes", resident_each)
        .add("heap_bytes", heap_each)
        .add("idle_cpu_ms_per_s", (idle.user + idle.system) * 1e3 / idle.wall)
        .add("busy_cpu_ms_per_s", (busy.user + busy.system) * 1e3 / busy.wall)
        .print();
}

} // namespace bench
