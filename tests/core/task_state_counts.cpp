// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/core/task_state.hpp>

#include <gtest/gtest.h>

#include <support/fake_task.hpp>

// The counts of a state word: exact whenever the task is idle, and "below zero" for a while when another
// thread drops what the poll has not yet added.
namespace {

using rouse::detail::TaskState;
using rouse::detail::turn;
using rouse_test::elsewhere;
using rouse_test::FakeTask;
using Settled = TaskState::Settled;

constexpr std::uint64_t flags_and_references = TaskState::one_slot - 1;

TEST(TaskStateCounts, a_task_counts_its_own_wakers_in_plain_memory) {
    FakeTask task;
    task.poll([&] {
        const std::uint64_t word = task.load();
        task.clone_waker();
        task.clone_waker();
        task.drop_waker();
        EXPECT_EQ(task.load(), word);
        EXPECT_EQ(TaskState::wakers(task.effective()), 1u);
    });
    EXPECT_EQ(task.waker_count(), 1u);
}

TEST(TaskStateCounts, a_drop_elsewhere_before_the_delta_is_added_borrows_and_comes_right) {
    FakeTask task(TaskState::active | 3 * TaskState::one_reference);
    const Settled settled = task.poll([&] {
        task.clone_waker();
        const std::uint64_t before = task.load() & flags_and_references;
        elsewhere([&] { task.drop_waker(); });
        EXPECT_GT(task.waker_count(), 1u << 19) << "the field is below zero for now";
        EXPECT_EQ(task.load() & flags_and_references, before);
        EXPECT_EQ(task.lost_deliveries, 0);
        EXPECT_EQ(TaskState::wakers(task.effective()), 0u);
    });
    EXPECT_EQ(settled, Settled::lost);
    EXPECT_EQ(task.waker_count(), 0u);
    EXPECT_EQ(task.reference_count(), 3u);
    EXPECT_EQ(task.freed, 0);
}

TEST(TaskStateCounts, a_slot_that_dies_before_it_was_added_borrows_from_the_wakers) {
    FakeTask task;
    const Settled settled = task.poll([&] {
        task.clone_waker();
        task.add_live_slot();
        elsewhere([&] { task.drop_live_slot_and_wake(); });
        EXPECT_EQ(task.reference_count(), 1u);
        EXPECT_TRUE(task.has(TaskState::notified));
    });
    EXPECT_EQ(settled, Settled::again);
    EXPECT_EQ(task.waker_count(), 1u);
    EXPECT_EQ(task.slot_count(), 0u);
}

TEST(TaskStateCounts, a_wake_elsewhere_by_value_of_a_fresh_clone_borrows_and_notifies) {
    FakeTask task;
    const Settled settled = task.poll([&] {
        task.clone_waker();
        elsewhere([&] { task.wake(); });
        EXPECT_TRUE(task.has(TaskState::notified));
    });
    EXPECT_EQ(settled, Settled::again);
    EXPECT_EQ(task.waker_count(), 0u);
    EXPECT_EQ(task.scheduled, 0);
}

TEST(TaskStateCounts, a_word_below_zero_does_not_count_as_too_many) {
    FakeTask task;
    const Settled settled = task.poll([&] {
        for (int i = 0; i < 1000; ++i) task.clone_waker();
        elsewhere([&] {
            for (int i = 0; i < 999; ++i) task.drop_waker();
            task.clone_waker(); // looks at the count
            task.drop_waker();
        });
    });
    EXPECT_EQ(settled, Settled::idle);
    EXPECT_EQ(task.waker_count(), 1u);
}

TEST(TaskStateCounts, a_drop_below_zero_after_done_frees_only_when_all_is_added_up) {
    FakeTask task;
    turn.current = &task;
    turn.delta = 0;
    task.begin_poll();
    task.clone_waker();
    elsewhere([&] { task.drop_waker(); });
    turn.current = nullptr;
    const std::uint64_t delta = std::exchange(turn.delta, 0);
    task.word().fetch_add(delta);
    EXPECT_EQ(task.freed, 0);
    task.complete();
    EXPECT_EQ(task.freed, 1);
}

// While it settles, the task is still this thread's: nobody else decides about it.
TEST(TaskStateCounts, a_settling_task_collects_in_plain_memory) {
    FakeTask task;
    task.begin_poll();
    turn.settling = &task;
    turn.settling_delta = TaskState::one_waker;
    turn.settling_woken = false;
    const std::uint64_t word = task.load();
    task.clone_waker();
    task.drop_waker();
    EXPECT_FALSE(turn.settling_woken);
    task.wake(); // the other half of a ping-pong
    EXPECT_EQ(task.load(), word);
    EXPECT_TRUE(turn.settling_woken);
    EXPECT_EQ(turn.settling_delta, 0u);
    turn.settling = nullptr;
    EXPECT_EQ(task.settle(turn.settling_delta, turn.settling_woken), Settled::again);
    turn.settling_delta = 0;
    turn.settling_woken = false;
    EXPECT_EQ(task.scheduled + task.lost_deliveries, 0);
}

TEST(TaskStateCounts, references_are_apart_from_wakers) {
    FakeTask task;
    for (int i = 0; i < 1000; ++i) task.add_reference();
    EXPECT_EQ(task.reference_count(), 1001u);
    EXPECT_EQ(task.waker_count(), 0u);
    EXPECT_EQ(task.slot_count(), 0u);
    EXPECT_EQ(task.poll([] {}), Settled::lost); // a reference is no way to be woken
    for (int i = 0; i < 1000; ++i) task.drop_reference();
    EXPECT_EQ(task.reference_count(), 1u);
}

class TaskStateDeath : public testing::Test {
protected:
    TaskStateDeath() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_F(TaskStateDeath, too_many_wakers_stop_before_the_field_overflows) {
    EXPECT_DEATH(
        {
            FakeTask task(FakeTask::idle(0));
            for (int i = 0; i < (1 << 21); ++i) task.clone_waker();
        },
        "more than 1,048,576 wakers");
}

TEST_F(TaskStateDeath, too_many_wakers_made_in_a_poll_stop_at_its_end) {
    EXPECT_DEATH(
        {
            FakeTask task;
            task.poll([&] {
                for (int i = 0; i < (1 << 20) + 1; ++i) task.clone_waker();
            });
        },
        "more than 1,048,576 wakers");
}

TEST_F(TaskStateDeath, too_many_references_stop) {
    EXPECT_DEATH(
        {
            FakeTask task;
            for (int i = 0; i < (1 << 14); ++i) task.add_reference();
        },
        "more than 8,192 abort handles");
}

} // namespace
