// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/fault_proxy.hpp"
#include "support/fixture_server.hpp"
#include "support/names.hpp"
#include "support/tls_fixture.hpp"
#include "support/watched_client.hpp"

#include <websockxx/ref.hpp>
#include <websockxx/start.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace websockxx::faults {

/// Who vouches for the servers of all scenes.
[[nodiscard]] const test::CertificateAuthority& authority();
/// Of a server with any of the names that a scene gives it.
[[nodiscard]] const test::Identity& identity();

/// A server, a proxy before it, a name that leads to the proxy, and a client that connects to that name.
class Scene {
public:
    using Clock = std::chrono::steady_clock;

    /// When the client has been told of so many `failures`, all faults are healed before it tries again, and it tries
    /// with time limits that nothing exceeds. With 0 that is up to the test.
    Scene(bool secure, const Timeouts& timeouts, int failures);

    void begin(); ///< starts the client
    /// What the client notes next, but pongs, is this; else throws, and so fails the test.
    void expect(std::string_view line);
    void expect_pong();
    void connect();     ///< begins, and awaits the open connection
    void fall_silent(); ///< nothing passes the proxy, in either direction
    void move();        ///< the proxy has another address from now on, and the name leads there
    void heal();        ///< if it was not done
    void echo();        ///< a message each way, over the newest connection
    void end();         ///< awaits the end of the client, and of all connections

    [[nodiscard]] bool secure() const noexcept { return secure_; }
    [[nodiscard]] const Link<test::WatchedClient>& client() const noexcept { return client_; }

    // To be read once the client has ended

    struct Told {
        CloseReason reason;
        bool established;
        Clock::time_point at;
    };
    /// What handle_disconnect() was told.
    [[nodiscard]] const std::vector<Told>& told() const noexcept { return told_; }
    /// When each handle_connect() was called.
    [[nodiscard]] const std::vector<Clock::time_point>& connects() const noexcept { return connects_; }

private:
    [[nodiscard]] test::Script script();
    [[nodiscard]] Options options();

    const bool secure_;
    const int failures_;
    Conn conn_;
    Conn patient_;
    std::atomic<bool> is_healed_ = false;
    std::vector<Told> told_;                  // on the client's thread
    std::vector<Clock::time_point> connects_; // on the client's thread
    std::shared_ptr<test::Watch> watch_ = std::make_shared<test::Watch>();

public:
    test::FixtureServer server;
    test::FaultProxy proxy;
    test::Names names;

private:
    Link<test::WatchedClient> client_; // ends first
};

} // namespace websockxx::faults
