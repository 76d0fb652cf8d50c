// SPDX-License-Identifier: BSL-1.0
#include "play.hpp"

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string_view>

/// P30 WX-211 Random lives of a client, compared with what the model says after every step.
///
///     model [sequences [first seed]]

namespace {

using namespace websockxx;
using namespace websockxx::model;

Rules draw_rules(std::uint64_t seed)
{
    Rules rules;
    rules.policy = static_cast<SendQueuePolicy>(seed % 4);
    if (seed / 4 % 3 == 0) rules.queue_bytes = 60;
    rules.second_connect = static_cast<Rules::Connect>(seed / 12 % 3);
    return rules;
}

std::uint64_t read_number(std::string_view text)
{
    std::uint64_t number = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (ec == std::errc{} && end == text.data() + text.size()) return number;
    std::cerr << "model [sequences [first seed]]: " << text << " is no number\n";
    std::exit(2);
}

} // namespace

int main(int count, char** arguments)
{
    const auto sequences = count > 1 ? read_number(arguments[1]) : 1'000;
    const auto first = count > 2 ? read_number(arguments[2]) : 1;
    std::uint64_t steps_played = 0;
    for (auto seed = first; seed < first + sequences; ++seed) {
        const auto rules = draw_rules(seed);
        const auto steps = draw_steps(seed);
        steps_played += steps.size();
        if (!play(rules, steps)) continue;
        const auto fewest = shrink(rules, steps);
        std::cout << "seed " << seed << " fails; what is needed of it:\n";
        for (const auto& step : fewest) std::cout << "  " << step << '\n';
        std::cout << play(rules, fewest).value_or("") << '\n';
        return 1;
    }
    std::cout << sequences << " sequences of " << steps_played << " steps, all as the model says\n";
}
