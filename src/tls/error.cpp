// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/tls/error.hpp"

#include "tls/openssl.hpp"

#include <string>

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

namespace rouse {
namespace {

class TlsCategory : public std::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "rouse.tls"; }
    [[nodiscard]] std::string message(int value) const override {
        switch (static_cast<tls::TlsError>(value)) {
        case tls::TlsError::truncated:
            return "the connection ended without the end of TLS";
        case tls::TlsError::bad_host:
            return "no name of a host that a certificate could be for";
        case tls::TlsError::bad_option:
            return "an option of TLS is missing, or is none";
        }
        return "unknown error";
    }
    [[nodiscard]] std::error_condition default_error_condition(int value) const noexcept override {
        switch (static_cast<tls::TlsError>(value)) {
        case tls::TlsError::truncated:
            return std::errc::connection_aborted;
        case tls::TlsError::bad_host:
        case tls::TlsError::bad_option:
            return std::errc::invalid_argument;
        }
        return std::error_condition(value, *this);
    }
};

class OpensslCategory : public std::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "openssl"; }
    [[nodiscard]] std::string message(int value) const override {
        const char* const reason = ERR_reason_error_string(static_cast<unsigned>(value));
        return reason ? reason : "error " + std::to_string(ERR_GET_REASON(static_cast<unsigned>(value)));
    }
};

class CertificateCategory : public std::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "x509"; }
    [[nodiscard]] std::string message(int value) const override {
        return std::string("certificate refused: ") + X509_verify_cert_error_string(value);
    }
};

} // namespace

const std::error_category& tls::tls_category() noexcept {
    static const TlsCategory category;
    return category;
}
const std::error_category& tls::openssl_category() noexcept {
    static const OpensslCategory category;
    return category;
}
const std::error_category& tls::certificate_category() noexcept {
    static const CertificateCategory category;
    return category;
}

std::error_code detail::openssl_error() noexcept {
    const unsigned long error = ERR_get_error();
    ERR_clear_error();
    if (ERR_SYSTEM_ERROR(error)) return std::error_code(ERR_GET_REASON(error), std::system_category());
    // Out of memory may leave nothing in the queue. An error must not look like success.
    return std::error_code(error ? static_cast<int>(error) : ERR_R_INTERNAL_ERROR, tls::openssl_category());
}

} // namespace rouse
