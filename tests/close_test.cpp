// SPDX-License-Identifier: BSL-1.0
#include <websockxx/close.hpp>

#include <websockxx/detail/utf8.hpp>

#include "support/test.hpp"

#include <boost/system/errc.hpp>

#include <sstream>
#include <stdexcept>
#include <string>

using namespace websockxx;
using By = CloseReason::By;

namespace {

const CloseFrame empty{};
const CloseFrame normal{1000, ""};

} // namespace

TEST_CASE("an endpoint may send 1000 to 1003, 1007 to 1014 and 3000 to 4999", "[values]")
{
    int count = 0;
    for (int code = 0; code <= 65535; ++code) count += close_code::may_be_sent(static_cast<std::uint16_t>(code));
    CHECK(count == 4 + 8 + 2000);
    for (const int code : {1000, 1003, 1007, 1014, 3000, 4999})
        CHECK(close_code::may_be_sent(static_cast<std::uint16_t>(code)));
    for (const int code : {0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535})
        CHECK_FALSE(close_code::may_be_sent(static_cast<std::uint16_t>(code)));
}

TEST_CASE("the registered close codes have names, others have none", "[values]")
{
    CHECK(close_code::name(1000) == "normal");
    CHECK(close_code::name(1001) == "going away");
    CHECK(close_code::name(1006) == "abnormal");
    for (int code = 0; code <= 5000; ++code) {
        const bool registered = (code >= 1000 && code <= 1003) || (code >= 1005 && code <= 1015);
        CHECK(close_code::name(static_cast<std::uint16_t>(code)).empty() != registered);
    }
}

TEST_CASE("the text of a close frame is cut to 123 bytes and never inside a character", "[values]")
{
    CHECK(fit_close_text("") == "");
    CHECK(fit_close_text(std::string(123, 'a')).size() == 123);
    CHECK(fit_close_text(std::string(124, 'a')).size() == 123);

    const auto [character, left] = GENERATE(table<std::string, std::size_t>({
        {"\xC3\xA4", 122},         // of 2 bytes
        {"\xE2\x82\xAC", 123},     // of 3
        {"\xF0\x9F\x98\x80", 120}, // of 4
    }));
    std::string text;
    while (text.size() < 200) text += character;
    CHECK(fit_close_text(text).size() == left);

    for (std::size_t shift = 0; shift < 8; ++shift) {
        const auto shifted = std::string(shift, 'x') + text;
        const auto fitted = fit_close_text(shifted);
        CHECK(fitted.size() <= max_close_text_bytes);
        CHECK(fitted.size() > max_close_text_bytes - 4);
        CHECK(detail::is_valid_utf8(fitted));
        CHECK(shifted.starts_with(fitted));
    }
}

TEST_CASE("WXB-19 a text of a close frame that is not UTF-8 is cut all the same", "[values]")
{
    CHECK(fit_close_text(std::string(500, '\x80')).size() <= max_close_text_bytes);
}

TEST_CASE("the code and text of an end are those of the close frame that came first, or 1006", "[values]")
{
    const CloseFrame ours{4000, "ours"};
    const CloseFrame theirs{1001, "theirs"};

    CHECK(CloseReason{.by = By::local, .sent = ours, .received = theirs}.code() == 4000);
    CHECK(CloseReason{.by = By::local, .sent = ours, .received = theirs}.text() == "ours");
    CHECK(CloseReason{.by = By::remote, .sent = ours, .received = theirs}.code() == 1001);
    CHECK(CloseReason{.by = By::remote, .sent = ours, .received = theirs}.text() == "theirs");
    CHECK(CloseReason{.by = By::remote, .received = empty}.code() == 1005);
    CHECK(CloseReason{.by = By::local}.code() == 1006);
    CHECK(CloseReason{.by = By::remote}.code() == 1006);
    CHECK(CloseReason{}.code() == 1006);
    CHECK(CloseReason{}.text() == "");
}

TEST_CASE("an end is normal if either side closed without a code or with 1000, and nothing was wrong", "[values]")
{
    CHECK(CloseReason{.by = By::local, .sent = empty}.normal());
    CHECK(CloseReason{.by = By::local, .sent = normal, .received = normal, .clean = true}.normal());
    CHECK(CloseReason{.by = By::remote, .sent = empty, .received = empty, .clean = true}.normal());
    CHECK(CloseReason{.by = By::remote, .received = CloseFrame{1000, "bye"}}.normal());

    CHECK_FALSE(CloseReason{}.normal());
    CHECK_FALSE(CloseReason{.by = By::local}.normal());
    CHECK_FALSE(CloseReason{.by = By::remote, .received = CloseFrame{1001, ""}}.normal());
    CHECK_FALSE(CloseReason{.by = By::local, .sent = CloseFrame{4000, ""}, .received = normal}.normal());
    CHECK_FALSE(CloseReason{.by = By::local, .sent = normal, .error = errc::close_timeout}.normal());
    CHECK_FALSE(
        CloseReason{.by = By::local, .sent = normal, .exception = std::make_exception_ptr(std::runtime_error("x"))}
            .normal());
}

TEST_CASE("an end says who closed, with what, and what was wrong", "[values]")
{
    CHECK(CloseReason{.by = By::remote, .received = CloseFrame{1001, "bye"}}.message() ==
          "closed by the server: 1001 going away \"bye\"");
    CHECK(CloseReason{.by = By::local, .sent = normal, .received = normal, .clean = true}.message() ==
          "closed by us: 1000 normal");
    CHECK(CloseReason{.by = By::local, .sent = CloseFrame{4321, ""}, .received = CloseFrame{1001, "ok"}}.message() ==
          "closed by us: 4321, answered with 1001 going away \"ok\"");
    CHECK(CloseReason{.by = By::remote, .sent = normal, .received = empty}.message() ==
          "closed by the server, answered with 1000 normal");
    CHECK(CloseReason{.by = By::local, .sent = normal, .error = Error(errc::close_timeout, Phase::closing)}.message() ==
          "closed by us: 1000 normal; closing handshake: forcefully closed because the server was taking too long to "
          "close");
}

TEST_CASE("a lost connection and one that never was are told apart", "[values]")
{
    const error_code reset{boost::system::errc::connection_reset, boost::system::system_category()};
    const error_code refused{boost::system::errc::connection_refused, boost::system::system_category()};

    CHECK(CloseReason{.error = Error(reset, Phase::open)}.message() ==
          "connection lost: Connection reset by peer (1006)");
    CHECK(CloseReason{.error = errc::connection_lost}.message() == "connection lost: no closing handshake (1006)");
    CHECK(CloseReason{.error = Error(reset, Phase::closing)}.message() ==
          "connection lost: Connection reset by peer (1006)");
    CHECK(CloseReason{}.message() == "connection lost: no closing handshake (1006)");
    CHECK(CloseReason{.error = Error(refused, Phase::connect)}.message() ==
          "could not connect: TCP connect: Connection refused");
    CHECK(CloseReason{.error = Error::refused({404, "Not Found", {}, {}})}.message() ==
          "could not connect: opening handshake: the server refused (404 Not Found)");
}

TEST_CASE("the words of what a callback threw are in the message, once", "[values]")
{
    const CloseFrame internal{1011, ""};
    const auto thrown = std::make_exception_ptr(std::runtime_error("no\nmore"));
    CHECK(
        CloseReason{.by = By::local, .sent = internal, .error = errc::callback_threw, .exception = thrown}.message() ==
        "closed by us: 1011 internal error; an exception left a callback (no\\nmore)");
    CHECK(CloseReason{.by = By::local,
              .sent = internal,
              .error = Error(errc::callback_threw, Phase::open, "no\nmore"),
              .exception = thrown}
              .message() ==
          "closed by us: 1011 internal error; open connection: an exception left a callback (no\\nmore)");
    CHECK_THAT((CloseReason{.by = By::local, .sent = internal, .exception = std::make_exception_ptr(5)}.message()),
        EndsWith("(not a std::exception)"));
}

TEST_CASE("what the server wrote is escaped in the message", "[values]")
{
    std::ostringstream out;
    out << CloseReason{.by = By::remote, .received = CloseFrame{1000, "x\r\n\x1B[2J\xFF"}};
    CHECK(out.str() == "closed by the server: 1000 normal \"x\\r\\n\\x1B[2J\\xFF\"");
}
