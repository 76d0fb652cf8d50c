// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "failing_transport.hpp"

#include "support/allocations.hpp"
#include "support/memory_transport.hpp"
#include "support/recorder.hpp"
#include "support/test.hpp"
#include "support/tls_fixture.hpp"

#include <websockxx/io/connection.hpp>
#include <websockxx/io/tls_transport.hpp>

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

namespace websockxx::torture {

using namespace std::chrono_literals;
using namespace websockxx::test;

struct Told final : core::SendDone {
    inline static int untold = 0;
    inline static int told_twice = 0;
    inline static int forsaken = 0; ///< destroyed untold
    Told() { ++untold; }
    ~Told() override
    {
        if (told_) return;
        --untold;
        ++forsaken;
    }
    void done(error_code) override
    {
        if (std::exchange(told_, true)) ++told_twice;
        else --untold;
    }
    bool told_ = false;
};

/// Answers a call with a positive number, and lets go of others.
struct Answering : Recorder {
    using Recorder::Recorder;
    Action handle_call(int number, ReplyTo<int> caller)
    {
        if (number > 0) caller(number);
        return ok();
    }
};

inline const CertificateAuthority& authority()
{
    static const CertificateAuthority made;
    return made;
}
inline SSL_CTX& server_context()
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
    io::Hooks hooks = {};
    std::shared_ptr<Record> record = std::make_shared<Record>();
    std::shared_ptr<io::Mailbox> mailbox;
    std::shared_ptr<io::Connection> connection;
    int started = 0; ///< how often it was told that the start is over

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
        make_connection();
        connection->begin();
        run();
    }
    /// Without beginning.
    void make_connection()
    {
        const SafeAllocations safe;
        mailbox = std::make_shared<io::Mailbox>(context_.get_executor(), 100, false);
        io::Environment environment;
        environment.make_transport = [this](const Conn& to, const io::Strand& strand) { return make(to, strand); };
        environment.make_alarm = [this](const io::Strand&) {
            auto made = std::make_unique<HandAlarm>(clock_);
            alarm_ = made.get();
            return made;
        };
        environment.draw = [] { return 0.5; };
        if (!hooks.started) hooks.started = [this](const Error&) { ++started; };
        environment.clock = [clock = clock_] { return std::chrono::nanoseconds{clock->now}; };
        connection = std::make_shared<io::Connection>(std::make_unique<Answering>(record), conn, settings, hooks,
            std::make_shared<const io::Environment>(std::move(environment)),
            io::Strand{boost::asio::any_io_executor{context_.get_executor()}}, mailbox);
        weak_ = connection;
    }

    void run()
    {
        do {
            if (const auto there = there_.lock(); there && !mailbox->ended()) transport_->poll();
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
        core::Outgoing outgoing{.frame = std::move(frame), .done = told(), .keep = keep};
        const int forsaken = Told::forsaken;
        try {
            (void)mailbox->send(std::move(outgoing));
        }
        catch (const std::bad_alloc&) { // so he was told
            Told::forsaken = forsaken;
        }
        run();
    }
    void call(int number)
    {
        const int forsaken = Told::forsaken;
        try {
            auto done = told();
            const auto slip = detail::begin_call(mailbox);
            auto letter = detail::make_call_letter<Answering, int, int>(slip, number);
            mailbox->call({slip.id, 5s, std::move(letter)}, slip.answer, std::move(done));
        }
        catch (const std::bad_alloc&) { // so he was told
            Told::forsaken = forsaken;
        }
        run();
    }
    /// Does something from outside, which does nothing if it throws.
    template <class Ask>
    void ask(Ask ask)
    {
        try {
            ask(ref());
        }
        catch (const std::bad_alloc&) {
        }
        run();
    }
    void close() { put(io::item::Close{std::uint16_t{4000}, "enough"}); }
    void put(io::Item item)
    {
        try {
            (void)mailbox->put(std::move(item));
        }
        catch (const std::bad_alloc&) {
        }
        run();
    }
    [[nodiscard]] Ref<Answering> ref() const { return Ref<Answering>{mailbox}; }
    [[nodiscard]] bool open() const
    {
        return !mailbox->ended() && connection->status().state == Status::State::connected;
    }
    [[nodiscard]] std::weak_ptr<io::Connection> weak() const { return weak_; }

private:
    static std::unique_ptr<Told> told()
    {
        const SafeAllocations safe;
        return std::make_unique<Told>();
    }
    std::unique_ptr<io::Transport> make(const Conn& to, const io::Strand& strand)
    {
        const SafeAllocations safe;
        auto server = made_ < servers.size() ? servers[made_] : Server{};
        ++made_;
        auto tls = to.secure ? std::make_unique<ServerTls>(server_context()) : nullptr;
        auto made = std::make_unique<FailingTransport>(strand, plan_, std::move(server), std::move(tls));
        transport_ = made.get();
        there_ = made->there;
        if (!to.secure) return made;
        return std::make_unique<io::TlsTransport>(strand, std::move(made));
    }

    std::shared_ptr<Plan> plan_;
    boost::asio::io_context context_;
    std::shared_ptr<HandClock> clock_ = std::make_shared<HandClock>();
    HandAlarm* alarm_ = nullptr;
    FailingTransport* transport_ = nullptr; // the newest, as long as it is there
    std::weak_ptr<void> there_;
    std::size_t made_ = 0;
    std::weak_ptr<io::Connection> weak_;
};

struct Scenario {
    const char* name;
    std::function<void(World&)> play;
};

inline std::string message(std::string payload) { return encode(WireFrame{Opcode::text, std::move(payload)}); }

/// (handle_connect callbacks* handle_disconnect)* terminate, where an attempt that fails has handle_disconnect alone,
/// and a first handle_connect() that fails, or whose replies do, has nothing behind it.
inline std::string breach_of_grammar(const std::vector<std::string>& lines)
{
    bool connected = false;
    bool ever = false;
    bool terminated = false;
    for (const auto& line : lines) {
        if (line == "destroyed") {
            const bool greeting = lines.size() >= 2 && lines[lines.size() - 2] == "connect";
            return &line == &lines.back() && (ever == terminated || greeting) ? "" : "destroyed in between";
        }
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

inline void play(const Scenario& scenario, bool tls, const std::shared_ptr<Plan>& plan)
{
    std::weak_ptr<io::Connection> weak;
    {
        World world{tls, plan};
        scenario.play(world);
        allocations_left = 0;
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
        CHECK(world.started == 1);
        CHECK(breach_of_grammar(world.record->lines) == "");
        plan->abort = {};
    }
    CHECK(Told::untold == 0);
    CHECK(Told::told_twice == 0);
    CHECK(Told::forsaken == 0);
    CHECK(FailingTransport::alive == 0);
}

} // namespace websockxx::torture
