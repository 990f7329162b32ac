// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/core/block_on.hpp>
#include <rouse/task/task.hpp>
#include <rouse/testing/harness.hpp>

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include <support/by_hand.hpp>
#include <support/drop_log.hpp>

namespace {

using rouse::block_on;
using rouse::Task;
using rouse::testing::Harness;

Task<int> forty_two() { co_return 42; }
Task<> no_result() { co_return; }
Task<std::unique_ptr<int>> unique_seven() { co_return std::make_unique<int>(7); }
Task<std::string> converted() { co_return "text"; }
Task<std::optional<int>> braced() { co_return {}; }
Task<std::vector<int>> list() { co_return {1, 2, 3}; }
Task<int&> reference(int& object) { co_return object; }
Task<const std::string&> const_reference(const std::string& object) { co_return object; }

TEST(Task, completes_with_a_value) {
    EXPECT_EQ(block_on(forty_two()), 42);
    EXPECT_EQ(*block_on(unique_seven()), 7);
    EXPECT_EQ(block_on(converted()), "text");
    EXPECT_FALSE(block_on(braced()).has_value());
    EXPECT_EQ(block_on(list()).size(), 3u);
    block_on(no_result());
}

TEST(Task, completes_with_a_reference) {
    int object = 1;
    EXPECT_EQ(&block_on(reference(object)), &object);
    const std::string text = "text";
    EXPECT_EQ(&block_on(const_reference(text)), &text);
}

Task<int> awaits_each_kind() {
    int object = 5;
    const int plain = co_await forty_two();
    co_await no_result();
    const std::unique_ptr<int> owned = co_await unique_seven();
    int& same = co_await reference(object);
    same = 6;
    const std::string text = co_await converted();
    co_return plain + *owned + object + static_cast<int>(text.size());
}

TEST(Task, awaits_tasks_of_any_kind) { EXPECT_EQ(block_on(awaits_each_kind()), 42 + 7 + 6 + 4); }

Task<Task<int>> task_of_a_task() { co_return forty_two(); }
Task<int> awaits_both() {
    Task<int> inner = co_await task_of_a_task();
    const int result = co_await inner;
    co_return result;
}

TEST(Task, completes_with_another_task) { EXPECT_EQ(block_on(awaits_both()), 42); }

Task<long double> sixteen_bytes() { co_return 1.5L; }
Task<long double> awaits_sixteen_bytes() {
    const long double value = co_await sixteen_bytes();
    co_return value + 1;
}

TEST(Task, completes_with_a_value_that_is_aligned_to_sixteen) {
    static_assert(alignof(Task<long double>::promise_type) == 16);
    EXPECT_EQ(block_on(awaits_sixteen_bytes()), 2.5L);
}

class alignas(64) AlignedResult {
public:
    explicit AlignedResult(int value) : value(value) {}
    [[nodiscard]] bool is_aligned() const { return reinterpret_cast<std::uintptr_t>(this) % 64 == 0; }
    int value;
};
Task<AlignedResult> aligned_result() { co_return AlignedResult(3); }
Task<int> sums_wide(int count) {
    int sum = 0;
    for (int i = 0; i < count; ++i) {
        const int one = (co_await aligned_result()).value;
        sum += one;
    }
    co_return sum;
}

// The promise may not be aligned beyond 16; the result then lies in a box.
TEST(Task, completes_with_an_over_aligned_value) {
    static_assert(alignof(Task<AlignedResult>::promise_type) <= 16);
    const AlignedResult result = block_on(aligned_result());
    EXPECT_TRUE(result.is_aligned());
    EXPECT_EQ(result.value, 3);
    EXPECT_EQ(block_on(sums_wide(10)), 30);
}

Task<std::array<int, 1000>> large() {
    std::array<int, 1000> all{};
    all.fill(1);
    co_return all;
}

TEST(Task, completes_with_a_large_value) { EXPECT_EQ(block_on(large())[999], 1); }

class NoDefault {
public:
    explicit NoDefault(int n) : n(n) {}
    NoDefault(NoDefault&&) = default;
    NoDefault& operator=(NoDefault&&) = delete;
    int n;
};
Task<NoDefault> no_default() { co_return NoDefault(8); }

TEST(Task, needs_of_a_result_only_that_it_moves) { EXPECT_EQ(block_on(no_default()).n, 8); }

Task<rouse_test::Alive> counted(int& alive) { co_return rouse_test::Alive(alive); }
Task<> drops_the_result(int& alive) {
    co_await counted(alive);
    EXPECT_EQ(alive, 0);
}

TEST(Task, a_result_is_destroyed_once) {
    int alive = 0;
    block_on(drops_the_result(alive));
    EXPECT_EQ(alive, 0);
    {
        Harness test(counted(alive));
        EXPECT_TRUE(test.poll().is_ready());
        EXPECT_EQ(alive, 0);
    }
    EXPECT_EQ(alive, 0);
}

TEST(Task, is_lazy) {
    bool ran = false;
    const auto body = [&]() -> Task<> {
        ran = true;
        co_return;
    };
    Task<> task = body();
    EXPECT_FALSE(ran);
    block_on(std::move(task));
    EXPECT_TRUE(ran);
}

TEST(Task, is_a_future_and_moves_only) {
    static_assert(rouse::Future<Task<int>>);
    static_assert(std::same_as<rouse::OutputOf<Task<int&>>, int&>);
    static_assert(!std::is_copy_constructible_v<Task<>>);
    static_assert(std::is_nothrow_move_constructible_v<Task<>>);
    EXPECT_EQ(sizeof(Task<int>), sizeof(void*));
}

class Numbers {
public:
    explicit Numbers(int base) : base_(base) {}
    Task<int> plus(int n) const { co_return base_ + n; }
    static Task<int> zero() { co_return 0; }

private:
    int base_;
};

TEST(Task, of_a_member_function) {
    const Numbers numbers(10);
    EXPECT_EQ(block_on(numbers.plus(5)), 15);
    EXPECT_EQ(block_on(Numbers::zero()), 0);
}

template <class T>
Task<T> identity(T value) {
    co_return value;
}

TEST(Task, of_a_template) {
    EXPECT_EQ(block_on(identity(std::string("x"))), "x");
    EXPECT_EQ(*block_on(identity(std::make_unique<int>(2))), 2);
}

} // namespace
