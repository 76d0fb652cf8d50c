// SPDX-License-Identifier: BSL-1.0
#include <websockxx/error.hpp>

#include "support/test.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/system/errc.hpp>
#include <boost/system/system_error.hpp>

#include <set>
#include <sstream>
#include <string>
#include <vector>

using namespace websockxx;
namespace posix = boost::system::errc;

namespace {

std::vector<errc> all_errors()
{
    std::vector<errc> all;
    for (int value = 1; value <= static_cast<int>(errc::runtime_ended); ++value)
        all.push_back(static_cast<errc>(value));
    return all;
}

std::set<errc> all_meeting(condition c)
{
    std::set<errc> meeting;
    for (const auto e : all_errors())
        if (make_error_code(e) == c) meeting.insert(e);
    return meeting;
}

error_code system_code(posix::errc_t e) { return {e, boost::system::system_category()}; }

} // namespace

TEST_CASE("each error has a text of its own, in words for a sentence", "[values]")
{
    std::set<std::string> texts;
    for (const auto e : all_errors()) {
        const auto code = make_error_code(e);
        CAPTURE(code.message());
        CHECK(code.failed());
        CHECK(code.message().size() > 9);
        CHECK(code.message() != "unknown error");
        CHECK(code.message().back() != '.');
        texts.insert(code.message());
    }
    CHECK(texts.size() == all_errors().size());

    CHECK(std::string(error_category().name()) == "websockxx");
    CHECK(error_category().message(0) == "unknown error");
    CHECK(error_category().message(-1) == "unknown error");
    CHECK(error_category().message(static_cast<int>(errc::runtime_ended) + 1) == "unknown error");
}

TEST_CASE("WX-033 WX-035 not being connected has a text for opening and one for closing", "[values]")
{
    CHECK_THAT(make_error_code(errc::not_connected_opening).message(), ContainsSubstring("being opened"));
    CHECK_THAT(make_error_code(errc::not_connected_closing).message(), ContainsSubstring("being closed"));
}

TEST_CASE("WX-034 who calls itself is advised to return a reply", "[values]")
{
    CHECK_THAT(make_error_code(errc::calling_self).message(), ContainsSubstring("return reply(frame)"));
}

TEST_CASE("errors are comparable with those of POSIX", "[values]")
{
    CHECK(make_error_code(errc::open_timeout) == posix::timed_out);
    CHECK(make_error_code(errc::not_connected_closing) == posix::not_connected);
    CHECK(make_error_code(errc::invalid_url) == posix::invalid_argument);
    CHECK(make_error_code(errc::aborted) == posix::operation_canceled);
    CHECK(make_error_code(errc::aborted) != posix::timed_out);
    for (const auto e : all_errors())
        CHECK(make_error_code(e).default_error_condition().category() == boost::system::generic_category());
    CHECK(error_category().default_error_condition(0).category() == error_category());
}

TEST_CASE("an error_code is made of an errc by itself, and compares with it", "[values]")
{
    const error_code code = errc::bad_accept;
    CHECK(code == errc::bad_accept);
    CHECK(code != errc::bad_upgrade);
    CHECK(code.category() == error_category());
}

TEST_CASE("each condition groups the errors that are meant by it", "[values]")
{
    CHECK(all_meeting(condition::timeout) == std::set{errc::send_timeout, errc::not_sent_in_time, errc::call_timeout,
                                                 errc::connect_timeout, errc::open_timeout, errc::close_timeout,
                                                 errc::heartbeat_timeout, errc::message_timeout});
    CHECK(all_meeting(condition::tls) ==
          std::set{errc::tls_failed, errc::tls_version, errc::tls_options, errc::certificate_expired,
              errc::certificate_not_yet_valid, errc::certificate_self_signed, errc::certificate_untrusted,
              errc::certificate_host_mismatch, errc::certificate_revoked, errc::certificate_rejected});
    CHECK(all_meeting(condition::handshake) == std::set{errc::handshake_refused, errc::handshake_malformed,
                                                   errc::handshake_too_large, errc::handshake_incomplete,
                                                   errc::bad_upgrade, errc::bad_accept, errc::unexpected_extension,
                                                   errc::unexpected_subprotocol});
    CHECK(all_meeting(condition::protocol) == std::set{errc::handshake_malformed, errc::bad_upgrade, errc::bad_accept,
                                                  errc::unexpected_extension, errc::unexpected_subprotocol,
                                                  errc::protocol_error, errc::bad_payload});
    CHECK(all_meeting(condition::not_connected) ==
          std::set{errc::not_connected_opening, errc::not_connected_closing, errc::client_ended});
    CHECK(all_meeting(condition::invalid) == std::set{errc::invalid_url, errc::invalid_header,
                                                 errc::invalid_subprotocol, errc::invalid_target, errc::invalid_option,
                                                 errc::invalid_frame, errc::control_frame_too_large, errc::invalid_utf8,
                                                 errc::invalid_close_code, errc::port_not_allowed, errc::tls_options});
    CHECK(
        all_meeting(condition::transient) ==
        std::set{errc::not_connected_opening, errc::send_queue_full, errc::dropped, errc::inbox_full,
            errc::send_timeout, errc::not_sent_in_time, errc::call_timeout, errc::connect_timeout, errc::open_timeout,
            errc::no_address, errc::handshake_incomplete, errc::prepare_failed, errc::tls_failed, errc::connection_lost,
            errc::maybe_sent, errc::close_timeout, errc::heartbeat_timeout, errc::message_timeout});
}

TEST_CASE(
    "what is not transient is fatal, but for a refusal, which depends on its status, and for a closing", "[values]")
{
    for (const auto e : all_errors()) {
        const auto code = make_error_code(e);
        CAPTURE(code.message());
        const bool open = e == errc::handshake_refused || e == errc::not_connected_closing;
        CHECK((code == condition::transient) + (code == condition::fatal) == (open ? 0 : 1));
    }
}

TEST_CASE("failures of the system are transient unless they come from how it was asked", "[values]")
{
    const auto transient = GENERATE(posix::connection_refused, posix::connection_reset, posix::connection_aborted,
        posix::timed_out, posix::network_unreachable, posix::network_down, posix::host_unreachable, posix::broken_pipe,
        posix::too_many_files_open, posix::not_enough_memory, posix::address_not_available, posix::permission_denied,
        posix::no_such_file_or_directory);
    CAPTURE(transient);
    CHECK(system_code(transient) == condition::transient);
    CHECK_FALSE(system_code(transient) == condition::fatal);
    CHECK(posix::make_error_code(transient) == condition::transient);
    CHECK_FALSE(system_code(transient) == condition::tls);
}

TEST_CASE("failures of the system that come from how it was asked are fatal, a cancelled one is neither", "[values]")
{
    for (const auto e :
        {posix::invalid_argument, posix::address_family_not_supported, posix::bad_file_descriptor, posix::not_a_socket,
            posix::protocol_not_supported, posix::function_not_supported, posix::operation_not_supported}) {
        CHECK(system_code(e) == condition::fatal);
        CHECK_FALSE(system_code(e) == condition::transient);
    }
    CHECK_FALSE(system_code(posix::operation_canceled) == condition::fatal);
    CHECK_FALSE(system_code(posix::operation_canceled) == condition::transient);
    CHECK(system_code(posix::timed_out) == condition::timeout);
    CHECK_FALSE(system_code(posix::connection_reset) == condition::timeout);
    CHECK(system_code(posix::not_connected) == condition::not_connected);
    CHECK(error_code(100'000, boost::system::system_category()) == condition::transient);
}

TEST_CASE("Asio's own errors are known by the names of their categories", "[values]")
{
    namespace asio = boost::asio::error;
    CHECK(asio::make_error_code(asio::host_not_found) == condition::transient);
    CHECK(asio::make_error_code(asio::host_not_found_try_again) == condition::transient);
    CHECK(asio::make_error_code(asio::eof) == condition::transient);
    CHECK_FALSE(asio::make_error_code(asio::already_open) == condition::transient);
    CHECK(asio::make_error_code(asio::service_not_found) == condition::fatal);
    CHECK_FALSE(asio::make_error_code(asio::service_not_found) == condition::transient);
    CHECK(asio::make_error_code(asio::connection_refused) == condition::transient);
    CHECK_FALSE(asio::make_error_code(asio::operation_aborted) == condition::transient);

    const error_code truncated = boost::asio::ssl::error::stream_truncated;
    CHECK(truncated == condition::transient);
    CHECK(truncated == condition::tls);
    CHECK(error_code(1, asio::get_ssl_category()) == condition::tls);
}

TEST_CASE("no error, an unknown one and a foreign one meet no condition", "[values]")
{
    const auto value = GENERATE(range(0, 10));
    const auto c = static_cast<condition>(value);
    CHECK_FALSE(error_code() == c);
    CHECK_FALSE(error_code(9999, error_category()) == c);
    CHECK_FALSE(error_code(boost::asio::error::operation_aborted, boost::asio::error::get_misc_category()) == c);
    CHECK_FALSE(condition_category().message(value).empty());
    CHECK(std::string(condition_category().name()) == "websockxx.condition");
}

TEST_CASE("a condition that is none is met by no error", "[values]")
{
    for (const int value : {-1, 0, 9, 32, 64})
        for (const auto e : all_errors()) CHECK_FALSE(make_error_code(e) == static_cast<condition>(value));
}

TEST_CASE("an error says when, what and which, in one line", "[values]")
{
    CHECK(Error(errc::certificate_host_mismatch, Phase::tls, "want example.org").message() ==
          "TLS handshake: the certificate is for another host (want example.org)");
    CHECK(Error(errc::aborted).message() == "the client was aborted");
    CHECK(Error(system_code(posix::connection_refused), Phase::connect).message() == "TCP connect: Connection refused");
    CHECK(Error().message() == "no error");

    std::ostringstream out;
    out << Error(errc::no_address, Phase::resolve, "example.org");
    CHECK(out.str() == "name lookup: the name has no address (example.org)");
}

TEST_CASE("what comes from outside is escaped in an error's line", "[values]")
{
    CHECK(Error(errc::bad_upgrade, Phase::handshake, "a\r\nSet: \x1B[0m").message() ==
          "opening handshake: the answer does not switch to WebSocket (a\\r\\nSet: \\x1B[0m)");
    CHECK_THAT(Error::refused({403, "no\nway", {}, {}}).message(), EndsWith("(403 no\\nway)"));
}

TEST_CASE("a refused handshake keeps the answer, and says its status", "[values]")
{
    const auto error = Error::refused({503, "Service Unavailable", {{"Retry-After", "7"}}, "later"});
    CHECK(error.code() == errc::handshake_refused);
    CHECK(error.code() == condition::handshake);
    CHECK(error.phase() == Phase::handshake);
    REQUIRE(error.refusal() != nullptr);
    CHECK(error.refusal()->status == 503);
    CHECK(error.refusal()->headers.get("retry-after") == "7");
    CHECK(error.refusal()->body == "later");
    CHECK(error.detail() == "503 Service Unavailable");
    CHECK(error.message() == "opening handshake: the server refused (503 Service Unavailable)");
    CHECK(Error::refused({404, "", {}, {}}).detail() == "404");
    CHECK(Error(errc::aborted).refusal() == nullptr);
    CHECK(Error(errc::aborted, Phase::none, "x").refusal() == nullptr);
}

TEST_CASE("errors are equal if code, phase and detail are", "[values]")
{
    CHECK(Error(errc::aborted, Phase::open, "x") == Error(errc::aborted, Phase::open, "x"));
    CHECK_FALSE(Error(errc::aborted, Phase::open, "x") == Error(errc::stopped, Phase::open, "x"));
    CHECK_FALSE(Error(errc::aborted, Phase::open, "x") == Error(errc::aborted, Phase::none, "x"));
    CHECK_FALSE(Error(errc::aborted, Phase::open, "x") == Error(errc::aborted, Phase::open));
    CHECK_FALSE(static_cast<bool>(Error()));
    CHECK(static_cast<bool>(Error(errc::aborted)));
}

TEST_CASE("each phase has a name but none", "[values]")
{
    std::set<std::string_view> names;
    for (const auto phase :
        {Phase::prepare, Phase::resolve, Phase::connect, Phase::tls, Phase::handshake, Phase::open, Phase::closing})
        names.insert(to_string(phase));
    CHECK(names.size() == 7);
    CHECK(names.count("") == 0);
    CHECK(to_string(Phase::none) == "");
    CHECK(to_string(static_cast<Phase>(99)) == "");
}

TEST_CASE("the value of a result that holds an error throws a system_error with the code and what is known", "[values]")
{
    const result<int> no = Error(errc::certificate_host_mismatch, Phase::tls, "want a\nb");
    REQUIRE(no.has_error());
    try {
        static_cast<void>(no.value());
        FAIL("nothing was thrown");
    }
    catch (const boost::system::system_error& thrown) {
        CHECK(thrown.code() == errc::certificate_host_mismatch);
        CHECK_THAT(thrown.what(), StartsWith("TLS handshake (want a\\nb): the certificate is for another host"));
    }

    const result<> plain = Error(errc::aborted);
    CHECK_THROWS_WITH(plain.value(), StartsWith("the client was aborted"));
    const result<> in_phase = Error(errc::aborted, Phase::open);
    CHECK_THROWS_WITH(in_phase.value(), StartsWith("open connection: the client was aborted"));
    const result<> with_detail = Error(errc::aborted, Phase::none, "why");
    CHECK_THROWS_WITH(with_detail.value(), StartsWith("(why): the client was aborted"));

    CHECK(result<int>(5).value() == 5);
}
