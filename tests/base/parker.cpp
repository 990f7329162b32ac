// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/base/parker.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include <support/stress_rounds.hpp>
#include <support/two_threads.hpp>

namespace {

using rouse::detail::Parker;
using std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto long_time = 30s; // a park that runs into it has lost its token

TEST(Parker, an_unpark_before_the_park_is_kept) {
    Parker parker;
    parker.unpark();
    EXPECT_TRUE(parker.park(steady_clock::now() + long_time));
}

TEST(Parker, several_unparks_count_as_one) {
    Parker parker;
    parker.unpark();
    parker.unpark();
    parker.unpark();
    EXPECT_TRUE(parker.park(steady_clock::now() + long_time));
    EXPECT_FALSE(parker.park(steady_clock::now()));
}

TEST(Parker, a_park_without_token_ends_at_its_deadline) {
    Parker parker;
    const auto deadline = steady_clock::now() + 2ms;
    EXPECT_FALSE(parker.park(deadline));
    EXPECT_GE(steady_clock::now(), deadline);
}

TEST(Parker, a_deadline_before_the_clock_began_has_passed) {
    Parker parker;
    EXPECT_FALSE(parker.park(steady_clock::time_point(-1s)));
    EXPECT_FALSE(parker.park(steady_clock::time_point::min()));
}

TEST(Parker, a_deadline_that_has_passed_does_not_hide_the_token) {
    Parker parker;
    parker.unpark();
    EXPECT_TRUE(parker.park(steady_clock::now() - 1s));
    EXPECT_FALSE(parker.park(steady_clock::now() - 1s));
}

TEST(Parker, after_a_timeout_the_next_token_is_seen) {
    Parker parker;
    EXPECT_FALSE(parker.park(steady_clock::now()));
    parker.unpark();
    EXPECT_TRUE(parker.park(steady_clock::now() + long_time));
}

TEST(Parker, try_take_takes_the_token_once) {
    Parker parker;
    EXPECT_FALSE(parker.try_take());
    parker.unpark();
    EXPECT_TRUE(parker.try_take());
    EXPECT_FALSE(parker.try_take());
}

TEST(Parker, wakes_a_thread_that_sleeps) {
    Parker parker;
    int handed_over = 0; // plain: unpark publishes it
    std::jthread other([&] {
        handed_over = 7;
        parker.unpark();
    });
    ASSERT_TRUE(parker.park(steady_clock::now() + long_time));
    EXPECT_EQ(handed_over, 7);
}

// Each side may go on only with the other's token, so a lost or an invented one shows in the counts.
TEST(Parker, two_threads_hand_a_turn_to_and_fro) {
    const std::size_t rounds = rouse_test::scaled(20'000);
    Parker mine, theirs;
    std::size_t turns = 0; // plain: only who has the turn touches it
    std::size_t lost = 0;
    std::jthread other([&] {
        for (std::size_t i = 0; i < rounds; ++i) {
            if (!theirs.park(steady_clock::now() + long_time)) return;
            ++turns;
            mine.unpark();
        }
    });
    for (std::size_t i = 0; i < rounds && lost == 0; ++i) {
        theirs.unpark();
        if (!mine.park(steady_clock::now() + long_time)) ++lost;
        else if (turns != i + 1) ++lost;
    }
    EXPECT_EQ(lost, 0u);
    other.join();
    EXPECT_EQ(turns, rounds);
}

// Many unparks, one parked thread: the last one is always answered.
TEST(Parker, an_unpark_during_the_way_to_sleep_is_not_lost) {
    const std::size_t rounds = rouse_test::scaled(20'000);
    Parker parker;
    std::atomic<std::size_t> published{0};
    std::jthread other([&] {
        for (std::size_t i = 1; i <= rounds; ++i) {
            published.store(i, std::memory_order_relaxed);
            parker.unpark();
        }
    });
    while (published.load(std::memory_order_relaxed) != rounds) {
        if (!parker.park(steady_clock::now() + long_time)) {
            ADD_FAILURE() << "an unpark was lost after " << published.load();
            break;
        }
    }
}

// The token is given at the very moment in which the other thread goes to sleep.
TEST(Parker, an_unpark_that_meets_the_park_wakes_it) {
    const std::size_t rounds = rouse_test::scaled(300'000);
    std::vector<Parker> parkers(rounds);
    bool lost = false;
    rouse_test::TwoThreads::walk(
        rounds,
        [&](std::size_t i) {
            if (!lost) lost = !parkers[i].park(steady_clock::now() + long_time);
        },
        [&](std::size_t i) { parkers[i].unpark(); });
    EXPECT_FALSE(lost);
}

/// A device that is a parker itself.
class Device final : public rouse::detail::ParkDevice {
public:
    void wait(std::optional<TimePoint> deadline) noexcept override {
        ++waits;
        inner_.park(deadline);
    }
    void unpark() noexcept override {
        ++unparks;
        inner_.unpark();
    }
    std::atomic<int> waits{0};
    std::atomic<int> unparks{0};

private:
    Parker inner_;
};

TEST(Parker, a_token_keeps_it_from_waiting_in_a_device) {
    Parker parker;
    Device device;
    parker.unpark();
    EXPECT_TRUE(parker.park_in(device, std::nullopt));
    EXPECT_EQ(device.waits, 0);
    EXPECT_EQ(device.unparks, 0) << "nobody slept there";
}

TEST(Parker, an_event_of_the_device_ends_the_park_without_a_token) {
    Parker parker;
    Device device;
    device.unpark();
    EXPECT_FALSE(parker.park_in(device, std::nullopt));
    EXPECT_FALSE(parker.park_in(device, std::chrono::steady_clock::now()));
}

TEST(Parker, an_unpark_that_meets_the_park_in_a_device_wakes_it) {
    Parker parker;
    Device device;
    for (int i = 0; i < 2'000; ++i) {
        std::jthread other([&] { parker.unpark(); });
        while (!parker.park_in(device, std::nullopt)) {} // a late unpark of the device is for nothing
    }
}

} // namespace
