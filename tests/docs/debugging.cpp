// SPDX-License-Identifier: BSL-1.0
#include <websockxx/websockxx.hpp>

#include "support/test.hpp"

#include <fstream>
#include <iostream>
#include <regex>
#include <set>
#include <string>
#include <vector>

/// What docs/guide/debugging.md says: its blocks, and the defaults in its table.

namespace {

using namespace websockxx;

class Feed : public Client {
public:
    Action handle_frame(const Frame&) override { return ok(); }
};

result<Ref<Feed>> start_traced(const std::string& url)
{
    // region: start
    return start<Feed>(url, {.name = "feed", .debug = {.trace = true}});
    // endregion
}

// region: switch
/// Looks closely at a client that lives already.
result<void> look_at(const Ref<>& ref)
{
    return ref.debug({.trace = true, .log = 10, .log_to_file = "feed.trace", .payloads = true});
}

/// And no more.
result<void> look_away(const Ref<>& ref) { return ref.debug({}); }
// endregion

// region: status
void report(const Ref<>& ref)
{
    if (const auto status = ref.status()) std::cout << *status;
    else std::cout << status.error() << '\n'; // client_ended
}
// endregion

std::set<std::string> fields_of_table()
{
    std::ifstream page{std::string(WEBSOCKXX_TESTS_DIR) + "/../docs/guide/debugging.md"};
    REQUIRE(page.good());
    std::set<std::string> fields;
    bool here = false;
    for (std::string line; std::getline(page, line);) {
        if (line.starts_with("#")) here = line.ends_with("Debug");
        static const std::regex row{R"(\| `(\w+)` \|.*)"};
        std::smatch found;
        if (here && std::regex_match(line, found, row)) fields.insert(found.str(1));
    }
    return fields;
}

} // namespace

TEST_CASE("the blocks of the page of debugging do what it says of a client that is no more", "[docs]")
{
    CHECK(start_traced("lemon pie").error().code() == errc::invalid_url);
    CHECK(look_at({}).error().code() == errc::client_ended);
    CHECK(look_away({}).error().code() == errc::client_ended);
    report({});
}

TEST_CASE("the page of debugging has every field of Debug", "[docs]")
{
    // One that is added does not compile here until it is in the list.
    const auto& [trace, log, statistics, log_to_file, payloads, show_parameters] = Debug{};
    CHECK_FALSE(trace);
    CHECK(log == 0);
    CHECK_FALSE(statistics);
    CHECK(log_to_file.empty());
    CHECK_FALSE(payloads);
    CHECK(show_parameters.empty());
    CHECK(fields_of_table() ==
          std::set<std::string>{"trace", "log", "statistics", "log_to_file", "payloads", "show_parameters"});
}
