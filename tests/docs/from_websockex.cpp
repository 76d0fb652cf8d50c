// SPDX-License-Identifier: BSL-1.0
#include <websockxx/websockxx.hpp>

#include "support/frame_list.hpp"
#include "support/test.hpp"

#include <chrono>
#include <cstddef>
#include <iostream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

/// The blocks of docs/from-websockex.md.

namespace {

using namespace websockxx;
using namespace std::chrono_literals;

// region: client
struct Say {
    std::string words;
};
struct Tick {};

class Counter : public Client {
public:
    Action handle_connect(const Connected& connected) override
    {
        std::cout << "connected to " << connected.conn.url() << '\n';
        return ok();
    }

    Action handle_frame(const Frame& frame) override
    {
        if (frame.text() == "that is all") return close();
        ++received_;
        return ok();
    }

    Action handle_cast(Say say) { return reply(Frame::text(std::move(say.words))); }
    Action handle_info(Tick) { return reply(Frame::ping()); }

    Decision handle_disconnect(const Disconnect& why) override { return why.attempt < 3 ? reconnect() : ok(); }

    void terminate(const CloseReason& reason) noexcept override
    {
        std::cout << received_ << " messages, then: " << reason << '\n';
    }

private:
    std::size_t received_ = 0;
};
// endregion

result<void> count(const std::string& url)
{
    // region: use
    auto counter = start_link<Counter>(url);
    if (!counter) return counter.error();

    counter->cast(Say{"hello"});
    counter->send_after(1s, Tick{});
    return counter->send_frame(Frame::text("hi"));
    // endregion
}

// region: conn
result<Conn> with_options()
{
    auto conn = Conn::parse("wss://example.org/socket");
    if (!conn) return conn.error();
    conn->headers.add("Authorization", "Bearer of news"); // extra_headers
    conn->tls.ca_file = "our-roots.pem";                  // cacerts
    conn->timeouts.connect = 3s;                          // socket_connect_timeout
    return conn;                                          // start_link<Counter>(*conn)
}
// endregion

// region: exits
struct Fatal : std::runtime_error {
    using std::runtime_error::runtime_error;
};

class Leaver : public Client {
public:
    Action handle_frame(const Frame& frame) override
    {
        if (frame.text() == "leave") self(*this).stop();            // 1001, errc::stopped
        if (frame.text() == "fail") throw Fatal{"it cannot go on"}; // 1011, CloseReason::exception
        return ok();
    }
};
// endregion

TEST_CASE("the client of from-websockex.md answers as it says", "[docs]")
{
    Counter counter;
    CHECK(counter.handle_frame(Frame::text("one")).is_ok());
    CHECK(counter.handle_frame(Frame::text("that is all")).closing() != nullptr);
    CHECK(test::list(counter.handle_cast(Say{"hello"}).frames()) == std::vector{Frame::text("hello")});
    CHECK(test::list(counter.handle_info(Tick{}).frames()) == std::vector{Frame::ping()});

    const CloseReason reason;
    const Conn conn;
    CHECK(counter.handle_disconnect({reason, 2, conn, false}).kind() == Decision::Kind::reconnect);
    CHECK(counter.handle_disconnect({reason, 3, conn, false}).kind() == Decision::Kind::stop);
}

TEST_CASE("WX-014 a start with a URL that is none fails before anything is begun", "[docs]")
{
    const auto counted = count("lemon_pie");
    REQUIRE(counted.has_error());
    CHECK(counted.error().code() == errc::invalid_url);
}

TEST_CASE("the Conn of from-websockex.md can be sent", "[docs]")
{
    const auto conn = with_options();
    REQUIRE(conn.has_value());
    CHECK(conn->check().has_value());
    CHECK(conn->headers.get("authorization") == "Bearer of news");
}

TEST_CASE("an exception of the user's own type leaves the callback of from-websockex.md", "[docs]")
{
    Leaver leaver;
    CHECK_THROWS_AS(leaver.handle_frame(Frame::text("fail")), Fatal);
    CHECK(leaver.handle_frame(Frame::text("leave")).is_ok()); // an empty Ref: it was never started
}

} // namespace
