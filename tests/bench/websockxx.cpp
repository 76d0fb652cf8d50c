// SPDX-License-Identifier: BSL-1.0

// The library, used as its guide says.

#include "harness.hpp"
#include "scale.hpp"
#include "task.hpp"
#include "threads.hpp"

#include <websockxx/websockxx.hpp>

#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace bench;
using namespace websockxx;
namespace asio = boost::asio;

Conn where(const Arguments& arguments, const std::string& target)
{
    auto conn = Conn::parse((arguments.secure ? "wss://" : "ws://") + arguments.host + ':' + arguments.port + target);
    if (!conn) throw std::runtime_error(conn.error().message());
    conn->tls.ca_file = arguments.ca;
    conn->deflate.offer = arguments.deflate;
    conn->limits.message_bytes = std::max(conn->limits.message_bytes, arguments.size);
    return *conn;
}

Options on(asio::io_context& context)
{
    Options options;
    options.executor = context.get_executor();
    return options;
}

Frame message(const std::string& payload, bool text) { return text ? Frame::text(payload) : Frame::binary(payload); }

/// What a client that sends much tells itself: go on.
struct More {};

/// Carries out a Task.
class Worker final : public Client {
public:
    Worker(const Arguments& arguments, Task& task) : task_(task), with_ref_(arguments.via == "ref")
    {
        if (!with_ref_ && !arguments.via.empty() && arguments.via != "reply")
            throw std::invalid_argument("via is reply or ref");
    }

    Action handle_connect(const Connected&) override { return begin(); }

    Action handle_frame(const Frame& frame) override
    {
        switch (task_.on_message(frame.text())) {
        case Next::wait: return ok();
        case Next::send: return reply(message(task_.payload(), task_.text()));
        case Next::begin: return begin();
        case Next::finish: return close();
        }
        return ok();
    }

    Action handle_info(More) { return send_more(); }

private:
    Action begin()
    {
        const auto opening = task_.begin();
        to_send_ = opening.messages;
        if (opening.command.empty()) return send_more();
        return reply(Frame::text(opening.command)).then(send_more());
    }

    // A batch, and the next one behind it: while the send queue is full, no More is delivered.
    Action send_more()
    {
        constexpr std::size_t most = 256, most_bytes = 64 * 1024;
        const auto count = std::min(to_send_, std::clamp<std::size_t>(most_bytes / task_.payload().size(), 1, most));
        to_send_ -= count;
        if (with_ref_) send_by_ref(count);
        if (to_send_ > 0) (void)self(*this).info(More{});
        return with_ref_ || count == 0 ? Action{ok()} : reply(batch(count));
    }

    void send_by_ref(std::size_t count) const
    {
        for (std::size_t i = 0; i < count; ++i) {
            if (!self(*this).send(message(task_.payload(), task_.text()))) throw std::runtime_error("not sent");
        }
    }

    [[nodiscard]] std::vector<Frame> batch(std::size_t count) const
    {
        std::vector<Frame> frames;
        frames.reserve(count);
        for (std::size_t i = 0; i < count; ++i) frames.push_back(message(task_.payload(), task_.text()));
        return frames;
    }

    Task& task_;
    const bool with_ref_;
    std::size_t to_send_ = 0;
};

void run_task(const Arguments& arguments)
{
    Task task{arguments};
    asio::io_context context;
    std::string failure;
    auto conn = where(arguments, task.target());
    conn.limits.send_queue_bytes = std::max<std::size_t>(256 * 1024, 2 * arguments.size);
    async_start(std::make_unique<Worker>(arguments, task), std::move(conn), on(context),
        [&failure](error_code ec, const Ref<Worker>& ref) {
            if (ec) failure = ref.reason() ? ref.reason()->message() : ec.message();
        });
    context.run();
    if (!failure.empty()) throw std::runtime_error(failure);
    task.print_result();
}

/// Mode `threads`: hears only that all has arrived.
class Sink final : public Client {
public:
    explicit Sink(const Arguments& arguments) : command_(sink_command(arguments)) {}

    Action handle_connect(const Connected&) override { return reply(Frame::text(command_)); }
    Action handle_frame(const Frame& frame) override
    {
        if (frame.text() != "done") throw std::runtime_error(std::string(frame.text()));
        return close();
    }

private:
    const std::string command_;
};

void run_threads(const Arguments& arguments)
{
    auto conn = where(arguments, "/cmd");
    // Nobody waits for room, so that what is measured is the way of a message and not that.
    conn.limits.inbox_messages = arguments.n + 1;
    conn.limits.send_queue_bytes = std::size_t{1} << 30;
    const auto client = start_link(std::make_unique<Sink>(arguments), std::move(conn));
    if (!client) throw std::runtime_error(client.error().message());
    const auto before = Usage::now();
    send_from_threads(arguments, [&](const std::string& text) {
        (void)client->send(Frame::text(text)); // if it has ended, the reason is told below
    });
    const auto reason = client->wait();
    const auto used = Usage::now().since(before);
    if (!reason || !reason->normal()) throw std::runtime_error(reason ? reason->message() : reason.error().message());
    Result{arguments, messages_of_all_threads(arguments), used}.print();
}

struct Tick {};

/// Mode `scale`: one of many, which says something once a second.
class Idler final : public Client {
public:
    explicit Idler(Echoes& echoes) : echoes_(echoes) {}

    Action handle_frame(const Frame&) override
    {
        ++echoes_.received;
        return ok();
    }
    Action handle_info(Tick)
    {
        (void)self(*this).send_after(std::chrono::seconds{1}, Tick{});
        return reply(Frame::text(echoes_.payload));
    }

private:
    Echoes& echoes_;
};

class Fleet {
public:
    Fleet(const Arguments& arguments, Echoes& echoes) : arguments_(arguments), echoes_(echoes) {}

    void connect_all()
    {
        const auto conn = where(arguments_, "/echo");
        for (std::size_t i = 0; i < arguments_.conns; ++i) {
            async_start(std::make_unique<Idler>(echoes_), conn, on(context_), [this](error_code ec, Ref<Idler> ref) {
                if (ec) throw std::runtime_error("connect: " + ec.message());
                clients_.push_back(std::move(ref));
            });
        }
        while (clients_.size() < arguments_.conns) context_.run_one();
    }
    void run_for(std::chrono::milliseconds time) { context_.run_for(time); }
    void begin_echo(std::size_t index, std::chrono::milliseconds after)
    {
        (void)clients_[index].send_after(after, Tick{});
    }

private:
    const Arguments& arguments_;
    Echoes& echoes_;
    asio::io_context context_;
    std::vector<Ref<Idler>> clients_;
};

void run(const Arguments& arguments)
{
    if (arguments.mode == "threads") run_threads(arguments);
    else if (arguments.mode == "scale") run_scale<Fleet>(arguments);
    else run_task(arguments);
}

} // namespace

int main(int argc, char** argv) { return run_main(argc, argv, "websockxx", run); }
