// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What every backend promises of threads that come and go, of closing, and of loops that are not ours.

#include "io/backends.hpp"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <latch>
#include <thread>
#include <vector>

#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/wait.h>

namespace {

using namespace std::chrono_literals;
using rouse::detail::IoDriver;
using rouse::detail::Registration;
using rouse::io::Interest;
using rouse_test::FdPair;
using rouse_test::put;
using rouse_test::Waits;
using rouse_test::Watched;

class DriverThreads : public rouse_test::OverBackends {
protected:
    void SetUp() override {
        OverBackends::SetUp();
        if (!IsSkipped()) driver = GetParam().make().value();
    }
    /// Waits until the descriptor is readable, or has hung up: with a bound that only a fault meets.
    static bool becomes_readable(int fd) {
        pollfd ready{fd, POLLIN, 0};
        return ::poll(&ready, 1, 20'000) == 1;
    }
    void park_until_readable(const Watched& watched) {
        while (!watched.ready().is_readable()) driver->park(std::nullopt);
    }
    std::shared_ptr<IoDriver> driver;
};
INSTANTIATE_TEST_SUITE_P(backends, DriverThreads, rouse_test::backends(), testing::PrintToStringParamName());

TEST_P(DriverThreads, what_a_thread_registered_that_has_ended_is_watched_on) {
    auto pair = FdPair::sockets();
    std::optional<Watched> a;
    std::jthread([&] { a.emplace(driver, pair.a()); }).join();
    for (int i = 0; i < 3; ++i) {
        put(pair.b());
        park_until_readable(*a);
        EXPECT_EQ(rouse_test::drain(pair.a()), "x");
        a->clear();
    }
}

TEST_P(DriverThreads, an_unpark_reaches_a_driver_whose_maker_has_ended) {
    std::jthread([&] { driver = GetParam().make().value(); }).join();
    for (int i = 0; i < 20; ++i) {
        const std::jthread other([&] { driver->unpark(); });
        driver->park(std::nullopt);
    }
    const auto deadline = std::chrono::steady_clock::now() + 2ms;
    driver->park(deadline); // nothing is left of it
    EXPECT_GE(std::chrono::steady_clock::now(), deadline);
}

// A worker that is stuck in a poll does not come back to finish what it began in the kernel.
TEST_P(DriverThreads, a_thread_that_is_stuck_does_not_hold_back_what_it_registered) {
    auto pair = FdPair::sockets();
    std::optional<Watched> a;
    std::atomic<bool> registered{false}, over{false};
    std::jthread stuck([&] {
        a.emplace(driver, pair.a());
        registered = true;
        while (!over.load(std::memory_order_relaxed)) {} // no system call
    });
    while (!registered) std::this_thread::yield();
    for (int i = 0; i < 3; ++i) {
        put(pair.b());
        park_until_readable(*a);
        (void)rouse_test::drain(pair.a());
        a->clear();
    }
    over = true;
}

// ---- closing ----

TEST_P(DriverThreads, the_peer_sees_a_close_while_the_driver_sleeps) {
    std::jthread sleeper([&](const std::stop_token& stop) {
        while (!stop.stop_requested()) driver->park(std::nullopt);
    });
    for (int i = 0; i < 100; ++i) {
        auto pair = FdPair::sockets();
        std::optional<Watched> a(std::in_place, driver, pair.a());
        a.reset();
        pair.close_a();
        EXPECT_TRUE(becomes_readable(pair.b()));
    }
    sleeper.request_stop();
    driver->unpark();
}

TEST_P(DriverThreads, the_peer_sees_a_close_though_nobody_drives) {
    auto pair = FdPair::sockets();
    std::optional<Watched> a(std::in_place, driver, pair.a());
    a.reset();
    pair.close_a();
    EXPECT_TRUE(becomes_readable(pair.b()));
}

TEST_P(DriverThreads, the_peer_sees_a_close_by_another_thread_than_the_one_that_registered) {
    auto asleep = FdPair::sockets();
    auto busy = FdPair::sockets();
    auto gone = FdPair::sockets();
    std::optional<Watched> a, b, c;
    std::latch registered(2), over(1);
    std::atomic<bool> busy_over{false};
    std::jthread([&] { c.emplace(driver, gone.a()); }).join();
    std::jthread sleeps([&] {
        a.emplace(driver, asleep.a());
        registered.count_down();
        over.wait();
    });
    std::jthread spins([&] {
        b.emplace(driver, busy.a());
        registered.count_down();
        while (!busy_over.load(std::memory_order_relaxed)) {}
    });
    registered.wait();
    for (auto [watched, pair] : {std::pair(&a, &asleep), std::pair(&b, &busy), std::pair(&c, &gone)}) {
        watched->reset();
        pair->close_a();
        EXPECT_TRUE(becomes_readable(pair->b()));
    }
    busy_over = true;
    over.count_down();
}

// The kernel lets go of it where it was registered. Nearly always at once: that thread must come to run
// within 10 ms, and may come later.
TEST_P(DriverThreads, an_address_is_free_after_a_close_by_another_thread) {
    constexpr int rounds = 50;
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int taken = 0;
    for (int i = 0; i < rounds; ++i) {
        sockaddr_in address = any;
        socklen_t size = sizeof(address);
        const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
        ASSERT_EQ(::listen(listener, 1), 0);
        ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
        std::optional<Watched> a;
        std::latch registered(1), over(1);
        std::jthread other([&] {
            a.emplace(driver, listener);
            registered.count_down();
            over.wait();
        });
        registered.wait();
        a.reset();
        ::close(listener);
        const int next = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const auto bound = [&] { return ::bind(next, reinterpret_cast<sockaddr*>(&address), size) == 0; };
        if (!bound()) {
            ++taken;
            const auto until = std::chrono::steady_clock::now() + 20s; // only against hanging
            bool is_free = false;
            while (!(is_free = bound()) && std::chrono::steady_clock::now() < until)
                std::this_thread::yield();
            EXPECT_TRUE(is_free);
        }
        ::close(next);
        over.count_down();
    }
    std::printf("of %d addresses %d were not free at once\n", rounds, taken);
}

TEST_P(DriverThreads, a_closed_descriptor_says_no_more_though_its_poll_was_on_its_way) {
    auto pair = FdPair::sockets();
    std::optional<Watched> a(std::in_place, driver, pair.a());
    put(pair.b());
    a.reset();
    EXPECT_EQ(driver->poll_now(), 0u);
    EXPECT_EQ(driver->registrations(), 0u);
}

TEST_P(DriverThreads, the_errors_of_a_registration_are_told_at_once) {
    auto pair = FdPair::sockets();
    {
        const Watched a(driver, pair.a());
        EXPECT_EQ(driver->add(pair.a(), 0).error(), std::errc::file_exists);
        const int same = ::dup(pair.a());
        { const Watched b(driver, same); } // another number
        ::close(same);
        EXPECT_EQ(driver->registrations(), 1u);
    }
    { const Watched again(driver, pair.a()); }
    const int closed = pair.release_a();
    ::close(closed);
    EXPECT_EQ(driver->add(closed, 0).error(), std::errc::bad_file_descriptor);
    EXPECT_EQ(driver->add(-1, 0).error(), std::errc::bad_file_descriptor);
    const int directory = ::open("/", O_RDONLY | O_CLOEXEC);
    EXPECT_EQ(driver->add(directory, 0).error(), std::errc::operation_not_permitted);
    ::close(directory);
    const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    EXPECT_EQ(driver->add(null, 0).error(), std::errc::operation_not_permitted);
    ::close(null);
    EXPECT_EQ(driver->registrations(), 0u);
}

// ---- more than there is room for ----

TEST_P(DriverThreads, nothing_is_lost_when_much_more_happens_than_anybody_hears) {
    const int fd = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    const Watched a(driver, fd);
    auto pair = FdPair::sockets();
    const Watched b(driver, pair.a());
    for (int i = 0; i < 20'000; ++i) {
        const std::uint64_t one = 1;
        EXPECT_EQ(::write(fd, &one, sizeof(one)), 8);
        driver->unpark();
    }
    put(pair.b());
    while (!a.ready().is_readable() || !b.ready().is_readable()) driver->park(std::nullopt);
    while (driver->poll_now() != 0) {}
    for (int i = 0; i < 3; ++i) { // and it is watched on, as are unparks
        (void)rouse_test::drain(pair.a());
        std::uint64_t count = 0;
        EXPECT_EQ(::read(fd, &count, sizeof(count)), 8);
        a.clear();
        b.clear();
        put(pair.b());
        const std::uint64_t one = 1;
        EXPECT_EQ(::write(fd, &one, sizeof(one)), 8);
        while (!a.ready().is_readable() || !b.ready().is_readable()) driver->park(std::nullopt);
    }
    while (driver->poll_now() != 0) {}
    driver->unpark();
    EXPECT_EQ(driver->park(std::nullopt), 0u);
    ::close(fd);
}

// The system has nobody to tell that from then on: it answers each poll at once.
TEST_P(DriverThreads, a_terminal_that_has_hung_up_does_not_keep_it_awake) {
    const int master = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master < 0 || ::grantpt(master) != 0 || ::unlockpt(master) != 0) GTEST_SKIP() << "no terminals here";
    const int slave = ::open(::ptsname(master), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    ASSERT_GE(slave, 0);
    const Watched a(driver, slave);
    ::close(master);
    while (!a.ready().is_read_closed()) driver->park(std::nullopt);
    int events = 0;
    while (events < 1000 && driver->park(std::chrono::steady_clock::now() + 1ms) != 0) ++events;
    EXPECT_LT(events, 1000);
    ::close(slave);
}

// ---- loops that are not ours, and processes ----

TEST_P(DriverThreads, its_descriptor_is_readable_when_there_is_something_to_do) {
    auto pair = FdPair::sockets();
    const auto is_readable = [&] {
        pollfd ready{driver->descriptor(), POLLIN, 0};
        return ::poll(&ready, 1, 0) == 1;
    };
    EXPECT_FALSE(is_readable());
    const Watched a(driver, pair.a());
    EXPECT_TRUE(is_readable()) << "it is writable";
    while (driver->poll_now() != 0) {}
    EXPECT_FALSE(is_readable());
    put(pair.b());
    EXPECT_TRUE(is_readable());
    EXPECT_EQ(driver->poll_now(), 1u);
    driver->unpark();
    EXPECT_TRUE(is_readable());
    driver->poll_now();
    EXPECT_FALSE(is_readable());
    std::jthread other([&] { put(pair.b()); });
    EXPECT_TRUE(becomes_readable(driver->descriptor()));
    EXPECT_EQ(driver->poll_now(), 1u);
}

TEST_P(DriverThreads, a_fork_leaves_the_registrations_of_its_parent_alone) {
    auto pair = FdPair::sockets();
    std::optional<Watched> a(std::in_place, driver, pair.a());
    driver->poll_now();
    const pid_t child = ::fork();
    if (child == 0) {
        a.reset();
        driver.reset();
        ::_exit(0);
    }
    int status = -1;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    a->clear();
    put(pair.b());
    park_until_readable(*a);
}

} // namespace
