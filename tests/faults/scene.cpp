// SPDX-License-Identifier: BSL-1.0
#include "scene.hpp"

#include "support/test.hpp"

#include <stdexcept>
#include <utility>

namespace websockxx::faults {

using namespace test;
using namespace std::chrono_literals;

const CertificateAuthority& authority()
{
    static const CertificateAuthority made;
    return made;
}

const Identity& identity()
{
    static const auto issued = authority().issue({.dns_names = {"*.names.test"}});
    return issued;
}

Scene::Scene(bool secure, const Timeouts& timeouts, int failures)
    : secure_(secure),
      failures_(failures),
      server({.identity = secure ? std::optional{identity()} : std::nullopt}),
      proxy(server.port()),
      names(proxy.address())
{
    patient_ = Conn{.secure = secure, .host = names.name(), .port = proxy.port(), .target = "/ws"};
    patient_.tls.system_roots = false;
    patient_.tls.ca_pem = authority().certificate();
    patient_.limits.send_queue_bytes = 64 * 1024 * 1024;
    conn_ = patient_;
    conn_.timeouts = timeouts;
}

Script Scene::script()
{
    Script script;
    script.on_connect = [this](WatchedClient&, const Connected&) {
        connects_.push_back(Clock::now());
        return Client::ok();
    };
    script.on_disconnect = [this](WatchedClient&, const Disconnect& why) {
        told_.push_back({why.reason, why.established, Clock::now()});
        if (why.attempt == failures_) heal();
        return Client::ask_policy();
    };
    return script;
}

Options Scene::options()
{
    // The library's own policy decides; only where to is another matter.
    const auto decide = [this, backoff = policy::Backoff{.base = 5ms, .cap = 20ms}](const Retry& retry) {
        auto decision = backoff(retry);
        const bool retries = decision.kind() == Decision::Kind::reconnect;
        return retries && is_healed_ ? decision.with_conn(patient_) : decision;
    };
    return {.async = true, .handle_initial_conn_failure = true, .reconnect = decide, .log = {}};
}

void Scene::begin()
{
    client_ = start_link(std::make_unique<WatchedClient>(watch_, script()), conn_, options()).value();
}

void Scene::expect(std::string_view line)
{
    auto next = watch_->next();
    while (next.starts_with("pong:")) next = watch_->next();
    if (next != line) throw std::runtime_error{"\"" + next + "\" in place of \"" + std::string{line} + '"'};
}

void Scene::expect_pong()
{
    if (const auto next = watch_->next(); !next.starts_with("pong:"))
        throw std::runtime_error{'"' + next + "\" in place of a pong"};
}

void Scene::connect()
{
    begin();
    expect("connect");
    (void)server.wait_for(Seen::connected);
}

void Scene::fall_silent()
{
    proxy.set(Way::to_server, {.then = Toxic::Then::hold});
    proxy.set(Way::to_client, {.then = Toxic::Then::hold});
}

void Scene::move()
{
    proxy.move_to("127.0.0.2");
    names.lead_to(proxy.address());
}

void Scene::heal()
{
    if (is_healed_.exchange(true)) return;
    server.answer_normally();
    proxy.lead_to(server.port());
    proxy.heal();
    proxy.accept();
    names.lead_to(proxy.address());
}

void Scene::echo()
{
    CHECK(client_.send_frame(Frame::text("anybody there?"), 20s));
    while (server.wait_for(Seen::text).data != "anybody there?") {}
    server.send_text("here");
    expect("text:here");
}

void Scene::end()
{
    expect("destroyed");
    CHECK(client_.wait());
    CHECK(watch_->empty());
    proxy.wait_until("the end of all connections", [](const auto& tally) { return tally.open == 0; });
}

} // namespace websockxx::faults
