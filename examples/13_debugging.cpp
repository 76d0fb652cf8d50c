// SPDX-License-Identifier: BSL-1.0

// What happens inside of a client: traced, remembered, counted, and asked for.

#include "support/echo_server.hpp"

#include <websockxx/websockxx.hpp>

#include <iostream>
#include <string>
#include <string_view>

using namespace websockxx;

class Echo : public Client {
public:
    Action handle_frame(const Frame& frame) override
    {
        ++received_;
        return frame.text() == "Close the things!" ? close() : ok();
    }

    // region: format_status
    std::string format_status() const override { return "received: " + std::to_string(received_); }
    // endregion

private:
    int received_ = 0;
};

int main()
{
    const example::EchoServer server;
    int lines = 0;
    const auto print = [&lines](Severity severity, std::string_view line) {
        std::cout << (severity == Severity::trace ? "*DBG* " : "") << line << '\n';
        ++lines;
    };

    // region: trace
    auto conn = Conn::parse(server.url() + "?token=secret&room=7").value();
    conn.headers.add("Authorization", "Bearer secret"); // neither secret is shown

    const auto echo = start_link<Echo>(conn,
        {.name = "echo",
            .log = print,
            .debug = {.trace = true, .log = 3, .statistics = true, .payloads = true, .show_parameters = {"room"}}});
    if (!echo) return std::cerr << echo.error() << '\n', 1;

    if (!echo->send_frame(Frame::text("Hello"))) return 1;
    // endregion

    // region: ask
    std::cout << echo->status().value();                                                  // one moment
    for (const auto& line : echo->trace_log().value()) std::cout << "  " << line << '\n'; // the last three lines
    std::cout << echo->statistics().value();                                              // since the start

    if (!echo->trace(false)) return 1; // at any time; from here on nothing is printed
    // endregion

    if (!echo->trace() || !echo->send_frame(Frame::text("Close the things!"))) return 1;
    return echo->wait()->normal() && lines > 5 ? 0 : 1;
}
