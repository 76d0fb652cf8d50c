// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/asio/any_completion_executor.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/prefer.hpp>

#include <new>

namespace websockxx::io {

/// The executor of a completion handler, or `via` if it has none, and its promise to be there until that is gone.
/// Throws std::bad_alloc.
template <class Handler>
[[nodiscard]] boost::asio::any_completion_executor completion_work(
    const Handler& handler, const boost::asio::any_io_executor& via)
{
    const boost::asio::any_completion_executor executor = boost::asio::get_associated_executor(handler, via);
    // Asio's is empty without memory, and crashes when it is asked for anything.
    if (!executor) throw std::bad_alloc{};
    return boost::asio::prefer(executor, boost::asio::execution::outstanding_work.tracked);
}

} // namespace websockxx::io
