// SPDX-License-Identifier: BSL-1.0
#include "support/fault_proxy.hpp"
#include "support/fixture_server.hpp"

#include <websockxx/io/resolver.hpp>
#include <websockxx/websockxx.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

/// How long abort() takes, from the call to the end of the client, in each phase.

namespace {

using namespace websockxx;
using namespace websockxx::test;
using namespace std::chrono_literals;
using boost::asio::ip::tcp;
using Clock = std::chrono::steady_clock;

constexpr auto limit = 50ms; // for 99 of 100

class Silent : public Client {
public:
    Action handle_frame(const Frame&) override { return ok(); }
    Decision handle_disconnect(const Disconnect&) override { return reconnect_in(std::chrono::hours{1}); }
};

Ref<Silent> begin(const std::string& url)
{
    Options options{.async = true, .handle_initial_conn_failure = true, .log = {}};
    return start(std::make_unique<Silent>(), url, std::move(options)).value();
}

void await_state(const Ref<Silent>& ref, Status::State state)
{
    while (ref.status().value().state != state) std::this_thread::yield();
}

/// Lets the kernel accept, and says nothing.
class Mute {
public:
    Mute() : acceptor_(context_, {boost::asio::ip::address_v4::loopback(), 0}) {}
    std::string url(const char* scheme)
    {
        return scheme + std::string{"://127.0.0.1:"} + std::to_string(acceptor_.local_endpoint().port());
    }
    /// Until a client has begun to speak.
    void await_first_byte()
    {
        socket_ = acceptor_.accept();
        std::array<char, 1> byte{};
        boost::asio::read(socket_, boost::asio::buffer(byte));
    }

private:
    boost::asio::io_context context_;
    tcp::acceptor acceptor_;
    tcp::socket socket_{context_};
};

/// A client in its phase, and what has to live as long.
struct Scene {
    Ref<Silent> ref;
    std::shared_ptr<void> world = {};
};

Scene looking_up()
{
    static std::mutex mutex;
    static std::condition_variable begun;
    static int lookups = 0;
    static const bool set = [] {
        io::LookupThreads::shared().set_lookup([](const std::string&, io::Addresses&) -> error_code {
            {
                const std::lock_guard lock{mutex};
                ++lookups;
                begun.notify_all();
            }
            std::condition_variable never;
            std::unique_lock lock{mutex};
            never.wait(lock, [] { return false; });
            return {};
        });
        return true;
    }();
    (void)set;
    // One name, and so one thread: a lookup that hangs serves all who ask.
    auto ref = begin("ws://hangs.test/");
    std::unique_lock lock{mutex};
    begun.wait(lock, [] { return lookups > 0; });
    return {ref};
}

Scene connecting()
{
    static FixtureServer server;
    static FaultProxy proxy{server.port()};
    static const bool ignores = (proxy.ignore(), true);
    (void)ignores;
    auto ref = begin("ws://127.0.0.1:" + std::to_string(proxy.port()) + "/ws");
    await_state(ref, Status::State::connecting);
    return {ref};
}

Scene mute(const char* scheme)
{
    static Mute server;
    auto ref = begin(server.url(scheme));
    server.await_first_byte();
    return {ref};
}

Scene idle()
{
    static FixtureServer server;
    auto ref = begin(server.url());
    await_state(ref, Status::State::connected);
    return {ref};
}

Scene stuck()
{
    const auto server = std::make_shared<FixtureServer>();
    auto ref = begin(server->url());
    await_state(ref, Status::State::connected);
    server->stall();
    (void)ref.send(Frame::binary(std::string(8 << 20, 'x')));
    (void)ref.status(); // behind it
    return {ref, server};
}

Scene closing()
{
    auto scene = stuck();
    (void)scene.ref.close();
    (void)scene.ref.status();
    return scene;
}

Scene waiting()
{
    auto ref = begin("ws://127.0.0.1:9/");
    await_state(ref, Status::State::waiting);
    return {ref};
}

/// Milliseconds.
std::vector<double> measure(const std::function<Scene()>& set_up, int rounds)
{
    std::vector<double> took;
    for (int round = 0; round < rounds; ++round) {
        const auto scene = set_up();
        const auto before = Clock::now();
        scene.ref.abort();
        (void)scene.ref.wait();
        took.push_back(std::chrono::duration<double, std::milli>(Clock::now() - before).count());
    }
    std::sort(took.begin(), took.end());
    return took;
}

} // namespace

int main(int argc, char** argv)
try {
    const int rounds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 1000;
    const std::pair<const char*, std::function<Scene()>> phases[] = {{"name lookup", looking_up},
        {"TCP connect", connecting}, {"TLS handshake", [] { return mute("wss"); }},
        {"opening handshake", [] { return mute("ws"); }}, {"open, idle", idle}, {"open, 8 MiB stuck", stuck},
        {"closing, 8 MiB stuck", closing}, {"waiting to reconnect", waiting}};
    bool good = true;
    std::printf("abort() to the end of the client, in ms, %d rounds each\n%-22s %8s %8s %8s\n", rounds, "phase", "p50",
        "p99", "max");
    for (const auto& [name, set_up] : phases) {
        const auto took = measure(set_up, rounds);
        const auto p99 = took[static_cast<std::size_t>(0.99 * static_cast<double>(took.size() - 1))];
        std::printf("%-22s %8.2f %8.2f %8.2f\n", name, took[took.size() / 2], p99, took.back());
        good = good && p99 <= static_cast<double>(limit.count());
    }
    std::fflush(stdout);
    if (!good) std::fprintf(stderr, "More than 50 ms in more than one round of a hundred.\n");
    std::_Exit(good ? 0 : 1); // a thread hangs in its lookup, as it may
}
catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
}
