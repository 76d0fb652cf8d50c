// SPDX-License-Identifier: BSL-1.0

/// @file The client that Autobahn's fuzzing server tests (https://github.com/crossbario/autobahn-testsuite):
///
///     autobahn_client HOST:PORT AGENT
///     autobahn_client wss://HOST:PORT AGENT [--ca FILE | --insecure]
///
/// The server says how many cases there are. Each is a connection, on which we send every message back; what the server
/// does there, right or wrong, is the test. In the end it is asked to write its report, under the name AGENT.
///
/// The exit code is 0 if all cases were run. Whether they were passed only the report says: many of them are
/// connections that must end with an error. It should say OK everywhere, but for 7.1.6, 7.13.1 and 7.13.2, which it
/// calls informational.
///
/// With Docker, a server is started so; its reports will be in reports/clients/:
///
///     docker run -it --rm -p 127.0.0.1:9001:9001 -v "$PWD/reports:/reports" crossbario/autobahn-testsuite

#include <websockxx/websockxx.hpp>

#include <charconv>
#include <chrono>
#include <iostream>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

using namespace websockxx;
using namespace std::chrono_literals;

namespace {

/// Longer than the server's own limits, 480 s at most.
constexpr auto case_limit = 10min;

class Echo : public Client {
public:
    Action handle_frame(const Frame& frame) override { return reply(frame); }
};

/// Keeps the last message.
class Listener : public Client {
public:
    explicit Listener(std::shared_ptr<std::string> heard) : heard_(std::move(heard)) {}
    Action handle_frame(const Frame& frame) override
    {
        *heard_ = frame.text();
        return ok();
    }

private:
    std::shared_ptr<std::string> heard_;
};

struct Arguments {
    Conn server;
    std::string agent;
};

Arguments read_arguments(std::span<char*> words)
{
    if (words.size() < 3)
        throw std::invalid_argument{"usage: autobahn_client [wss://]HOST:PORT AGENT [--ca FILE | --insecure]"};
    std::string url = words[1];
    if (url.find("://") == std::string::npos) url = "ws://" + url;
    Arguments arguments{Conn::parse(url).value(), words[2]};
    arguments.server.deflate.offer = true;
    for (auto rest = words.subspan(3); !rest.empty(); rest = rest.subspan(1)) {
        const std::string_view word = rest[0];
        if (word == "--insecure") {
            arguments.server.tls.danger_accept_any_certificate = true;
        }
        else if (word == "--ca" && rest.size() > 1) {
            rest = rest.subspan(1);
            arguments.server.tls.ca_file = rest[0];
        }
        else {
            throw std::invalid_argument{"unknown argument: " + std::string{word}};
        }
    }
    return arguments;
}

/// As a value in a query (RFC 3986 2.1).
std::string percent_encoded(std::string_view text)
{
    constexpr std::string_view digits = "0123456789ABCDEF";
    constexpr std::string_view marks = "-._~";
    std::string encoded;
    for (const char character : text) {
        const auto byte = static_cast<unsigned char>(character);
        const bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
        const bool digit = byte >= '0' && byte <= '9';
        if (letter || digit || marks.find(character) != marks.npos) encoded += character;
        else encoded += {'%', digits[byte >> 4], digits[byte & 15]};
    }
    return encoded;
}

/// How a conversation ended; no value: too slowly; an error: there was none.
using End = result<std::optional<CloseReason>>;

End talk(std::unique_ptr<Client> client, Conn server, std::string target)
{
    server.target = std::move(target);
    const auto link = start_link(std::move(client), server, {.log = {}});
    if (!link) return link.error();
    return link->wait_for(case_limit);
}

/// Returns whether there was a conversation.
bool report(std::string_view what, const End& end)
{
    std::cout << what << ": ";
    if (!end) std::cout << "not run: " << end.error();
    else if (*end) std::cout << **end;
    else std::cout << "did not end in time";
    std::cout << std::endl;
    return end.has_value();
}

int ask_case_count(const Conn& server)
{
    const auto answer = std::make_shared<std::string>();
    if (!report("number of cases", talk(std::make_unique<Listener>(answer), server, "/getCaseCount"))) return 0;
    int count = 0;
    const auto* end = answer->data() + answer->size();
    if (std::from_chars(answer->data(), end, count).ptr != end) return 0;
    return count;
}

/// Returns whether all cases were run.
bool run(const Arguments& arguments)
{
    const auto agent = "agent=" + percent_encoded(arguments.agent);
    const int count = ask_case_count(arguments.server);
    bool all_ran = count > 0;
    for (int number = 1; number <= count; ++number) {
        const auto target = "/runCase?case=" + std::to_string(number) + "&" + agent;
        const auto end = talk(std::make_unique<Echo>(), arguments.server, target);
        all_ran &= report("case " + std::to_string(number) + " of " + std::to_string(count), end);
    }
    return report("reports", talk(std::make_unique<Echo>(), arguments.server, "/updateReports?" + agent)) && all_ran;
}

} // namespace

int main(int argc, char** argv)
{
    try {
        return run(read_arguments({argv, static_cast<std::size_t>(argc)})) ? 0 : 1;
    }
    catch (const std::exception& error) {
        std::cerr << error.what() << '\n';
        return 2;
    }
}
