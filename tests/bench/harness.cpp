// SPDX-License-Identifier: BSL-1.0
#include "harness.hpp"

#include <boost/version.hpp>
#include <openssl/opensslv.h>

#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>
#include <random>
#include <stdexcept>

namespace bench {
namespace {

#if defined(__clang__)
constexpr auto compiler = __VERSION__; // says its name itself
#else
constexpr auto compiler = "g++ " __VERSION__;
#endif

std::size_t number(std::string_view key, std::string_view text)
{
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size())
        throw std::invalid_argument(std::string(key) + " is not a number: " + std::string(text));
    return value;
}

void set_url(Arguments& arguments, std::string_view url)
{
    arguments.secure = url.starts_with("wss://");
    if (!arguments.secure && !url.starts_with("ws://")) throw std::invalid_argument("not a ws:// or wss:// URL");
    url.remove_prefix(arguments.secure ? 6 : 5);
    const auto colon = url.find(':');
    if (colon == std::string_view::npos) throw std::invalid_argument("the URL has no port");
    arguments.host = url.substr(0, colon);
    arguments.port = url.substr(colon + 1, url.find('/') - colon - 1);
}

using Setters = std::map<std::string_view, std::function<void(std::string_view)>>;

Setters setters(Arguments& to)
{
    const auto count = [](std::string_view key, std::size_t& value) {
        return [key, &value](std::string_view text) { value = number(key, text); };
    };
    return {
        {"n", count("n", to.n)},
        {"warmup", count("warmup", to.warmup)},
        {"size", count("size", to.size)},
        {"inflight", count("inflight", to.inflight)},
        {"threads", count("threads", to.threads)},
        {"conns", count("conns", to.conns)},
        {"secs", [&to](auto text) { to.secs = std::chrono::seconds{number("secs", text)}; }},
        {"us", [&to](auto text) { to.interval = std::chrono::microseconds{number("us", text)}; }},
        {"type", [&to](auto text) { to.text = text != "b"; }},
        {"deflate", [&to](auto text) { to.deflate = text == "1"; }},
        {"ca", [&to](auto text) { to.ca = text; }},
        {"via", [&to](auto text) { to.via = text; }},
    };
}

Arguments parse(int argc, char** argv, std::string_view library)
{
    if (argc < 3) throw std::invalid_argument("usage: bench_" + std::string(library) + " MODE URL [key=value ...]");
    Arguments arguments;
    arguments.library = library;
    arguments.mode = argv[1];
    set_url(arguments, argv[2]);
    const auto known = setters(arguments);
    for (int i = 3; i < argc; ++i) {
        const std::string_view argument = argv[i];
        const auto equals = std::min(argument.find('='), argument.size());
        const auto setter = known.find(argument.substr(0, equals));
        if (setter == known.end()) throw std::invalid_argument("unknown key: " + std::string(argument));
        setter->second(argument.substr(std::min(equals + 1, argument.size())));
    }
    if (arguments.n == 0) throw std::invalid_argument("n must be at least 1");
    if (arguments.warmup == 0) arguments.warmup = std::max<std::size_t>(1, arguments.n / 20);
    return arguments;
}

double seconds(const timeval& time)
{
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

std::string json_text(std::size_t size)
{
    std::minstd_rand random{1};
    std::string text = "[";
    for (int id = 1; text.size() < size; ++id) {
        text += R"({"id":)" + std::to_string(id) + R"(,"symbol":"ABC-XYZ","price":)" +
                std::to_string(random() % 1'000'000) + R"(,"quantity":)" + std::to_string(random() % 1'000) +
                R"(,"side":")" + (random() % 2 ? "buy" : "sell") + R"("},)";
    }
    text.resize(size);
    return text;
}

} // namespace

int run_main(int argc, char** argv, std::string_view library, const std::function<void(const Arguments&)>& contestant)
{
    if (argc == 2 && argv[1] == std::string_view{"--built-with"}) {
        std::cout << compiler << ", Boost " << BOOST_VERSION / 100'000 << '.' << BOOST_VERSION / 100 % 1'000 << ", "
                  << OPENSSL_VERSION_TEXT << '\n';
        return 0;
    }
    try {
        contestant(parse(argc, argv, library));
        return 0;
    }
    catch (const std::exception& error) {
        std::cerr << "bench_" << library << ": " << error.what() << '\n';
        return 1;
    }
}

std::string make_payload(std::size_t size, bool text)
{
    if (text) return json_text(size);
    std::minstd_rand random{1};
    std::string bytes(size, '\0');
    for (auto& byte : bytes) byte = static_cast<char>(random() >> 8);
    return bytes;
}

std::int64_t now_ns()
{
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}

void write_stamp(char* to, std::int64_t ns)
{
    for (auto* digit = to + stamp_size; digit != to; ns /= 10) *--digit = static_cast<char>('0' + ns % 10);
}

std::int64_t read_stamp(std::string_view message)
{
    std::int64_t ns = 0;
    for (const auto digit : message.substr(0, stamp_size)) ns = 10 * ns + (digit - '0');
    return ns;
}

Usage Usage::now()
{
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    return {static_cast<double>(now_ns()) / 1e9, seconds(used.ru_utime), seconds(used.ru_stime)};
}

Usage Usage::since(const Usage& before) const
{
    return {wall - before.wall, user - before.user, system - before.system};
}

std::size_t max_resident_kb()
{
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    return static_cast<std::size_t>(used.ru_maxrss);
}

std::size_t resident_bytes()
{
    std::ifstream file{"/proc/self/statm"};
    std::size_t all = 0, resident = 0;
    file >> all >> resident;
    return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

std::size_t heap_bytes()
{
    const auto info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

Result::Result(const Arguments& arguments, std::size_t messages, const Usage& used)
{
    line_ = "RESULT lib=" + arguments.library + " mode=" + arguments.mode + " tls=" + (arguments.secure ? "1" : "0");
    if (!arguments.via.empty()) line_ += " via=" + arguments.via;
    line_ += " n=" + std::to_string(arguments.n) + " size=" + std::to_string(arguments.size) +
             " msgs=" + std::to_string(messages) + " bytes=" + std::to_string(messages * arguments.size);
    add("wall_s", used.wall).add("user_s", used.user).add("sys_s", used.system);
    line_ += " maxrss_kb=" + std::to_string(max_resident_kb());
}

Result& Result::add(std::string_view key, double value)
{
    char text[40];
    std::snprintf(text, sizeof text, "=%.6g", value);
    line_.append(" ").append(key).append(text);
    return *this;
}

void Result::print() const { std::cout << line_ << std::endl; }

double Latencies::percentile(double percent) const
{
    if (samples_.empty()) return 0;
    auto sorted = samples_;
    std::sort(sorted.begin(), sorted.end());
    const auto index = static_cast<std::size_t>(percent / 100 * static_cast<double>(sorted.size() - 1));
    return static_cast<double>(sorted[index]) / 1e3;
}

} // namespace bench
