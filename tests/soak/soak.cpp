// SPDX-License-Identifier: BSL-1.0
#include "far_end.hpp"
#include "soak_client.hpp"

#include <boost/asio/io_context.hpp>

#include <malloc.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <mutex>
#include <random>
#include <string_view>
#include <thread>
#include <vector>

/// Many clients for a long time, on a bad network, with servers that are killed: everything must balance. See run.

namespace {

using namespace websockxx;
using namespace websockxx::soak;
using namespace std::chrono_literals;

struct Settings {
    std::size_t clients = 200;
    std::chrono::seconds time{60};
    std::uint64_t seed = 1;
};

constexpr Timeouts timeouts{
    .open = 2s, .connect = 1s, .close = 500ms, .linger = 200ms, .ping_interval = 1s, .pong = 1s, .message = 3s};
constexpr policy::Backoff backoff{.base = 50ms, .cap = 1s};
// A connection that was black-holed is found dead: by its silence, or by a message that is never whole, and then it is
// closed. An attempt that was black-holed has failed, and then comes the longest delay. The rest is for 200 opening
// handshakes at once, on a machine that is shared.
constexpr auto back_within =
    timeouts.ping_interval + timeouts.pong + timeouts.message + timeouts.close + timeouts.open + backoff.cap + 5s;

/// How things that were begun ended: each of them has to, once.
class Balance {
public:
    void began() { ++began_; }
    void ended(error_code ec)
    {
        const std::lock_guard lock{mutex_};
        ++ends_[ec ? ec.message() : "done"];
        ++ended_;
    }
    [[nodiscard]] bool holds() const { return began_ == ended_; }
    void print(const char* what) const
    {
        std::printf("%s: %zu begun, %zu ended\n", what, began_.load(), ended_.load());
        for (const auto& [how, count] : ends_) std::printf("    %9zu %s\n", count, how.c_str());
    }

private:
    std::mutex mutex_;
    std::map<std::string, std::size_t> ends_;
    std::atomic<std::size_t> began_{0};
    std::atomic<std::size_t> ended_{0};
};

std::size_t descriptors()
{
    const std::filesystem::directory_iterator open{"/proc/self/fd"};
    return static_cast<std::size_t>(std::distance(begin(open), end(open)));
}

// Nothing with a sanitizer's allocator: then memory is the sanitizer's business.
double heap_kib() { return static_cast<double>(::mallinfo2().uordblks) / 1024; }

/// By least squares, per sample.
double slope(const std::vector<double>& samples)
{
    const auto count = static_cast<double>(samples.size());
    double x = 0, y = 0, xx = 0, xy = 0;
    for (std::size_t i = 0; i < samples.size(); ++i) {
        const auto at = static_cast<double>(i);
        x += at;
        y += samples[i];
        xx += at * at;
        xy += at * samples[i];
    }
    return count < 2 ? 0 : (count * xy - x * y) / (count * xx - x * x);
}

class Soak {
public:
    Soak(const Settings& settings, const FarEnd& far_end, std::string ca_pem)
        : settings_(settings), far_end_(far_end), ca_pem_(std::move(ca_pem)), random_(settings.seed)
    {
        // What is measured must not grow with the measuring.
        const auto rounds = static_cast<std::size_t>(settings.time / 10s) + 2;
        heap.reserve(rounds);
        times.reserve(rounds * settings.clients);
        for (std::size_t i = 0; i < settings.clients; ++i) {
            places_.emplace_back();
            clients_.push_back(start_client(i));
        }
    }

    /// Everything that can be done, for so long.
    void act_for(Clock::duration time)
    {
        const auto end = Clock::now() + time;
        while (Clock::now() < end) {
            for (std::size_t i = 0; i < settings_.clients / 20 + 1; ++i) act();
            std::this_thread::sleep_for(10ms);
        }
    }

    /// Waits for all clients to be back now that everything works. Returns how many are not, or cannot be talked to.
    std::size_t come_back()
    {
        for (const auto& client : clients_) (void)client.resume();
        const auto healed = Clock::now();
        const auto all = [this] {
            revive();
            return std::ranges::all_of(places_, [](const auto& place) { return place->connected.load(); });
        };
        // A moment at which all are. One that does not know yet that it is dead has to find that out when it is talked
        // to.
        bool back = all();
        for (; !back && Clock::now() < healed + back_within; back = all()) std::this_thread::sleep_for(5ms);
        if (!back) ++late;
        const auto answered = echo_all();
        for (const auto& place : places_) {
            const Clock::time_point at{Clock::duration{place->connected_at.load()}};
            const std::chrono::duration<double, std::milli> took = at - healed;
            if (place->connected) times.push_back(std::max(0.0, took.count()));
        }
        std::this_thread::sleep_for(2 * timeouts.ping_interval); // idle, they give memory back
        heap.push_back(heap_kib() / static_cast<double>(settings_.clients) - sizeof(Place) / 1024.0);
        return clients_.size() - answered;
    }

    void stop()
    {
        for (const auto& client : clients_) client.stop();
        for (const auto& client : clients_) (void)client.wait();
        clients_.clear();
        context_.stop();
        thread_.join();
    }

    [[nodiscard]] const Tally& tally() const { return *tally_; }
    [[nodiscard]] std::size_t started() const { return started_; }
    Balance sends;
    Balance calls;
    std::vector<double> times; ///< that clients took to be connected again, in ms
    std::size_t late = 0;      ///< how often they were not all back in time
    std::vector<double> heap;  ///< KiB a client, whenever all were back and idle

private:
    /// How many clients get an answer, also those that had to find out first that their connection was dead.
    std::size_t echo_all()
    {
        const auto end = Clock::now() + 2 * back_within;
        std::size_t answered = 0;
        const auto first = ++round_;
        for (; answered < clients_.size() && Clock::now() < end; ++round_) {
            for (std::size_t i = 0; i < clients_.size(); ++i)
                send(i, "final " + std::to_string(round_), Delivery::fail());
            std::this_thread::sleep_for(200ms);
            revive();
            answered = static_cast<std::size_t>(
                std::ranges::count_if(places_, [&](const auto& place) { return place->final_echo >= first; }));
        }
        return answered;
    }

    // Half of them with TLS; half on the library's thread, and half on another.
    Ref<SoakClient> start_client(std::size_t number)
    {
        ++started_;
        places_[number] = std::make_shared<Place>(tally_->truth);
        const bool secure = number % 2 == 1;
        Conn conn{.secure = secure,
            .host = secure ? "localhost" : "127.0.0.1",
            .port = far_end_.ports()[(secure ? 2u : 0u) + number / 2 % 2],
            .timeouts = timeouts};
        conn.limits.send_queue_messages = 100;
        conn.limits.send_queue_policy = static_cast<SendQueuePolicy>(number % 4);
        conn.tls.system_roots = false;
        conn.tls.ca_pem = ca_pem_;
        Options options{.async = true, .handle_initial_conn_failure = true, .log = {}};
        options.reconnect = policy::always(backoff);
        options.stable_after = 1s;
        if (number % 4 < 2) options.executor = context_.get_executor();
        return start(std::make_unique<SoakClient>(tally_, places_[number], secure), std::move(conn), std::move(options))
            .value();
    }

    // Some were told to end, or threw.
    void revive()
    {
        for (std::size_t i = 0; i < clients_.size(); ++i) {
            if (!clients_[i].alive()) clients_[i] = start_client(i);
        }
    }

    void send(std::size_t client, std::string text, Delivery delivery)
    {
        sends.began();
        const auto place = places_[client];
        const auto number = place->ledger.begin(place->connections);
        clients_[client].async_send_frame(Frame::text("echo #" + std::to_string(number) + ' ' + std::move(text)),
            delivery, [this, place, number](error_code ec) {
                place->ledger.told(number, ec, place->connections);
                sends.ended(ec);
            });
    }

    void act()
    {
        const auto number = below(clients_.size());
        auto& client = clients_[number];
        switch (below(40)) {
        case 0: (void)client.close(); return;
        case 1: (void)client.pause(); return;
        case 2:
        case 3: (void)client.resume(); return;
        case 4: (void)client.send(Frame::ping("soak")); return;
        case 5:
        case 6: (void)client.cast(static_cast<int>(below(1000))); return;
        case 7:
        case 8: call(client); return;
        case 9: send(number, std::string(length(), 'x'), Delivery::fail()); return;
        case 10: (void)client.send(Frame::text("echo " + std::to_string(below(1000))), Delivery::keep()); return;
        case 11:
            if (below(10) != 0) return;
            if (below(3) == 0) client.abort();
            else if (below(2) == 0) client.stop();
            else (void)client.send(Frame::text("echo throw"));
            return;
        default: break;
        }
        if (!client.alive()) client = start_client(number);
        const Delivery deliveries[] = {
            Delivery::fail(), Delivery::keep(), Delivery::keep_for(300ms), Delivery::keep_until(Clock::now() + 1s)};
        send(number, std::to_string(below(1000)), deliveries[below(4)]);
    }

    void call(const Ref<SoakClient>& client)
    {
        calls.began();
        client.async_call(static_cast<int>(below(1000)), 500ms, [this](error_code ec, int) { calls.ended(ec); });
    }

    // Once in a while more than all buffers on the way take, so that connections are lost in the middle of it.
    std::size_t length() { return below(20) == 0 ? 5'000'000 : 1000 * below(60); }
    std::size_t below(std::size_t limit) { return random_() % limit; }

    const Settings settings_;
    const FarEnd& far_end_;
    const std::string ca_pem_;
    std::mt19937_64 random_;
    std::shared_ptr<Tally> tally_ = std::make_shared<Tally>();
    boost::asio::io_context context_;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{context_.get_executor()};
    std::thread thread_{[this] { context_.run(); }};
    std::vector<std::shared_ptr<Place>> places_;
    std::vector<Ref<SoakClient>> clients_;
    std::uint64_t round_ = 0;
    std::size_t started_ = 0;
};

/// Prints what holds and what does not.
class Verdict {
public:
    void expect(bool holds, const char* what)
    {
        std::printf("%s %s\n", holds ? "     " : "FAILS", what);
        all_ = all_ && holds;
    }
    [[nodiscard]] int exit_code() const { return all_ ? 0 : 1; }

private:
    bool all_ = true;
};

// In its second half, when all has been used that ever is.
bool is_flat(const std::vector<double>& heap)
{
    const std::vector<double> half{heap.begin() + static_cast<std::ptrdiff_t>(heap.size() / 2), heap.end()};
    const auto grown = slope(half) * static_cast<double>(half.size() - 1);
    std::printf(
        "heap, all being back and idle: %.1f KiB a client at first, %.1f at last; %+.2f by the slope of the second "
        "half of %zu samples\n",
        heap.front(), heap.back(), grown, heap.size());
    // The moment makes a difference of some KiB: a few samples have no slope to speak of.
    const bool is_long = half.size() >= 20;
    return is_long ? grown < 1 + 0.05 * heap.back() : heap.back() < 2 * heap.front();
}

int soak_with(const Settings& settings)
{
    std::printf("%zu clients, %lld s, seed %llu\n", settings.clients, static_cast<long long>(settings.time.count()),
        static_cast<unsigned long long>(settings.seed));
    const auto certificate = example::make_certificate();
    FarEnd far_end{certificate, settings.seed};
    // The library's thread has descriptors of its own, from its first client on.
    const Conn anywhere{.secure = false, .host = "127.0.0.1", .port = far_end.ports()[0]};
    auto first = start<Client>(anywhere, {.async = true, .log = {}}).value();
    first.stop();
    (void)first.wait();
    const auto descriptors_before = descriptors();
    const auto heap_before = heap_kib();
    Verdict verdict;
    {
        Soak soak{settings, far_end, certificate.ca_pem};
        std::size_t faults = 0;
        std::size_t lost = 0;
        const auto end = Clock::now() + settings.time;
        do {
            far_end.trouble();
            soak.act_for(10s);
            faults = far_end.heal();
            lost += soak.come_back();
            std::printf("round %zu: %zu faults so far, %zu clients not back, heap of %.1f KiB a client\n",
                soak.heap.size(), faults, lost, soak.heap.back());
            std::fflush(stdout);
        } while (Clock::now() < end);
        soak.stop();

        const auto& tally = soak.tally();
        std::printf("%zu faults; %zu clients started; %zu connections, %zu lost or not made; %zu messages received\n",
            faults, soak.started(), tally.connects.load(), tally.disconnects.load(), tally.frames.load());
        soak.sends.print("sends");
        soak.calls.print("calls");
        tally.truth.print();
        auto& times = soak.times;
        std::ranges::sort(times);
        if (!times.empty())
            std::printf(
                "%zu times all had to come back; after the last fault that took, in ms: p50 %.0f, p99 %.0f, max "
                "%.0f; %lld allowed\n",
                soak.heap.size(), times[times.size() / 2], times[times.size() * 99 / 100], times.back(),
                static_cast<long long>(std::chrono::milliseconds{back_within}.count()));
        if (heap_before > 0) verdict.expect(is_flat(soak.heap), "the heap does not grow");
        verdict.expect(soak.late == 0, "all came back in time");
        verdict.expect(lost == 0, "and were answered");
        verdict.expect(soak.sends.holds(), "each send was completed, once");
        verdict.expect(soak.calls.holds(), "each call was completed, once");
        verdict.expect(tally.truth.holds(), "what senders were told was true, and nothing came twice or out of order");
        verdict.expect(tally.wrong_order == 0, "callbacks came in order");
        verdict.expect(tally.wrong_echoes == 0, "nothing was changed behind TLS");
        verdict.expect(tally.alive == 0, "no client is left");
    }
    const auto descriptors_after = descriptors();
    std::printf("descriptors: %zu before, %zu after\n", descriptors_before, descriptors_after);
    verdict.expect(descriptors_after == descriptors_before, "no descriptor is left");
    // Some stays for as long as the process lives: of OpenSSL, of names that were looked up, of the allocator itself.
    // How long it ran makes no difference.
    const auto left = heap_kib() - heap_before;
    if (heap_before == 0) return verdict.exit_code();
    std::printf("heap: %.0f KiB more than before\n", left);
    verdict.expect(left < 1024 + 4 * static_cast<double>(settings.clients), "no memory is left");
    return verdict.exit_code();
}

std::uint64_t read_number(std::string_view text)
{
    std::uint64_t number = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (ec == std::errc{} && end == text.data() + text.size()) return number;
    std::fprintf(stderr, "soak [clients [seconds [seed]]]: %s is no number\n", std::string{text}.c_str());
    std::exit(2);
}

} // namespace

int main(int count, char** arguments)
{
    Settings settings;
    if (count > 1) settings.clients = static_cast<std::size_t>(std::max<std::uint64_t>(1, read_number(arguments[1])));
    if (count > 2) settings.time = std::chrono::seconds{read_number(arguments[2])};
    settings.seed = count > 3 ? read_number(arguments[3]) : std::random_device{}();
    return soak_with(settings);
}
