// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "connection_harness.hpp"
#include "recorder.hpp"
#include "test.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace websockxx::test {

using Lines = std::vector<std::string>;

/// A Recorder on a connection whose world is in the hands of the test.
struct ConnectionFixture {
    std::shared_ptr<Record> record = std::make_shared<Record>();
    std::unique_ptr<Harness> harness;

    explicit ConnectionFixture(
        core::Settings settings = {}, Conn conn = {.secure = false, .host = "server", .port = 80})
        : harness(std::make_unique<Harness>(std::make_unique<Recorder>(record), std::move(settings), std::move(conn)))
    {
    }

    Harness& h() { return *harness; }
    Ref<Recorder> ref() { return Ref<Recorder>{harness->mailbox}; }

    /// What the client heard since the last question.
    Lines lines() { return std::exchange(record->lines, {}); }

    ConnectionFixture& opened()
    {
        h().open();
        REQUIRE(lines() == Lines{"connect"});
        REQUIRE(h().started);
        REQUIRE_FALSE(*h().started);
        return *this;
    }
};

inline WireFrame text(std::string payload) { return {Opcode::text, std::move(payload)}; }

/// Writes down what became of a send.
struct SendResult final : core::SendDone {
    explicit SendResult(std::vector<error_code>& results) : results_(results) {}
    void done(error_code ec) override { results_.push_back(ec); }
    std::vector<error_code>& results_;
};

inline core::Outgoing outgoing(Frame frame, std::unique_ptr<core::SendDone> done)
{
    return {.frame = std::move(frame), .done = std::move(done)};
}

} // namespace websockxx::test
