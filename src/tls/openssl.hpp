// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/tls/config.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <openssl/ssl.h>

namespace rouse::detail {

template <auto free>
class OpensslFree {
public:
    template <class T>
    void operator()(T* object) const noexcept {
        free(object);
    }
};
template <class T, auto free>
using Openssl = std::unique_ptr<T, OpensslFree<free>>;

/// What OpenSSL's queue of errors begins with: the cause. The queue is empty then.
std::error_code openssl_error() noexcept;
inline std::unexpected<std::error_code> openssl_failed() noexcept { return std::unexpected(openssl_error()); }

/// An SSL_CTX, and what its callbacks look at.
class TlsContext {
public:
    static Result<std::shared_ptr<const TlsContext>> client(const tls::ClientOptions& options);
    static Result<std::shared_ptr<const TlsContext>> server(const tls::ServerOptions& options);
    TlsContext(const TlsContext&) = delete;
    TlsContext& operator=(const TlsContext&) = delete;

    [[nodiscard]] SSL_CTX* get() const noexcept { return context_.get(); }
    [[nodiscard]] bool verifies() const noexcept { return verifies_; }

private:
    explicit TlsContext(const SSL_METHOD* method);
    Result<> set_alpn(const std::vector<std::string>& protocols);
    Result<> set_certificate(const tls::Pem& certificate, const tls::Pem& key);
    Result<> set_trust(const std::optional<tls::Pem>& trust, bool of_clients);
    static int choose_protocol(SSL* ssl, const unsigned char** chosen, unsigned char* size,
                               const unsigned char* offered, unsigned offered_size, void* self);
    static int choose_certificate(SSL* ssl, int* alert, void* self);

    Openssl<SSL_CTX, SSL_CTX_free> context_;
    std::string alpn_; // as the protocol writes it
    std::vector<std::pair<std::string, std::shared_ptr<const TlsContext>>> by_name_;
    bool verifies_ = true;
};

} // namespace rouse::detail
