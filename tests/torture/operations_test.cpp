// SPDX-License-Identifier: BSL-1.0
#include "torture/failing_transport.hpp"

#include "support/memory_transport.hpp"
#include "support/recorder.hpp"
#include "support/test.hpp"
#include "support/tls_fixture.hpp"

#include <websockxx/io/connection.hpp>
#include <websockxx/io/tls_transport.hpp>

#include <boost/asio/io_context.hpp>

#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

using namespace websockxx;
using namespace websockxx::test;
using namespace websockxx::torture;
using namespace std::chrono_literals;

/// Each scenario is played again and again, with another operation of the transport failing each time, in each way,
/// until there is no such operation. Whatever fails: the client comes back or ends, its callbacks come in the order
/// that is promised, each send is told once, and nothing is left behind.

namespace {

struct Told final : core::SendDone {
    inline static int untold = 0;
    inline static int told_twice = 0;
    Told() { ++untold; }
    ~Told() override { untold -= told_ ? 0 : 1000; }
    void done(error_code) override
    {
        if (std::exchange(told_, true)) ++told_twice;
        else --untold;
    }
    bool told_ = false;
};

const CertificateAuthority& authority()
{
    static const CertificateAuthority made;
    return made;
}
SSL_CTX& server_context()
{
    static const auto made = make_server_context(authority().issue());
    return *made;
}

/// A client, a server in memory for each of its connections, and a clock.
class World {
public:
    std::vector<Server> servers; ///< of the first connections; those behind them are as an untouched one
    core::Settings settings{.policy = policy::always(policy::Backoff{}), .handle_initial_conn_failure = true};
    Conn conn{.secure = false, .host = "localhost", .port = 80};
    std::shared_ptr<Record> record = std::make_shared<Record>();
    std::shared_ptr<io::Mailbox> mailbox;
    std::shared_ptr<io::Connection> connection;

    World(bool tls, std::shared_ptr<Plan> plan) : plan_(std::move(plan))
    {
        conn.secure = tls;
        conn.tls.system_roots = false;
        conn.tls.ca_pem = authority().certificate();
        plan_->abort = [this] { (void)mailbox->put(io::item::Stop{errc::aborted}); };
    }
    ~World()
    {
        // As they would end without anybody to hold them.
        connection.reset();
    }

    void begin()
    {
        mailbox = std::make_shared<io::Mailbox>(context_.get_executor(), 100, false);
        io::Environment environment;
        environment.make_transport = [this](const Conn& to, const io::Strand& strand) { return make(to, strand); };
        environment.make_alarm = [this](const io::Strand&) {
            auto made = std::make_unique<HandAlarm>(clock_);
            alarm_ = made.get();
            return made;
        };
        environment.draw = [] { return 0.5; };
        environment.clock = [clock = clock_] { return std::chrono::nanoseconds{clock->now}; };
        connection = std::make_shared<io::Connection>(std::make_unique<Recorder>(record), conn, settings, io::Hooks{},
            std::make_shared<const io::Environment>(std::move(environment)),
            io::Strand{boost::asio::any_io_executor{context_.get_executor()}}, mailbox);
        weak_ = connection;
        connection->begin();
        run();
    }

    void run()
    {
        do {
            if (transport_ && FailingTransport::alive > 0 && !mailbox->ended()) transport_->poll();
            context_.restart();
        } while (context_.poll() > 0);
    }
    void turn(std::chrono::milliseconds by)
    {
        const auto target = clock_->now + by;
        while (!mailbox->ended() && alarm_->at() && *alarm_->at() <= target) {
            clock_->now = std::max(clock_->now, *alarm_->at());
            alarm_->ring();
            run();
        }
        clock_->now = target;
    }

    void send(Frame frame, bool keep = false)
    {
        (void)mailbox->send({.frame = std::move(frame), .done = std::make_unique<Told>(), .keep = keep});
        run();
    }
    void close() { put(io::item::Close{std::uint16_t{4000}, "enough"}); }
    void put(io::Item item)
    {
        (void)mailbox->put(std::move(item));
        run();
    }
    [[nodiscard]] Ref<Recorder> ref() const { return Ref<Recorder>{mailbox}; }
    [[nodiscard]] bool open() const
    {
        return !mailbox->ended() && connection->status().state == Status::State::connected;
    }
    [[nodiscard]] std::weak_ptr<io::Connection> weak() const { return weak_; }

private:
    std::unique_ptr<io::Transport> make(const Conn& to, const io::Strand& strand)
    {
        auto server = made_ < servers.size() ? servers[made_] : Server{};
        ++made_;
        auto tls = to.secure ? std::make_unique<ServerTls>(server_context()) : nullptr;
        auto made = std::make_unique<FailingTransport>(strand, plan_, std::move(server), std::move(tls));
        transport_ = made.get();
        if (!to.secure) return made;
        return std::make_unique<io::TlsTransport>(strand, std::move(made));
    }

    std::shared_ptr<Plan> plan_;
    boost::asio::io_context context_;
    std::shared_ptr<HandClock> clock_ = std::make_shared<HandClock>();
    HandAlarm* alarm_ = nullptr;
    FailingTransport* transport_ = nullptr;
    std::size_t made_ = 0;
    std::weak_ptr<io::Connection> weak_;
};

struct Scenario {
    const char* name;
    std::function<void(World&)> play;
};

std::string message(std::string payload) { return encode(WireFrame{Opcode::text, std::move(payload)}); }

void answer_frames_with(World& world, std::string_view text)
{
    world.record->on_frame = [text = std::string{text}](const Frame&) { return Client::reply(Frame::text(text)); };
}

const std::vector<Scenario>& scenarios()
{
    static const std::vector<Scenario> all{
        {"connect", [](World& w) { w.begin(); }},
        {"send",
            [](World& w) {
                w.begin();
                for (const auto* text : {"one", "two", "three"}) w.send(Frame::text(text));
            }},
        {"send in handle_connect",
            [](World& w) {
                w.record->on_connect = [](const Connected&) {
                    return Client::reply(Frame::text("first"), Frame::binary(std::string(100'000, 'x')));
                };
                w.begin();
            }},
        {"receive",
            [](World& w) {
                w.servers.resize(1);
                w.servers[0].greeting = message("a") + message(std::string(5'000, 'b')) + message("c");
                w.begin();
            }},
        {"receive, and answer",
            [](World& w) {
                answer_frames_with(w, "thanks");
                w.servers.resize(1);
                w.servers[0].greeting = message("a") + encode(WireFrame{Opcode::binary, std::string(20'000, 'b')});
                w.record->on_frame = [](const Frame& frame) -> Action {
                    if (frame.text() == "thanks") return Client::ok();
                    return Client::reply(Frame::text("thanks"));
                };
                w.begin();
            }},
        {"large messages",
            [](World& w) {
                w.begin();
                w.send(Frame::binary(std::string(200'000, 'x')));
            }},
        {"fragments",
            [](World& w) {
                w.begin();
                w.send(Frame::text_fragment("be"));
                w.send(Frame::continuation("g"));
                w.send(Frame::finish("in"));
            }},
        {"be pinged",
            [](World& w) {
                w.servers.resize(1);
                w.servers[0].greeting = encode(WireFrame{Opcode::ping, "1"}) + encode(WireFrame{Opcode::ping, "2"});
                w.begin();
            }},
        {"heartbeat",
            [](World& w) {
                w.begin();
                w.turn(65s);
            }},
        {"close",
            [](World& w) {
                w.begin();
                w.close();
            }},
        {"send, and close",
            [](World& w) {
                w.begin();
                w.send(Frame::binary(std::string(70'000, 'x')));
                w.close();
            }},
        {"be closed",
            [](World& w) {
                w.begin();
                w.send(Frame::text("close"));
            }},
        {"both close",
            [](World& w) {
                w.begin();
                w.send(Frame::text("close"));
                w.close();
            }},
        {"reconnect",
            [](World& w) {
                w.begin();
                w.send(Frame::text("end"));
                w.turn(10s);
                w.send(Frame::text("again"));
            }},
        {"be refused, and come back",
            [](World& w) {
                w.servers.resize(1);
                w.servers[0].refusal = "HTTP/1.1 503 Busy\r\nRetry-After: 2\r\nContent-Length: 4\r\n\r\nbusy";
                w.begin();
                w.turn(10s);
                w.send(Frame::text("hello"));
            }},
        {"keep frames for the next connection",
            [](World& w) {
                w.begin();
                w.send(Frame::text("end"));
                w.send(Frame::text("kept"), true);
                w.send(Frame::binary(std::string(100'000, 'k')), true);
                w.send(Frame::text("not kept"));
                w.turn(10s);
            }},
        {"casts and infos",
            [](World& w) {
                w.record->on_cast = [](int) { return Client::reply(Frame::text("cast")); };
                w.begin();
                (void)w.ref().cast(1);
                (void)w.ref().info("two");
                w.run();
                w.send(Frame::text("end"));
                (void)w.ref().cast(3);
                w.turn(10s);
            }},
        {"pause and resume",
            [](World& w) {
                w.begin();
                w.put(io::item::Pause{true});
                w.send(Frame::text("echo"));
                w.turn(30s);
                w.put(io::item::Pause{false});
            }},
        {"throw",
            [](World& w) {
                w.record->on_frame = [](const Frame&) -> Action { throw std::runtime_error("no"); };
                w.begin();
                w.send(Frame::text("echo"));
            }},
        {"break the protocol",
            [](World& w) {
                w.servers.resize(1);
                w.servers[0].greeting = message("a") + "\xFF\xFF";
                w.begin();
                w.turn(10s);
            }},
        {"stop",
            [](World& w) {
                w.begin();
                w.send(Frame::text("last"));
                w.put(io::item::Stop{errc::stopped});
            }},
    };
    return all;
}

/// (handle_connect callbacks* handle_disconnect)* terminate, where an attempt that fails has handle_disconnect alone.
std::string breach_of_grammar(const std::vector<std::string>& lines)
{
    bool connected = false;
    bool ever = false;
    bool terminated = false;
    for (const auto& line : lines) {
        if (line == "destroyed") return &line == &lines.back() && ever == terminated ? "" : "destroyed in between";
        if (terminated) return line + " behind terminate";
        if (line == "connect") {
            if (std::exchange(connected, true)) return "connected twice";
            ever = true;
        }
        else if (line.starts_with("disconnect")) connected = false;
        else if (line == "terminate") terminated = true;
        else if (!connected) return line + " without a connection";
    }
    return "never destroyed";
}

void play(const Scenario& scenario, bool tls, const std::shared_ptr<Plan>& plan)
{
    std::weak_ptr<io::Connection> weak;
    {
        World world{tls, plan};
        scenario.play(world);
        weak = world.weak();
        // Long enough for every time limit, and for the longest delay.
        world.turn(150s);
        const bool back = world.mailbox->ended() || world.open();
        CHECK(back);
        world.put(io::item::Stop{errc::stopped});
        CHECK(world.mailbox->ended());
        world.connection.reset();
        world.run();
        CHECK(weak.expired());
        CHECK(breach_of_grammar(world.record->lines) == "");
        plan->abort = {};
    }
    CHECK(Told::untold == 0);
    CHECK(Told::told_twice == 0);
    CHECK(FailingTransport::alive == 0);
}

/// Returns how many operations there were to fail.
std::size_t torture(const Scenario& scenario, bool tls, Failure failure)
{
    for (std::size_t at = 1;; ++at) {
        INFO(scenario.name << (tls ? " with TLS" : "") << ": operation " << at << " " << failure);
        const auto plan = std::make_shared<Plan>(Plan{.at = at, .failure = failure});
        play(scenario, tls, plan);
        if (!plan->was_reached()) return at - 1;
        REQUIRE(at < 10'000);
    }
}

void torture_all(bool tls)
{
    std::size_t runs = 0;
    for (const auto& scenario : scenarios()) {
        {
            INFO(scenario.name << ", with nothing that fails");
            play(scenario, tls, std::make_shared<Plan>());
        }
        for (const auto failure : {Failure::error, Failure::end, Failure::silent, Failure::abort})
            runs += torture(scenario, tls, failure);
    }
    std::cout << runs << " operations failed, each in a run of its own" << (tls ? ", with TLS" : "") << '\n';
    CHECK(runs > 1'000);
}

} // namespace

TEST_CASE("P30 whichever operation of the transport fails, the client comes back or ends in order", "[torture]")
{
    torture_all(false);
}

TEST_CASE("P30 the same with TLS in between", "[torture]") { torture_all(true); }
