// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "matrix.hpp"
#include "scene.hpp"

#include <future>
#include <optional>

namespace websockxx::faults {

/// Plays a cell of the matrix, over TCP or over TLS, with real sockets, and compares.
///
/// Where the matrix speaks of seconds less is enough: a time limit that is to pass is set to a fraction of a second,
/// all others are as they are by default; the delay is 100 ms; where the client is to bear a byte a second, one comes
/// each 10 ms.
class Play {
public:
    Play(const Cell& cell, bool secure);

    void run();

private:
    void bring_about();
    void looking_up();
    void connecting();
    void in_tls();
    void upgrading();
    void being_idle();
    void sending();
    void receiving();
    void closing();
    void backing_off();

    void strike_connection(test::Way way = test::Way::to_client);
    void compare();
    void compare(const Scene::Told& told) const;
    void compare_times() const;

    const Cell cell_;
    const Outcome outcome_;
    const Timeouts timeouts_;
    std::optional<test::FixtureServer> demanding_; // of a certificate that the client has not
    Scene scene_;
    Scene::Clock::time_point began_{};   // what the fault, or the time limit, was for
    Scene::Clock::time_point arrived_{}; // what came in spite of it
    std::optional<std::future<error_code>> sent_;
};

} // namespace websockxx::faults
