// SPDX-License-Identifier: BSL-1.0

// Request and response over a connection that carries messages: JSON-RPC 2.0. Whoever calls gets the answer to his
// request, whatever else arrives in between, or learns why there is none.

#include "support/echo_server.hpp"

#include <websockxx/pending_calls.hpp>
#include <websockxx/websockxx.hpp>

#include <boost/asio/use_future.hpp>
#include <boost/system/system_error.hpp>

#include <chrono>
#include <cstdint>
#include <future>
#include <iostream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

using namespace websockxx;
using namespace std::chrono_literals;

namespace {

// A real program has a JSON library; this finds what stands behind a key of a flat object.
std::string_view field(std::string_view json, std::string_view key)
{
    const auto at = json.find('"' + std::string{key} + "\":");
    if (at == std::string_view::npos) return {};
    json.remove_prefix(at + key.size() + 3);
    return json.substr(0, json.find_first_of(json.front() == '[' ? "]" : ",}"));
}

std::int64_t number(std::string_view text) { return text.empty() ? 0 : std::stoll(std::string{text}); }

// The server's side: adds two numbers, knows no other method, and never answers "hang".
std::string answer(const std::string& request)
{
    const auto method = field(request, "method");
    const auto begin = R"({"jsonrpc":"2.0","id":)" + std::string{field(request, "id")};
    if (method == R"("hang")") return R"({"jsonrpc":"2.0","method":"still busy"})";
    if (method != R"("add")") return begin + R"(,"error":"no such method"})";
    const auto numbers = field(request, "params").substr(1);
    const auto comma = numbers.find(',');
    const auto sum = number(numbers.substr(0, comma)) + number(numbers.substr(comma + 1));
    return begin + ",\"result\":" + std::to_string(sum) + '}';
}

} // namespace

// region: client
struct Request {
    std::string method;
    std::string params;
};

struct Expire {};

class JsonRpc : public Client {
public:
    Action handle_call(Request request, ReplyTo<std::string> reply_to)
    {
        const auto id = ++last_id_;
        pending_.add(id, std::move(reply_to), 30s);
        (void)self(*this).send_after(30s, Expire{});
        return reply(Frame::text(R"({"jsonrpc":"2.0","id":)" + std::to_string(id) + R"(,"method":")" + request.method +
                                 R"(","params":)" + request.params + '}'));
    }

    Action handle_frame(const Frame& frame) override
    {
        const auto id = field(frame.text(), "id");
        if (id.empty()) return ok(); // a notification
        if (const auto error = field(frame.text(), "error"); !error.empty()) {
            const auto code = make_error_code(boost::system::errc::operation_not_supported);
            pending_.fail(number(id), Error{code, Phase::open, error});
        }
        else pending_.answer(number(id), std::string{field(frame.text(), "result")});
        return ok();
    }

    // Answers do not come over another connection than the question went.
    Decision handle_disconnect(const Disconnect& why) override
    {
        pending_.fail_all(why.reason.error ? why.reason.error : Error{errc::connection_lost});
        return ask_policy();
    }

    Action handle_info(Expire)
    {
        pending_.expire();
        return ok();
    }

private:
    PendingCalls<std::int64_t, std::string> pending_;
    std::int64_t last_id_ = 0;
};
// endregion

int main()
{
    example::EchoServer server{{.answer = answer}};
    const auto rpc = start_link<JsonRpc>(server.url(), {.reconnect = policy::Backoff{}});
    if (!rpc) return std::cerr << rpc.error() << '\n', 1;

    std::vector<std::future<bool>> threads;
    for (int i = 1; i <= 3; ++i) {
        threads.push_back(std::async(std::launch::async, [i, ref = rpc->ref()] {
            const auto numbers = std::to_string(i) + ',' + std::to_string(10 * i);
            const auto sum = ref.call(Request{"add", '[' + numbers + ']'});
            return sum && *sum == std::to_string(11 * i);
        }));
    }
    bool good = true;
    for (auto& thread : threads) good = thread.get() && good;
    std::cout << (good ? "each got the answer to his own question\n" : "answers were mixed up\n");

    // region: failures
    const auto unknown = rpc->call(Request{"divide", "[1,0]"});
    if (!unknown) std::cout << "divide: " << unknown.error() << '\n'; // the server's words

    const auto late = rpc->call(Request{"hang", "[]"}, 50ms);
    if (!late) std::cout << "hang: " << late.error() << '\n'; // call_timeout
    // endregion
    good = good && !unknown && !late && late.error().code() == errc::call_timeout;

    // What waits when the connection is lost fails; what is asked after that waits for the next one.
    auto lost = rpc->async_call(Request{"hang", "[]"}, 30s, boost::asio::use_future);
    good = rpc->call(Request{"add", "[1,1]"}).has_value() && good;
    server.drop_all();
    try {
        std::cout << lost.get() << '\n';
        return 1;
    }
    catch (const boost::system::system_error& e) {
        std::cout << "after the loss of the connection: " << e.code().message() << '\n';
    }
    const auto again = rpc->call(Request{"add", "[20,22]"}, 30s);
    std::cout << "after the next one: " << (again ? *again : again.error().message()) << '\n';
    return good && again && *again == "42" ? 0 : 1;
}
