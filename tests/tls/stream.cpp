// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The stream, and peers that do not do what they should.
#include <rouse/net/tcp_listener.hpp>

#include "tls/peers.hpp"

#include <gtest/gtest.h>

#include <openssl/ssl.h>

namespace {

using namespace tls_test;
using rouse::Context;
using rouse::Pending;
using rouse::Poll;
using rouse::io::Bytes;
using rouse::io::ConstBytes;

static_assert(rouse::io::AsyncRead<TlsStream<UnixStream>> && rouse::io::AsyncWrite<TlsStream<UnixStream>>);

template <class S>
Task<std::string> read_all(S& stream) {
    std::string text;
    or_throw(co_await rouse::io::read_to_end(stream, text));
    co_return text;
}

TEST(Tls, talks_both_ways_and_ends_with_close_notify) {
    run([]() -> Task<> {
        Secure pair = co_await secure();
        EXPECT_EQ(pair.client.version(), "TLSv1.3");
        or_throw(co_await rouse::io::write_all(pair.client, bytes("question")));
        std::string text(8, '-');
        or_throw(co_await rouse::io::read_exact(pair.server, room(text)));
        EXPECT_EQ(text, "question");
        or_throw(co_await rouse::io::shutdown(pair.client));
        EXPECT_EQ(co_await pair.server.read(room(text)), 0u);
        EXPECT_EQ(co_await pair.server.read(room(text)), 0u) << "the end stays";
        // The other direction goes on.
        or_throw(co_await rouse::io::write_all(pair.server, bytes("answer")));
        or_throw(co_await rouse::io::shutdown(pair.server));
        EXPECT_EQ(co_await read_all(pair.client), "answer");
        EXPECT_EQ((co_await pair.client.write(bytes("x"))).error(), std::errc::broken_pipe);
        EXPECT_TRUE((co_await rouse::io::shutdown(pair.client)).has_value()) << "twice is once";
    });
}

TEST(Tls, an_empty_read_or_write_is_nothing) {
    run([]() -> Task<> {
        Secure pair = co_await secure();
        EXPECT_EQ(co_await pair.client.write(bytes("")), 0u);
        EXPECT_EQ(co_await pair.client.read(Bytes()), 0u);
    });
}

/// A stream that gives and takes one byte at a time.
class OneByte {
public:
    explicit OneByte(UnixStream stream) : stream_(std::move(stream)) {}
    Poll<Result<std::size_t>> poll_read(Context& cx, Bytes into) {
        return stream_.poll_read(cx, into.first(std::min<std::size_t>(into.size(), 1)));
    }
    Poll<Result<std::size_t>> poll_write(Context& cx, ConstBytes from) {
        return stream_.poll_write(cx, from.first(std::min<std::size_t>(from.size(), 1)));
    }
    Poll<Result<>> poll_flush(Context& cx) { return stream_.poll_flush(cx); }
    Poll<Result<>> poll_shutdown(Context& cx) { return stream_.poll_shutdown(cx); }

private:
    UnixStream stream_;
};

TEST(Tls, one_byte_at_a_time_is_put_together) {
    run([]() -> Task<> {
        auto pair = or_throw(UnixStream::pair());
        auto shaken = co_await shake(OneByte(std::move(pair.first)), OneByte(std::move(pair.second)),
                                     client_config(), server_config(), "localhost");
        auto client = or_throw(std::move(shaken.client));
        auto server = or_throw(std::move(shaken.server));
        const std::string sent(20'000, 'x');
        auto send = [&]() -> Task<> {
            or_throw(co_await rouse::io::write_all(client, bytes(sent)));
            or_throw(co_await rouse::io::shutdown(client));
        };
        auto both = co_await rouse::join(send(), read_all(server));
        EXPECT_TRUE(std::get<1>(both) == sent);
    });
}

TEST(Tls, much_goes_both_ways_at_once) {
    run([]() -> Task<> {
        Secure pair = co_await secure();
        std::string up(3 << 20, '\0');
        std::string down(5 << 20, '\0');
        for (std::size_t i = 0; i < up.size(); ++i) up[i] = static_cast<char>(i * 7 >> 8);
        for (std::size_t i = 0; i < down.size(); ++i) down[i] = static_cast<char>(i * 11 >> 8);
        auto send = [](auto& stream, const std::string& text) -> Task<> {
            or_throw(co_await rouse::io::write_all(stream, bytes(text)));
            or_throw(co_await rouse::io::shutdown(stream));
        };
        // Each end reads and writes in one task, the two ends in two.
        auto client = [&]() -> Task<bool> {
            auto both = co_await rouse::join(send(pair.client, up), read_all(pair.client));
            co_return std::get<1>(both) == down;
        };
        auto server = [&]() -> Task<bool> {
            auto both = co_await rouse::join(send(pair.server, down), read_all(pair.server));
            co_return std::get<1>(both) == up;
        };
        auto clients = rouse::spawn(client);
        auto servers = rouse::spawn(server);
        EXPECT_TRUE(co_await clients);
        EXPECT_TRUE(co_await servers);
    });
}

TEST(Tls, alpn_takes_the_first_of_the_servers_that_the_client_knows) {
    const auto agreed = [](std::vector<std::string> of_client, std::vector<std::string> of_server) {
        std::string result;
        run([&]() -> Task<> {
            ClientOptions client = client_options();
            client.alpn = of_client;
            ServerOptions server = server_options();
            server.alpn = of_server;
            auto shaken =
                co_await shake(or_throw(ClientConfig::make(client)), or_throw(ServerConfig::make(server)));
            result = shaken.client ? shaken.client->alpn() : shaken.client_error().message();
            if (!shaken.client || !shaken.server) co_return;
            EXPECT_EQ(shaken.server->alpn(), result);
        });
        return result;
    };
    EXPECT_EQ(agreed({"http/1.1", "h2"}, {"h2", "http/1.1"}), "h2");
    EXPECT_EQ(agreed({"http/1.1"}, {"h2", "http/1.1"}), "http/1.1");
    EXPECT_EQ(agreed({}, {"h2"}), "");
    EXPECT_EQ(agreed({"h2"}, {}), "");
    EXPECT_EQ(agreed({"spdy"}, {"h2"}), "tlsv1 alert no application protocol");
}

TEST(Tls, a_version_that_is_too_old_is_refused) {
    run([]() -> Task<> {
        ServerOptions options = server_options();
        options.lowest = rouse::tls::Version::tls_1_3;
        auto session = or_throw(rouse::detail::TlsSession::client(client_config(), "localhost"));
        SSL_set_max_proto_version(session->native(), TLS1_2_VERSION);
        auto pair = or_throw(UnixStream::pair());
        auto both = co_await rouse::join(
            rouse::tls::Handshake<UnixStream>(std::move(pair.first), std::move(session)),
            rouse::tls::accept(std::move(pair.second), or_throw(ServerConfig::make(options))));
        EXPECT_EQ(std::get<0>(both).error().message(), "tlsv1 alert protocol version");
        EXPECT_EQ(std::get<1>(both).error().message(), "unsupported protocol");
    });
}

TEST(Tls, a_connection_that_is_cut_is_an_error_and_no_end) {
    run([]() -> Task<> {
        Secure pair = co_await secure();
        or_throw(co_await rouse::io::write_all(pair.server, bytes("half an ans")));
        { auto gone = std::move(pair.server); }
        std::string text(11, '-');
        or_throw(co_await rouse::io::read_exact(pair.client, room(text)));
        EXPECT_EQ(text, "half an ans") << "what came in whole records was signed";
        EXPECT_EQ((co_await pair.client.read(room(text))).error(), TlsError::truncated);
        EXPECT_EQ((co_await pair.client.read(room(text))).error(), TlsError::truncated);
        EXPECT_EQ((co_await pair.client.read(room(text))).error(), std::errc::connection_aborted);
    });
}

TEST(Tls, a_byte_that_was_changed_on_the_way_breaks_the_connection_for_both) {
    run([]() -> Task<> {
        auto left = or_throw(UnixStream::pair());
        auto right = or_throw(UnixStream::pair());
        bool spoils = false;
        auto carry = [&](UnixStream& from, UnixStream& to, bool may_spoil) -> Task<> {
            std::string text(20'000, '-');
            for (;;) {
                const auto got = co_await from.read(room(text));
                if (!got || *got == 0) break;
                if (may_spoil && spoils) text[*got / 2] = static_cast<char>(text[*got / 2] ^ 1);
                if (!co_await rouse::io::write_all(to, bytes(std::string_view(text).substr(0, *got)))) break;
            }
            (void)to.shutdown(rouse::net::Shutdown::write);
        };
        auto ends = [&]() -> Task<> {
            Secure pair(co_await shake(std::move(left.first), std::move(right.first), client_config(),
                                       server_config(), "localhost"));
            spoils = true;
            or_throw(co_await rouse::io::write_all(pair.client, bytes("pay 10 to Ada")));
            std::string text(32, '-');
            EXPECT_EQ((co_await pair.server.read(room(text))).error().message(),
                      "decryption failed or bad record mac");
            EXPECT_EQ((co_await pair.server.read(room(text))).error().message(),
                      "decryption failed or bad record mac");
            EXPECT_EQ((co_await pair.server.write(bytes("x"))).error().category(),
                      rouse::tls::openssl_category());
            EXPECT_EQ((co_await pair.client.read(room(text))).error().message(),
                      "sslv3 alert bad record mac");
        };
        co_await rouse::join(ends(), carry(left.second, right.second, true),
                             carry(right.second, left.second, false));
    });
}

TEST(Tls, a_peer_that_hangs_up_before_or_in_the_handshake_is_an_error) {
    run([]() -> Task<> {
        auto pair = or_throw(UnixStream::pair());
        { auto gone = std::move(pair.second); }
        auto client = co_await rouse::tls::connect(std::move(pair.first), "localhost", client_config());
        EXPECT_TRUE(client.error() == TlsError::truncated || client.error() == std::errc::broken_pipe);
        pair = or_throw(UnixStream::pair());
        or_throw(co_await rouse::io::write_all(pair.first, bytes("\x16\x03\x01")));
        { auto gone = std::move(pair.first); }
        auto server = co_await rouse::tls::accept(std::move(pair.second), server_config());
        EXPECT_EQ(server.error(), TlsError::truncated);
    });
}

TEST(Tls, a_peer_that_talks_plain_http_is_an_error_that_says_so) {
    run([]() -> Task<> {
        auto pair = or_throw(UnixStream::pair());
        or_throw(co_await rouse::io::write_all(pair.first, bytes("GET / HTTP/1.1\r\nHost: x\r\n\r\n")));
        auto server = co_await rouse::tls::accept(std::move(pair.second), server_config());
        EXPECT_EQ(server.error().message(), "http request");
        pair = or_throw(UnixStream::pair());
        or_throw(co_await rouse::io::write_all(pair.second, bytes("HTTP/1.1 400 Bad Request\r\n\r\n")));
        auto client = co_await rouse::tls::connect(std::move(pair.first), "localhost", client_config());
        EXPECT_EQ(client.error().message(), "wrong version number");
    });
}

TEST(Tls, a_dropped_handshake_closes_the_connection) {
    run([]() -> Task<> {
        auto pair = or_throw(UnixStream::pair());
        {
            auto timed =
                co_await rouse::timeout(5ms, rouse::tls::accept(std::move(pair.second), server_config()));
            EXPECT_FALSE(timed.has_value()) << "the client says nothing";
        }
        std::string text(8, '-');
        EXPECT_EQ(co_await pair.first.read(room(text)), 0u);
        pair = or_throw(UnixStream::pair());
        {
            auto first = co_await rouse::select_biased(
                rouse::tls::connect(std::move(pair.first), "localhost", client_config()), rouse::yield_now());
            EXPECT_EQ(first.index(), 1u);
        }
        std::string hello;
        EXPECT_GT(or_throw(co_await rouse::io::read_to_end(pair.second, hello)), 100u);
    });
}

TEST(Tls, a_peer_that_never_reads_stops_the_writer_and_a_dropped_write_is_not_written) {
    run([]() -> Task<> {
        Secure pair = co_await secure();
        std::string sent;
        for (int i = 0;; ++i) {
            const std::string block(5000, static_cast<char>('a' + i % 26));
            auto timed = co_await rouse::timeout(20ms, pair.client.write(bytes(block)));
            if (!timed) break; // not a byte of it was taken
            sent += block.substr(0, or_throw(*timed));
            if (sent.size() > 64u << 20) break;
        }
        EXPECT_LT(sent.size(), 64u << 20) << "more than the system's buffers";
        auto finish = [&]() -> Task<> {
            or_throw(co_await rouse::io::write_all(pair.client, bytes("the rest")));
            or_throw(co_await rouse::io::shutdown(pair.client));
        };
        auto both = co_await rouse::join(finish(), read_all(pair.server));
        EXPECT_TRUE(std::get<1>(both) == sent + "the rest");
    });
}

TEST(Tls, a_read_that_waits_sends_what_was_written_before_it) {
    run([]() -> Task<> {
        Secure pair = co_await secure();
        const int small = 4096;
        EXPECT_EQ(::setsockopt(pair.client.inner().fd(), SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
        // The last write is taken while the socket is full: nobody flushes.
        std::size_t sent = 0;
        const std::string block(16 * 1024, 'x');
        for (;;) {
            auto timed = co_await rouse::timeout(10ms, pair.client.write(bytes(block)));
            if (!timed) break;
            sent += or_throw(*timed);
        }
        auto server = [&]() -> Task<> {
            std::string text(sent, '-');
            or_throw(co_await rouse::io::read_exact(pair.server, room(text)));
            or_throw(co_await rouse::io::write_all(pair.server, bytes("got it")));
        };
        std::string text(6, '-');
        auto both = co_await rouse::join(server(), rouse::io::read_exact(pair.client, room(text)));
        EXPECT_TRUE(std::get<1>(both).has_value());
        EXPECT_EQ(text, "got it");
    });
}

TEST(Tls, a_dropped_read_loses_nothing) {
    run([]() -> Task<> {
        Secure pair = co_await secure();
        for (int i = 0; i < 20; ++i) {
            {
                auto buffer = std::make_unique<std::string>(16, '-');
                auto timed = co_await rouse::timeout(100us, pair.server.read(room(*buffer)));
                EXPECT_FALSE(timed.has_value());
            }
            or_throw(co_await rouse::io::write_all(pair.client, bytes("x")));
            std::string text(4, '-');
            EXPECT_EQ(co_await pair.server.read(room(text)), 1u);
        }
    });
}

TEST(Tls, the_dump_says_what_the_stream_below_waits_for) {
    run([]() -> Task<> {
        Secure pair = co_await secure();
        auto read = [&]() -> Task<> {
            std::string text(4, '-');
            (void)co_await pair.server.read(room(text));
        };
        auto reading = rouse::spawn(read);
        co_await rouse::yield_now();
        const std::string text = rouse::Handle::current().dump().to_string();
        EXPECT_NE(text.find("readable: fd " + std::to_string(pair.server.inner().fd())), std::string::npos)
            << text;
        reading.abort();
        (void)co_await std::move(reading).into_result();
    });
}

/// Forgets every waker: what we find out about futures must reach through TLS.
class Forgetful {
public:
    Poll<Result<std::size_t>> poll_read(Context&, Bytes) { return Pending; }
    Poll<Result<std::size_t>> poll_write(Context&, ConstBytes from) {
        return Poll<Result<std::size_t>>(std::in_place, from.size());
    }
    Poll<Result<>> poll_flush(Context&) { return Poll<Result<>>(std::in_place); }
    Poll<Result<>> poll_shutdown(Context&) { return Poll<Result<>>(std::in_place); }
};

TEST(Tls, a_stream_that_loses_the_waker_is_found_through_the_handshake) {
    rouse::RuntimeOptions options;
    options.on_hang = [](const rouse::HangReport&) {};
    bool lost = false;
    rouse::run(
        [&]() -> Task<> {
            try {
                (void)co_await rouse::tls::connect(Forgetful(), "localhost", client_config());
            } catch (const rouse::LostWaker&) {
                lost = true;
            }
        },
        options);
    EXPECT_TRUE(lost);
}

TEST(Tls, connections_of_many_tasks_on_many_threads) {
    rouse::RuntimeOptions options;
    options.worker_threads = 2;
    auto runtime = rouse::Runtime::multi_thread(options);
    runtime.block_on([]() -> Task<> {
        auto listener = or_throw(rouse::net::TcpListener::bind(rouse::net::SocketAddress::loopback(0)));
        const auto address = or_throw(listener.local_address());
        const auto config = server_config();
        auto echo = [config](rouse::net::TcpStream tcp) -> Task<> {
            auto stream = or_throw(co_await rouse::tls::accept(std::move(tcp), config));
            std::string buffer(4096, '-');
            while (const std::size_t count = or_throw(co_await stream.read(room(buffer))))
                or_throw(
                    co_await rouse::io::write_all(stream, bytes(std::string_view(buffer).substr(0, count))));
            or_throw(co_await rouse::io::shutdown(stream));
        };
        const auto trusting = client_config();
        auto talk = [address, trusting](int number) -> Task<bool> {
            auto tcp = or_throw(co_await rouse::net::TcpStream::connect(address));
            auto stream = or_throw(co_await rouse::tls::connect(std::move(tcp), "localhost", trusting));
            const std::string text = "message of " + std::to_string(number);
            for (int i = 0; i < 10; ++i) {
                or_throw(co_await rouse::io::write_all(stream, bytes(text)));
                std::string got(text.size(), '-');
                or_throw(co_await rouse::io::read_exact(stream, room(got)));
                if (got != text) co_return false;
            }
            or_throw(co_await rouse::io::shutdown(stream));
            std::string rest;
            co_return or_throw(co_await rouse::io::read_to_end(stream, rest)) == 0;
        };
        constexpr int connections = 20;
        std::vector<rouse::JoinHandle<bool>> clients;
        std::vector<rouse::JoinHandle<void>> servers;
        for (int i = 0; i < connections; ++i) clients.push_back(rouse::spawn(talk, i));
        for (int i = 0; i < connections; ++i) {
            auto accepted = or_throw(co_await listener.accept());
            servers.push_back(rouse::spawn(echo, std::move(accepted.first)));
        }
        for (auto& client : clients) EXPECT_TRUE(co_await client);
        for (auto& server : servers) co_await server;
    });
}

} // namespace
