// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Which certificates are taken, and which are refused, by whom and how they say it.
#include "tls/peers.hpp"

#include <gtest/gtest.h>

#include <openssl/x509_vfy.h>

namespace {

using namespace tls_test;
using rouse::tls::certificate_category;
using rouse::tls::ClientCertificate;
using rouse::tls::openssl_category;

/// A client that trusts the authority meets this server: why the client refuses it, and what the server
/// hears.
void expect_refused(const Identity& server, int verdict, const std::string& text, const std::string& heard,
                    const std::string& host = "localhost") {
    run([&]() -> Task<> {
        const auto shaken = co_await shake(client_config(), server_config(server), host);
        EXPECT_EQ(shaken.client_error(), std::error_code(verdict, certificate_category()));
        EXPECT_EQ(shaken.client_error().message(), "certificate refused: " + text);
        EXPECT_EQ(shaken.server_error().category(), openssl_category());
        EXPECT_TRUE(shaken.server_error().message().ends_with(heard)) << shaken.server_error().message();
    });
}

TEST(TlsCertificate, a_good_one_is_taken_for_each_of_its_names) {
    for (const char* host : {"localhost", "LocalHost", "localhost.", "www.example.test", "127.0.0.1"})
        run([&]() -> Task<> {
            auto shaken = co_await shake(client_config(), server_config(), host);
            EXPECT_EQ(shaken.client_error(), std::error_code()) << host << shaken.client_error().message();
            EXPECT_EQ(shaken.server_error(), std::error_code()) << host;
            if (!shaken.client) co_return;
            EXPECT_EQ(shaken.client->peer_name(), "CN=a server");
        });
}

TEST(TlsCertificate, one_for_another_host_is_refused) {
    expect_refused(localhost(), X509_V_ERR_HOSTNAME_MISMATCH, "hostname mismatch", "alert bad certificate",
                   "example.org");
    expect_refused(localhost(), X509_V_ERR_HOSTNAME_MISMATCH, "hostname mismatch", "alert bad certificate",
                   "a.b.example.test");
    expect_refused(localhost(), X509_V_ERR_IP_ADDRESS_MISMATCH, "IP address mismatch",
                   "alert bad certificate", "127.0.0.2");
}

TEST(TlsCertificate, the_common_name_is_no_name_of_a_host) {
    expect_refused(authority().issue(Subject("localhost")), X509_V_ERR_HOSTNAME_MISMATCH, "hostname mismatch",
                   "alert bad certificate");
}

Subject for_localhost() {
    Subject subject("a server");
    subject.alternatives = "DNS:localhost";
    return subject;
}

TEST(TlsCertificate, an_expired_one_is_refused) {
    Subject subject = for_localhost();
    subject.valid_from_days = -30;
    subject.valid_to_days = -1;
    expect_refused(authority().issue(subject), X509_V_ERR_CERT_HAS_EXPIRED, "certificate has expired",
                   "alert certificate expired");
}

TEST(TlsCertificate, one_of_tomorrow_is_refused) {
    Subject subject = for_localhost();
    subject.valid_from_days = 1;
    expect_refused(authority().issue(subject), X509_V_ERR_CERT_NOT_YET_VALID, "certificate is not yet valid",
                   "alert bad certificate");
}

TEST(TlsCertificate, one_of_an_unknown_authority_is_refused) {
    const Authority unknown("somebody");
    expect_refused(unknown.issue(for_localhost()), X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
                   "unable to get local issuer certificate", "alert unknown ca");
}

TEST(TlsCertificate, an_authority_of_the_same_name_but_another_key_is_refused) {
    const Authority impostor("rouse test authority");
    run([&]() -> Task<> {
        const auto shaken = co_await shake(client_config(), server_config(impostor.issue(for_localhost())));
        EXPECT_EQ(shaken.client_error().category(), certificate_category())
            << shaken.client_error().message();
    });
}

TEST(TlsCertificate, a_self_signed_one_is_refused_unless_it_is_the_one_that_is_trusted) {
    const Identity alone = self_signed(for_localhost());
    expect_refused(alone, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, "self-signed certificate",
                   "alert unknown ca");
    run([&]() -> Task<> {
        ClientOptions options;
        options.trust = Pem::text(alone.certificate);
        const auto shaken = co_await shake(or_throw(ClientConfig::make(options)), server_config(alone));
        EXPECT_EQ(shaken.client_error(), std::error_code());
    });
}

TEST(TlsCertificate, the_systems_authorities_do_not_know_ours) {
    run([&]() -> Task<> {
        const auto shaken = co_await shake(or_throw(ClientConfig::make()), server_config());
        EXPECT_EQ(shaken.client_error().category(), certificate_category());
    });
}

TEST(TlsCertificate, any_is_taken_by_who_asks_for_that) {
    run([&]() -> Task<> {
        ClientOptions options;
        options.accepts_any_certificate = true;
        const auto shaken =
            co_await shake(or_throw(ClientConfig::make(options)), server_config(self_signed(Subject("x"))));
        EXPECT_EQ(shaken.client_error(), std::error_code());
    });
}

TEST(TlsCertificate, a_chain_leads_to_the_authority) {
    const Authority between("between", authority());
    Identity identity = between.issue(for_localhost());
    run([&]() -> Task<> {
        const auto without = co_await shake(client_config(), server_config(identity));
        EXPECT_EQ(without.client_error().category(), certificate_category());
        identity.certificate += between.certificate();
        const auto with = co_await shake(client_config(), server_config(identity));
        EXPECT_EQ(with.client_error(), std::error_code()) << with.client_error().message();
    });
}

TEST(TlsCertificate, a_host_that_is_no_name_is_an_error_and_not_a_host_unchecked) {
    run([&]() -> Task<> {
        for (const std::string& host : {std::string(), std::string("."), std::string(".localhost"),
                                        std::string("localhost\0.evil", 15), std::string(300, 'x')}) {
            auto pair = or_throw(UnixStream::pair());
            const auto end = co_await rouse::tls::connect(std::move(pair.first), host, client_config());
            EXPECT_EQ(end ? std::error_code() : end.error(), TlsError::bad_host) << host;
        }
    });
}

TEST(TlsCertificate, the_one_for_the_name_that_the_client_asks_for) {
    Subject subject("another server");
    subject.alternatives = "DNS:other.test";
    const Identity other = authority().issue(subject);
    ServerOptions options = server_options();
    options.by_name.emplace_back("Other.test", server_config(other));
    run([&]() -> Task<> {
        const auto config = or_throw(ServerConfig::make(options));
        auto first = co_await shake(client_config(), config, "other.test");
        EXPECT_EQ(first.client.value().peer_name(), "CN=another server");
        EXPECT_EQ(first.server.value().server_name(), "other.test");
        auto second = co_await shake(client_config(), config, "localhost");
        EXPECT_EQ(second.client.value().peer_name(), "CN=a server");
        auto third = co_await shake(client_config(), config, "127.0.0.1");
        EXPECT_EQ(third.server.value().server_name(), "") << "an address is no name";
    });
}

ClientConfig with_certificate(const Identity& identity) {
    ClientOptions options = client_options();
    options.certificate = Pem::text(identity.certificate);
    options.key = Pem::text(identity.key);
    return or_throw(ClientConfig::make(options));
}
ServerConfig asking(ClientCertificate how) {
    ServerOptions options = server_options();
    options.client_certificate = how;
    options.trust = Pem::text(authority().certificate());
    return or_throw(ServerConfig::make(options));
}

TEST(TlsClientCertificate, is_sent_when_it_is_asked_for_and_named_to_the_server) {
    run([&]() -> Task<> {
        const auto config = with_certificate(authority().issue(Subject("a client")));
        for (const auto how : {ClientCertificate::asked, ClientCertificate::required}) {
            auto shaken = co_await shake(config, asking(how));
            EXPECT_EQ(shaken.server.value().peer_name(), "CN=a client");
        }
        auto unasked = co_await shake(config, server_config());
        EXPECT_EQ(unasked.server.value().peer_name(), "");
        auto without = co_await shake(client_config(), asking(ClientCertificate::asked));
        EXPECT_EQ(without.server.value().peer_name(), "");
    });
}

TEST(TlsClientCertificate, a_missing_one_is_refused_where_it_is_required_and_the_client_hears_it) {
    run([&]() -> Task<> {
        auto shaken = co_await shake(client_config(), asking(ClientCertificate::required));
        EXPECT_EQ(shaken.server_error().message(), "peer did not return a certificate");
        std::string text(8, '-');
        const auto heard = co_await shaken.client.value().read(room(text));
        EXPECT_EQ(heard.error().message(), "tlsv13 alert certificate required");
    });
}

TEST(TlsClientCertificate, one_of_an_unknown_authority_is_refused) {
    run([&]() -> Task<> {
        const Authority unknown("somebody");
        auto shaken = co_await shake(with_certificate(unknown.issue(Subject("a client"))),
                                     asking(ClientCertificate::asked));
        EXPECT_EQ(shaken.server_error(),
                  std::error_code(X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, certificate_category()));
        std::string text(8, '-');
        const auto heard = co_await shaken.client.value().read(room(text));
        EXPECT_TRUE(heard.error().message().ends_with("alert unknown ca")) << heard.error().message();
    });
}

TEST(TlsClientCertificate, is_required_by_the_config_of_the_name_that_requires_it) {
    ServerOptions options = server_options();
    options.by_name.emplace_back("www.example.test", asking(ClientCertificate::required));
    run([&]() -> Task<> {
        const auto config = or_throw(ServerConfig::make(options));
        const auto refused = co_await shake(client_config(), config, "www.example.test");
        EXPECT_EQ(refused.server_error().message(), "peer did not return a certificate");
        const auto taken = co_await shake(client_config(), config, "localhost");
        EXPECT_EQ(taken.server_error(), std::error_code());
    });
}

TEST(TlsConfig, what_is_wrong_with_its_files_is_an_error) {
    const auto error_of = [](const auto& options_to_make) {
        const auto made = options_to_make();
        return made ? std::string() : made.error().message();
    };
    const auto server = [&](const Pem& certificate, const Pem& key) {
        return error_of([&] {
            ServerOptions options;
            options.certificate = certificate;
            options.key = key;
            return ServerConfig::make(options);
        });
    };
    const Pem good = Pem::text(localhost().certificate);
    const Pem key = Pem::text(localhost().key);
    EXPECT_EQ(server(good, key), "");
    EXPECT_EQ(server(Pem::file("nosuch.pem"), key), "No such file or directory");
    EXPECT_EQ(server(Pem::file("/"), key), "Is a directory");
    EXPECT_EQ(server(Pem::text(""), key), "no start line");
    EXPECT_EQ(server(good, Pem::text("nonsense")), "unsupported");
    EXPECT_EQ(server(good, Pem::text(self_signed(Subject("x")).key)), "key values mismatch");
    EXPECT_NE(server(good, Pem::text(protect(localhost().key))), "") << "and it asks nobody";
    EXPECT_EQ(ServerConfig::make(ServerOptions()).error(), TlsError::bad_option);
    ClientOptions half = client_options();
    half.certificate = good;
    EXPECT_EQ(ClientConfig::make(half).error(), TlsError::bad_option);
    ClientOptions alpn = client_options();
    alpn.alpn = {"h2", ""};
    EXPECT_EQ(ClientConfig::make(alpn).error(), TlsError::bad_option);
    std::string broken = localhost().certificate;
    broken.replace(broken.size() / 2, 4, "!!!!");
    EXPECT_NE(server(Pem::text(localhost().certificate + broken), key), "") << "half a chain is none";
}

} // namespace
