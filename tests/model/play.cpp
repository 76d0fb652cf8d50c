// SPDX-License-Identifier: BSL-1.0
#include "play.hpp"

#include "support/connection_harness.hpp"

#include <websockxx/ref.hpp>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <sstream>
#include <stdexcept>

namespace websockxx::model {
namespace {

using namespace std::chrono_literals;
using test::Harness;
using test::Opcode;
using test::WireFrame;
using What = Step::What;
using At = Reference::At;

/// Does as the Reference says: a text's first letter is an order.
class Player final : public Client {
public:
    Player(Seen& seen, const Rules& rules) : seen_(seen), rules_(rules) {}
    ~Player() override { called("destroyed"); }

    Action handle_connect(const Connected&) override
    {
        called("connect");
        const bool second = ++connections_ == 2;
        if (second && rules_.second_connect == Rules::Connect::fail) throw std::runtime_error("asked to");
        if (second && rules_.second_connect == Rules::Connect::close)
            return reply(Frame::text("hello")).then(close(4003));
        return reply(Frame::text("hello"));
    }
    Action handle_frame(const Frame& frame) override
    {
        called("text:" + std::string{frame.text()});
        switch (frame.text().front()) {
        case 'r': return reply(frame);
        case 'c': return reply(frame).then(close(4000, "asked"));
        case 'x': throw std::runtime_error("asked to");
        default: return ok();
        }
    }
    Action handle_ping(const Frame& ping) override
    {
        called("ping:" + std::string{ping.text()});
        return Client::handle_ping(ping);
    }
    Action handle_pong(const Frame& pong) override
    {
        called("pong:" + std::string{pong.text()});
        return ok();
    }
    Action handle_cast(int number)
    {
        const auto text = std::to_string(number);
        called("cast:" + text);
        if (number % 8 == 0) return reply(Frame::text(text)).then(close(4001));
        return reply(Frame::text(text));
    }
    Action handle_high_water(std::size_t bytes) override
    {
        called("high_water " + std::to_string(bytes));
        return ok();
    }
    Action handle_drained() override
    {
        called("drained");
        return ok();
    }
    Decision handle_disconnect(const Disconnect& why) override
    {
        called("disconnect " + std::to_string(why.attempt) + ", " + describe(shorten(why.reason)));
        return ++losses_ < rules_.losses ? reconnect_in(rules_.retry) : Decision{ok()};
    }
    void terminate(const CloseReason& reason) noexcept override { called("terminate, " + describe(shorten(reason))); }

private:
    void called(std::string line) { seen_.called.push_back(std::move(line)); }

    Seen& seen_;
    const Rules& rules_;
    int losses_ = 0;
    int connections_ = 0;
};

class Play {
public:
    explicit Play(const Rules& rules)
        : rules_(rules), reference_(rules), world_(std::make_unique<Player>(seen_, rules), settings(), conn(rules))
    {
        world_.begin();
    }

    void step(const Step& step)
    {
        const auto number = step.number;
        switch (step.what) {
        case What::send: return send(number);
        case What::withdraw: return withdraw(number % 8);
        case What::cast:
            (void)ref_.cast(int{number});
            world_.run();
            return reference_.cast(number);
        case What::close: return close(number % 2 == 0 ? 1000 : 4002);
        case What::pause: return pause(true);
        case What::resume: return pause(false);
        case What::stop: return stop(errc::stopped);
        case What::abort: return stop(errc::aborted);
        case What::advance: return advance(step.cut);
        case What::refuse: return refuse();
        case What::say_text: return say_text(number, step.cut);
        case What::say_ping: return say(Said::What::ping, Opcode::ping, std::to_string(number), step.cut);
        case What::say_pong: return say(Said::What::pong, Opcode::pong, std::to_string(number), step.cut);
        case What::say_close: return say_close(number, step.cut);
        case What::say_nonsense: return say(Said::What::nonsense, static_cast<Opcode>(3), {}, step.cut);
        case What::deliver: return deliver(1 + number % 16);
        case What::end: return end(false);
        case What::reset: return end(true);
        case What::window: return window(number);
        case What::turn: return turn(number);
        }
    }

    /// What is not as it should be.
    std::optional<std::string> difference()
    {
        hear();
        auto expected = reference_.take_seen();
        auto seen = std::exchange(seen_, {});
        expected.sort();
        seen.sort();
        std::ostringstream text;
        if (seen != expected) text << "expected " << show(expected) << "\n  and there was " << show(seen);
        const bool ended = reference_.at() == At::ended;
        if (ended != world_.mailbox->ended()) text << "it has " << (ended ? "not ended" : "ended");
        if (world_.transports != reference_.attempts())
            text << world_.transports << " attempts instead of " << reference_.attempts();
        // P30 It lives on only as long as something is pending, and none of its time limits may be forgotten.
        if (!ended && !world_.alarm->at()) text << "no alarm is set";
        const auto next = reference_.next();
        if (!ended && next && world_.alarm->at() && *world_.alarm->at() - start_ > *next)
            text << "its alarm is set to " << (*world_.alarm->at() - start_).count() << " instead of " << next->count();
        if (text.str().empty()) return std::nullopt;
        return text.str();
    }

    /// The end of everything: each send has been told, and nothing is left.
    std::optional<std::string> finish()
    {
        stop(errc::stopped);
        if (auto found = difference()) return found;
        world_.connection.reset();
        if (untold_ != 0) return std::to_string(untold_) + " sends were not told";
        if (weak_.lock()) return "the connection is not gone";
        return std::nullopt;
    }

private:
    struct Told final : core::SendDone {
        Told(Play& play, int number) : owner(play), id(number) { ++owner.untold_; }
        void done(error_code ec) override
        {
            --owner.untold_;
            owner.seen_.told.emplace_back(id, ec);
        }
        Play& owner;
        int id;
    };

    static core::Settings settings() { return {.handle_initial_conn_failure = true}; }
    static Conn conn(const Rules& rules)
    {
        return {.secure = false,
            .host = "server",
            .port = 80,
            .timeouts = rules.timeouts,
            .limits = {.send_queue_bytes = rules.queue_bytes,
                .send_queue_messages = rules.queue,
                .high_water_bytes = rules.high_water,
                .send_queue_policy = rules.policy}};
    }

    [[nodiscard]] bool connected() const
    {
        const auto at = reference_.at();
        return at == At::upgrading || at == At::open || at == At::closing || at == At::lingering;
    }

    // ---- The user

    void send(int number)
    {
        const bool keep = number % 3 != 0;
        const bool limited = number % 3 == 1;
        auto text =
            "s" + std::to_string(sent_) + std::string(number % 5 == 0 ? static_cast<std::size_t>(number / 3) : 0, '.');
        core::Outgoing frame{.frame = Frame::text(text), .keep = keep, .limited = limited, .time = rules_.keep_for};
        frame.done = std::make_unique<Told>(*this, sent_);
        (void)world_.mailbox->send(std::move(frame), &marks_.emplace_back());
        world_.run();
        reference_.send(sent_++, std::move(text), keep, limited);
    }
    // One of the last ones.
    void withdraw(int back)
    {
        const int number = sent_ - 1 - back;
        if (number < 0) return;
        const bool there = world_.mailbox->withdraw(marks_[static_cast<std::size_t>(number)]);
        if (there) --untold_; // whoever takes it back knows
        if (there != reference_.withdraw(number)) throw std::logic_error(there ? "it was there" : "it was not there");
    }
    void close(std::uint16_t code)
    {
        (void)world_.mailbox->put(io::item::Close{code, "enough"});
        world_.run();
        reference_.close(code);
    }
    void pause(bool paused)
    {
        (void)world_.mailbox->pause(paused);
        world_.run();
        reference_.pause(paused);
    }
    void stop(errc why)
    {
        (void)world_.mailbox->put(io::item::Stop{why});
        world_.run();
        reference_.stop(why == errc::aborted);
    }

    // ---- The server and the network

    void advance(std::uint8_t cut)
    {
        switch (reference_.at()) {
        case At::waiting: return turn_by(rules_.retry);
        case At::connecting:
            answered_ = false;
            bytes_.clear();
            world_.transport->connect();
            world_.transport->opened();
            world_.run();
            return reference_.connect();
        case At::upgrading:
            if (std::exchange(answered_, true)) return deliver(255);
            bytes_ = test::upgrade_answer(world_.wire->take());
            reference_.say({.what = Said::What::answer, .size = bytes_.size()});
            return deliver_some(cut);
        default: return deliver(255);
        }
    }
    void refuse()
    {
        if (reference_.at() == At::connecting) {
            world_.refuse({make_error_code(boost::asio::error::connection_refused), Phase::connect});
            return reference_.fail(boost::asio::error::connection_refused);
        }
        if (reference_.at() != At::upgrading) return;
        if (answered_) return end(false);
        world_.say("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n");
        reference_.fail(errc::handshake_refused);
    }
    void say(Said::What what, Opcode opcode, std::string payload, std::uint8_t cut, int code = 0)
    {
        const bool may_speak = connected() && (reference_.at() != At::upgrading || answered_);
        if (!may_speak || world_.wire->read_end) return;
        const auto bytes = encode(WireFrame{opcode, code == 0 ? payload : test::close_payload(code_of(code))});
        bytes_ += bytes;
        reference_.say({.what = what, .payload = std::move(payload), .code = code, .size = bytes.size()});
        deliver_some(cut);
    }
    static std::uint16_t code_of(int code) { return static_cast<std::uint16_t>(code); }
    void say_text(int number, std::uint8_t cut)
    {
        const char order = number % 32 == 31 ? 'x' : number % 16 == 15 ? 'c' : number % 2 == 1 ? 'r' : 't';
        say(Said::What::text, Opcode::text, order + std::to_string(number), cut);
    }
    void say_close(int number, std::uint8_t cut)
    {
        say(Said::What::close, Opcode::close, {}, cut, number % 2 == 0 ? 1000 : 3000 + number);
    }
    void deliver_some(std::uint8_t cut) { deliver(cut == 0 ? bytes_.size() : bytes_.size() * cut / 256); }
    void deliver(std::size_t count)
    {
        if (!connected() || world_.wire->read_end) return;
        count = std::min(count, bytes_.size());
        world_.say(bytes_.substr(0, count));
        bytes_.erase(0, count);
        reference_.deliver(count);
    }
    void end(bool reset)
    {
        if (!connected() || world_.wire->read_end) return;
        const auto ec = reset ? make_error_code(boost::asio::error::connection_reset) : boost::asio::error::eof;
        if (reset) world_.wire->write_error = ec;
        world_.end_transport(ec);
        reference_.end(reset);
    }
    void window(std::uint8_t number)
    {
        if (!connected()) return;
        const std::size_t bytes = number < 64 ? 0 : number < 192 ? number % 32 : 1'000'000;
        world_.wire->window = bytes;
        world_.run();
        reference_.window(bytes);
    }

    void turn(std::uint8_t number)
    {
        constexpr Time units[] = {1ms, 50ms, 500ms, 4s};
        turn_by(units[number % 4] * (number / 4));
    }
    void turn_by(Time by)
    {
        // Alarm by alarm, to hear a connection before the next one is there.
        const auto target = world_.clock->now + by;
        while (world_.alarm && !world_.mailbox->ended() && world_.alarm->at() && *world_.alarm->at() <= target) {
            world_.turn(std::max(*world_.alarm->at() - world_.clock->now, Time{0}));
            hear();
        }
        world_.clock->now = target;
        reference_.turn(by);
    }

    // ---- What there is to be seen

    void hear()
    {
        if (!answered_) return;
        while (const auto frame = world_.heard()) seen_.heard.push_back(show(*frame));
    }
    static std::string show(const WireFrame& frame)
    {
        if (frame.opcode == Opcode::close) {
            const auto code = frame.payload.empty() ? 0
                                                    : (static_cast<unsigned char>(frame.payload[0]) << 8) +
                                                          static_cast<unsigned char>(frame.payload[1]);
            return "close:" + std::to_string(code);
        }
        const char* name = frame.opcode == Opcode::ping ? "ping:" : frame.opcode == Opcode::pong ? "pong:" : "text:";
        return name + frame.payload;
    }
    static std::string show(const Seen& seen)
    {
        std::string text;
        for (const auto& line : seen.called) text += "\n    called " + line;
        for (const auto& frame : seen.heard) text += "\n    heard " + frame;
        for (const auto& [id, ec] : seen.told) text += "\n    told " + std::to_string(id) + ' ' + ec.message();
        return text.empty() ? "nothing" : text;
    }

    const Rules rules_;
    Seen seen_;
    int untold_ = 0;
    int sent_ = 0;
    std::deque<std::uint64_t> marks_; // of all that were sent
    std::string bytes_;               // said, and not yet arrived
    bool answered_ = false;
    Reference reference_;
    Harness world_;
    Ref<Player> ref_{world_.mailbox};
    std::weak_ptr<io::Connection> weak_{world_.connection};
    const Time start_ = world_.clock->now;
};

} // namespace

std::optional<std::string> play(const Rules& rules, const Steps& steps)
{
    Play play{rules};
    std::size_t number = 0;
    for (const auto& step : steps) {
        ++number;
        play.step(step);
        const auto found = play.difference();
        if (!found) continue;
        std::ostringstream text;
        text << "step " << number << ", " << step << ": " << *found;
        return text.str();
    }
    return play.finish();
}

Steps shrink(const Rules& rules, Steps steps)
{
    const auto fails = [&](const Steps& some) { return play(rules, some).has_value(); };
    for (bool smaller = true; smaller;) {
        smaller = false;
        for (auto part = steps.size(); part > 0; part /= 2) {
            for (std::size_t at = 0; at + part <= steps.size();) {
                auto fewer = steps;
                const auto begin = fewer.begin() + static_cast<std::ptrdiff_t>(at);
                fewer.erase(begin, begin + static_cast<std::ptrdiff_t>(part));
                if (fails(fewer)) {
                    steps = std::move(fewer);
                    smaller = true;
                }
                else ++at;
            }
        }
        for (auto& step : steps) {
            for (auto* value : {&step.number, &step.cut}) {
                if (*value == 0) continue;
                const auto before = std::exchange(*value, std::uint8_t{0});
                if (fails(steps)) smaller = true;
                else *value = before;
            }
        }
    }
    return steps;
}

} // namespace websockxx::model
