// SPDX-License-Identifier: BSL-1.0
#include <websockxx/ref.hpp>

#include "support/fixture_server.hpp"
#include "support/io_threads.hpp"
#include "support/test.hpp"
#include "support/watched_client.hpp"

#include <websockxx/start.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_future.hpp>

#include <algorithm>
#include <atomic>
#include <deque>
#include <future>
#include <latch>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

/// Many threads at one client, and many clients on a few threads. Most of these are for ThreadSanitizer.

using namespace websockxx;
using namespace websockxx::test;
using namespace std::chrono_literals;

namespace {

/// Runs a function on so many threads at once, with the number of each; waits for all.
template <class Function>
void on_threads(int count, const Function& function)
{
    std::latch all_there{count};
    std::vector<std::thread> threads;
    for (int i = 0; i < count; ++i) {
        threads.emplace_back([&, i] {
            all_there.arrive_and_wait();
            function(i);
        });
    }
    for (auto& thread : threads) thread.join();
}

struct Fixture {
    FixtureServer server;
    std::shared_ptr<Watch> watch = std::make_shared<Watch>();

    Link<WatchedClient> open(const boost::asio::any_io_executor& executor = {}, Script script = {})
    {
        Options options{.executor = executor, .log = {}};
        auto client = std::make_unique<WatchedClient>(watch, std::move(script));
        auto link = start_link(std::move(client), server.url(), std::move(options)).value();
        CHECK(watch->next() == "connect");
        return link;
    }
};

auto just_the_code()
{
    return boost::asio::use_future([](error_code ec) { return ec; });
}

std::string words(int thread, int number) { return std::to_string(thread) + " " + std::to_string(number); }

/// Whether the messages of each thread are all there, each once, in order.
bool in_order(const std::vector<std::string>& messages, int threads, int each)
{
    std::map<std::string, int> next;
    for (const auto& message : messages) {
        const auto blank = message.find(' ');
        if (message.substr(blank + 1) != std::to_string(next[message.substr(0, blank)]++)) return false;
    }
    return static_cast<int>(next.size()) == threads &&
           std::ranges::all_of(next, [each](const auto& entry) { return entry.second == each; });
}

} // namespace

TEST_CASE("P12 eight threads send through one Ref: each keeps its order, each send is answered once", "[threads]")
{
    constexpr int threads = 8;
    constexpr int each = 200;
    Fixture f;
    const auto link = f.open();
    std::atomic<int> sent{0};
    on_threads(threads, [&](int thread) {
        std::vector<std::future<error_code>> pending;
        for (int i = 0; i < each; ++i) {
            auto frame = Frame::text(words(thread, i));
            if (i % 3 == 0) sent += link.send(std::move(frame)).has_value();
            else if (i % 3 == 1) pending.push_back(link.async_send_frame(std::move(frame), just_the_code()));
            else sent += link.send_frame(std::move(frame)).has_value();
        }
        for (auto& result : pending) sent += !result.get(); // a second answer would throw where it is given
    });
    CHECK(sent == threads * each);
    std::vector<std::string> received;
    for (int i = 0; i < threads * each; ++i) received.push_back(f.server.wait_for(Seen::text).data);
    CHECK(in_order(received, threads, each));
}

TEST_CASE(
    "P12 casts from many threads while the client reconnects all arrive, in the order of each thread", "[threads]")
{
    constexpr int threads = 4;
    constexpr int each = 500;
    Fixture f;
    IoThreads context{3};
    const auto again = [](WatchedClient&, const Disconnect&) { return reconnect_in(0ms); };
    const auto link = f.open(context.get_executor(), {.on_disconnect = again});
    std::vector<std::string> received; // by the client, whose callbacks never meet
    std::atomic<int> accepted{0};
    auto casting = std::async(std::launch::async, [&] {
        on_threads(threads, [&](int thread) {
            for (int i = 0; i < each; ++i) {
                const auto put = [&received, message = words(thread, i)](auto&) {
                    received.push_back(message);
                    return Client::ok();
                };
                accepted += link.cast(put).has_value();
            }
        });
    });
    for (int i = 0; i < 20; ++i) {
        f.server.drop();
        CHECK(f.watch->next() == "disconnect 1 1006");
        CHECK(f.watch->next() == "connect");
    }
    casting.wait();
    std::promise<void> last;
    CHECK(link.cast([&](auto&) {
        last.set_value();
        return Client::ok();
    }));
    last.get_future().wait();
    CHECK(accepted == threads * each);
    CHECK(in_order(received, threads, each));
}

TEST_CASE(
    "whoever ends a client, and from how many threads: it ends once, and all who wait learn the same", "[threads]")
{
    constexpr int threads = 8;
    for (int round = 0; round < 30; ++round) {
        Fixture f;
        IoThreads context{2};
        auto link = f.open(context.get_executor());
        std::vector<std::optional<CloseReason>> reasons(threads);
        on_threads(threads, [&](int thread) {
            const auto ref = link.ref();
            auto waiting = ref.async_wait(boost::asio::use_future);
            switch (thread % 4) {
            case 0: ref.stop(); break;
            case 1: ref.abort(); break;
            case 2: (void)ref.close(); break;
            case 3: (void)ref.close(4000, "bye"); break;
            }
            if (thread < 4) reasons[static_cast<std::size_t>(thread)] = ref.wait().value();
            else reasons[static_cast<std::size_t>(thread)] = waiting.get();
        });
        for (const auto& reason : reasons) {
            REQUIRE(reason);
            CHECK(reason->message() == reasons[0]->message());
        }
        int terminated = 0;
        std::string line;
        while (line != "destroyed") {
            line = f.watch->next();
            if (line.starts_with("terminate")) ++terminated;
        }
        CHECK(terminated == 1);
        link = {};
        context.finish();
        CHECK(f.watch->empty());
    }
}

TEST_CASE("P12 a send that is cancelled is either sent or not, and its handler knows which", "[threads]")
{
    constexpr int sends = 500;
    Fixture f;
    IoThreads client_threads{2};
    IoThreads own_threads{2};
    const auto link = f.open(client_threads.get_executor());
    const auto strand = boost::asio::make_strand(own_threads.get_executor());
    std::deque<boost::asio::cancellation_signal> signals(sends); // on the strand, like the two below
    std::multiset<std::string> sent;
    int completed = 0;
    std::promise<void> all;
    for (int i = 0; i < sends; ++i) {
        boost::asio::post(strand, [&, i] {
            auto& signal = signals[static_cast<std::size_t>(i)];
            const auto done = [&, i](error_code ec) {
                if (!ec) sent.insert(std::to_string(i));
                else if (ec != boost::asio::error::operation_aborted) sent.insert(ec.message());
                if (++completed == sends) all.set_value();
            };
            link.async_send_frame(Frame::text(std::to_string(i)),
                boost::asio::bind_executor(strand, boost::asio::bind_cancellation_slot(signal.slot(), done)));
            // At once for some, which are then likely not to be sent, later for others.
            if (i % 2 == 0) signal.emit(boost::asio::cancellation_type::all);
            else boost::asio::post(strand, [&signal] { signal.emit(boost::asio::cancellation_type::all); });
        });
    }
    all.get_future().wait();
    own_threads.finish();
    CHECK(completed == sends);
    CHECK(link.send_frame(Frame::text("the end")));
    std::multiset<std::string> received;
    for (auto text = f.server.wait_for(Seen::text).data; text != "the end"; text = f.server.wait_for(Seen::text).data) {
        received.insert(text);
    }
    CHECK(received == sent);
}

TEST_CASE("a start that is cancelled succeeds or not, and its handler knows which", "[threads]")
{
    constexpr int starts = 100;
    Fixture f;
    IoThreads client_threads{2};
    IoThreads own_threads{2};
    const auto strand = boost::asio::make_strand(own_threads.get_executor());
    std::deque<boost::asio::cancellation_signal> signals(starts); // on the strand, like the rest
    std::vector<Ref<WatchedClient>> started;
    std::vector<error_code> failed;
    std::promise<void> all;
    for (int i = 0; i < starts; ++i) {
        boost::asio::post(strand, [&, i] {
            auto& signal = signals[static_cast<std::size_t>(i)];
            const auto done = [&](error_code ec, const Ref<WatchedClient>& ref) {
                if (!ec) started.push_back(ref);
                else if (ref.reason()) failed.push_back(ec);
                if (static_cast<int>(started.size() + failed.size()) == starts) all.set_value();
            };
            Options options{.executor = client_threads.get_executor(), .log = {}};
            async_start(std::make_unique<WatchedClient>(f.watch), f.server.url(), std::move(options),
                boost::asio::bind_executor(strand, boost::asio::bind_cancellation_slot(signal.slot(), done)));
            const auto cancel = [&signal] { signal.emit(boost::asio::cancellation_type::terminal); };
            if (i % 3 == 0) cancel();
            else boost::asio::post(client_threads.get_executor(), [=] { boost::asio::post(strand, cancel); });
        });
    }
    all.get_future().wait();
    own_threads.finish();
    CHECK(std::ranges::all_of(failed, [](error_code ec) { return ec == errc::aborted; }));
    for (const auto& ref : started) ref.stop();
    client_threads.finish();
    int destroyed = 0;
    while (!f.watch->empty()) destroyed += f.watch->next() == "destroyed";
    CHECK(destroyed == starts);
}

namespace {

/// Answers messages, and notices if two of its callbacks run at the same time.
class Answerer : public Client {
public:
    explicit Answerer(std::atomic<int>& meetings) : meetings_(meetings) {}
    Action handle_frame(const Frame& frame) override
    {
        if (inside_.exchange(true)) ++meetings_;
        auto answer = reply(Frame::text(std::string(frame.text())));
        inside_ = false;
        return answer;
    }
    Action handle_cast(int number) { return handle_frame(Frame::text(std::to_string(number))); }

private:
    std::atomic<int>& meetings_;
    std::atomic<bool> inside_{false};
};

} // namespace

TEST_CASE("P13 many connections share a few threads, and callbacks of one client never meet", "[threads]")
{
    constexpr int clients = 40;
    constexpr int messages = 20;
    FixtureServer server;
    IoThreads context{3};
    std::atomic<int> meetings{0};
    std::vector<Link<Answerer>> links;
    for (int i = 0; i < clients; ++i) {
        Options options{.executor = context.get_executor(), .log = {}};
        links.push_back(start_link(std::make_unique<Answerer>(meetings), server.url(), std::move(options)).value());
    }
    for (int i = 0; i < messages; ++i) {
        for (int j = 0; j < clients; ++j) {
            server.send_text("x", static_cast<std::size_t>(j) + 1);
            CHECK(links[static_cast<std::size_t>(j)].cast(i));
        }
    }
    std::map<std::size_t, int> answers;
    for (int i = 0; i < clients * messages * 2; ++i) ++answers[server.wait_for(Seen::text).connection];
    CHECK(answers.size() == clients);
    CHECK(std::ranges::all_of(answers, [](const auto& entry) { return entry.second == 2 * messages; }));
    CHECK(meetings == 0);
    links.clear();
    context.finish();
}

TEST_CASE("an io_context may be destroyed while others use the Refs of its clients", "[threads]")
{
    constexpr int threads = 3;
    for (int round = 0; round < 50; ++round) {
        Fixture f;
        IoThreads context{2};
        const auto link = f.open(context.get_executor());
        std::latch busy{threads + 1};
        auto using_it = std::async(std::launch::async, [&] {
            on_threads(threads, [&](int thread) {
                const auto ref = link.ref();
                busy.count_down();
                while (ref.alive()) {
                    (void)ref.send(Frame::text("x"));
                    (void)ref.info("x");
                    if (thread == 0) (void)ref.send_frame(Frame::text("x"));
                    if (thread == 1) (void)ref.wait_for(0ms);
                    if (thread == 2) {
                        const auto elsewhere = boost::asio::system_executor{};
                        ref.async_send_frame(
                            Frame::text("x"), boost::asio::bind_executor(elsewhere, [](error_code) {}));
                    }
                }
            });
        });
        busy.arrive_and_wait();
        context.destroy();
        using_it.get();
        CHECK(link.reason()->error.code() == errc::runtime_ended);
    }
}
