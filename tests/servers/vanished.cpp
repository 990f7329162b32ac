// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// A peer that vanishes: it lives in a network namespace of its own, and its link is cut. No end comes, no
// reset, nothing; keepalive and TCP_USER_TIMEOUT are what ends the connections.

#include <rouse/rouse.hpp>

#include "servers/program.hpp"
#include "support/process_figures.hpp"
#include "support/quiet_runtime.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace std::chrono_literals;
using rouse::or_throw;
using rouse::Task;
using rouse::net::SocketAddress;
using rouse::net::TcpListener;
using rouse::net::TcpStream;
using rouse_test::open_sockets;
using servers_test::Client;
using servers_test::Server;

constexpr const char* our_host = "10.77.0.1";

void shell(const std::string& command) { ASSERT_EQ(std::system(command.c_str()), 0) << command; }

/// A process with a network of its own, joined to ours by one link. It does what it is told by one letter at
/// a time, and answers each.
class Peer {
public:
    Peer() {
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, wires_.data()), 0);
        pid_ = ::fork();
        if (pid_ == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            live();
            ::_exit(1);
        }
        ::close(std::exchange(wires_[1], -1));
        EXPECT_EQ(hear(), 'n'); // its network is there
        shell("ip link set vb netns " + std::to_string(pid_));
        tell('u');
    }
    ~Peer() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
        ::close(wires_[0]);
    }
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;

    /// Two connections to this port: an idle one, and one to which it sends much and reads nothing.
    void connect(std::uint16_t port) {
        EXPECT_EQ(::send(wires_[0], "c", 1, 0), 1);
        EXPECT_EQ(::send(wires_[0], &port, sizeof(port), 0), static_cast<ssize_t>(sizeof(port)));
        EXPECT_EQ(hear(), 'c');
    }
    void cut_link() { tell('d'); }

private:
    void tell(char what) {
        EXPECT_EQ(::send(wires_[0], &what, 1, 0), 1);
        EXPECT_EQ(hear(), what);
    }
    char hear() {
        char what = '-';
        EXPECT_EQ(::recv(wires_[0], &what, 1, 0), 1);
        return what;
    }
    void answer(char what, bool good) const {
        if (!good) what = '!';
        (void)!::write(wires_[1], &what, 1);
    }
    static int connected(std::uint16_t port) {
        const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        ::inet_pton(AF_INET, our_host, &to.sin_addr);
        if (::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0) return -1;
        return fd;
    }
    void live() const {
        answer('n', ::unshare(CLONE_NEWNET) == 0);
        char what = 0;
        while (::read(wires_[1], &what, 1) == 1) {
            if (what == 'u') {
                answer(what, std::system("ip addr add 10.77.0.2/24 dev vb && ip link set vb up") == 0);
            } else if (what == 'c') {
                std::uint16_t port = 0;
                (void)!::read(wires_[1], &port, sizeof(port));
                const int idle = connected(port);
                const int deaf = connected(port);
                const std::string much(1 << 20, 'x');
                // Until nothing more is taken: nothing of what comes back is read.
                for (int still = 0; deaf >= 0 && still < 20;) {
                    const ssize_t n = ::send(deaf, much.data(), much.size(), MSG_DONTWAIT);
                    if (n > 0) still = 0;
                    else ++still, ::usleep(10'000);
                }
                answer(what, idle >= 0 && deaf >= 0);
            } else if (what == 'd') {
                answer(what, std::system("ip link set vb down") == 0);
            }
        }
    }

    std::array<int, 2> wires_{-1, -1};
    pid_t pid_ = -1;
};

bool is_silence(const std::error_code& error) {
    return error == std::errc::timed_out || error == std::errc::host_unreachable ||
           error == std::errc::network_unreachable;
}

/// Run by the next one, in a network namespace.
TEST(Vanished, DISABLED_in_a_network_of_its_own) {
    ASSERT_TRUE(std::getenv("ROUSE_TEST_OWN_NETWORK"));
    shell("ip link set lo up && ip link add va type veth peer name vb");
    shell(std::string("ip addr add ") + our_host + "/24 dev va && ip link set va up");
    Peer peer;
    Server server("tcp_echo", {"--host", our_host, "--keepalive", "2"}, 2);
    const pid_t pid = server.child().pid();
    peer.connect(server.port());

    auto options = rouse_test::quiet_options();
    options.paused_clock = false;
    auto runtime = rouse::Runtime::current_thread(options);
    const auto main = [&]() -> Task<> {
        auto listener = or_throw(TcpListener::bind(or_throw(SocketAddress::parse("10.77.0.1:0"))));
        peer.connect(or_throw(listener.local_address()).port()); // the system takes them in
        auto idle = or_throw(co_await listener.accept());
        auto deaf = or_throw(co_await listener.accept());
        rouse::net::KeepAlive probes;
        probes.idle = probes.interval = 1s;
        for (auto* const stream : {&idle.first, &deaf.first}) {
            or_throw(stream->set_keepalive(probes));
            or_throw(stream->set_user_timeout(2s));
        }
        EXPECT_EQ(open_sockets(pid), 3u);
        peer.cut_link();
        const std::string much(16 << 20, 'x');
        auto waits = [&]() -> Task<std::error_code> {
            std::string none(1, '-');
            const auto got = co_await idle.first.read(rouse::io::room(none));
            co_return got ? std::error_code() : got.error();
        };
        auto writes = [&]() -> Task<std::error_code> {
            const auto sent = co_await rouse::io::write_all(deaf.first, rouse::io::bytes(much));
            co_return sent ? std::error_code() : sent.error();
        };
        const rouse::Instant begin = rouse::now();
        const auto ended = co_await rouse::timeout(30s, rouse::join(waits(), writes()));
        std::printf("given up after %.1f s\n", std::chrono::duration<double>(rouse::now() - begin).count());
        EXPECT_TRUE(ended.has_value()) << "it waits for ever";
        if (!ended) co_return;
        EXPECT_TRUE(is_silence(std::get<0>(*ended))) << std::get<0>(*ended).message();
        EXPECT_TRUE(is_silence(std::get<1>(*ended))) << std::get<1>(*ended).message();
    };
    runtime.block_on(main);

    // The server gave both up, too, and serves those that it can reach.
    const auto until = std::chrono::steady_clock::now() + 30s;
    while (open_sockets(pid) > 1 && std::chrono::steady_clock::now() < until)
        std::this_thread::sleep_for(1ms);
    EXPECT_EQ(open_sockets(pid), 1u) << "the server holds connections to nobody";
    Client client(server.port(), our_host);
    client.send("still there?");
    EXPECT_EQ(client.receive(12), "still there?");
}

TEST(Vanished, connections_to_a_peer_that_has_vanished_end_with_an_error) {
    const std::string alone = "unshare -Urn sh -c '";
    if (std::system((alone + "ip link add va type veth peer name vb' >/dev/null 2>&1").c_str()) != 0)
        GTEST_SKIP() << "no network namespace with a veth link can be made here (unshare -Urn, ip)";
    const std::string self = std::filesystem::read_symlink("/proc/self/exe");
    EXPECT_EQ(std::system((alone + "ROUSE_TEST_OWN_NETWORK=1 " + self +
                           " --gtest_also_run_disabled_tests "
                           "--gtest_filter=Vanished.DISABLED_in_a_network_of_its_own'")
                              .c_str()),
              0);
}

} // namespace
