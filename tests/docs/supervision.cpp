// SPDX-License-Identifier: BSL-1.0
#include <websockxx/supervisor.hpp>
#include <websockxx/websockxx.hpp>

#include "support/test.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

/// The blocks of docs/guide/supervision.md.

namespace {

using namespace websockxx;
using namespace std::chrono_literals;

class Feed : public Client {};
class Orders : public Client {};
class Prices : public Client {
public:
    explicit Prices(std::string symbol) : symbol_(std::move(symbol)) {}

private:
    std::string symbol_;
};

// region: defaults
class Ledger : public Client {
public:
    static constexpr ChildDefaults child_spec{.id = "ledger", .restart = Restart::permanent, .shutdown = 30s};
};
// endregion

const std::string url = "no url, so that nothing is connected";

int tree()
{
    // region: tree
    auto tree = Supervisor::start({.strategy = Strategy::rest_for_one},
        {child<Feed>("wss://feed.example").id("feed"), child<Ledger>("wss://ledger.example").shutdown(10s),
            child([] { return std::make_unique<Prices>("EURUSD"); }, "wss://prices.example").id("prices")});
    if (!tree) {
        std::cerr << tree.error() << '\n';
        return 1;
    }
    const auto reason = tree->wait(); // until stop(), or until it gives up
    // endregion
    return reason ? 0 : 1;
}

std::vector<ChildSpec> both()
{
    // region: both
    const Options options{.handle_initial_conn_failure = true, .reconnect = policy::up_to(20, policy::Backoff{})};
    return {child<Feed>("wss://feed.example", options), child<Orders>("wss://orders.example", options)};
    // endregion
}

void dynamic(const Supervisor& tree, const std::vector<std::string>& symbols)
{
    // region: dynamic
    Options options{.async = true, .handle_initial_conn_failure = true, .reconnect = policy::Backoff{}};
    for (const auto& symbol : symbols) {
        const auto make = [symbol] { return std::make_unique<Prices>(symbol); };
        const auto id = tree.start_child(child(make, "wss://prices.example", options).id(symbol));
        if (!id) std::cerr << symbol << ": " << id.error() << '\n';
    }

    tree.find<Prices>("EURUSD").send(Frame::text("faster")); // the one that lives now; client_ended if none does
    (void)tree.terminate_child("EURUSD");
    // endregion
}

result<Supervisor> nested()
{
    // region: nested
    return Supervisor::start({.strategy = Strategy::one_for_all, .intensity = {.restarts = 1, .within = 1min}},
        {child<Ledger>("wss://ledger.example"),
            supervisor({.intensity = {.restarts = 100, .within = 10s}}, {}).id("prices")});
    // endregion
}

result<std::string> add(const Supervisor& tree)
{
    // region: inner
    return tree.find_supervisor("prices").start_child(child<Feed>("wss://feed.example"));
    // endregion
}

// region: callback
class Manager : public Client {
public:
    explicit Manager(SupervisorRef tree) : tree_(std::move(tree)) {}

    Action handle_frame(const Frame& frame) override
    {
        const auto symbol = std::string{frame.text()};
        const auto make = [symbol] { return std::make_unique<Prices>(symbol); };
        tree_.async_start_child(
            child(make, "wss://prices.example").id(symbol), [symbol](error_code ec, const std::string&) {
                if (ec) std::cerr << symbol << ": " << ec.message() << '\n';
            });
        return ok();
    }

private:
    SupervisorRef tree_;
};
// endregion

error_code run_on(boost::asio::io_context& context, std::vector<ChildSpec> children)
{
    error_code result;
    // region: own_context
    Supervisor tree;
    Supervisor::async_start(
        {.executor = context.get_executor()}, std::move(children), [&](error_code ec, Supervisor started) {
            result = ec;
            tree = std::move(started); // keep it: its end is the end of the tree
        });
    context.run();
    // endregion
    return result;
}

} // namespace

TEST_CASE("the blocks of the page of supervision compile, and fail as they should", "[docs]")
{
    CHECK(both().size() == 2);
    CHECK(both()[0].restart() == Restart::transient);
    CHECK(child<Ledger>(url).restart() == Restart::permanent);
    const Supervisor none;
    dynamic(none, {"EURUSD"});
    CHECK(add(none).error().code() == errc::supervisor_ended);
    CHECK(Manager{none}.handle_frame(Frame::text("EURUSD")).is_ok());
    boost::asio::io_context context;
    CHECK(run_on(context, {child<Feed>(url)}) == errc::invalid_url);
    // What would open connections is only compiled.
    CHECK((&tree != nullptr && &nested != nullptr));
}
