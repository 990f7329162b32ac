// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/core/task_state.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include <support/fake_task.hpp>

// One test or more for each transition of the protocol at the head of task_state.hpp.
namespace {

using rouse::Waker;
using rouse::detail::TaskState;
using rouse::detail::turn;
using rouse_test::elsewhere;
using rouse_test::FakeTask;
using Settled = TaskState::Settled;

// ---- S1: wake

TEST(TaskStateWake, of_an_idle_task_delivers_it_once) {
    FakeTask task(FakeTask::idle(1));
    task.wake_by_ref();
    EXPECT_EQ(task.scheduled, 1);
    EXPECT_TRUE(task.has(TaskState::active));
    EXPECT_FALSE(task.has(TaskState::notified));
    EXPECT_EQ(task.waker_count(), 1u);
}

TEST(TaskStateWake, wakes_coalesce) {
    FakeTask task(FakeTask::idle(1));
    for (int i = 0; i < 10; ++i) task.wake_by_ref();
    EXPECT_EQ(task.scheduled, 1);
    EXPECT_TRUE(task.has(TaskState::notified));
}

TEST(TaskStateWake, by_value_gives_up_the_waker_in_the_same_step) {
    FakeTask task(FakeTask::idle(1));
    task.counted_waker().wake();
    EXPECT_EQ(task.waker_count(), 0u);
    EXPECT_EQ(task.scheduled, 1);
    EXPECT_EQ(task.lost_deliveries, 0); // the last waker went, but it was used
}

TEST(TaskStateWake, of_an_active_task_notifies_it) {
    FakeTask task; // queued
    task.wake_by_ref();
    EXPECT_EQ(task.scheduled, 0);
    EXPECT_TRUE(task.has(TaskState::notified));
}

TEST(TaskStateWake, of_a_done_task_does_nothing) {
    FakeTask task(TaskState::active | 2 * TaskState::one_reference);
    task.complete();
    const std::uint64_t word = task.load();
    task.wake_by_ref();
    EXPECT_EQ(task.load(), word);
    EXPECT_EQ(task.scheduled, 0);
    EXPECT_EQ(task.freed, 0);
}

// ---- S2: start of a poll

TEST(TaskStatePoll, begins_by_clearing_notified_and_tells_the_flags_as_they_were) {
    FakeTask task;
    task.wake_by_ref();
    const std::uint64_t before = task.load();
    EXPECT_EQ(task.begin_poll(), before);
    EXPECT_FALSE(task.has(TaskState::notified));
    EXPECT_TRUE(task.has(TaskState::active));
}

TEST(TaskStatePoll, a_wake_before_the_poll_is_answered_by_it) {
    FakeTask task;
    task.wake_by_ref();
    EXPECT_EQ(task.poll([&] { task.clone_waker(); }), Settled::idle);
}

// ---- S3: end of a poll

TEST(TaskStateSettle, with_a_waker_the_task_is_idle) {
    FakeTask task;
    EXPECT_EQ(task.poll([&] { task.clone_waker(); }), Settled::idle);
    EXPECT_FALSE(task.has(TaskState::active));
    EXPECT_EQ(task.waker_count(), 1u);
}

TEST(TaskStateSettle, without_a_waker_it_is_lost_and_stays_active) {
    FakeTask task;
    EXPECT_EQ(task.poll([] {}), Settled::lost);
    EXPECT_TRUE(task.has(TaskState::lost));
    EXPECT_TRUE(task.has(TaskState::active));
    EXPECT_EQ(task.scheduled + task.lost_deliveries, 0); // whoever polled it has it
}

TEST(TaskStateSettle, a_waker_made_and_dropped_in_the_poll_is_none) {
    FakeTask task;
    EXPECT_EQ(task.poll([&] {
        task.clone_waker();
        { const Waker waker = task.counted_waker(); }
    }),
              Settled::lost);
    EXPECT_EQ(task.waker_count(), 0u);
}

TEST(TaskStateSettle, a_live_slot_counts_as_a_waker) {
    FakeTask task;
    EXPECT_EQ(task.poll([&] { task.add_live_slot(); }), Settled::idle);
    EXPECT_EQ(task.slot_count(), 1u);
    task.word().fetch_or(TaskState::active);
    EXPECT_EQ(task.poll([&] { task.drop_live_slot(); }), Settled::lost);
}

TEST(TaskStateSettle, a_wake_from_another_thread_during_the_poll_leads_to_again) {
    FakeTask task;
    EXPECT_EQ(task.poll([&] { elsewhere([&] { task.wake_by_ref(); }); }), Settled::again);
    EXPECT_EQ(task.scheduled, 0); // the owner puts it into the queue
    EXPECT_TRUE(task.has(TaskState::active));
    EXPECT_FALSE(task.has(TaskState::notified));
    EXPECT_FALSE(task.has(TaskState::lost));
}

TEST(TaskStateSettle, a_wake_by_the_task_itself_leads_to_again_without_a_write) {
    FakeTask task;
    EXPECT_EQ(task.poll([&] {
        const std::uint64_t word = task.load();
        task.wake_by_ref();
        task.wake_by_ref();
        EXPECT_EQ(task.load(), word);
    }),
              Settled::again);
    EXPECT_TRUE(task.has(TaskState::active));
}

TEST(TaskStateSettle, a_clone_that_is_woken_by_value_in_the_poll_leads_to_again) {
    FakeTask task;
    EXPECT_EQ(task.poll([&] {
        task.clone_waker();
        task.counted_waker().wake();
    }),
              Settled::again);
    EXPECT_EQ(task.waker_count(), 0u);
}

TEST(TaskStateSettle, again_with_a_delta_adds_it_and_takes_the_notification_off) {
    FakeTask task;
    task.begin_poll();
    elsewhere([&] { task.wake_by_ref(); });
    EXPECT_EQ(task.settle(2 * TaskState::one_waker, true), Settled::again);
    EXPECT_EQ(task.waker_count(), 2u);
    EXPECT_FALSE(task.has(TaskState::notified));
}

TEST(TaskStateSettle, again_without_a_delta_keeps_the_notification_for_the_next_poll) {
    FakeTask task;
    task.begin_poll();
    elsewhere([&] { task.wake_by_ref(); });
    EXPECT_EQ(task.settle(0, true), Settled::again);
    EXPECT_TRUE(task.begin_poll() & TaskState::notified);
    EXPECT_EQ(task.settle(TaskState::one_waker, false), Settled::idle); // S2 took it off: no third poll
}

// ---- S4: the last drop

TEST(TaskStateDrop, of_the_last_waker_of_an_idle_task_delivers_it_as_lost_once) {
    FakeTask task(FakeTask::idle(2));
    task.drop_waker();
    EXPECT_EQ(task.lost_deliveries, 0);
    task.drop_waker();
    EXPECT_EQ(task.lost_deliveries, 1);
    EXPECT_EQ(task.scheduled, 0);
    EXPECT_TRUE(task.has(TaskState::active));
    EXPECT_TRUE(task.has(TaskState::lost));
    EXPECT_EQ(task.freed, 0); // the executor's reference
}

TEST(TaskStateDrop, while_the_task_is_active_is_no_verdict) {
    FakeTask task(TaskState::active | FakeTask::idle(1));
    task.drop_waker();
    EXPECT_EQ(task.lost_deliveries, 0);
    EXPECT_FALSE(task.has(TaskState::lost));
    EXPECT_EQ(task.poll([] {}), Settled::lost); // its next poll says it
}

TEST(TaskStateDrop, after_a_wake_is_no_verdict) {
    FakeTask task(FakeTask::idle(1));
    task.wake_by_ref();
    task.drop_waker();
    EXPECT_EQ(task.lost_deliveries, 0);
    EXPECT_EQ(task.scheduled, 1);
}

TEST(TaskStateDrop, a_live_slot_keeps_the_task) {
    FakeTask task(FakeTask::idle(1) + TaskState::one_slot);
    task.drop_waker();
    EXPECT_EQ(task.lost_deliveries, 0);
    task.drop_live_slot();
    EXPECT_EQ(task.lost_deliveries, 1);
}

TEST(TaskStateDrop, the_last_slot_that_dies_wakes_instead_when_it_is_told_to) {
    FakeTask task(FakeTask::idle(0) + TaskState::one_slot);
    task.drop_live_slot_and_wake();
    EXPECT_EQ(task.scheduled, 1);
    EXPECT_EQ(task.lost_deliveries, 0);
    EXPECT_EQ(task.slot_count(), 0u);
}

TEST(TaskStateDrop, a_lost_task_that_was_told_is_polled_again_as_any) {
    FakeTask task(FakeTask::idle(1));
    task.drop_waker();
    task.clear_lost();
    EXPECT_EQ(task.poll([&] { task.clone_waker(); }), Settled::idle);
    EXPECT_FALSE(task.has(TaskState::lost));
    task.drop_waker(); // and may be lost again
    EXPECT_EQ(task.lost_deliveries, 2);
}

TEST(TaskStateDrop, a_lost_task_that_is_left_alone_is_not_delivered_again) {
    FakeTask task;
    EXPECT_EQ(task.poll([] {}), Settled::lost);
    task.leave_lost();
    EXPECT_FALSE(task.has(TaskState::active));
    EXPECT_TRUE(task.abort()); // all that can be done with it
    EXPECT_EQ(task.scheduled, 1);
    EXPECT_EQ(task.lost_deliveries, 0);
}

// ---- S5: abort

TEST(TaskStateAbort, of_an_idle_task_delivers_it) {
    FakeTask task(FakeTask::idle(1));
    EXPECT_TRUE(task.abort());
    EXPECT_EQ(task.scheduled, 1);
    EXPECT_TRUE(task.has(TaskState::aborted));
    EXPECT_TRUE(task.abort()); // again is the same
    EXPECT_EQ(task.scheduled, 1);
}

TEST(TaskStateAbort, during_a_poll_leads_to_again) {
    FakeTask task;
    EXPECT_EQ(task.poll([&] {
        task.clone_waker();
        elsewhere([&] { EXPECT_TRUE(task.abort()); });
    }),
              Settled::again);
    EXPECT_TRUE(task.has(TaskState::aborted));
    EXPECT_EQ(task.scheduled, 0);
}

TEST(TaskStateAbort, of_a_done_task_is_refused) {
    FakeTask task(TaskState::active | 2 * TaskState::one_reference);
    task.complete();
    EXPECT_FALSE(task.abort());
    EXPECT_FALSE(task.has(TaskState::aborted));
    EXPECT_EQ(task.scheduled, 0);
}

TEST(TaskStateAbort, before_the_last_drop_leaves_no_verdict) {
    FakeTask task(FakeTask::idle(1));
    task.abort();
    task.drop_waker();
    EXPECT_EQ(task.lost_deliveries, 0);
    EXPECT_EQ(task.scheduled, 1);
}

TEST(TaskStateAbort, after_the_last_drop_leaves_it_delivered_once) {
    FakeTask task(FakeTask::idle(1));
    task.drop_waker();
    EXPECT_TRUE(task.abort());
    EXPECT_EQ(task.lost_deliveries, 1);
    EXPECT_EQ(task.scheduled, 0);
    EXPECT_TRUE(task.has(TaskState::aborted));
}

// ---- S6: completion

TEST(TaskStateDone, the_last_of_references_and_wakers_frees_exactly_once) {
    FakeTask task(TaskState::active | 2 * TaskState::one_reference | 2 * TaskState::one_waker);
    task.complete();
    EXPECT_FALSE(task.has(TaskState::active));
    task.drop_waker();
    task.drop_reference();
    EXPECT_EQ(task.freed, 0);
    task.drop_waker();
    EXPECT_EQ(task.freed, 1);
    EXPECT_EQ(task.scheduled + task.lost_deliveries, 0);
}

TEST(TaskStateDone, a_wake_by_value_of_the_last_waker_frees) {
    FakeTask task(TaskState::active | TaskState::one_reference | TaskState::one_waker);
    task.complete();
    EXPECT_EQ(task.freed, 0);
    task.counted_waker().wake();
    EXPECT_EQ(task.freed, 1);
    EXPECT_EQ(task.scheduled, 0);
}

TEST(TaskStateDone, a_live_slot_keeps_the_memory) {
    FakeTask task(TaskState::active | TaskState::one_reference | TaskState::one_slot);
    task.complete();
    EXPECT_EQ(task.freed, 0);
    task.drop_live_slot_and_wake();
    EXPECT_EQ(task.freed, 1);
}

TEST(TaskStateDone, the_last_reference_frees_when_no_waker_is_left) {
    FakeTask task;
    task.add_reference();
    task.complete();
    EXPECT_EQ(task.freed, 0);
    task.drop_reference();
    EXPECT_EQ(task.freed, 1);
}

// ---- S7: who only looks

TEST(TaskStateHold, keeps_an_idle_task_from_being_polled_and_lets_it_go) {
    FakeTask task(FakeTask::idle(1));
    ASSERT_TRUE(task.try_hold());
    EXPECT_TRUE(task.has(TaskState::active));
    EXPECT_FALSE(task.end_hold());
    EXPECT_EQ(task.load(), FakeTask::idle(1));
    EXPECT_EQ(task.scheduled, 0);
}

TEST(TaskStateHold, is_not_to_be_had_of_one_that_somebody_has_or_that_is_at_its_end) {
    FakeTask queued;
    EXPECT_FALSE(queued.try_hold());
    for (const std::uint64_t flag : {TaskState::done, TaskState::aborted, TaskState::lost}) {
        FakeTask task(FakeTask::idle(1) | flag);
        EXPECT_FALSE(task.try_hold()) << flag;
    }
}

TEST(TaskStateHold, a_wake_meanwhile_is_delivered_at_its_end) {
    FakeTask task(FakeTask::idle(1));
    ASSERT_TRUE(task.try_hold());
    task.wake_by_ref();
    EXPECT_EQ(task.scheduled, 0);
    EXPECT_FALSE(task.end_hold());
    EXPECT_EQ(task.scheduled, 1);
    EXPECT_TRUE(task.has(TaskState::active));
}

TEST(TaskStateHold, an_abort_meanwhile_is_delivered_at_its_end) {
    FakeTask task(FakeTask::idle(1));
    ASSERT_TRUE(task.try_hold());
    EXPECT_TRUE(task.abort());
    EXPECT_EQ(task.scheduled, 0);
    EXPECT_FALSE(task.end_hold());
    EXPECT_EQ(task.scheduled, 1);
}

TEST(TaskStateHold, the_last_drop_meanwhile_is_its_holders_to_deliver) {
    FakeTask task(FakeTask::idle(1));
    ASSERT_TRUE(task.try_hold());
    task.drop_waker();
    EXPECT_EQ(task.lost_deliveries, 0);
    EXPECT_TRUE(task.end_hold());
    EXPECT_TRUE(task.has(TaskState::lost));
    EXPECT_EQ(task.scheduled + task.lost_deliveries, 0);
}

} // namespace
