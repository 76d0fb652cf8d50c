// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "allocations.hpp"

#include <websockxx/client.hpp>
#include <websockxx/ref.hpp>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace websockxx::test {

/// What happened to a Recorder, in order: "connect", "frame text:hello", "fragment text:hel first", "ping:", "cast:1",
/// "high_water 100", "drained", "disconnect 1", "terminate", "destroyed".
struct Record {
    std::vector<std::string> lines;
    std::vector<CloseReason> disconnects;
    std::vector<CloseReason> terminations;

    // What the callbacks answer; empty: what the base class does, or ok().
    std::function<Action(const Connected&)> on_connect;
    std::function<Action(const Frame&)> on_frame;
    std::function<Action(const Fragment&)> on_fragment;
    std::function<Action(const Frame&)> on_ping;
    std::function<Action(const Frame&)> on_pong;
    std::function<Action(int)> on_cast;
    std::function<Action(const std::string&)> on_info;
    std::function<Decision(const Disconnect&)> on_disconnect;
};

/// A client that writes down what happens to it and does what the test says.
class Recorder : public Client {
public:
    explicit Recorder(std::shared_ptr<Record> record) : record_(std::move(record)) {}
    ~Recorder() override { note("destroyed"); }

    Action handle_connect(const Connected& connected) override
    {
        note("connect");
        return record_->on_connect ? record_->on_connect(connected) : ok();
    }
    Action handle_frame(const Frame& frame) override
    {
        note("frame " + std::string{to_string(frame.type())} + ":" + std::string{frame.text()});
        return record_->on_frame ? record_->on_frame(frame) : ok();
    }
    Action handle_fragment(const Fragment& part) override
    {
        note("fragment " + std::string{to_string(part.type)} + ":" + std::string{part.text} +
             (part.first ? " first" : "") + (part.last ? " last" : ""));
        return record_->on_fragment ? record_->on_fragment(part) : ok();
    }
    Action handle_ping(const Frame& ping) override
    {
        note("ping:" + std::string{ping.text()});
        return record_->on_ping ? record_->on_ping(ping) : Client::handle_ping(ping);
    }
    Action handle_pong(const Frame& pong) override
    {
        note("pong:" + std::string{pong.text()});
        return record_->on_pong ? record_->on_pong(pong) : ok();
    }
    Action handle_cast(int number)
    {
        note("cast:" + std::to_string(number));
        return record_->on_cast ? record_->on_cast(number) : ok();
    }
    Action handle_info(std::string text)
    {
        note("info:" + text);
        return record_->on_info ? record_->on_info(text) : ok();
    }
    Action handle_high_water(std::size_t bytes) override
    {
        note("high_water " + std::to_string(bytes));
        return ok();
    }
    Action handle_drained() override
    {
        note("drained");
        return ok();
    }
    Decision handle_disconnect(const Disconnect& why) override
    {
        note("disconnect " + std::to_string(why.attempt));
        record_->disconnects.push_back(why.reason);
        return record_->on_disconnect ? record_->on_disconnect(why) : Client::handle_disconnect(why);
    }
    void terminate(const CloseReason& reason) noexcept override
    {
        const SafeAllocations safe; // an exception here would end the program
        note("terminate");
        record_->terminations.push_back(reason);
    }

private:
    void note(std::string line)
    {
        const SafeAllocations safe;
        record_->lines.push_back(std::move(line));
    }

    std::shared_ptr<Record> record_;
};

} // namespace websockxx::test
