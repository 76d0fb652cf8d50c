// SPDX-License-Identifier: BSL-1.0
#include <websockxx/registry.hpp>

#include "support/recorder.hpp"
#include "support/test.hpp"

#include <websockxx/start.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <memory>
#include <string>
#include <vector>

using namespace websockxx;
using namespace websockxx::test;

namespace {

using Names = std::vector<std::string>;

struct Plain : Client {};
struct Special : Recorder {
    using Recorder::Recorder;
};

/// Clients that begin, and get no further: nobody runs their executor until the test does.
struct Fixture {
    boost::asio::io_context context;
    std::shared_ptr<Registry> registry = std::make_shared<Registry>();
    std::shared_ptr<Record> record = std::make_shared<Record>();

    Options options(std::string name)
    {
        return {.async = true,
            .name = std::move(name),
            .registry = registry,
            .executor = context.get_executor(),
            .log = {}};
    }
    template <class C = Recorder>
    result<Ref<C>> begin(std::string name)
    {
        return start(std::make_unique<C>(record), "ws://127.0.0.1:1/", options(std::move(name)));
    }
};

} // namespace

TEST_CASE(
    "WX-002 WX-005 WX-008 whoever looks up the name of a client finds it, from before the first attempt", "[registry]")
{
    Fixture f;
    CHECK_FALSE(f.registry->find("me"));
    const auto ref = f.begin("me").value();
    CHECK(f.registry->find("me") == ref);
    CHECK(f.registry->find<Recorder>("me") == ref);
    CHECK_FALSE(f.registry->find("somebody else"));
    CHECK_FALSE(Registry::shared().find("me"));
}

TEST_CASE("WX-003 WX-006 WX-009 a name that is taken is refused, and the holder can be looked up", "[registry]")
{
    Fixture f;
    const auto holder = f.begin("me").value();
    const auto refused = f.begin("me");
    CHECK(refused.error().code() == errc::already_started);
    CHECK(refused.error().detail() == "\"me\"");
    CHECK(f.registry->find("me") == holder);
    CHECK(f.record->lines == Names{"destroyed"}); // nothing else of it was called

    f.registry = std::make_shared<Registry>();
    CHECK(f.begin("me").has_value()); // elsewhere it is free
}

TEST_CASE("a client is found by its type and those it derives from, and by no other", "[registry]")
{
    Fixture f;
    const auto ref = f.begin<Special>("special").value();
    CHECK(f.registry->find<Special>("special") == ref);
    CHECK(f.registry->find<Recorder>("special") == ref);
    CHECK(f.registry->find<Client>("special") == ref);
    CHECK_FALSE(f.registry->find<Plain>("special"));
    const auto plain = f.begin<Recorder>("recorder").value();
    CHECK_FALSE(f.registry->find<Special>("recorder"));
}

TEST_CASE("names() are those that are taken now; a client without a name has none", "[registry]")
{
    Fixture f;
    CHECK(f.begin("b").has_value());
    CHECK(f.begin("a").has_value());
    CHECK(f.begin("").has_value());
    CHECK(f.begin("").has_value());
    CHECK(f.registry->names() == Names{"a", "b"});
}

TEST_CASE("the name is free again when the client has ended, before whoever waits for that is told", "[registry]")
{
    Fixture f;
    const auto first = f.begin("me").value();
    result<Ref<Recorder>> second = Error{errc::already_started};
    first.async_wait([&](error_code, const CloseReason&) { second = f.begin("me"); });
    first.stop();
    f.context.poll();
    CHECK(second.has_value());
}

TEST_CASE("the name is taken until the client is destroyed, but whoever is being destroyed is not found", "[registry]")
{
    struct Prober : Client {
        explicit Prober(Fixture& fixture, std::vector<std::string>& seen) : f(fixture), notes(seen) {}
        ~Prober() override
        {
            notes.emplace_back(f.registry->find("me") ? "found" : "not found");
            notes.emplace_back(f.begin("me") ? "free" : "taken");
        }
        Fixture& f;
        std::vector<std::string>& notes;
    };
    Fixture f;
    Names notes;
    const auto ref = start(std::make_unique<Prober>(f, notes), "ws://127.0.0.1:1/", f.options("me")).value();
    ref.stop();
    f.context.poll();
    CHECK(notes == Names{"not found", "taken"});
    CHECK(f.registry->names().empty());
}

TEST_CASE("a start that fails frees the name, and so does the end of the executor's context", "[registry]")
{
    auto registry = std::make_shared<Registry>();
    {
        Fixture f;
        f.registry = registry;
        CHECK(f.begin("me").has_value());
        CHECK(start<Plain>("ws://", f.options("x")).error().code() == errc::invalid_url);
        CHECK(registry->names() == Names{"me"});
        result<Ref<Plain>> blocked = Error{errc::invalid_option};
        boost::asio::post(f.context, [&] {
            auto options = f.options("y");
            options.async = false;
            blocked = start<Plain>("ws://127.0.0.1:1/", options);
        });
        f.context.poll_one(); // the client's own beginning
        f.context.poll_one();
        CHECK(blocked.error().code() == errc::blocking_in_callback);
        CHECK(registry->names() == Names{"me"});
    }
    CHECK(registry->names().empty());
}

TEST_CASE("async_start takes the name at once, and completes with already_started for the second", "[registry]")
{
    Fixture f;
    error_code first;
    error_code second;
    Ref<Recorder> refused;
    async_start(std::make_unique<Recorder>(f.record), "ws://127.0.0.1:1/", f.options("me"),
        [&](error_code ec, const Ref<Recorder>&) { first = ec; });
    async_start(std::make_unique<Recorder>(f.record), "ws://127.0.0.1:1/", f.options("me"),
        [&](error_code ec, const Ref<Recorder>& ref) {
            second = ec;
            refused = ref;
        });
    CHECK(f.registry->find("me"));
    f.registry->find("me").abort();
    f.context.run();
    CHECK(first == errc::aborted);
    CHECK(second == errc::already_started);
    REQUIRE(refused.reason());
    CHECK(refused.reason()->error.detail() == "\"me\"");
    CHECK(f.registry->names().empty());
}

TEST_CASE("cast and send_frame by a name that nobody has say so", "[registry]")
{
    Fixture f;
    CHECK(f.registry->cast<Recorder>("me", 1).error().code() == errc::no_such_client);
    CHECK(f.registry->send_frame("me", Frame::ping()).error().code() == errc::no_such_client);
    CHECK(f.registry->send_frame("me", Frame::ping()).error().detail() == "\"me\"");
    CHECK(f.begin("me").has_value());
    CHECK(f.registry->cast<Recorder>("me", 1));
    CHECK(f.registry->send_frame("me", Frame::ping(), std::chrono::milliseconds{0}).error().code() ==
          errc::not_connected_opening);
    // It waits for a connection, which nobody makes here.
    CHECK(
        f.registry->send_frame("me", Frame::text("x"), std::chrono::milliseconds{0}, Delivery::keep()).error().code() ==
        errc::not_sent_in_time);
}
