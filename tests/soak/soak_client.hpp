// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "ledger.hpp"

#include <websockxx/websockxx.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace websockxx::soak {

using Clock = std::chrono::steady_clock;

/// What all clients count together.
struct Tally {
    std::atomic<std::size_t> alive{0};
    std::atomic<std::size_t> connects{0};
    std::atomic<std::size_t> disconnects{0};
    std::atomic<std::size_t> frames{0};
    std::atomic<std::size_t> wrong_order{0}; ///< callbacks that came when they may not
    std::atomic<std::size_t> wrong_echoes{0};
    Truth truth;
};

/// What the soak looks at of one client, which may have ended.
struct Place {
    explicit Place(Truth& truth) : ledger(truth) {}

    std::atomic<std::uint64_t> connections{0};
    Ledger ledger; ///< of "echo #1 ...", "echo #2 ..."; only behind TLS
    std::atomic<bool> connected{false};
    std::atomic<std::int64_t> connected_at{0}; ///< Clock's ticks
    std::atomic<std::uint64_t> final_echo{0};  ///< the last "final N" that came back
};

/// Writes down what happens to it, and checks the order: (handle_connect callbacks* handle_disconnect)* terminate.
class SoakClient : public Client {
public:
    SoakClient(std::shared_ptr<Tally> tally, std::shared_ptr<Place> place, bool secure)
        : tally_(std::move(tally)), place_(std::move(place)), secure_(secure)
    {
        ++tally_->alive;
    }
    ~SoakClient() override
    {
        place_->connected = false;
        --tally_->alive;
    }

    Action handle_connect(const Connected&) override
    {
        expect(!open_ && !ended_);
        open_ = true;
        ++tally_->connects;
        ++place_->connections;
        place_->connected_at = Clock::now().time_since_epoch().count();
        place_->connected = true;
        return reply(Frame::text("echo hello"));
    }
    Action handle_frame(const Frame& frame) override
    {
        expect(open_ && !ended_);
        ++tally_->frames;
        const auto text = frame.text();
        // A network can change what is not encrypted; but nobody changes what is.
        if (secure_ && !text.starts_with("echo ")) ++tally_->wrong_echoes;
        if (text.starts_with("echo #")) came_back(text);
        if (text == "echo throw") throw std::runtime_error("asked to");
        return ok();
    }
    Action handle_pong(const Frame&) override
    {
        expect(open_ && !ended_);
        return ok();
    }
    Action handle_cast(int number)
    {
        expect(open_ && !ended_);
        return reply(Frame::text("echo cast " + std::to_string(number)));
    }
    Action handle_call(int number, ReplyTo<int> caller)
    {
        expect(open_ && !ended_);
        if (number % 7 != 0) caller(number); // else nobody ever answers
        return ok();
    }
    Decision handle_disconnect(const Disconnect& why) override
    {
        expect(open_ == why.established && !ended_);
        open_ = false;
        place_->connected = false;
        ++tally_->disconnects;
        return Client::handle_disconnect(why);
    }
    void terminate(const CloseReason&) noexcept override
    {
        expect(!ended_);
        ended_ = true;
        place_->connected = false;
    }

private:
    void came_back(std::string_view text)
    {
        const auto words = text.find(' ', 6);
        const std::string number{text.substr(6, words - 6)};
        if (secure_) place_->ledger.came_back(std::stoull(number), place_->connections);
        if (text.find("final ") == words + 1) place_->final_echo = std::stoull(std::string{text.substr(words + 7)});
    }
    void expect(bool holds)
    {
        if (!holds) ++tally_->wrong_order;
    }

    std::shared_ptr<Tally> tally_;
    std::shared_ptr<Place> place_;
    const bool secure_;
    bool open_ = false;
    bool ended_ = false;
};

} // namespace websockxx::soak
