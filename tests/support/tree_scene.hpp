// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "memory_transport.hpp"

#include <websockxx/client.hpp>
#include <websockxx/io/tree.hpp>

#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace websockxx::test {

/// A tree with children that do what the test says, a clock that the test turns, and no threads.
class TreeScene {
public:
    explicit TreeScene(Strategy strategy = Strategy::one_for_one, Intensity intensity = {})
        : settings{.strategy = strategy,
              .intensity = intensity,
              .executor = context->get_executor(),
              .log = [this](Severity, std::string_view line) { log.emplace_back(line); }}
    {
    }

    /// Starts the tree and lets `ids` start.
    TreeScene& up(const std::vector<std::string>& ids)
    {
        std::vector<io::TreeChild> list;
        for (const auto& id : ids) list.push_back(child(id));
        begin(std::move(list));
        for (const auto& id : ids) started(id);
        lines.clear();
        return *this;
    }

    void begin(std::vector<io::TreeChild> list)
    {
        tree = std::make_shared<io::Tree>(settings, std::move(list));
        tree->begin(answer("tree"), [this](const io::Strand&) {
            auto made = std::make_unique<HoldingAlarm>(*this);
            alarm = made.get();
            return made;
        });
        run();
    }

    /// A child whose lives are noted: "start a", "stop a", "abort a", "gone a".
    io::TreeChild child(std::string id, core::ChildRule rule = {})
    {
        io::TreeChild made{.id = id, .rule = rule, .birth = {}, .type = &typeid(Client), .executors = {}};
        made.birth = [this, id](const auto&, std::shared_ptr<io::LifeReport> report) {
            lines.push_back("start " + id);
            reports[id] = std::move(report);
            if (on_birth) on_birth(id);
            return std::make_unique<FakeLife>(*this, id);
        };
        return made;
    }

    void started(const std::string& id)
    {
        reports.at(id)->started(std::make_shared<io::Mailbox>(context->get_executor(), 1, false));
        run();
    }
    void ended(const std::string& id, CloseReason reason = {.error = errc::connection_lost})
    {
        const auto report = std::exchange(reports.at(id), nullptr);
        report->ended(std::move(reason));
        run();
    }
    void closed(const std::string& id)
    {
        ended(id, {.by = CloseReason::By::local, .sent = CloseFrame{}, .received = CloseFrame{}, .clean = true});
    }

    /// A handler that notes what came of a request: "a: ok", "a: no child has this id".
    io::Tree::Handler answer(std::string name)
    {
        return [this, name = std::move(name)](const Error& error, const std::string& id) {
            lines.push_back(name + ": " + (error ? error.message() : id.empty() ? "ok" : id));
        };
    }

    void run()
    {
        context->restart();
        while (context->poll() > 0) {}
    }

    /// Turns the clock, ringing the alarm at each moment that it is set to.
    void turn(std::chrono::milliseconds by)
    {
        const auto target = now + by;
        while (alarm && alarm->at && *alarm->at <= target) {
            now = std::max(now, *alarm->at);
            alarm->ring();
            run();
        }
        now = target;
    }

    /// What happened since the last question.
    std::vector<std::string> take() { return std::exchange(lines, {}); }

    /// Destroys the executor's context, and what is pending there.
    void destroy_context()
    {
        alarm = nullptr;
        held.reset();
        context.reset();
    }

    std::unique_ptr<boost::asio::io_context> context = std::make_unique<boost::asio::io_context>();
    io::Tree::Settings settings;
    std::vector<std::string> log;
    std::vector<std::string> lines;
    std::function<void(const std::string& id)> on_birth;
    std::map<std::string, std::shared_ptr<io::LifeReport>> reports; ///< of the newest lives
    std::chrono::milliseconds now{1'000'000};
    bool out_of_memory = false; ///< setting the alarm fails
    std::shared_ptr<io::Tree> tree;

private:
    class FakeLife final : public io::Life {
    public:
        FakeLife(TreeScene& scene, std::string id) : scene_(scene), id_(std::move(id)) {}
        ~FakeLife() override { scene_.lines.push_back("gone " + id_); }
        void stop() override { scene_.lines.push_back("stop " + id_); }
        void abort() override { scene_.lines.push_back("abort " + id_); }

    private:
        TreeScene& scene_;
        std::string id_;
    };

    /// What a real alarm holds is held by its context; here, by the scene.
    struct HoldingAlarm final : io::Alarm {
        explicit HoldingAlarm(TreeScene& owner) : scene(owner) {}
        ~HoldingAlarm() override { scene.alarm = nullptr; }

        std::chrono::milliseconds now() const override { return scene.now; }
        void set(std::chrono::milliseconds moment, std::shared_ptr<Listener> owner) override
        {
            if (scene.out_of_memory) throw std::bad_alloc{};
            at = moment;
            scene.held = std::move(owner);
        }
        void cancel() noexcept override
        {
            at.reset();
            scene.held.reset();
        }
        void ring()
        {
            at.reset();
            if (const auto owner = std::exchange(scene.held, nullptr)) owner->on_alarm();
        }

        TreeScene& scene;
        std::optional<std::chrono::milliseconds> at;
    };

    std::shared_ptr<io::Alarm::Listener> held;
    HoldingAlarm* alarm = nullptr;
};

} // namespace websockxx::test
