// SPDX-License-Identifier: BSL-1.0
#include <websockxx/websockxx.hpp>

#include "support/temporary_directory.hpp"
#include "support/test.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstddef>
#include <exception>
#include <filesystem>
#include <fstream>
#include <ios>
#include <istream>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>

/// The blocks of docs/guide/large-messages.md.

namespace {

using namespace websockxx;

// region: download
class Download : public Client {
public:
    explicit Download(std::filesystem::path path) : path_(std::move(path))
    {
        file_.exceptions(std::ios::badbit | std::ios::failbit); // which ends the client, with the reason
    }

    Action handle_fragment(const Fragment& part) override
    {
        if (part.first) begin();
        file_.write(part.text.data(), static_cast<std::streamsize>(part.text.size()));
        if (!part.last) return ok();
        file_.close();
        std::filesystem::rename(partial(), path_); // now it is whole
        return close();
    }

private:
    // What an earlier connection has left, if one was lost in the middle, is overwritten.
    void begin()
    {
        if (file_.is_open()) file_.close();
        file_.open(partial(), std::ios::binary | std::ios::trunc);
    }
    std::filesystem::path partial() const { return path_.string() + ".part"; }

    const std::filesystem::path path_;
    std::ofstream file_;
};
// endregion

// region: conn
result<Conn> archive()
{
    auto conn = Conn::parse("wss://archive.example.org/latest");
    if (!conn) return conn;
    conn->deliver_fragments = true;                                   // handle_fragment(), not handle_frame()
    conn->limits.message_bytes = std::size_t{4} * 1024 * 1024 * 1024; // all parts together; on disk, not in memory
    return conn;
}
// endregion

// region: chunks
/// A file as the pieces of one message.
class Chunks {
public:
    explicit Chunks(std::istream& file) : file_(file) {}

    /// Nothing: the last one has been given.
    std::optional<Frame> next()
    {
        if (ended_) return std::nullopt;
        std::string chunk(size, '\0');
        file_.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
        chunk.resize(static_cast<std::size_t>(file_.gcount()));
        if (file_.bad()) throw std::runtime_error("the file cannot be read");
        ended_ = !file_;
        const bool first = std::exchange(first_, false);
        if (first) return ended_ ? Frame::binary(std::move(chunk)) : Frame::binary_fragment(std::move(chunk));
        return ended_ ? Frame::finish(std::move(chunk)) : Frame::continuation(std::move(chunk));
    }

    static constexpr std::size_t size = 64 * 1024;

private:
    std::istream& file_;
    bool first_ = true;
    bool ended_ = false;
};
// endregion

// region: upload
boost::asio::awaitable<void> upload(Ref<Client> client, std::istream& file)
{
    Chunks chunks(file);
    while (auto chunk = chunks.next()) // one at a time: the kernel has it before the next is read
        co_await client.async_send_frame(*std::move(chunk), boost::asio::use_awaitable);
}
// endregion

// region: feeder
class Feeder : public Client {
public:
    explicit Feeder(std::istream& file) : chunks_(file) {}

    struct Next {};

    Action handle_connect(const Connected&) override { return go_on(); }

    Action handle_cast(Next)
    {
        auto chunk = chunks_.next();
        if (!chunk) return ok();
        (void)go_on();
        return reply(*std::move(chunk));
    }

private:
    Ok go_on()
    {
        (void)self(*this).cast(Next{});
        return ok();
    }

    Chunks chunks_;
};
// endregion

// region: keep
class Latest : public Client {
public:
    Action handle_frame(const Frame& frame) override
    {
        latest_ = frame; // a copy has bytes of its own; frame.text() alone would soon point to nothing
        return ok();
    }

private:
    Frame latest_;
};
// endregion

std::string contents(const std::filesystem::path& path)
{
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

} // namespace

TEST_CASE("the download on the page of large messages writes a file that is there when it is whole", "[docs]")
{
    const test::TemporaryDirectory directory;
    const std::filesystem::path path = directory.write("archive", "the one before");
    Download download(path);
    CHECK(download.handle_fragment({Frame::Type::binary, "lost", true, false}).is_ok());
    CHECK(download.handle_fragment({Frame::Type::binary, "a", true, false}).is_ok());
    CHECK(download.handle_fragment({Frame::Type::binary, "b", false, false}).is_ok());
    CHECK(contents(path) == "the one before");
    CHECK(download.handle_fragment({Frame::Type::binary, "c", false, true}).closing() != nullptr);
    CHECK(contents(path) == "abc");

    Download nowhere("no/such/directory/archive");
    CHECK_THROWS(nowhere.handle_fragment({Frame::Type::binary, "a", true, false}));
    CHECK(archive()->check());
    CHECK(archive()->deliver_fragments);
}

TEST_CASE("the pieces on the page of large messages make one message", "[docs]")
{
    for (const std::size_t size :
        {std::size_t{0}, std::size_t{1}, Chunks::size, 3 * Chunks::size, 3 * Chunks::size + 1}) {
        const std::string content(size, 'x');
        std::istringstream file(content);
        Chunks chunks(file);
        std::string together;
        std::optional<Frame::Type> last;
        while (const auto chunk = chunks.next()) {
            CHECK(last.has_value() ==
                  (chunk->type() == Frame::Type::continuation || chunk->type() == Frame::Type::finish));
            together += chunk->text();
            last = chunk->type();
        }
        CHECK((last == Frame::Type::binary || last == Frame::Type::finish));
        CHECK((together == content));
    }
}

TEST_CASE("the other functions on the page of large messages compile, and answer as it says", "[docs]")
{
    std::istringstream file("content");
    boost::asio::io_context context;
    std::exception_ptr thrown;
    boost::asio::co_spawn(context, upload(Ref<Client>{}, file), [&](std::exception_ptr what) { thrown = what; });
    context.run();
    CHECK(thrown);

    std::istringstream same("content");
    Feeder feeder(same);
    CHECK(feeder.handle_cast(Feeder::Next{}).frames().front() == Frame::binary("content"));
    CHECK(feeder.handle_cast(Feeder::Next{}).is_ok());

    Latest latest;
    CHECK(latest.handle_frame(Frame::text("x")).is_ok());
}
