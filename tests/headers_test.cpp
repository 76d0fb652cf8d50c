// SPDX-License-Identifier: BSL-1.0
#include <websockxx/headers.hpp>

#include "support/test.hpp"

#include <string>
#include <string_view>
#include <vector>

using websockxx::Headers;

namespace {

std::string list(const Headers& headers)
{
    std::string text;
    for (const auto& field : headers) text += field.name + '=' + field.value + ';';
    return text;
}

} // namespace

TEST_CASE("headers keep their order, their spelling and their duplicates", "[values]")
{
    Headers headers{{"X-One", "1"}, {"Cookie", "a"}};
    headers.add("cookie", "b");
    CHECK(list(headers) == "X-One=1;Cookie=a;cookie=b;");
    CHECK(headers.size() == 3);
    CHECK_FALSE(headers.empty());
    CHECK(Headers{}.empty());
}

TEST_CASE("a header is found without regard to case: the first one, or all", "[values]")
{
    const Headers headers{{"Cookie", "a"}, {"Other", ""}, {"COOKIE", "b"}};
    CHECK(headers.get("cookie") == "a");
    CHECK(headers.get("other") == "");
    CHECK(headers.all("cOOkie") == std::vector<std::string_view>{"a", "b"});
    CHECK(headers.contains("OTHER"));
    CHECK_FALSE(headers.contains("Cooki"));
    CHECK_FALSE(headers.get("Missing"));
    CHECK(headers.all("Missing").empty());
}

TEST_CASE("setting a header puts it where the first of its name was", "[values]")
{
    Headers headers{{"A", "1"}, {"B", "2"}, {"a", "3"}, {"C", "4"}, {"A", "5"}};
    headers.set("a", "new");
    CHECK(list(headers) == "a=new;B=2;C=4;");
    headers.set("D", "last");
    CHECK(list(headers) == "a=new;B=2;C=4;D=last;");
}

TEST_CASE("erasing a header says how many there were", "[values]")
{
    Headers headers{{"A", "1"}, {"B", "2"}, {"a", "3"}};
    CHECK(headers.erase("A") == 2);
    CHECK(headers.erase("A") == 0);
    CHECK(list(headers) == "B=2;");
}

TEST_CASE("a header may be changed by words that are its own", "[values]")
{
    Headers headers{{"A", "first"}, {"B", "second"}, {"A", "third"}, {"a name that needs the heap for itself", "4"}};
    headers.add(headers.begin()->name, *headers.get("B"));
    headers.set("A", *headers.get("A"));
    CHECK(list(headers) == "A=first;B=second;a name that needs the heap for itself=4;");
    CHECK(headers.erase((headers.begin() + 2)->name) == 1);
    CHECK(headers.erase(headers.begin()->name) == 1);
    CHECK(list(headers) == "B=second;");
}

TEST_CASE("headers are equal if all fields are, in order and letter by letter", "[values]")
{
    CHECK(Headers{{"A", "1"}} == Headers{{"A", "1"}});
    CHECK_FALSE(Headers{{"A", "1"}} == Headers{{"a", "1"}});
    CHECK_FALSE(Headers{{"A", "1"}, {"B", "2"}} == Headers{{"B", "2"}, {"A", "1"}});
}
