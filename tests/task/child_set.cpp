// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/task/slot.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <utility>
#include <vector>

#include <support/child_slot.hpp>
#include <support/fake_task.hpp>

// The verdict about one child [C4]: lost only if every waker of its task belongs to somebody who is known.
namespace {

using rouse::Waker;
using rouse::detail::ChildSet;
using rouse::detail::Slot;
using rouse::detail::turn;
using rouse_test::ChildSlot;
using rouse_test::elsewhere;
using rouse_test::FakeTask;

void registers_nothing(const Waker&) {}

/// A combinator of two children, in a poll of its task: `lost` keeps no waker, `other` as many as it is told.
class NobodyLeft : public testing::Test {
protected:
    /// `act` runs after both children have been polled; then the verdict about `lost`.
    template <class Act>
    bool verdict(int wakers_of_other, Act act) {
        bool nobody = false;
        task.wake_by_ref();
        task.poll([&] {
            if (!lost) lost.emplace(task, set);
            if (!other) other.emplace(task, set);
            EXPECT_FALSE(lost->poll(registers_nothing));
            other->poll([&](const Waker& waker) {
                while (static_cast<int>(kept.size()) < wakers_of_other) kept.push_back(waker.clone());
            });
            act();
            nobody = ChildSet::nobody_left(lost->get());
        });
        return nobody;
    }
    bool verdict(int wakers_of_other) {
        return verdict(wakers_of_other, [] {});
    }
    ~NobodyLeft() override {
        task.word().fetch_or(FakeTask::active); // whatever is dropped here is no verdict
        kept.clear();
        foreign = Waker();
    }

    FakeTask task;
    ChildSet set;
    std::vector<Waker> kept;
    Waker foreign;
    std::optional<ChildSlot> lost, other;
};

TEST_F(NobodyLeft, when_no_waker_exists_at_all) { EXPECT_TRUE(verdict(0)); }

TEST_F(NobodyLeft, when_all_wakers_belong_to_a_sibling) {
    EXPECT_TRUE(verdict(1));
    EXPECT_TRUE(verdict(5)); // and again, in a later poll
    EXPECT_EQ(kept.size(), 5u);
}

TEST_F(NobodyLeft, not_when_the_task_has_a_waker_without_a_slot) {
    EXPECT_FALSE(verdict(1, [&] {
        task.clone_waker();
        foreign = task.counted_waker();
    }));
    EXPECT_FALSE(verdict(1)); // in the next poll it still is there
    foreign = Waker();
    EXPECT_TRUE(verdict(1));
}

TEST_F(NobodyLeft, not_when_the_task_was_woken_meanwhile) {
    EXPECT_FALSE(verdict(1, [&] { elsewhere([&] { task.wake_by_ref(); }); }));
    EXPECT_FALSE(verdict(1, [&] { task.wake_by_ref(); }));
    EXPECT_FALSE(verdict(1, [&] { turn.yielded = true; }));
    EXPECT_TRUE(verdict(1));
}

TEST_F(NobodyLeft, not_outside_of_a_poll_of_the_task) {
    EXPECT_TRUE(verdict(0));
    EXPECT_FALSE(ChildSet::nobody_left(lost->get()));
    FakeTask another;
    another.poll([&] { EXPECT_FALSE(ChildSet::nobody_left(lost->get())); });
}

// A child that was let go may have left its waker somewhere: a wake through it polls all children.
TEST_F(NobodyLeft, not_when_a_child_that_was_let_go_has_left_a_waker) {
    EXPECT_TRUE(verdict(1));
    EXPECT_FALSE(verdict(1, [&] {
        other->end();
        other.reset();
    }));
    kept.clear();
    EXPECT_TRUE(verdict(0));
}

TEST_F(NobodyLeft, not_when_the_last_waker_of_a_sibling_wakes_in_the_same_poll) {
    EXPECT_FALSE(verdict(1, [&] {
        elsewhere([&] {
            std::move(kept.back()).wake();
            kept.clear();
        });
    }));
}

/// A combinator within a child of another one.
class NobodyLeftBelow : public testing::Test {
protected:
    /// `in_outer` and `in_inner` run in the polls of the outer child and of the inner combinator.
    template <class Outer, class Inner>
    bool verdict(Outer in_outer, Inner in_inner) {
        bool nobody = false;
        task.wake_by_ref();
        task.poll([&] {
            if (!outer) outer.emplace(task, outer_set);
            outer->poll([&](const Waker& waker) {
                in_outer(waker);
                if (!inner) inner.emplace(task, inner_set, &outer->get());
                inner->poll(registers_nothing);
                in_inner();
                nobody = ChildSet::nobody_left(inner->get());
            });
        });
        return nobody;
    }
    ~NobodyLeftBelow() override {
        task.word().fetch_or(FakeTask::active);
        kept.clear();
        if (inner) inner->end();
    }

    FakeTask task;
    ChildSet outer_set, inner_set;
    std::vector<Waker> kept;
    std::optional<ChildSlot> outer, inner;
};

TEST_F(NobodyLeftBelow, when_no_waker_exists_on_the_way_up) {
    EXPECT_TRUE(verdict([](const Waker&) {}, [] {}));
    EXPECT_TRUE(verdict([](const Waker&) {}, [] {}));
}

TEST_F(NobodyLeftBelow, not_when_the_outer_child_has_a_waker_of_its_own) {
    EXPECT_FALSE(verdict([&](const Waker& waker) { kept.push_back(waker.clone()); }, [] {}));
    EXPECT_FALSE(verdict([](const Waker&) {}, [] {}));
    kept.clear();
    EXPECT_TRUE(verdict([](const Waker&) {}, [] {}));
}

TEST_F(NobodyLeftBelow, when_all_wakers_belong_to_a_sibling_on_any_level) {
    std::optional<ChildSlot> inner_sibling;
    EXPECT_TRUE(verdict([](const Waker&) {},
                        [&] {
                            inner_sibling.emplace(task, inner_set, &outer->get());
                            inner_sibling->poll([&](const Waker& waker) { kept.push_back(waker.clone()); });
                        }));
    std::optional<ChildSlot> outer_sibling;
    EXPECT_TRUE(verdict([](const Waker&) {},
                        [&] {
                            outer_sibling.emplace(task, outer_set);
                            outer_sibling->poll([&](const Waker& waker) { kept.push_back(waker.clone()); });
                        }));
    task.word().fetch_or(FakeTask::active);
    kept.clear();
    inner_sibling->end();
    outer_sibling->end();
}

TEST_F(NobodyLeftBelow, not_when_the_task_has_a_waker_without_a_slot) {
    EXPECT_FALSE(verdict([](const Waker&) {},
                         [&] {
                             task.clone_waker();
                             kept.push_back(task.counted_waker());
                         }));
}

} // namespace
