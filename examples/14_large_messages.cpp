// SPDX-License-Identifier: BSL-1.0

// A message that is too large to be held: a file is sent in pieces, at the pace of the server, and what comes back is
// written to another file as it arrives.

#include "support/echo_server.hpp"

#include <websockxx/websockxx.hpp>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <ios>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <unistd.h>

using namespace websockxx;

class Copier : public Client {
public:
    Copier(const std::filesystem::path& from, const std::filesystem::path& to)
        : from_(from, std::ios::binary), to_(to, std::ios::binary)
    {
        // What goes wrong with a file then ends the client, which says why.
        from_.exceptions(std::ios::badbit);
        to_.exceptions(std::ios::badbit | std::ios::failbit);
    }

    Action handle_connect(const Connected&) override { return send_next(); }

    // A piece for each cast to ourselves. Casts wait while too much is on its way: so does the file.
    struct Next {};
    Action handle_cast(Next) { return send_next(); }

    // Between pieces of ours come pieces of the answer, of any size.
    Action handle_fragment(const Fragment& part) override
    {
        to_.write(part.text.data(), static_cast<std::streamsize>(part.text.size()));
        ++parts_;
        if (!part.last) return ok();
        std::cout << "it came back in several parts: " << std::boolalpha << (parts_ > 1) << '\n';
        to_.close();
        return close();
    }

private:
    Action send_next()
    {
        std::string chunk(chunk_bytes, '\0');
        from_.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
        chunk.resize(static_cast<std::size_t>(from_.gcount()));
        const bool first = std::exchange(first_, false);
        if (!from_) return reply(first ? Frame::binary(std::move(chunk)) : Frame::finish(std::move(chunk)));
        (void)self(*this).cast(Next{});
        return reply(first ? Frame::binary_fragment(std::move(chunk)) : Frame::continuation(std::move(chunk)));
    }

    static constexpr std::size_t chunk_bytes = 64 * 1024;

    std::ifstream from_;
    std::ofstream to_;
    bool first_ = true;
    std::size_t parts_ = 0;
};

namespace {

std::string contents(const std::filesystem::path& path)
{
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// Two files that are gone with it.
struct Files {
    Files()
    {
        std::filesystem::remove_all(directory);
        std::filesystem::create_directory(directory);
        std::ofstream file(sent, std::ios::binary);
        for (int line = 0; line < 500'000; ++line) file << line << '\n';
    }
    ~Files()
    {
        std::error_code ignored;
        std::filesystem::remove_all(directory, ignored);
    }
    Files(const Files&) = delete;
    Files& operator=(const Files&) = delete;

    const std::filesystem::path directory =
        std::filesystem::temp_directory_path() / ("websockxx-example-" + std::to_string(::getpid()));
    const std::filesystem::path sent = directory / "sent";
    const std::filesystem::path received = directory / "received";
};

} // namespace

int main()
{
    const example::EchoServer server;
    const Files files;

    auto conn = Conn::parse(server.url());
    if (!conn) return std::cerr << conn.error() << '\n', 1;
    conn->deliver_fragments = true;
    conn->limits.send_queue_bytes = 256 * 1024; // of the file that is in memory at once

    const auto copier = start_link(std::make_unique<Copier>(files.sent, files.received), *conn);
    if (!copier) return std::cerr << copier.error() << '\n', 1;
    const auto reason = copier->wait();
    std::cout << "sent " << std::filesystem::file_size(files.sent) << " bytes, received "
              << std::filesystem::file_size(files.received) << '\n';
    return reason && reason->normal() && contents(files.sent) == contents(files.received) ? 0 : 1;
}
