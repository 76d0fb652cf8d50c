// SPDX-License-Identifier: BSL-1.0

// The other side of every contestant: bench_server CA_FILE. Made to be never what one waits for: one thread, epoll,
// frames encoded beforehand. Prints its ports, `ws PORT` and `wss PORT`, writes the authority that its certificate is
// signed by to CA_FILE, and ends with its standard input.
//
//   /echo                     echoes every message
//   /cmd  blast N SIZE t|b    sends N messages as fast as it can
//         sink N [ordered]    takes N messages, then says "done"; `ordered`: see threads.hpp
//         pace N US SIZE t|b  sends one message each US microseconds, with the moment in front

#include "codec.hpp"
#include "deflate.hpp"
#include "handshake.hpp"
#include "harness.hpp"
#include "server_loop.hpp"
#include "threads.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace {

using namespace bench;
using websockxx::io::SslContextPtr;

constexpr std::size_t read_size = 256 * 1024;
constexpr std::size_t write_size = 256 * 1024;

/// So many equal frames, without encoding them more than once.
class Blast {
public:
    Blast() = default;
    Blast(std::size_t count, const std::string& frame) : left_(count * frame.size())
    {
        const auto frames = std::clamp<std::size_t>(write_size / frame.size(), 1, count);
        block_.reserve(frames * frame.size());
        for (std::size_t i = 0; i < frames; ++i) block_ += frame;
    }

    [[nodiscard]] std::string_view next() const
    {
        return std::string_view(block_).substr(at_, std::min(block_.size() - at_, left_));
    }
    void consume(std::size_t size)
    {
        left_ -= size;
        at_ += size;
        if (at_ == block_.size()) at_ = 0;
    }

private:
    std::string block_;
    std::size_t at_ = 0;
    std::size_t left_ = 0;
};

class Connection final : public Source {
public:
    Connection(Loop& loop, Stream stream) : loop_(loop), stream_(std::move(stream)) {}
    ~Connection() override
    {
        if (ticks_) loop_.remove(*ticks_);
    }

    bool on_ready() override
    {
        do {
            while (receive()) {}
        } while (flush()); // with a wish to write, TLS may have come to read
        return !stream_.ended();
    }

    void tick();

private:
    bool receive();
    bool flush();
    [[nodiscard]] bool room() const noexcept { return out_.size() - out_at_ < write_size; }

    void upgrade();
    void take_frames();
    void take(const FrameHeader& header, char* payload);
    void run_command(const std::string& command);
    void begin_pace(std::istringstream& words);
    void send(std::string_view message, std::uint8_t opcode);

    Loop& loop_;
    Stream stream_;
    std::string in_; // what is not yet a whole frame
    std::string out_;
    std::size_t out_at_ = 0;
    Blast blast_;
    bool open_ = false;
    bool echoes_ = false;
    bool deflates_ = false;
    std::size_t sink_ = 0;
    std::optional<Order> order_;
    std::string paced_;
    std::uint8_t paced_opcode_ = text_opcode;
    std::size_t paces_ = 0;
    std::optional<int> ticks_;
};

/// The clock of `pace`: belongs to its connection.
class Ticks final : public Source {
public:
    Ticks(Connection& connection, std::chrono::microseconds interval)
        : timer_(checked(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK), "timerfd_create")), connection_(connection)
    {
        const timespec every{interval.count() / 1'000'000, interval.count() % 1'000'000 * 1'000};
        const itimerspec spec{every, every};
        timerfd_settime(timer_, 0, &spec, nullptr);
    }
    [[nodiscard]] int descriptor() const noexcept { return timer_; }
    bool on_ready() override
    {
        std::uint64_t count = 0;
        if (read(timer_, &count, sizeof count) == sizeof count) connection_.tick();
        return true;
    }

private:
    Descriptor timer_;
    Connection& connection_;
};

/// One read; whether there may be more to do.
bool Connection::receive()
{
    static std::string scratch(read_size, '\0');
    if (!room()) return false;
    const auto got = stream_.read(scratch.data(), scratch.size());
    if (got == 0) return false;
    in_.append(scratch.data(), got);
    if (!open_) upgrade();
    if (open_) take_frames();
    return !stream_.ended();
}

/// Writes what can be written; whether that made room for answers, so that it is worth to read again.
bool Connection::flush()
{
    const auto had_room = room();
    while (out_at_ < out_.size()) {
        const auto sent = stream_.write(out_.data() + out_at_, std::min(write_size, out_.size() - out_at_));
        if (sent == 0) return !had_room && room();
        out_at_ += sent;
    }
    out_.clear();
    out_at_ = 0;
    while (const auto sent = stream_.write(blast_.next().data(), blast_.next().size())) blast_.consume(sent);
    return !had_room;
}

void Connection::upgrade()
{
    const auto end = in_.find("\r\n\r\n");
    if (end == std::string::npos) return;
    const std::string_view head{in_.data(), end + 2};
    echoes_ = head.starts_with("GET /echo ");
    deflates_ = field(head, "Sec-WebSocket-Extensions").find("permessage-deflate") != std::string_view::npos;
    out_ = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
           accept_key(field(head, "Sec-WebSocket-Key")) + "\r\n";
    // Without memory between messages their frames can be encoded once, and echoed as they are.
    if (deflates_)
        out_ += "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; "
                "client_no_context_takeover\r\n";
    out_ += "\r\n";
    open_ = true;
    in_.erase(0, end + 4);
}

void Connection::take_frames()
{
    std::size_t at = 0;
    while (const auto header = read_header(std::string_view(in_).substr(at))) {
        if (in_.size() - at - header->length < header->size) {
            in_.reserve(header->length + header->size + read_size);
            break;
        }
        take(*header, in_.data() + at + header->length);
        at += header->length + header->size;
    }
    in_.erase(0, at);
}

void Connection::take(const FrameHeader& header, char* payload)
{
    if (header.control()) {
        // A ping would disturb what is measured; a close frame is the end, and the contestants do not wait for ours.
        if ((header.first & 0x0f) == 8) shutdown(stream_.descriptor(), SHUT_WR);
        return;
    }
    if (sink_ > 0) {
        if (order_) {
            std::array<char, Order::size> begin{};
            copy_masked(begin.data(), payload, std::min(begin.size(), header.size), header.mask);
            order_->take({begin.data(), begin.size()});
        }
        if (header.final() && --sink_ == 0) send(order_ && !order_->right() ? "disorder" : "done", text_opcode);
        return;
    }
    copy_masked(payload, payload, header.size, header.mask);
    const std::string_view message{payload, header.size};
    if (echoes_) {
        char start[14];
        out_.append(start, write_header(start, header.first, message.size(), nullptr)).append(message);
    }
    else if (header.compressed()) {
        run_command(std::string(Inflater{}.inflate(message, 1'024)));
    }
    else run_command(std::string(message));
}

void Connection::run_command(const std::string& command)
{
    std::istringstream words{command};
    std::string verb, type;
    std::size_t count = 0, size = 0;
    words >> verb >> count;
    if (verb == "sink") {
        sink_ = count;
        order_.reset();
        if (words >> type && type == "ordered") order_.emplace();
    }
    else if (verb == "blast" && words >> size >> type) {
        const auto payload = make_payload(size, type == "t");
        const auto first = static_cast<std::uint8_t>(fin | (type == "t" ? text_opcode : binary_opcode));
        const auto small = deflates_ ? deflate(payload) : payload;
        blast_ = Blast{count, encode(static_cast<std::uint8_t>(deflates_ ? first | deflated : first), small)};
    }
    else if (verb == "pace") {
        paces_ = count;
        begin_pace(words);
    }
    else send("what?", text_opcode);
}

void Connection::begin_pace(std::istringstream& words)
{
    std::size_t size = 0, interval = 0;
    std::string type;
    words >> interval >> size >> type;
    paced_ = make_payload(std::max(size, stamp_size), type == "t");
    paced_opcode_ = type == "t" ? text_opcode : binary_opcode;
    if (ticks_) loop_.remove(*ticks_);
    auto ticks = std::make_unique<Ticks>(*this, std::chrono::microseconds{interval});
    ticks_ = ticks->descriptor();
    loop_.add(*ticks_, std::move(ticks));
}

void Connection::tick()
{
    if (paces_ == 0) return;
    --paces_;
    write_stamp(paced_.data(), now_ns());
    send(paced_, paced_opcode_);
    flush();
}

void Connection::send(std::string_view message, std::uint8_t opcode)
{
    out_ += encode(static_cast<std::uint8_t>(fin | opcode), message);
}

class Listener final : public Source {
public:
    Listener(Loop& loop, SSL_CTX* tls) : loop_(loop), tls_(tls)
    {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        checked(bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), "bind");
        checked(listen(socket_, 4'096), "listen");
    }

    [[nodiscard]] int descriptor() const noexcept { return socket_; }
    [[nodiscard]] int port() const
    {
        sockaddr_in address{};
        socklen_t size = sizeof address;
        checked(getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size), "getsockname");
        return ntohs(address.sin_port);
    }

    bool on_ready() override
    {
        for (;;) {
            Descriptor socket{accept4(socket_, nullptr, nullptr, SOCK_NONBLOCK)};
            if (socket < 0) return true;
            const int on = 1;
            setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            const int descriptor = socket;
            loop_.add(descriptor, std::make_unique<Connection>(loop_, Stream{std::move(socket), tls_}));
        }
    }

private:
    Loop& loop_;
    SSL_CTX* tls_;
    Descriptor socket_{checked(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), "socket")};
};

/// Ends the server when whoever started it has ended.
class StandardInput final : public Source {
public:
    explicit StandardInput(Loop& loop) : loop_(loop) {}
    bool on_ready() override
    {
        char byte = 0;
        if (read(STDIN_FILENO, &byte, 1) <= 0) loop_.stop();
        return true;
    }

private:
    Loop& loop_;
};

SslContextPtr make_tls(const char* ca_file)
{
    const websockxx::test::CertificateAuthority authority;
    std::ofstream{ca_file} << authority.certificate();
    websockxx::test::CertificateOptions options;
    options.ip_addresses = {"127.0.0.1"};
    auto context = websockxx::test::make_server_context(authority.issue(options));
    SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(context.get(), 1);
    SSL_CTX_set_default_read_buffer_len(context.get(), 64 * 1024);
    return context;
}

int listen_on(Loop& loop, SSL_CTX* tls)
{
    auto listener = std::make_unique<Listener>(loop, tls);
    const auto port = listener->port();
    const auto descriptor = listener->descriptor();
    loop.add(descriptor, std::move(listener));
    return port;
}

void serve(const char* ca_file)
{
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    std::signal(SIGPIPE, SIG_IGN); // OpenSSL writes without MSG_NOSIGNAL

    const auto tls = make_tls(ca_file);
    Loop loop;
    const auto plain_port = listen_on(loop, nullptr);
    const auto tls_port = listen_on(loop, tls.get());
    std::cout << "ws " << plain_port << "\nwss " << tls_port << std::endl;
    loop.add(STDIN_FILENO, std::make_unique<StandardInput>(loop));
    loop.run();
}

} // namespace

int main(int argc, char** argv)
{
    if (argc != 2) {
        std::cerr << "usage: bench_server CA_FILE\n";
        return 2;
    }
    try {
        serve(argv[1]);
        return 0;
    }
    catch (const std::exception& error) {
        std::cerr << "bench_server: " << error.what() << '\n';
        return 1;
    }
}
