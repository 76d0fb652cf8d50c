// SPDX-License-Identifier: BSL-1.0
#include <websockxx/core/trace_text.hpp>

#include "support/test.hpp"

#include <websockxx/conn.hpp>
#include <websockxx/debug.hpp>
#include <websockxx/detail/text.hpp>
#include <websockxx/observer.hpp>

#include <random>
#include <stdexcept>
#include <string>
#include <vector>

using namespace websockxx;
using namespace websockxx::core;
using namespace std::chrono_literals;
namespace words = websockxx::core::trace_text;

namespace {

const Debug quiet{};
const Debug open_hearted{.payloads = true};

} // namespace

TEST_CASE("the texts of a trace are WebSockex's, spelled correctly", "[trace]")
{
    using By = CloseReason::By;
    const auto conn = Conn::parse("wss://h/p?token=abc&room=7").value();
    CHECK(words::connecting(conn, quiet) == "attempting to connect to wss://h/p?token=***&room=***");
    CHECK(words::connecting(conn, {.show_parameters = {"room"}}) ==
          "attempting to connect to wss://h/p?token=***&room=7");
    CHECK(words::connected(false) == "successfully connected");
    CHECK(words::connected(true) == "successfully reconnected");
    CHECK(words::reconnecting(1500ms) == "attempting to reconnect in 1500 ms");
    CHECK_THAT(words::not_connected({.error = Error{errc::connect_timeout, Phase::connect}}),
        StartsWith("failed to connect: "));

    CHECK(words::received(Frame::text("hello"), 1, quiet) == "received frame: text, 5 bytes");
    CHECK(words::received(Frame::text("hello"), 3, quiet) == "completed fragmented frame: text, 5 bytes");
    CHECK(words::received_part({Frame::Type::text, "he", true, false}, quiet) == "received part: text, 2 bytes");
    CHECK(words::received_part({Frame::Type::text, "l", false, false}, quiet) == "received part: continuation, 1 byte");
    CHECK(words::received_part({Frame::Type::text, "lo", false, true}, quiet) == "received part: finish, 2 bytes");
    CHECK(words::received_message("Say") == "received msg: Say");
    CHECK(words::replying(Callback::handle_frame, Frame::pong(), quiet) ==
          "replying from handle_frame with pong, 0 bytes");
    CHECK(words::sending(Frame::binary("ab"), quiet) == "sending frame: binary, 2 bytes");

    CHECK(words::closing({.by = By::local, .sent = CloseFrame{}}) == "closing with local reason: closed by us");
    CHECK_THAT(words::closing({.by = By::remote, .received = CloseFrame{4000, "bye"}, .clean = true}),
        StartsWith("closing with the remote reason: ") && ContainsSubstring("4000"));
    CHECK(words::sending_close({}, false) == "sending close frame");
    CHECK(words::sending_close({1000, "done\n"}, false) == "sending close frame: 1000 \"done\\n\"");
    CHECK(words::sending_close({1011, ""}, true) == "sending error close frame: 1011");
    CHECK_THAT(words::failing(Error{errc::callback_threw}), StartsWith("closing due to error: "));

    CHECK(words::ended({.by = By::transport, .error = errc::connection_lost}) ==
          "had the connection closed unexpectedly by the remote server");
    CHECK(words::ended({.by = By::local, .clean = true}) == "closed the connection successfully");
    CHECK(words::ended({.by = By::local, .error = errc::close_timeout}) ==
          "forcefully closed the connection because the server was taking too long to close");
    CHECK_THAT(words::terminating({.by = By::local}), StartsWith("terminating: "));
}

TEST_CASE("payloads are shown only if asked for, and then their beginning", "[trace]")
{
    CHECK(words::describe(Frame::text("hi\n"), quiet) == "text, 3 bytes");
    CHECK(words::describe(Frame::text("hi\n"), open_hearted) == "text, 3 bytes: \"hi\\n\"");
    CHECK(words::describe(Frame::binary(std::string("\x00\xFFz", 3)), open_hearted) == "binary, 3 bytes: <00ff7a>");
    CHECK(words::describe(Frame::text(""), open_hearted) == "text, 0 bytes");
    CHECK(words::describe(Frame::binary(std::string(128, 'z')), open_hearted).size() == 2 * 128 + 21);
    CHECK_THAT(words::describe(Frame::binary(std::string(129, 'z')), open_hearted), EndsWith("7a7a...>"));
    CHECK(words::describe(Frame::text(std::string(1000, 'x')), open_hearted).size() < 300);
}

TEST_CASE(
    "S16 whatever a payload, a name or a reason is made of, a line is one line, and quiet about payloads", "[trace]")
{
    std::minstd_rand random{11};
    const std::string secret = "CANARY";
    for (int i = 0; i < 3'000; ++i) {
        std::string wild = secret;
        for (auto size = random() % 20; size > 0; --size) wild += static_cast<char>(random() % 256);
        const Frame frame{static_cast<Frame::Type>(random() % 8), wild};
        const std::runtime_error thrown{wild};
        const CloseReason reason{.by = static_cast<CloseReason::By>(random() % 3),
            .sent = CloseFrame{1000, wild},
            .received = CloseFrame{1000, wild},
            .error = Error{errc::callback_threw, Phase::open, wild},
            .exception = std::make_exception_ptr(thrown)};
        const Fragment part{Frame::Type::text, wild, random() % 2 == 0, random() % 2 == 0};
        for (const auto& line : {words::received(frame, 1, quiet), words::sending(frame, quiet),
                 words::replying(Callback::handle_ping, frame, quiet), words::received_part(part, quiet)}) {
            CHECK(line.find(secret) == std::string::npos);
            CHECK_FALSE(detail::has_control_character(line));
        }
        for (const auto& line : {words::received(frame, 2, open_hearted), words::closing(reason), words::ended(reason),
                 words::not_connected(reason), words::terminating(reason), words::failing(reason.error),
                 words::sending_close({4000, wild}, false), words::received_message(wild)}) {
            CHECK_FALSE(detail::has_control_character(line));
        }
    }
}

TEST_CASE("S16 the message of a foreign error category stays one line", "[trace]")
{
    struct Wild final : boost::system::error_category {
        [[nodiscard]] const char* name() const noexcept override { return "wild"; }
        [[nodiscard]] std::string message(int) const override { return "two\nlines\x7F"; }
    };
    static const Wild wild;
    CHECK(words::failing(Error{error_code{1, wild}}) == "closing due to error: two?lines?");
}
