// SPDX-License-Identifier: BSL-1.0
#include "fuzz.hpp"

#include "support/tls_talk.hpp"

/// Any bytes as TLS records: instead of a server's, or after an honest handshake. Nothing that the server did not
/// encrypt may come out.

using namespace websockxx;
using namespace websockxx::test;
using fuzz::require;

namespace {

/// Gives the bytes to the filter, in pieces.
template <class Look>
void give(io::TlsFilter& filter, std::string_view bytes, std::size_t piece, Look look)
{
    while (!bytes.empty()) {
        const auto room = filter.prepare();
        require(!room.empty(), "there is always room");
        const auto size = std::min({room.size(), piece, bytes.size()});
        std::memcpy(room.data(), bytes.data(), size);
        filter.commit(size);
        bytes.remove_prefix(size);
        if (!look()) return;
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    fuzz::Input input{data, size};
    const bool after_handshake = input.byte() % 2 == 0;
    const auto piece = 1 + std::size_t{input.byte()};
    static const CertificateAuthority authority{"fuzz"};
    static const Identity identity = authority.issue();
    TlsTalk talk{trusting(authority.certificate()), "localhost", identity};
    auto& filter = talk.client();
    if (!after_handshake) {
        (void)filter.handshake();
        give(filter, input.rest(), piece, [&] {
            const auto outcome = filter.handshake();
            filter.consume(filter.output().size());
            require(outcome != io::TlsFilter::Handshake::done, "nobody is trusted without a key");
            return outcome == io::TlsFilter::Handshake::wants_input;
        });
        return 0;
    }
    require(talk.shake_hands() == io::TlsFilter::Handshake::done, "an honest server is trusted");
    error_code ec;
    require(talk.read(ec).empty(), "it has said nothing yet");
    give(filter, input.rest(), piece, [&] {
        std::byte room[512];
        require(filter.read_some(room, ec) == 0, "nothing comes out that the server did not say");
        require(ec.failed(), "but a reason");
        filter.consume(filter.output().size());
        return ec == boost::asio::error::would_block;
    });
    return 0;
}
