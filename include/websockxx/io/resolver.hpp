// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/error.hpp>
#include <websockxx/io/transport.hpp>

#include <boost/asio/ip/address.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace websockxx::io {

using Addresses = std::vector<boost::asio::ip::address>;

/// Looks a name up, on a thread that may block for as long as that takes. Called from several threads at once.
using Lookup = std::function<error_code(const std::string& host, Addresses& addresses)>;

/// The system's lookup: getaddrinfo(). Without AI_ADDRCONFIG, which hides ::1 and 127.0.0.1 on a machine that has no
/// other address.
[[nodiscard]] error_code system_lookup(const std::string& host, Addresses& addresses);

/// The threads that names are looked up on. A lookup cannot be stopped, and may take minutes; so nobody ever waits for
/// one of these threads: they belong to no context, are there only while there is something to look up, and a program
/// may end while they run.
///
/// Names are looked up one by one when all threads are busy, and a name that is being looked up is not looked up a
/// second time beside that.
///
/// Threads   All members, from any thread. The lookups' own threads get no signals.
class LookupThreads {
public:
    explicit LookupThreads(Lookup lookup = system_lookup, std::size_t most_threads = 64);
    LookupThreads(const LookupThreads&) = delete;
    LookupThreads& operator=(const LookupThreads&) = delete;

    /// Those that everybody uses. They are never destroyed, since they may be running when the program ends.
    [[nodiscard]] static LookupThreads& shared();

    /// Another lookup from now on, for tests.
    void set_lookup(Lookup lookup);

private:
    friend class Resolver;
    struct Pending;
    struct State;

    void look_up(const std::string& host, const std::shared_ptr<Pending>& pending);

    std::shared_ptr<State> state_;
};

/// Looks names up for one connector, one after another.
///
/// Threads   On the strand, which is also where the answer comes.
/// Lifetime  Destroyed, it forgets the lookup that is going on: that holds nothing up, neither the context's run() nor
///           its destruction.
class Resolver {
public:
    /// With an error, or with at least one address.
    using Done = std::function<void(error_code, Addresses)>;

    explicit Resolver(Strand strand, LookupThreads& threads = LookupThreads::shared());
    ~Resolver();
    Resolver(const Resolver&) = delete;
    Resolver& operator=(const Resolver&) = delete;

    /// Calls `done` once, never from inside, unless this is destroyed before.
    void look_up(const std::string& host, Done done);
    /// Whether it has not been called yet.
    [[nodiscard]] bool pending() const noexcept;

private:
    Strand strand_;
    LookupThreads& threads_;
    std::shared_ptr<LookupThreads::Pending> pending_;
};

} // namespace websockxx::io
