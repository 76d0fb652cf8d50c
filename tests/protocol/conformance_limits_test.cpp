// SPDX-License-Identifier: BSL-1.0
#include "support/conformance.hpp"
#include "support/test.hpp"

using namespace websockxx;
using namespace websockxx::test;
using namespace websockxx::test::conformance;
using frames::encode;

namespace {

const CloseFrame too_big{1009, "message larger than the limit"};
const CloseFrame too_many{1009, "message of more fragments than the limit"};

std::string first(std::string_view payload, unsigned opcode = frames::text)
{
    return encode(opcode, payload, frames::unfinished);
}
std::string middle(std::string_view payload) { return encode(frames::continuation, payload, frames::unfinished); }
std::string last(std::string_view payload) { return encode(frames::continuation, payload); }

std::string number(std::uint64_t value) { return std::to_string(value); }

Row with_limits(Row row, std::size_t message_bytes, std::size_t fragments = Limits{}.fragments)
{
    row.conn.limits.message_bytes = message_bytes;
    row.conn.limits.fragments = fragments;
    return row;
}

} // namespace

TEST_CASE("S3 a message may be as large as the limit, and not a byte larger", "[conformance]")
{
    std::vector<Row> rows;
    for (const auto limit : Sizes{1, 125, 126, 65'535, 65'536}) {
        const std::string most(limit, 'x');
        const auto heard = message(Frame::text(most));
        const auto half = limit / 2;
        const auto begun = first(most.substr(0, half));
        for (auto& row : std::vector<Row>{
                 {"whole", encode(frames::text, most), {heard}},
                 {"in fragments", begun + last(most.substr(half)), {heard}},
                 {"in fragments, the last of them empty", first(most) + middle("") + last(""), {heard}},
                 {"again and again", encode(frames::text, most) + encode(frames::text, most), {heard, heard}},
                 fails("whole and one more", encode(frames::text, most + "x"), too_big),
                 fails("one more, by its header", frames::header(frames::binary, limit + 1), too_big),
                 fails("one more behind one that fits", encode(frames::text, most) + encode(frames::text, most + "x"),
                     too_big, {heard}),
                 fails("fragments of one more together", begun + last(most.substr(half) + "x"), too_big),
                 fails("by the header of the last",
                     begun + frames::header(frames::continuation, limit - half + 1, frames::unfinished), too_big),
                 fails("a last fragment of one byte", first(most) + encode(frames::ping, "") + last("x"), too_big,
                     {ping()}),
             }) {
            row.name += ", with a limit of " + number(limit);
            rows.push_back(with_limits(std::move(row), limit));
        }
    }
    play(rows);
}

TEST_CASE("S2 S3 a length far beyond the limit is refused by its header", "[conformance]")
{
    std::vector<Row> rows;
    for (const std::uint64_t size :
        {std::uint64_t{16 << 20} + 1, std::uint64_t{1} << 32, std::uint64_t{1} << 62, (std::uint64_t{1} << 63) - 1}) {
        rows.push_back(fails(number(size), frames::header(frames::text, size), too_big));
        rows.push_back(
            fails(number(size) + " of a fragment", frames::header(frames::binary, size, frames::unfinished), too_big));
        rows.push_back(fails(
            number(size) + " of a later fragment", first("x") + frames::header(frames::continuation, size), too_big));
        rows.push_back(fails(
            number(size) + " and some of it", frames::header(frames::binary, size) + std::string(1'000, 'x'), too_big));
    }
    rows.push_back({"the limit itself, as far as it has come",
        frames::header(frames::binary, 16 << 20) + std::string(1'000, 'x')});
    play(rows);
}

TEST_CASE("S4 a message may have as many fragments as the limit, and not one more", "[conformance]")
{
    std::vector<Row> rows;
    for (const auto limit : Sizes{1, 2, 3, 100}) {
        for (const std::string part : {"", "x"}) {
            std::string begun = first(part, frames::binary);
            std::string text = part;
            for (std::size_t count = 1; count < limit; ++count) {
                begun += count + 1 < limit ? middle(part) : encode(frames::ping, "");
                if (count + 1 < limit) text += part;
            }
            const auto name = number(limit) + " of " + number(part.size());
            if (limit > 1)
                rows.push_back(with_limits(
                    {name, begun + last(part), {ping(), message(Frame::binary(text + part))}}, 1'000, limit));
            else
                rows.push_back(
                    with_limits({name, encode(frames::text, part), {message(Frame::text(part))}}, 1'000, limit));
            const Happenings before = limit > 1 ? Happenings{ping()} : Happenings{};
            rows.push_back(with_limits(
                fails(name + " and one more", begun + (limit > 1 ? middle(part) : "") + last(part), too_many, before),
                1'000, limit));
            rows.push_back(with_limits(fails(name + " and an empty one",
                                           begun + (limit > 1 ? middle(part) : "") + middle(""), too_many, before),
                1'000, limit));
        }
    }
    play(rows);
}
