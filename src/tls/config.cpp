// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/tls/config.hpp"

#include "tls/openssl.hpp"

#include <cerrno>
#include <cstdio>
#include <limits>
#include <new>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <strings.h>

namespace rouse {
namespace {

using Bio = detail::Openssl<BIO, BIO_free>;
using Certificate = detail::Openssl<X509, X509_free>;
using Key = detail::Openssl<EVP_PKEY, EVP_PKEY_free>;

/// The default asks on the terminal.
int no_pass_phrase(char*, int, int, void*) { return -1; }

Bio bio_of(const std::string& text) {
    Bio bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    if (!bio) throw std::bad_alloc();
    return bio;
}

/// All certificates of a text, at least one.
Result<std::vector<Certificate>> certificates(const tls::Pem& pem) {
    const auto text = pem.read();
    if (!text) return std::unexpected(text.error());
    const Bio bio = bio_of(*text);
    std::vector<Certificate> all;
    ERR_clear_error();
    while (X509* const one = PEM_read_bio_X509_AUX(bio.get(), nullptr, no_pass_phrase, nullptr))
        all.emplace_back(one);
    const bool is_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    if (all.empty() || !is_end) return detail::openssl_failed();
    ERR_clear_error();
    return all;
}

} // namespace

Result<std::string> tls::Pem::read() const {
    if (!is_file_) return what_;
    const detail::Openssl<std::FILE, std::fclose> file(std::fopen(what_.c_str(), "re"));
    if (!file) return detail::last_error();
    std::string text;
    char buffer[4096];
    while (const std::size_t count = std::fread(buffer, 1, sizeof(buffer), file.get()))
        text.append(buffer, count);
    if (std::ferror(file.get())) return detail::last_error(); // a directory, say
    return text;
}

Result<tls::ClientConfig> tls::ClientConfig::make(const ClientOptions& options) {
    auto context = detail::TlsContext::client(options);
    if (!context) return std::unexpected(context.error());
    return ClientConfig(std::move(*context));
}
Result<tls::ServerConfig> tls::ServerConfig::make(const ServerOptions& options) {
    auto context = detail::TlsContext::server(options);
    if (!context) return std::unexpected(context.error());
    return ServerConfig(std::move(*context));
}

namespace detail {

TlsContext::TlsContext(const SSL_METHOD* method) : context_(SSL_CTX_new(method)) {
    if (!context_) throw std::bad_alloc();
    SSL_CTX* const context = context_.get();
    // A renegotiation would let a peer make us work, and a write wait for a read. OpenSSL's default to take a
    // missing close_notify for an error stays.
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    // Sessions are not resumed: one that was made under another name's config would bring that one's verdict
    // on the client along.
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(context, 0);
    // A write that is tried again may come from elsewhere; an idle connection gives its buffers back.
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
}

Result<> TlsContext::set_alpn(const std::vector<std::string>& protocols) {
    for (const std::string& protocol : protocols) {
        if (protocol.empty() || protocol.size() > 255 || alpn_.size() > 60'000)
            return std::unexpected(make_error_code(tls::TlsError::bad_option));
        alpn_ += static_cast<char>(static_cast<unsigned char>(protocol.size()));
        alpn_ += protocol;
    }
    return {};
}

Result<> TlsContext::set_certificate(const tls::Pem& certificate, const tls::Pem& key) {
    auto chain = certificates(certificate);
    if (!chain) return std::unexpected(chain.error());
    const auto key_text = key.read();
    if (!key_text) return std::unexpected(key_text.error());
    const Bio bio = bio_of(*key_text);
    const Key parsed(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_pass_phrase, nullptr));
    if (!parsed) return openssl_failed();
    if (SSL_CTX_use_certificate(get(), chain->front().get()) != 1) return openssl_failed();
    for (std::size_t i = 1; i < chain->size(); ++i) {
        if (SSL_CTX_add0_chain_cert(get(), (*chain)[i].get()) != 1) return openssl_failed();
        (void)(*chain)[i].release();
    }
    if (SSL_CTX_use_PrivateKey(get(), parsed.get()) != 1) return openssl_failed();
    if (SSL_CTX_check_private_key(get()) != 1) return openssl_failed();
    return {};
}

Result<> TlsContext::set_trust(const std::optional<tls::Pem>& trust, bool of_clients) {
    if (!trust) {
        if (SSL_CTX_set_default_verify_paths(get()) != 1) return openssl_failed();
        return {};
    }
    const auto authorities = certificates(*trust);
    if (!authorities) return std::unexpected(authorities.error());
    X509_STORE* const store = SSL_CTX_get_cert_store(get());
    for (const Certificate& authority : *authorities) {
        if (X509_STORE_add_cert(store, authority.get()) != 1) return openssl_failed();
        if (of_clients && SSL_CTX_add_client_CA(get(), authority.get()) != 1) return openssl_failed();
    }
    return {};
}

namespace {
int number(tls::Version version) noexcept {
    return version == tls::Version::tls_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION;
}
} // namespace

Result<std::shared_ptr<const TlsContext>> TlsContext::client(const tls::ClientOptions& options) {
    ERR_clear_error();
    const std::shared_ptr<TlsContext> made(new TlsContext(TLS_client_method()));
    if (SSL_CTX_set_min_proto_version(made->get(), number(options.lowest)) != 1) return openssl_failed();
    if (options.certificate.has_value() != options.key.has_value())
        return std::unexpected(make_error_code(tls::TlsError::bad_option));
    if (options.certificate)
        if (const auto set = made->set_certificate(*options.certificate, *options.key); !set)
            return std::unexpected(set.error());
    if (const auto set = made->set_trust(options.trust, false); !set) return std::unexpected(set.error());
    if (const auto set = made->set_alpn(options.alpn); !set) return std::unexpected(set.error());
    const std::string& alpn = made->alpn_;
    if (!alpn.empty() &&
        SSL_CTX_set_alpn_protos(made->get(), reinterpret_cast<const unsigned char*>(alpn.data()),
                                static_cast<unsigned>(alpn.size())) != 0)
        return openssl_failed();
    made->verifies_ = !options.accepts_any_certificate;
    SSL_CTX_set_verify(made->get(), made->verifies_ ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
    return made;
}

Result<std::shared_ptr<const TlsContext>> TlsContext::server(const tls::ServerOptions& options) {
    using tls::ClientCertificate;
    ERR_clear_error();
    const std::shared_ptr<TlsContext> made(new TlsContext(TLS_server_method()));
    SSL_CTX* const context = made->get();
    if (SSL_CTX_set_min_proto_version(context, number(options.lowest)) != 1) return openssl_failed();
    if (!options.certificate || !options.key)
        return std::unexpected(make_error_code(tls::TlsError::bad_option));
    if (const auto set = made->set_certificate(*options.certificate, *options.key); !set)
        return std::unexpected(set.error());
    if (const auto set = made->set_alpn(options.alpn); !set) return std::unexpected(set.error());
    if (!made->alpn_.empty()) SSL_CTX_set_alpn_select_cb(context, choose_protocol, made.get());
    if (options.client_certificate != ClientCertificate::none) {
        if (const auto set = made->set_trust(options.trust, true); !set) return std::unexpected(set.error());
        int mode = SSL_VERIFY_PEER;
        if (options.client_certificate == ClientCertificate::required)
            mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
        SSL_CTX_set_verify(context, mode, nullptr);
    }
    for (const auto& [name, config] : options.by_name) {
        if (name.empty()) return std::unexpected(make_error_code(tls::TlsError::bad_option));
        made->by_name_.emplace_back(name, config.context_);
    }
    if (!made->by_name_.empty()) {
        // The macro for this has a cast of C.
        SSL_CTX_callback_ctrl(context, SSL_CTRL_SET_TLSEXT_SERVERNAME_CB,
                              reinterpret_cast<void (*)()>(choose_certificate));
        SSL_CTX_set_tlsext_servername_arg(context, made.get());
    }
    return made;
}

int TlsContext::choose_protocol(SSL*, const unsigned char** chosen, unsigned char* size,
                                const unsigned char* offered, unsigned offered_size, void* self) {
    const std::string& ours = static_cast<const TlsContext*>(self)->alpn_;
    unsigned char* found = nullptr;
    if (SSL_select_next_proto(&found, size, reinterpret_cast<const unsigned char*>(ours.data()),
                              static_cast<unsigned>(ours.size()), offered,
                              offered_size) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *chosen = found;
    return SSL_TLSEXT_ERR_OK;
}

int TlsContext::choose_certificate(SSL* ssl, int*, void* self) {
    const char* const asked = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    if (!asked) return SSL_TLSEXT_ERR_NOACK;
    for (const auto& [name, context] : static_cast<const TlsContext*>(self)->by_name_) {
        if (::strcasecmp(name.c_str(), asked) != 0) continue;
        SSL_set_SSL_CTX(ssl, context->get());
        // The call before takes over certificate, trust and callbacks, but not whether clients are verified.
        SSL_set_verify(ssl, SSL_CTX_get_verify_mode(context->get()), nullptr);
        return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_NOACK;
}

} // namespace detail
} // namespace rouse
