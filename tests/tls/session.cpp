// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// A session by hand: what no well-behaved peer does.
#include "tls/peers.hpp"

#include <gtest/gtest.h>

#include <openssl/ssl.h>

namespace {

using namespace tls_test;
using rouse::detail::TlsSession;

/// What one has to say goes to the other.
void carry(TlsSession& from, TlsSession& to) {
    const auto output = from.output();
    to.input(output);
    from.sent(output.size());
}

void shake_hands(TlsSession& client, TlsSession& server) {
    bool client_done = false;
    bool server_done = false;
    while (!client_done || !server_done) {
        client_done = or_throw(client.handshake());
        carry(client, server);
        server_done = or_throw(server.handshake());
        carry(server, client);
    }
}

/// A client that speaks TLS 1.2 at most, and its server, after the handshake.
class Pair {
public:
    Pair()
        : client(or_throw(TlsSession::client(client_config(), "localhost"))),
          server(or_throw(TlsSession::server(server_config()))) {
        SSL_set_max_proto_version(client->native(), TLS1_2_VERSION);
        SSL_clear_options(client->native(), SSL_OP_NO_RENEGOTIATION);
        shake_hands(*client, *server);
    }
    std::unique_ptr<TlsSession> client;
    std::unique_ptr<TlsSession> server;
};

TEST(TlsSession, a_renegotiation_is_refused_and_the_connection_goes_on) {
    Pair pair;
    EXPECT_EQ(pair.client->version(), "TLSv1.2");
    EXPECT_EQ(SSL_renegotiate(pair.client->native()), 1);
    EXPECT_EQ(pair.client->handshake(), false) << "it has sent a hello";
    carry(*pair.client, *pair.server);
    std::string text(8, '-');
    EXPECT_FALSE(or_throw(pair.server->read(room(text))).has_value());
    // It goes on as it was: the refusal is all that it says.
    EXPECT_LT(pair.server->output().size(), 100u);
    EXPECT_GT(pair.server->output().size(), 0u);
    carry(*pair.server, *pair.client);
    EXPECT_EQ(pair.client->handshake().error().message(), "no renegotiation");
    EXPECT_EQ(pair.server->write(bytes("still here")), 10u);
}

TEST(TlsSession, what_is_given_back_is_not_given_again) {
    Pair pair;
    EXPECT_EQ(pair.server->write(bytes("hello")), 5u);
    const auto all = pair.server->output();
    const std::string copy(rouse::io::text(all));
    for (std::size_t i = 0; i < copy.size(); ++i) {
        EXPECT_EQ(rouse::io::text(pair.server->output()), copy.substr(i));
        pair.client->input(pair.server->output().first(1));
        pair.server->sent(1);
        std::string text(8, '-');
        const auto got = pair.client->read(room(text));
        ASSERT_TRUE(got.has_value());
        EXPECT_EQ(got->value_or(0), i + 1 < copy.size() ? 0u : 5u);
    }
    EXPECT_TRUE(pair.server->output().empty());
}

// Each request for new keys is answered, by the next read already.
TEST(TlsSession, a_peer_that_does_not_read_what_it_makes_us_say_is_given_up) {
    const auto client = or_throw(TlsSession::client(client_config(), "localhost"));
    const auto server = or_throw(TlsSession::server(server_config()));
    shake_hands(*client, *server);
    EXPECT_EQ(client->version(), "TLSv1.3");
    std::string text(8, '-');
    std::error_code error;
    std::size_t most = 0;
    for (int i = 0; i < 100'000 && !error; ++i) {
        EXPECT_EQ(SSL_key_update(client->native(), SSL_KEY_UPDATE_REQUESTED), 1);
        EXPECT_EQ(client->handshake(), true);
        carry(*client, *server);
        if (const auto read = server->read(room(text)); !read) error = read.error();
        most = std::max(most, server->output().size());
    }
    EXPECT_EQ(error, std::errc::no_buffer_space) << error.message();
    EXPECT_GT(most, TlsSession::most_unsent);
    EXPECT_LT(most, TlsSession::most_unsent + 1000);
}

TEST(TlsSession, reading_stops_while_too_much_is_unsent) {
    Pair pair;
    carry(*pair.server, *pair.client);
    std::string text(8, '-');
    const std::string block(TlsSession::longest_record, 'x');
    while (pair.server->output().size() <= TlsSession::most_unsent) {
        EXPECT_FALSE(or_throw(pair.server->read(room(text))).has_value());
        EXPECT_EQ(pair.server->write(bytes(block)), block.size());
    }
    EXPECT_EQ(pair.server->read(room(text)).error(), std::errc::no_buffer_space);
    carry(*pair.server, *pair.client);
    EXPECT_FALSE(or_throw(pair.server->read(room(text))).has_value()) << "and goes on after that";
}

} // namespace
