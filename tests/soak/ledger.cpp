// SPDX-License-Identifier: BSL-1.0
#include "ledger.hpp"

#include <cstdio>

namespace websockxx::soak {

void Truth::compared()
{
    const std::lock_guard lock{mutex_};
    ++compared_;
}

void Truth::lied(const std::string& how)
{
    const std::lock_guard lock{mutex_};
    ++lies_[how];
}

bool Truth::holds() const
{
    const std::lock_guard lock{mutex_};
    return lies_.empty();
}

void Truth::print() const
{
    const std::lock_guard lock{mutex_};
    std::printf("messages behind TLS that came back: %zu\n", compared_);
    for (const auto& [how, count] : lies_) std::printf("    %9zu that %s\n", count, how.c_str());
}

std::uint64_t Ledger::begin(std::uint64_t connections)
{
    const std::lock_guard lock{mutex_};
    ++last_;
    newest_[last_ % newest_.size()] = {.number = last_, .begun_on = connections};
    return last_;
}

Ledger::Fate Ledger::fate_of(error_code ec)
{
    if (!ec) return Fate::sent;
    const bool nobody_knows = ec == errc::maybe_sent || ec == errc::send_timeout || ec == errc::runtime_ended;
    return nobody_knows ? Fate::unknown : Fate::never_left;
}

Ledger::Message* Ledger::find(std::uint64_t number)
{
    auto& message = newest_[number % newest_.size()];
    return message.number == number ? &message : nullptr;
}

void Ledger::told(std::uint64_t number, error_code ec, std::uint64_t connections)
{
    const std::lock_guard lock{mutex_};
    auto* const message = find(number);
    if (!message) return;
    message->fate = fate_of(ec);
    message->left_there = message->fate == Fate::sent && message->begun_on == connections;
    if (message->back && message->fate == Fate::never_left) truth_.lied("came back, and then: " + ec.message());
    if (number < last_back_) expect_back(*message);
}

void Ledger::came_back(std::uint64_t number, std::uint64_t connections)
{
    const std::lock_guard lock{mutex_};
    truth_.compared();
    if (number > last_) {
        truth_.lied("came back, and was never sent");
        return;
    }
    if (number <= last_back_) truth_.lied("came back twice, or out of order");
    const auto passed_over = last_back_ + 1;
    last_back_ = number;
    back_on_ = connections;
    for (auto i = passed_over; i < number; ++i)
        if (const auto* message = find(i)) expect_back(*message);
    auto* const message = find(number);
    if (!message) return;
    message->back = true;
    if (message->fate == Fate::never_left) truth_.lied("came back, and was said not to have left");
}

// Who sends on one connection is heard in order: what left before a message that is back is back, too.
void Ledger::expect_back(const Message& message)
{
    if (message.left_there && !message.back && message.begun_on == back_on_) truth_.lied("was sent, and got lost");
}

} // namespace websockxx::soak
