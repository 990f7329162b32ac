// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/core/task_state.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <vector>

#include <support/fake_task.hpp>
#include <support/stress_rounds.hpp>
#include <support/two_threads.hpp>

// Two parties contend for one word, again and again: whatever the order, exactly one of them delivers.
namespace {

using rouse::detail::TaskOps;
using rouse::detail::TaskState;
using rouse_test::FakeTask;
using rouse_test::StressRounds;
using rouse_test::TwoThreads;
using Settled = TaskState::Settled;

constexpr std::size_t batch_size = 2'000;

/// A task on the heap whose executor is whoever delivers it: it is completed there and then, and freed by the
/// last reference, on whichever thread. A second step on a word that was decided touches freed memory.
class Doomed final : public TaskState {
public:
    explicit Doomed(std::uint64_t word) noexcept : TaskState(&ops_table, word) {}
    static inline std::atomic<std::size_t> deliveries{0};
    static inline std::atomic<std::size_t> verdicts{0};
    static inline std::atomic<std::size_t> freed{0};

private:
    static void deliver(TaskState* state) noexcept {
        deliveries.fetch_add(1, std::memory_order_relaxed);
        std::uint64_t old = state->word().load();
        while (!state->word().compare_exchange_weak(old, (old | done) & ~(active | notified))) {}
        state->drop_reference();
    }
    static void deliver_lost(TaskState* state) noexcept {
        verdicts.fetch_add(1, std::memory_order_relaxed);
        deliver(state);
    }
    static void free(TaskState* state) noexcept {
        freed.fetch_add(1, std::memory_order_relaxed);
        delete static_cast<Doomed*>(state);
    }
    static constexpr TaskOps ops_table{deliver, deliver_lost, free};
};

TEST(TaskStateStress, an_abort_that_races_the_last_drop_is_one_delivery_and_one_free) {
    Doomed::deliveries = Doomed::verdicts = Doomed::freed = 0;
    std::size_t total = 0;
    StressRounds rounds(1'000'000);
    std::vector<Doomed*> tasks;
    while (const std::size_t count = rounds.take(batch_size)) {
        tasks.clear();
        for (std::size_t i = 0; i < count; ++i) {
            // Idle; references of the executor and of an AbortHandle; one waker.
            tasks.push_back(new Doomed(FakeTask::idle(1, 2)));
        }
        TwoThreads::walk(
            count, [&](std::size_t i) { tasks[i]->drop_waker(); },
            [&](std::size_t i) {
                tasks[i]->abort();
                tasks[i]->drop_reference();
            });
        total += count;
        ASSERT_EQ(Doomed::deliveries, total);
        ASSERT_EQ(Doomed::freed, total);
    }
    EXPECT_LE(Doomed::verdicts, total);
}

/// Runs `mine` and `other` on each of many fresh tasks at the same time, and `check` afterwards.
template <class Make, class Mine, class Other, class Check>
void race(std::size_t wanted, Make make, Mine mine, Other other, Check check) {
    StressRounds rounds(wanted);
    while (const std::size_t count = rounds.take(batch_size)) {
        const auto tasks = std::make_unique<std::optional<FakeTask>[]>(count);
        for (std::size_t i = 0; i < count; ++i) tasks[i].emplace(make());
        TwoThreads::walk(
            count, [&](std::size_t i) { mine(*tasks[i]); }, [&](std::size_t i) { other(*tasks[i]); });
        for (std::size_t i = 0; i < count && !testing::Test::HasFailure(); ++i) check(*tasks[i]);
        if (testing::Test::HasFailure()) return;
    }
}

TEST(TaskStateStress, a_wake_that_races_the_drop_of_another_waker_is_never_lost) {
    race(
        200'000, [] { return FakeTask::idle(2); }, [](FakeTask& task) { task.counted_waker().wake(); },
        [](FakeTask& task) { task.drop_waker(); },
        [](FakeTask& task) {
            EXPECT_EQ(task.scheduled, 1);
            EXPECT_EQ(task.lost_deliveries, 0);
            EXPECT_EQ(task.waker_count(), 0u);
        });
}

TEST(TaskStateStress, two_wakes_deliver_once) {
    race(
        200'000, [] { return FakeTask::idle(2); }, [](FakeTask& task) { task.counted_waker().wake(); },
        [](FakeTask& task) { task.counted_waker().wake(); },
        [](FakeTask& task) {
            EXPECT_EQ(task.scheduled, 1);
            EXPECT_EQ(task.lost_deliveries, 0);
        });
}

TEST(TaskStateStress, two_drops_are_one_verdict) {
    race(
        200'000, [] { return FakeTask::idle(2); }, [](FakeTask& task) { task.drop_waker(); },
        [](FakeTask& task) { task.drop_waker(); },
        [](FakeTask& task) {
            EXPECT_EQ(task.lost_deliveries, 1);
            EXPECT_EQ(task.scheduled, 0);
        });
}

// The waker that the poll cloned is dropped elsewhere while the poll ends: one of the two sees that it was
// the last.
TEST(TaskStateStress, the_end_of_a_poll_and_the_last_drop_find_one_verdict) {
    race(
        500'000, [] { return TaskState::active | TaskState::one_reference; },
        [](FakeTask& task) {
            if (task.settle(TaskState::one_waker, false) == Settled::lost) ++task.lost_deliveries;
        },
        [](FakeTask& task) { task.drop_waker(); },
        [](FakeTask& task) {
            EXPECT_EQ(task.lost_deliveries, 1);
            EXPECT_EQ(task.waker_count(), 0u);
            EXPECT_TRUE(task.has(TaskState::lost));
            EXPECT_TRUE(task.has(TaskState::active));
        });
}

TEST(TaskStateStress, the_end_of_a_poll_and_a_wake_make_one_further_poll) {
    race(
        500'000, [] { return TaskState::active | TaskState::one_reference; },
        [](FakeTask& task) {
            const Settled settled = task.settle(TaskState::one_waker, false); // of a poll that made a clone
            if (settled == Settled::again) ++task.scheduled;
            if (settled == Settled::lost) ++task.lost_deliveries;
        },
        [](FakeTask& task) { task.counted_waker().wake(); },
        [](FakeTask& task) {
            EXPECT_EQ(task.scheduled, 1);
            EXPECT_EQ(task.lost_deliveries, 0);
            EXPECT_TRUE(task.has(TaskState::active));
        });
}

TEST(TaskStateStress, the_end_of_a_poll_and_an_abort_make_one_further_poll) {
    race(
        500'000, [] { return TaskState::active | TaskState::one_reference; },
        [](FakeTask& task) {
            if (task.settle(TaskState::one_waker, false) == Settled::again) ++task.scheduled;
        },
        [](FakeTask& task) { task.abort(); },
        [](FakeTask& task) {
            EXPECT_EQ(task.scheduled, 1);
            EXPECT_TRUE(task.has(TaskState::aborted));
            EXPECT_EQ(task.waker_count(), 1u);
        });
}

TEST(TaskStateStress, completion_and_the_last_drops_free_once) {
    race(
        200'000, [] { return TaskState::active | 2 * TaskState::one_reference | TaskState::one_waker; },
        [](FakeTask& task) { task.complete(); },
        [](FakeTask& task) {
            task.drop_reference();
            task.counted_waker().wake();
        },
        [](FakeTask& task) {
            EXPECT_EQ(task.freed, 1);
            EXPECT_EQ(task.scheduled, 0);
        });
}

// Clones and drops from several threads while the owner polls: at the end the count is exact.
TEST(TaskStateStress, counts_add_up_over_threads) {
    const std::size_t each = rouse_test::scaled(100'000);
    FakeTask task(TaskState::active | TaskState::one_reference | TaskState::one_waker);
    const auto churn = [&] {
        for (std::size_t i = 0; i < each; ++i) {
            task.clone_waker();
            if (i % 3 == 0) task.wake_by_ref();
            task.drop_waker();
        }
    };
    std::size_t polls = 0;
    {
        std::jthread first(churn), second(churn);
        for (std::size_t i = 0; i < each; ++i) {
            if (!task.has(TaskState::active)) continue;
            ++polls;
            task.poll([&] {
                task.clone_waker();
                task.drop_waker();
            });
        }
    }
    EXPECT_GT(polls, 0u);
    EXPECT_EQ(task.waker_count(), 1u);
    EXPECT_EQ(task.slot_count(), 0u);
    EXPECT_EQ(task.reference_count(), 1u);
    EXPECT_EQ(task.lost_deliveries, 0);
}

} // namespace
