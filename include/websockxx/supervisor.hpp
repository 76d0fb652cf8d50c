// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/client.hpp>
#include <websockxx/config.hpp>
#include <websockxx/error.hpp>
#include <websockxx/log.hpp>
#include <websockxx/options.hpp>
#include <websockxx/ref.hpp>
#include <websockxx/restart.hpp>
#include <websockxx/start.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

namespace websockxx {

namespace io {
class Tree;
struct TreeChild;
} // namespace io

class ChildSpec;

/// What a supervisor does with its children (Elixir's Supervisor.init/2).
struct SupervisorOptions {
    Strategy strategy = Strategy::one_for_one; ///< who else is restarted
    Intensity intensity = {};                  ///< when to give up

    /// Where the supervisor runs, and those of its children whose Options have no executor. Empty: Runtime::shared(),
    /// or for a child that is a supervisor, where the one above it runs.
    boost::asio::any_io_executor executor = {};

    /// Where failed starts and a passed intensity are told; empty: nowhere.
    Log log = log_to_stderr;
};

/// Defaults that a class derived from Client may have for its ChildSpecs, as a static member of this name:
/// `static constexpr ChildDefaults child_spec{.restart = Restart::permanent};` (`use WebSockex, restart: :permanent`).
struct ChildDefaults {
    std::string_view id = {}; ///< empty: made up by the supervisor
    Restart restart = Restart::transient;
    std::chrono::milliseconds shutdown = shutdown_time::standard;
};

namespace detail {

using ClientFactory = std::function<std::unique_ptr<Client>()>;

template <class C>
constexpr ChildDefaults child_defaults()
{
    if constexpr (requires {
                      {
                          C::child_spec
                      } -> std::convertible_to<ChildDefaults>;
                  })
        return C::child_spec;
    else return {};
}

[[nodiscard]] WEBSOCKXX_DECL ChildSpec make_child(
    ClientFactory factory, Where where, Options options, const std::type_info& type, const ChildDefaults& defaults);

} // namespace detail

/// How to start a child, again and again (WebSockex: child_spec/2). Made by child() and supervisor(); a value.
class WEBSOCKXX_DECL ChildSpec {
public:
    /// What to call it. Ids of one supervisor's children are different. Empty: "#1", "#2", ...
    ChildSpec& id(std::string id);
    /// Which ends it is restarted after.
    ChildSpec& restart(Restart restart);
    /// How long it may take to end once it is stopped; then it is aborted. See shutdown_time.
    ChildSpec& shutdown(std::chrono::milliseconds time);

    [[nodiscard]] const std::string& id() const noexcept { return id_; }
    [[nodiscard]] Restart restart() const noexcept { return restart_; }
    [[nodiscard]] std::chrono::milliseconds shutdown() const noexcept { return shutdown_; }

private:
    friend struct ChildSpecAccess;
    struct ClientPart;
    struct SupervisorPart;

    ChildSpec() = default;

    std::string id_;
    Restart restart_ = Restart::transient;
    std::chrono::milliseconds shutdown_ = shutdown_time::standard;
    std::shared_ptr<const ClientPart> client_;
    std::shared_ptr<const SupervisorPart> supervisor_;
};

/// A client as a child: made by its default constructor and started, as start() does, for each of its lives. Errors of
/// `where` are found when it is started.
template <std::derived_from<Client> C>
    requires std::default_initializable<C>
[[nodiscard]] ChildSpec child(Where where, Options options = {})
{
    return detail::make_child([] { return std::make_unique<C>(); }, std::move(where), std::move(options), typeid(C),
        detail::child_defaults<C>());
}

/// The same with a factory, which returns a std::unique_ptr to a new client for each life. It runs on the supervisor's
/// strand and should not block; what it throws is a failed start.
template <class Factory>
    requires std::derived_from<typename std::invoke_result_t<Factory&>::element_type, Client>
[[nodiscard]] ChildSpec child(Factory factory, Where where, Options options = {})
{
    using C = typename std::invoke_result_t<Factory&>::element_type;
    return detail::make_child(
        std::move(factory), std::move(where), std::move(options), typeid(C), detail::child_defaults<C>());
}

/// A supervisor as a child. Its shutdown time is infinity: its children have their own. Reaching its intensity is an
/// abnormal end.
[[nodiscard]] WEBSOCKXX_DECL ChildSpec supervisor(SupervisorOptions options, std::vector<ChildSpec> children);

/// One of a supervisor's children, as it is now.
struct ChildInfo {
    std::string id;                       ///< as in its ChildSpec, or made up
    ChildState state = ChildState::down;  ///< what it is doing
    Restart restart = Restart::transient; ///< which ends it is restarted after
    bool supervisor = false;              ///< else a client
    std::uint64_t restarts = 0;           ///< how often it was started again
    Ref<Client> ref;                      ///< of the client that runs now, if one does
};

/// Reaches a supervisor from anywhere. Copyable, comparable, and safe to keep for ever: it does not keep the supervisor
/// alive, and after its end everything says so with errc::supervisor_ended.
///
/// Threads   Everything may be called from every thread and from every callback. What waits (start_child,
///           terminate_child, restart_child, delete_child, wait, wait_for) refuses with errc::blocking_in_callback or
///           errc::calling_self where it would wait for itself; each has an `async_` twin that may be used there.
class WEBSOCKXX_DECL SupervisorRef {
public:
    SupervisorRef() = default;
    explicit SupervisorRef(std::shared_ptr<io::Tree> tree) noexcept : tree_(std::move(tree)) {}

    /// Adds a dynamic child and waits until it has started; the result is its id. It comes behind the list, has no
    /// order among others like it, and is forgotten when it has ended for good (Elixir's DynamicSupervisor). Errors:
    /// child_exists; supervisor_ended; stopped if it was terminated before it had started; as start() fails, and then
    /// there is no such child.
    result<std::string> start_child(ChildSpec child) const;
    /// Ends a child, and waits until it has. One of the list stays there, down until restart_child(); a dynamic or
    /// temporary one is forgotten. Errors: no_such_child.
    result<void> terminate_child(std::string_view id) const;
    /// Starts a child of the list that is down, and waits until it has started. Errors: child_running, no_such_child;
    /// stopped; as start() fails, and then it stays down.
    result<void> restart_child(std::string_view id) const;
    /// Takes a child that is down out of the list. Errors: child_running, no_such_child.
    result<void> delete_child(std::string_view id) const;

    /// The same without blocking: completes with `void(error_code, std::string id)`.
    template <boost::asio::completion_token_for<void(error_code, std::string)> Token>
    auto async_start_child(ChildSpec child, Token&& token) const
    {
        return boost::asio::async_initiate<Token, void(error_code, std::string)>(
            [](auto handler, std::shared_ptr<io::Tree> tree, ChildSpec spec) {
                initiate_start(std::move(tree), std::move(spec), std::move(handler));
            },
            token, tree_, std::move(child));
    }
    /// Completes with `void(error_code)`.
    template <boost::asio::completion_token_for<void(error_code)> Token>
    auto async_terminate_child(std::string_view id, Token&& token) const
    {
        return async_ask(Request::terminate, id, std::forward<Token>(token));
    }
    /// Completes with `void(error_code)`.
    template <boost::asio::completion_token_for<void(error_code)> Token>
    auto async_restart_child(std::string_view id, Token&& token) const
    {
        return async_ask(Request::restart, id, std::forward<Token>(token));
    }
    /// Completes with `void(error_code)`.
    template <boost::asio::completion_token_for<void(error_code)> Token>
    auto async_delete_child(std::string_view id, Token&& token) const
    {
        return async_ask(Request::remove, id, std::forward<Token>(token));
    }

    /// The children as they are now: those of the list in its order, then the dynamic ones. None after the end.
    [[nodiscard]] std::vector<ChildInfo> which_children() const;
    /// How many there are; none after the end.
    [[nodiscard]] ChildCount count_children() const;

    /// The client of this id that runs now; empty if there is none, or if its class is another. It may end at any time,
    /// so ask again rather than keep it. `C` is the very class that the child was made of, or Client.
    template <std::derived_from<Client> C = Client>
    [[nodiscard]] Ref<C> find(std::string_view id) const
    {
        return Ref<C>{find_client(id, std::same_as<C, Client> ? nullptr : &typeid(C))};
    }
    /// The same for a child that is a supervisor.
    [[nodiscard]] SupervisorRef find_supervisor(std::string_view id) const;

    /// Stops the dynamic children, then the list in the reverse order, each within its shutdown time, and then ends.
    void stop() const;
    /// Aborts all children at once, and then ends.
    void abort() const;

    /// Whether the supervisor exists and has not ended.
    [[nodiscard]] bool alive() const;
    /// How it ended, once it has: after all clients are destroyed, and all factories.
    [[nodiscard]] std::optional<SupervisorReason> reason() const;

    /// Waits until it has ended.
    result<SupervisorReason> wait() const;
    /// The same, for no longer than `limit`; no value if it has not ended by then.
    result<std::optional<SupervisorReason>> wait_for(std::chrono::milliseconds limit) const;
    /// Completes with `void(error_code, SupervisorReason)` at its end; with `operation_aborted` if cancelled before.
    template <boost::asio::completion_token_for<void(error_code, SupervisorReason)> Token>
    auto async_wait(Token&& token) const
    {
        return boost::asio::async_initiate<Token, void(error_code, SupervisorReason)>(
            [](auto handler, std::shared_ptr<io::Tree> tree) { initiate_wait(std::move(tree), std::move(handler)); },
            token, tree_);
    }

    [[nodiscard]] explicit operator bool() const noexcept { return tree_ != nullptr; }
    friend bool operator==(const SupervisorRef&, const SupervisorRef&) = default;

protected:
    std::shared_ptr<io::Tree> tree_;

private:
    enum class Request : std::uint8_t { terminate, restart, remove };
    using Handler = boost::asio::any_completion_handler<void(error_code)>;

    template <class Token>
    auto async_ask(Request request, std::string_view id, Token&& token) const
    {
        return boost::asio::async_initiate<Token, void(error_code)>(
            [request](auto handler, std::shared_ptr<io::Tree> tree, const std::string& whose) {
                initiate(request, std::move(tree), whose, std::move(handler));
            },
            token, tree_, std::string{id});
    }

    static void initiate(Request request, std::shared_ptr<io::Tree> tree, const std::string& id, Handler handler);
    static void initiate_start(std::shared_ptr<io::Tree> tree, ChildSpec child,
        boost::asio::any_completion_handler<void(error_code, std::string)> handler);
    static void initiate_wait(std::shared_ptr<io::Tree> tree,
        boost::asio::any_completion_handler<void(error_code, SupervisorReason)> handler);
    result<void> ask(Request request, std::string_view id) const;
    [[nodiscard]] std::shared_ptr<io::Mailbox> find_client(std::string_view id, const std::type_info* type) const;
};

/// Starts clients, keeps them running, and ends with all of them (Elixir's Supervisor). Move-only.
///
/// Lifetime  The destructor does what stop() does. If everything runs on Runtime::shared(), it then waits until all
///           clients are destroyed, but for inside a callback or on that thread, where it cannot wait. With an executor
///           of yours, the supervisor's or a child's, it never waits.
class WEBSOCKXX_DECL Supervisor : public SupervisorRef {
public:
    Supervisor() = default;
    explicit Supervisor(std::shared_ptr<io::Tree> tree) noexcept : SupervisorRef(std::move(tree)) {}
    Supervisor(Supervisor&& other) noexcept : SupervisorRef(std::move(other.tree_)) {}
    Supervisor& operator=(Supervisor&& other) noexcept;
    ~Supervisor();

    /// Starts the children one after the other, in this order, and waits until all have started; one whose
    /// Options::async is set has started at once. If one fails, those before it are stopped, and its failure is the
    /// result. With an executor of yours, another thread must run it meanwhile. Errors: child_exists,
    /// blocking_in_callback, restart_intensity_reached; as start() fails.
    static result<Supervisor> start(SupervisorOptions options, std::vector<ChildSpec> children);

    /// The same without blocking: completes with `void(error_code, Supervisor)`. On failure reason() has the details.
    /// Cancellation stops everything.
    template <boost::asio::completion_token_for<void(error_code, Supervisor)> Token>
    static auto async_start(SupervisorOptions options, std::vector<ChildSpec> children, Token&& token)
    {
        return boost::asio::async_initiate<Token, void(error_code, Supervisor)>(
            [](auto handler, SupervisorOptions how, std::vector<ChildSpec> list) {
                initiate_start(std::move(how), std::move(list), std::move(handler));
            },
            token, std::move(options), std::move(children));
    }

    /// A SupervisorRef to the same one, which does not own.
    [[nodiscard]] SupervisorRef ref() const noexcept { return *this; }

private:
    static void initiate_start(SupervisorOptions options, std::vector<ChildSpec> children,
        boost::asio::any_completion_handler<void(error_code, Supervisor)> handler);
};

} // namespace websockxx
