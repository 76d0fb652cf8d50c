// SPDX-License-Identifier: BSL-1.0
#include <websockxx/io/tracer.hpp>

#include "support/temporary_directory.hpp"
#include "support/test.hpp"

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

using namespace websockxx;
using namespace websockxx::test;

namespace {

using Lines = std::vector<std::string>;

struct Fixture {
    Lines told;
    std::vector<Severity> severities;
    io::Tracer tracer{"feed", [this](Severity severity, std::string_view line) {
                          severities.push_back(severity);
                          told.emplace_back(line);
                      }};
};

} // namespace

TEST_CASE("lines go to the log with the client's name, as a trace", "[tracer]")
{
    Fixture f;
    CHECK_FALSE(f.tracer.on());
    f.tracer.set({.trace = true});
    CHECK(f.tracer.on());
    f.tracer.write("attempting to connect");
    CHECK(f.told == Lines{"feed attempting to connect"});
    CHECK(f.severities == std::vector{Severity::trace});
    f.tracer.set({});
    f.tracer.write("unheard");
    CHECK(f.told.size() == 1);
}

TEST_CASE("the last lines are kept, never more than asked for", "[tracer]")
{
    Fixture f;
    f.tracer.set({.log = 3});
    for (const char* text : {"1", "2", "3", "4", "5"}) f.tracer.write(text);
    CHECK(f.tracer.last() == Lines{"feed 3", "feed 4", "feed 5"});
    f.tracer.set({.log = 2});
    CHECK(f.tracer.last() == Lines{"feed 4", "feed 5"});
    f.tracer.write("6");
    CHECK(f.tracer.last() == Lines{"feed 5", "feed 6"});
    f.tracer.set({});
    CHECK(f.tracer.last().empty());
    CHECK(f.told.empty());
}

TEST_CASE("a file is written behind what it holds, line by line", "[tracer]")
{
    const TemporaryDirectory directory;
    const auto path = directory.write("trace", "before\n");
    Fixture f;
    f.tracer.set({.log_to_file = path});
    f.tracer.write("one");
    const auto written = [&] {
        std::ostringstream text;
        text << std::ifstream{path}.rdbuf();
        return text.str();
    };
    CHECK(written() == "before\n*DBG* feed one\n");
    f.tracer.set({});
    f.tracer.write("two");
    CHECK(written() == "before\n*DBG* feed one\n");
}

TEST_CASE("a file that cannot be written is an error in the log, and no more", "[tracer]")
{
    Fixture f;
    f.tracer.set({.log = 1, .log_to_file = "/nowhere/at/all"});
    REQUIRE(f.told.size() == 1);
    CHECK(f.severities[0] == Severity::error);
    CHECK_THAT(f.told[0], ContainsSubstring("/nowhere/at/all"));
    f.tracer.write("goes on");
    CHECK(f.tracer.last() == Lines{"feed goes on"});
}

TEST_CASE("a log that throws loses its line, and nothing else", "[tracer]")
{
    io::Tracer tracer{"\x1B[2J", [](Severity, std::string_view) { throw std::runtime_error("full"); }};
    tracer.set({.trace = true, .log = 1});
    tracer.write("x");
    CHECK(tracer.last() == Lines{"\\x1B[2J x"});
}
