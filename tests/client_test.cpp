// SPDX-License-Identifier: BSL-1.0
#include <websockxx/client.hpp>

#include "support/frame_list.hpp"
#include "support/test.hpp"

#include <boost/system/system_error.hpp>

#include <string>
#include <type_traits>
#include <vector>

using namespace websockxx;

namespace {

struct Bare : Client {};

// WX-120: what is overridden is called.
struct Overriding : Client {
    Action handle_frame(const Frame& frame) override { return reply(frame); }
    Action handle_ping(const Frame&) override { return ok(); }
    Action handle_pong(const Frame&) override { return close(); }
    Decision handle_disconnect(const Disconnect&) override { return reconnect(); }
};

static_assert(!std::is_copy_constructible_v<Bare> && !std::is_move_constructible_v<Bare>, "a client stays where it is");
static_assert(std::has_virtual_destructor_v<Client>);
static_assert(noexcept(std::declval<Client&>().terminate({})));

const Conn conn{.host = "example.org"};

} // namespace

TEST_CASE("WX-106 a client without handle_frame() throws unhandled_frame, and says for which type", "[values]")
{
    Bare client;
    try {
        static_cast<void>(client.handle_frame(Frame::text("hello")));
        FAIL("nothing was thrown");
    }
    catch (const boost::system::system_error& thrown) {
        CHECK(thrown.code() == errc::unhandled_frame);
        CHECK_THAT(thrown.what(), ContainsSubstring("no handle_frame() for a text message"));
        CHECK_THAT(thrown.what(), !ContainsSubstring("hello"));
    }
    CHECK_THROWS_WITH(
        client.handle_frame(Frame::binary("x")), ContainsSubstring("no handle_frame() for a binary message"));
}

TEST_CASE("WX-077 WX-078 a ping is answered with its payload in a pong", "[values]")
{
    Bare client;
    CHECK(test::list(client.handle_ping(Frame::ping()).frames()) == std::vector{Frame::pong()});
    const auto action = client.handle_ping(Frame::ping("Llama and Lambs"));
    CHECK(test::list(action.frames()) == std::vector{Frame::pong("Llama and Lambs")});
    CHECK(action.closing() == nullptr);
}

TEST_CASE("by default connecting, pongs and the end change nothing", "[values]")
{
    Bare client;
    const Response response{101, "Switching Protocols", {}, {}};
    CHECK(client.handle_connect({conn, response, "", false}).is_ok());
    CHECK(client.handle_pong(Frame::pong("x")).is_ok());
    client.terminate({});
}

TEST_CASE("by default the policy is asked what to do about a disconnect", "[values]")
{
    Bare client;
    const CloseReason reason;
    const auto decision = client.handle_disconnect({reason, 1, conn, true});
    CHECK(decision.kind() == Decision::Kind::ask_policy);
    CHECK_FALSE(decision.delay());
    CHECK(decision.conn() == nullptr);
}

TEST_CASE("WX-120 what a client overrides is called", "[values]")
{
    Overriding overriding;
    Client& client = overriding;
    CHECK(test::list(client.handle_frame(Frame::text("a")).frames()) == std::vector{Frame::text("a")});
    CHECK(client.handle_ping(Frame::ping()).is_ok());
    CHECK(client.handle_pong(Frame::pong()).closing() != nullptr);
    const CloseReason reason;
    CHECK(client.handle_disconnect({reason, 1, conn, true}).kind() == Decision::Kind::reconnect);
}
