// SPDX-License-Identifier: BSL-1.0
#include "matrix.hpp"
#include "play.hpp"

#include "support/test.hpp"

#include <set>
#include <utility>

using namespace websockxx;
using namespace websockxx::faults;

namespace {

void play(During during)
{
    for (const auto& cell : matrix()) {
        if (cell.during != during) continue;
        if (cell.plain) {
            DYNAMIC_SECTION(to_string(cell.fault)) { Play{cell, false}.run(); }
        }
        if (cell.secure) {
            DYNAMIC_SECTION(to_string(cell.fault) << ", with TLS") { Play{cell, true}.run(); }
        }
    }
}

} // namespace

TEST_CASE("the fault matrix has each phase with each fault once, and a reason where that means nothing", "[matrix]")
{
    std::set<std::pair<During, Fault>> seen;
    for (const auto& cell : matrix()) {
        INFO(to_string(cell.during) << ", " << to_string(cell.fault));
        CHECK(seen.emplace(cell.during, cell.fault).second);
        CHECK((!cell.is_meaningless() || !cell.remark.empty()));
    }
    CHECK(seen.size() == during_names.size() * fault_names.size());
    CHECK(seen.size() == 81);
}

TEST_CASE("P26 P28 faults while the name is looked up", "[matrix]") { play(During::resolve); }
TEST_CASE("P26 P28 faults while TCP connects", "[matrix]") { play(During::tcp); }
TEST_CASE("P28 faults in the TLS handshake", "[matrix]") { play(During::tls); }
TEST_CASE("P28 faults in the opening handshake", "[matrix]") { play(During::upgrade); }
TEST_CASE("P8 faults while the connection is idle", "[matrix]") { play(During::idle); }
TEST_CASE("P15 faults while a message is sent", "[matrix]") { play(During::sending); }
TEST_CASE("P8 faults while a message is received", "[matrix]") { play(During::receiving); }
TEST_CASE("P10 faults in the closing handshake", "[matrix]") { play(During::closing); }
TEST_CASE("P30 faults while the client waits to reconnect", "[matrix]") { play(During::backoff); }
