// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/core/block_on.hpp>
#include <rouse/core/hang.hpp>
#include <rouse/task/task.hpp>
#include <rouse/task/task_local.hpp>
#include <rouse/testing/harness.hpp>

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <support/by_hand.hpp>

namespace {

using rouse::block_on;
using rouse::Context;
using rouse::Task;
using rouse::testing::Harness;
using rouse_test::ByHand;
using rouse_test::ByHandSource;

ROUSE_TASK_LOCAL(int, local_number);
ROUSE_TASK_LOCAL(std::string, title);

Task<int> reads() { co_return local_number.get(); }
Task<int> reads_deeper() {
    const int value = co_await reads();
    co_return value;
}

TEST(TaskLocal, is_seen_by_all_that_runs_in_its_scope) {
    EXPECT_EQ(block_on(local_number.scope(7, reads())), 7);
    EXPECT_EQ(block_on(local_number.scope(8, reads_deeper())), 8);
}

TEST(TaskLocal, is_not_seen_outside) {
    EXPECT_EQ(local_number.try_get(), nullptr);
    block_on(local_number.scope(1, reads()));
    EXPECT_EQ(local_number.try_get(), nullptr);
}

Task<int> nests() {
    const int outer = local_number.get();
    const int inner = co_await local_number.scope(2, reads());
    co_return outer * 100 + inner * 10 + local_number.get();
}

TEST(TaskLocal, an_inner_scope_hides_the_outer_one) {
    EXPECT_EQ(block_on(local_number.scope(1, nests())), 121);
}

Task<std::string> reads_both() { co_return title.get() + std::to_string(local_number.get()); }

TEST(TaskLocal, several_are_apart) {
    EXPECT_EQ(block_on(title.scope("n", local_number.scope(3, reads_both()))), "n3");
}

Task<> changes(int& seen) {
    local_number.get() += 1;
    co_await rouse::ready();
    seen = local_number.get();
}

TEST(TaskLocal, may_be_changed_and_stays_so) {
    int seen = 0;
    block_on(local_number.scope(5, changes(seen)));
    EXPECT_EQ(seen, 6);
}

Task<int> reads_before_and_after(ByHandSource<int>& source) {
    const int before = local_number.get();
    co_await ByHand<int>(source);
    const int after = local_number.get();
    co_return before * 10 + after;
}

TEST(TaskLocal, is_each_tasks_own_when_they_take_turns) {
    ByHandSource<int> a, b;
    Harness first(local_number.scope(1, reads_before_and_after(a)));
    Harness second(local_number.scope(2, reads_before_and_after(b)));
    EXPECT_TRUE(first.poll().is_pending());
    EXPECT_EQ(local_number.try_get(), nullptr);
    EXPECT_TRUE(second.poll().is_pending());
    a.complete(0);
    b.complete(0);
    EXPECT_EQ(first.poll().value(), 11);
    EXPECT_EQ(second.poll().value(), 22);
}

TEST(TaskLocal, goes_with_the_task_to_another_thread) {
    ByHandSource<int> source;
    Harness test(local_number.scope(4, reads_before_and_after(source)));
    EXPECT_TRUE(test.poll().is_pending());
    source.complete(0);
    int value = 0;
    std::thread([&] { value = test.poll().value(); }).join();
    EXPECT_EQ(value, 44);
}

class ReadsAtItsEnd {
public:
    explicit ReadsAtItsEnd(int& seen) : seen_(&seen) {}
    ~ReadsAtItsEnd() { *seen_ = local_number.try_get() ? *local_number.try_get() : -1; }

private:
    int* seen_;
};
Task<> holds_reader(int& seen, ByHandSource<int>& source) {
    const ReadsAtItsEnd reader(seen);
    co_await ByHand<int>(source);
}

TEST(TaskLocal, is_seen_by_destructors_when_the_task_is_cancelled) {
    int seen = 0;
    ByHandSource<int> source;
    {
        Harness test(local_number.scope(9, holds_reader(seen, source)));
        EXPECT_TRUE(test.poll().is_pending());
    }
    EXPECT_EQ(seen, 9);
    EXPECT_EQ(local_number.try_get(), nullptr);
}

Task<> throws_with_local() {
    throw std::runtime_error("x");
    co_return;
}

TEST(TaskLocal, an_exception_leaves_the_scope) {
    EXPECT_THROW(block_on(local_number.scope(1, throws_with_local())), std::runtime_error);
    EXPECT_EQ(local_number.try_get(), nullptr);
}

Task<int> catches_the_hang() {
    try {
        co_await rouse_test::Forgetful();
    } catch (const rouse::LostWaker&) {
        co_return local_number.get();
    }
    co_return -1;
}

TEST(TaskLocal, a_hang_inside_is_thrown_inside) {
    testing::internal::CaptureStderr();
    EXPECT_EQ(block_on(local_number.scope(6, catches_the_hang())), 6);
    testing::internal::GetCapturedStderr();
}

TEST(TaskLocal, a_scope_may_be_moved_before_its_first_poll) {
    auto scope = local_number.scope(3, reads());
    std::vector<decltype(scope)> kept;
    kept.push_back(std::move(scope));
    EXPECT_EQ(Harness(std::move(kept.back())).poll().value(), 3);
}

class TaskLocalDeath : public testing::Test {
protected:
    TaskLocalDeath() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_F(TaskLocalDeath, get_outside_of_the_scope_stops) {
    EXPECT_DEATH((void)local_number.get(), "TaskLocal::get outside of its scope");
}

} // namespace
