// SPDX-License-Identifier: BSL-1.0
#include "strike.hpp"

#include <stdexcept>

namespace websockxx::faults {

using namespace test;
using namespace std::chrono_literals;
using ToxicThen = Toxic::Then;

namespace {

std::logic_error meaningless() { return std::logic_error{"a fault that means nothing here"}; }

constexpr Toxic late{.delay = delay_of_fault};

} // namespace

std::uint64_t corrupted_byte(const Scene& scene) { return scene.secure() ? 20 : 0; }

void strike_lookup(Scene& scene, Fault fault)
{
    auto& names = scene.names;
    switch (fault) {
    case Fault::refused: return names.fail(boost::asio::error::host_not_found_try_again);
    case Fault::black_hole:
    case Fault::moved: return names.hold(); // until it has moved
    case Fault::flipped: return names.lead_to("127.0.0.3");
    case Fault::delay: return names.delay(delay_of_fault);
    default: throw meaningless();
    }
}

void strike_connect(Scene& scene, Fault fault)
{
    auto& proxy = scene.proxy;
    switch (fault) {
    case Fault::refused: return proxy.refuse();
    case Fault::black_hole:
    case Fault::delay: return proxy.ignore();             // until the delay has passed
    case Fault::moved: return proxy.move_to("127.0.0.2"); // which the name does not know yet
    default: throw meaningless();
    }
}

void strike(Scene& scene, Fault fault, Way way, std::chrono::milliseconds between_bytes)
{
    auto& proxy = scene.proxy;
    switch (fault) {
    case Fault::refused: throw meaningless();
    case Fault::reset: return proxy.end_all(End::reset);
    case Fault::end: return proxy.end_all(End::fin);
    case Fault::black_hole: return scene.fall_silent();
    case Fault::trickle: return proxy.set(way, {.rate_bytes = 1, .rate_interval = between_bytes});
    case Fault::half_close: return proxy.set(Way::to_client, {.then = ToxicThen::half_close});
    case Fault::flipped: return proxy.set(way, {.flip_at = corrupted_byte(scene)});
    case Fault::delay: proxy.set(Way::to_server, late); return proxy.set(Way::to_client, late);
    case Fault::moved: scene.fall_silent(); return scene.move();
    }
}

void strike_next(Scene& scene, Fault fault)
{
    auto& proxy = scene.proxy;
    switch (fault) {
    case Fault::refused: return proxy.refuse();
    // Behind a byte: before it, the attempt might still be connecting.
    case Fault::reset: return proxy.set_next(Way::to_server, {.after = 1, .then = ToxicThen::reset});
    case Fault::end: return proxy.set_next(Way::to_server, {.after = 1, .then = ToxicThen::end});
    case Fault::black_hole: return proxy.ignore();
    case Fault::trickle: return proxy.set_next(Way::to_client, {.rate_bytes = 1, .rate_interval = 1s});
    case Fault::half_close: return proxy.set_next(Way::to_client, {.then = ToxicThen::half_close});
    case Fault::flipped: return proxy.set_next(Way::to_client, {.flip_at = corrupted_byte(scene)});
    case Fault::delay: proxy.set_next(Way::to_server, late); return proxy.set_next(Way::to_client, late);
    case Fault::moved: return scene.move();
    }
}

} // namespace websockxx::faults
