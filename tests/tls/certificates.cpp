// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tls/certificates.hpp"

#include <gtest/gtest.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace tls_test {
namespace {

class Free {
public:
    void operator()(X509* x) const { X509_free(x); }
    void operator()(EVP_PKEY* k) const { EVP_PKEY_free(k); }
    void operator()(BIO* b) const { BIO_free(b); }
};
using Certificate = std::unique_ptr<X509, Free>;
using Key = std::unique_ptr<EVP_PKEY, Free>;
using Bio = std::unique_ptr<BIO, Free>;

std::string text_of(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return std::string(data, static_cast<std::size_t>(size));
}
std::string pem(X509* certificate) {
    const Bio bio(BIO_new(BIO_s_mem()));
    EXPECT_EQ(PEM_write_bio_X509(bio.get(), certificate), 1);
    return text_of(bio.get());
}
std::string pem(EVP_PKEY* key) {
    const Bio bio(BIO_new(BIO_s_mem()));
    EXPECT_EQ(PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr), 1);
    return text_of(bio.get());
}
Key new_key() { return Key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")); }

void add(X509* certificate, X509* issuer, int what, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str());
    ASSERT_NE(extension, nullptr) << value;
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

/// `issuer` null: by itself.
Certificate make(const Subject& subject, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuer_key,
                 bool is_authority) {
    static long serial = 1000;
    Certificate made(X509_new());
    X509_set_version(made.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), subject.valid_from_days * 86400L);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), subject.valid_to_days * 86400L);
    X509_set_pubkey(made.get(), key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(subject.common_name.c_str()), -1, -1,
                               0);
    X509* const by = issuer ? issuer : made.get();
    X509_set_issuer_name(made.get(), X509_get_subject_name(by));
    add(made.get(), by, NID_subject_key_identifier, "hash");
    add(made.get(), by, NID_basic_constraints, is_authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
    if (is_authority) add(made.get(), by, NID_key_usage, "critical,keyCertSign");
    if (!subject.alternatives.empty()) add(made.get(), by, NID_subject_alt_name, subject.alternatives);
    EXPECT_GT(X509_sign(made.get(), issuer_key, EVP_sha256()), 0);
    return made;
}

} // namespace

class Authority::Keys {
public:
    Key key = new_key();
    Certificate certificate;
};

Authority::Authority(const std::string& name) : keys_(std::make_unique<Keys>()) {
    keys_->certificate = make(Subject(name), keys_->key.get(), nullptr, keys_->key.get(), true);
    certificate_ = pem(keys_->certificate.get());
}
Authority::Authority(const std::string& name, const Authority& above) : keys_(std::make_unique<Keys>()) {
    keys_->certificate =
        make(Subject(name), keys_->key.get(), above.keys_->certificate.get(), above.keys_->key.get(), true);
    certificate_ = pem(keys_->certificate.get());
}
Authority::~Authority() = default;

Identity Authority::issue(const Subject& subject) const {
    const Key key = new_key();
    const Certificate made = make(subject, key.get(), keys_->certificate.get(), keys_->key.get(), false);
    Identity identity;
    identity.certificate = pem(made.get());
    identity.key = pem(key.get());
    return identity;
}
Identity self_signed(const Subject& subject) {
    const Key key = new_key();
    const Certificate made = make(subject, key.get(), nullptr, key.get(), false);
    Identity identity;
    identity.certificate = pem(made.get());
    identity.key = pem(key.get());
    return identity;
}
std::string protect(const std::string& key) {
    const Bio in(BIO_new_mem_buf(key.data(), static_cast<int>(key.size())));
    const Key parsed(PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr));
    const Bio out(BIO_new(BIO_s_mem()));
    EXPECT_EQ(PEM_write_bio_PKCS8PrivateKey(out.get(), parsed.get(), EVP_aes_128_cbc(), "phrase", 6, nullptr,
                                            nullptr),
              1);
    return text_of(out.get());
}

} // namespace tls_test
