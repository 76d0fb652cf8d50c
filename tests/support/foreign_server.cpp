// SPDX-License-Identifier: BSL-1.0
#include "foreign_server.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <utility>

extern char** environ;

namespace websockxx::test {
namespace {

using Clock = std::chrono::steady_clock;

void require(int result, const char* what)
{
    if (result != 0) throw std::system_error{result, std::generic_category(), what};
}

class Descriptor {
public:
    Descriptor() = default;
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept
    {
        std::swap(number_, other.number_);
        return *this;
    }
    ~Descriptor() { close(); }

    [[nodiscard]] int get() const { return number_; }
    void close()
    {
        if (number_ >= 0) ::close(std::exchange(number_, -1));
    }

private:
    int number_ = -1;
};

struct Pipe {
    Pipe()
    {
        std::array<int, 2> ends{};
        require(::pipe(ends.data()) == 0 ? 0 : errno, "pipe");
        read = Descriptor{ends[0]};
        write = Descriptor{ends[1]};
        for (const int end : ends) ::fcntl(end, F_SETFD, FD_CLOEXEC);
    }

    Descriptor read;
    Descriptor write;
};

class TemporaryFolder {
public:
    TemporaryFolder()
    {
        auto name = (std::filesystem::temp_directory_path() / "websockxx-test-XXXXXX").string();
        require(::mkdtemp(name.data()) ? 0 : errno, "mkdtemp");
        path_ = name;
    }
    ~TemporaryFolder()
    {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    [[nodiscard]] std::string file(std::string_view name) const { return (path_ / name).string(); }

    std::string write(std::string_view name, const std::string& text) const
    {
        std::ofstream{file(name)} << text;
        return file(name);
    }

private:
    std::filesystem::path path_;
};

std::string environment(const char* name, std::string otherwise)
{
    const char* value = std::getenv(name);
    return value && *value ? value : std::move(otherwise);
}

std::string script(std::string_view name) { return std::string{WEBSOCKXX_TESTS_DIR "/system/servers/"}.append(name); }

std::string all_of(const std::string& file)
{
    std::ostringstream text;
    text << std::ifstream{file}.rdbuf();
    return text.str();
}

} // namespace

struct ForeignServer::Process {
    Process() = default;
    ~Process()
    {
        if (id > 0) end();
    }
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    void add_identity(const std::optional<Identity>& identity)
    {
        if (!identity) return;
        secure = true;
        const auto chain = folder.write("certificate.pem", identity->certificate + identity->intermediates);
        const auto key = folder.write("key.pem", identity->private_key);
        for (const auto& word : {std::string{"--certificate"}, chain, std::string{"--private-key"}, key})
            command.push_back(word);
    }

    void add(const EchoOptions& options)
    {
        add_identity(options.identity);
        if (options.deflate) command.emplace_back("--deflate");
        for (const auto& name : options.subprotocols) {
            command.emplace_back("--subprotocol");
            command.push_back(name);
        }
    }

    void start()
    {
        Pipe to_child;
        Pipe from_child;
        posix_spawn_file_actions_t actions;
        require(::posix_spawn_file_actions_init(&actions), "posix_spawn_file_actions_init");
        ::posix_spawn_file_actions_adddup2(&actions, to_child.read.get(), STDIN_FILENO);
        ::posix_spawn_file_actions_adddup2(&actions, from_child.write.get(), STDOUT_FILENO);
        ::posix_spawn_file_actions_addopen(
            &actions, STDERR_FILENO, folder.file("stderr").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
#if defined(__GLIBC__)
        // Asio's sockets would be inherited, and a connection does not end while the child has it too.
        ::posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
#endif
        // A group of its own, so that what the child started can be ended with it.
        posix_spawnattr_t attributes;
        ::posix_spawnattr_init(&attributes);
        ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
        std::vector<char*> words;
        for (auto& word : command) words.push_back(word.data());
        words.push_back(nullptr);
        const int result = ::posix_spawnp(&id, words[0], &actions, &attributes, words.data(), environ);
        ::posix_spawnattr_destroy(&attributes);
        ::posix_spawn_file_actions_destroy(&actions);
        if (result != 0) id = 0;
        require(result, ("cannot start " + command[0] + ", which the tests need").c_str());
        input = std::move(to_child.write);
        output = std::move(from_child.read);
    }

    /// Adds what the child says within the time to `said`; false if it has ended or the time is over.
    bool read(Clock::time_point until)
    {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
        pollfd poll{.fd = output.get(), .events = POLLIN, .revents = 0};
        const int ready = ::poll(&poll, 1, left > 0 ? static_cast<int>(left) : 0);
        if (ready < 0 && errno == EINTR) return true;
        if (ready <= 0) return false;
        std::array<char, 1024> piece;
        const auto size = ::read(output.get(), piece.data(), piece.size());
        if (size > 0) said.append(piece.data(), static_cast<std::size_t>(size));
        return size > 0;
    }

    void wait_for_port()
    {
        const auto until = Clock::now() + limit;
        while (said.find('\n') == said.npos && read(until)) {}
        constexpr std::string_view announcement = "port ";
        if (said.find('\n') != said.npos && said.starts_with(announcement)) {
            port = static_cast<std::uint16_t>(std::stoul(said.substr(announcement.size())));
            return;
        }
        std::string message = "this server, which the tests need, does not start:";
        for (const auto& word : command) message += ' ' + word;
        throw std::runtime_error{message + '\n' + said + all_of(folder.file("stderr"))};
    }

    // The child ends with its input; its output ends with it.
    void end()
    {
        input.close();
        const auto until = Clock::now() + limit;
        while (read(until)) {}
        ::kill(-id, SIGKILL);
        while (::waitpid(id, nullptr, 0) < 0 && errno == EINTR) {}
    }

    TemporaryFolder folder;
    std::vector<std::string> command;
    bool secure = false;
    pid_t id = 0;
    Descriptor input;
    Descriptor output;
    std::string said;
    std::uint16_t port = 0;
};

ForeignServer::ForeignServer(std::unique_ptr<Process> process) : process_(std::move(process))
{
    process_->start();
    process_->wait_for_port();
}

ForeignServer::~ForeignServer() = default;
ForeignServer::ForeignServer(ForeignServer&&) noexcept = default;
ForeignServer& ForeignServer::operator=(ForeignServer&&) noexcept = default;

ForeignServer ForeignServer::python_echo(const EchoOptions& options)
{
    auto process = std::make_unique<Process>();
    process->command = {environment("WEBSOCKXX_PYTHON", "/usr/bin/python3"), script("python_echo.py")};
    process->add(options);
    return ForeignServer{std::move(process)};
}

ForeignServer ForeignServer::ws_echo(const EchoOptions& options)
{
    auto process = std::make_unique<Process>();
    process->command = {"node", script("ws_echo.js")};
    process->add(options);
    return ForeignServer{std::move(process)};
}

ForeignServer ForeignServer::nginx(std::uint16_t backend_port, const Identity& identity)
{
    auto process = std::make_unique<Process>();
    process->command = {
        environment("WEBSOCKXX_PYTHON", "/usr/bin/python3"),
        script("nginx_tls.py"),
        "--backend",
        std::to_string(backend_port),
    };
    process->add_identity(identity);
    return ForeignServer{std::move(process)};
}

std::uint16_t ForeignServer::port() const { return process_->port; }

std::string ForeignServer::url(std::string_view path) const
{
    const std::string begin = process_->secure ? "wss://localhost:" : "ws://127.0.0.1:";
    return begin + std::to_string(process_->port) + std::string{path};
}

} // namespace websockxx::test
