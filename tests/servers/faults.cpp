// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Faults on purpose, against servers that run: each ends in an error value, and the server still serves. (A
// peer that vanishes: vanished.cpp. One that resets, or talks nonsense: with the tests of each server.)

#include <rouse/rouse.hpp>

#include "servers/program.hpp"
#include "support/process_figures.hpp"
#include "support/quiet_runtime.hpp"
#include "support/refusing.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <set>
#include <thread>

#include <sys/resource.h>

namespace {

using namespace std::chrono_literals;
using rouse::or_throw;
using rouse::Task;
using rouse::io::bytes;
using rouse::io::room;
using rouse::net::SocketAddress;
using rouse::net::TcpStream;
using rouse_test::open_sockets;
using rouse_test::resident_bytes;
using servers_test::Client;
using servers_test::Server;

/// What a server may hold for a peer that does not read, and for the rest of its doings meanwhile.
constexpr std::size_t little = ROUSE_ASAN || ROUSE_TSAN ? 32u << 20 : 4u << 20;

/// The number below which `pid` can open just `count` more descriptors.
rlim_t limit_for(pid_t pid, std::size_t count) {
    std::set<rlim_t> used;
    for (const auto& entry : std::filesystem::directory_iterator(rouse_test::proc_path(pid, "fd")))
        used.insert(std::stoul(entry.path().filename().string()));
    rlim_t number = 0;
    for (;; ++number)
        if (!used.contains(number) && count-- == 0) return number;
}

/// A pattern in which a byte that is missing or out of place is seen.
std::string numbered(std::size_t size) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>((i >> 8) * 7 + i);
    return text;
}

class Faults : public testing::TestWithParam<unsigned> {};
INSTANTIATE_TEST_SUITE_P(threads, Faults, testing::Values(1u, 2u));

TEST_P(Faults, without_descriptors_the_server_backs_off_and_serves_on) {
    // More than all its workers, 2 and 16 spare ones, may take for their drivers meanwhile, 2 descriptors
    // each.
    constexpr int served_before = 40;
    Server server("tcp_echo", {}, GetParam());
    const pid_t pid = server.child().pid();
    std::vector<Client> served;
    for (int i = 0; i < served_before; ++i) {
        served.emplace_back(server.port());
        served.back().send("before");
        EXPECT_EQ(served.back().receive(6), "before");
    }
    rlimit before{};
    ASSERT_EQ(::prlimit(pid, RLIMIT_NOFILE, nullptr, &before), 0);
    rlimit few = before;
    few.rlim_cur = limit_for(pid, 3);
    ASSERT_EQ(::prlimit(pid, RLIMIT_NOFILE, &few, nullptr), 0);

    std::vector<Client> waiting;
    for (int i = 0; i < 12; ++i) {
        waiting.emplace_back(server.port()); // the system takes it, whatever the server does
        waiting.back().send("waits");
    }
    for (Client& client : served) { // those that stand go on
        client.send("meanwhile");
        EXPECT_EQ(client.receive(9), "meanwhile");
    }
    // It does not spin: it looks some 10 times in this second and a half.
    const double cpu = rouse_test::cpu_seconds(pid);
    std::this_thread::sleep_for(1500ms);
    EXPECT_LT(rouse_test::cpu_seconds(pid) - cpu, 0.3) << "it spins";
    EXPECT_LE(open_sockets(pid), 1u + served_before + 3u);

    // They are let in by their order: each that goes makes room for another, or for a worker's driver. Three
    // may have been let in before.
    served.clear();
    EXPECT_EQ(waiting[4].receive(5), "waits");
    ASSERT_EQ(::prlimit(pid, RLIMIT_NOFILE, &before, nullptr), 0);
    for (std::size_t i = 0; i < waiting.size(); ++i) {
        if (i == 4) continue;
        EXPECT_EQ(waiting[i].receive(5), "waits");
    }
}

TEST_P(Faults, a_stopped_peer_stops_the_writer_a_timeout_ends_it_and_it_may_go_on) {
    Server server("tcp_echo", {}, GetParam()); // here it is the peer of a client of ours
    auto options = rouse_test::quiet_options();
    options.paused_clock = false;
    auto runtime = rouse::Runtime::current_thread(options);
    const auto main = [&]() -> Task<> {
        auto stream = or_throw(co_await TcpStream::connect(SocketAddress::loopback(server.port()), 20s));
        auto other = or_throw(co_await TcpStream::connect(SocketAddress::loopback(server.port()), 20s));
        const std::string text = numbered(32 << 20);
        server.child().signal(SIGSTOP);
        const std::size_t before = resident_bytes(::getpid());
        std::size_t written = 0;
        for (;;) { // by pieces, so that what was taken is known
            const auto piece = std::string_view(text).substr(written, 64 << 10);
            const auto sent = co_await rouse::timeout(300ms, stream.write(bytes(piece)));
            if (!sent) break; // the error value of a timeout
            written += or_throw(*sent);
            if (written == text.size()) break;
        }
        EXPECT_LT(written, text.size()) << "somebody took all of it, and nobody read";
        EXPECT_LT(resident_bytes(::getpid()), before + little);
        std::string none(1, '-');
        EXPECT_FALSE((co_await rouse::timeout(10ms, other.read(room(none)))).has_value());

        server.child().signal(SIGCONT);
        auto send = [&]() -> Task<> {
            or_throw(co_await rouse::io::write_all(stream, bytes(std::string_view(text).substr(written))));
            or_throw(co_await rouse::io::shutdown(stream));
        };
        auto receive = [&]() -> Task<bool> {
            std::string got;
            or_throw(co_await rouse::io::read_to_end(stream, got));
            co_return got == text;
        };
        auto both = co_await rouse::timeout(60s, rouse::join(send(), receive()));
        EXPECT_TRUE(both.has_value() && std::get<1>(*both)) << "it did not all come back";
        or_throw(co_await rouse::io::write_all(other, bytes("there?")));
        std::string answer(6, '-');
        or_throw(co_await rouse::io::read_exact(other, room(answer)));
        EXPECT_EQ(answer, "there?");
    };
    runtime.block_on(main);
}

TEST_P(Faults, a_proxy_holds_little_for_a_target_that_is_stopped) {
    Server echo("tcp_echo", {}, 2);
    Server proxy("proxy", {"--target", echo.address()}, GetParam());
    Client client(proxy.port());
    client.send("up");
    EXPECT_EQ(client.receive(2), "up");
    echo.child().signal(SIGSTOP);
    const std::string text = numbered(64 << 20);
    const std::size_t before = resident_bytes(proxy.child().pid());
    const std::size_t taken = client.send_what_fits(text);
    EXPECT_LT(taken, text.size());
    EXPECT_LT(resident_bytes(proxy.child().pid()), before + little);
    echo.child().signal(SIGCONT);
    std::jthread sender([&] {
        client.send(std::string_view(text).substr(taken, 1 << 20));
        client.shut_down_writing();
    });
    EXPECT_TRUE(client.receive_all() == text.substr(0, taken + (1 << 20)));
    EXPECT_EQ(client.error(), 0);
}

TEST_P(Faults, a_slow_reader_gets_all_of_it_and_holds_up_nobody) {
    Server server("tcp_echo", {}, GetParam());
    Client slow(server.port());
    const std::string text = numbered(16 << 20);
    const std::size_t before = resident_bytes(server.child().pid());
    std::jthread sender([&] {
        slow.send(text);
        slow.shut_down_writing();
    });
    std::string got;
    std::size_t most = 0;
    for (std::string piece; !(piece = slow.receive()).empty();) {
        got += piece;
        if (got.size() / (1 << 20) == (got.size() - piece.size()) / (1 << 20)) continue;
        // At each mebibyte the reader rests, until another client was served.
        Client quick(server.port());
        quick.send("quick");
        EXPECT_EQ(quick.receive(5), "quick");
        most = std::max(most, resident_bytes(server.child().pid()));
    }
    EXPECT_TRUE(got == text);
    EXPECT_LT(most, before + little);
}

TEST_P(Faults, a_client_that_never_reads_is_given_up) {
    Server server("tcp_echo", {"--keepalive", "1"}, GetParam());
    const Client greedy(server.port());
    const std::string text(64 << 20, 'x');
    EXPECT_LT(greedy.send_what_fits(text), text.size());
    // Its system answers that there is no room, again and again: that is no answer to what we sent.
    const auto until = std::chrono::steady_clock::now() + 30s;
    while (open_sockets(server.child().pid()) > 1 && std::chrono::steady_clock::now() < until)
        std::this_thread::sleep_for(1ms);
    EXPECT_EQ(open_sockets(server.child().pid()), 1u) << "it holds the connection for ever";
    Client client(server.port());
    client.send("still there?");
    EXPECT_EQ(client.receive(12), "still there?");
}

TEST_P(Faults, a_target_that_is_killed_ends_its_connections_and_the_proxy_serves_its_successor) {
    const auto own = rouse_test::own_loopback();
    const std::string host = SocketAddress::v4(own, 0).ip();
    std::optional<Server> echo(std::in_place, "tcp_echo", std::vector<std::string>{"--host", host});
    const std::string port = std::to_string(echo->port());
    Server proxy("proxy", {"--target", echo->address()}, GetParam());
    Client client(proxy.port());
    client.send("before");
    EXPECT_EQ(client.receive(6), "before");
    echo->kill();
    EXPECT_EQ(client.receive_all(), ""); // the end, or a reset
    {
        Client nobody(proxy.port());
        EXPECT_EQ(nobody.receive_all(), "");
        EXPECT_EQ(nobody.error(), ECONNRESET);
    }
    echo.emplace("tcp_echo", std::vector<std::string>{"--host", host, "--port", port});
    Client again(proxy.port());
    again.send("after");
    EXPECT_EQ(again.receive(5), "after");
}

} // namespace
