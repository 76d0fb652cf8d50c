// SPDX-License-Identifier: BSL-1.0
#include <websockxx/protocol/deflate.hpp>

#include "support/test.hpp"

#include <vector>

using namespace websockxx;
using namespace websockxx::protocol;

namespace {

Deflate offered(
    int client_bits = 15, int server_bits = 15, bool client_no_context = false, bool server_no_context = false)
{
    return {.offer = true,
        .client_max_window_bits = client_bits,
        .server_max_window_bits = server_bits,
        .client_no_context_takeover = client_no_context,
        .server_no_context_takeover = server_no_context};
}

auto read(std::string_view field, const Deflate& deflate = offered())
{
    return read_deflate_answer(std::vector{field}, deflate);
}

void check_unexpected(std::string_view field, const Deflate& deflate = offered())
{
    CAPTURE(field);
    const auto answer = read(field, deflate);
    REQUIRE(answer.has_error());
    CHECK(answer.error().code() == errc::unexpected_extension);
    CHECK(answer.error().phase() == Phase::handshake);
    CHECK_FALSE(answer.error().detail().empty());
}

} // namespace

TEST_CASE("the offer says no more than is needed", "[protocol]")
{
    CHECK(deflate_offer(offered()) == "permessage-deflate; client_max_window_bits");
    CHECK(deflate_offer(offered(10, 9, true, true)) ==
          "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=9; "
          "client_max_window_bits=10");
}

TEST_CASE("no extension in the answer means no compression", "[protocol]")
{
    CHECK(read_deflate_answer({}, offered()).value() == std::nullopt);
    CHECK(read_deflate_answer({}, Deflate{}).value() == std::nullopt);
    CHECK(read("").value() == std::nullopt);
}

TEST_CASE("the parameters of an answer are agreed on", "[protocol]")
{
    CHECK(read("permessage-deflate").value() == AgreedDeflate{});
    CHECK(read(" Permessage-Deflate ; Server_No_Context_Takeover;client_no_context_takeover").value() ==
          AgreedDeflate{true, true, 15, 15});
    CHECK(read("permessage-deflate; server_max_window_bits=8; client_max_window_bits = \"10\"").value() ==
          AgreedDeflate{false, false, 8, 10});
    CHECK(read("permessage-deflate; client_max_window_bits=15", offered(12)).value() ==
          AgreedDeflate{false, false, 15, 12});
    CHECK(read("permessage-deflate", offered(11, 15, true)).value() == AgreedDeflate{false, true, 15, 11});
}

TEST_CASE("WXB-13 S11 an extension that was not offered is unexpected", "[protocol]")
{
    check_unexpected("permessage-deflate", Deflate{});
    check_unexpected("x-webkit-deflate-frame");
    check_unexpected("permessage-deflate, permessage-deflate");
    check_unexpected("permessage-deflate, other");
    CHECK(read_deflate_answer(std::vector<std::string_view>{"permessage-deflate", "permessage-deflate"}, offered())
              .has_error());
}

TEST_CASE("S11 parameters that RFC 7692 does not allow are unexpected", "[protocol]")
{
    for (const std::string_view parameters :
        {"unknown", "server_no_context_takeover=1", "server_no_context_takeover; server_no_context_takeover",
            "client_no_context_takeover=\"\"", "server_max_window_bits",
            "server_max_window_bits=", "server_max_window_bits=7", "server_max_window_bits=16",
            "server_max_window_bits=08", "server_max_window_bits=1x", "server_max_window_bits=1!",
            "server_max_window_bits=-9", "server_max_window_bits=10; server_max_window_bits=10",
            "client_max_window_bits", "client_max_window_bits=7", "client_max_window_bits=100",
            "client_max_window_bits=10; client_max_window_bits=10", "", ";", "server_max_window_bits=\"10", "=10",
            "server_max_window_bits=10 11"}) {
        check_unexpected("permessage-deflate; " + std::string(parameters));
    }
    for (const std::string_view field : {";", ",", "=", "\"", "permessage-deflate,", "permessage-deflate x", "@"})
        check_unexpected(field);
}

TEST_CASE("S11 what was asked of the server must be in its answer", "[protocol]")
{
    check_unexpected("permessage-deflate; server_max_window_bits=11", offered(15, 10));
    check_unexpected("permessage-deflate", offered(15, 10));
    CHECK(read("permessage-deflate; server_max_window_bits=10", offered(15, 10)).has_value());
    check_unexpected("permessage-deflate", offered(15, 15, false, true));
    CHECK(read("permessage-deflate; server_no_context_takeover", offered(15, 15, false, true)).has_value());
}

TEST_CASE("S17 an answer that is made to be slow is read in linear time", "[protocol]")
{
    std::string field = "permessage-deflate";
    while (field.size() < 1'000'000) field += " ;  a=\"b\"";
    check_unexpected(field);
    check_unexpected(std::string(1'000'000, ';'));
    check_unexpected(std::string(1'000'000, ' ') + "x");
    check_unexpected("permessage-deflate; a=\"" + std::string(1'000'000, 'x'));
}

TEST_CASE("what was agreed on is written as a field", "[protocol]")
{
    CHECK(to_field({true, true, 9, 15}) ==
          "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=9; "
          "client_max_window_bits=15");
}
