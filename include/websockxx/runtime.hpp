// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/config.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <memory>

namespace websockxx {

/// A background thread for programs that have no io_context of their own.
///
/// Threads   get_executor() may be called from anywhere.
/// Lifetime  The destructor stops the thread; clients that still run on it end with errc::runtime_ended, without
///           terminate(). The shared one is made when first needed and lives until the program ends.
class WEBSOCKXX_DECL Runtime {
public:
    Runtime();
    ~Runtime();
    Runtime(const Runtime&) = delete;
    Runtime& operator=(const Runtime&) = delete;

    /// The thread, for Options::executor and for work of yours.
    [[nodiscard]] boost::asio::any_io_executor get_executor() const;

    /// The one that start() uses when Options::executor is empty.
    [[nodiscard]] static Runtime& shared();

private:
    class Thread;
    std::unique_ptr<Thread> thread_;
};

} // namespace websockxx
