// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/task/slot.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <latch>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <support/child_slot.hpp>
#include <support/fake_task.hpp>
#include <support/stress_rounds.hpp>

// Other threads clone, drop and wake a child's wakers while the poller opens, closes and retires its slot. At
// the end every count is zero, every slot was freed once, and no last drop went unanswered.
namespace {

using rouse::Waker;
using rouse::detail::ChildSet;
using rouse::detail::TaskState;
using rouse::detail::turn;
using rouse_test::ChildSlot;
using rouse_test::FakeTask;
using rouse_test::StressRounds;
using Settled = TaskState::Settled;

/// Wakers on their way from the poller to the threads that play with them.
class Playground {
public:
    explicit Playground(int threads) {
        for (int i = 0; i < threads; ++i)
            threads_.emplace_back([this, i] { play(static_cast<unsigned>(i) * 7919u + 1u); });
    }
    ~Playground() { stop(); }
    void hand_over(Waker waker) {
        const std::lock_guard lock(mutex_);
        wakers_.push_back(std::move(waker));
    }
    /// They all end with what they hold dropped.
    void stop() {
        stop_ = true;
        threads_.clear();
        wakers_.clear();
    }

private:
    Waker take() {
        const std::lock_guard lock(mutex_);
        if (wakers_.empty()) return Waker();
        Waker waker = std::move(wakers_.back());
        wakers_.pop_back();
        return waker;
    }
    void play(unsigned seed) {
        std::vector<Waker> held;
        while (!stop_.load(std::memory_order_relaxed)) {
            if (Waker waker = take()) held.push_back(std::move(waker));
            else if (held.empty()) std::this_thread::yield();
            if (held.empty()) continue;
            seed = seed * 1664525u + 1013904223u;
            Waker& last = held.back();
            switch ((seed >> 16) % 8) {
            case 0:
            case 1:
                if (held.size() < 8) held.push_back(last.clone());
                break;
            case 2:
                last.wake_by_ref();
                break;
            case 3:
            case 4:
                std::move(last).wake();
                held.pop_back();
                break;
            default:
                held.pop_back();
                break;
            }
        }
    }

    std::mutex mutex_;
    std::vector<Waker> wakers_;
    std::atomic<bool> stop_{false};
    std::vector<std::jthread> threads_;
};

/// Until the task is ACTIVE, by a wake or a last drop. False: nobody ever did it.
bool wait_until_active(FakeTask& task) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!task.has(TaskState::active)) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        std::this_thread::yield();
    }
    return true;
}

/// Ends a test: all wakers are gone, and so must be all counts.
void expect_all_returned(const FakeTask& task) {
    EXPECT_EQ(task.slot_count(), 0u);
    EXPECT_EQ(task.waker_count(), 0u);
    EXPECT_EQ(task.reference_count(), 1u);
    EXPECT_EQ(task.freed, 0);
}

TEST(SlotStress, one_child_that_hands_its_wakers_out) {
    FakeTask task;
    ChildSet set;
    std::optional<ChildSlot> child;
    Playground playground(2);
    StressRounds rounds(50'000);
    unsigned seed = 1;
    while (rounds.take() != 0) {
        seed = seed * 1664525u + 1013904223u;
        const Settled settled = task.poll([&] {
            if (!child) child.emplace(task, set);
            child->poll([&](const Waker& waker) {
                for (unsigned i = 0; i < (seed >> 20) % 3; ++i) playground.hand_over(waker.clone());
            });
            if ((seed >> 24) % 4 == 0) child.reset(); // the child has ended
        });
        if (settled == Settled::lost) task.clear_lost(); // nobody has a waker: the next poll makes one
        if (settled == Settled::idle) {
            ASSERT_TRUE(wait_until_active(task)) << "a last drop was lost";
        }
    }
    playground.stop();
    child.reset();
    expect_all_returned(task);
}

TEST(SlotStress, children_of_children) {
    FakeTask task;
    ChildSet outer_set, inner_set;
    std::optional<ChildSlot> outer, first, second;
    Playground playground(2);
    StressRounds rounds(50'000);
    unsigned seed = 1;
    while (rounds.take() != 0) {
        seed = seed * 1664525u + 1013904223u;
        const Settled settled = task.poll([&] {
            if (!outer) outer.emplace(task, outer_set);
            outer->poll([&](const Waker& own) {
                if ((seed >> 20) % 8 == 0) playground.hand_over(own.clone());
                const auto poll_inner = [&](std::optional<ChildSlot>& inner, unsigned bits) {
                    if (!inner) inner.emplace(task, inner_set, &outer->get());
                    inner->poll([&](const Waker& waker) {
                        if (bits % 2) playground.hand_over(waker.clone());
                    });
                    if (bits % 16 == 3) inner.reset();
                };
                poll_inner(first, seed >> 23);
                poll_inner(second, seed >> 27);
            });
            if ((seed >> 16) % 16 == 0) { // the outer child ends, and its combinator with it
                outer->get().open();
                first.reset();
                second.reset();
                outer.reset();
            }
        });
        if (settled == Settled::lost) task.clear_lost();
        if (settled == Settled::idle) {
            ASSERT_TRUE(wait_until_active(task)) << "a last drop was lost";
        }
    }
    playground.stop();
    first.reset();
    second.reset();
    outer.reset();
    expect_all_returned(task);
}

// Somebody else always has a waker of the task, while a sibling's wakers come and go on other threads: a
// verdict would be a false one.
TEST(SlotStress, there_is_no_false_verdict_while_somebody_else_has_a_waker) {
    FakeTask task(TaskState::active | TaskState::one_reference | TaskState::one_waker);
    ChildSet set;
    std::optional<ChildSlot> lost, sibling;
    Playground playground(1);
    std::atomic<bool> stop{false};
    std::latch started(1);
    std::jthread somebody([&, foreign = task.counted_waker()]() mutable {
        started.count_down();
        while (!stop.load(std::memory_order_relaxed)) {
            Waker next = foreign.clone();
            foreign = std::move(next);
        }
        task.word().fetch_or(TaskState::active); // the end: no verdict about this drop
    });
    started.wait();
    StressRounds rounds(100'000);
    std::size_t verdicts = 0, pending = 0;
    unsigned seed = 1;
    while (rounds.take() != 0) {
        seed = seed * 1664525u + 1013904223u;
        task.poll([&] {
            if (!lost) lost.emplace(task, set);
            if (!sibling) sibling.emplace(task, set);
            sibling->poll([&](const Waker& waker) {
                if ((seed >> 20) % 2) playground.hand_over(waker.clone());
            });
            if (!lost->poll([](const Waker&) {})) ++pending;
            if (rouse::detail::ChildSet::nobody_left(lost->get())) ++verdicts;
            if ((seed >> 24) % 8 == 0) sibling.reset();
        });
        task.word().fetch_or(TaskState::active); // as if it was woken at once
    }
    stop = true;
    somebody.join();
    playground.stop();
    lost.reset();
    sibling.reset();
    EXPECT_EQ(verdicts, 0u);
    EXPECT_GT(pending, 0u);
    expect_all_returned(task);
}

// And nobody else: then it is found, however the sibling's wakers move, as long as they do not wake.
TEST(SlotStress, the_verdict_is_found_while_a_siblings_wakers_are_cloned_and_dropped) {
    FakeTask task;
    ChildSet set;
    std::optional<ChildSlot> lost, sibling;
    Waker siblings;
    task.poll([&] {
        lost.emplace(task, set);
        sibling.emplace(task, set);
        sibling->poll([&](const Waker& waker) { siblings = waker.clone(); });
        lost->poll([](const Waker&) {});
    });
    std::atomic<bool> stop{false};
    std::latch started(1);
    std::jthread churning([&, own = std::move(siblings)] {
        started.count_down();
        while (!stop.load(std::memory_order_relaxed)) {
            const Waker clone = own.clone();
        }
        task.word().fetch_or(TaskState::active);
    });
    started.wait();
    const std::size_t polls = rouse_test::scaled(200'000);
    std::size_t verdicts = 0;
    for (std::size_t i = 0; i < polls; ++i) {
        task.word().fetch_or(TaskState::active);
        task.poll([&] {
            sibling->poll([](const Waker&) {});
            lost->poll([](const Waker&) {});
            if (rouse::detail::ChildSet::nobody_left(lost->get())) ++verdicts;
        });
    }
    stop = true;
    churning.join();
    EXPECT_EQ(verdicts, polls);
    lost.reset();
    sibling.reset();
    expect_all_returned(task);
}

} // namespace
