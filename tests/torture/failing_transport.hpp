// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/allocations.hpp"
#include "support/server_bytes.hpp"
#include "support/server_tls.hpp"

#include <websockxx/io/lifeline.hpp>
#include <websockxx/io/transport.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <utility>

namespace websockxx::torture {

/// How an operation fails.
enum class Failure : std::uint8_t {
    error,  ///< with an error, as all after it on that connection
    end,    ///< the stream ends; who writes is told that the pipe is broken
    silent, ///< it never completes, nor do those after it on that connection: time limits have to end that
    abort,  ///< it succeeds, and at that moment the client is aborted
};

inline std::ostream& operator<<(std::ostream& out, Failure failure)
{
    constexpr const char* names[] = {"fails", "ends", "is never answered", "meets an abort"};
    return out << names[static_cast<int>(failure)];
}

/// Which operation of a run fails, and how.
struct Plan {
    std::size_t at = 0; ///< counted from 1; 0: none
    Failure failure = Failure::error;
    std::function<void()> abort = {};
    std::size_t count = 0; ///< operations so far

    /// Whether the operation that begins now is the one.
    [[nodiscard]] bool is_next() { return ++count == at; }
    [[nodiscard]] bool was_reached() const { return at != 0 && count >= at; }
};

/// The server's end of one connection, in memory: it answers the opening handshake, echoes, answers pings and close
/// frames, and does what it is told by texts.
class Server {
public:
    std::string more_fields;            ///< of the 101
    std::optional<std::string> refusal; ///< instead of it
    std::string greeting;               ///< frames, behind it
    bool ended = false;                 ///< nothing comes behind what is in said()
    [[nodiscard]] std::string take_said() { return std::exchange(said_, {}); }

    void hear(std::string_view bytes)
    {
        if (!open_) return hear_request(bytes);
        reader_.add(std::string{bytes});
        while (const auto frame = reader_.next()) answer(*frame);
    }

private:
    void hear_request(std::string_view bytes)
    {
        request_ += bytes;
        if (!request_.ends_with("\r\n\r\n")) return;
        open_ = !refusal;
        said_ += refusal ? *refusal : test::upgrade_answer(request_, more_fields) + greeting;
        ended = ended || refusal;
    }
    void answer(const test::WireFrame& frame)
    {
        using test::Opcode;
        if (frame.opcode == Opcode::ping) said_ += encode(test::WireFrame{Opcode::pong, frame.payload});
        if (frame.opcode == Opcode::close) {
            said_ += encode(frame.payload.empty() ? test::WireFrame{Opcode::close} : unmasked(frame));
            ended = true;
        }
        if (frame.payload == "end") ended = true;
        else if (frame.payload == "close")
            said_ += encode(test::WireFrame{Opcode::close, "\x03\xe9"
                                                           "bye"});
        else if (frame.opcode == Opcode::text || frame.opcode == Opcode::binary) said_ += encode(unmasked(frame));
    }
    static test::WireFrame unmasked(const test::WireFrame& frame) { return {frame.opcode, frame.payload}; }

    bool open_ = false;
    std::string request_;
    std::string said_;
    test::FrameReader reader_;
};

/// A transport whose operations are counted, and one of which fails by plan. Small pieces, so that there are many.
class FailingTransport final : public io::Transport {
public:
    inline static int alive = 0;
    const std::shared_ptr<void> there = std::make_shared<char>(); ///< as long as this is

    FailingTransport(const io::Strand& strand, std::shared_ptr<Plan> plan, Server server,
        std::unique_ptr<test::ServerTls> tls = nullptr)
        : strand_(strand), plan_(std::move(plan)), server_(std::move(server)), tls_(std::move(tls))
    {
        ++alive;
    }
    ~FailingTransport() override
    {
        close();
        --alive;
    }

    void open(const Conn&, std::shared_ptr<io::TransportListener> owner) override
    {
        life_.begin(owner);
        if (!begin_operation()) return fail_to_open();
        post([this] {
            life_.listener().on_resolved(1);
            if (!begin_operation()) return fail_to_open();
            life_.listener().on_connected();
            if (life_.alive()) post([this] { begin_operation() ? life_.listener().on_open() : fail_to_open(); });
        });
    }

    std::size_t read_some(std::span<std::byte> room, error_code& ec) override
    {
        const test::SafeAllocations safe;
        ec = boost::asio::error::would_block;
        if (!begin_operation()) {
            if (!silent_) ec = plan_->failure == Failure::end ? boost::asio::error::eof : broken_;
            return 0;
        }
        fetch();
        const auto size = std::min({room.size(), arriving_.size(), std::size_t{10'000}});
        std::memcpy(room.data(), arriving_.data(), size);
        arriving_.erase(0, size);
        if (size > 0) ec = {};
        else if (server_.ended) ec = boost::asio::error::eof;
        return size;
    }

    std::size_t write_some(std::span<const std::byte> bytes, error_code& ec) override
    {
        const test::SafeAllocations safe;
        if (!begin_operation()) {
            ec = silent_ ? make_error_code(boost::asio::error::would_block) : broken_;
            return 0;
        }
        // Every other one takes nothing.
        if (std::exchange(took_, !took_) && !bytes.empty()) {
            ec = boost::asio::error::would_block;
            return 0;
        }
        const auto size = std::min(bytes.size(), std::size_t{30'000});
        const std::string_view text{reinterpret_cast<const char*>(bytes.data()), size};
        if (tls_) server_.hear(tls_->receive(text));
        else server_.hear(text);
        return size;
    }

    void wait_readable() override
    {
        const test::SafeAllocations safe;
        (void)begin_operation();
        reading_ = true;
    }
    void wait_writable() override
    {
        const test::SafeAllocations safe;
        (void)begin_operation();
        writing_ = true;
    }
    void shutdown() override
    {
        if (begin_operation()) server_.ended = true;
    }
    void close() noexcept override { life_.end(); }

    /// Answers the waits that something has come for.
    void poll()
    {
        const test::SafeAllocations safe;
        if (!life_.alive() || silent_) return;
        fetch();
        const bool readable = !arriving_.empty() || server_.ended || failed_;
        if (readable && std::exchange(reading_, false)) post([this] { life_.listener().on_readable(); });
        if (std::exchange(writing_, false)) post([this] { life_.listener().on_writable(); });
    }
    [[nodiscard]] Server& server() { return server_; }

private:
    // False: it fails, as all that follow.
    bool begin_operation()
    {
        if (failed_ || silent_) return false;
        if (!plan_->is_next()) return true;
        if (plan_->failure == Failure::abort) {
            plan_->abort();
            return true;
        }
        silent_ = plan_->failure == Failure::silent;
        failed_ = !silent_;
        if (plan_->failure == Failure::end) broken_ = boost::asio::error::broken_pipe;
        return false;
    }
    void fail_to_open()
    {
        if (silent_) return;
        post([this] { life_.listener().on_open_failed({broken_, Phase::connect}); });
    }
    void fetch()
    {
        const auto said = server_.take_said();
        arriving_ += tls_ ? (tls_->is_established() ? tls_->send(said) : void(), tls_->output()) : said;
    }
    template <class Call>
    void post(Call call)
    {
        const test::SafeAllocations safe;
        boost::asio::post(strand_, life_.bind(std::move(call)));
    }

    io::Strand strand_;
    io::Lifeline life_;
    std::shared_ptr<Plan> plan_;
    Server server_;
    std::unique_ptr<test::ServerTls> tls_;
    std::string arriving_;
    error_code broken_ = boost::asio::error::connection_reset;
    bool failed_ = false;
    bool silent_ = false;
    bool took_ = false;
    bool reading_ = false;
    bool writing_ = false;
};

} // namespace websockxx::torture
