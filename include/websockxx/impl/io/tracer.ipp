// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/io/tracer.hpp>

#include <websockxx/detail/text.hpp>

#include <utility>

namespace websockxx::io {

Tracer::Tracer(std::string_view name, Log log) : prefix_(detail::escape(name) + ' '), log_(std::move(log)) {}

void Tracer::set(const Debug& debug)
{
    const bool same_file = debug.log_to_file == debug_.log_to_file;
    debug_ = debug;
    while (last_.size() > debug_.log) last_.pop_front();
    if (!same_file) open(debug_.log_to_file);
}

void Tracer::open(const std::string& path)
{
    if (file_.is_open()) file_.close();
    file_.clear();
    if (path.empty()) return;
    file_.open(path, std::ios::app);
    if (file_.is_open()) return;
    tell(Severity::error, prefix_ + "cannot write the trace to " + detail::escape(path));
    debug_.log_to_file = {}; // so that it is tried when asked for once more
}

void Tracer::write(std::string_view text)
{
    auto line = prefix_ + std::string{text};
    if (debug_.trace) tell(Severity::trace, line);
    if (file_.is_open()) file_ << "*DBG* " << line << std::endl; // flushed: what led to a crash is what is looked for
    if (debug_.log == 0) return;
    if (last_.size() == debug_.log) last_.pop_front();
    last_.push_back(std::move(line));
}

void Tracer::tell(Severity severity, std::string_view line) const noexcept
{
    if (!log_) return;
    try {
        log_(severity, line);
    }
    catch (...) { // a lost line is better than a lost connection
    }
}

} // namespace websockxx::io
