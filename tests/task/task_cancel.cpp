// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/core/block_on.hpp>
#include <rouse/task/task.hpp>
#include <rouse/task/yield_now.hpp>
#include <rouse/testing/harness.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include <support/by_hand.hpp>
#include <support/drop_log.hpp>

// Cancelling a task is destroying it: innermost first, each object once, and every leaf deregisters.
namespace {

using rouse::Task;
using rouse::testing::CountingWaker;
using rouse::testing::Harness;
using rouse_test::Alive;
using rouse_test::ByHand;
using rouse_test::ByHandSource;
using rouse_test::DropLog;
using rouse_test::Dropped;

/// A leaf that holds its waker itself, and notes its end.
class Leaf {
public:
    using Output = int;
    explicit Leaf(DropLog& log) : log_(&log) {}
    Leaf(const Leaf&) = delete;
    ~Leaf() { log_->push_back("leaf"); }
    rouse::Poll<int> poll(rouse::Context& cx) {
        waker_.clone_from(cx.waker());
        return rouse::Pending;
    }

private:
    DropLog* log_;
    rouse::Waker waker_;
};

Task<int> level(int depth, DropLog& log, Dropped) {
    const Dropped local(log, "local " + std::to_string(depth));
    if (depth == 0) {
        Leaf leaf(log);
        co_return co_await leaf;
    }
    Dropped argument(log, "argument " + std::to_string(depth - 1));
    const int value = co_await level(depth - 1, log, std::move(argument));
    co_return value;
}

TEST(TaskCancel, destroys_innermost_first) {
    DropLog log;
    Harness test(level(2, log, Dropped(log, "argument 2")));
    log.clear();
    EXPECT_TRUE(test.poll().is_pending());
    EXPECT_EQ(log, DropLog());
    EXPECT_EQ(test.clones_alive(), 1u);
    test.drop();
    EXPECT_EQ(log,
              (DropLog{"leaf", "local 0", "argument 0", "local 1", "argument 1", "local 2", "argument 2"}));
    EXPECT_EQ(test.clones_alive(), 0u);
}

Task<> holds_on(Alive argument, int& alive, ByHandSource<int>& source) {
    const Alive local(alive);
    const int value = co_await ByHand<int>(source);
    (void)value;
    (void)argument;
}

TEST(TaskCancel, before_the_first_poll_destroys_the_arguments) {
    int alive = 0;
    ByHandSource<int> source;
    {
        const Task<> task = holds_on(Alive(alive), alive, source);
        EXPECT_EQ(alive, 1);
    }
    EXPECT_EQ(alive, 0);
    EXPECT_EQ(source.polls(), 0);
}

TEST(TaskCancel, while_suspended_destroys_arguments_and_locals_once) {
    int alive = 0;
    ByHandSource<int> source;
    Harness test(holds_on(Alive(alive), alive, source));
    EXPECT_TRUE(test.poll().is_pending());
    EXPECT_EQ(alive, 2);
    test.drop();
    EXPECT_EQ(alive, 0);
}

TEST(TaskCancel, completion_destroys_them_in_the_poll_that_completes) {
    int alive = 0;
    ByHandSource<int> source;
    Harness test(holds_on(Alive(alive), alive, source));
    EXPECT_TRUE(test.poll().is_pending());
    source.complete(1);
    EXPECT_TRUE(test.poll().is_ready());
    EXPECT_EQ(alive, 0);
}

Task<> awaits_holds(int& alive, ByHandSource<int>& source) {
    Alive argument(alive);
    co_await holds_on(std::move(argument), alive, source);
    EXPECT_EQ(alive, 1); // ours; the child's went with its frame
    co_await rouse::yield_now();
}

TEST(TaskCancel, an_awaited_child_is_gone_when_the_await_returns) {
    int alive = 0;
    ByHandSource<int> source;
    Harness test(awaits_holds(alive, source));
    EXPECT_TRUE(test.poll().is_pending());
    source.complete(1);
    EXPECT_TRUE(test.poll_while_woken().is_ready());
    EXPECT_EQ(alive, 0);
}

Task<> never_gets_to_await(int& alive, ByHandSource<int>& source) {
    Task<> made = holds_on(Alive(alive), alive, source);
    Task<> awaited = holds_on(Alive(alive), alive, source);
    co_await awaited;
    co_await made;
}

TEST(TaskCancel, a_child_that_was_made_but_not_awaited_goes_with_its_parent) {
    int alive = 0;
    ByHandSource<int> source;
    Harness test(never_gets_to_await(alive, source));
    EXPECT_TRUE(test.poll().is_pending());
    EXPECT_EQ(alive, 3);
    test.drop();
    EXPECT_EQ(alive, 0);
}

Task<> awaits_started(Task<> child) { co_await std::move(child); }

TEST(TaskCancel, a_child_with_a_strand_of_its_own_goes_with_its_parent) {
    int alive = 0;
    ByHandSource<int> source;
    CountingWaker waker;
    rouse::Context cx(waker.waker());
    Task<> child = holds_on(Alive(alive), alive, source);
    EXPECT_TRUE(child.poll(cx).is_pending());
    {
        Task<> parent = awaits_started(std::move(child));
        EXPECT_TRUE(parent.poll(cx).is_pending());
        EXPECT_EQ(alive, 2);
    }
    EXPECT_EQ(alive, 0);
}

TEST(TaskCancel, assignment_destroys_the_one_before) {
    int alive = 0;
    ByHandSource<int> source;
    Task<> task = holds_on(Alive(alive), alive, source);
    const rouse::Waker noop = rouse::Waker::noop();
    rouse::Context cx(noop);
    EXPECT_TRUE(task.poll(cx).is_pending());
    EXPECT_EQ(alive, 2);
    task = holds_on(Alive(alive), alive, source);
    EXPECT_EQ(alive, 1);
}

// What a destructor does in a cancelled coroutine may wake, poll and destroy others.
class PollsAtItsEnd {
public:
    explicit PollsAtItsEnd(std::optional<Task<int>>& other, int& seen) : other_(&other), seen_(&seen) {}
    ~PollsAtItsEnd() {
        const rouse::Waker noop = rouse::Waker::noop();
        rouse::Context cx(noop);
        *seen_ = (*other_)->poll(cx).value();
        other_->reset();
    }

private:
    std::optional<Task<int>>* other_;
    int* seen_;
};
Task<int> some_answer() { co_return 42; }
Task<> ends_with_a_poll(std::optional<Task<int>>& other, int& seen, ByHandSource<int>& source) {
    const PollsAtItsEnd at_end(other, seen);
    const int value = co_await ByHand<int>(source);
    (void)value;
}

TEST(TaskCancel, a_destructor_may_poll_and_destroy_another_task) {
    std::optional<Task<int>> other(some_answer());
    int seen = 0;
    ByHandSource<int> source;
    Harness test(ends_with_a_poll(other, seen, source));
    EXPECT_TRUE(test.poll().is_pending());
    test.drop();
    EXPECT_EQ(seen, 42);
    EXPECT_FALSE(other.has_value());
}

// A task in a static lives longer than the thread's frame cache.
class TaskAtExit : public testing::Test {
protected:
    TaskAtExit() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_F(TaskAtExit, is_destroyed_after_the_threads_cache) {
    EXPECT_EXIT(
        {
            static ByHandSource<int> source;
            static std::optional<Task<>> task;
            static int alive = 0;
            task.emplace(holds_on(Alive(alive), alive, source));
            const rouse::Waker noop = rouse::Waker::noop();
            rouse::Context cx(noop);
            (void)task->poll(cx);
            std::exit(0);
        },
        testing::ExitedWithCode(0), "");
}

} // namespace
