// SPDX-License-Identifier: BSL-1.0
#include <websockxx/io/resolver.hpp>

#include "support/fixture_server.hpp"
#include "support/io_threads.hpp"
#include "support/test.hpp"
#include "support/watched_client.hpp"

#include <websockxx/runtime.hpp>
#include <websockxx/start.hpp>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <vector>

using namespace websockxx;
using namespace websockxx::test;
using namespace std::chrono_literals;

/// Ending a client at the worst moment.

namespace {

/// While it lives, its host is looked up for ever. Each has another one, since a lookup that is just ending serves all.
class HangingNames {
public:
    HangingNames()
    {
        io::LookupThreads::shared().set_lookup([state = state_](const std::string& host, io::Addresses& addresses) {
            if (host != state->host) return io::system_lookup(host, addresses);
            std::unique_lock lock{state->mutex};
            ++state->begun;
            state->changed.notify_all();
            state->changed.wait(lock, [&] { return state->released; });
            return make_error_code(boost::asio::error::host_not_found);
        });
    }
    ~HangingNames()
    {
        io::LookupThreads::shared().set_lookup(io::system_lookup);
        const std::lock_guard lock{state_->mutex};
        state_->released = true;
        state_->changed.notify_all();
    }
    HangingNames(const HangingNames&) = delete;
    HangingNames& operator=(const HangingNames&) = delete;

    std::string url() { return "ws://" + state_->host + "/"; }
    void wait_for_one()
    {
        std::unique_lock lock{state_->mutex};
        REQUIRE(state_->changed.wait_for(lock, 20s, [&] { return state_->begun > 0; }));
    }

private:
    inline static int last_number = 0;
    struct State {
        const std::string host = "hangs-" + std::to_string(++last_number) + ".test";
        std::mutex mutex;
        std::condition_variable changed;
        int begun = 0;
        bool released = false;
    };
    std::shared_ptr<State> state_ = std::make_shared<State>();
};

struct Counts {
    std::atomic<int> alive = 0;
    std::atomic<int> terminated = 0;
    std::atomic<int> opened = 0;
};

class Counted : public Client {
public:
    explicit Counted(std::shared_ptr<Counts> counts) : counts_(std::move(counts)) { ++counts_->alive; }
    ~Counted() override { --counts_->alive; }
    Action handle_connect(const Connected&) override
    {
        if (!std::exchange(opened_, true)) ++counts_->opened;
        return reply(Frame::text("hello"));
    }
    Action handle_frame(const Frame&) override { return ok(); }
    Action handle_cast(Frame frame) { return reply(std::move(frame)); }
    Decision handle_disconnect(const Disconnect&) override { return reconnect_in(1ms); }
    void terminate(const CloseReason&) noexcept override { ++counts_->terminated; }

private:
    std::shared_ptr<Counts> counts_;
    bool opened_ = false;
};

} // namespace

TEST_CASE("P26 P28 a client whose name is being looked up for ever ends when it is told to", "[system][stopping]")
{
    HangingNames names;
    IoThreads threads{1};
    const auto counts = std::make_shared<Counts>();
    const Options options{.async = true, .executor = threads.get_executor(), .log = {}};
    for (const bool stops : {false, true}) {
        const auto ref = start(std::make_unique<Counted>(counts), names.url(), options).value();
        names.wait_for_one();
        if (stops) ref.stop();
        else ref.abort();
        const auto reason = ref.wait_for(20s);
        REQUIRE(reason.value().has_value());
        CHECK((*reason.value()).error.code() == (stops ? errc::stopped : errc::aborted));
    }
    threads.finish(); // run() has nothing to wait for
    CHECK(counts->alive == 0);
}

TEST_CASE("P26 a name that is looked up for too long is told as such", "[system][stopping]")
{
    HangingNames names;
    auto conn = Conn::parse(names.url()).value();
    conn.timeouts.connect = 50ms;
    const auto link = start_link(std::make_unique<Counted>(std::make_shared<Counts>()), conn);
    REQUIRE(link.has_error());
    CHECK(link.error().code() == errc::connect_timeout);
    CHECK(link.error().phase() == Phase::resolve);
}

TEST_CASE("P26 an io_context whose client's name is being looked up is destroyed at once", "[system][stopping]")
{
    HangingNames names;
    const auto counts = std::make_shared<Counts>();
    std::optional<boost::asio::io_context> context{std::in_place};
    const Options options{.async = true, .executor = context->get_executor(), .log = {}};
    const auto ref = start(std::make_unique<Counted>(counts), names.url(), options).value();
    context->poll();
    names.wait_for_one();
    context.reset();
    CHECK(counts->alive == 0);
    CHECK(ref.reason()->error.code() == errc::runtime_ended);
}

TEST_CASE("P30 a paused client that nothing is pending for lives on, and is terminated when it is told to end",
    "[system][stopping]")
{
    FixtureServer server;
    const auto watch = std::make_shared<Watch>();
    boost::asio::io_context context;
    const auto ref = start(std::make_unique<WatchedClient>(watch), server.url(),
        {.async = true,
            .executor = context.get_executor(),
            .log = {}}).value();
    while (watch->empty()) REQUIRE(context.run_one_for(20s) == 1);
    CHECK(watch->next() == "connect");
    CHECK(ref.pause());
    context.poll();
    server.send_text("wakes the last wait for bytes");
    REQUIRE(context.run_one_for(20s) == 1);
    context.poll();
    REQUIRE(ref.alive());

    CHECK(ref.resume());
    while (watch->empty()) REQUIRE(context.run_one_for(20s) == 1);
    CHECK(watch->next() == "text:wakes the last wait for bytes");
    ref.stop();
    context.run_for(20s); // until there is nothing left
    CHECK(watch->next() == "terminate 1001");
    CHECK(watch->next() == "destroyed");
}

TEST_CASE("P1 P28 a thousand clients end in whatever phase they are", "[system][stopping]")
{
    HangingNames names;
    FixtureServer server;
    FixtureServer refusing; // and so always waiting for the next attempt
    refusing.answer_with({.status = 503});
    FixtureServer holding; // and so never opened
    holding.hold_upgrades();
    const std::vector<std::string> urls{
        server.url(), refusing.url(), holding.url(), names.url(), "ws://127.0.0.1:9/", "wss://127.0.0.1:9/"};

    std::mt19937 random{static_cast<std::mt19937::result_type>(GENERATE(1, 2))};
    const auto upto = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
    const auto counts = std::make_shared<Counts>();
    {
        IoThreads threads{2};
        std::vector<Link<Counted>> links;
        const auto end_one = [&] {
            const auto which = upto(links.size());
            auto link = std::move(links[which]);
            links.erase(links.begin() + static_cast<std::ptrdiff_t>(which));
            switch (upto(5)) {
            case 0: return link.abort();
            case 1: return link.stop();
            case 2: return static_cast<void>(link.close());
            case 3: return static_cast<void>(link.cast(Frame::binary(std::string(100'000, 'x'))));
            default: return; // it is enough to let go of it
            }
        };
        for (int i = 0; i < 500; ++i) {
            Options options{.async = true, .handle_initial_conn_failure = true, .log = {}};
            if (upto(2) == 0) options.executor = threads.get_executor();
            auto link = start_link(std::make_unique<Counted>(counts), urls[upto(urls.size())], options);
            REQUIRE(link.has_value());
            links.push_back(std::move(*link));
            while (links.size() > 40 || (!links.empty() && upto(3) == 0)) end_one();
        }
        std::vector<Ref<Counted>> refs;
        for (const auto& link : links) refs.push_back(link.ref());
        links.clear();
        for (const auto& ref : refs) CHECK(ref.wait_for(20s).value().has_value());
        threads.finish();
    }
    CHECK(counts->alive == 0);
    CHECK(counts->terminated == counts->opened);
}
