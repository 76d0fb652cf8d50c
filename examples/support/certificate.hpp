// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

namespace example {

/// A certificate for localhost, 127.0.0.1 and ::1, the key that belongs to it, and the authority that signed it and
/// that a client has to trust. All PEM.
struct Certificate {
    std::string ca_pem;
    std::string certificate_pem;
    std::string private_key_pem;
};

/// Makes an authority and lets it sign one certificate, good for a day. The authority's key is forgotten at once.
[[nodiscard]] Certificate make_certificate();

} // namespace example
