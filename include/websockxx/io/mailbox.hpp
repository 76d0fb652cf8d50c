// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/action.hpp>
#include <websockxx/close.hpp>
#include <websockxx/conn.hpp>
#include <websockxx/core/send_queue.hpp>
#include <websockxx/error.hpp>
#include <websockxx/io/attachments.hpp>
#include <websockxx/io/letter.hpp>
#include <websockxx/io/visitor.hpp>

#include <boost/asio/any_completion_executor.hpp>
#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace websockxx::io {

/// What may lie in a Mailbox.
namespace item {

/// Frames to be sent lie in the send queue: those up to this mark were handed over before what comes next.
struct Sends {
    std::uint64_t upto = 0;
    bool limited = false; ///< some are to be kept for a time, which begins now
};
struct Later {
    std::uint64_t id = 0;
    std::chrono::milliseconds after{0};
    std::unique_ptr<Letter> letter;
};
struct CancelLater {
    std::uint64_t id = 0;
};
struct Close {
    std::optional<std::uint16_t> code;
    std::string text;
};
struct Stop {
    Error error;
};
struct Prepared {
    std::uint64_t attempt;
    std::unique_ptr<result<Conn>> conn; ///< large, and all items are as large as the largest

    Prepared(std::uint64_t ticket, result<Conn> answer)
        : attempt(ticket), conn(std::make_unique<result<Conn>>(std::move(answer)))
    {
    }
};
struct Visit {
    std::unique_ptr<Visitor> visitor;
};
struct Call {
    std::uint64_t id = 0;
    std::optional<std::chrono::milliseconds> timeout; ///< none: the caller keeps the time himself
    std::unique_ptr<Letter> letter;
};
struct CallOver {
    std::uint64_t id = 0;
};
struct Pause {
    bool paused = false;
};

} // namespace item

/// The value that a call was answered with: a result<R>, or nothing if the call failed on its way.
struct Answer {
    std::shared_ptr<void> value;
};

using Item = std::variant<std::unique_ptr<Letter>, item::Sends, item::Later, item::CancelLater, item::Close, item::Stop,
    item::Prepared, item::Visit, item::Call, item::CallOver, item::Pause>;

/// Where everybody reaches a connection: what every Ref of it shares.
///
/// Threads   All members, from any thread. No user code runs under the lock.
/// Lifetime  Outlives the connection: after end() it only remembers the reason.
class Mailbox final : public Attachment, public std::enable_shared_from_this<Mailbox> {
public:
    /// The connection's end of the mailbox: wakes it up.
    class Owner {
    public:
        /// Calls Mailbox::take() soon, on the strand. Called under the lock: must only post.
        virtual void wake() = 0;

        /// As item::Pause, from inside a callback of the client. Not called under the lock.
        virtual void pause(bool paused) = 0;

    protected:
        ~Owner() = default;
    };

    Mailbox(boost::asio::any_io_executor executor, std::size_t max_messages, bool own_thread);
    ~Mailbox();
    Mailbox(const Mailbox&) = delete;
    Mailbox& operator=(const Mailbox&) = delete;

    /// From here on `owner` is woken, until end().
    void attach(Owner& owner);

    /// Puts an item in and wakes the owner. Letters beyond the limit are refused with errc::inbox_full; anything with
    /// errc::client_ended after the end. What is refused is destroyed here; whoever it tells, first.
    error_code put(Item item);

    /// Puts a frame into the send queue and wakes the owner, or refuses it: see core::SendQueue::admit(). Its sender is
    /// told that, too. `mark` gets what withdraw() wants.
    error_code send(core::Outgoing frame, std::uint64_t* mark = nullptr);

    using SendHandler = boost::asio::any_completion_handler<void(error_code)>;

    /// Puts a visitor in who does not wait; the handler is called when he tells `done`, on its executor.
    void async_visit(std::unique_ptr<AsyncVisitor> visitor, SendHandler handler);

    /// Puts a call in. Over when answer() says so, with client_ended when the client ends before, or at once with
    /// inbox_full; then `done` is told, and `answer` has the value if there is one.
    void call(item::Call call, std::shared_ptr<Answer> answer, std::unique_ptr<core::SendDone> done);
    /// The same, and calls the handler on its executor. Cancelled before it is over, it is so with operation_aborted.
    void async_call(item::Call call, std::shared_ptr<Answer> answer, SendHandler handler);
    /// A call is over, if it is not so already.
    void answer(std::uint64_t id, error_code ec, std::shared_ptr<void> value);

    /// Stops or resumes what the client is given: at once within one of its callbacks, else in its turn.
    error_code pause(bool paused);

    /// The same, and calls the handler when it is over, on its executor. Cancelled before the owner has taken it, it is
    /// over with operation_aborted.
    void async_send(core::Outgoing frame, SendHandler handler);

    /// Takes a frame back that was not yet taken by the owner; false: too late. Its sender is not told.
    bool withdraw(std::uint64_t mark);

    /// How many bytes are on their way, encoded or not.
    [[nodiscard]] std::size_t buffered_bytes() const;

    // The send queue, for the owner: see core::SendQueue.

    using SendTime = core::SendQueue::Time;

    void set_send_limits(const Limits& limits);
    /// Returns how many frames failed whose senders do not wait for an answer.
    std::size_t set_send_obstacle(error_code why);
    [[nodiscard]] core::SendQueue::Next take_sends(
        std::uint64_t upto, std::size_t budget, std::vector<core::Outgoing>& taken);
    void put_sends_back(std::vector<core::Outgoing>&& frames);
    /// Lets the time of new ones begin; returns when expire_sends() has something to do.
    [[nodiscard]] std::optional<SendTime> date_sends(SendTime now);
    /// Returns how many expired whose senders do not wait for an answer.
    std::size_t expire_sends(SendTime now);
    /// How much is encoded now; returns how much is on its way, all together.
    std::size_t set_encoded(std::size_t bytes);
    struct SendCounts {
        std::size_t waiting = 0;   ///< frames that are not yet encoded
        std::uint64_t dropped = 0; ///< frames, since the beginning
    };
    [[nodiscard]] SendCounts send_counts() const;
    /// How many frames were dropped since this was asked whose senders do not wait for an answer.
    [[nodiscard]] std::size_t take_dropped();

    /// All items in order, for the owner, in exchange for an empty vector, whose memory is used on.
    void take(std::vector<Item>& items);

    /// The client, while it lives: for client_is(). nullptr before it is destroyed.
    void show(const Client* client);
    /// Asks about the client's type, if it is alive. `is` must only look at that: other threads use the client.
    [[nodiscard]] bool client_is(bool (*is)(const Client* client)) const;

    /// Kept until the end, and destroyed before anybody is told of that.
    void keep(std::shared_ptr<void> kept);

    /// Gives memory back that is not needed now.
    void trim();

    /// Letters count against the limit until this says that so many more were handled.
    void delivered(std::size_t messages);

    /// The executor's context is being destroyed: from now on everything is refused with errc::runtime_ended, and
    /// nothing is posted by those who call. end() follows, on the thread that destroys it.
    void detach() override;

    /// Whether the client was told to end, so that what has arrived need not be delivered any more.
    [[nodiscard]] bool stopping() const noexcept { return stopping_.load(std::memory_order_relaxed); }

    /// The client has ended: tells everybody who waits. Only the first call counts.
    void end(CloseReason reason);

    [[nodiscard]] bool ended() const;
    /// How it ended, if it has.
    [[nodiscard]] std::optional<CloseReason> reason() const;

    /// Waits until the client has ended, or until the deadline.
    std::optional<CloseReason> wait(std::optional<std::chrono::milliseconds> limit);
    using WaitHandler = boost::asio::any_completion_handler<void(error_code, CloseReason)>;

    /// Calls the handler when the client has ended, on its executor; with operation_aborted if cancelled before.
    void async_wait(WaitHandler handler);

    /// Whether a blocking call here and now would wait for itself: errc::calling_self inside one of this client's
    /// callbacks, errc::blocking_in_callback inside another's or on a thread that runs the connection.
    [[nodiscard]] error_code blocking_error() const;

    /// Whether the connection runs on a thread of the library's own, so that waiting for it is safe.
    [[nodiscard]] bool own_thread() const noexcept { return own_thread_; }

    /// The one that the connection runs on; the system's once the client has ended.
    [[nodiscard]] boost::asio::any_io_executor executor() const;

    [[nodiscard]] std::uint64_t next_id();

    /// A mailbox of a client that never was.
    [[nodiscard]] static std::shared_ptr<Mailbox> make_ended();

private:
    struct Waiter;
    struct CancelSend;
    struct Caller {
        std::shared_ptr<Answer> answer;
        std::unique_ptr<core::SendDone> done;
        bool timed; // the owner keeps its time
    };

    // These under the lock: as long as it is held and the client has not ended, the executor's context is there.
    error_code admit(Item& item);
    [[nodiscard]] boost::asio::any_io_executor usable_executor() const;
    void enter(item::Call& call, std::shared_ptr<Answer> answer, std::unique_ptr<core::SendDone>& done);
    void wake_owner();
    static error_code refuse(Item& item, error_code why);
    error_code admit_send(core::Outgoing& frame);
    void wake_for_sends(); // this one without it
    void take_out(std::uint64_t id, item::Call& taken);

    void cancel_send(std::uint64_t mark);
    void cancel_wait(std::uint64_t id);
    static void complete(const boost::asio::any_io_executor& via, Waiter waiter, error_code ec, CloseReason reason);

    mutable std::mutex mutex_;
    std::condition_variable ended_;
    boost::asio::any_io_executor executor_; // empty once ended: its context may be gone
    std::vector<Item> items_;
    core::SendQueue sends_;
    std::vector<Waiter> waiters_;
    std::map<std::uint64_t, Caller> callers_;
    std::shared_ptr<void> kept_;
    const Client* client_ = nullptr;
    std::optional<CloseReason> reason_;
    Owner* owner_ = nullptr;
    std::mutex wake_mutex_; // for waker_, which is owner_: whoever holds it keeps the end waiting
    Owner* waker_ = nullptr;
    bool closed_ = false;   // nothing is let in any more
    bool detached_ = false; // nor is anything when the context is about to end
    bool awake_ = false;    // the owner was woken and has not taken yet
    std::atomic<bool> stopping_ = false;
    std::size_t max_messages_;
    std::size_t messages_ = 0;
    std::size_t visits_ = 0; // in items_
    static constexpr std::size_t max_visits = 10'000;
    std::uint64_t last_id_ = 0;
    const bool own_thread_;
};

/// Marks that a callback of the mailbox's client runs on this thread.
class CallbackScope {
public:
    explicit CallbackScope(const Mailbox& mailbox) noexcept;
    ~CallbackScope();
    CallbackScope(const CallbackScope&) = delete;
    CallbackScope& operator=(const CallbackScope&) = delete;

private:
    const Mailbox* outer_;
};

} // namespace websockxx::io
