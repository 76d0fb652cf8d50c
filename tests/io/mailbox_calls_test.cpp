// SPDX-License-Identifier: BSL-1.0
#include <websockxx/io/mailbox.hpp>

#include "io/mailbox_fixture.hpp"
#include "support/test.hpp"

using namespace websockxx;
using namespace websockxx::test::mailbox;

TEST_CASE("P14 calls that are not yet answered are bounded, also when the client has them", "[mailbox]")
{
    Fixture f;
    f.mailbox->attach(f.owner);
    const auto call = [&](std::uint64_t id) {
        f.mailbox->call({id, std::nullopt, f.letter()}, std::make_shared<Answer>(), f.note());
    };
    for (std::uint64_t id = 1; id <= 3; ++id) call(id);
    (void)take(*f.mailbox);
    f.mailbox->delivered(3);
    call(4);
    CHECK(f.told == std::vector<error_code>{errc::inbox_full});
    f.mailbox->answer(1, {}, nullptr);
    call(5);
    CHECK(f.told == std::vector<error_code>{errc::inbox_full, {}});
}

TEST_CASE("a call that is over before the owner has it is taken out, and makes room", "[mailbox]")
{
    Fixture f;
    f.mailbox->attach(f.owner);
    const auto call = [&](std::uint64_t id) {
        f.mailbox->call({id, std::nullopt, f.letter()}, std::make_shared<Answer>(), f.note());
    };
    for (std::uint64_t id = 1; id <= 3; ++id) call(id);
    f.mailbox->answer(2, errc::call_timeout, nullptr);
    f.mailbox->answer(2, {}, nullptr); // too late
    CHECK(f.told == std::vector<error_code>{errc::call_timeout});
    CHECK_FALSE(f.mailbox->put(f.letter()));
    CHECK(f.mailbox->put(f.letter()) == errc::inbox_full);

    std::vector<std::uint64_t> calls;
    for (const auto& item : take(*f.mailbox))
        if (const auto* taken = std::get_if<item::Call>(&item)) calls.push_back(taken->id);
    CHECK(calls == std::vector<std::uint64_t>{1, 3});
}

TEST_CASE("what a call was answered with is there when its caller is told", "[mailbox]")
{
    Fixture f;
    const auto answer = std::make_shared<Answer>();
    f.mailbox->call({1, std::nullopt, f.letter()}, answer, f.note());
    f.mailbox->answer(1, {}, std::make_shared<int>(42));
    CHECK(f.told == std::vector<error_code>{error_code{}});
    REQUIRE(answer->value);
    CHECK(*std::static_pointer_cast<int>(answer->value) == 42);
}
