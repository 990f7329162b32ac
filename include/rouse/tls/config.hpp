// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/io/result.hpp"
#include "rouse/tls/error.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace rouse::detail {
class TlsContext;
class TlsSession;
} // namespace rouse::detail

namespace rouse::tls {

/// Certificates or a key in PEM: in a file, which is read when a config is made, or in memory. A key that is
/// protected by a pass phrase is an error: nobody is asked for one.
class Pem {
public:
    [[nodiscard]] static Pem file(std::string path) { return Pem(std::move(path), true); }
    [[nodiscard]] static Pem text(std::string text) { return Pem(std::move(text), false); }
    /// The text. Errors: the system's.
    [[nodiscard]] Result<std::string> read() const;

private:
    Pem(std::string what, bool is_file) noexcept : what_(std::move(what)), is_file_(is_file) {}
    std::string what_;
    bool is_file_;
};

enum class Version { tls_1_2, tls_1_3 };

/// How a client is to be.
class ClientOptions {
public:
    ClientOptions() = default;
    std::optional<Pem> trust;       ///< Certificates of the authorities that are trusted; none: the system's.
    std::optional<Pem> certificate; ///< Ours, if the server asks for one, with its chain; needs `key`.
    std::optional<Pem> key;
    std::vector<std::string> alpn; ///< The protocols that we offer, the best first: "h2", "http/1.1".
    Version lowest = Version::tls_1_2;
    /// Takes any certificate, for any host: whoever sits in between can read all of it, and change it.
    bool accepts_any_certificate = false;
};

/// Whether a server asks its clients for a certificate.
enum class ClientCertificate {
    none,
    asked,    ///< One that comes must be good.
    required, ///< And one must come.
};

class ServerConfig;

/// How a server is to be.
class ServerOptions {
public:
    ServerOptions() = default;
    std::optional<Pem> certificate; ///< Required: the server's own, then those of its chain.
    std::optional<Pem> key;         ///< Required.
    std::vector<std::string> alpn;  ///< The protocols that are taken, the best first. A client that offers
                                    ///< none of them is refused; one that offers nothing is not.
    Version lowest = Version::tls_1_2;
    ClientCertificate client_certificate = ClientCertificate::none;
    std::optional<Pem> trust; ///< The authorities of clients' certificates; none: the system's.
    /// Other certificates for clients that ask for these names (SNI, without regard to case; no wildcards).
    /// Of such a config the certificate counts, `client_certificate`, `trust` and `alpn`.
    std::vector<std::pair<std::string, ServerConfig>> by_name;
};

/// What clients share: the trusted authorities, and what else TLS needs to know. Immutable, cheap to copy.
/// TLS 1.2 or newer; the certificate and the name of the host are verified. Thread: any.
///
/// ```cpp
/// const auto config = rouse::or_throw(rouse::tls::ClientConfig::make());
/// auto secure = rouse::or_throw(co_await rouse::tls::connect(std::move(stream), "example.org", config));
/// ```
class ClientConfig {
public:
    /// Reads files, and blocks meanwhile: make it once, at the start. Errors: the system's for a file;
    /// OpenSSL's for what is in it ("no start line", "key values mismatch"); `TlsError::bad_option`.
    [[nodiscard]] static Result<ClientConfig> make(const ClientOptions& options = ClientOptions());

private:
    friend class detail::TlsSession;
    explicit ClientConfig(std::shared_ptr<const detail::TlsContext> context) noexcept
        : context_(std::move(context)) {}
    std::shared_ptr<const detail::TlsContext> context_;
};

/// What the connections of a server share: certificate and key. Immutable, cheap to copy; a new one serves
/// new connections, while old ones go on with theirs. TLS 1.2 or newer; no renegotiation, no compression;
/// sessions are not resumed. Thread: any.
class ServerConfig {
public:
    /// As `ClientConfig::make`.
    [[nodiscard]] static Result<ServerConfig> make(const ServerOptions& options);

private:
    friend class detail::TlsSession;
    friend class detail::TlsContext;
    explicit ServerConfig(std::shared_ptr<const detail::TlsContext> context) noexcept
        : context_(std::move(context)) {}
    std::shared_ptr<const detail::TlsContext> context_;
};

} // namespace rouse::tls
