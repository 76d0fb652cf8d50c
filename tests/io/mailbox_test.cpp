// SPDX-License-Identifier: BSL-1.0
#include <websockxx/io/mailbox.hpp>

#include "io/mailbox_fixture.hpp"
#include "support/test.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>

using namespace websockxx;
using namespace websockxx::test::mailbox;
using namespace std::chrono_literals;

TEST_CASE("the owner is woken once for all that is put in until it takes", "[mailbox]")
{
    Fixture f;
    CHECK_FALSE(f.mailbox->put(f.letter()));
    CHECK(f.owner.woken == 0);
    f.mailbox->attach(f.owner);
    CHECK(f.owner.woken == 1);
    CHECK_FALSE(f.mailbox->put(f.letter()));
    CHECK(f.owner.woken == 1);
    CHECK(take(*f.mailbox).size() == 2);
    CHECK_FALSE(f.mailbox->put(f.letter()));
    CHECK(f.owner.woken == 2);
}

TEST_CASE("messages beyond the limit are refused, until some were handled; a stop always fits", "[mailbox]")
{
    Fixture f;
    f.mailbox->attach(f.owner);
    CHECK_FALSE(f.mailbox->put(f.letter()));
    CHECK_FALSE(f.mailbox->put(f.letter()));
    CHECK_FALSE(f.mailbox->put(item::Later{1, 1s, f.letter()}));
    CHECK(f.mailbox->put(f.letter()) == errc::inbox_full);
    CHECK_FALSE(f.mailbox->put(item::Stop{errc::stopped}));
    CHECK(take(*f.mailbox).size() == 4);
    CHECK(f.mailbox->put(f.letter()) == errc::inbox_full); // what was taken need not be handled
    f.mailbox->delivered(1);
    CHECK_FALSE(f.mailbox->put(f.letter()));
    CHECK(f.mailbox->put(f.letter()) == errc::inbox_full);
}

TEST_CASE("a blocking call is refused in callbacks and on the thread that it would wait for", "[mailbox]")
{
    Fixture f;
    CHECK_FALSE(f.mailbox->blocking_error());
    const auto other = Mailbox::make_ended();
    {
        const CallbackScope scope{*f.mailbox};
        CHECK(f.mailbox->blocking_error() == errc::calling_self);
        CHECK(other->blocking_error() == errc::blocking_in_callback);
        {
            const CallbackScope inner{*other};
            CHECK(f.mailbox->blocking_error() == errc::blocking_in_callback);
        }
        CHECK(f.mailbox->blocking_error() == errc::calling_self);
    }
    CHECK_FALSE(f.mailbox->blocking_error());

    const auto strand = asio::make_strand(f.context);
    const auto wrapped = asio::make_strand(asio::any_io_executor{f.context.get_executor()});
    const std::vector<asio::any_io_executor> executors{f.context.get_executor(), strand, wrapped};
    std::vector<error_code> answers;
    asio::post(f.context, [&] {
        for (const auto& executor : executors)
            answers.push_back(std::make_shared<Mailbox>(executor, 1, false)->blocking_error());
    });
    f.context.run();
    CHECK(answers == std::vector<error_code>(3, errc::blocking_in_callback));
}
