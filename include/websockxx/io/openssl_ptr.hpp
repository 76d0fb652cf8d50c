// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

namespace websockxx::io {

/// Frees with a C function.
template <auto function>
struct FreeWith {
    template <class T>
    void operator()(T* object) const noexcept
    {
        function(object);
    }
};

using SslContextPtr = std::unique_ptr<SSL_CTX, FreeWith<SSL_CTX_free>>;
using SslPtr = std::unique_ptr<SSL, FreeWith<SSL_free>>;
using BioPtr = std::unique_ptr<BIO, FreeWith<BIO_free_all>>;

/// What was written to a memory BIO.
[[nodiscard]] inline std::string text_of(BIO* bio)
{
    char* begin = nullptr;
    const auto size = BIO_get_mem_data(bio, &begin);
    return size > 0 ? std::string(begin, static_cast<std::size_t>(size)) : std::string();
}

} // namespace websockxx::io
