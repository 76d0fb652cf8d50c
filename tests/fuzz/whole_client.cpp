// SPDX-License-Identifier: BSL-1.0
#include "fuzz.hpp"

#include "support/connection_harness.hpp"
#include "support/recorder.hpp"

#include <algorithm>

/// S18 A whole client in memory: the input says what the server sends, in which pieces, what the network does, how time
/// passes, and what the user does meanwhile.

using namespace websockxx;
using namespace websockxx::test;
using namespace std::chrono_literals;
using fuzz::require;

namespace {

/// (handle_connect callbacks* handle_disconnect)* terminate, destroyed; a failed attempt has only handle_disconnect.
void check_grammar(const std::vector<std::string>& lines)
{
    bool connected = false;
    bool terminated = false;
    for (const auto& line : lines) {
        if (line == "destroyed") {
            require(&line == &lines.back(), "nothing comes behind the client's end");
            continue;
        }
        require(!terminated, "nothing but the destructor comes behind terminate()");
        if (line == "connect") {
            require(!connected, "a connection is opened once");
            connected = true;
        }
        else if (line.starts_with("disconnect")) connected = false;
        else if (line == "terminate") terminated = true;
        else require(connected, "messages come while there is a connection");
    }
    require(!lines.empty() && lines.back() == "destroyed", "the client is destroyed");
}

struct Told final : core::SendDone {
    explicit Told(int& times) : times_(times) { ++times_; }
    void done(error_code) override { --times_; }
    int& times_;
};

class Play {
public:
    explicit Play(fuzz::Input input) : input_(input)
    {
        record_->on_disconnect = [this](const Disconnect&) -> Decision {
            return ++losses_ < 5 ? reconnect_in(10ms) : Decision{Client::ok()};
        };
        record_->on_frame = [](const Frame& frame) -> Action {
            if (frame.text() == "close") return Client::close(4000, "asked to");
            if (frame.text() == "throw") throw std::runtime_error("asked to");
            return Client::reply(frame);
        };
    }

    void run()
    {
        harness_.begin();
        while (!input_.empty()) step(input_.byte());
        harness_.mailbox->put(io::item::Stop{errc::stopped});
        harness_.run();
        require(harness_.mailbox->ended(), "stop() ends it");
        harness_.connection.reset();
        require(waiting_ == 0, "each send was told, once");
        check_grammar(record_->lines.empty() ? std::vector<std::string>{"destroyed"} : record_->lines);
    }

private:
    void step(std::uint8_t what)
    {
        const bool there = harness_.transport && !harness_.wire->closed;
        switch (what % 16) {
        case 0:
            if (there) accept(input_.bytes(input_.byte()));
            break;
        case 1:
            if (there && std::exchange(attempt_, harness_.transports) != harness_.transports)
                harness_.refuse(Error{errc::connection_lost, Phase::connect});
            break;
        case 2:
        case 3:
            if (there) harness_.say(std::string{input_.bytes(input_.byte())});
            break;
        case 4: say_frame(); break;
        case 5: harness_.turn(std::chrono::milliseconds{100} * input_.byte()); break;
        case 6:
            if (there) harness_.end_transport(boost::asio::error::connection_reset);
            break;
        case 7:
            if (there) harness_.end_transport();
            break;
        case 8:
            if (there) harness_.wire->window = input_.byte();
            break;
        case 9: send(false); break;
        case 10: send(true); break;
        case 11: harness_.mailbox->put(io::item::Close{std::uint16_t{4001}, std::string{input_.bytes(3)}}); break;
        case 12: (void)harness_.mailbox->pause(input_.byte() % 2 == 0); break;
        case 13: (void)ref_.info(std::string{input_.bytes(2)}); break;
        case 14:
            if (there) harness_.wire->window = 1'000'000;
            break;
        case 15: (void)ref_.cast(int{input_.byte()}); break;
        }
        harness_.run();
    }

    // Once for each attempt to connect, as a transport would.
    void accept(std::string_view more)
    {
        if (std::exchange(attempt_, harness_.transports) == harness_.transports) return;
        harness_.transport->connect();
        harness_.transport->opened();
        harness_.run();
        const auto request = harness_.wire->take(); // maybe not all of it, if the network is stuck
        if (request.find("Sec-WebSocket-Key") == std::string::npos || !request.ends_with("\r\n\r\n")) return;
        harness_.say(upgrade_answer(request) + std::string{more});
    }

    void say_frame()
    {
        if (!harness_.transport || harness_.wire->closed) return;
        const auto opcode = static_cast<Opcode>(input_.byte() % 16);
        harness_.say(WireFrame{opcode, std::string{input_.bytes(input_.byte())}});
    }

    void send(bool keep)
    {
        core::Outgoing frame{.frame = Frame::text(input_.bytes(input_.byte())), .keep = keep};
        frame.done = std::make_unique<Told>(waiting_);
        frame.limited = keep && input_.byte() % 2 == 0;
        frame.time = 500ms;
        (void)harness_.mailbox->send(std::move(frame));
    }

    fuzz::Input input_;
    std::shared_ptr<Record> record_ = std::make_shared<Record>();
    int losses_ = 0;
    int waiting_ = 0;
    int attempt_ = 0; // the last one whose fate is told
    Harness harness_{std::make_unique<Recorder>(record_), {.handle_initial_conn_failure = true},
        {.secure = false,
            .host = "server",
            .port = 80,
            .limits = {.message_bytes = 1000,
                .send_queue_bytes = 500,
                .send_queue_messages = 5,
                .high_water_bytes = 100,
                .send_queue_policy = SendQueuePolicy::drop_oldest}}};
    Ref<Recorder> ref_{harness_.mailbox};
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    Play{fuzz::Input{data, size}}.run();
    return 0;
}
