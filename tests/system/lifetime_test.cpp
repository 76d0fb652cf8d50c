// SPDX-License-Identifier: BSL-1.0
#include <websockxx/ref.hpp>

#include "support/fixture_server.hpp"
#include "support/io_threads.hpp"
#include "support/test.hpp"
#include "support/watched_client.hpp"

#include <websockxx/runtime.hpp>
#include <websockxx/start.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/use_future.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

using namespace websockxx;
using namespace websockxx::test;
using namespace std::chrono_literals;
using boost::asio::ip::tcp;

namespace {

/// Lets the kernel accept connections, and says nothing.
class SilentServer {
public:
    explicit SilentServer(int backlog = 10)
    {
        acceptor_.open(tcp::v4());
        acceptor_.bind({boost::asio::ip::make_address("127.0.0.1"), 0});
        acceptor_.listen(backlog);
    }
    std::string url(const char* scheme)
    {
        return scheme + std::string{"://127.0.0.1:"} + std::to_string(endpoint().port());
    }
    tcp::endpoint endpoint() { return acceptor_.local_endpoint(); }

    /// Returns when a client is connected and has begun to speak.
    void await_first_byte()
    {
        acceptor_.accept(socket_);
        std::array<char, 1> byte{};
        boost::asio::read(socket_, boost::asio::buffer(byte));
    }

private:
    boost::asio::io_context context_;
    tcp::acceptor acceptor_{context_};
    tcp::socket socket_{context_};
};

enum class Stage { lookup, connect, tls, upgrade, open, sending, closing, waiting };
constexpr std::array stages{Stage::lookup, Stage::connect, Stage::tls, Stage::upgrade, Stage::open, Stage::sending,
    Stage::closing, Stage::waiting};

enum class Way { own_thread, callback, other_thread, context_stopped_first, context_destroyed_first, runtime };
constexpr std::array ways{Way::own_thread, Way::callback, Way::other_thread, Way::context_stopped_first,
    Way::context_destroyed_first, Way::runtime};

Decision much_later(WatchedClient&, const Disconnect&) { return reconnect_in(1h); }

/// A client, brought to some stage of its life.
struct Scene {
    explicit Scene(Way way)
    {
        if (way != Way::runtime) threads.emplace();
    }

    FixtureServer server{{.receive_buffer_bytes = 64 * 1024}};
    SilentServer silent;
    SilentServer full{0};
    tcp::iostream occupant{full.endpoint()}; ///< fills the queue of `full`, where nobody else can connect then
    std::shared_ptr<Watch> watch = std::make_shared<Watch>();
    std::optional<IoThreads> threads; ///< behind what its clients use
    Link<WatchedClient> link;

    boost::asio::any_io_executor executor()
    {
        if (threads) return threads->get_executor();
        return Runtime::shared().get_executor();
    }
    /// Returns when what was asked for before is done or under way.
    void flush()
    {
        boost::asio::post(executor(), boost::asio::use_future([] {})).wait();
    }

    Link<WatchedClient> start(const std::string& url, const std::shared_ptr<Watch>& who, Script script = {})
    {
        Options options{.async = true, .log = {}};
        if (threads) options.executor = executor();
        auto client = std::make_unique<WatchedClient>(who, std::move(script));
        return start_link(std::move(client), url, std::move(options)).value();
    }
    void open(Script script = {})
    {
        link = start(server.url(), watch, std::move(script));
        CHECK(watch->next() == "connect");
    }

    void enter(Stage stage)
    {
        switch (stage) {
        case Stage::lookup: link = start("ws://localhost:" + std::to_string(server.port()) + "/ws", watch); return;
        case Stage::connect: link = start(full.url("ws"), watch); return flush();
        case Stage::tls: link = start(silent.url("wss"), watch); return silent.await_first_byte();
        case Stage::upgrade: link = start(silent.url("ws"), watch); return silent.await_first_byte();
        case Stage::open: return open();
        case Stage::sending:
            open();
            server.stall();
            CHECK(link.send(Frame::binary(std::string(8 * 1024 * 1024, 'x'))));
            return flush();
        case Stage::closing:
            open();
            server.stall();
            CHECK(link.close());
            return flush();
        case Stage::waiting:
            open({.on_disconnect = much_later});
            server.drop();
            CHECK(watch->next() == "disconnect 1 1006");
            return flush();
        }
    }

    void leave(Way way)
    {
        switch (way) {
        case Way::own_thread:
        case Way::runtime: link = {}; return;
        case Way::callback: {
            const auto other = start(server.url(), std::make_shared<Watch>());
            std::promise<void> left;
            CHECK(other.cast([&](auto&) {
                link = {};
                left.set_value();
                return Client::ok();
            }));
            return left.get_future().wait();
        }
        case Way::other_thread: return std::thread{[moved = std::move(link)] {}}.join();
        case Way::context_stopped_first: threads->stop(); break;
        case Way::context_destroyed_first: threads->destroy(); break;
        }
        link = {};
        threads->destroy();
    }

    /// All that has happened until the client was destroyed; fails if it is not.
    std::vector<std::string> lines()
    {
        std::vector<std::string> all;
        do all.push_back(watch->next());
        while (all.back() != "destroyed");
        return all;
    }
};

void check_nothing_works(const Ref<WatchedClient>& ref)
{
    CHECK_FALSE(ref.alive());
    CHECK(ref.send(Frame::text("x")).error().code() == errc::client_ended);
    CHECK(ref.send_frame(Frame::text("x")).error().code() == errc::client_ended);
    CHECK(ref.info("x").error().code() == errc::client_ended);
    CHECK(ref.cast([](auto&) { return Client::ok(); }).error().code() == errc::client_ended);
    CHECK(ref.send_after(0ms, "x").error().code() == errc::client_ended);
    CHECK(ref.close().error().code() == errc::client_ended);
    CHECK(ref.close(1000).error().code() == errc::client_ended);
    auto sent = ref.async_send_frame(Frame::text("x"), boost::asio::use_future([](error_code ec) { return ec; }));
    CHECK(sent.get() == errc::client_ended);
    CHECK(ref.async_wait(boost::asio::use_future).get().error.code() == ref.reason()->error.code());
    CHECK(ref.wait()->error.code() == ref.reason()->error.code());
    CHECK(ref.wait_for(1h).value()->error.code() == ref.reason()->error.code());
    ref.cancel(TimerId{1});
    ref.stop();
    ref.abort();
}

} // namespace

TEST_CASE("P28 a Link may end in every stage and in every way: nothing hangs, and nothing is called after the end",
    "[lifetime]")
{
    for (const auto stage : stages) {
        for (const auto way : ways) {
            INFO("stage " << static_cast<int>(stage) << ", way " << static_cast<int>(way));
            Scene scene{way};
            scene.enter(stage);
            const auto ref = scene.link.ref();
            scene.leave(way);
            // Those that wait for the end, or are it: the client is destroyed already.
            if (way == Way::runtime || way >= Way::context_stopped_first) CHECK_FALSE(ref.alive());
            const auto lines = scene.lines();
            if (scene.threads) scene.threads->destroy();
            CHECK(scene.watch->empty());

            const bool context_first = way == Way::context_stopped_first || way == Way::context_destroyed_first;
            const bool was_open = stage >= Stage::open;
            const auto terminated =
                std::ranges::count_if(lines, [](const auto& l) { return l.starts_with("terminate"); });
            if (stage != Stage::lookup) CHECK(terminated == (was_open && !context_first ? 1 : 0));
            CHECK(ref.wait()->error.code() == (context_first ? errc::runtime_ended : errc::stopped));
            check_nothing_works(ref);
        }
    }
}

TEST_CASE("P29 start works after stop, a thousand times", "[lifetime]")
{
    FixtureServer server;
    for (int i = 0; i < 1000; ++i) {
        const auto watch = std::make_shared<Watch>();
        {
            const auto link = start_link(std::make_unique<WatchedClient>(watch), server.url());
            REQUIRE(link.has_value());
        }
        for (const auto* line : {"connect", "terminate 1001", "destroyed"}) REQUIRE(watch->next() == line);
    }
}

namespace {

/// What many clients have gone through.
struct Census {
    std::atomic<int> made{0};
    std::atomic<int> destroyed{0};
    std::atomic<int> opened{0};
    std::atomic<int> terminated{0};
    std::atomic<int> out_of_turn{0}; ///< callbacks that the grammar does not have there
};

class Citizen : public Client {
public:
    explicit Citizen(Census& census) : census_(census) { ++census_.made; }
    ~Citizen() override
    {
        if (inside_ || (opened_ && !terminated_)) ++census_.out_of_turn;
        ++census_.destroyed;
    }
    Action handle_connect(const Connected&) override
    {
        const Visit visit{*this};
        if (!opened_) ++census_.opened;
        opened_ = true;
        return reply(Frame::text("hello"));
    }
    Action handle_frame(const Frame&) override
    {
        const Visit visit{*this};
        return ok();
    }
    Action handle_cast(int)
    {
        const Visit visit{*this};
        return reply(Frame::text("again"));
    }
    Decision handle_disconnect(const Disconnect& why) override
    {
        const Visit visit{*this};
        return why.attempt < 3 ? reconnect_in(1ms) : Decision{ok()};
    }
    void terminate(const CloseReason&) noexcept override
    {
        const Visit visit{*this};
        terminated_ = true;
        ++census_.terminated;
    }

private:
    struct Visit {
        explicit Visit(Citizen& citizen) : who(citizen)
        {
            if (who.inside_.exchange(true) || who.terminated_) ++who.census_.out_of_turn;
        }
        ~Visit() { who.inside_ = false; }
        Citizen& who;
    };

    Census& census_;
    std::atomic<bool> inside_{false};
    bool opened_ = false;
    bool terminated_ = false;
};

/// Starts so many clients, does one thing to each, and ends each sometime.
void crowd(int clients, FixtureServer& server, const boost::asio::any_io_executor& executor, Census& census)
{
    std::mt19937 random{4711};
    const auto draw = [&](int below) { return std::uniform_int_distribution{0, below - 1}(random); };
    std::vector<Ref<Citizen>> free;
    std::vector<Link<Citizen>> links(16);
    for (int i = 0; i < clients; ++i) {
        Options options{.async = true, .handle_initial_conn_failure = draw(2) == 0, .executor = executor, .log = {}};
        auto url = server.url(draw(8) == 0 ? "/refused" : "/ws");
        auto& link = links[static_cast<std::size_t>(draw(16))];
        link = start_link(std::make_unique<Citizen>(census), url, std::move(options)).value();
        switch (draw(8)) {
        case 0: (void)link.send(Frame::text("early")); break;
        case 1: (void)link.cast(1); break;
        case 2: (void)link.close(); break;
        case 3: link.abort(); break;
        case 4: (void)link.send_frame(Frame::text("maybe")); break;
        case 5: // whichever is the newest there by now
            server.wait_for(Seen::requested);
            server.reset();
            break;
        case 6: free.push_back(link.release()); break;
        default: break;
        }
    }
    for (const auto& ref : free) {
        ref.stop();
        CHECK(ref.wait().has_value());
    }
}

void check(const Census& census, int clients)
{
    CHECK(census.made == clients);
    CHECK(census.destroyed == clients);
    CHECK(census.opened == census.terminated);
    CHECK(census.opened > 0);
    CHECK(census.out_of_turn == 0);
}

} // namespace

TEST_CASE("a thousand clients that end in whatever stage, on three threads", "[lifetime]")
{
    FixtureServer server;
    Census census;
    IoThreads threads{3};
    crowd(1000, server, threads.get_executor(), census);
    threads.finish();
    check(census, 1000);
}

TEST_CASE("a thousand clients that end in whatever stage, on the library's thread, where a Link waits", "[lifetime]")
{
    FixtureServer server;
    Census census;
    crowd(1000, server, {}, census);
    check(census, 1000);
}
