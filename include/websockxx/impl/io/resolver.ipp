// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/io/attachments.hpp>
#include <websockxx/io/resolver.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/query.hpp>

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>
#include <new>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#ifndef _WIN32
#include <csignal>
#endif

namespace websockxx::io {

namespace resolver_detail {

/// While it lives, this thread, and any thread that is made by it for as long as that lives, gets no signals: they are
/// for the program's own.
class NoSignals {
public:
#ifndef _WIN32
    NoSignals() noexcept
    {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    ~NoSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

private:
    sigset_t before_;
#else
    NoSignals() noexcept {}
    ~NoSignals() {}
#endif
    NoSignals(const NoSignals&) = delete;
    NoSignals& operator=(const NoSignals&) = delete;
};

// Runs on a thread of its own, which nothing may leave.
error_code look_up(const Lookup& lookup, const std::string& host, Addresses& addresses) noexcept
{
    try {
        const auto ec = lookup(host, addresses);
        return !ec && addresses.empty() ? make_error_code(boost::asio::error::host_not_found) : ec;
    }
    catch (const std::bad_alloc&) {
        return make_error_code(boost::system::errc::not_enough_memory);
    }
    catch (...) {
        return boost::asio::error::no_recovery;
    }
}

} // namespace resolver_detail

error_code system_lookup(const std::string& host, Addresses& addresses)
{
    using boost::asio::ip::tcp;
    boost::asio::io_context context; // never run: it blocks here
    error_code ec;
    const auto found = tcp::resolver{context}.resolve(host, "0", tcp::resolver::numeric_service, ec);
    for (const auto& entry : found) addresses.push_back(entry.endpoint().address());
    return ec;
}

/// Who waits for an answer: a strand, and what to call on it. What is here is let go of by whoever comes first: the
/// answer, the resolver's end, or the context's. Nothing of the context is left then: this may be destroyed after it.
struct LookupThreads::Pending final : Attachment {
    struct Waiter {
        Strand strand;
        boost::asio::any_io_executor work; // the context's run() goes on
        Resolver::Done done;
    };

    std::mutex mutex;
    std::optional<Waiter> waiter;

    Pending(const Strand& strand, Resolver::Done done)
        : waiter(Waiter{strand,
              boost::asio::prefer(strand.get_inner_executor(), boost::asio::execution::outstanding_work.tracked),
              std::move(done)})
    {
    }

    // Under the lock, so that the context is still there: detach() waits for it.
    void answer(error_code ec, const Addresses& addresses)
    {
        const std::lock_guard lock{mutex};
        if (!waiter) return;
        // Moved: what it holds must end on the strand, not here.
        auto done = std::move(waiter->done);
        boost::asio::post(
            waiter->strand, [told = std::move(done), ec, addresses]() mutable { told(ec, std::move(addresses)); });
        waiter.reset();
    }

    [[nodiscard]] bool waits()
    {
        const std::lock_guard lock{mutex};
        return waiter.has_value();
    }

    void detach() override { forget(); }

    void forget()
    {
        std::optional<Waiter> forgotten; // what it holds ends without the lock
        const std::lock_guard lock{mutex};
        forgotten = std::exchange(waiter, std::nullopt);
    }
};

struct LookupThreads::State : std::enable_shared_from_this<State> {
    using Waiting = std::vector<std::shared_ptr<Pending>>;

    std::mutex mutex;
    Lookup lookup;
    const std::size_t most_threads;
    std::size_t threads = 0;
    std::deque<std::string> queue;          // names for which there is no thread yet
    std::map<std::string, Waiting> waiting; // for a name in the queue, or on a thread

    State(Lookup look, std::size_t most) : lookup(std::move(look)), most_threads(most) {}

    void add(const std::string& host, const std::shared_ptr<Pending>& pending)
    {
        Waiting failed;
        error_code ec;
        {
            const std::lock_guard lock{mutex};
            const auto [entry, is_new] = waiting.try_emplace(host);
            auto& those = entry->second;
            std::erase_if(those, [](const auto& other) { return !other->waits(); });
            those.push_back(pending);
            if (!is_new) return;
            queue.push_back(host);
            if (threads < most_threads) ec = begin_thread();
            if (!ec || threads > 0) return; // one that is there takes it, later
            queue.pop_back();
            failed = std::move(waiting.extract(entry).mapped());
        }
        answer(failed, ec, {});
    }

    error_code begin_thread()
    {
        try {
            const resolver_detail::NoSignals none;
            std::thread{[self = shared_from_this()] { self->run(); }}.detach();
            ++threads;
            return {};
        }
        catch (const std::system_error& e) {
            return e.code();
        }
    }

    void run()
    {
        std::unique_lock lock{mutex};
        while (!queue.empty()) {
            const auto host = std::move(queue.front());
            queue.pop_front();
            const auto look = lookup;
            const auto& those = waiting.at(host);
            if (std::ranges::none_of(those, [](const auto& pending) { return pending->waits(); })) {
                waiting.erase(host);
                continue;
            }
            lock.unlock();
            Addresses addresses;
            const auto ec = resolver_detail::look_up(look, host, addresses);
            lock.lock();
            const auto told = std::move(waiting.extract(host).mapped());
            lock.unlock();
            answer(told, ec, addresses);
            lock.lock();
        }
        --threads;
    }

    static void answer(const Waiting& those, error_code ec, const Addresses& addresses)
    {
        for (const auto& pending : those) {
            try {
                pending->answer(ec, addresses);
            }
            catch (const std::bad_alloc&) { // nobody can be told; his time limit is
            }
        }
    }
};

LookupThreads::LookupThreads(Lookup lookup, std::size_t most_threads)
    : state_(std::make_shared<State>(std::move(lookup), most_threads))
{
}

LookupThreads& LookupThreads::shared()
{
    static auto& threads = *new LookupThreads;
    return threads;
}

void LookupThreads::set_lookup(Lookup lookup)
{
    const std::lock_guard lock{state_->mutex};
    state_->lookup = std::move(lookup);
}

void LookupThreads::look_up(const std::string& host, const std::shared_ptr<Pending>& pending)
{
    state_->add(host, pending);
}

Resolver::Resolver(Strand strand, LookupThreads& threads) : strand_(std::move(strand)), threads_(threads) {}

Resolver::~Resolver()
{
    if (pending_) pending_->forget();
}

void Resolver::look_up(const std::string& host, Done done)
{
    if (pending_) pending_->forget();
    pending_ = std::make_shared<LookupThreads::Pending>(strand_, std::move(done));
    auto& context = boost::asio::query(strand_.get_inner_executor(), boost::asio::execution::context);
    boost::asio::use_service<Attachments>(context).add(pending_);
    threads_.look_up(host, pending_);
}

bool Resolver::pending() const noexcept { return pending_ && pending_->waits(); }

} // namespace websockxx::io
