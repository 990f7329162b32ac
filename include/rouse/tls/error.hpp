// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <system_error>

namespace rouse::tls {

/// What goes wrong in TLS without OpenSSL having a code for it.
enum class TlsError {
    truncated = 1, ///< The connection ended without the peer's close_notify: somebody may have cut it, and
                   ///< what came may not be all. Is `std::errc::connection_aborted`.
    bad_host,      ///< No name or address that a certificate could be for. Is `std::errc::invalid_argument`.
    bad_option,    ///< A server without certificate or key, a name for ALPN that is none. The same.
};
const std::error_category& tls_category() noexcept;
inline std::error_code make_error_code(TlsError error) noexcept {
    return std::error_code(static_cast<int>(error), tls_category());
}

/// The errors that OpenSSL gives: the value is its packed code, the message its reason ("wrong version
/// number", "tlsv1 alert unknown ca").
const std::error_category& openssl_category() noexcept;

/// Why a certificate was refused: the value is an X509_V_ERR_, the message OpenSSL's text for it
/// ("certificate has expired", "hostname mismatch"). An error has this category if and only if we refused the
/// peer's.
const std::error_category& certificate_category() noexcept;

} // namespace rouse::tls

template <>
struct std::is_error_code_enum<rouse::tls::TlsError> : std::true_type {};
