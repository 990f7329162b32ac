// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Children of combinators whose wakers three threads clone, drop and wake: no child is told falsely that it
// is lost, and no task hangs.

#include <rouse/combine/join.hpp>
#include <rouse/combine/select.hpp>
#include <rouse/runtime/runtime.hpp>
#include <rouse/task/yield_now.hpp>
#include <rouse/time/timeout.hpp>

#include "stress/many_hands.hpp"
#include "stress/stress_watchdog.hpp"
#include "support/stress_rounds.hpp"

#include <gtest/gtest.h>

#include <barrier>
#include <deque>
#include <optional>
#include <thread>

namespace {

using rouse::JoinHandle;
using rouse::Task;
using rouse_test::await_hands;
using rouse_test::Counted;
using rouse_test::ManyHands;
using rouse_test::Random;
using rouse_test::StressRounds;
using rouse_test::StressWatchdog;

using namespace std::chrono_literals;

/// One task with two children. Which of them are to end, the test decides beforehand.
class Family {
public:
    enum class Kind : unsigned { join, select, timeout, timeout_in_join, count };
    Kind kind = Kind::join;
    std::array<ManyHands, 2> children;
    std::array<bool, 2> ends{};
    std::optional<JoinHandle<int>> handle;

    /// Whether the task as a whole has a value: else it is lost.
    [[nodiscard]] bool has_value() const noexcept {
        switch (kind) {
        case Kind::join:
        case Kind::timeout_in_join:
            return ends[0] && ends[1];
        case Kind::select:
            return ends[0] || ends[1];
        case Kind::timeout:
        case Kind::count:
            break;
        }
        return ends[0];
    }
};

Task<int> live(Family& family, unsigned seed, std::atomic<long>& alive) {
    const Counted guard(alive);
    auto first = await_hands(family.children[0], seed, Counted(alive));
    auto second = await_hands(family.children[1], seed + 1, Counted(alive));
    switch (family.kind) {
    case Family::Kind::join: {
        const auto [a, b] = co_await rouse::join(std::move(first), std::move(second));
        co_return a + b;
    }
    case Family::Kind::select: {
        const auto either = co_await rouse::select(std::move(first), std::move(second));
        co_return static_cast<int>(either.index());
    }
    case Family::Kind::timeout: {
        const auto value = co_await rouse::timeout(1h, std::move(first));
        EXPECT_TRUE(value.has_value()) << "an hour was waited for a child that is lost";
        co_return 1;
    }
    default: {
        auto bounded = rouse::timeout(1h, std::move(first));
        const auto [a, b] = co_await rouse::join(std::move(bounded), std::move(second));
        EXPECT_TRUE(a.has_value());
        co_return b;
    }
    }
}

class SlotRound {
    static constexpr int threads = 3;

public:
    SlotRound(unsigned seed, std::size_t steps) : seed_(seed), steps_(steps), families_(24) {}

    Task<> run() {
        Random random(seed_);
        for (Family& family : families_) {
            family.kind = static_cast<Family::Kind>(random() % static_cast<unsigned>(Family::Kind::count));
            for (std::size_t i = 0; i < 2; ++i) {
                family.ends[i] = random() % 2 == 0;
                if (family.ends[i]) family.children[i].keep();
            }
            family.handle = rouse::spawn(live(family, static_cast<unsigned>(random()), alive));
        }
        co_await rouse::yield_now();
        std::vector<std::jthread> hands;
        for (int i = 0; i < threads; ++i) hands.emplace_back([this, i] { work(i); });
        for (Family& family : families_) {
            auto result = co_await std::move(*family.handle).into_result();
            EXPECT_EQ(result.has_value(), family.has_value())
                << "kind " << static_cast<unsigned>(family.kind) << ", ends " << family.ends[0]
                << family.ends[1] << (result ? "" : result.error().what());
            if (!result) {
                EXPECT_TRUE(result.error().is_lost()) << result.error().what();
            }
        }
    }
    std::atomic<long> alive{0};

private:
    void work(int me) {
        Random random(seed_ * 31 + static_cast<unsigned>(me));
        for (std::size_t i = 0; i < steps_; ++i) {
            ManyHands& hands = families_[random() % families_.size()].children[random() % 2];
            if (rouse::Waker waker = hands.take()) hands.step(std::move(waker), random);
        }
        all_through_.arrive_and_wait();
        // Children of one task end on several threads.
        for (std::size_t i = 0; i < families_.size() * 2; ++i) {
            if (static_cast<int>(i % threads) != me) continue;
            ManyHands& hands = families_[i / 2].children[i % 2];
            std::vector<rouse::Waker> left = hands.close();
            if (rouse::Waker keeper = hands.take_keeper()) hands.finish(std::move(keeper));
            for (rouse::Waker& waker : left) {
                if (random() % 2 == 0) hands.drop(std::move(waker));
                else hands.wake(std::move(waker));
            }
        }
    }

    unsigned seed_;
    std::size_t steps_;
    std::deque<Family> families_;
    std::barrier<> all_through_{threads};
};

TEST(stress_slots, each_child_ends_as_it_must) {
    StressWatchdog watchdog("stress_slots");
    StressRounds rounds(60);
    unsigned seed = 1;
    while (rounds.take() != 0) {
        rouse::RuntimeOptions options;
        options.on_hang = [](const rouse::HangReport&) {};
        SlotRound round(seed++, 1'000);
        {
            auto runtime = rouse::Runtime::current_thread(std::move(options));
            runtime.block_on(round.run());
        }
        EXPECT_EQ(round.alive, 0);
        if (HasFailure()) FAIL() << "seed " << seed - 1;
        watchdog.progress();
    }
}

} // namespace
