// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What has wakers of its own, woken, dropped and ended from four threads at once.

#include <rouse/combine/abortable.hpp>
#include <rouse/combine/futures_unordered.hpp>
#include <rouse/combine/shared.hpp>
#include <rouse/core/block_on.hpp>
#include <rouse/sync/oneshot.hpp>
#include <rouse/task/task.hpp>
#include <rouse/testing/harness.hpp>

#include "support/stress_rounds.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

namespace {

using rouse::FuturesUnordered;
using rouse::Task;
using rouse_test::StressRounds;

constexpr int threads = 3; // and this one

/// What other threads do with a waker: keep clones, wake, wake in vain, drop.
class Bell {
public:
    void ring(unsigned how) {
        rouse::Waker mine;
        {
            const std::lock_guard lock(mutex_);
            if (waker_) mine = waker_.clone();
            ready_ = ready_ || how % 3 == 0;
        }
        if (how % 3 == 1) return; // drops the clone
        std::move(mine).wake();
    }
    void finish() {
        rouse::Waker waker;
        {
            const std::lock_guard lock(mutex_);
            ready_ = true;
            waker = std::move(waker_);
        }
        std::move(waker).wake();
    }
    bool poll(rouse::Context& cx) {
        rouse::Waker old = cx.waker().clone();
        const std::lock_guard lock(mutex_);
        if (ready_) return true;
        std::swap(waker_, old);
        return false;
    }

private:
    std::mutex mutex_;
    rouse::Waker waker_;
    bool ready_ = false;
};
class Rung {
public:
    using Output = int;
    explicit Rung(std::shared_ptr<Bell> bell) : bell_(std::move(bell)) {}
    rouse::Poll<int> poll(rouse::Context& cx) {
        if (bell_->poll(cx)) return rouse::Ready(1);
        return rouse::Pending;
    }

private:
    std::shared_ptr<Bell> bell_;
};

/// Calls `act(thread, chance)` on all the others, while `mine()` runs here.
template <class Act, class Mine>
void together(unsigned seed, Act act, Mine mine) {
    std::vector<std::jthread> others;
    std::atomic<int> waiting{threads};
    for (int i = 0; i < threads; ++i)
        others.emplace_back([&, i] {
            std::minstd_rand chance(seed * threads + i + 1);
            --waiting;
            while (waiting.load() > 0) std::this_thread::yield();
            act(i, chance);
        });
    mine();
}

TEST(CombineStress, each_future_of_a_set_is_ready_once_whoever_wakes_it) {
    StressRounds rounds(400);
    for (unsigned round = rouse_test::stress_seed(); rounds.take() != 0; ++round) {
        constexpr int count = 30;
        std::vector<std::shared_ptr<Bell>> bells;
        FuturesUnordered<Rung> set;
        for (int i = 0; i < count; ++i) {
            bells.push_back(std::make_shared<Bell>());
            set.push(Rung(bells.back()));
        }
        const auto ring = [&](int thread, auto& chance) {
            for (int i = 0; i < count; ++i) bells[chance() % count]->ring(static_cast<unsigned>(chance()));
            for (int i = thread; i < count; i += threads) bells[i]->finish();
        };
        int sum = 0;
        together(round, ring, [&] {
            const auto all = [&]() -> Task<> {
                while (auto one = co_await set.next()) sum += *one;
            };
            rouse::block_on(all());
        });
        EXPECT_EQ(sum, count);
    }
}

TEST(CombineStress, a_set_may_end_while_its_futures_are_woken) {
    StressRounds rounds(1000);
    for (unsigned round = rouse_test::stress_seed(); rounds.take() != 0; ++round) {
        constexpr int count = 12;
        std::vector<std::shared_ptr<Bell>> bells;
        for (int i = 0; i < count; ++i) bells.push_back(std::make_shared<Bell>());
        const auto ring = [&](int thread, auto& chance) {
            for (int i = 0; i < count; ++i) bells[chance() % count]->ring(static_cast<unsigned>(chance()));
            for (int i = thread; i < count; i += threads) bells[i]->finish();
        };
        const rouse::testing::CountingWaker waker;
        together(round, ring, [&] {
            FuturesUnordered<Rung> set;
            for (auto& bell : bells) set.push(Rung(bell));
            rouse::Context cx(waker.waker());
            for (unsigned i = 0; i < round % 5; ++i) (void)set.poll_next(cx);
            if (round % 2) set.clear();
        });
        EXPECT_EQ(waker.clones_alive(), 0u);
    }
}

TEST(CombineStress, a_shared_future_gives_its_value_to_all_on_all_threads) {
    StressRounds rounds(300);
    for (unsigned round = rouse_test::stress_seed(); rounds.take() != 0; ++round) {
        constexpr int turns = 20;
        std::vector<std::shared_ptr<Bell>> bells;
        for (int i = 0; i < turns; ++i) bells.push_back(std::make_shared<Bell>());
        std::atomic<bool> inside{false};
        const auto work = [&]() -> Task<int> {
            int sum = 0;
            for (auto& bell : bells) {
                EXPECT_FALSE(inside.exchange(true)) << "polled by two threads at once";
                inside = false;
                sum += co_await Rung(bell);
            }
            co_return sum;
        };
        auto shared = std::make_unique<rouse::Shared<Task<int>>>(rouse::shared(work()));
        std::vector<rouse::Shared<Task<int>>> handles;
        for (int i = 0; i < threads; ++i) handles.push_back(*shared);
        const auto await = [&](int thread, auto& chance) {
            for (int i = 0; i < 10; ++i) { // some leave again
                auto dropped = handles[thread];
                const rouse::Waker noop = rouse::Waker::noop();
                rouse::Context cx(noop);
                (void)dropped.poll(cx);
                bells[chance() % turns]->ring(static_cast<unsigned>(chance()));
            }
            for (int i = thread; i < turns; i += threads) bells[i]->finish();
            EXPECT_EQ(rouse::block_on(handles[thread]), turns);
        };
        together(round, await, [&] {
            EXPECT_EQ(rouse::block_on(*shared), turns);
            shared.reset();
        });
    }
}

TEST(CombineStress, the_last_handle_of_a_shared_future_may_go_while_it_is_woken) {
    StressRounds rounds(1000);
    for (unsigned round = rouse_test::stress_seed(); rounds.take() != 0; ++round) {
        const auto bell = std::make_shared<Bell>();
        const auto alive = std::make_shared<int>(0);
        const rouse::testing::CountingWaker waker;
        std::vector<rouse::Shared<Task<int>>> handles;
        {
            auto work = [](std::shared_ptr<Bell> bell, std::shared_ptr<int>) -> Task<int> {
                co_return co_await Rung(std::move(bell));
            };
            auto shared = rouse::shared(work(bell, alive));
            for (int i = 0; i < threads; ++i) handles.push_back(shared);
        }
        const auto act = [&](int thread, auto& chance) {
            auto mine = std::make_unique<rouse::Shared<Task<int>>>(std::move(handles[thread]));
            rouse::Context cx(waker.waker());
            const bool ready = mine->poll(cx).is_ready();
            bell->ring(static_cast<unsigned>(chance()));
            if (!ready) (void)mine->poll(cx);
        };
        together(round, act, [&] { bell->ring(round); });
        EXPECT_EQ(waker.clones_alive(), 0u);
        EXPECT_EQ(alive.use_count(), 1);
    }
}

TEST(CombineStress, an_abort_and_the_value_make_one_outcome) {
    StressRounds rounds(500);
    int aborted = 0, values = 0;
    for (unsigned round = rouse_test::stress_seed(); rounds.take() != 0; ++round) {
        const auto bell = std::make_shared<Bell>();
        auto [future, handle] = rouse::abortable(Rung(bell));
        std::vector<rouse::FutureAbortHandle> handles(threads, handle);
        handle = rouse::abort_pair().first;
        const auto act = [&](int thread, auto& chance) {
            {
                const rouse::FutureAbortHandle mine = std::move(handles[thread]);
                if (chance() % 4 == 0) mine.abort();
            }
            if (thread == 0) bell->finish();
        };
        together(round, act, [&] {
            auto outcome = rouse::block_on(future);
            ++(outcome ? values : aborted);
            EXPECT_TRUE(outcome.has_value() || outcome.error() == rouse::Aborted());
        });
    }
    EXPECT_GT(values + aborted, 0);
}

} // namespace
