// SPDX-License-Identifier: BSL-1.0
#include "torture/world.hpp"

#include "support/tree_scene.hpp"

#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace websockxx;
using namespace websockxx::test;
using namespace websockxx::torture;

/// As operations_test.cpp, with a supervisor over a client that ends whenever its connection does: whatever fails, in
/// whichever of its lives, the next one begins, or the supervisor gives up as its intensity says.

namespace {

class WorldLife final : public io::Life {
public:
    explicit WorldLife(std::shared_ptr<io::Mailbox> mailbox) : mailbox_(std::move(mailbox)) {}
    void stop() override { (void)mailbox_->put(io::item::Stop{errc::stopped}); }
    void abort() override { (void)mailbox_->put(io::item::Stop{errc::aborted}); }

private:
    std::shared_ptr<io::Mailbox> mailbox_;
};

/// A supervisor with one child, and a world for each of its lives.
class Household {
public:
    Household(bool tls, std::shared_ptr<Plan> plan)
    {
        io::TreeChild child{.id = "feed",
            .rule = {.restart = Restart::permanent, .shutdown = 2s},
            .birth = {},
            .type = &typeid(Recorder),
            .executors = {}};
        child.birth = [this, tls, plan](const auto&, const std::shared_ptr<io::LifeReport>& report) {
            lives.push_back(std::make_unique<World>(tls, plan));
            auto& world = *lives.back();
            world.settings = {};
            world.hooks.started = [report, &world](const Error& error) {
                if (!error) report->started(world.mailbox);
            };
            world.make_connection();
            world.mailbox->async_wait(
                [report](const error_code&, CloseReason reason) { report->ended(std::move(reason)); });
            return std::make_unique<WorldLife>(world.mailbox);
        };
        scene.begin({child});
        run();
    }

    void run()
    {
        for (std::size_t begun = 0; begun != begun_ || lives.size() != begun_;) {
            begun = begun_;
            if (begun_ < lives.size()) lives[begun_++]->connection->begin();
            for (std::size_t i = 0; i < begun_; ++i) lives[i]->run();
            scene.run();
        }
        for (auto& life : lives) life->run();
        scene.run();
    }
    void turn(std::chrono::milliseconds by)
    {
        for (std::size_t i = 0; i < lives.size(); ++i) lives[i]->turn(by);
        scene.turn(by);
        run();
    }
    [[nodiscard]] bool ended() const { return scene.tree->reason().has_value(); }

    TreeScene scene{Strategy::one_for_one, {.restarts = 3, .within = 5s}};
    std::vector<std::unique_ptr<World>> lives;

private:
    std::size_t begun_ = 0;
};

void play(bool tls, const std::shared_ptr<Plan>& plan)
{
    {
        Household household{tls, plan};
        // The server ends the connection of the first life, if it lives, and with it the client.
        household.lives.front()->send(Frame::text("end"));
        household.run();
        household.lives.back()->send(Frame::text("hello"));
        household.run();
        // Long enough for every time limit, one after the other.
        for (int i = 0; i < 20 && !household.ended(); ++i) household.turn(10s);
        CHECK((household.ended() || household.lives.back()->open()));
        household.scene.tree->stop();
        household.run();
        household.turn(10s);
        CHECK(household.ended());
        if (!plan->was_reached()) CHECK(household.lives.size() == 2);
        for (const auto& life : household.lives) {
            CHECK(life->mailbox->ended());
            life->connection.reset();
            CHECK(breach_of_grammar(life->record->lines) == "");
        }
        plan->abort = {};
    }
    CHECK(Told::untold == 0);
    CHECK(Told::told_twice == 0);
    CHECK(Told::forsaken == 0);
    CHECK(FailingTransport::alive == 0);
}

} // namespace

TEST_CASE(
    "P30 whichever operation of a supervised client fails, the next life begins, or the supervisor ends", "[torture]")
{
    std::size_t runs = 0;
    for (const bool tls : {false, true}) {
        for (const auto failure : {Failure::error, Failure::end, Failure::silent, Failure::abort}) {
            for (std::size_t at = 1;; ++at, ++runs) {
                INFO("operation " << at << " " << failure << (tls ? ", with TLS" : ""));
                const auto plan = std::make_shared<Plan>(Plan{.at = at, .failure = failure});
                play(tls, plan);
                if (!plan->was_reached()) break;
                REQUIRE(at < 10'000);
            }
        }
    }
    std::cout << runs << " operations of supervised clients failed, each in a run of its own\n";
    CHECK(runs > 100);
}
