// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The protocol of IoSource under threads that drive, wait, forget, close and register at the same time.

#include <rouse/core/block_on.hpp>
#include <rouse/io/operation.hpp>

#include "io/backends.hpp"
#include "support/stress_rounds.hpp"
#include "support/two_threads.hpp"

#include <chrono>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace {

using rouse::detail::IoDriver;
using rouse::detail::IoSource;
using rouse::io::Interest;
using rouse::io::Readiness;
using rouse_test::FdPair;
using rouse_test::put;
using rouse_test::StressRounds;
using rouse_test::Watched;

/// Drives on a thread of its own.
class Driving {
public:
    explicit Driving(const rouse_test::Backend& backend)
        : driver_(backend.make().value()), thread_([this](std::stop_token stop) {
              while (!stop.stop_requested()) driver_->park(std::nullopt);
          }) {}
    ~Driving() {
        thread_.request_stop();
        driver_->unpark();
    }
    Driving(const Driving&) = delete;
    Driving& operator=(const Driving&) = delete;
    [[nodiscard]] const std::shared_ptr<IoDriver>& driver() const noexcept { return driver_; }

private:
    std::shared_ptr<IoDriver> driver_;
    std::jthread thread_;
};

class DriverStress : public rouse_test::OverBackends {};
INSTANTIATE_TEST_SUITE_P(backends, DriverStress, rouse_test::backends(), testing::PrintToStringParamName());

/// Reads or writes one byte.
class OneByte {
public:
    explicit OneByte(bool writes) noexcept : writes_(writes) {}
    rouse::Result<std::size_t> operator()(int fd) const {
        char byte = 'x';
        return rouse::detail::retry_bytes(
            [&] { return writes_ ? ::write(fd, &byte, 1) : ::read(fd, &byte, 1); });
    }

private:
    bool writes_;
};
using Operation = rouse::detail::IoOperation<OneByte>;

// A wake that is lost here is a thread that sleeps for ever: the event must meet the wait at every instant.
TEST_P(DriverStress, no_arrival_is_lost_on_the_way_to_sleep) {
    const Driving driving(GetParam());
    auto there = FdPair::pipe();
    auto back = FdPair::pipe();
    const Watched ours(driving.driver(), there.b()), theirs(driving.driver(), there.a());
    const Watched ours_back(driving.driver(), back.a()), theirs_back(driving.driver(), back.b());
    StressRounds rounds(20'000);
    const std::size_t count = rounds.take(20'000);
    std::jthread echo([&] {
        for (std::size_t i = 0; i < count; ++i) {
            EXPECT_EQ(*rouse::block_on(Operation(theirs.io(), Interest::readable, OneByte(false))), 1u);
            EXPECT_EQ(*rouse::block_on(Operation(theirs_back.io(), Interest::writable, OneByte(true))), 1u);
        }
    });
    for (std::size_t i = 0; i < count; ++i) {
        EXPECT_EQ(*rouse::block_on(Operation(ours.io(), Interest::writable, OneByte(true))), 1u);
        EXPECT_EQ(*rouse::block_on(Operation(ours_back.io(), Interest::readable, OneByte(false))), 1u);
    }
}

TEST_P(DriverStress, several_threads_read_one_descriptor) {
    const Driving driving(GetParam());
    auto pipe = FdPair::pipe();
    const Watched reads(driving.driver(), pipe.a());
    Watched writes(driving.driver(), pipe.b());
    const std::size_t count = rouse_test::scaled(20'000);
    std::atomic<std::size_t> taken{0};
    {
        std::vector<std::jthread> readers;
        for (int i = 0; i < 3; ++i)
            readers.emplace_back([&] {
                while (*rouse::block_on(Operation(reads.io(), Interest::readable, OneByte(false))) == 1)
                    ++taken;
            });
        for (std::size_t i = 0; i < count; ++i)
            EXPECT_EQ(*rouse::block_on(Operation(writes.io(), Interest::writable, OneByte(true))), 1u);
        writes.registration().close();
        pipe.close_b(); // each sees the end
    }
    EXPECT_EQ(taken.load(), count);
}

TEST_P(DriverStress, a_wait_given_up_meets_its_event) {
    const Driving driving(GetParam());
    auto pair = FdPair::sockets();
    const Watched a(driving.driver(), pair.a());
    rouse::testing::CountingWaker counting;
    rouse_test::TwoThreads::walk(
        StressRounds(10'000).take(10'000),
        [&](std::size_t) {
            Operation reads(a.io(), Interest::readable, OneByte(false));
            rouse::Context cx(counting.waker());
            (void)reads.poll(cx);
        },
        [&](std::size_t) { (void)!::write(pair.b(), "x", 1); });
    // The last event may have taken the waker out [R4], and be about to wake it: for a moment, not for good.
    while (counting.clones_alive() != 0) std::this_thread::yield();
}

TEST_P(DriverStress, a_close_meets_the_wait_and_the_event) {
    const Driving driving(GetParam());
    StressRounds rounds(3'000);
    while (rounds.take()) {
        auto pair = FdPair::sockets();
        Watched a(driving.driver(), pair.a());
        std::jthread reader([&] {
            for (;;) {
                const auto got = rouse::block_on(Operation(a.io(), Interest::readable, OneByte(false)));
                if (got) continue;
                EXPECT_EQ(got.error(), rouse::IoError::closed);
                break;
            }
        });
        put(pair.b());
        EXPECT_TRUE(a.registration().close());
    }
    EXPECT_EQ(driving.driver()->registrations(), 0u);
}

TEST_P(DriverStress, registrations_come_and_go_while_events_are_on_their_way) {
    const Driving driving(GetParam());
    std::vector<std::jthread> threads;
    for (int t = 0; t < 3; ++t)
        threads.emplace_back([&] {
            StressRounds rounds(5'000);
            auto pair = FdPair::sockets();
            while (rounds.take()) {
                const Watched a(driving.driver(), pair.a()), b(driving.driver(), pair.b());
                put(pair.b());
                EXPECT_EQ(*rouse::block_on(Operation(a.io(), Interest::readable, OneByte(false))), 1u);
                put(pair.a()); // its event may come when this one is gone
                rouse::testing::CountingWaker counting;
                rouse::Context cx(counting.waker());
                {
                    Operation reads(b.io(), Interest::readable, OneByte(false));
                    (void)reads.poll(cx);
                }
                (void)rouse_test::drain(pair.b());
                // An event may have taken the waker out [R4], and be about to wake it: for a moment, not for
                // good.
                while (counting.clones_alive() != 0) std::this_thread::yield();
            }
        });
    threads.clear();
    EXPECT_EQ(driving.driver()->registrations(), 0u);
}

TEST_P(DriverStress, the_end_of_the_driver_meets_waits_and_registrations) {
    StressRounds rounds(300);
    while (rounds.take()) {
        auto driving = std::make_unique<Driving>(GetParam());
        auto driver = driving->driver();
        auto pair = FdPair::sockets();
        const Watched a(driver, pair.a());
        std::jthread reader([&] {
            const auto got = rouse::block_on(Operation(a.io(), Interest::readable, OneByte(false)));
            EXPECT_EQ(got.error(), rouse::IoError::runtime_ended);
        });
        std::jthread registers([&] {
            for (;;) {
                auto added =
                    rouse::detail::Registration::add(driver, pair.b(), 0, &rouse::detail::describe_any);
                if (!added) break;
            }
        });
        driving.reset();
        driver->shutdown();
    }
}

TEST_P(DriverStress, what_threads_registered_that_have_ended_meets_events_and_closes) {
    const Driving driving(GetParam());
    StressRounds rounds(500);
    while (rounds.take()) {
        auto pair = FdPair::sockets();
        std::optional<Watched> a;
        std::jthread([&] { a.emplace(driving.driver(), pair.a()); }).join();
        std::jthread writer([&] { put(pair.b()); });
        EXPECT_EQ(*rouse::block_on(Operation(a->io(), Interest::readable, OneByte(false))), 1u);
        writer.join();
        const std::jthread again([&] { put(pair.b()); });
        a.reset();
    }
    EXPECT_EQ(driving.driver()->registrations(), 0u);
}

TEST_P(DriverStress, two_threads_take_turns_at_driving) {
    const auto driver = GetParam().make().value();
    std::mutex turn;
    std::vector<std::jthread> drive;
    for (int i = 0; i < 2; ++i)
        drive.emplace_back([&](const std::stop_token& stop) {
            while (!stop.stop_requested()) {
                const std::lock_guard lock(turn);
                driver->park(std::chrono::steady_clock::now() + std::chrono::microseconds(50));
            }
        });
    auto there = FdPair::pipe();
    const Watched reads(driver, there.a());
    StressRounds rounds(3'000);
    const std::size_t count = rounds.take(3'000);
    for (std::size_t i = 0; i < count; ++i) {
        put(there.b());
        EXPECT_EQ(*rouse::block_on(Operation(reads.io(), Interest::readable, OneByte(false))), 1u);
    }
}

TEST_P(DriverStress, the_peer_sees_each_close_among_events) {
    const Driving driving(GetParam());
    std::vector<std::jthread> threads;
    for (int t = 0; t < 3; ++t)
        threads.emplace_back([&] {
            StressRounds rounds(1'000);
            while (rounds.take()) {
                auto pair = FdPair::sockets();
                const Watched b(driving.driver(), pair.b());
                {
                    const Watched a(driving.driver(), pair.a());
                    put(pair.b());
                }
                pair.close_a();
                const auto end = rouse::block_on(Operation(b.io(), Interest::readable, OneByte(false)));
                EXPECT_TRUE(end ? *end == 0 : end.error() == std::errc::connection_reset);
            }
        });
}

} // namespace
