// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Many connections to a server that is a process of its own (examples/servers/tcp_echo), held and echoing;
// then many that come and go. No error, and in the end its descriptors are where they were.
//
// And its memory: what is free lies below what is not, so glibc gives little of it back to the system, and
// the resident set stays near its peak. So the bound is that nobody adds to it: not those who come and go,
// and not as many connections held once more. (The server has one of glibc's arenas: with one for each
// thread, the second time may fill another than the first.)
//
// The ports: each connection needs one of the system's 28,000 ephemeral ones, and who closes first keeps it
// for a minute (TIME_WAIT). So every second connection ends in order, and every other with a reset, which
// leaves nothing behind: at most 15,000 are kept in a run, and the next run has a server on another port,
// for which all of them are free.

#include <rouse/rouse.hpp>

#include "servers/program.hpp"
#include "stress/stress_watchdog.hpp"
#include "support/descriptor_limit.hpp"
#include "support/process_figures.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <mutex>
#include <thread>

namespace {

using namespace std::chrono_literals;
using rouse::Instant;
using rouse::Result;
using rouse::Task;
using rouse::net::SocketAddress;
using rouse::net::TcpStream;
using rouse_test::open_descriptors;
using rouse_test::open_sockets;
using rouse_test::resident_bytes;
using rouse_test::StressWatchdog;

constexpr double mebibyte = 1024.0 * 1024.0;
/// No answer for so long is an error.
constexpr auto patience = 30s;
/// How many connect at the same time: fewer than the queue of the listener holds.
constexpr std::size_t connectors = 64;

/// What one run does: a short one in ctest, the long one by ./run stress.
class Plan {
public:
    Plan() {
        const char* const wanted = std::getenv("ROUSE_STRESS_SECONDS");
        if (!wanted) return;
        is_long = true;
        held = 5'000;
        time = std::chrono::seconds(std::atoi(wanted));
        visits = 20'000;
    }
    bool is_long = false;
    std::size_t held = ROUSE_ASAN || ROUSE_TSAN ? 100 : 400;
    std::chrono::seconds time{2};
    std::size_t visits = ROUSE_ASAN || ROUSE_TSAN ? 200 : 2'000;
};

/// What the clients have seen.
class Seen {
public:
    void fail(const char* what, const std::error_code& error) {
        if (errors.fetch_add(1) == 0) {
            const std::lock_guard lock(mutex_);
            first_ = std::string(what) + ": " + error.message();
        }
    }
    std::string first_error() {
        const std::lock_guard lock(mutex_);
        return first_;
    }
    std::atomic<std::size_t> connected{0};
    std::atomic<std::size_t> echoes{0};
    std::atomic<std::size_t> errors{0};
    std::atomic<long> slowest_us{0};

private:
    std::mutex mutex_;
    std::string first_;
};

std::error_code timed_out() { return std::make_error_code(std::errc::timed_out); }

/// One message there and back. False: `seen` knows why not.
Task<bool> echo_once(TcpStream& stream, std::size_t number, Seen& seen) {
    const std::string message = "message " + std::to_string(number) + " and some more, to fill a line\n";
    const Instant begin = rouse::now();
    auto there_and_back = [&]() -> Task<Result<bool>> {
        if (auto sent = co_await rouse::io::write_all(stream, rouse::io::bytes(message)); !sent)
            co_return std::unexpected(sent.error());
        std::string answer(message.size(), '-');
        if (auto got = co_await rouse::io::read_exact(stream, rouse::io::room(answer)); !got)
            co_return std::unexpected(got.error());
        co_return answer == message;
    };
    const auto done = co_await rouse::timeout(patience, there_and_back());
    if (!done || !*done || !**done) {
        seen.fail("echo", !done                ? timed_out()
                          : !done->has_value() ? done->error()
                                               : std::make_error_code(std::errc::bad_message));
        co_return false;
    }
    ++seen.echoes;
    const auto took = static_cast<long>(
        std::chrono::duration_cast<std::chrono::microseconds>(rouse::now() - begin).count());
    long slowest = seen.slowest_us.load();
    while (slowest < took && !seen.slowest_us.compare_exchange_weak(slowest, took)) {}
    co_return true;
}

Task<std::vector<TcpStream>> connect_some(SocketAddress to, std::size_t count, Seen& seen) {
    std::vector<TcpStream> streams;
    streams.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        auto stream = co_await TcpStream::connect(to, patience);
        if (!stream) {
            seen.fail("connect", stream.error());
            continue;
        }
        ++seen.connected;
        if (co_await echo_once(*stream, i, seen)) streams.push_back(std::move(*stream)); // it was accepted
    }
    co_return streams;
}

/// Ends a connection: in order, or by a reset.
Task<> leave(TcpStream stream, bool in_order, Seen& seen) {
    if (!in_order) {
        if (auto set = stream.set_linger(0s); !set) seen.fail("set_linger", set.error());
        co_return;
    }
    if (auto ended = co_await rouse::io::shutdown(stream); !ended) seen.fail("shutdown", ended.error());
    std::string rest;
    const auto end = co_await rouse::timeout(patience, rouse::io::read_to_end(stream, rest));
    if (!end) seen.fail("end", timed_out());
    else if (!*end) seen.fail("end", end->error());
}

/// Echoes now and then until the time is over, and leaves.
Task<> hold(TcpStream stream, std::size_t number, Instant until, Seen& seen) {
    // Not all at once: spread over half a second.
    co_await rouse::sleep(std::chrono::microseconds(number * 7919 % 500'000));
    bool good = true;
    for (std::size_t i = 0; good && rouse::now() < until; ++i) {
        good = co_await echo_once(stream, i, seen);
        co_await rouse::sleep(500ms);
    }
    co_await leave(std::move(stream), number % 2 == 0, seen);
}

/// Comes, echoes once, and goes; so often.
Task<> visit(SocketAddress to, std::size_t count, Seen& seen) {
    for (std::size_t i = 0; i < count; ++i) {
        auto stream = co_await TcpStream::connect(to, patience);
        if (!stream) {
            seen.fail("connect", stream.error());
            continue;
        }
        ++seen.connected;
        (void)co_await echo_once(*stream, i, seen);
        co_await leave(std::move(*stream), i % 2 == 0, seen);
    }
}

class Connections : public testing::Test {
protected:
    [[nodiscard]] double server_mebibytes() {
        return static_cast<double>(resident_bytes(server->child().pid())) / mebibyte;
    }
    /// A loaded machine makes it call for spare workers: each has a stack, and memory of its allocator.
    [[nodiscard]] std::size_t server_threads() {
        const std::filesystem::directory_iterator threads(
            rouse_test::proc_path(server->child().pid(), "task"));
        return static_cast<std::size_t>(std::distance(begin(threads), end(threads)));
    }
    /// The server learns of the end of its connections when it learns of it: waits until it has no socket but
    /// the listener.
    void wait_until_all_are_gone() {
        const auto until = std::chrono::steady_clock::now() + 30s;
        while (open_sockets(server->child().pid()) > 1 && std::chrono::steady_clock::now() < until)
            std::this_thread::sleep_for(1ms);
        EXPECT_EQ(open_sockets(server->child().pid()), 1u);
    }
    /// Waits for the tasks, and says how it goes on.
    Task<> all(std::vector<rouse::JoinHandle<>> handles, StressWatchdog& watchdog) {
        auto tell = [&]() -> Task<> {
            const Instant begin = rouse::now();
            std::size_t echoes = 0;
            for (;;) {
                co_await rouse::sleep(5s);
                if (seen.echoes != echoes) watchdog.progress();
                echoes = seen.echoes;
                if (!plan.is_long) continue;
                std::printf(
                    "  %3lld s: %zu connected so far, %zu echoes, the slowest %.1f ms, %zu errors, server %.1f MiB\n",
                    static_cast<long long>(
                        std::chrono::duration_cast<std::chrono::seconds>(rouse::now() - begin).count()),
                    seen.connected.load(), echoes, static_cast<double>(seen.slowest_us.load()) / 1e3,
                    seen.errors.load(), server_mebibytes());
                std::fflush(stdout);
            }
        };
        auto telling = rouse::spawn(tell);
        for (auto& handle : handles) co_await handle;
        telling.abort();
        watchdog.progress();
    }

    const Plan plan;
    Seen seen;
    std::optional<servers_test::Server> server;
};

TEST_F(Connections, are_held_and_echo_come_and_go_and_leave_nothing_behind) {
    const rouse_test::DescriptorLimit limit(plan.held + 200);
    if (!limit.why_not().empty()) GTEST_SKIP() << limit.why_not();
    StressWatchdog watchdog("are_held_and_echo_come_and_go_and_leave_nothing_behind");
    ::setenv("MALLOC_ARENA_MAX", "1", 1);
    server.emplace("tcp_echo");
    ::unsetenv("MALLOC_ARENA_MAX");
    const pid_t pid = server->child().pid();
    const auto to = SocketAddress::loopback(server->port());
    rouse::RuntimeOptions options;
    options.worker_threads = 2;
    auto runtime = rouse::Runtime::multi_thread(options);

    // One after another, so that what is made at first use is there before we look.
    const auto warm_up = [&]() -> Task<> { co_await visit(to, 20, seen); };
    runtime.block_on(warm_up);
    wait_until_all_are_gone();
    const std::size_t fds = open_descriptors(pid);
    const std::size_t own_fds = open_descriptors(::getpid());
    const std::size_t own_sockets = open_sockets(::getpid());
    const double before = server_mebibytes();

    // 1. All are connected, have echoed once, and idle.
    std::vector<TcpStream> streams;
    const auto connect_all = [&]() -> Task<> {
        std::vector<rouse::JoinHandle<std::vector<TcpStream>>> handles;
        for (std::size_t i = 0; i < connectors; ++i) {
            const std::size_t share = plan.held * (i + 1) / connectors - plan.held * i / connectors;
            handles.push_back(rouse::spawn(connect_some, to, share, std::ref(seen)));
        }
        for (auto& handle : handles) {
            auto some = co_await handle;
            std::ranges::move(some, std::back_inserter(streams));
            watchdog.progress();
        }
    };
    runtime.block_on(connect_all);
    ASSERT_EQ(streams.size(), plan.held) << seen.first_error();
    EXPECT_EQ(open_sockets(pid), 1 + plan.held);
    const double idle = server_mebibytes();
    [[maybe_unused]] const std::size_t threads_at_idle = server_threads();
    std::printf(
        "%zu connections: server %.1f MiB, before them %.1f: %.0f bytes for each that idles (without the kernel's)\n",
        plan.held, idle, before, (idle - before) * mebibyte / static_cast<double>(plan.held));
    std::fflush(stdout);

    // 2. They echo.
    seen.slowest_us = 0;
    const auto hold_all = [&]() -> Task<> {
        const Instant until = rouse::now() + plan.time;
        std::vector<rouse::JoinHandle<>> handles;
        for (std::size_t i = 0; i < streams.size(); ++i)
            handles.push_back(rouse::spawn(hold, std::move(streams[i]), i, until, std::ref(seen)));
        streams.clear();
        co_await all(std::move(handles), watchdog);
    };
    runtime.block_on(hold_all);
    EXPECT_EQ(seen.errors, 0u) << seen.first_error();
    EXPECT_GE(seen.echoes, plan.held * 2);
    wait_until_all_are_gone();
    const double after = server_mebibytes();
    std::printf("held for %lld s: %zu echoes, the slowest %.1f ms; server %.1f MiB when they had gone\n",
                static_cast<long long>(plan.time.count()), seen.echoes.load(),
                static_cast<double>(seen.slowest_us.load()) / 1e3, after);
    std::fflush(stdout);

    // 3. Others come and go.
    const std::size_t echoes = seen.echoes;
    const auto visit_all = [&]() -> Task<> {
        std::vector<rouse::JoinHandle<>> handles;
        for (std::size_t i = 0; i < connectors; ++i) {
            const std::size_t share = plan.visits * (i + 1) / connectors - plan.visits * i / connectors;
            handles.push_back(rouse::spawn(visit, to, share, std::ref(seen)));
        }
        co_await all(std::move(handles), watchdog);
    };
    runtime.block_on(visit_all);
    EXPECT_EQ(seen.errors, 0u) << seen.first_error();
    EXPECT_EQ(seen.echoes, echoes + plan.visits);
    wait_until_all_are_gone();
    // What is no socket: the two descriptors of each worker's driver, from its first connection on. There are
    // up to 16 spare workers, which a loaded machine may call for.
    constexpr std::size_t drivers = 2 * (2 + 16);
    EXPECT_LE(open_descriptors(pid), fds + drivers);
    EXPECT_LE(open_descriptors(::getpid()), own_fds + drivers);
    EXPECT_EQ(open_sockets(::getpid()), own_sockets);
    const double in_the_end = server_mebibytes();
    std::printf("%zu came and went: server %.1f MiB, %zu descriptors (%zu before)\n", plan.visits, in_the_end,
                open_descriptors(pid), fds);
    std::fflush(stdout);

    // 4. As many as before once more.
    runtime.block_on(connect_all);
    ASSERT_EQ(streams.size(), plan.held) << seen.first_error();
    const double again = server_mebibytes();
    const auto leave_all = [&]() -> Task<> {
        std::vector<rouse::JoinHandle<>> handles;
        for (std::size_t i = 0; i < streams.size(); ++i)
            handles.push_back(rouse::spawn(leave, std::move(streams[i]), i % 2 == 0, std::ref(seen)));
        streams.clear();
        co_await all(std::move(handles), watchdog);
    };
    runtime.block_on(leave_all);
    EXPECT_EQ(seen.errors, 0u) << seen.first_error();
    wait_until_all_are_gone();
    std::printf("%zu connections once more: server %.1f MiB\n", plan.held, again);
#if !ROUSE_ASAN && !ROUSE_TSAN // which keep what was freed
    constexpr double for_each_thread = 0.25;
    const double bound =
        idle * 1.05 + 2.0 +
        for_each_thread * static_cast<double>(std::max(server_threads(), threads_at_idle) - threads_at_idle);
    EXPECT_LE(after, bound);
    EXPECT_LE(in_the_end, bound);
    EXPECT_LE(again, bound);
#endif
}

} // namespace
