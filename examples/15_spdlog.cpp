// SPDX-License-Identifier: BSL-1.0

// The library's lines, its trace and its events in spdlog. Built only where spdlog is installed.

#include "support/echo_server.hpp"

#include <websockxx/websockxx.hpp>

#include <spdlog/spdlog.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

using namespace websockxx;

// region: log
void log_to_spdlog(Severity severity, std::string_view line)
{
    switch (severity) {
    case Severity::trace: return spdlog::debug("{}", line);
    case Severity::warning: return spdlog::warn("{}", line);
    case Severity::error: return spdlog::error("{}", line);
    }
}
// endregion

// region: observer
class SpdlogObserver : public Observer {
public:
    void upgraded(const observed::Upgraded& event) noexcept override
    {
        spdlog::info("{} connected in {} us", event.origin.name, in_us(event.took));
    }
    void disconnected(const observed::Disconnected& event) noexcept override
    {
        const auto level = event.reason.normal() ? spdlog::level::info : spdlog::level::warn;
        spdlog::log(level, "{} attempt {}: {}", event.origin.name, event.origin.attempt, event.reason.message());
    }
    void retry_scheduled(const observed::RetryScheduled& event) noexcept override
    {
        spdlog::info("{} tries again in {} ms", event.origin.name, event.delay.count());
    }

private:
    static std::int64_t in_us(std::chrono::nanoseconds time)
    {
        return std::chrono::duration_cast<std::chrono::microseconds>(time).count();
    }
};
// endregion

class Greeter : public Client {
public:
    Action handle_connect(const Connected&) override { return reply(Frame::text("hello")); }
    Action handle_frame(const Frame&) override { return close(); }
};

int main()
{
    const example::EchoServer server;
    spdlog::set_level(spdlog::level::debug);

    const auto greeter = start_link<Greeter>(server.url(), {.name = "greeter",
                                                               .log = log_to_spdlog,
                                                               .observer = std::make_shared<SpdlogObserver>(),
                                                               .debug = {.trace = true}});
    if (!greeter) {
        spdlog::error("{}", greeter.error().message());
        return 1;
    }
    return greeter->wait()->normal() ? 0 : 1;
}
