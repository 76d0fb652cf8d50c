// SPDX-License-Identifier: BSL-1.0
#include <websockxx/io/channel.hpp>

#include "support/memory_transport.hpp"
#include "support/server_bytes.hpp"
#include "support/test.hpp"

#include <boost/asio/io_context.hpp>

using namespace websockxx;
using namespace websockxx::test;

namespace {

struct Listener : io::Channel::Listener {
    io::Channel* channel = nullptr;
    std::vector<std::string> lines;
    std::function<void()> on_message;

    void on_transport_connected() override { lines.emplace_back("connected"); }
    void on_out_of_memory() override { lines.emplace_back("out of memory"); }
    void on_transport_open() override
    {
        lines.emplace_back("open");
        channel->protocol().start();
        channel->settle();
    }
    void on_transport_failed(const Error& error) override { lines.push_back("failed: " + error.code().message()); }
    void on_input() override
    {
        using Event = protocol::Protocol::Event;
        for (auto event = channel->protocol().next(); event != Event::nothing; event = channel->protocol().next()) {
            if (event != Event::message) continue;
            lines.emplace_back(channel->protocol().frame().text());
            if (on_message) on_message();
        }
    }
    void on_lost(error_code ec, bool unsent) override
    {
        lines.push_back((unsent ? "lost unsent: " : "lost: ") + ec.message());
    }
    void on_output() override { lines.emplace_back("output"); }
    [[nodiscard]] bool reads() const noexcept override { return reading; }
    bool reading = true;
};

struct Told final : core::SendDone {
    explicit Told(std::vector<error_code>& results) : results_(results) {}
    void done(error_code ec) override { results_.push_back(ec); }
    std::vector<error_code>& results_;
};

struct Fixture {
    boost::asio::io_context context;
    io::Strand strand{boost::asio::any_io_executor{context.get_executor()}};
    Conn conn{.secure = false, .host = "server", .port = 80, .limits = {.send_queue_bytes = 100}};
    std::shared_ptr<Wire> wire = std::make_shared<Wire>();
    Listener listener;
    std::shared_ptr<int> owner = std::make_shared<int>();
    MemoryTransport* transport = nullptr;
    std::unique_ptr<io::Channel> channel;

    Fixture()
    {
        auto made = std::make_unique<MemoryTransport>(conn, wire, strand);
        transport = made.get();
        channel = std::make_unique<io::Channel>(conn, std::move(made), context, listener);
        listener.channel = channel.get();
        channel->open(owner);
    }

    void run()
    {
        do {
            if (!wire->closed) transport->poll();
            context.restart();
        } while (context.poll() > 0);
    }

    void open()
    {
        transport->connect();
        transport->opened();
        run();
        wire->to_client = upgrade_answer(wire->take());
        run();
        listener.lines.clear();
    }
};

} // namespace

TEST_CASE("a channel reports its transport's beginnings in order", "[channel]")
{
    Fixture f;
    SECTION("that succeed")
    {
        f.transport->connect();
        f.transport->opened();
        f.run();
        CHECK(f.listener.lines == std::vector<std::string>{"connected", "open"});
        CHECK_THAT(f.wire->from_client, StartsWith("GET / HTTP/1.1\r\n"));
    }
    SECTION("that fail")
    {
        f.transport->fail(errc::no_address);
        f.run();
        REQUIRE(f.listener.lines.size() == 1);
        CHECK_THAT(f.listener.lines[0], StartsWith("failed: "));
    }
}

TEST_CASE("frames that are made in one wake-up leave in one write", "[channel]")
{
    Fixture f;
    f.open();
    f.listener.on_message = [&] {
        CHECK(f.wire->from_client.empty());
        (void)f.channel->protocol().write(Frame::text("reply"));
    };
    f.wire->to_client = encode({Opcode::text, "1"}) + encode({Opcode::text, "2"});
    f.run();
    FrameReader reader;
    reader.add(f.wire->take());
    CHECK(reader.next()->payload == "reply");
    CHECK(reader.next()->payload == "reply");
}

TEST_CASE("everything that came before the end is offered before the loss", "[channel]")
{
    Fixture f;
    f.open();
    f.wire->to_client = encode({Opcode::text, "last"});
    f.wire->read_end = boost::asio::error::eof;
    f.run();
    CHECK(f.listener.lines == std::vector<std::string>{"last", "lost: End of file"});
}

TEST_CASE("a failed write is reported after what can still be read, with the sends that were lost", "[channel]")
{
    Fixture f;
    f.open();
    f.wire->write_error = boost::asio::error::broken_pipe;
    f.wire->to_client = encode({Opcode::text, "explanation"});
    std::vector<error_code> results;
    const auto from = f.channel->protocol().produced();
    (void)f.channel->protocol().write(Frame::text("x"));
    f.channel->track(from, {.frame = {}, .done = std::make_unique<Told>(results)});
    f.channel->settle();
    CHECK(f.listener.lines == std::vector<std::string>{"explanation", "lost unsent: Broken pipe"});
    CHECK(results.empty());
    CHECK(f.channel->close().kept.empty());
    CHECK(results == std::vector<error_code>{errc::connection_lost});
}

TEST_CASE("a congested channel does not read, and says when it moves again", "[channel]")
{
    Fixture f;
    f.open();
    f.wire->window = 0;
    (void)f.channel->protocol().write(Frame::binary(std::string(100, 'x')));
    CHECK(f.channel->congested());
    f.listener.on_message = [&] { (void)f.channel->protocol().write(Frame::text("more")); };
    f.wire->to_client = encode({Opcode::text, "1"});
    f.run(); // the wait that was pending
    f.wire->to_client += encode({Opcode::text, "2"});
    f.run();
    CHECK(f.listener.lines.empty());
    f.wire->window = 1000;
    f.run();
    CHECK_FALSE(f.channel->congested());
    CHECK(f.listener.lines == std::vector<std::string>{"output", "1", "2"});
}

TEST_CASE("shutdown ends our direction behind the output and discards what comes", "[channel]")
{
    Fixture f;
    f.open();
    f.wire->window = 3;
    (void)f.channel->protocol().write(Frame::text("last words"));
    f.channel->shutdown();
    f.run();
    CHECK_FALSE(f.wire->shut_down);
    f.wire->window = 1000;
    f.run();
    CHECK(f.wire->shut_down);
    f.listener.lines.clear();
    f.wire->to_client = encode({Opcode::text, "too late"});
    f.run();
    CHECK(f.listener.lines.empty());
    f.wire->read_end = boost::asio::error::eof;
    f.run();
    CHECK(f.listener.lines == std::vector<std::string>{"lost: End of file"});
}

TEST_CASE("a closed channel is silent", "[channel]")
{
    Fixture f;
    f.open();
    f.wire->to_client = encode({Opcode::text, "x"});
    CHECK(f.channel->close().kept.empty());
    f.run();
    CHECK(f.wire->closed);
    CHECK(f.listener.lines.empty());
}
