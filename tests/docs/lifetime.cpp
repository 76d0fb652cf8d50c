// SPDX-License-Identifier: BSL-1.0
#include <websockxx/websockxx.hpp>

#include "support/test.hpp"

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <utility>

/// The blocks of docs/guide/lifetime-and-threads.md.

namespace {

using namespace websockxx;
using namespace std::chrono_literals;

// region: refers
class Counter {
public:
    void add(std::size_t bytes) { total_ += bytes; }

private:
    std::size_t total_ = 0;
};

class Meter : public Client {
public:
    explicit Meter(Counter& counter) : counter_(counter) {}

    Action handle_frame(const Frame& frame) override
    {
        counter_.add(frame.size());
        return ok();
    }

private:
    Counter& counter_;
};

result<void> measure(const std::string& url)
{
    Counter counter;
    const auto meter = start_link(std::make_unique<Meter>(counter), url);
    if (!meter) return meter.error();
    // ...
    return {};
} // first `meter` ends, and waits until the client is destroyed; then `counter`
// endregion

// region: question
struct HowMany {
    std::promise<int> answer;
};

class Inbox : public Client {
public:
    Action handle_frame(const Frame&) override
    {
        ++count_; // no lock: callbacks of one client never run at the same time
        return ok();
    }
    Action handle_cast(HowMany question)
    {
        question.answer.set_value(count_);
        return ok();
    }

private:
    int count_ = 0;
};

int count_of(const Ref<Inbox>& inbox)
{
    HowMany question;
    auto answer = question.answer.get_future();
    if (!inbox.cast(std::move(question))) return 0;
    return answer.get(); // throws std::future_error if the client ends without an answer
}
// endregion

// region: own_context
int run(const std::string& url)
{
    boost::asio::io_context context;
    CloseReason end;
    async_start(std::make_unique<Inbox>(), url, {.executor = context.get_executor()},
        [&](error_code ec, const Ref<Inbox>& inbox) {
            if (ec) return;
            inbox.async_wait([&](error_code, CloseReason reason) { end = std::move(reason); });
        });
    context.run(); // returns when the client has ended, since nothing else is to be done
    return end.normal() ? 0 : 1;
}
// endregion

} // namespace

TEST_CASE("the blocks of the page of lifetimes compile, and fail as they should", "[docs]")
{
    CHECK(measure("example.org").error().code() == errc::invalid_url);
    CHECK(count_of(Ref<Inbox>{}) == 0);
    CHECK(run("example.org") == 1);

    Inbox inbox;
    CHECK(inbox.handle_frame(Frame::text("x")).is_ok());
    HowMany question;
    auto answer = question.answer.get_future();
    CHECK(inbox.handle_cast(std::move(question)).is_ok());
    CHECK(answer.get() == 1);

    Counter counter;
    CHECK(Meter{counter}.handle_frame(Frame::text("x")).is_ok());
}
