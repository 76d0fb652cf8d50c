// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/core/restart_rules.hpp>
#include <websockxx/io/alarm.hpp>
#include <websockxx/io/mailbox.hpp>
#include <websockxx/log.hpp>
#include <websockxx/restart.hpp>

#include <boost/asio/any_completion_executor.hpp>
#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <typeinfo>
#include <unordered_map>
#include <vector>

namespace websockxx::io {

class Tree;

/// One life of a supervised child: a client, or a tree of its own.
///
/// Threads   Made, used and destroyed on the supervisor's strand.
class Life {
public:
    Life() = default;
    Life(const Life&) = delete;
    Life& operator=(const Life&) = delete;
    virtual ~Life() = default;

    /// Ends it in order, also while it is being started.
    virtual void stop() = 0;
    /// Ends it at once.
    virtual void abort() = 0;
};

/// Where it is told what becomes of a Life. When the last share is destroyed without an end told, the child's executor
/// is gone, and the child with it.
///
/// Threads   All members, from any thread.
class LifeReport {
public:
    LifeReport(std::shared_ptr<Tree> tree, core::ChildKey child);
    ~LifeReport();
    LifeReport(const LifeReport&) = delete;
    LifeReport& operator=(const LifeReport&) = delete;

    /// It runs: as this client, or as this tree.
    void started(std::shared_ptr<Mailbox> client, std::shared_ptr<Tree> tree = {});
    /// It has ended; if it had not started, it cannot be started. Nothing of it is left. Only the first call counts.
    void ended(CloseReason reason);

private:
    std::shared_ptr<Tree> tree_;
    core::ChildKey child_;
    std::mutex mutex_; // an end may overtake the start that is being told
    bool ended_ = false;
};

/// What a supervisor knows of a child.
struct TreeChild {
    /// Begins a life, on this executor if the child has none of its own (empty: Runtime::shared()). What it throws is
    /// an end.
    using Birth = std::function<std::unique_ptr<Life>(
        const boost::asio::any_io_executor& executor, std::shared_ptr<LifeReport> report)>;

    std::string id; ///< empty: one is made up
    core::ChildRule rule;
    Birth birth;
    const std::type_info* type = nullptr;                ///< of the client; null for a tree
    std::vector<boost::asio::any_io_executor> executors; ///< of its own
};

/// A supervisor at work: carries out what RestartRules decides, and is what all handles of it share.
///
/// Threads   All members, from any thread. Lives are begun and ended on a strand, without a lock.
/// Lifetime  Outlives its work: after the end it only remembers the reason. The work itself is done by the Keeper,
///           which is held by its alarm and so by the executor's context: if that is destroyed first, so is the Keeper,
///           and the tree has ended with errc::runtime_ended.
class Tree : public std::enable_shared_from_this<Tree> {
public:
    struct Settings {
        Strategy strategy = Strategy::one_for_one;
        Intensity intensity = {};
        boost::asio::any_io_executor executor = {};
        bool own_thread = false; ///< the executor is Runtime::shared()
        Log log = {};
    };
    struct Child {
        std::string id;
        ChildState state = ChildState::down;
        Restart restart = Restart::transient;
        bool supervisor = false;
        std::uint64_t restarts = 0;
        std::shared_ptr<Mailbox> client;
    };
    using MakeAlarm = std::function<std::unique_ptr<Alarm>(const Strand&)>;
    using Handler = boost::asio::any_completion_handler<void(Error, std::string id)>;

    /// Ids in the list are different: see check().
    Tree(Settings settings, std::vector<TreeChild> list);
    ~Tree();
    Tree(const Tree&) = delete;
    Tree& operator=(const Tree&) = delete;

    /// Whether all ids are different.
    [[nodiscard]] static result<void> check(const std::vector<TreeChild>& list);

    /// A tree that never was, with this reason.
    [[nodiscard]] static std::shared_ptr<Tree> make_ended(Error error = errc::supervisor_ended);

    /// Starts the list. The handler learns when that is done, or has failed and everything has ended. Call it once.
    void begin(Handler started, const MakeAlarm& make = io::make_alarm);

    /// Stops everything, unless the list has been started.
    void cancel_start();

    // Requests. Handlers are called on their executors when it is done. The id is that of a new child, else empty.

    void start_child(TreeChild child, Handler handler);
    void terminate_child(std::string_view id, Handler handler);
    void restart_child(std::string_view id, Handler handler);
    void delete_child(std::string_view id, Handler handler);
    void stop();
    void abort();

    // What is known now. After the end there are no children.

    [[nodiscard]] std::vector<Child> which_children() const;
    [[nodiscard]] ChildCount count_children() const;
    /// The client of this id that runs now, if it is of this type (null: of any).
    [[nodiscard]] std::shared_ptr<Mailbox> find_client(std::string_view id, const std::type_info* type) const;
    [[nodiscard]] std::shared_ptr<Tree> find_tree(std::string_view id) const;
    [[nodiscard]] std::optional<SupervisorReason> reason() const;

    /// Where one can wait for the end. Nothing else is put in there.
    [[nodiscard]] const std::shared_ptr<Mailbox>& end_box() const noexcept { return end_box_; }

    /// Why it may not be waited here and now for everything, for one child, or for one that has yet to be added.
    [[nodiscard]] error_code blocking_error() const;
    [[nodiscard]] error_code blocking_error(std::string_view id) const;
    [[nodiscard]] error_code blocking_error(const TreeChild& child) const;

    /// Whether everything runs on a thread of the library's own, so that waiting for it is safe.
    [[nodiscard]] bool own_thread() const;

private:
    friend class LifeReport;
    class Keeper;

    struct Entry {
        TreeChild spec;
        std::shared_ptr<Mailbox> client; // of the present life, if it is one
        std::shared_ptr<Tree> tree;      // the same
        CloseReason ended;               // how the last life did
        std::uint64_t lives = 0;
    };
    // Someone who waits for an answer, and the executor's promise to still be there then.
    struct Reply {
        Handler handler;
        boost::asio::any_completion_executor work;
        std::string id;
    };

    // These under the lock.
    bool put(core::TreeEvent event);
    [[nodiscard]] Reply make_reply(Handler handler, std::string id = {}) const;
    [[nodiscard]] core::Ticket keep_reply(Handler handler, std::string id = {});
    [[nodiscard]] const Entry* find(std::string_view id) const;
    [[nodiscard]] core::ChildKey add(TreeChild child);

    template <class Event>
    void ask(std::string_view id, Handler handler);
    void refuse(Handler handler, Error error) const;
    static void complete(const boost::asio::any_io_executor& via, Reply reply, Error error);

    void on_started(core::ChildKey key, std::shared_ptr<Mailbox> client, std::shared_ptr<Tree> tree);
    void on_ended(core::ChildKey key, CloseReason reason);

    // For the Keeper.
    [[nodiscard]] std::vector<core::TreeEvent> take_events();
    [[nodiscard]] core::TreeCommands step(const core::TreeEvent& event, std::chrono::milliseconds now);
    [[nodiscard]] const TreeChild& begin_life(core::ChildKey key);
    void answer(const core::tree_command::Answer& answer);
    void report_started();
    void forget(core::ChildKey key);
    void finish(const core::tree_command::Finish& finish);
    void end(SupervisorReason reason);
    void log(std::string_view line) const;

    const Settings settings_;
    const std::shared_ptr<Mailbox> end_box_;
    mutable std::mutex mutex_;
    core::RestartRules rules_;
    std::unordered_map<core::ChildKey, Entry> children_;
    std::unordered_map<std::string, core::ChildKey> ids_;
    std::unordered_map<core::Ticket, Reply> replies_;
    std::vector<core::TreeEvent> events_; // for the Keeper
    std::optional<SupervisorReason> reason_;
    Keeper* keeper_ = nullptr;
    bool closed_ = false; // nothing is let in any more
    bool awake_ = false;  // the Keeper was woken and has not taken yet
    core::ChildKey next_key_ = 0;
    core::Ticket last_ticket_ = 0;
};

} // namespace websockxx::io
