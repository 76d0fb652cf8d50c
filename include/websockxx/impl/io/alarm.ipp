// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/io/alarm.hpp>

#include <boost/asio/basic_waitable_timer.hpp>

#include <utility>

namespace websockxx::io {

namespace alarm_detail {

class SteadyAlarm final : public Alarm {
    using Clock = std::chrono::steady_clock;
    using Timer = boost::asio::basic_waitable_timer<Clock, boost::asio::wait_traits<Clock>, Strand>;

public:
    explicit SteadyAlarm(const Strand& strand) : timer_(strand) {}

    std::chrono::milliseconds now() const override
    {
        return std::chrono::ceil<std::chrono::milliseconds>(Clock::now().time_since_epoch());
    }

    void set(std::chrono::milliseconds moment, std::shared_ptr<Listener> owner) override
    {
        timer_.expires_at(Clock::time_point{moment});
        timer_.async_wait([owner = std::move(owner)](const error_code& ec) {
            if (!ec) owner->on_alarm();
        });
    }

    void cancel() noexcept override
    {
        try {
            timer_.cancel();
        }
        catch (...) { // cancelling a timer does not fail on any platform
        }
    }

private:
    Timer timer_;
};

} // namespace alarm_detail

std::unique_ptr<Alarm> make_alarm(const Strand& strand) { return std::make_unique<alarm_detail::SteadyAlarm>(strand); }

} // namespace websockxx::io
