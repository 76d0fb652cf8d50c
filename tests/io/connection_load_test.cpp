// SPDX-License-Identifier: BSL-1.0
#include <websockxx/io/connection.hpp>

#include "support/allocations.hpp"
#include "support/connection_fixture.hpp"
#include "support/frame_bytes.hpp"

#include <algorithm>
#include <array>

using namespace websockxx;
using namespace websockxx::test;

/// What much work costs, by counting and not by the clock.

namespace {

constexpr std::size_t read_budget = 512 * 1024; // of a connection's turn: see io/channel

/// A server that says the same for ever, as fast as it is read, and counts.
class Flood final : public io::Transport {
public:
    Flood(std::string said_again_and_again, const io::Strand& strand)
        : says_(std::move(said_again_and_again)), strand_(strand)
    {
    }

    void open(const Conn&, std::shared_ptr<io::TransportListener> owner) override
    {
        owner_ = owner;
        tell([](io::TransportListener& listener) { listener.on_connected(); });
        tell([](io::TransportListener& listener) { listener.on_open(); });
    }
    std::size_t read_some(std::span<std::byte> room, error_code&) override
    {
        std::size_t size = 0;
        while (size < room.size() && !answer_.empty()) {
            const auto piece = std::min(room.size() - size, answer_.size() - at_);
            std::memcpy(room.data() + size, answer_.data() + at_, piece);
            size += piece;
            at_ += piece;
            if (at_ < answer_.size()) continue;
            answer_ = says_;
            at_ = 0;
            if (only_one) break;
        }
        bytes_read += size;
        ++reads;
        return size;
    }
    std::size_t write_some(std::span<const std::byte> bytes, error_code&) override
    {
        const std::string_view text{reinterpret_cast<const char*>(bytes.data()), bytes.size()};
        if (answer_.empty()) answer_ = upgrade_answer(text);
        return bytes.size();
    }
    void wait_readable() override
    {
        tell([](io::TransportListener& listener) { listener.on_readable(); });
    }
    void wait_writable() override {}
    void shutdown() override {}
    void close() noexcept override { owner_.reset(); }

    bool only_one = false; ///< one of them at once
    std::size_t bytes_read = 0;
    std::size_t reads = 0;

private:
    template <class Call>
    void tell(Call call)
    {
        boost::asio::post(strand_, [weak = owner_, call] {
            if (const auto owner = weak.lock()) call(*owner);
        });
    }

    std::string says_;
    std::string answer_;
    std::size_t at_ = 0;
    io::Strand strand_;
    std::weak_ptr<io::TransportListener> owner_;
};

class Hears : public Client {
public:
    explicit Hears(std::function<Action()> what) : what_(std::move(what)) {}
    Action handle_frame(const Frame&) override { return what_(); }
    Action handle_fragment(const Fragment&) override { return what_(); }

private:
    std::function<Action()> what_;
};

/// A connection to a Flood, on a context that it shares with others.
struct Line {
    Line(boost::asio::io_context& context, const std::string& says, std::function<Action()> heard, Conn conn)
    {
        const io::Strand strand{boost::asio::any_io_executor{context.get_executor()}};
        io::Environment environment;
        environment.make_transport = [&says, this](const Conn&, const io::Strand& on) {
            auto made = std::make_unique<Flood>(says, on);
            flood = made.get();
            return made;
        };
        environment.make_alarm = [](const io::Strand&) {
            return std::make_unique<HandAlarm>(std::make_shared<HandClock>());
        };
        environment.draw = [] { return 0.5; };
        mailbox = std::make_shared<io::Mailbox>(context.get_executor(), 1, false);
        connection = std::make_shared<io::Connection>(std::make_unique<Hears>(std::move(heard)), std::move(conn),
            core::Settings{}, io::Hooks{}, std::make_shared<const io::Environment>(std::move(environment)), strand,
            mailbox);
        connection->begin();
    }

    Flood* flood = nullptr;
    std::shared_ptr<io::Mailbox> mailbox;
    std::shared_ptr<io::Connection> connection;
};

Conn plain() { return {.secure = false, .host = "server", .port = 80, .limits = {.message_bytes = 64 << 20}}; }

} // namespace

TEST_CASE("a connection that is flooded without end leaves each turn after 512 KiB to the others", "[load]")
{
    const auto size = GENERATE(100u, 1'500u, 100'003u, 300'001u, 3'000'017u, 20'000'000u);
    const bool closes = GENERATE(false, true);
    boost::asio::io_context context;

    auto noisy_conn = plain();
    noisy_conn.deliver_fragments = size == 300'001u;
    const auto much = encode({Opcode::binary, std::string(size, 'x')});
    Line noisy{context, much, [&] { return closes ? Client::close() : Action{Client::ok()}; }, noisy_conn};

    std::vector<std::size_t> read_between;
    std::size_t before = 0;
    const auto little = encode({Opcode::text, "tick"});
    Line quiet{context, little,
        [&] {
            read_between.push_back(noisy.flood->bytes_read - std::exchange(before, noisy.flood->bytes_read));
            return Client::ok();
        },
        plain()};
    quiet.flood->only_one = true;

    constexpr std::size_t turns = 30;
    while (read_between.size() <= turns && context.run_one() > 0) {}
    REQUIRE(read_between.size() == turns + 1);
    read_between.erase(read_between.begin()); // while it was being opened
    CHECK(*std::ranges::max_element(read_between) <= read_budget);
    // It has its turns all the same, each as long as it may be once the buffers have grown.
    if (!closes) CHECK(noisy.flood->bytes_read > turns / 2 * read_budget);
}

TEST_CASE("a hundred thousand queued sends leave in their order, and in memory that does not grow with them", "[load]")
{
    constexpr int count = 100'000;
    ConnectionFixture f{{}, {.secure = false, .host = "server", .port = 80, .limits = {.send_queue_messages = count}}};
    f.opened();
    f.h().wire->from_client.reserve(4 << 20); // the test's, not the connection's

    const auto queue = [&] {
        for (int number = 0; number < count; ++number) CHECK(f.ref().send(Frame::text(std::to_string(number))));
    };
    // A vector that has doubled: at its worst the old half, and the new whole.
    CHECK(most_live(queue) < 3 * count * sizeof(core::Outgoing));
    CHECK(f.ref().send(Frame::text("one more")).error().code() == errc::send_queue_full);
    CHECK(most_live([&] { f.h().run(); }) < 512 * 1024);

    const auto sent = frames::decode(f.h().wire->take());
    REQUIRE(sent.size() == count);
    int wrong = 0;
    for (std::size_t number = 0; number < sent.size(); ++number)
        wrong += sent[number].payload != std::to_string(number);
    CHECK(wrong == 0);
}
