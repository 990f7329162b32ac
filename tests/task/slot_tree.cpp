// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/base/frame_cache.hpp>
#include <rouse/task/slot.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <support/child_slot.hpp>
#include <support/fake_task.hpp>

// The end of a slot, and slots within slots.
namespace {

using rouse::Waker;
using rouse::detail::ChildSet;
using rouse::detail::TaskState;
using rouse_test::ChildSlot;
using rouse_test::elsewhere;
using rouse_test::FakeTask;
using rouse_test::OneChild;
using Settled = TaskState::Settled;

/// Tells by what this thread's frame cache holds whether a slot's memory was freed.
class SlotMemory {
public:
    SlotMemory() {
        FakeTask task;
        ChildSet set;
        const ChildSlot warm(task, set);
    }
    void remember() { before_ = rouse::detail::FrameCache::cached_bytes(); }
    [[nodiscard]] bool is_freed() const {
        return !ROUSE_FRAME_CACHE || rouse::detail::FrameCache::cached_bytes() > before_;
    }

private:
    std::size_t before_ = 0;
};

TEST(SlotRetire, without_wakers_it_is_freed_at_once) {
    SlotMemory memory;
    OneChild test(0);
    memory.remember();
    test.task.poll([&] { test.child->end(); });
    EXPECT_TRUE(memory.is_freed());
}

TEST(SlotRetire, with_wakers_it_is_freed_by_the_last_of_them) {
    SlotMemory memory;
    OneChild test(2);
    test.task.wake_by_ref();
    test.task.poll([&] { test.child->end(); });
    EXPECT_EQ(test.task.slot_count(), 1u); // counted still, as one that belongs to nobody
    EXPECT_TRUE(test.set.empty());
    memory.remember();
    test.kept.pop_back();
    EXPECT_TRUE(!ROUSE_FRAME_CACHE || !memory.is_freed());
    test.kept.pop_back();
    EXPECT_TRUE(memory.is_freed());
    EXPECT_EQ(test.task.slot_count(), 0u);
}

TEST(SlotRetire, its_wakers_still_wake_the_task_and_clone) {
    OneChild test(1);
    test.task.wake_by_ref();
    test.task.poll([&] { test.child->end(); });
    EXPECT_EQ(test.task.scheduled, 1);
    Waker clone = test.kept.front().clone();
    test.kept.clear();
    EXPECT_EQ(test.task.scheduled, 1);
    std::move(clone).wake();
    EXPECT_EQ(test.task.scheduled, 2);
    EXPECT_EQ(test.task.slot_count(), 0u);
}

TEST(SlotRetire, wakers_dropped_while_the_child_is_destroyed_are_nobodys_business) {
    OneChild test(3);
    test.task.wake_by_ref();
    EXPECT_EQ(test.task.poll([&] {
        test.child->get().open();
        test.kept.clear();
        test.child->end();
        test.task.clone_waker();
    }),
              Settled::idle); // it did not wake itself
    EXPECT_EQ(test.task.slot_count(), 0u);
}

TEST(SlotRetire, wakers_may_outlive_the_task) {
    auto test = std::make_unique<OneChild>(2);
    test->task.wake_by_ref();
    test->task.poll([&] { test->child->end(); });
    test->task.word().fetch_or(TaskState::active);
    test->task.complete();
    EXPECT_EQ(test->task.freed, 0);
    const int scheduled = test->task.scheduled;
    std::move(test->kept.back()).wake();
    test->kept.pop_back();
    EXPECT_EQ(test->task.freed, 0);
    elsewhere([&] { test->kept.clear(); });
    EXPECT_EQ(test->task.freed, 1);
    EXPECT_EQ(test->task.scheduled, scheduled);
}

// ---- slots within slots

class TwoLevels {
public:
    TwoLevels() {
        task.poll([&] {
            outer.emplace(task, outer_set);
            outer->poll([&](const Waker&) {
                inner.emplace(task, inner_set, &outer->get());
                inner->poll([&](const Waker& waker) { kept.push_back(waker.clone()); });
            });
        });
    }
    ~TwoLevels() {
        kept.clear();
        inner->end();
        outer->end();
    }
    FakeTask task;
    ChildSet outer_set, inner_set;
    std::optional<ChildSlot> outer, inner;
    std::vector<Waker> kept;
};

TEST(SlotTree, a_live_slot_counts_as_a_waker_of_its_parent) {
    TwoLevels test;
    EXPECT_TRUE(test.inner->get().live());
    EXPECT_TRUE(test.outer->get().live());
    EXPECT_EQ(test.outer->get().count(), 1u);
    EXPECT_EQ(test.task.slot_count(), 1u);
    EXPECT_EQ(test.inner->get().parent(), &test.outer->get());
}

TEST(SlotTree, the_last_drop_goes_all_the_way_up) {
    TwoLevels test;
    elsewhere([&] { test.kept.clear(); });
    EXPECT_FALSE(test.inner->get().live());
    EXPECT_FALSE(test.outer->get().live());
    EXPECT_TRUE(test.outer->get().was_dropped());
    EXPECT_EQ(test.task.slot_count(), 0u);
    EXPECT_EQ(test.task.scheduled, 1);
    EXPECT_EQ(test.task.lost_deliveries, 0);
    EXPECT_EQ(test.task.reference_count(), 1u);
}

TEST(SlotTree, another_waker_of_the_parent_keeps_the_parent_live) {
    TwoLevels test;
    Waker other;
    test.task.wake_by_ref();
    test.task.poll([&] { test.outer->poll([&](const Waker& waker) { other = waker.clone(); }); });
    EXPECT_EQ(test.outer->get().count(), 2u);
    test.kept.clear();
    EXPECT_FALSE(test.inner->get().live());
    EXPECT_TRUE(test.outer->get().live());
    EXPECT_EQ(test.task.slot_count(), 1u);
    EXPECT_TRUE(test.task.has(TaskState::active)); // woken, so that the inner combinator looks
    other = Waker();
    EXPECT_EQ(test.task.slot_count(), 0u);
}

TEST(SlotTree, retired_from_the_outside_in_or_the_inside_out) {
    for (const bool outer_first : {true, false}) {
        TwoLevels test;
        test.task.wake_by_ref();
        test.task.poll([&] {
            (outer_first ? test.outer : test.inner)->end();
            (outer_first ? test.inner : test.outer)->end();
        });
        EXPECT_EQ(test.task.slot_count(), 1u);
        const int scheduled = test.task.scheduled;
        std::move(test.kept.back()).wake();
        test.kept.clear();
        EXPECT_EQ(test.task.slot_count(), 0u);
        EXPECT_EQ(test.task.scheduled, scheduled + 1);
    }
}

} // namespace
