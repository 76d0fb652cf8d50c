// SPDX-License-Identifier: BSL-1.0
#include <websockxx/websockxx.hpp>

#include "support/connection_fixture.hpp"
#include "support/test.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

/// The blocks of docs/guide/names-and-calls.md.

namespace {

using namespace websockxx;
using namespace std::chrono_literals;

// region: client
struct Subscribe {
    std::string symbol;
};
struct GetPrice {
    std::string symbol;
};

class Feed : public Client {
public:
    Action handle_cast(Subscribe to) { return reply(Frame::text("subscribe " + to.symbol)); }

    Action handle_call(GetPrice of, ReplyTo<double> reply_to)
    {
        const auto found = prices_.find(of.symbol);
        if (found != prices_.end()) reply_to(found->second);
        else waiting_.insert_or_assign(of.symbol, std::move(reply_to)); // answered when there is a price
        return ok();
    }

    std::size_t count() const { return prices_.size(); }
    // endregion

    void set(const std::string& symbol, double price)
    {
        prices_[symbol] = price;
        if (const auto waiting = waiting_.extract(symbol)) waiting.mapped()(price);
    }
    // region: client

private:
    std::map<std::string, double> prices_;
    std::map<std::string, ReplyTo<double>> waiting_;
};
// endregion

// region: start
result<Link<Feed>> open_feed(const std::string& url)
{
    auto feed = start_link<Feed>(url, {.name = "prices"});
    if (!feed && feed.error().code() == errc::already_started) {
        const Ref<Feed> holder = Registry::shared().find<Feed>("prices");
        // ... empty, if it has just ended
    }
    return feed;
}
// endregion

// region: by-name
result<void> subscribe(const std::string& symbol) { return Registry::shared().cast<Feed>("prices", Subscribe{symbol}); }
// endregion

// region: own
struct Account {
    std::shared_ptr<Registry> clients = std::make_shared<Registry>();
    Link<Feed> feed;

    result<void> open(const std::string& url)
    {
        auto opened = start_link<Feed>(url, {.name = "prices", .registry = clients});
        if (!opened) return opened.error();
        feed = std::move(*opened);
        return {};
    }
};
// endregion

// region: call
std::optional<double> price_of(const Ref<Feed>& feed, const std::string& symbol)
{
    const result<double> price = feed.call(GetPrice{symbol}, 2s);
    if (price) return *price;
    if (price.error().code() == errc::call_timeout) return std::nullopt; // no price yet
    throw boost::system::system_error(price.error().code());
}
// endregion

// region: async
boost::asio::awaitable<double> spread(Ref<Feed> feed)
{
    const GetPrice ask{"ASK"};
    const GetPrice bid{"BID"};
    const double high = co_await feed.async_call(ask, 2s, boost::asio::use_awaitable);
    const double low = co_await feed.async_call(bid, 2s, boost::asio::use_awaitable);
    co_return high - low;
}
// endregion

// region: visit
std::size_t count_prices(const Ref<Feed>& feed)
{
    const auto count = feed.visit([](const Feed& client) { return client.count(); });
    return count ? *count : 0; // the client has ended
}
// endregion

// region: pause
result<void> import_prices(const Ref<Feed>& feed, void (*import)())
{
    if (auto paused = feed.pause(); !paused) return paused;
    import(); // meanwhile the server is slowed down by TCP, as soon as the buffers are full
    return feed.resume();
}
// endregion

} // namespace

TEST_CASE("docs: a feed that nobody has opened is not there", "[docs]")
{
    CHECK(subscribe("X").error().code() == errc::no_such_client);
    CHECK(open_feed("ws://").error().code() == errc::invalid_url);
    CHECK(Account{}.open("ws://").error().code() == errc::invalid_url);
    CHECK(count_prices({}) == 0);
    CHECK_THROWS(price_of({}, "X"));
    CHECK(import_prices({}, [] {}).error().code() == errc::client_ended);
}

TEST_CASE("docs: a call is answered when there is an answer", "[docs]")
{
    test::Harness h{std::make_unique<Feed>()};
    h.open();
    const Ref<Feed> feed{h.mailbox};
    double seen = 0;
    boost::asio::co_spawn(h.context, spread(feed), [&](const std::exception_ptr&, double value) { seen = value; });
    h.run();
    feed.async_visit([](Feed& client) { client.set("BID", 1); }, [](const std::exception_ptr&) {});
    feed.async_visit([](Feed& client) { client.set("ASK", 3); }, [](const std::exception_ptr&) {});
    h.run();
    CHECK(seen == 2);
}
