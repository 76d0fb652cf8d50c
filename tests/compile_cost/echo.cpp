// SPDX-License-Identifier: BSL-1.0

// What a user's file costs to compile: it derives a client, starts it and sends it a message.
#include <websockxx/websockxx.hpp>

#include <iostream>
#include <string>

namespace {

struct Say {
    std::string words;
};

class Echo : public websockxx::Client {
public:
    websockxx::Action handle_frame(const websockxx::Frame& frame) override
    {
        std::cout << "received: " << frame.text() << '\n';
        return ok();
    }

    websockxx::Action handle_cast(Say say) { return reply(websockxx::Frame::text(say.words)); }
};

} // namespace

int main()
{
    auto echo = websockxx::start_link<Echo>("ws://127.0.0.1:1/");
    if (!echo) {
        std::cout << echo.error() << '\n';
        return 1;
    }
    if (!echo->cast(Say{"hello"})) return 1;
}
