// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/close.hpp>
#include <websockxx/conn.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace websockxx::model {

using Time = std::chrono::milliseconds;

/// How the clients of the model are set up, and how they behave: what they do is written in their frames.
struct Rules {
    Timeouts timeouts{.message = Time{25'000}};
    std::size_t queue = 3; ///< Limits::send_queue_messages
    std::size_t queue_bytes = 1'000'000;
    std::size_t high_water = 40;
    /// What handle_connect() does the second time.
    enum class Connect : std::uint8_t { greet, close, fail } second_connect = Connect::greet;
    SendQueuePolicy policy = SendQueuePolicy::refuse;
    Time retry{1'000};
    Time keep_for{700};
    int losses = 5; ///< the client gives up when it has lost, or not got, so many connections
};

/// What the world sees of a client.
struct Seen {
    std::vector<std::string> called;              ///< its callbacks
    std::vector<std::string> heard;               ///< whole frames, at the server
    std::vector<std::pair<int, error_code>> told; ///< what became of sends, by number

    void sort();
    friend bool operator==(const Seen&, const Seen&) = default;
};

/// Why a client lost its connection, or ended, as far as the model knows.
struct Why {
    CloseReason::By by = CloseReason::By::transport;
    error_code error = {};
    std::optional<int> sent = {};
    std::optional<int> received = {};
    bool clean = false;
};
[[nodiscard]] std::string describe(const Why& why);
[[nodiscard]] Why shorten(const CloseReason& reason);

/// What the server says, as it goes over the wire.
struct Said {
    enum class What : std::uint8_t { answer, text, ping, pong, close, nonsense };
    What what = What::text;
    std::string payload = {};
    int code = 0;         ///< of a close frame
    std::size_t size = 0; ///< on the wire, what of it has not arrived
    bool begun = false;   ///< some of it has

    /// Nonsense is so at its first byte.
    [[nodiscard]] bool is_known() const { return size == 0 || (begun && what == What::nonsense); }
};

/// What a client ought to do: as the documentation says, and as simple as can be, with all of it in one place. It
/// shares no code with the library but a few types.
class Reference {
public:
    enum class At : std::uint8_t { connecting, upgrading, open, closing, lingering, waiting, ended };

    explicit Reference(const Rules& rules);

    // What happens

    void send(int id, std::string text, bool keep, bool limited);
    /// Whether it was still waiting.
    bool withdraw(int id);
    void cast(int number);
    void close(int code);
    void pause(bool paused);
    void stop(bool aborted);
    void connect();
    void fail(error_code error);
    void say(Said what);
    /// So many bytes of what was said arrive.
    void deliver(std::size_t bytes);
    void end(bool reset);
    void window(std::size_t bytes);
    void turn(Time by);

    // What is to be seen of it

    [[nodiscard]] At at() const { return at_; }
    [[nodiscard]] Seen take_seen() { return std::exchange(seen_, {}); }
    /// When something is to happen by itself.
    [[nodiscard]] std::optional<Time> next() const;
    [[nodiscard]] int attempts() const { return attempts_; }

private:
    enum class Timer : std::uint8_t { open, connect, close, linger, retry, beat, message };
    struct Send {
        int id;
        std::string text;
        bool keep;
        std::optional<Time> expiry;
    };
    struct Written {
        std::string frame;
        std::size_t size;
        std::size_t left;
        std::optional<Send> send;
    };

    [[nodiscard]] error_code obstacle() const;
    [[nodiscard]] bool fits(std::size_t size) const;
    [[nodiscard]] std::size_t encoded() const;
    [[nodiscard]] std::size_t buffered() const;
    [[nodiscard]] bool congested() const { return ended_ != true && encoded() >= rules_.queue_bytes; }
    [[nodiscard]] bool reads() const;
    [[nodiscard]] bool delivers() const { return at_ == At::open && !paused_; }
    void attempt();
    void read();
    void hold();
    void read_held();
    void take_next();
    void take(const Said& said);
    void take_text(const std::string& payload);
    void accept();
    void settle();
    void arrive();
    void work();
    void pump();
    void deliver_casts();
    void flush();
    void note_water();
    void note_unfinished();
    void write(std::string frame, std::size_t payload, std::optional<Send> send = {});
    void write_close(int code, std::size_t text);
    void begin_close(Why why, int code, std::size_t text);
    void linger(Why why);
    void throws();
    void lose(Why why);
    void fail_attempt(error_code error);
    void drop();
    void ask(const Why& why, int attempt);
    void end_with(const Why& why);
    void fire(Timer timer);
    void beat();
    void expire_sends();
    void tell(int id, error_code ec) { seen_.told.emplace_back(id, ec); }
    void call(std::string line) { seen_.called.push_back(std::move(line)); }
    void set(Timer timer, Time after) { timers_[timer] = now_ + after; }

    static constexpr std::size_t nonsense_text = 28; // "frame with a reserved opcode"

    const Rules rules_;
    Seen seen_;
    Time now_{0};
    std::map<Timer, Time> timers_;
    At at_ = At::connecting;
    bool paused_ = false;
    bool ever_open_ = false;
    int attempt_ = 0;
    int attempts_ = 0;
    int losses_ = 0;
    int connections_ = 0;
    Why why_;

    std::deque<Send> queue_;  // not encoded
    std::deque<Written> out_; // encoded, and not all of it gone
    std::deque<int> casts_;   // not delivered
    std::deque<Said> input_;  // arrived in parts, or not read
    std::size_t undelivered_ = 0;
    bool unread_ = false;                // some of what has arrived was not looked at
    std::optional<std::ptrdiff_t> held_; // so much was read when a pause or congestion came
    std::optional<bool> ended_;          // of the stream: by a reset
    std::size_t window_ = 0;
    bool high_ = false;
    Time heard_at_{0};
    std::optional<Time> pinged_at_;
    std::uint64_t taken_ = 0;      // of what was said
    std::uint64_t unfinished_ = 0; // which of it has begun to arrive
    Time unfinished_since_{0};
};

} // namespace websockxx::model
