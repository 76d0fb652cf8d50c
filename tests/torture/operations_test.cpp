// SPDX-License-Identifier: BSL-1.0
#include "torture/world.hpp"

#include <iostream>
#include <memory>
#include <string>
#include <vector>

using namespace websockxx;
using namespace websockxx::test;
using namespace websockxx::torture;
using namespace std::chrono_literals;

/// Each scenario is played again and again, with another operation of the transport failing each time, in each way,
/// until there is no such operation. Whatever fails: the client comes back or ends, its callbacks come in the order
/// that is promised, each send is told once, and nothing is left behind.

namespace {

void answer_frames_with(World& world, std::string_view text)
{
    world.record->on_frame = [text = std::string{text}](const Frame&) { return Client::reply(Frame::text(text)); };
}

const std::vector<Scenario>& scenarios()
{
    static const std::vector<Scenario> all{
        {"connect", [](World& w) { w.begin(); }},
        {"send",
            [](World& w) {
                w.begin();
                for (const auto* text : {"one", "two", "three"}) w.send(Frame::text(text));
            }},
        {"send in handle_connect",
            [](World& w) {
                w.record->on_connect = [](const Connected&) {
                    return Client::reply(Frame::text("first"), Frame::binary(std::string(100'000, 'x')));
                };
                w.begin();
            }},
        {"receive",
            [](World& w) {
                w.servers.resize(1);
                w.servers[0].greeting = message("a") + message(std::string(5'000, 'b')) + message("c");
                w.begin();
            }},
        {"receive, and answer",
            [](World& w) {
                answer_frames_with(w, "thanks");
                w.servers.resize(1);
                w.servers[0].greeting = message("a") + encode(WireFrame{Opcode::binary, std::string(20'000, 'b')});
                w.record->on_frame = [](const Frame& frame) -> Action {
                    if (frame.text() == "thanks") return Client::ok();
                    return Client::reply(Frame::text("thanks"));
                };
                w.begin();
            }},
        {"large messages",
            [](World& w) {
                w.begin();
                w.send(Frame::binary(std::string(200'000, 'x')));
            }},
        {"fragments",
            [](World& w) {
                w.begin();
                w.send(Frame::text_fragment("be"));
                w.send(Frame::continuation("g"));
                w.send(Frame::finish("in"));
            }},
        {"be pinged",
            [](World& w) {
                w.servers.resize(1);
                w.servers[0].greeting = encode(WireFrame{Opcode::ping, "1"}) + encode(WireFrame{Opcode::ping, "2"});
                w.begin();
            }},
        {"heartbeat",
            [](World& w) {
                w.begin();
                w.turn(65s);
            }},
        {"close",
            [](World& w) {
                w.begin();
                w.close();
            }},
        {"send, and close",
            [](World& w) {
                w.begin();
                w.send(Frame::binary(std::string(70'000, 'x')));
                w.close();
            }},
        {"be closed",
            [](World& w) {
                w.begin();
                w.send(Frame::text("close"));
            }},
        {"both close",
            [](World& w) {
                w.begin();
                w.send(Frame::text("close"));
                w.close();
            }},
        {"reconnect",
            [](World& w) {
                w.begin();
                w.send(Frame::text("end"));
                w.turn(10s);
                w.send(Frame::text("again"));
            }},
        {"be refused, and come back",
            [](World& w) {
                w.servers.resize(1);
                w.servers[0].refusal = "HTTP/1.1 503 Busy\r\nRetry-After: 2\r\nContent-Length: 4\r\n\r\nbusy";
                w.begin();
                w.turn(10s);
                w.send(Frame::text("hello"));
            }},
        {"keep frames for the next connection",
            [](World& w) {
                w.begin();
                w.send(Frame::text("end"));
                w.send(Frame::text("kept"), true);
                w.send(Frame::binary(std::string(100'000, 'k')), true);
                w.send(Frame::text("not kept"));
                w.turn(10s);
            }},
        {"casts and infos",
            [](World& w) {
                w.record->on_cast = [](int) { return Client::reply(Frame::text("cast")); };
                w.begin();
                (void)w.ref().cast(1);
                (void)w.ref().info("two");
                w.run();
                w.send(Frame::text("end"));
                (void)w.ref().cast(3);
                w.turn(10s);
            }},
        {"pause and resume",
            [](World& w) {
                w.begin();
                w.put(io::item::Pause{true});
                w.send(Frame::text("echo"));
                w.turn(30s);
                w.put(io::item::Pause{false});
            }},
        {"throw",
            [](World& w) {
                w.record->on_frame = [](const Frame&) -> Action { throw std::runtime_error("no"); };
                w.begin();
                w.send(Frame::text("echo"));
            }},
        {"break the protocol",
            [](World& w) {
                w.servers.resize(1);
                w.servers[0].greeting = message("a") + "\xFF\xFF";
                w.begin();
                w.turn(10s);
            }},
        {"stop",
            [](World& w) {
                w.begin();
                w.send(Frame::text("last"));
                w.put(io::item::Stop{errc::stopped});
            }},
    };
    return all;
}

/// Returns how many operations there were to fail.
std::size_t torture(const Scenario& scenario, bool tls, Failure failure)
{
    for (std::size_t at = 1;; ++at) {
        INFO(scenario.name << (tls ? " with TLS" : "") << ": operation " << at << " " << failure);
        const auto plan = std::make_shared<Plan>(Plan{.at = at, .failure = failure});
        play(scenario, tls, plan);
        if (!plan->was_reached()) return at - 1;
        REQUIRE(at < 10'000);
    }
}

void torture_all(bool tls)
{
    std::size_t runs = 0;
    for (const auto& scenario : scenarios()) {
        {
            INFO(scenario.name << ", with nothing that fails");
            play(scenario, tls, std::make_shared<Plan>());
        }
        for (const auto failure : {Failure::error, Failure::end, Failure::silent, Failure::abort})
            runs += torture(scenario, tls, failure);
    }
    std::cout << runs << " operations failed, each in a run of its own" << (tls ? ", with TLS" : "") << '\n';
    CHECK(runs > 1'000);
}

} // namespace

TEST_CASE("P30 whichever operation of the transport fails, the client comes back or ends in order", "[torture]")
{
    torture_all(false);
}

TEST_CASE("P30 the same with TLS in between", "[torture]") { torture_all(true); }
