// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include <rouse/combine/join.hpp>
#include <rouse/combine/select.hpp>
#include <rouse/io/write.hpp>
#include <rouse/net/tcp_listener.hpp>
#include <rouse/task/yield_now.hpp>
#include <rouse/time/timeout.hpp>

#include "net/loopback.hpp"
#include "support/refusing.hpp"

#include <latch>
#include <thread>

namespace {

using namespace std::chrono_literals;
using rouse::IoError;
using rouse::or_throw;
using rouse::Result;
using rouse::Task;
using rouse::io::Bytes;
using rouse::io::bytes;
using rouse::io::ConstBytes;
using rouse::io::room;
using rouse::net::SocketAddress;
using rouse::net::TcpListener;
using rouse::net::TcpStream;
using rouse_test::BlockingClient;
using rouse_test::Connected;
using rouse_test::connected;
using rouse_test::run;
static_assert(rouse::io::AsyncRead<TcpStream> && rouse::io::AsyncWrite<TcpStream>);
static_assert(rouse::io::AsyncRead<rouse::net::TcpReadHalf> &&
              rouse::io::AsyncWrite<rouse::net::TcpWriteHalf>);
static_assert(rouse::io::AsyncWrite<rouse::net::OwnedTcpWriteHalf>);

TEST(Tcp, connects_accepts_and_talks_both_ways) {
    run([]() -> Task<> {
        auto listener = or_throw(TcpListener::bind(SocketAddress::loopback(0)));
        const auto address = or_throw(listener.local_address());
        EXPECT_NE(address.port(), 0);
        auto both = co_await rouse::join(TcpStream::connect(address), listener.accept());
        auto client = or_throw(std::move(std::get<0>(both)));
        auto accepted = or_throw(std::move(std::get<1>(both)));
        auto& server = accepted.first;
        EXPECT_EQ(accepted.second, or_throw(client.local_address()));
        EXPECT_EQ(or_throw(server.peer_address()), or_throw(client.local_address()));
        EXPECT_EQ(or_throw(client.peer_address()), address);
        or_throw(co_await rouse::io::write_all(client, bytes("ping")));
        std::string text(4, '-');
        or_throw(co_await rouse::io::read_exact(server, room(text)));
        EXPECT_EQ(text, "ping");
        EXPECT_EQ(co_await server.write(bytes("pong")), 4u);
        EXPECT_EQ(co_await client.read(room(text)), 4u);
        EXPECT_EQ(text, "pong");
    });
}

TEST(Tcp, descriptors_are_non_blocking_and_closed_on_exec) {
    run([]() -> Task<> {
        Connected pair = co_await connected();
        for (const int fd : {pair.client.fd(), pair.server.fd(), pair.listener.fd()}) {
            EXPECT_TRUE(::fcntl(fd, F_GETFL) & O_NONBLOCK);
            EXPECT_TRUE(::fcntl(fd, F_GETFD) & FD_CLOEXEC);
        }
    });
}

TEST(Tcp, a_refused_connection_is_an_error) {
    run([]() -> Task<> {
        const rouse_test::RefusingPort nobody;
        const auto address = SocketAddress::loopback(nobody.port());
        const auto refused = co_await TcpStream::connect(address);
        EXPECT_EQ(refused.error(), std::errc::connection_refused);
        const auto in_time = co_await TcpStream::connect(address, 1h);
        EXPECT_EQ(in_time.error(), std::errc::connection_refused);
    });
}

// A queue that is full drops further SYNs, so the connection hangs.
TEST(Tcp, a_connection_that_does_not_come_ends_with_the_patience) {
    run([]() -> Task<> {
        rouse::net::BindOptions options;
        options.backlog = 0;
        auto listener = or_throw(TcpListener::bind(SocketAddress::loopback(0), options));
        const auto address = or_throw(listener.local_address());
        std::vector<TcpStream> filling;
        std::error_code error;
        for (int i = 0; i < 20 && !error; ++i) {
            auto stream = co_await TcpStream::connect(address, 20ms);
            if (stream) filling.push_back(std::move(*stream));
            else error = stream.error();
        }
        EXPECT_EQ(error, std::errc::timed_out);
    });
}

TEST(Tcp, a_dropped_connect_gives_up) {
    run([]() -> Task<> {
        auto listener = or_throw(TcpListener::bind(SocketAddress::loopback(0)));
        const auto address = or_throw(listener.local_address());
        auto first = co_await rouse::select_biased(rouse::yield_now(), TcpStream::connect(address));
        EXPECT_LE(first.index(), 1u);
    });
}

TEST(Tcp, the_end_of_one_direction_leaves_the_other_open) {
    run([]() -> Task<> {
        Connected pair = co_await connected();
        or_throw(co_await rouse::io::write_all(pair.client, bytes("question")));
        or_throw(co_await rouse::io::shutdown(pair.client));
        std::string text;
        EXPECT_EQ(co_await rouse::io::read_to_end(pair.server, text), 8u);
        EXPECT_EQ(text, "question");
        EXPECT_EQ(co_await pair.server.read(room(text)), 0u) << "the end stays";
        or_throw(co_await rouse::io::write_all(pair.server, bytes("answer")));
        pair.server.close();
        text.clear();
        EXPECT_EQ(co_await rouse::io::read_to_end(pair.client, text), 6u);
        EXPECT_EQ((co_await pair.client.write(bytes("x"))).error(), std::errc::broken_pipe);
    });
}

TEST(Tcp, a_reset_by_the_peer_is_an_error_of_reads_and_writes) {
    run([]() -> Task<> {
        Connected pair = co_await connected();
        auto read = [&]() -> Task<Result<std::size_t>> {
            std::string text(4, '-');
            co_return co_await pair.server.read(room(text));
        };
        auto reading = rouse::spawn(read);
        co_await rouse::yield_now();
        or_throw(pair.client.set_linger(0s));
        EXPECT_EQ(pair.client.linger(), 0s);
        pair.client.close();
        EXPECT_EQ((co_await reading).error(), std::errc::connection_reset);
        EXPECT_EQ((co_await pair.server.write(bytes("x"))).error(), std::errc::broken_pipe);
    });
}

TEST(Tcp, one_byte_at_a_time_is_put_together) {
    run([]() -> Task<> {
        Connected pair = co_await connected();
        or_throw(pair.client.set_nodelay(true));
        EXPECT_EQ(pair.client.nodelay(), true);
        const std::string sent = "one byte at a time, as a slow peer sends it";
        auto drip = [&]() -> Task<> {
            for (const char& byte : sent) {
                EXPECT_EQ(co_await pair.client.write(bytes(std::string_view(&byte, 1))), 1u);
                co_await rouse::yield_now();
            }
        };
        auto dripping = rouse::spawn(drip);
        std::string text(sent.size(), '-');
        or_throw(co_await rouse::io::read_exact(pair.server, room(text)));
        EXPECT_EQ(text, sent);
        co_await dripping;
    });
}

TEST(Tcp, a_peer_that_never_reads_stops_the_writer_and_no_memory_grows) {
    run([]() -> Task<> {
        Connected pair = co_await connected();
        const std::string block(64 * 1024, 'b');
        std::size_t written = 0;
        for (;;) {
            auto timed = co_await rouse::timeout(20ms, pair.client.write(bytes(block)));
            if (!timed) break;
            written += or_throw(*timed);
            EXPECT_LT(written, 64u << 20) << "more than the system's buffers";
        }
        // Who waits goes on as soon as there is room.
        auto write = [&]() -> Task<> { or_throw(co_await rouse::io::write_all(pair.client, bytes(block))); };
        auto writing = rouse::spawn(write);
        co_await rouse::yield_now();
        std::size_t left = written + block.size();
        std::string text(1 << 20, '-');
        while (left > 0) left -= or_throw(co_await pair.server.read(room(text)));
        co_await writing;
    });
}

TEST(Tcp, a_short_read_does_not_hide_what_follows_the_urgent_byte) {
    run([]() -> Task<> {
        Connected pair = co_await connected();
        // The system stops a read at the mark, though there is more behind it.
        EXPECT_EQ(::send(pair.client.fd(), "ab!", 3, MSG_OOB), 3);
        EXPECT_EQ(::send(pair.client.fd(), "cd", 2, 0), 2);
        // All events are heard before the first read: none comes after it.
        EXPECT_TRUE((co_await pair.server.ready(rouse::io::Interest::priority)).has_value());
        std::string got;
        while (got.size() < 4) {
            std::string text(16, '-');
            text.resize(or_throw(co_await pair.server.read(room(text))));
            got += text;
        }
        EXPECT_EQ(got, "abcd");
    });
}

TEST(Tcp, peek_leaves_the_bytes_there) {
    run([]() -> Task<> {
        Connected pair = co_await connected();
        or_throw(co_await rouse::io::write_all(pair.client, bytes("abc")));
        std::string text(8, '-');
        EXPECT_EQ(co_await pair.server.peek(room(text)), 3u);
        EXPECT_EQ(co_await pair.server.peek(room(text)), 3u);
        EXPECT_EQ(co_await pair.server.read(room(text)), 3u);
        EXPECT_FALSE((co_await rouse::timeout(1ms, pair.server.peek(room(text)))).has_value());
    });
}

TEST(Tcp, ready_and_try) {
    run([]() -> Task<> {
        Connected pair = co_await connected();
        std::string text(8, '-');
        EXPECT_EQ(pair.client.try_read(room(text)).error(), std::errc::resource_unavailable_try_again);
        EXPECT_EQ(pair.server.try_write(bytes("abc")), 3u);
        for (;;) {
            EXPECT_TRUE(or_throw(co_await pair.client.readable()).is_readable());
            const auto got = pair.client.try_read(room(text));
            if (!got && got.error() == std::errc::resource_unavailable_try_again) continue;
            EXPECT_EQ(got, 3u);
            break;
        }
        const std::array<ConstBytes, 2> buffers{bytes("de"), bytes("f")};
        EXPECT_EQ(pair.server.try_write_vectored(buffers), 3u);
    });
}

TEST(Tcp, vectored_reads_and_writes) {
    run([]() -> Task<> {
        Connected pair = co_await connected();
        const std::array<ConstBytes, 3> buffers{bytes("head"), bytes(""), bytes("body")};
        EXPECT_EQ(co_await pair.client.write_vectored(buffers), 8u);
        std::string a(3, '-'), b(8, '-');
        const std::array<Bytes, 2> rooms{room(a), room(b)};
        EXPECT_EQ(co_await pair.server.read_vectored(rooms), 8u);
        EXPECT_EQ(a + b, "headbody---");
    });
}

TEST(Tcp, keepalive_is_kept) {
    run([]() -> Task<> {
        Connected pair = co_await connected();
        EXPECT_FALSE(or_throw(pair.client.keepalive()).has_value());
        rouse::net::KeepAlive keepalive;
        keepalive.idle = 30s;
        keepalive.interval = 5s;
        keepalive.probes = 3;
        or_throw(pair.client.set_keepalive(keepalive));
        const auto got = or_throw(pair.client.keepalive());
        EXPECT_EQ(got.value().idle, 30s);
        EXPECT_EQ(got.value().interval, 5s);
        EXPECT_EQ(got.value().probes, 3);
        or_throw(pair.client.set_keepalive(std::nullopt));
        EXPECT_FALSE(or_throw(pair.client.keepalive()).has_value());
        EXPECT_FALSE(or_throw(pair.client.linger()).has_value());
        EXPECT_EQ(or_throw(pair.client.take_error()), std::error_code());
    });
}

TEST(Tcp, a_user_timeout_is_kept) {
    run([]() -> Task<> {
        auto pair = co_await connected();
        EXPECT_EQ(or_throw(pair.client.user_timeout()), std::nullopt);
        or_throw(pair.client.set_user_timeout(1500ms));
        EXPECT_EQ(or_throw(pair.client.user_timeout()), 1500ms);
        for (const auto none : {0ms, -1ms, std::chrono::milliseconds(1LL << 40)})
            EXPECT_EQ(pair.client.set_user_timeout(none).error(), std::errc::invalid_argument);
        or_throw(pair.client.set_user_timeout(std::nullopt));
        EXPECT_EQ(or_throw(pair.client.user_timeout()), std::nullopt);
    });
}

TEST(Tcp, halves_for_two_futures_of_one_task) {
    run([]() -> Task<> {
        Connected pair = co_await connected();
        auto halves = pair.client.split();
        auto& [reader, writer] = halves;
        std::string text(5, '-');
        auto both = co_await rouse::join(rouse::io::read_exact(reader, room(text)),
                                         rouse::io::write_all(writer, bytes("there")),
                                         rouse::io::write_all(pair.server, bytes("hello")));
        EXPECT_TRUE(std::get<0>(both).has_value());
        EXPECT_EQ(text, "hello");
        EXPECT_EQ(co_await pair.server.read(room(text)), 5u);
        EXPECT_EQ(text, "there");
    });
}

TEST(Tcp, owned_halves_for_two_tasks_and_the_writers_end_is_the_peers_end) {
    run([]() -> Task<> {
        Connected pair = co_await connected();
        auto halves = std::move(pair.client).into_split();
        auto send = [](rouse::net::OwnedTcpWriteHalf writer) -> Task<> {
            or_throw(co_await rouse::io::write_all(writer, bytes("all there is")));
        };
        auto receive = [](rouse::net::OwnedTcpReadHalf reader) -> Task<std::string> {
            std::string text;
            or_throw(co_await rouse::io::read_to_end(reader, text));
            co_return text;
        };
        auto sending = rouse::spawn(send, std::move(halves.second));
        auto receiving = rouse::spawn(receive, std::move(halves.first));
        std::string text;
        EXPECT_EQ(or_throw(co_await rouse::io::read_to_end(pair.server, text)), 12u);
        or_throw(co_await rouse::io::write_all(pair.server, bytes("thanks")));
        or_throw(co_await rouse::io::shutdown(pair.server));
        EXPECT_EQ(co_await receiving, "thanks");
        co_await sending;
    });
}

TEST(Tcp, two_tasks_wait_on_both_directions_while_a_third_closes) {
    run([]() -> Task<> {
        Connected pair = co_await connected();
        const std::string block(1 << 20, 'b');
        auto read = [&]() -> Task<std::error_code> {
            std::string text(4, '-');
            const auto got = co_await pair.client.read(room(text));
            co_return got ? std::error_code() : got.error();
        };
        auto write = [&]() -> Task<std::error_code> {
            for (;;) {
                const auto got = co_await pair.client.write(bytes(block));
                if (!got) co_return got.error();
            }
        };
        auto reading = rouse::spawn(read);
        auto reading_too = rouse::spawn(read);
        auto writing = rouse::spawn(write);
        co_await rouse::sleep(5ms); // the buffers fill up
        EXPECT_TRUE(pair.client.close());
        EXPECT_EQ(co_await reading, IoError::closed);
        EXPECT_EQ(co_await reading_too, IoError::closed);
        EXPECT_EQ(co_await writing, IoError::closed);
        EXPECT_EQ((co_await pair.client.write(bytes("x"))).error(), IoError::closed);
    });
}

TEST(Tcp, a_pending_read_dropped_by_a_timeout_loses_nothing) {
    run([]() -> Task<> {
        Connected pair = co_await connected();
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

TEST(Tcp, the_dump_names_the_peer) {
    run([]() -> Task<> {
        Connected pair = co_await connected();
        auto read = [&]() -> Task<> {
            std::string text(4, '-');
            (void)co_await pair.server.read(room(text));
        };
        auto reading = rouse::spawn(read);
        auto accept = [&]() -> Task<> { (void)co_await pair.listener.accept(); };
        auto accepting = rouse::spawn(accept);
        co_await rouse::yield_now();
        const std::string text = rouse::Handle::current().dump().to_string();
        const std::string peer = or_throw(pair.client.local_address()).to_string();
        EXPECT_NE(text.find("readable: fd " + std::to_string(pair.server.fd()) + " (tcp " + peer + ")"),
                  std::string::npos)
            << text;
        EXPECT_NE(text.find("(tcp listener 127.0.0.1:"), std::string::npos) << text;
        reading.abort();
        accepting.abort();
        (void)co_await std::move(reading).into_result();
        (void)co_await std::move(accepting).into_result();
    });
}

TEST(Tcp, fifty_connections_echo_on_one_runtime) {
    constexpr int connections = 50;
    constexpr int messages = 20;
    std::atomic<int> served{0};
    auto runtime = rouse::Runtime::current_thread(rouse_test::quiet_running());
    runtime.block_on([&]() -> Task<> {
        auto listener = or_throw(TcpListener::bind(SocketAddress::loopback(0)));
        const auto address = or_throw(listener.local_address());
        auto echo = [&](TcpStream stream) -> Task<> {
            std::string buffer(4096, '-');
            while (const std::size_t count = or_throw(co_await stream.read(room(buffer))))
                or_throw(
                    co_await rouse::io::write_all(stream, bytes(std::string_view(buffer).substr(0, count))));
            ++served;
        };
        auto [sender, receiver] = rouse::oneshot::channel<>();
        auto clients = [&, tx = std::move(sender)]() mutable {
            std::vector<BlockingClient> all;
            for (int i = 0; i < connections; ++i) all.emplace_back(address);
            std::vector<std::jthread> threads;
            for (int t = 0; t < 5; ++t)
                threads.emplace_back([&, t] {
                    for (int m = 0; m < messages; ++m)
                        for (int i = t; i < connections; i += 5)
                            all[static_cast<std::size_t>(i)].echo("message " + std::to_string(m) + " of " +
                                                                  std::to_string(i));
                });
            threads.clear();
            all.clear();
            (void)std::move(tx).send();
        };
        const std::jthread client(std::move(clients));
        std::vector<rouse::JoinHandle<void>> tasks;
        for (int i = 0; i < connections; ++i) {
            auto accepted = or_throw(co_await listener.accept());
            tasks.push_back(rouse::spawn(echo, std::move(accepted.first)));
        }
        for (auto& task : tasks) co_await task;
        EXPECT_TRUE((co_await receiver).has_value());
    });
    EXPECT_EQ(served.load(), connections);
}

} // namespace
