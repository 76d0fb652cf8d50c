// SPDX-License-Identifier: BSL-1.0
#include <websockxx/websockxx.hpp>

#include "support/test.hpp"

#include <iostream>
#include <stdexcept>
#include <string>

/// The blocks of docs/guide/closing.md.

namespace {

using namespace websockxx;

// region: callbacks
class Job : public Client {
public:
    Action handle_frame(const Frame& frame) override
    {
        if (frame.text() == "done") return close(); // an empty close frame
        if (frame.text() == "next") return reply(Frame::text("ready"));
        return close(close_code::policy_error, "not a word of ours"); // 1008
    }

    void terminate(const CloseReason& reason) noexcept override { std::cerr << reason << '\n'; }
};
// endregion

std::string verdict(const CloseReason& reason)
{
    // region: reason
    if (reason.normal()) return "an orderly end";
    if (reason.exception) return "a callback threw";
    if (reason.by == CloseReason::By::remote) return "the server closed with " + std::to_string(reason.code());
    if (reason.error.code() == errc::stopped) return "our Link ended";
    return reason.message();
    // endregion
}

} // namespace

TEST_CASE("the blocks of the page of closing answer as it says", "[docs]")
{
    Job job;
    const auto done = job.handle_frame(Frame::text("done"));
    REQUIRE(done.closing() != nullptr);
    CHECK_FALSE(done.closing()->code);
    CHECK(job.handle_frame(Frame::text("next")).frames().size() == 1);
    CHECK(job.handle_frame(Frame::text("?")).closing()->code == close_code::policy_error);

    CHECK(verdict({.by = CloseReason::By::local, .sent = CloseFrame{}, .received = CloseFrame{}, .clean = true}) ==
          "an orderly end");
    CHECK(verdict({.by = CloseReason::By::remote, .received = CloseFrame{4001}}) == "the server closed with 4001");
    CHECK(verdict({.by = CloseReason::By::local, .error = errc::stopped}) == "our Link ended");
    CHECK(verdict({.error = errc::connection_lost}).starts_with("connection lost"));
    CHECK(verdict({.error = errc::callback_threw, .exception = std::make_exception_ptr(std::runtime_error("no"))}) ==
          "a callback threw");
}
