// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/io/resolver.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

namespace websockxx::test {

/// A name that leads where a test says, for as long as this lives; all others are looked up as ever. Each has another
/// name, since a lookup that is just ending serves all who ask. One at a time: the lookup is the process's.
class Names {
public:
    static constexpr std::chrono::seconds limit{20};

    explicit Names(const std::string& address);
    ~Names(); ///< lookups that are held fail
    Names(const Names&) = delete;
    Names& operator=(const Names&) = delete;

    [[nodiscard]] const std::string& name() const noexcept; ///< "17.names.test"

    // What lookups are answered, also those that are held

    void lead_to(const std::string& address);
    void fail(error_code why);
    void hold();                                  ///< nothing, until one of the others
    void delay(std::chrono::milliseconds longer); ///< as before, but late: not those that are held

    [[nodiscard]] std::size_t asked() const; ///< how often
    /// Throws, and so fails the test, if it is not asked so often.
    void wait_until_asked(std::size_t times) const;

private:
    struct State;
    std::shared_ptr<State> state_; // lookups may outlive this
};

} // namespace websockxx::test
