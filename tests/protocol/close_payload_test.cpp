// SPDX-License-Identifier: BSL-1.0
#include <websockxx/protocol/close_payload.hpp>

#include "support/frame_bytes.hpp"
#include "support/test.hpp"

using namespace websockxx;
using websockxx::protocol::Failure;
using websockxx::protocol::read_close_payload;
using websockxx::test::frames::big_endian;

namespace {

CloseFrame close(std::string_view payload) { return std::get<CloseFrame>(read_close_payload(payload)); }
Failure failure(std::string_view payload) { return std::get<Failure>(read_close_payload(payload)); }

} // namespace

TEST_CASE("WX-144 an empty close frame is not one with the code 1000", "[protocol]")
{
    CHECK(close("") == CloseFrame{close_code::no_status, ""});
    CHECK(close("\x03\xE8") == CloseFrame{close_code::normal, ""});
}

TEST_CASE("WX-147 a code and a text are read", "[protocol]")
{
    CHECK(close("\x03\xE8Hello") == CloseFrame{1000, "Hello"});
    CHECK(close(big_endian(4999, 2) + std::string(123, 'x')) == CloseFrame{4999, std::string(123, 'x')});
}

TEST_CASE("WX-170 WXB-07 S12 a payload of one byte is a protocol error", "[protocol]")
{
    CHECK(failure("\x03").close_code == close_code::protocol_error);
    CHECK(failure("\x03").code == errc::protocol_error);
}

TEST_CASE("WX-171 WXB-07 WXB-08 S12 P25 each code is accepted if it may be sent, 1014 too", "[protocol]")
{
    for (unsigned code = 0; code <= 0xFFFF; ++code) {
        const bool legal = (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006) ||
                           (code >= 3000 && code <= 4999);
        const auto payload = big_endian(code, 2) + "bye";
        if (std::holds_alternative<CloseFrame>(read_close_payload(payload)) != legal) FAIL(code);
        if (legal && close(payload) != CloseFrame{static_cast<std::uint16_t>(code), "bye"}) FAIL(code);
        if (!legal && failure(payload).close_code != close_code::protocol_error) FAIL(code);
    }
}

TEST_CASE("WX-173 WXB-07 S12 a text that is not UTF-8 is a bad payload", "[protocol]")
{
    const std::string_view payload = "\x03\xE8Hello\xFF\xFF";
    CHECK(failure(payload).close_code == close_code::bad_payload);
    CHECK(failure(payload).code == errc::bad_payload);
}
