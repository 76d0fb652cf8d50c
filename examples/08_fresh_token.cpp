// SPDX-License-Identifier: BSL-1.0

// A new token for each attempt: the `prepare` hook is called before each, and may answer later.

#include "support/echo_server.hpp"

#include <websockxx/websockxx.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include <chrono>
#include <iostream>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

using namespace websockxx;
using namespace std::chrono_literals;

/// Gives out tokens that are good for one connection.
class LoginService {
public:
    std::string log_in()
    {
        const std::lock_guard lock{mutex_};
        return good_ = "Bearer token-" + std::to_string(++given_);
    }
    bool use(const std::string& token)
    {
        const std::lock_guard lock{mutex_};
        std::cout << (token == good_ ? "admitted: " : "refused: ") << token << '\n';
        return !good_.empty() && token == std::exchange(good_, "");
    }

private:
    std::mutex mutex_;
    std::string good_;
    int given_ = 0;
};

class Member : public Client {
public:
    explicit Member(example::EchoServer& server) : server_(server) {}

    Action handle_connect(const Connected&) override { return reply(Frame::text("hello")); }

    Action handle_frame(const Frame&) override
    {
        if (--left_ == 0) return close();
        server_.drop_all();
        return ok();
    }

private:
    example::EchoServer& server_;
    int left_ = 3;
};

int main()
{
    LoginService logins;
    example::EchoServer server{{.admits = [&logins](const std::string& token) { return logins.use(token); }}};

    // region: prepare
    boost::asio::thread_pool pool{1};
    const auto prepare = [&](Conn conn, int, PrepareReply answer) {
        // Must not block, so the login happens elsewhere: Timeouts::open says for how long.
        boost::asio::post(pool, [&logins, conn = std::move(conn), answer = std::move(answer)]() mutable {
            conn.headers.set("Authorization", logins.log_in());
            answer(std::move(conn)); // or answer.fail("no token"), which counts as a failed attempt
        });
    };
    const auto member = start_link(std::make_unique<Member>(server), server.url(),
        {.reconnect = policy::Backoff{.base = 20ms}, .prepare = prepare});
    // endregion
    if (!member) return std::cerr << member.error() << '\n', 1;
    const auto reason = member->wait();
    return reason && reason->normal() ? 0 : 1;
}
