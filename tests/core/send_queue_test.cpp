// SPDX-License-Identifier: BSL-1.0
#include <websockxx/core/send_queue.hpp>

#include "support/test.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <random>
#include <string>

using namespace websockxx;
using namespace websockxx::core;
using namespace std::chrono_literals;

namespace {

using Results = std::vector<std::pair<std::string, error_code>>;

struct Told final : SendDone {
    Told(std::string name, Results& results) : name_(std::move(name)), results_(results) {}
    void done(error_code ec) override { results_.emplace_back(name_, ec); }
    std::string name_;
    Results& results_;
};

struct Fixture {
    Results results;
    SendQueue queue;

    explicit Fixture(Limits limits = {}) : queue()
    {
        queue.set_limits(limits);
        (void)queue.set_obstacle({});
    }

    Outgoing frame(std::string text)
    {
        return {.frame = Frame::text(text), .done = std::make_unique<Told>(text, results)};
    }
    Outgoing kept(std::string text)
    {
        auto made = frame(std::move(text));
        made.keep = true;
        return made;
    }
    Outgoing kept_for(std::chrono::milliseconds time, std::string text)
    {
        auto made = kept(std::move(text));
        made.limited = true;
        made.time = time;
        return made;
    }
    std::vector<std::string> take(std::size_t budget = 1'000'000)
    {
        std::vector<Outgoing> taken;
        (void)queue.take(queue.last_mark(), budget, taken);
        std::vector<std::string> texts;
        for (auto& frame : taken) {
            texts.emplace_back(frame.frame.text());
            if (frame.done) frame.done->done({});
        }
        queue.set_encoded(0);
        return texts;
    }
};

using Texts = std::vector<std::string>;

} // namespace

TEST_CASE("frames leave in the order in which they were handed over, as many as the budget allows, at least one",
    "[core][sending]")
{
    Fixture f;
    for (const auto* text : {"one", "two", "three"}) CHECK_FALSE(f.queue.admit(f.frame(text)));
    CHECK(f.queue.buffered() == 11);
    std::vector<Outgoing> taken;
    auto next = f.queue.take(3, 0, taken);
    CHECK(next.more);
    CHECK(next.mark == 2);
    CHECK(f.queue.buffered() == 11); // what was taken counts as encoded
    next = f.queue.take(3, 1000, taken);
    CHECK_FALSE(next.more);
    REQUIRE(taken.size() == 3);
    CHECK(taken[1].frame.text() == "two");
    f.queue.set_encoded(5);
    CHECK(f.queue.buffered() == 5);
    CHECK(f.queue.empty());
}

TEST_CASE(
    "only frames up to a mark are taken, so that others keep their place behind what came between", "[core][sending]")
{
    Fixture f;
    CHECK_FALSE(f.queue.admit(f.frame("before")));
    const auto mark = f.queue.last_mark();
    CHECK_FALSE(f.queue.admit(f.frame("behind")));
    std::vector<Outgoing> taken;
    CHECK_FALSE(f.queue.take(mark, 100, taken).more);
    CHECK(taken.size() == 1);
}

TEST_CASE("P14 without a connection a frame fails at once unless it is to be kept", "[core][sending]")
{
    Fixture f;
    (void)f.queue.set_obstacle(errc::not_connected_closing);
    CHECK(f.queue.admit(f.frame("now")) == errc::not_connected_closing);
    CHECK_FALSE(f.queue.admit(f.kept("later")));
    CHECK(f.results == Results{{"now", errc::not_connected_closing}});
    (void)f.queue.set_obstacle({});
    CHECK(f.take() == Texts{"later"});
}

TEST_CASE("P15 when the connection is lost, what waits fails, and what is to be kept is", "[core][sending]")
{
    Fixture f;
    CHECK_FALSE(f.queue.admit(f.frame("a")));
    CHECK_FALSE(f.queue.admit(f.kept("b")));
    CHECK_FALSE(f.queue.admit({Frame::text("c")}));
    CHECK(f.queue.set_obstacle(errc::not_connected_opening) == 1); // one whose sender does not wait
    CHECK(f.results == Results{{"a", errc::connection_lost}});
    CHECK(f.queue.waiting() == 1);
    CHECK(f.queue.buffered() == 1);
    (void)f.queue.set_obstacle({});
    CHECK(f.take() == Texts{"b"});
}

TEST_CASE("P15 what was taken and did not leave goes back in front of all others", "[core][sending]")
{
    Fixture f;
    for (const auto* text : {"1", "2", "3"}) CHECK_FALSE(f.queue.admit(f.kept(text)));
    std::vector<Outgoing> taken;
    (void)f.queue.take(2, 1000, taken);
    f.queue.put_back(std::move(taken));
    f.queue.set_encoded(0);
    CHECK(f.queue.waiting() == 3);
    CHECK(f.queue.buffered() == 3);
    CHECK(f.take() == Texts{"1", "2", "3"});
}

TEST_CASE("P14 beyond a limit a frame is refused, and told so", "[core][sending]")
{
    Fixture f{{.send_queue_bytes = 10, .send_queue_messages = 3}};
    CHECK_FALSE(f.queue.admit(f.frame("1234567890"))); // to the byte
    CHECK(f.queue.admit(f.frame("x")) == errc::send_queue_full);
    CHECK(f.take().size() == 1);
    for (int i = 0; i < 3; ++i) CHECK_FALSE(f.queue.admit(f.frame("")));
    CHECK(f.queue.admit(f.frame("")) == errc::send_queue_full);
    CHECK(f.results.front() == std::pair<std::string, error_code>{"x", errc::send_queue_full});
    CHECK(f.queue.dropped() == 0);
}

TEST_CASE("P14 what is encoded counts against the limit until the transport has it", "[core][sending]")
{
    Fixture f{{.send_queue_bytes = 10}};
    f.queue.set_encoded(8);
    CHECK(f.queue.admit(f.frame("123")) == errc::send_queue_full);
    CHECK_FALSE(f.queue.admit(f.frame("12")));
    f.queue.set_encoded(0);
    CHECK_FALSE(f.queue.admit(f.frame("12345678")));
}

TEST_CASE("a frame that is larger than the whole queue may go when nothing else waits", "[core][sending]")
{
    Fixture f{{.send_queue_bytes = 10}};
    CHECK_FALSE(f.queue.admit(f.frame(std::string(11, 'x'))));
    CHECK(f.queue.admit(f.frame("")) == errc::send_queue_full);
    CHECK(f.take().size() == 1);
    f.queue.set_encoded(1);
    CHECK(f.queue.admit(f.frame(std::string(11, 'x'))) == errc::send_queue_full);
}

TEST_CASE("P14 drop_oldest drops as many as are needed, the oldest first, and each sender is told", "[core][sending]")
{
    Fixture f{{.send_queue_bytes = 10, .send_queue_policy = SendQueuePolicy::drop_oldest}};
    for (const auto* text : {"aaaa", "bbbb", "cc"}) CHECK_FALSE(f.queue.admit(f.frame(text)));
    CHECK_FALSE(f.queue.admit(f.frame("ddddd")));
    CHECK(f.results == Results{{"aaaa", errc::dropped}, {"bbbb", errc::dropped}});
    CHECK(f.queue.dropped() == 2);
    CHECK(f.queue.take_dropped() == 0); // they waited for an answer
    CHECK_FALSE(f.queue.admit({Frame::text("eee")}));
    CHECK_FALSE(f.queue.admit(f.frame("0123456789")));
    CHECK(f.queue.take_dropped() == 1);
    CHECK(f.take() == Texts{"0123456789"});
}

TEST_CASE("P14 drop_oldest drops nothing in vain", "[core][sending]")
{
    Fixture f{{.send_queue_bytes = 10, .send_queue_policy = SendQueuePolicy::drop_oldest}};
    f.queue.set_encoded(5);
    CHECK_FALSE(f.queue.admit(f.frame("abc")));
    CHECK(f.queue.admit(f.frame("123456")) == errc::send_queue_full); // not even then
    CHECK(f.queue.waiting() == 1);
    CHECK(f.queue.dropped() == 0);
}

TEST_CASE("fragments of a message are not dropped, and cannot be kept", "[core][sending]")
{
    Fixture f{{.send_queue_messages = 2, .send_queue_policy = SendQueuePolicy::drop_oldest}};
    CHECK_FALSE(f.queue.admit({Frame::text_fragment("begin")}));
    CHECK_FALSE(f.queue.admit(f.frame("between")));
    CHECK_FALSE(f.queue.admit({Frame::finish("end")}));
    CHECK(f.results == Results{{"between", errc::dropped}});
    CHECK(f.queue.admit(f.frame("more")) == errc::send_queue_full);
    CHECK(f.take() == Texts{"begin", "end"});
    CHECK(f.queue.admit({.frame = Frame::continuation("x"), .keep = true}) == errc::invalid_frame);

    f.queue.set_limits({.send_queue_messages = 1, .send_queue_policy = SendQueuePolicy::drop_newest});
    CHECK_FALSE(f.queue.admit(f.frame("one")));
    CHECK(f.queue.admit({Frame::finish("x")}) == errc::send_queue_full);
}

TEST_CASE("P14 drop_oldest passes over what was withdrawn", "[core][sending]")
{
    Fixture f{{.send_queue_messages = 3, .send_queue_policy = SendQueuePolicy::drop_oldest}};
    CHECK_FALSE(f.queue.admit({Frame::text_fragment("begin")}));
    CHECK_FALSE(f.queue.admit(f.frame("withdrawn")));
    CHECK(f.queue.withdraw(f.queue.last_mark()));
    for (const auto* text : {"a", "b", "c"}) CHECK_FALSE(f.queue.admit(f.frame(text)));
    CHECK(f.results == Results{{"a", errc::dropped}});
    CHECK(f.take() == Texts{"begin", "b", "c"});
}

TEST_CASE("P14 to drop takes the same time however many wait, or were dropped before, or may not be", "[core][sending]")
{
    Fixture f{{.send_queue_messages = 40'000, .send_queue_policy = SendQueuePolicy::drop_oldest}};
    for (int i = 0; i < 20'000; ++i) CHECK_FALSE(f.queue.admit({Frame::continuation("x")}));
    for (int i = 0; i < 220'000; ++i) CHECK_FALSE(f.queue.admit({Frame::text(std::to_string(i))})); // minutes else
    CHECK(f.queue.dropped() == 200'000);
    const auto left = f.take(100'000'000);
    REQUIRE(left.size() == 40'000);
    CHECK(left[20'000] == "200000");
}

TEST_CASE("P14 to take back takes the same time however many wait, from whichever end", "[core][sending]")
{
    Fixture f{{.send_queue_messages = 400'000}};
    for (int i = 0; i < 400'000; ++i) REQUIRE_FALSE(f.queue.admit({Frame::text("x")}));
    for (std::uint64_t mark = 400'000; mark > 200'000; --mark) REQUIRE(f.queue.withdraw(mark)); // minutes else
    for (std::uint64_t mark = 1; mark <= 200'000; ++mark) REQUIRE(f.queue.withdraw(mark));
    CHECK(f.queue.empty());
}

TEST_CASE("P14 drop_newest drops the frame that has no room", "[core][sending]")
{
    Fixture f{{.send_queue_messages = 1, .send_queue_policy = SendQueuePolicy::drop_newest}};
    CHECK_FALSE(f.queue.admit(f.frame("first")));
    CHECK(f.queue.admit(f.frame("second")) == errc::dropped);
    CHECK(f.results == Results{{"second", errc::dropped}});
    CHECK(f.queue.dropped() == 1);
    CHECK(f.take() == Texts{"first"});
}

TEST_CASE(
    "P14 with the policy wait, who waits for an answer waits in line, and nobody overtakes him", "[core][sending]")
{
    Fixture f{{.send_queue_bytes = 4, .send_queue_messages = 3, .send_queue_policy = SendQueuePolicy::wait}};
    CHECK_FALSE(f.queue.admit(f.frame("1234")));
    CHECK_FALSE(f.queue.admit(f.frame("in line")));
    CHECK(f.queue.admit({Frame::text("")}) == errc::send_queue_full); // nobody would wait
    CHECK_FALSE(f.queue.admit(f.frame("also")));
    CHECK(f.queue.admit(f.frame("beyond")) == errc::send_queue_full);
    CHECK(f.take() == Texts{"1234", "in line", "also"});
}

TEST_CASE("P15 what is kept for a time fails when it has passed, counted from when the queue learns the time",
    "[core][sending]")
{
    Fixture f;
    CHECK_FALSE(f.queue.admit(f.kept_for(5ms, "short")));
    CHECK_FALSE(f.queue.admit(f.kept_for(9ms, "long")));
    CHECK_FALSE(f.queue.admit(f.kept("ever")));
    CHECK_FALSE(f.queue.next_expiry());
    CHECK(f.queue.date(100ms) == 105ms);
    CHECK(f.queue.expire(104ms) == 0);
    CHECK(f.results.empty());
    CHECK(f.queue.expire(105ms) == 0);
    CHECK(f.results == Results{{"short", errc::not_sent_in_time}});
    CHECK(f.queue.next_expiry() == 109ms);
    CHECK(f.take() == Texts{"long", "ever"});
    CHECK_FALSE(f.queue.next_expiry());
}

TEST_CASE("P15 a frame that comes back keeps the moment at which its time is over", "[core][sending]")
{
    Fixture f;
    auto silent = f.kept_for(5ms, "x");
    silent.done = nullptr;
    CHECK_FALSE(f.queue.admit(std::move(silent)));
    (void)f.queue.date(10ms);
    std::vector<Outgoing> taken;
    (void)f.queue.take(1, 100, taken);
    f.queue.put_back(std::move(taken));
    CHECK(f.queue.date(12ms) == 15ms);
    CHECK(f.queue.expire(15ms) == 1); // nobody waits
    CHECK(f.queue.empty());
}

TEST_CASE("a frame can be taken back by its mark while it is not encoded", "[core][sending]")
{
    Fixture f;
    CHECK_FALSE(f.queue.admit(f.kept_for(5ms, "a")));
    const auto mark = f.queue.last_mark();
    (void)f.queue.date(0ms);
    CHECK_FALSE(f.queue.withdraw(0));
    CHECK_FALSE(f.queue.withdraw(mark + 1));
    CHECK(f.queue.withdraw(mark));
    CHECK_FALSE(f.queue.withdraw(mark));
    CHECK_FALSE(f.queue.next_expiry());
    CHECK(f.take().empty());
    CHECK(f.results.empty());
}

TEST_CASE(
    "P15 whatever happens, each frame is told once, and those that leave do so once and in order", "[core][sending]")
{
    std::mt19937 random{20'240'101};
    const auto upto = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
    for (int round = 0; round < 300; ++round) {
        Fixture f{{.send_queue_bytes = 40,
            .send_queue_messages = 12,
            .send_queue_policy = static_cast<SendQueuePolicy>(round % 4)}};
        std::vector<Outgoing> out; // encoded, and not yet left
        std::vector<std::string> left;
        std::size_t admitted = 0;
        std::chrono::milliseconds now{0};
        bool connected = true;
        for (int step = 0; step < 200; ++step) {
            switch (upto(8)) {
            case 0:
            case 1:
            case 2: {
                auto frame = f.frame(std::to_string(1000 + admitted));
                frame.keep = upto(2) == 0;
                frame.limited = frame.keep && upto(2) == 0;
                frame.time = std::chrono::milliseconds{upto(20)};
                ++admitted;
                if (!f.queue.admit(std::move(frame))) REQUIRE(f.queue.waiting() <= 12);
                break;
            }
            case 3:
                if (connected) (void)f.queue.take(f.queue.last_mark(), upto(600), out);
                break;
            case 4: // some leave
                for (auto some = upto(4); connected && some > 0 && !out.empty(); --some) {
                    left.emplace_back(out.front().frame.text());
                    out.front().done->done({});
                    out.erase(out.begin());
                }
                break;
            case 5:
                if (upto(3) == 0) {
                    connected = !connected;
                    (void)f.queue.set_obstacle(connected ? error_code{} : errc::not_connected_opening);
                    std::vector<Outgoing> back;
                    for (auto& frame : std::exchange(out, {})) {
                        if (frame.keep) back.push_back(std::move(frame));
                        else frame.done->done(errc::connection_lost);
                    }
                    f.queue.put_back(std::move(back));
                }
                break;
            case 6:
                now += std::chrono::milliseconds{upto(6)};
                (void)f.queue.date(now);
                (void)f.queue.expire(now);
                break;
            case 7:
                if (auto frame = f.queue.withdraw(upto(static_cast<unsigned>(admitted) + 1) + 1))
                    frame->done->done(errc::not_sent_in_time);
                break;
            }
            std::size_t encoded = 0;
            for (const auto& frame : out) encoded += frame.frame.size();
            f.queue.set_encoded(encoded);
        }
        for (auto& frame : out) frame.done->done(errc::maybe_sent);
        f.queue.clear(errc::client_ended);
        f.queue.set_encoded(0);
        REQUIRE(f.queue.buffered() == 0);
        std::map<std::string, int> times;
        for (const auto& [name, ec] : f.results) ++times[name];
        REQUIRE(times.size() == admitted);
        REQUIRE(std::all_of(times.begin(), times.end(), [](const auto& entry) { return entry.second == 1; }));
        REQUIRE(std::is_sorted(left.begin(), left.end()));
        REQUIRE(std::adjacent_find(left.begin(), left.end()) == left.end());
    }
}
