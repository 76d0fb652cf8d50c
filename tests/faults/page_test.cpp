// SPDX-License-Identifier: BSL-1.0
#include "matrix.hpp"

#include "support/test.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The fault matrix as docs/reliability.md has it. `websockxx_fault_tests "[write]"` writes it there.

using namespace websockxx;
using namespace websockxx::faults;

namespace {

constexpr std::string_view path = WEBSOCKXX_TESTS_DIR "/../docs/reliability.md";
constexpr std::string_view begin_mark = "<!-- matrix begin -->\n";
constexpr std::string_view end_mark = "<!-- matrix end -->\n";

/// Reasons, each with its number.
class Notes {
public:
    std::size_t number(std::string_view reason)
    {
        const auto found = std::find(reasons_.begin(), reasons_.end(), reason);
        if (found != reasons_.end()) return static_cast<std::size_t>(found - reasons_.begin()) + 1;
        reasons_.push_back(reason);
        return reasons_.size();
    }
    void write(std::ostream& out) const
    {
        for (std::size_t i = 0; i < reasons_.size(); ++i) out << i + 1 << ". " << reasons_[i] << '\n';
    }

private:
    std::vector<std::string_view> reasons_;
};

std::string_view words(Bound bound)
{
    switch (bound) {
    case Bound::none: break;
    case Bound::connect: return "`connect`";
    case Bound::open: return "`open`";
    case Bound::heartbeat: return "`ping_interval` + `pong`";
    case Bound::message: return "`message` + `close`";
    case Bound::close: return "`close`";
    case Bound::delay: return "5 s";
    }
    return "";
}

std::string error(const Cell& cell, const Outcome& outcome)
{
    std::ostringstream out;
    if (outcome.error.code) out << '`' << outcome.error.name << "`, " << websockxx::to_string(outcome.phase);
    else if (outcome.then == Then::unharmed) out << "none";
    else out << "none; " << (outcome.clean ? "`clean`" : "not `clean`");
    if (cell.during != During::sending) return out.str();
    out << "; the frame: " << (outcome.then == Then::unharmed ? "sent" : "`maybe_sent`");
    if (may_get_away(cell)) out << ", or sent";
    return out.str();
}

void write_row(std::ostream& out, const Cell& cell, const Outcome& outcome, std::string_view how)
{
    out << "| " << to_string(cell.during) << " | " << to_string(cell.fault) << how;
    if (!cell.remark.empty()) out << ": " << cell.remark;
    out << " | ";
    std::string_view between;
    for (const auto& call : callbacks(cell, outcome)) out << std::exchange(between, ", ") << call;
    if (outcome.then == Then::ends) out << "; ends";
    out << " | " << error(cell, outcome) << " | " << words(outcome.bound) << " |\n";
}

void write_counts(std::ostream& out)
{
    const auto cells = matrix();
    std::size_t meant = 0;
    std::size_t plays = 0;
    for (const auto& cell : cells) {
        meant += cell.is_meaningless() ? 0 : 1;
        plays += (cell.plain ? 1U : 0U) + (cell.secure ? 1U : 0U);
    }
    out << cells.size() << " cells, " << meant << " of them with a meaning, played " << plays << " times:\n\n";
}

std::string region()
{
    std::ostringstream out;
    Notes notes;
    write_counts(out);
    out << "| while | fault | callbacks | error | not before |\n| --- | --- | --- | --- | --- |\n";
    for (const auto& cell : matrix()) {
        const bool same = cell.plain && cell.secure && *cell.plain == *cell.secure;
        if (cell.is_meaningless())
            out << "| " << to_string(cell.during) << " | " << to_string(cell.fault) << " | - ("
                << notes.number(cell.remark) << ") | | |\n";
        if (cell.plain) write_row(out, cell, *cell.plain, "");
        if (cell.secure && !same) write_row(out, cell, *cell.secure, cell.plain ? ", with TLS" : "");
    }
    out << "\nThose without a meaning:\n\n";
    notes.write(out);
    return out.str();
}

struct Page {
    std::string before;
    std::string region;
    std::string behind;
};

Page read_page()
{
    std::ifstream file{std::string{path}};
    const std::string text{std::istreambuf_iterator<char>{file}, {}};
    const auto begin = text.find(begin_mark);
    const auto end = text.find(end_mark);
    REQUIRE((begin != text.npos && end != text.npos && begin < end));
    const auto from = begin + begin_mark.size();
    return {text.substr(0, from), text.substr(from, end - from), text.substr(end)};
}

} // namespace

TEST_CASE("the page about reliability shows the fault matrix as it is played", "[matrix][docs]")
{
    INFO("websockxx_fault_tests \"[write]\" writes it anew");
    CHECK(read_page().region == region());
}

TEST_CASE("the fault matrix is written into the page about reliability", "[.][write]")
{
    const auto page = read_page();
    std::ofstream{std::string{path}} << page.before << region() << page.behind;
    CHECK(read_page().region == region());
}
