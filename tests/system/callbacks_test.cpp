// SPDX-License-Identifier: BSL-1.0
#include <websockxx/start.hpp>

#include "support/fixture_server.hpp"
#include "support/io_threads.hpp"
#include "support/test.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

/// Every public function, called from every callback: none hangs, each does what its documentation says, and the client
/// goes on or ends as documented.

using namespace websockxx;
using namespace websockxx::test;
using namespace std::chrono_literals;

namespace {

/// What has happened, on whatever thread, in no particular order.
class Ledger {
public:
    void note(std::string line)
    {
        const std::lock_guard lock{mutex_};
        lines_.push_back(std::move(line));
        noted_.notify_all();
    }
    /// Throws, and so fails the test, if it does not happen.
    void await(const std::string& line, std::ptrdiff_t times = 1)
    {
        std::unique_lock lock{mutex_};
        if (!noted_.wait_for(lock, 10s, [&] { return std::ranges::count(lines_, line) >= times; })) {
            std::string all;
            for (const auto& l : lines_) all += "\n  " + l;
            throw std::runtime_error("this did not happen: " + line + "; but this:" + all);
        }
    }
    std::ptrdiff_t count(const std::string& line)
    {
        const std::lock_guard lock{mutex_};
        return std::ranges::count(lines_, line);
    }

private:
    std::mutex mutex_;
    std::condition_variable noted_;
    std::vector<std::string> lines_;
};

enum class Place { connect, connect_again, frame, ping, pong, cast, info, disconnect, terminate, destructor };

struct Named {
    Place place;
    const char* name;
};

constexpr Named places[] = {
    {Place::connect, "handle_connect"},
    {Place::connect_again, "handle_connect, again"},
    {Place::frame, "handle_frame"},
    {Place::ping, "handle_ping"},
    {Place::pong, "handle_pong"},
    {Place::cast, "handle_cast"},
    {Place::info, "handle_info"},
    {Place::disconnect, "handle_disconnect"},
    {Place::terminate, "terminate"},
    {Place::destructor, "the destructor"},
};

struct Message {
    std::string name;
};

/// Another client, which a callback starts.
class Second : public Client {
public:
    explicit Second(Ledger& ledger) : ledger_(ledger) {}
    ~Second() override { ledger_.note("second destroyed"); }
    Action handle_connect(const Connected&) override
    {
        ledger_.note("second connect");
        return ok();
    }

private:
    Ledger& ledger_;
};

class Visitor;

/// What the test and the callbacks of a case share. Whoever changes it then notes a line that the other one awaits.
struct World {
    Ledger ledger;
    std::string url;
    boost::asio::any_io_executor executor; ///< empty: the library's thread
    Place place = Place::connect;
    std::function<error_code(World&, const Visitor&)> call;
    std::shared_future<void> ready; ///< `link` is there
    Link<Visitor> link;
    Ref<Client> second;
    Link<Client> second_link;

    std::unique_ptr<Second> make_second() { return std::make_unique<Second>(ledger); }
    [[nodiscard]] Options options(bool async) const { return {.async = async, .executor = executor, .log = {}}; }
};

class Visitor : public Client {
public:
    explicit Visitor(std::shared_ptr<World> world) : world_(std::move(world)) {}
    ~Visitor() override
    {
        visit(Place::destructor);
        note("destroyed");
    }

    Action handle_connect(const Connected&) override
    {
        visit(connects_++ == 0 ? Place::connect : Place::connect_again);
        note("connect");
        return ok();
    }
    Action handle_frame(const Frame&) override { return visit(Place::frame); }
    Action handle_ping(const Frame&) override { return visit(Place::ping); }
    Action handle_pong(const Frame&) override { return visit(Place::pong); }
    Action handle_cast(const Message& message)
    {
        return message.name.empty() ? visit(Place::cast) : note(message.name);
    }
    Action handle_info(const Message& message)
    {
        return message.name.empty() ? visit(Place::info) : note(message.name);
    }
    Decision handle_disconnect(const Disconnect& why) override
    {
        visit(Place::disconnect);
        return why.reason.by == CloseReason::By::transport ? reconnect_in(0ms) : Decision{ok()};
    }
    void terminate(const CloseReason&) noexcept override
    {
        note("terminate");
        visit(Place::terminate);
    }

private:
    Action note(const std::string& line)
    {
        world_->ledger.note(line);
        return ok();
    }
    Action visit(Place place)
    {
        if (place != world_->place || visited_) return ok();
        visited_ = true;
        world_->ready.wait();
        const auto ec = world_->call(*world_, *this);
        return note("called: " + ec.message());
    }

    std::shared_ptr<World> world_;
    int connects_ = 0;
    bool visited_ = false;
};

// ---- The functions

template <class T>
error_code code(const result<T>& result)
{
    return result ? error_code{} : result.error().code();
}

auto note(World& world, std::string line)
{
    return [&world, line = std::move(line)](
               error_code ec, const auto&...) { world.ledger.note(line + ": " + ec.message()); };
}

error_code hold(World& world, result<Ref<Second>> started)
{
    if (started) world.second = *started;
    return code(started);
}

error_code hold(World& world, result<Link<Second>> started)
{
    if (started) world.second_link = Link<Client>{Ref<Client>{started->release()}};
    return code(started);
}

auto hold_second(World& world)
{
    return [&world](error_code ec, auto handle) {
        (void)hold(world, result<decltype(handle)>{std::move(handle)});
        world.ledger.note("started: " + ec.message());
    };
}

enum class Fate { goes_on, closes_normally, closes_4000, is_stopped, is_aborted };

struct Function {
    const char* name;
    error_code (*call)(World&, const Visitor&);
    errc result{};                ///< what it answers
    Fate fate = Fate::goes_on;    ///< what becomes of a client that is connected
    Fate between = Fate::goes_on; ///< and of one that is not
    std::string open = "";        ///< a line that then follows if the client is connected,
    std::string not_open = "";    ///< if it is about to reconnect,
    std::string at_end = "";      ///< and at its end
    std::string afterwards = "";  ///< another that follows the end in any case

    Function says(const std::string& line) const { return says(line, line, line); }
    Function says(std::string while_open, std::string while_not_open, std::string while_ending = "") const
    {
        auto self = *this;
        self.open = std::move(while_open);
        self.not_open = std::move(while_not_open);
        self.at_end = std::move(while_ending);
        return self;
    }
};

std::string done(const char* what, error_code ec = {}) { return std::string(what) + ": " + ec.message(); }

/// Functions that block are refused in every callback.
std::vector<Function> blocking_functions()
{
    using W = World;
    using V = Visitor;
    const auto refused = errc::blocking_in_callback;
    const Function all[] = {
        {"send_frame", [](W&, const V& v) { return code(self(v).send_frame(Frame::text("x"))); }, errc::calling_self},
        {"wait", [](W&, const V& v) { return code(self(v).wait()); }, errc::calling_self},
        {"wait_for", [](W&, const V& v) { return code(self(v).wait_for(1h)); }, errc::calling_self},
        Function{
            "start", [](W& w, const V&) { return hold(w, start(w.make_second(), w.url, w.options(false))); }, refused}
            .says("second destroyed"),
        Function{"start_link",
            [](W& w, const V&) { return hold(w, start_link(w.make_second(), w.url, w.options(false))); }, refused}
            .says("second destroyed"),
    };
    return {std::begin(all), std::end(all)};
}

std::vector<Function> starting_functions()
{
    using W = World;
    using V = Visitor;
    const Function all[] = {
        Function{"start, async", [](W& w, const V&) { return hold(w, start(w.make_second(), w.url, w.options(true))); }}
            .says("second connect"),
        Function{"start_link, async",
            [](W& w, const V&) { return hold(w, start_link(w.make_second(), w.url, w.options(true))); }}
            .says("second connect"),
        Function{"async_start",
            [](W& w, const V&) {
                async_start(w.make_second(), w.url, w.options(false), hold_second(w));
                return error_code{};
            }}
            .says(done("started")),
        Function{"async_start_link",
            [](W& w, const V&) {
                async_start_link(w.make_second(), w.url, w.options(false), hold_second(w));
                return error_code{};
            }}
            .says(done("started")),
    };
    return {std::begin(all), std::end(all)};
}

std::vector<Function> sending_functions()
{
    using W = World;
    using V = Visitor;
    const Function all[] = {
        {"send", [](W&, const V& v) { return code(self(v).send(Frame::text("x"), Delivery::keep())); }},
        Function{"async_send_frame",
            [](W& w, const V& v) {
                self(v).async_send_frame(Frame::text("x"), note(w, "sent"));
                return error_code{};
            }}
            .says(done("sent"), done("sent", errc::not_connected_opening), done("sent", errc::client_ended)),
        Function{"cast", [](W&, const V& v) { return code(self(v).cast(Message{"got it"})); }}.says("got it", "got it"),
        Function{"info", [](W&, const V& v) { return code(self(v).info(Message{"got it"})); }}.says("got it", "got it"),
        Function{"send_after", [](W&, const V& v) { return code(self(v).send_after(1ms, Message{"got it"})); }}.says(
            "got it", "got it"),
        {"cancel",
            [](W&, const V& v) {
                const auto timer = self(v).send_after(0ms, Message{"got it"});
                self(v).cancel(*timer);
                return code(timer);
            }},
    };
    return {std::begin(all), std::end(all)};
}

std::vector<Function> ending_functions()
{
    using W = World;
    using V = Visitor;
    const Function all[] = {
        {"close", [](W&, const V& v) { return code(self(v).close()); }, {}, Fate::closes_normally},
        {"close with a code", [](W&, const V& v) { return code(self(v).close(4000, "bye")); }, {}, Fate::closes_4000},
        {"close with a bad code", [](W&, const V& v) { return code(self(v).close(1005)); }, errc::invalid_close_code},
        {"stop", [](W&, const V& v) { return self(v).stop(), error_code{}; }, {}, Fate::is_stopped, Fate::is_stopped},
        {"abort", [](W&, const V& v) { return self(v).abort(), error_code{}; }, {}, Fate::is_aborted, Fate::is_aborted},
        {"the end of the Link", [](W& w, const V&) { return w.link = {}, error_code{}; }, {}, Fate::is_stopped,
            Fate::is_stopped},
        {"Link::release", [](W& w, const V&) { return w.link.release() ? error_code{} : errc::client_ended; }},
        {.name = "async_wait",
            .call = [](W& w, const V& v) { return self(v).async_wait(note(w, "waited")), error_code{}; },
            .afterwards = done("waited")},
        {"alive", [](W&, const V& v) { return self(v).alive() ? error_code{} : errc::client_ended; }},
        {"reason", [](W&, const V& v) { return self(v).reason() ? errc::client_ended : error_code{}; }},
        {"self", [](W& w, const V& v) { return self(v) == w.link ? error_code{} : errc::client_ended; }},
    };
    return {std::begin(all), std::end(all)};
}

// ---- A case

void lead_to(Place place, const Ref<Visitor>& ref, FixtureServer& server, Ledger& ledger)
{
    if (place == Place::connect) return;
    ledger.await("connect");
    switch (place) {
    case Place::connect: break;
    case Place::frame: return server.send_text("x");
    case Place::ping: return server.send_ping();
    case Place::pong: return server.send_pong();
    case Place::cast: return (void)ref.cast(Message{});
    case Place::info: return (void)ref.info(Message{});
    case Place::connect_again:
    case Place::disconnect: return server.drop();
    case Place::terminate:
    case Place::destructor: return ref.stop();
    }
}

void check_end(Fate fate, const CloseReason& reason)
{
    switch (fate) {
    case Fate::goes_on: // until the test stopped it
    case Fate::is_stopped: CHECK(reason.error.code() == errc::stopped); break;
    case Fate::is_aborted: CHECK(reason.error.code() == errc::aborted); break;
    case Fate::closes_normally: CHECK(reason.normal()); break;
    case Fate::closes_4000: CHECK(reason.sent == CloseFrame{4000, "bye"}); break;
    }
}

void end_second(World& world)
{
    if (world.second) world.second.stop();
    const auto ref = world.second ? world.second : world.second_link.ref();
    world.second_link = {};
    if (ref) CHECK(ref.wait().has_value());
}

void run(const Function& function, Place place, FixtureServer& server, const boost::asio::any_io_executor& executor)
{
    const auto world = std::make_shared<World>();
    world->url = server.url();
    world->executor = executor;
    world->place = place;
    world->call = function.call;
    std::promise<void> ready;
    world->ready = ready.get_future();
    world->link = start_link(std::make_unique<Visitor>(world), world->url, world->options(true)).value();
    const auto ref = world->link.ref();
    ready.set_value();
    auto& ledger = world->ledger;
    lead_to(place, ref, server, ledger);
    ledger.await("called: " + (function.result == errc{} ? error_code{} : error_code{function.result}).message());

    const bool at_end = place == Place::terminate || place == Place::destructor;
    const bool between = place == Place::disconnect;
    const auto fate = at_end ? Fate::is_stopped : between ? function.between : function.fate;
    const auto& line = at_end ? function.at_end : between ? function.not_open : function.open;
    if (!line.empty()) ledger.await(line);
    if (fate == Fate::goes_on) {
        CHECK(ref.cast(Message{"lives"}));
        ledger.await("lives");
        ref.stop();
    }
    const auto reason = ref.wait();
    REQUIRE(reason.has_value());
    if (!function.afterwards.empty()) ledger.await(function.afterwards);
    check_end(fate, *reason);
    end_second(*world);
    CHECK(ledger.count("terminate") == 1);
    CHECK(ledger.count("destroyed") == 1);
    CHECK(ledger.count("got it") == (line == "got it" ? 1 : 0));
    world->link = {};
}

void run_all(const boost::asio::any_io_executor& executor)
{
    FixtureServer server;
    for (const auto& functions : {blocking_functions, starting_functions, sending_functions, ending_functions}) {
        for (const auto& function : functions()) {
            for (const auto& [place, name] : places) {
                INFO(function.name << " in " << name);
                run(function, place, server, executor);
            }
        }
    }
}

} // namespace

TEST_CASE("every function in every callback, on the library's thread", "[callbacks]") { run_all({}); }

TEST_CASE("every function in every callback, on an io_context with one thread and with three", "[callbacks]")
{
    IoThreads threads{GENERATE(1, 3)};
    run_all(threads.get_executor());
    threads.finish(); // nothing stays behind
}
