// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/debug.hpp>
#include <websockxx/log.hpp>

#include <deque>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace websockxx::io {

/// Where the lines of a trace go: the log, the last ones of them, and a file, as Debug says.
class Tracer {
public:
    /// Each line begins with the client's name.
    Tracer(std::string_view name, Log log);

    /// From now on. A file that cannot be opened is an error in the log, and else as if it had not been asked for.
    void set(const Debug& debug);
    [[nodiscard]] const Debug& debug() const noexcept { return debug_; }

    /// Whether a line goes anywhere.
    [[nodiscard]] bool on() const noexcept { return debug_.trace || debug_.log > 0 || file_.is_open(); }

    void write(std::string_view text);

    /// The last lines, the oldest first.
    [[nodiscard]] std::vector<std::string> last() const { return {last_.begin(), last_.end()}; }

private:
    void open(const std::string& path);
    void tell(Severity severity, std::string_view line) const noexcept;

    std::string prefix_;
    Log log_;
    Debug debug_;
    std::deque<std::string> last_;
    std::ofstream file_;
};

} // namespace websockxx::io
