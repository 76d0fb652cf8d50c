// SPDX-License-Identifier: BSL-1.0
#include <websockxx/websockxx.hpp>

#include "support/test.hpp"

#include <fstream>
#include <iostream>
#include <map>
#include <regex>
#include <string>
#include <utility>

/// What docs/guide/errors.md says: its blocks, and its table.

namespace {

using namespace websockxx;

std::string file_text(const std::string& path)
{
    std::ifstream file{std::string(WEBSOCKXX_TESTS_DIR) + "/../" + path};
    REQUIRE(file.good());
    return {std::istreambuf_iterator<char>{file}, {}};
}

using Table = std::map<std::string, std::string>; // the name of an errc -> its conditions

std::string conditions_of(errc code)
{
    static constexpr std::pair<condition, const char*> all[] = {{condition::timeout, "timeout"},
        {condition::tls, "tls"}, {condition::handshake, "handshake"}, {condition::protocol, "protocol"},
        {condition::not_connected, "not_connected"}, {condition::invalid, "invalid"},
        {condition::transient, "transient"}, {condition::fatal, "fatal"}};
    std::string names;
    for (const auto& [group, name] : all) {
        if (make_error_code(code) != group) continue;
        if (!names.empty()) names += ", ";
        names += name;
    }
    return names;
}

/// The enumerators as they stand in the header, which numbers them from 1 without gaps.
Table table_of_the_library()
{
    const auto header = file_text("include/websockxx/error.hpp");
    const auto begin = header.find("enum class errc");
    const auto enumeration = header.substr(begin, header.find("};", begin) - begin);
    Table table;
    static const std::regex enumerator{R"(\n    (\w+)( = 1)?,)"};
    int value = 0;
    for (std::sregex_iterator it{enumeration.begin(), enumeration.end(), enumerator}, end; it != end; ++it)
        table[(*it)[1]] = conditions_of(static_cast<errc>(++value));
    return table;
}

Table table_of_the_page()
{
    const auto page = file_text("docs/guide/errors.md");
    Table table;
    static const std::regex row{R"(\n\| `(\w+)` \|[^|\n]*\|[^|\n]*\| ([^|\n]*) \|)"};
    for (std::sregex_iterator it{page.begin(), page.end(), row}, end; it != end; ++it) table[(*it)[1]] = (*it)[2];
    return table;
}

// region: start
int run(const std::string& url)
{
    auto client = start_link<Client>(url);
    if (!client) {
        const Error& error = client.error();
        std::cerr << error << '\n'; // one line with all of it
        if (error.code() == condition::tls) std::cerr << "is the clock right?\n";
        if (const Response* answer = error.refusal(); answer && answer->status == 401) std::cerr << "log in again\n";
        return 1;
    }
    return 0;
}
// endregion

} // namespace

TEST_CASE("the page of errors has every errc, with the conditions that hold for it", "[docs]")
{
    const auto library = table_of_the_library();
    REQUIRE(library.size() > 50);
    const auto page = table_of_the_page();
    for (const auto& [name, conditions] : library) {
        INFO(name);
        REQUIRE(page.contains(name));
        CHECK(page.at(name) == conditions);
    }
    for (const auto& [name, conditions] : page) {
        INFO(name);
        CHECK(library.contains(name));
    }
}

TEST_CASE("the blocks of the page of errors do what it says", "[docs]")
{
    CHECK(run("ftp://example.org") == 1);

    // region: value
    const Conn conn = Conn::parse("wss://example.org/stream").value(); // throws boost::system::system_error
    // endregion
    CHECK(conn.host == "example.org");
    CHECK_THROWS(Conn::parse("example.org").value());
}
