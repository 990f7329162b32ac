// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/core/block_on.hpp>
#include <rouse/task/task.hpp>
#include <rouse/testing/harness.hpp>

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include <support/by_hand.hpp>
#include <support/drop_log.hpp>

namespace {

using rouse::block_on;
using rouse::Context;
using rouse::Pending;
using rouse::Poll;
using rouse::Task;
using rouse::testing::Harness;
using rouse_test::ByHand;
using rouse_test::ByHandSource;

Task<int> throws(std::string what) {
    throw std::runtime_error(what);
    co_return 0;
}
Task<int> passes_on(std::string what) {
    const int value = co_await throws(what);
    co_return value;
}
Task<std::string> catches(std::string what) {
    try {
        co_await passes_on(what);
    } catch (const std::runtime_error& error) {
        co_return std::string("caught ") + error.what();
    }
    co_return "nothing thrown";
}

TEST(TaskException, leaves_block_on) { EXPECT_THROW(block_on(passes_on("x")), std::runtime_error); }

TEST(TaskException, is_caught_at_the_await) { EXPECT_EQ(block_on(catches("it")), "caught it"); }

TEST(TaskException, is_thrown_by_the_poll_by_hand_and_the_task_is_over) {
    Task<int> task = throws("x");
    const rouse::Waker noop = rouse::Waker::noop();
    Context cx(noop);
    EXPECT_THROW((void)task.poll(cx), std::runtime_error);
    EXPECT_FALSE(task.valid());
}

/// Throws in its `at`-th poll.
class ThrowsAt {
public:
    using Output = int;
    explicit ThrowsAt(int at) noexcept : left_(at) {}
    Poll<int> poll(Context& cx) {
        if (--left_ == 0) throw std::logic_error("from the leaf");
        cx.waker().wake_by_ref();
        return Pending;
    }

private:
    int left_;
};
Task<bool> catches_from_leaf(int at) {
    try {
        co_await ThrowsAt(at);
    } catch (const std::logic_error&) {
        co_return true;
    }
    co_return false;
}

TEST(TaskException, of_a_leaf_is_caught_by_the_coroutine_in_its_first_poll) {
    EXPECT_TRUE(block_on(catches_from_leaf(1)));
}
TEST(TaskException, of_a_leaf_is_caught_by_the_coroutine_in_its_second_poll) {
    EXPECT_TRUE(block_on(catches_from_leaf(2)));
}
TEST(TaskException, of_a_leaf_is_caught_by_the_coroutine_in_any_poll) {
    EXPECT_TRUE(block_on(catches_from_leaf(100)));
}

Task<int> leaf_in_the_deep(int depth, int at) {
    if (depth == 0) co_return co_await ThrowsAt(at);
    const int value = co_await leaf_in_the_deep(depth - 1, at);
    co_return value;
}

TEST(TaskException, of_a_leaf_passes_many_coroutines) {
    EXPECT_THROW(block_on(leaf_in_the_deep(200, 1)), std::logic_error);
    EXPECT_THROW(block_on(leaf_in_the_deep(200, 2)), std::logic_error);
}

Task<int> tries_again(int times) {
    int caught = 0;
    for (int i = 0; i < times; ++i) {
        try {
            co_await ThrowsAt(1 + i % 3);
        } catch (const std::logic_error&) {
            ++caught;
        }
    }
    co_return caught;
}

TEST(TaskException, one_after_the_other) { EXPECT_EQ(block_on(tries_again(1000)), 1000); }

Task<int> awaits_after_a_catch(ByHandSource<int>& source) {
    int value = 0;
    try {
        co_await throws("first");
    } catch (const std::runtime_error&) {
        value = 1;
    }
    const int more = co_await ByHand<int>(source);
    co_return value + more;
}

TEST(TaskException, after_it_was_caught_the_task_goes_on) {
    ByHandSource<int> source;
    Harness test(awaits_after_a_catch(source));
    EXPECT_TRUE(test.poll().is_pending());
    source.complete(10);
    EXPECT_EQ(test.poll().value(), 11);
}

Task<> throws_something_else() {
    throw 5;
    co_return;
}

TEST(TaskException, of_any_type) {
    try {
        block_on(throws_something_else());
        FAIL();
    } catch (int five) {
        EXPECT_EQ(five, 5);
    }
}

Task<> translates() {
    try {
        co_await throws("inner");
    } catch (const std::runtime_error&) {
        throw std::logic_error("outer");
    }
}

TEST(TaskException, may_be_replaced_in_a_handler) { EXPECT_THROW(block_on(translates()), std::logic_error); }

/// Notes whether it is destroyed by unwinding.
class Unwound {
public:
    explicit Unwound(int& count) noexcept : count_(&count) {}
    ~Unwound() { ++*count_; }

private:
    int* count_;
};
Task<> unwinds(int depth, int& count) {
    const Unwound local(count);
    if (depth == 0) throw std::runtime_error("deep down");
    co_await unwinds(depth - 1, count);
}

TEST(TaskException, unwinds_the_locals_of_each_coroutine_once) {
    int count = 0;
    EXPECT_THROW(block_on(unwinds(50, count)), std::runtime_error);
    EXPECT_EQ(count, 51);
}

// The frame of a child that threw is destroyed before the handler of its parent runs.
Task<int> has_counted_local(int& alive) {
    const rouse_test::Alive counted(alive);
    co_await rouse::ready();
    throw std::runtime_error("x");
}
Task<int> looks_in_the_handler(int& alive) {
    try {
        co_await has_counted_local(alive);
    } catch (const std::runtime_error&) {
        co_return alive;
    }
    co_return -1;
}

TEST(TaskException, the_child_is_gone_when_the_handler_runs) {
    int alive = 0;
    EXPECT_EQ(block_on(looks_in_the_handler(alive)), 0);
}

/// An argument whose move throws: the coroutine is never made.
class Moody {
public:
    Moody() = default;
    Moody(Moody&&) { throw std::runtime_error("no"); }
};
Task<> takes(Moody) { co_return; }

TEST(TaskException, in_making_the_frame_leaves_the_call) {
    EXPECT_THROW((void)takes(Moody()), std::runtime_error);
}

class ThrowingMove {
public:
    explicit ThrowingMove(int& moves) : moves_(&moves) {}
    ThrowingMove(ThrowingMove&& other) : moves_(other.moves_) {
        if (++*moves_ == 2) throw std::runtime_error("second move");
    }

private:
    int* moves_;
};
Task<ThrowingMove> result_that_does_not_move(int& moves) { co_return ThrowingMove(moves); }

TEST(TaskException, in_moving_the_result_out_is_thrown_there) {
    int moves = 0;
    {
        Task<ThrowingMove> task = result_that_does_not_move(moves);
        const rouse::Waker noop = rouse::Waker::noop();
        Context cx(noop);
        EXPECT_THROW((void)task.poll(cx), std::runtime_error);
        EXPECT_FALSE(task.valid()); // it is over, whatever became of the value
    }
    EXPECT_EQ(moves, 2);
}

Task<bool> awaits_a_result_that_does_not_move(int& moves) {
    try {
        co_await result_that_does_not_move(moves);
    } catch (const std::runtime_error&) {
        co_return true;
    }
    co_return false;
}

TEST(TaskException, in_moving_the_result_to_the_parent_is_caught_there) {
    int moves = 0;
    EXPECT_TRUE(block_on(awaits_a_result_that_does_not_move(moves)));
}

} // namespace
