// SPDX-License-Identifier: BSL-1.0
#include <websockxx/io/connection.hpp>

#include "support/allocations.hpp"
#include "support/connection_fixture.hpp"
#include "support/frame_bytes.hpp"

#include <functional>

using namespace websockxx;
using namespace websockxx::test;
using namespace std::chrono_literals;

/// What a whole client does with a server that wants to wear it out: memory and deadlines, by counting and a clock
/// turned by hand.

namespace {

constexpr std::size_t kib = 1024;

Conn to_server() { return {.secure = false, .host = "server", .port = 80}; }

/// Answers pings, echoes messages, and counts both.
class Counter final : public Client {
public:
    struct Counts {
        std::size_t messages = 0;
        std::size_t pings = 0;
        std::size_t pongs = 0;
        std::optional<CloseReason> end;
    };
    explicit Counter(std::shared_ptr<Counts> counts) : counts_(std::move(counts)) {}

    Action handle_frame(const Frame& frame) override
    {
        ++counts_->messages;
        return reply(frame);
    }
    Action handle_ping(const Frame& frame) override
    {
        ++counts_->pings;
        return Client::handle_ping(frame);
    }
    Action handle_pong(const Frame&) override
    {
        ++counts_->pongs;
        return ok();
    }
    void terminate(const CloseReason& reason) noexcept override { counts_->end = reason; }

private:
    std::shared_ptr<Counts> counts_;
};

struct CountingFixture {
    std::shared_ptr<Counter::Counts> counts = std::make_shared<Counter::Counts>();
    Harness h;

    explicit CountingFixture(Conn conn = to_server()) : h(std::make_unique<Counter>(counts), {}, std::move(conn))
    {
        h.open();
        REQUIRE(h.started);
        REQUIRE_FALSE(*h.started);
    }
};

std::string repeated(std::string_view text, std::size_t times)
{
    std::string all;
    all.reserve(text.size() * times);
    for (std::size_t number = 0; number < times; ++number) all += text;
    return all;
}

void ask(Harness& h)
{
    h.begin();
    h.transport->connect();
    h.transport->opened();
    h.run();
}

/// What an attempt to open takes at its worst, beyond the request, when the server answers `head` and then one of
/// `more` each second, over and over.
std::size_t memory_of_opening(Harness& h, std::string_view head, const std::vector<std::string>& more)
{
    ask(h);
    h.wire->to_client.reserve(head.size() + 256 * kib); // the test's own memory
    return most_live([&] {
        h.wire->to_client += head;
        h.run();
        for (std::size_t second = 0; !h.started && second < 11; ++second) {
            h.wire->to_client += more[second % more.size()];
            h.run();
            h.turn(1s);
        }
    });
}

} // namespace

TEST_CASE("S5 an answer that never ends costs no more than its deadline and 64 KiB", "[hostile]")
{
    struct Case {
        const char* name;
        std::string head;
        std::vector<std::string> more; // one each second
        errc expected;
    };
    const std::string refusal = "HTTP/1.1 403 No\r\n";
    const auto chunk = "1000\r\n" + std::string(4096, 'x') + "\r\n";
    const auto it = GENERATE_COPY(values<Case>({
        {"one byte a second", "", {"H", "T", "T", "P", "/", "1", ".", "1", " ", "1", "0"}, errc::open_timeout},
        {"one byte of a header line a second", "HTTP/1.1 101 Switching Protocols\r\nX: ", {"x"}, errc::open_timeout},
        {"nothing at all", "", {""}, errc::open_timeout},
        {"a header line of 10 MB", "HTTP/1.1 101 Switching Protocols\r\nX: " + std::string(10'000'000, 'x'), {""},
            errc::handshake_too_large},
        {"100,000 fields", "HTTP/1.1 101 Switching Protocols\r\n" + repeated("A: b\r\n", 100'000), {""},
            errc::handshake_too_large},
        {"1xx for ever", "", {repeated("HTTP/1.1 102 Processing\r\n\r\n", 100)}, errc::handshake_too_large},
        {"a refusal with fields up to the limits", refusal + repeated("A: " + std::string(160, 'b') + "\r\n", 98),
            {"x"}, errc::open_timeout},
        {"a refusal with a body of chunks for ever", refusal + "Transfer-Encoding: chunked\r\n\r\n", {chunk},
            errc::handshake_refused},
        {"with one byte of a chunk a second",
            refusal + repeated("A: " + std::string(160, 'b') + "\r\n", 95) +
                "Transfer-Encoding: chunked\r\n\r\nFFFF\r\n",
            {"x"}, errc::handshake_refused},
        {"with a body to the end of the stream", refusal + "\r\n", {std::string(5000, 'x')}, errc::handshake_refused},
        {"with fields and a body up to the limits",
            refusal + repeated("A: " + std::string(155, 'b') + "\r\n", 99) + "\r\n" + std::string(1'000'000, 'x'), {""},
            errc::handshake_refused},
        {"with a body that is announced", refusal + "Content-Length: 99999999999\r\n\r\n", {""},
            errc::handshake_refused},
    }));
    CAPTURE(it.name);
    Harness h{std::make_unique<Client>(), {}, to_server()};
    const auto memory = memory_of_opening(h, it.head, it.more);
    REQUIRE(h.started);
    CHECK(h.started->code() == it.expected);
    CHECK(memory <= 64 * kib);
    CHECK(h.clock->now <= 1'000'000ms + 11s); // Timeouts::open is 10 s
}

TEST_CASE("S5 a refusal without a body, in chunks, is read in pieces of any size", "[hostile]")
{
    const std::string answer = "HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    for (std::size_t cut = 1; cut < answer.size(); ++cut) {
        Harness h{std::make_unique<Client>(), {}, to_server()};
        ask(h);
        h.say(answer.substr(0, cut));
        h.say(answer.substr(cut));
        CAPTURE(cut);
        REQUIRE(h.started);
        REQUIRE(h.started->refusal() != nullptr);
        CHECK(h.started->refusal()->status == 403);
        CHECK(h.started->refusal()->body.empty());
    }
}

TEST_CASE("S14 a million pings are answered, one by one, and data between them arrives", "[hostile]")
{
    constexpr std::size_t rounds = 20, pings = 50'000;
    CountingFixture f;
    auto& wire = *f.h.wire;
    const auto flood = repeated(frames::encode(frames::ping, ""), pings) + frames::encode(frames::text, "data");
    std::size_t answered = 0;
    for (std::size_t round = 0; round < rounds; ++round) {
        f.h.say(flood);
        answered += wire.take().size();
        REQUIRE(f.counts->messages == round + 1);
    }
    CHECK(f.counts->pings == rounds * pings);
    CHECK(answered == rounds * (pings * 6 + 10)); // header and mask, and the echo
}

TEST_CASE("S14 pings whose answers are not read fill no memory, and none is lost", "[hostile]")
{
    constexpr std::size_t pings = 1'000'000;
    auto conn = to_server();
    conn.limits.send_queue_bytes = 64 * kib;
    CountingFixture f(conn);
    auto& wire = *f.h.wire;
    f.h.wire->window = 0;
    wire.to_client = repeated(frames::encode(frames::ping, ""), pings) + frames::encode(frames::text, "data");
    const auto size = wire.to_client.size();

    // The queue of 64 KiB, the input of 256 at most, and both while they grow.
    CHECK(most_live([&] { f.h.run(); }) <= 640 * kib);
    CHECK(f.counts->pings < 64 * kib / 6 + 2);
    CHECK(wire.to_client.size() > size - 512 * kib);
    CHECK_FALSE(f.counts->end);

    wire.from_client.reserve(7'000'000);
    wire.window = std::numeric_limits<std::size_t>::max();
    CHECK(most_live([&] { f.h.run(); }) <= 640 * kib);
    CHECK(f.counts->pings == pings);
    CHECK(f.counts->messages == 1);
    CHECK(wire.take().size() == pings * 6 + 10);
}

TEST_CASE("S14 echoes that are not read fill no memory either, and none is lost", "[hostile]")
{
    constexpr std::size_t messages = 20'000;
    auto conn = to_server();
    conn.limits.send_queue_bytes = 16 * kib;
    CountingFixture f(conn);
    auto& wire = *f.h.wire;
    wire.window = 0;
    wire.to_client = repeated(frames::encode(frames::binary, std::string(100, 'x')), messages);
    CHECK(most_live([&] { f.h.run(); }) <= 640 * kib);
    CHECK(f.counts->messages <= 16 * kib / 106 + 1);

    SECTION("when it reads again, a little at a time")
    {
        std::size_t heard = 0;
        for (int times = 0; times < 10'000 && f.counts->messages < messages; ++times) {
            wire.window = 1000;
            f.h.run();
            heard += wire.take().size();
        }
        wire.window = std::numeric_limits<std::size_t>::max();
        f.h.run();
        heard += wire.take().size();
        CHECK(f.counts->messages == messages);
        CHECK(heard == messages * 106);
    }
    SECTION("when it is gone, all that had been read is delivered")
    {
        const auto read = messages * 102 - wire.to_client.size();
        wire.write_error = boost::asio::error::connection_reset;
        wire.to_client.clear();
        wire.read_end = boost::asio::error::connection_reset;
        f.h.run();
        CHECK(f.counts->messages == read / 102);
        REQUIRE(f.counts->end);
        CHECK(f.counts->end->error.code() == errc::connection_lost);
    }
}

TEST_CASE("S14 pongs that nobody asked for are ignored", "[hostile]")
{
    CountingFixture f;
    const auto flood = repeated(frames::encode(frames::pong, std::string(125, 'p')), 10'000);
    f.h.wire->to_client = flood;
    CHECK(most_live([&] { f.h.run(); }) <= 512 * kib);
    CHECK(f.counts->pongs == 10'000);
    CHECK(f.h.wire->take().empty());
    f.h.say(frames::encode(frames::text, "data"));
    CHECK(f.counts->messages == 1);
}

TEST_CASE("S15 a server that answers our close frame with data for ever is cut off", "[hostile]")
{
    CountingFixture f;
    Ref<Counter> ref{f.h.mailbox};
    const auto data = repeated(frames::encode(frames::binary, std::string(1000, 'x')), 50) +
                      frames::encode(frames::ping, "still there?");
    ref.close();
    f.h.run();
    CHECK(f.h.heard()->opcode == Opcode::close);
    f.h.wire->to_client.reserve(256 * kib);
    const auto memory = most_live([&] {
        for (int tenths = 0; tenths < 49; ++tenths) {
            f.h.wire->to_client += data;
            f.h.run();
            f.h.turn(100ms);
        }
    });
    CHECK(memory <= 512 * kib);
    CHECK_FALSE(f.counts->end);
    CHECK(f.counts->messages == 0);
    CHECK(f.counts->pings == 0);
    f.h.turn(100ms);
    REQUIRE(f.counts->end);
    CHECK(f.counts->end->error.code() == errc::close_timeout);
    CHECK(f.h.wire->closed);
    CHECK(f.h.wire->take().empty());
}

TEST_CASE("S4 a message that is dribbled is cut off, whatever comes between its bytes", "[hostile]")
{
    auto conn = to_server();
    conn.timeouts.message = 30s;
    CountingFixture f(conn);
    const auto alive = frames::encode(frames::ping, "");
    std::string begun, next;
    SECTION("in a header") { begun = frames::header(frames::binary, 100'000).substr(0, 3); }
    SECTION("in a message that is waited for")
    {
        begun = frames::header(frames::text, 1000);
        next = "x";
    }
    SECTION("in a large frame")
    {
        begun = frames::header(frames::binary, 1'000'000) + std::string(300'000, 'x');
        next = "x";
    }
    SECTION("in fragments, with pings between them")
    {
        begun = frames::encode(frames::text, "x", frames::unfinished);
        next = alive + frames::encode(frames::continuation, "x", frames::unfinished) + alive;
    }
    f.h.say(frames::encode(frames::text, "whole") + begun);
    for (int seconds = 0; seconds < 29; ++seconds) {
        f.h.turn(1s);
        f.h.say(next);
    }
    f.h.turn(999ms);
    CHECK_FALSE(f.h.wire->from_client.find("message took too long") != std::string::npos);
    (void)f.h.wire->take();
    f.h.turn(1ms);
    const auto sent = frames::decode(f.h.wire->take());
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].opcode == frames::close);
    CHECK(sent[0].payload == frames::big_endian(1008, 2) + "message took too long");
    f.h.turn(5s);
    REQUIRE(f.counts->end);
    CHECK(f.counts->end->error.code() == errc::message_timeout);
}

TEST_CASE("S4 what keeps coming whole is not timed", "[hostile]")
{
    auto conn = to_server();
    conn.timeouts.message = 30s;
    conn.timeouts.ping_interval = 0s;
    CountingFixture f(conn);
    const auto one = frames::encode(frames::text, "message") + frames::encode(frames::ping, "");
    const auto bytes = GENERATE(true, false) ? one : frames::encode(frames::ping, "only pings");
    // Each second ends inside a frame, but never inside the same.
    f.h.say(bytes.substr(0, 1));
    for (int seconds = 0; seconds < 100; ++seconds) {
        f.h.turn(1s);
        f.h.say(bytes.substr(1) + bytes.substr(0, 1));
    }
    f.h.say(bytes.substr(1));
    f.h.turn(1h);
    CHECK_FALSE(f.counts->end);
}
