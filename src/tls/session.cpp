// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/tls/session.hpp"

#include "tls/openssl.hpp"

#include <new>

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

namespace rouse::detail {
namespace {

bool is_ip_address(const std::string& host) noexcept {
    unsigned char address[16];
    return ::inet_pton(AF_INET, host.c_str(), address) == 1 ||
           ::inet_pton(AF_INET6, host.c_str(), address) == 1;
}

} // namespace

TlsSession::TlsSession(std::shared_ptr<const TlsContext> context, bool is_client)
    : context_(std::move(context)), ssl_(SSL_new(context_->get())) {
    BIO* const in = BIO_new(BIO_s_mem());
    BIO* const out = BIO_new(BIO_s_mem());
    if (!ssl_ || !in || !out) {
        BIO_free(in);
        BIO_free(out);
        SSL_free(ssl_);
        throw std::bad_alloc();
    }
    SSL_set_bio(ssl_, in, out); // which has them now
    if (is_client) SSL_set_connect_state(ssl_);
    else SSL_set_accept_state(ssl_);
}
TlsSession::~TlsSession() { SSL_free(ssl_); }

Result<std::unique_ptr<TlsSession>> TlsSession::client(const tls::ClientConfig& config,
                                                       const std::string& host) {
    ERR_clear_error();
    std::string name = host;
    if (name.ends_with('.')) name.pop_back(); // certificates and SNI are without it
    // Without a name OpenSSL would verify none; of one that begins with a dot it would take any subdomain.
    if (name.empty() || name.starts_with('.') || name.find('\0') != std::string::npos)
        return std::unexpected(make_error_code(tls::TlsError::bad_host));
    std::unique_ptr<TlsSession> made(new TlsSession(config.context_, true));
    X509_VERIFY_PARAM* const verify = SSL_get0_param(made->ssl_);
    X509_VERIFY_PARAM_set_hostflags(verify, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
                                                X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    const bool is_set = is_ip_address(name)
                            ? X509_VERIFY_PARAM_set1_ip_asc(verify, name.c_str()) == 1
                            : X509_VERIFY_PARAM_set1_host(verify, name.c_str(), name.size()) == 1 &&
                                  SSL_ctrl(made->ssl_, SSL_CTRL_SET_TLSEXT_HOSTNAME,
                                           TLSEXT_NAMETYPE_host_name, name.data()) == 1;
    if (!is_set) {
        ERR_clear_error();
        return std::unexpected(make_error_code(tls::TlsError::bad_host)); // longer than SNI has room for, say
    }
    return made;
}
Result<std::unique_ptr<TlsSession>> TlsSession::server(const tls::ServerConfig& config) {
    ERR_clear_error();
    return std::unique_ptr<TlsSession>(new TlsSession(config.context_, false));
}

/// True: done. False: more input is needed.
Result<bool> TlsSession::outcome(int returned) {
    switch (SSL_get_error(ssl_, returned)) {
    case SSL_ERROR_NONE:
        return true;
    case SSL_ERROR_WANT_READ:
        return false;
    default:
        break;
    }
    const bool by_us = ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_CERTIFICATE_VERIFY_FAILED;
    if (const long verdict = SSL_get_verify_result(ssl_); by_us && verdict != X509_V_OK) {
        ERR_clear_error();
        broken_ = std::error_code(static_cast<int>(verdict), tls::certificate_category());
    } else {
        broken_ = openssl_error();
    }
    return std::unexpected(broken_);
}

Result<bool> TlsSession::handshake() {
    if (broken_) return std::unexpected(broken_);
    ERR_clear_error();
    return outcome(SSL_do_handshake(ssl_));
}

Result<std::optional<std::size_t>> TlsSession::read(io::Bytes room) {
    if (broken_) return std::unexpected(broken_);
    if (output().size() > most_unsent) // it lets us answer, and does not read the answers
        return std::unexpected(std::make_error_code(std::errc::no_buffer_space));
    ERR_clear_error();
    std::size_t count = 0;
    const int returned = SSL_read_ex(ssl_, room.data(), room.size(), &count);
    if (returned == 1) return count;
    if (SSL_get_error(ssl_, returned) == SSL_ERROR_ZERO_RETURN) return 0;
    const auto result = outcome(returned);
    if (!result) return std::unexpected(result.error());
    return std::nullopt;
}

Result<std::size_t> TlsSession::write(io::ConstBytes bytes) {
    if (broken_) return std::unexpected(broken_);
    if (SSL_get_shutdown(ssl_) & SSL_SENT_SHUTDOWN)
        return std::unexpected(std::make_error_code(std::errc::broken_pipe));
    ERR_clear_error();
    std::size_t count = 0;
    const auto result = outcome(SSL_write_ex(ssl_, bytes.data(), bytes.size(), &count));
    if (!result) return std::unexpected(result.error());
    // A write waits for nothing: there is no renegotiation, and the output has room.
    if (!*result) return std::unexpected(std::make_error_code(std::errc::protocol_error));
    return count;
}

Result<> TlsSession::end() {
    if (broken_) return std::unexpected(broken_);
    ERR_clear_error();
    const int returned = SSL_shutdown(ssl_); // 0: said; 1: and the peer has said it too
    if (returned >= 0) return {};
    const auto result = outcome(returned);
    if (!result) return std::unexpected(result.error());
    return {};
}

void TlsSession::input(io::ConstBytes bytes) {
    if (BIO_write(SSL_get_rbio(ssl_), bytes.data(), static_cast<int>(bytes.size())) !=
        static_cast<int>(bytes.size()))
        throw std::bad_alloc();
}
io::ConstBytes TlsSession::output() const {
    char* data = nullptr;
    const long size = BIO_get_mem_data(SSL_get_wbio(ssl_), &data);
    return io::bytes(std::string_view(data, static_cast<std::size_t>(size))).subspan(sent_);
}
void TlsSession::sent(std::size_t count) {
    sent_ += count;
    if (!output().empty()) return;
    (void)BIO_reset(SSL_get_wbio(ssl_));
    sent_ = 0;
}

std::string TlsSession::alpn() const {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_, &name, &size);
    return std::string(reinterpret_cast<const char*>(name), size);
}
std::string TlsSession::server_name() const {
    const char* const name = SSL_get_servername(ssl_, TLSEXT_NAMETYPE_host_name);
    return name ? name : "";
}
std::string TlsSession::version() const { return SSL_get_version(ssl_); }
std::string TlsSession::peer_name() const {
    X509* const certificate = SSL_get0_peer_certificate(ssl_);
    const Openssl<BIO, BIO_free> text(certificate ? BIO_new(BIO_s_mem()) : nullptr);
    if (!text) return {};
    X509_NAME_print_ex(text.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
    char* data = nullptr;
    const long size = BIO_get_mem_data(text.get(), &data);
    return std::string(data, static_cast<std::size_t>(size));
}

} // namespace rouse::detail
