// SPDX-License-Identifier: BSL-1.0
#include <websockxx/io/alarm.hpp>

#include "support/test.hpp"

#include <boost/asio/io_context.hpp>

using namespace websockxx;
using namespace std::chrono_literals;

namespace {

struct Bell final : io::Alarm::Listener {
    int rings = 0;
    void on_alarm() override { ++rings; }
};

struct Fixture {
    boost::asio::io_context context;
    std::unique_ptr<io::Alarm> alarm = io::make_alarm(io::Strand{boost::asio::any_io_executor{context.get_executor()}});
    std::shared_ptr<Bell> bell = std::make_shared<Bell>();
};

} // namespace

TEST_CASE("an alarm rings once when its moment has come, and not before it is run", "[alarm]")
{
    Fixture f;
    f.alarm->set(f.alarm->now(), f.bell);
    CHECK(f.bell->rings == 0);
    f.context.run();
    CHECK(f.bell->rings == 1);
}

TEST_CASE("an alarm that is set anew does not ring for the moment before", "[alarm]")
{
    Fixture f;
    f.alarm->set(f.alarm->now() + 24h, f.bell);
    f.alarm->set(f.alarm->now(), f.bell);
    f.context.run();
    CHECK(f.bell->rings == 1);
}

TEST_CASE("an alarm that is cancelled does not ring, and lets its owner go", "[alarm]")
{
    Fixture f;
    f.alarm->set(f.alarm->now() + 24h, f.bell);
    CHECK(f.bell.use_count() == 2);
    f.alarm->cancel();
    f.context.run();
    CHECK(f.bell->rings == 0);
    CHECK(f.bell.use_count() == 1);
}

TEST_CASE("now never goes back", "[alarm]")
{
    Fixture f;
    auto last = f.alarm->now();
    for (int i = 0; i < 1000; ++i) {
        const auto next = f.alarm->now();
        CHECK(next >= last);
        last = next;
    }
}
