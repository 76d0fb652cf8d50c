// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/io/tree.hpp>
#include <websockxx/runtime.hpp>
#include <websockxx/supervisor.hpp>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/system_executor.hpp>

#include <future>
#include <mutex>
#include <utility>

namespace websockxx {

struct ChildSpec::ClientPart {
    detail::ClientFactory factory;
    Where where;
    Options options;
    const std::type_info* type;
};

struct ChildSpec::SupervisorPart {
    SupervisorOptions options;
    std::vector<ChildSpec> children;
};

struct ChildSpecAccess {
    using ClientPart = ChildSpec::ClientPart;
    using SupervisorPart = ChildSpec::SupervisorPart;

    static ChildSpec make(std::shared_ptr<const ClientPart> client, const ChildDefaults& defaults)
    {
        ChildSpec spec;
        spec.client_ = std::move(client);
        return spec.id(std::string{defaults.id}).restart(defaults.restart).shutdown(defaults.shutdown);
    }
    static ChildSpec make(std::shared_ptr<const SupervisorPart> supervisor)
    {
        ChildSpec spec;
        spec.supervisor_ = std::move(supervisor);
        return spec.shutdown(shutdown_time::infinity);
    }
    static const std::shared_ptr<const ClientPart>& client(const ChildSpec& spec) { return spec.client_; }
    static const std::shared_ptr<const SupervisorPart>& supervisor(const ChildSpec& spec) { return spec.supervisor_; }
};

namespace supervisor_detail {

using ClientPart = ChildSpecAccess::ClientPart;
using SupervisorPart = ChildSpecAccess::SupervisorPart;
using Reports = std::shared_ptr<io::LifeReport>;

// ---- A client as a child

/// Before the start is over there is no mailbox yet, and stopping means to cancel the start.
class ClientLife final : public io::Life {
public:
    void stop() override { end(errc::stopped); }
    void abort() override { end(errc::aborted); }

    void start(const ClientPart& part, Options options, const Reports& report)
    {
        detail::async_start(part.factory(), part.where, std::move(options),
            boost::asio::bind_cancellation_slot(state_->cancel.slot(),
                [state = state_, report](const error_code& ec, const std::shared_ptr<io::Mailbox>& mailbox) {
                    if (!ec) state->begin(mailbox, *report);
                    watch(mailbox, report);
                }));
    }

    /// Returns as soon as there is a client.
    result<void> start_at_once(const ClientPart& part, Options options, const Reports& report)
    {
        const auto mailbox = detail::start(part.factory(), part.where, std::move(options));
        if (!mailbox) return mailbox.error();
        state_->begin(*mailbox, *report);
        watch(*mailbox, report);
        return {};
    }

private:
    struct State {
        std::mutex mutex;
        std::shared_ptr<io::Mailbox> mailbox;
        errc asked{};                            // to end like this
        boost::asio::cancellation_signal cancel; // of the start; used on the supervisor's strand only

        void begin(const std::shared_ptr<io::Mailbox>& client, io::LifeReport& report)
        {
            report.started(client);
            const std::lock_guard lock{mutex};
            mailbox = client;
            if (asked != errc{}) (void)mailbox->put(io::item::Stop{asked}); // refused: it has ended already
        }
    };

    static void watch(const std::shared_ptr<io::Mailbox>& mailbox, const Reports& report)
    {
        // A handler for what has been already would need a thread of the system's to run on.
        if (auto reason = mailbox->reason()) return report->ended(*std::move(reason));
        mailbox->async_wait([report](const error_code&, CloseReason reason) { report->ended(std::move(reason)); });
    }

    void end(errc how)
    {
        {
            const std::lock_guard lock{state_->mutex};
            state_->asked = how;
            if (state_->mailbox) return (void)state_->mailbox->put(io::item::Stop{how});
        }
        state_->cancel.emit(boost::asio::cancellation_type::terminal);
    }

    std::shared_ptr<State> state_ = std::make_shared<State>();
};

std::unique_ptr<io::Life> begin_client(
    const ClientPart& part, const boost::asio::any_io_executor& executor, const Reports& report)
{
    auto options = part.options;
    if (!options.executor) options.executor = executor;
    auto life = std::make_unique<ClientLife>();
    if (!options.async) life->start(part, std::move(options), report);
    else if (const auto started = life->start_at_once(part, std::move(options), report); !started) {
        report->ended({.by = CloseReason::By::transport, .error = started.error()});
        return nullptr;
    }
    return life;
}

// ---- A supervisor as a child

result<std::shared_ptr<io::Tree>> make_tree(
    SupervisorOptions options, const std::vector<ChildSpec>& children, const boost::asio::any_io_executor& executor);

class TreeLife final : public io::Life {
public:
    explicit TreeLife(std::shared_ptr<io::Tree> tree) : tree_(std::move(tree)) {}
    void stop() override { tree_->stop(); }
    void abort() override { tree_->abort(); }

private:
    std::shared_ptr<io::Tree> tree_;
};

std::unique_ptr<io::Life> begin_tree(
    const SupervisorPart& part, const boost::asio::any_io_executor& executor, const Reports& report)
{
    const auto tree = make_tree(part.options, part.children, executor).value();
    auto life = std::make_unique<TreeLife>(tree);
    tree->end_box()->async_wait([report](const error_code&, CloseReason why) { report->ended(std::move(why)); });
    tree->begin([report, tree](const Error& error, const std::string&) {
        if (!error) report->started(nullptr, tree); // else it has ended
    });
    return life;
}

// ---- What the tree is told

/// Those that this child does not take from the supervisor above it.
std::vector<boost::asio::any_io_executor> own_executors(const ChildSpec& spec)
{
    std::vector<boost::asio::any_io_executor> all;
    if (const auto& client = ChildSpecAccess::client(spec); client && client->options.executor)
        all.push_back(client->options.executor);
    const auto& supervisor = ChildSpecAccess::supervisor(spec);
    if (!supervisor) return all;
    if (supervisor->options.executor) all.push_back(supervisor->options.executor);
    for (const auto& child : supervisor->children)
        for (auto& executor : own_executors(child)) all.push_back(std::move(executor));
    return all;
}

io::TreeChild to_tree_child(const ChildSpec& spec)
{
    io::TreeChild child{.id = spec.id(),
        .rule = {.restart = spec.restart(), .shutdown = spec.shutdown()},
        .birth = {},
        .type = nullptr,
        .executors = own_executors(spec)};
    if (auto client = ChildSpecAccess::client(spec)) {
        child.type = client->type;
        child.birth = [client](const auto& executor, const Reports& report) {
            return begin_client(*client, executor, report);
        };
    }
    else {
        child.birth = [part = ChildSpecAccess::supervisor(spec)](
                          const auto& executor, const Reports& report) { return begin_tree(*part, executor, report); };
    }
    return child;
}

/// `executor` is the one to take if the options have none; empty: Runtime::shared().
result<std::shared_ptr<io::Tree>> make_tree(
    SupervisorOptions options, const std::vector<ChildSpec>& children, const boost::asio::any_io_executor& executor)
{
    std::vector<io::TreeChild> list;
    list.reserve(children.size());
    for (const auto& child : children) list.push_back(to_tree_child(child));
    if (const auto checked = io::Tree::check(list); !checked) return checked.error();
    if (!options.executor) options.executor = executor;
    const bool own_thread = !options.executor;
    if (own_thread) options.executor = Runtime::shared().get_executor();
    return std::make_shared<io::Tree>(io::Tree::Settings{.strategy = options.strategy,
                                          .intensity = options.intensity,
                                          .executor = std::move(options.executor),
                                          .own_thread = own_thread,
                                          .log = std::move(options.log)},
        std::move(list));
}

// ---- Handlers

/// What the tree calls, made of a handler of the user's: runs where that one would, and is cancelled as that one is.
template <class Handler, class Function>
struct Adapted {
    using executor_type = boost::asio::associated_executor_t<Handler>;
    using cancellation_slot_type = boost::asio::associated_cancellation_slot_t<Handler>;

    Handler handler;
    Function call;

    executor_type get_executor() const noexcept { return boost::asio::get_associated_executor(handler); }
    cancellation_slot_type get_cancellation_slot() const noexcept
    {
        return boost::asio::get_associated_cancellation_slot(handler);
    }
    template <class... Arguments>
    void operator()(Arguments&&... arguments)
    {
        call(std::move(handler), std::forward<Arguments>(arguments)...);
    }
};

template <class Handler, class Function>
Adapted<Handler, Function> adapt(Handler handler, Function call)
{
    return {std::move(handler), std::move(call)};
}

/// Runs a request, and waits for its answer: a child's id, where there is one.
template <class Request>
result<std::string> answer_to(Request&& request)
{
    std::promise<result<std::string>> promise;
    auto answer = promise.get_future();
    request([promise = std::move(promise)](Error error, std::string id) mutable {
        promise.set_value(error ? result<std::string>{std::move(error)} : result<std::string>{std::move(id)});
    });
    try {
        return answer.get();
    }
    catch (const std::future_error&) { // the handler was destroyed, and with it the executor's context
        return Error{errc::runtime_ended};
    }
}

} // namespace supervisor_detail

// ---- ChildSpec

ChildSpec& ChildSpec::id(std::string id)
{
    id_ = std::move(id);
    return *this;
}

ChildSpec& ChildSpec::restart(Restart restart)
{
    restart_ = restart;
    return *this;
}

ChildSpec& ChildSpec::shutdown(std::chrono::milliseconds time)
{
    shutdown_ = time;
    return *this;
}

ChildSpec detail::make_child(
    ClientFactory factory, Where where, Options options, const std::type_info& type, const ChildDefaults& defaults)
{
    using Part = ChildSpecAccess::ClientPart;
    return ChildSpecAccess::make(
        std::make_shared<const Part>(Part{std::move(factory), std::move(where), std::move(options), &type}), defaults);
}

ChildSpec supervisor(SupervisorOptions options, std::vector<ChildSpec> children)
{
    using Part = ChildSpecAccess::SupervisorPart;
    return ChildSpecAccess::make(std::make_shared<const Part>(Part{std::move(options), std::move(children)}));
}

// ---- SupervisorRef

result<std::string> SupervisorRef::start_child(ChildSpec child) const
{
    if (!tree_) return Error{errc::supervisor_ended};
    auto spec = supervisor_detail::to_tree_child(child);
    if (const auto ec = tree_->blocking_error(spec)) return Error{ec};
    return supervisor_detail::answer_to(
        [&](io::Tree::Handler handler) { tree_->start_child(std::move(spec), std::move(handler)); });
}

result<void> SupervisorRef::ask(Request request, std::string_view id) const
{
    if (!tree_) return Error{errc::supervisor_ended};
    if (const auto ec = tree_->blocking_error(id)) return Error{ec};
    const auto answer = supervisor_detail::answer_to([&](io::Tree::Handler handler) {
        switch (request) {
        case Request::terminate: return tree_->terminate_child(id, std::move(handler));
        case Request::restart: return tree_->restart_child(id, std::move(handler));
        case Request::remove: return tree_->delete_child(id, std::move(handler));
        }
    });
    if (!answer) return answer.error();
    return {};
}

result<void> SupervisorRef::terminate_child(std::string_view id) const { return ask(Request::terminate, id); }

result<void> SupervisorRef::restart_child(std::string_view id) const { return ask(Request::restart, id); }

result<void> SupervisorRef::delete_child(std::string_view id) const { return ask(Request::remove, id); }

void SupervisorRef::initiate_start(std::shared_ptr<io::Tree> tree, ChildSpec child,
    boost::asio::any_completion_handler<void(error_code, std::string)> handler)
{
    if (!tree) tree = io::Tree::make_ended();
    auto done = supervisor_detail::adapt(std::move(handler),
        [](auto told, const Error& error, std::string id) { std::move(told)(error.code(), std::move(id)); });
    tree->start_child(supervisor_detail::to_tree_child(child), std::move(done));
}

void SupervisorRef::initiate(Request request, std::shared_ptr<io::Tree> tree, const std::string& id, Handler handler)
{
    if (!tree) tree = io::Tree::make_ended();
    auto done = supervisor_detail::adapt(
        std::move(handler), [](auto told, const Error& error, const std::string&) { std::move(told)(error.code()); });
    switch (request) {
    case Request::terminate: return tree->terminate_child(id, std::move(done));
    case Request::restart: return tree->restart_child(id, std::move(done));
    case Request::remove: return tree->delete_child(id, std::move(done));
    }
}

std::vector<ChildInfo> SupervisorRef::which_children() const
{
    std::vector<ChildInfo> all;
    if (!tree_) return all;
    for (auto& child : tree_->which_children()) {
        all.push_back({.id = std::move(child.id),
            .state = child.state,
            .restart = child.restart,
            .supervisor = child.supervisor,
            .restarts = child.restarts,
            .ref = Ref<Client>{std::move(child.client)}});
    }
    return all;
}

ChildCount SupervisorRef::count_children() const { return tree_ ? tree_->count_children() : ChildCount{}; }

std::shared_ptr<io::Mailbox> SupervisorRef::find_client(std::string_view id, const std::type_info* type) const
{
    return tree_ ? tree_->find_client(id, type) : nullptr;
}

SupervisorRef SupervisorRef::find_supervisor(std::string_view id) const
{
    return SupervisorRef{tree_ ? tree_->find_tree(id) : nullptr};
}

void SupervisorRef::stop() const
{
    if (tree_) tree_->stop();
}

void SupervisorRef::abort() const
{
    if (tree_) tree_->abort();
}

bool SupervisorRef::alive() const { return tree_ && !tree_->reason(); }

std::optional<SupervisorReason> SupervisorRef::reason() const { return tree_ ? tree_->reason() : std::nullopt; }

result<SupervisorReason> SupervisorRef::wait() const
{
    if (!tree_) return Error{errc::supervisor_ended};
    if (auto reason = tree_->reason()) return *std::move(reason);
    if (const auto ec = tree_->blocking_error()) return Error{ec};
    tree_->end_box()->wait(std::nullopt);
    return tree_->reason().value();
}

result<std::optional<SupervisorReason>> SupervisorRef::wait_for(std::chrono::milliseconds limit) const
{
    if (!tree_) return Error{errc::supervisor_ended};
    if (auto reason = tree_->reason()) return reason;
    if (const auto ec = tree_->blocking_error()) return Error{ec};
    tree_->end_box()->wait(limit);
    return tree_->reason();
}

void SupervisorRef::initiate_wait(
    std::shared_ptr<io::Tree> tree, boost::asio::any_completion_handler<void(error_code, SupervisorReason)> handler)
{
    if (!tree) tree = io::Tree::make_ended();
    const auto& box = tree->end_box();
    box->async_wait(
        supervisor_detail::adapt(std::move(handler), [tree](auto told, const error_code& ec, const CloseReason&) {
            std::move(told)(ec, ec ? SupervisorReason{} : tree->reason().value());
        }));
}

// ---- Supervisor

Supervisor& Supervisor::operator=(Supervisor&& other) noexcept
{
    if (this == &other) return *this;
    const Supervisor old{std::move(*this)};
    tree_ = std::move(other.tree_);
    return *this;
}

Supervisor::~Supervisor()
{
    if (!tree_) return;
    tree_->stop();
    if (tree_->own_thread() && !tree_->blocking_error()) tree_->end_box()->wait(std::nullopt);
}

result<Supervisor> Supervisor::start(SupervisorOptions options, std::vector<ChildSpec> children)
{
    const auto tree = supervisor_detail::make_tree(std::move(options), children, {});
    if (!tree) return tree.error();
    if (const auto ec = (*tree)->blocking_error()) return Error{ec};
    const auto answer =
        supervisor_detail::answer_to([&](io::Tree::Handler handler) { (*tree)->begin(std::move(handler)); });
    if (!answer) return answer.error();
    return Supervisor{*tree};
}

void Supervisor::initiate_start(SupervisorOptions options, std::vector<ChildSpec> children,
    boost::asio::any_completion_handler<void(error_code, Supervisor)> handler)
{
    auto made = supervisor_detail::make_tree(std::move(options), children, {});
    const auto tree = made ? *made : io::Tree::make_ended(made.error());
    io::Tree::Handler done{
        supervisor_detail::adapt(std::move(handler), [tree](auto told, const Error& error, const std::string&) {
            std::move(told)(error.code(), Supervisor{tree});
        })};
    if (auto slot = boost::asio::get_associated_cancellation_slot(done); slot.is_connected()) {
        slot.assign([weak = std::weak_ptr{tree}](boost::asio::cancellation_type) {
            if (const auto alive = weak.lock()) alive->cancel_start();
        });
    }
    tree->begin(std::move(done));
}

} // namespace websockxx
