// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <ostream>
#include <random>
#include <vector>

namespace websockxx::model {

/// One thing that happens to a client: by its user, its server, the network, or the clock.
struct Step {
    enum class What : std::uint8_t {
        // the user
        send,
        cast,
        withdraw,
        close,
        pause,
        resume,
        stop,
        abort,
        // the server and the network, before there is a connection
        advance, ///< the next thing that leads to an open connection: connected, accepted, the time to try again
        refuse,
        // and while there is one
        say_text,
        say_ping,
        say_pong,
        say_close,
        say_nonsense,
        deliver, ///< some more of what the server said
        end,     ///< no more bytes come
        reset,   ///< nor do any leave
        window,  ///< how much the network takes from now on
        // the clock
        turn,
    };

    What what = What::advance;
    std::uint8_t number = 0; ///< which: a frame, a cast, so many bytes, so much time
    std::uint8_t cut = 0;    ///< how much of what the server says arrives at once; 0: all

    friend bool operator==(const Step&, const Step&) = default;
};

using Steps = std::vector<Step>;

/// Steps at random: most of them lead to a connection, and happen on it.
inline Steps draw_steps(std::uint64_t seed)
{
    using What = Step::What;
    static constexpr What bag[] = {What::send, What::send, What::send, What::send, What::send, What::send, What::cast,
        What::cast, What::withdraw, What::close, What::pause, What::resume, What::resume, What::stop, What::abort,
        What::advance, What::advance, What::advance, What::advance, What::advance, What::advance, What::advance,
        What::advance, What::refuse, What::say_text, What::say_text, What::say_text, What::say_text, What::say_ping,
        What::say_ping, What::say_pong, What::say_close, What::say_nonsense, What::deliver, What::deliver, What::end,
        What::reset, What::window, What::window, What::window, What::turn, What::turn, What::turn, What::turn};

    std::mt19937_64 random{seed};
    const auto below = [&](std::uint64_t limit) { return static_cast<std::uint8_t>(random() % limit); };
    Steps steps(5 + below(60));
    for (auto& step : steps) {
        step.what = bag[below(std::size(bag))];
        step.number = below(256);
        step.cut = below(4) == 0 ? below(256) : std::uint8_t{0};
    }
    return steps;
}

inline std::ostream& operator<<(std::ostream& out, const Step& step)
{
    static constexpr const char* names[] = {"send", "cast", "withdraw", "close", "pause", "resume", "stop", "abort",
        "advance", "refuse", "say_text", "say_ping", "say_pong", "say_close", "say_nonsense", "deliver", "end", "reset",
        "window", "turn"};
    return out << names[static_cast<int>(step.what)] << ' ' << int{step.number} << ' ' << int{step.cut};
}

} // namespace websockxx::model
