// SPDX-License-Identifier: BSL-1.0
#include "far_end.hpp"

#include "support/echo_server.hpp"
#include "support/fault_proxy.hpp"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <random>
#include <sstream>
#include <system_error>
#include <vector>

namespace websockxx::soak {
namespace {

using namespace std::chrono_literals;
using example::EchoServer;
using test::End;
using test::FaultProxy;
using test::Toxic;
using test::Way;

void write_line(int to, const std::string& line)
{
    if (::write(to, line.data(), line.size()) < 0) std::_Exit(3); // nobody there
}

/// What runs in the other process.
class Trouble {
public:
    Trouble(const example::Certificate& certificate, std::uint64_t seed) : certificate_(certificate), random_(seed)
    {
        for (const bool tls : {false, true}) servers_.push_back(make_server(tls));
        for (std::size_t i = 0; i < 4; ++i) proxies_.push_back(std::make_unique<FaultProxy>(server_of(i).port()));
    }

    [[nodiscard]] std::string ports() const
    {
        std::string line;
        for (const auto& proxy : proxies_) line += std::to_string(proxy->port()) + ' ';
        return line + '\n';
    }
    [[nodiscard]] std::size_t faults() const { return faults_; }
    std::chrono::milliseconds pause() { return std::chrono::milliseconds{below(800)}; }

    void heal()
    {
        for (auto& proxy : proxies_) heal(*proxy);
    }

    void strike()
    {
        const auto number = below(proxies_.size());
        auto& proxy = *proxies_[number];
        if (below(3) == 0) return heal(proxy);
        ++faults_;
        switch (below(12)) {
        case 0: return proxy.refuse();
        case 1: return proxy.ignore();
        case 2: return proxy.end_all(End::fin);
        case 3: return proxy.end_all(End::reset);
        case 4: return proxy.set(way(), {.delay = std::chrono::milliseconds{20 + below(300)}});
        case 5: return proxy.set(way(), {.rate_bytes = 1 + below(100), .rate_interval = 10ms});
        case 6: return proxy.set(way(), {.flip_at = below(3000)});
        case 7: return proxy.set(way(), {.after = below(3000), .then = Toxic::Then::swallow});
        case 8: return proxy.set(way(), {.after = below(3000), .then = Toxic::Then::hold});
        case 9: return proxy.set(way(), {.after = below(3000), .then = Toxic::Then::half_close});
        case 10: return proxy.move_to("127.0.0.2");
        default: return restart_server(number / 2);
        }
    }

private:
    std::unique_ptr<EchoServer> make_server(bool tls)
    {
        if (!tls) return std::make_unique<EchoServer>();
        return std::make_unique<EchoServer>(EchoServer::Options{
            .certificate_pem = certificate_.certificate_pem, .private_key_pem = certificate_.private_key_pem});
    }
    EchoServer& server_of(std::size_t proxy) { return *servers_[proxy / 2]; }

    // Killed, with a close frame or without, and back at another port.
    void restart_server(std::size_t number)
    {
        if (below(2) == 0) servers_[number]->close_all(1012, "back soon");
        servers_[number] = make_server(number == 1);
        for (std::size_t i = 0; i < proxies_.size(); ++i) proxies_[i]->lead_to(server_of(i).port());
    }
    static void heal(FaultProxy& proxy)
    {
        if (proxy.address() != "127.0.0.1") proxy.move_to("127.0.0.1");
        proxy.accept();
        proxy.heal();
    }
    std::size_t below(std::size_t limit) { return random_() % limit; }
    Way way() { return below(2) == 0 ? Way::to_client : Way::to_server; }

    const example::Certificate& certificate_;
    std::mt19937_64 random_;
    std::vector<std::unique_ptr<EchoServer>> servers_;
    std::vector<std::unique_ptr<FaultProxy>> proxies_;
    std::size_t faults_ = 0;
};

[[noreturn]] void run_child(const example::Certificate& certificate, std::uint64_t seed, int in, int out)
{
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    {
        Trouble trouble{certificate, seed};
        write_line(out, trouble.ports());
        bool healed = false;
        for (;;) {
            pollfd command{in, POLLIN, 0};
            const auto timeout = healed ? -1 : static_cast<int>(trouble.pause().count());
            if (::poll(&command, 1, timeout) == 0) {
                trouble.strike();
                continue;
            }
            char byte = 0;
            if (::read(in, &byte, 1) <= 0) break;
            healed = byte == 'h';
            if (healed) trouble.heal();
            write_line(out, std::to_string(trouble.faults()) + '\n');
        }
    }
    std::_Exit(0);
}

void check(bool failed, const char* what)
{
    if (failed) throw std::system_error(errno, std::generic_category(), what);
}

} // namespace

FarEnd::FarEnd(const example::Certificate& certificate, std::uint64_t seed)
{
    int there[2];
    int back[2];
    check(::pipe(there) != 0 || ::pipe(back) != 0, "pipe");
    child_ = ::fork();
    check(child_ < 0, "fork");
    if (child_ == 0) {
        ::close(there[1]);
        ::close(back[0]);
        run_child(certificate, seed, there[0], back[1]);
    }
    ::close(there[0]);
    ::close(back[1]);
    to_child_ = there[1];
    from_child_ = back[0];
    std::istringstream line{read_line()};
    for (auto& port : ports_) line >> port;
}

FarEnd::~FarEnd()
{
    ::close(to_child_);
    ::close(from_child_);
    ::waitpid(child_, nullptr, 0);
}

void FarEnd::trouble()
{
    write_line(to_child_, "t");
    (void)read_line();
}

std::size_t FarEnd::heal()
{
    write_line(to_child_, "h");
    return std::stoul(read_line());
}

std::string FarEnd::read_line()
{
    std::string line;
    for (char byte = 0; byte != '\n'; line += byte) check(::read(from_child_, &byte, 1) != 1, "the servers are gone");
    return line;
}

} // namespace websockxx::soak
