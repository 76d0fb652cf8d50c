// SPDX-License-Identifier: BSL-1.0
#include <websockxx/restart.hpp>

#include "support/test.hpp"

#include <sstream>
#include <stdexcept>
#include <string>

using namespace websockxx;

TEST_CASE("what is abnormal: all but an orderly end, and a stop by the owner", "[values]")
{
    const auto closed_with = [](std::uint16_t code) {
        return CloseReason{.by = CloseReason::By::remote, .sent = CloseFrame{code}, .received = CloseFrame{code}};
    };
    CHECK_FALSE(is_abnormal(closed_with(close_code::no_status)));
    CHECK_FALSE(is_abnormal(closed_with(close_code::normal)));
    CHECK(is_abnormal(closed_with(close_code::going_away)));
    CHECK(is_abnormal(closed_with(4000)));
    CHECK(is_abnormal({}));
    CHECK(is_abnormal({.error = errc::connection_lost}));
    CHECK(is_abnormal({.error = errc::callback_threw, .exception = std::make_exception_ptr(std::runtime_error("x"))}));
    CHECK(is_abnormal({.by = CloseReason::By::local, .error = errc::aborted}));
    CHECK(is_abnormal({.by = CloseReason::By::local, .error = errc::restart_intensity_reached}));
    CHECK_FALSE(is_abnormal({.by = CloseReason::By::local, .sent = CloseFrame{1001}, .error = errc::stopped}));
}

TEST_CASE("the defaults are OTP's, but for the restart", "[values]")
{
    CHECK(Intensity{}.restarts == 3);
    CHECK(Intensity{}.within == std::chrono::seconds{5});
    CHECK(shutdown_time::standard == std::chrono::seconds{5});
    CHECK(Restart{1} == Restart::transient);
}

TEST_CASE("each state of a child has a name", "[values]")
{
    CHECK(to_string(ChildState::down) == "down");
    CHECK(to_string(ChildState::waiting) == "waiting");
    CHECK(to_string(ChildState::starting) == "starting");
    CHECK(to_string(ChildState::running) == "running");
    CHECK(to_string(ChildState::stopping) == "stopping");
    CHECK(to_string(ChildState{9}) == "");
}

TEST_CASE("how a supervisor ended is told in one line", "[values]")
{
    const auto line = [](const SupervisorReason& reason) {
        std::ostringstream out;
        out << reason;
        return out.str();
    };
    CHECK(line({.error = errc::stopped}) == "the supervisor was stopped");
    CHECK(line({.error = errc::aborted}) == "the supervisor was aborted");
    CHECK(line({.error = errc::runtime_ended}) == "the supervisor has ended: the executor is gone");
    CHECK(
        line({.child = "a", .error = errc::no_address}) == "child \"a\" could not be started: the name has no address");
    CHECK(line({.child = "a", .error = Error{errc::restart_intensity_reached, Phase::none, "child \"a\""}}) ==
          "the supervisor has ended: too many restarts in too short a time (child \"a\")");
}
