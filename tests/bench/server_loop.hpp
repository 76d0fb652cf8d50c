// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../support/tls_fixture.hpp"

#include <openssl/err.h>

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <map>
#include <memory>
#include <system_error>
#include <utility>

/// @file What the server stands on: sockets, TLS over them, and epoll.

namespace bench {

/// The result of a system call, if it is one.
inline int checked(int result, const char* what)
{
    if (result < 0) throw std::system_error(errno, std::generic_category(), what);
    return result;
}

class Descriptor {
public:
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    ~Descriptor()
    {
        if (fd_ >= 0) close(fd_);
    }
    operator int() const noexcept { return fd_; }

private:
    int fd_;
};

/// A socket, maybe with TLS over it. Both calls move what they can and return 0 if that is nothing.
class Stream {
public:
    Stream(Descriptor socket, SSL_CTX* context) : socket_(std::move(socket)), tls_(context ? SSL_new(context) : nullptr)
    {
        if (!tls_) return;
        SSL_set_fd(tls_.get(), socket_);
        SSL_set_accept_state(tls_.get());
    }

    [[nodiscard]] int descriptor() const noexcept { return socket_; }
    [[nodiscard]] bool ended() const noexcept { return ended_; }

    std::size_t read(char* to, std::size_t size)
    {
        ERR_clear_error(); // of another connection, which would be taken for one of this
        if (tls_) return moved_by_tls(SSL_read(tls_.get(), to, static_cast<int>(size)));
        return moved(recv(socket_, to, size, MSG_DONTWAIT), true);
    }
    std::size_t write(const char* from, std::size_t size)
    {
        if (size == 0) return 0;
        ERR_clear_error();
        if (tls_) return moved_by_tls(SSL_write(tls_.get(), from, static_cast<int>(size)));
        return moved(send(socket_, from, size, MSG_DONTWAIT | MSG_NOSIGNAL), false);
    }

private:
    std::size_t moved(ssize_t result, bool reading)
    {
        if (result > 0) return static_cast<std::size_t>(result);
        if ((result == 0 && reading) || (result < 0 && errno != EAGAIN)) ended_ = true;
        return 0;
    }
    std::size_t moved_by_tls(int result)
    {
        if (result > 0) return static_cast<std::size_t>(result);
        const auto error = SSL_get_error(tls_.get(), result);
        if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) ended_ = true;
        return 0;
    }

    Descriptor socket_;
    websockxx::io::SslPtr tls_;
    bool ended_ = false;
};

/// Something that epoll reports.
class Source {
public:
    virtual ~Source() = default;
    /// Whether it shall live on.
    virtual bool on_ready() = 0;
};

/// All that the one thread waits for. Edge triggered: who is reported moves all that can be moved.
class Loop {
public:
    void add(int descriptor, std::unique_ptr<Source> source)
    {
        epoll_event event{};
        event.events = EPOLLIN | EPOLLOUT | EPOLLET | EPOLLRDHUP;
        event.data.fd = descriptor;
        checked(epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event), "epoll_ctl");
        sources_[descriptor] = std::move(source);
    }
    void remove(int descriptor) { sources_.erase(descriptor); }

    void run()
    {
        epoll_event events[256];
        while (!stopped_) {
            const auto count = epoll_wait(epoll_, events, 256, -1);
            for (int i = 0; i < count; ++i) {
                const auto found = sources_.find(events[i].data.fd);
                if (found != sources_.end() && !found->second->on_ready()) sources_.erase(events[i].data.fd);
            }
        }
    }
    void stop() noexcept { stopped_ = true; }

private:
    Descriptor epoll_{checked(epoll_create1(0), "epoll_create1")};
    std::map<int, std::unique_ptr<Source>> sources_;
    bool stopped_ = false;
};

} // namespace bench
