// SPDX-License-Identifier: BSL-1.0
#include <websockxx/io/tree.hpp>

#include "support/connection_fixture.hpp"
#include "support/test.hpp"
#include "support/tree_scene.hpp"

#include <boost/asio/error.hpp>

#include <chrono>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

/// @file A tree of whole clients, from the protocol to the callbacks, with servers in the hands of the test, and one
/// clock that it turns.

using namespace websockxx;
using namespace websockxx::test;
using namespace std::chrono_literals;

namespace {

/// A client, the connection of its present life, and the tree that owns it.
class Town {
public:
    explicit Town(Intensity intensity = {}, core::Settings settings = {}) : scene(Strategy::one_for_one, intensity)
    {
        io::TreeChild child{
            .id = "feed", .rule = {.shutdown = 2s}, .birth = {}, .type = &typeid(Recorder), .executors = {}};
        child.birth = [this, settings](const auto&, const std::shared_ptr<io::LifeReport>& report) {
            ++lives;
            next = std::make_unique<Harness>(std::make_unique<Recorder>(record), settings);
            next->clock->now = scene.now;
            next->on_started = [harness = next.get(), report] {
                if (!*harness->started) report->started(harness->mailbox);
            };
            next->mailbox->async_wait(
                [report](const error_code&, CloseReason reason) { report->ended(std::move(reason)); });
            return std::make_unique<HarnessLife>(next->mailbox);
        };
        scene.begin({child});
        run();
    }

    /// Lets everything happen that can happen without time passing.
    void run()
    {
        for (int lived = 0; lived != lives;) {
            lived = lives;
            if (next) harness = std::move(next);
            if (harness && !harness->wire) harness->connection->begin();
            if (harness) harness->run();
            scene.run();
        }
    }
    /// The client of this life is connected.
    void accept()
    {
        harness->accept();
        run();
    }
    void refuse()
    {
        harness->refuse(Error{boost::asio::error::connection_refused, Phase::connect});
        run();
    }
    void lose_server()
    {
        harness->end_transport(boost::asio::error::connection_reset);
        run();
    }
    void turn(std::chrono::milliseconds by)
    {
        harness->turn(by);
        scene.turn(by);
        run();
    }
    [[nodiscard]] ChildState state() const { return scene.tree->which_children().at(0).state; }
    [[nodiscard]] error_code reason() const { return scene.tree->reason().value().error.code(); }
    Lines lines() { return std::exchange(record->lines, {}); }

    std::shared_ptr<Record> record = std::make_shared<Record>();
    TreeScene scene;
    std::unique_ptr<Harness> harness; ///< of the present life
    int lives = 0;

private:
    class HarnessLife final : public io::Life {
    public:
        explicit HarnessLife(std::shared_ptr<io::Mailbox> mailbox) : mailbox_(std::move(mailbox)) {}
        void stop() override { (void)mailbox_->put(io::item::Stop{errc::stopped}); }
        void abort() override { (void)mailbox_->put(io::item::Stop{errc::aborted}); }

    private:
        std::shared_ptr<io::Mailbox> mailbox_;
    };

    std::unique_ptr<Harness> next; ///< of a life that is just beginning
};

} // namespace

TEST_CASE("a supervised client survives a callback that throws, as a new one", "[tree]")
{
    Town town;
    town.record->on_frame = [](const Frame&) -> Action { throw std::runtime_error("never seen such a frame"); };
    town.accept();
    CHECK(town.state() == ChildState::running);
    CHECK(town.scene.take().back() == "tree: ok");
    town.harness->say({Opcode::text, "x"});
    CHECK(town.lines() == Lines{"connect", "frame text:x", "terminate", "destroyed"});
    town.run();
    CHECK(town.lives == 2);
    town.accept();
    CHECK(town.lines() == Lines{"connect"});
    CHECK(town.state() == ChildState::running);
}

TEST_CASE("a supervised client survives the death of its server", "[tree]")
{
    Town town;
    town.accept();
    town.lose_server();
    CHECK(town.lines() == Lines{"connect", "disconnect 1", "terminate", "destroyed"});
    CHECK(town.lives == 2);
    CHECK(town.state() == ChildState::starting);
    town.turn(3s);
    town.accept();
    CHECK(town.state() == ChildState::running);
}

TEST_CASE("a supervised client survives refusals, as many as the intensity allows, and then the tree ends", "[tree]")
{
    Town town{{.restarts = 3, .within = 5s}};
    town.accept();
    town.lose_server();
    town.refuse();
    town.refuse();
    CHECK(town.lives == 4);
    town.accept();
    CHECK(town.state() == ChildState::running);
    town.turn(5001ms); // all of that is forgotten
    town.lose_server();
    town.refuse();
    town.refuse();
    CHECK(town.lives == 7);
    town.turn(5s);
    town.refuse();
    CHECK(town.lives == 7);
    CHECK(town.reason() == errc::restart_intensity_reached);
    CHECK(town.scene.tree->reason()->child_ended.error.code() == boost::asio::error::connection_refused);
}

TEST_CASE("a client that reconnects by itself is not restarted, and costs no intensity", "[tree]")
{
    const auto policy = [](const Retry& retry) { return retry.attempt > 5 ? Decision{Ok{}} : reconnect_in(10s); };
    Town town{{.restarts = 0}, {.policy = policy}};
    town.accept();
    town.lose_server();
    for (int i = 0; i < 3; ++i) {
        town.turn(10s);
        town.refuse();
    }
    town.turn(10s);
    town.accept();
    CHECK(town.lives == 1);
    CHECK(town.state() == ChildState::running);
}

TEST_CASE(
    "WX-119 a client that closes in order is done, and one that crashes is not: the default is transient", "[tree]")
{
    Town town;
    town.accept();
    town.harness->say({Opcode::close, close_payload(1000)});
    town.harness->end_transport();
    town.run();
    CHECK(town.lives == 1);
    CHECK(town.state() == ChildState::down);
    CHECK_FALSE(town.scene.tree->reason());
}

TEST_CASE("WX-109 WX-114 stopping the tree says goodbye to the server, also while the client is closing", "[tree]")
{
    const bool closing = GENERATE(false, true);
    Town town;
    town.accept();
    if (closing) {
        (void)town.harness->mailbox->put(io::item::Close{std::nullopt, {}});
        town.run();
        CHECK(town.harness->heard()->opcode == Opcode::close);
    }
    town.scene.tree->stop();
    town.scene.run();
    town.run();
    if (!closing) CHECK(town.harness->heard()->payload == close_payload(1001));
    CHECK(town.lines() == Lines{"connect", "terminate", "destroyed"});
    town.scene.run();
    CHECK(town.reason() == errc::stopped);
}

TEST_CASE("WX-110 WX-111 stopping the tree ends a client that is being connected, at first or again", "[tree]")
{
    const bool again = GENERATE(false, true);
    Town town{{}, {.policy = [](const Retry&) { return reconnect_in(0s); }}};
    if (again) {
        town.accept();
        town.lose_server();
        town.turn(0s);
        CHECK(town.harness->transports == 2);
    }
    town.scene.tree->stop();
    town.scene.run();
    town.run();
    town.scene.run();
    CHECK(town.lines() == (again ? Lines{"connect", "disconnect 1", "terminate", "destroyed"} : Lines{"destroyed"}));
    CHECK(town.reason() == errc::stopped);
}
