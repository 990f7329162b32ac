// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/task/slot.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <utility>
#include <vector>

#include <support/child_slot.hpp>
#include <support/fake_task.hpp>

// One test or more for each step of the protocol at the head of slot.hpp.
namespace {

using rouse::Waker;
using rouse::detail::ChildSet;
using rouse::detail::Slot;
using rouse::detail::TaskState;
using rouse_test::ChildSlot;
using rouse_test::elsewhere;
using rouse_test::FakeTask;
using rouse_test::OneChild;
using Settled = TaskState::Settled;

void no_body(const Waker&) {}

TEST(Slot, a_child_that_keeps_a_waker_makes_it_live_and_counts_as_one) {
    FakeTask task;
    ChildSet set;
    std::vector<Waker> kept;
    std::optional<ChildSlot> child;
    EXPECT_EQ(task.poll([&] {
        child.emplace(task, set);
        EXPECT_TRUE(child->poll([&](const Waker& waker) {
            for (int i = 0; i < 3; ++i) kept.push_back(waker.clone());
        }));
    }),
              Settled::idle);
    EXPECT_TRUE(child->get().live());
    EXPECT_EQ(child->get().count(), 3u);
    EXPECT_EQ(task.slot_count(), 1u);
    EXPECT_EQ(task.waker_count(), 0u);
    EXPECT_EQ(set.live(), 1u);
    kept.clear();
    EXPECT_EQ(task.slot_count(), 0u);
}

TEST(Slot, a_child_that_keeps_none_is_not_live) {
    FakeTask task;
    ChildSet set;
    EXPECT_EQ(task.poll([&] {
        ChildSlot child(task, set);
        EXPECT_FALSE(child.poll(no_body));
        EXPECT_FALSE(child.poll([](const Waker& waker) { const Waker clone = waker.clone(); }));
        EXPECT_FALSE(child.get().live());
        EXPECT_EQ(set.live(), 0u);
    }),
              Settled::lost);
    EXPECT_EQ(task.slot_count(), 0u);
}

TEST(Slot, its_wakers_know_it_and_its_task) {
    FakeTask task;
    ChildSet set;
    task.poll([&] {
        ChildSlot child(task, set);
        child.poll([&](const Waker& waker) {
            const Waker clone = waker.clone();
            EXPECT_TRUE(clone.will_wake(waker));
            EXPECT_EQ(Slot::of(clone), &child.get());
            EXPECT_EQ(rouse::detail::root_of(clone), &task);
            EXPECT_EQ(rouse::detail::task_of(clone), nullptr);
        });
    });
    const Waker noop = Waker::noop();
    EXPECT_EQ(Slot::of(noop), nullptr);
    EXPECT_EQ(rouse::detail::root_of(noop), nullptr);
}

TEST(Slot, the_last_drop_wakes_the_task_so_that_the_combinator_looks) {
    OneChild test(2);
    test.kept.pop_back();
    EXPECT_EQ(test.task.scheduled, 0);
    test.kept.pop_back();
    EXPECT_EQ(test.task.scheduled, 1);
    EXPECT_EQ(test.task.lost_deliveries, 0);
    EXPECT_FALSE(test.child->get().live());
    EXPECT_TRUE(test.child->get().was_dropped());
    EXPECT_EQ(test.task.slot_count(), 0u);
    test.task.poll([&] { EXPECT_FALSE(test.child->poll(no_body)); });
}

TEST(Slot, the_last_drop_on_another_thread_does_so_too) {
    OneChild test(1);
    elsewhere([&] { test.kept.clear(); });
    EXPECT_EQ(test.task.scheduled, 1);
    EXPECT_EQ(test.task.slot_count(), 0u);
}

TEST(Slot, a_wake_by_value_of_the_last_waker_is_no_drop) {
    OneChild test(1);
    std::move(test.kept.back()).wake();
    EXPECT_EQ(test.task.scheduled, 1);
    EXPECT_FALSE(test.child->get().was_dropped());
    EXPECT_EQ(test.task.slot_count(), 0u);
    EXPECT_EQ(test.task.lost_deliveries, 0);
}

TEST(Slot, a_wake_by_ref_keeps_it_live) {
    OneChild test(1);
    test.kept.back().wake_by_ref();
    EXPECT_EQ(test.task.scheduled, 1);
    EXPECT_TRUE(test.child->get().live());
    EXPECT_EQ(test.task.slot_count(), 1u);
}

TEST(Slot, wakes_coalesce_in_the_task) {
    OneChild test(5);
    for (Waker& waker : test.kept) std::move(waker).wake();
    EXPECT_EQ(test.task.scheduled, 1);
    EXPECT_TRUE(test.task.has(TaskState::notified));
}

TEST(Slot, comes_to_life_again_in_a_later_poll) {
    OneChild test(1);
    test.kept.clear();
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(test.task.poll([&] {
            EXPECT_TRUE(test.child->poll([&](const Waker& waker) { test.kept.push_back(waker.clone()); }));
        }),
                  Settled::idle);
        EXPECT_EQ(test.task.slot_count(), 1u);
        test.kept.clear();
        EXPECT_EQ(test.task.slot_count(), 0u);
        EXPECT_EQ(test.task.scheduled, i + 2);
    }
}

// The clone is counted at the end of the poll; its drop may come before.
TEST(Slot, a_drop_elsewhere_before_the_clone_is_added_comes_right) {
    FakeTask task;
    ChildSet set;
    std::optional<ChildSlot> child;
    EXPECT_EQ(task.poll([&] {
        child.emplace(task, set);
        EXPECT_FALSE(child->poll([&](const Waker& waker) {
            Waker clone = waker.clone();
            elsewhere([clone = std::move(clone)] {});
        }));
    }),
              Settled::lost);
    EXPECT_EQ(child->get().count(), 0u);
    EXPECT_EQ(task.slot_count(), 0u);
}

// Never closed, it is counted nowhere yet: a count that falls to zero in its word is no last drop.
TEST(Slot, a_clone_that_comes_and_goes_elsewhere_before_the_first_close_counts_for_nothing) {
    FakeTask task;
    ChildSet set;
    std::optional<ChildSlot> child;
    Waker kept;
    EXPECT_EQ(task.poll([&] {
        child.emplace(task, set);
        EXPECT_TRUE(child->poll([&](const Waker& waker) {
            kept = waker.clone();
            elsewhere([&] { const Waker clone = kept.clone(); });
            EXPECT_FALSE(task.has(TaskState::notified));
        }));
        EXPECT_TRUE(child->get().live());
    }),
              Settled::idle);
    EXPECT_EQ(child->get().count(), 1u);
    EXPECT_EQ(task.slot_count(), 1u);
    kept = Waker();
    EXPECT_EQ(task.slot_count(), 0u);
}

TEST(Slot, a_wake_elsewhere_before_the_clone_is_added_is_answered) {
    FakeTask task;
    ChildSet set;
    std::optional<ChildSlot> child;
    EXPECT_EQ(task.poll([&] {
        child.emplace(task, set);
        child->poll([&](const Waker& waker) {
            Waker clone = waker.clone();
            elsewhere([clone = std::move(clone)]() mutable { std::move(clone).wake(); });
        });
    }),
              Settled::again);
    EXPECT_EQ(task.slot_count(), 0u);
}

// ARMED since the last poll, and the last waker of then goes while the child makes a new one.
TEST(Slot, a_last_drop_elsewhere_during_a_poll_that_clones_leaves_it_live) {
    OneChild test(1);
    test.kept.front().wake_by_ref();
    EXPECT_EQ(test.task.poll([&] {
        EXPECT_TRUE(test.child->poll([&](const Waker& waker) {
            Waker fresh = waker.clone();
            elsewhere([&] { test.kept.clear(); });
            test.kept.push_back(std::move(fresh));
        }));
    }),
              Settled::again); // it was woken to look, once too often
    EXPECT_EQ(test.child->get().count(), 1u);
    EXPECT_EQ(test.task.slot_count(), 1u);
}

// [C5]
TEST(Slot, a_last_drop_in_a_poll_of_the_task_does_not_wake_it) {
    OneChild test(1);
    test.task.wake_by_ref();
    EXPECT_EQ(test.task.poll([&] {
        test.kept.clear(); // by a sibling, say
        test.task.clone_waker();
    }),
              Settled::idle);
    EXPECT_EQ(test.task.slot_count(), 0u);
    EXPECT_TRUE(test.child->get().was_dropped());
}

TEST(Slot, was_dropped_is_forgotten_by_the_next_close) {
    OneChild test(1);
    test.kept.clear();
    EXPECT_TRUE(test.child->get().was_dropped());
    test.task.poll([&] { test.child->poll(no_body); });
    EXPECT_FALSE(test.child->get().was_dropped());
}

} // namespace
