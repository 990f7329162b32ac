// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/combine/join.hpp>
#include <rouse/combine/select.hpp>
#include <rouse/core/block_on.hpp>
#include <rouse/core/box_future.hpp>
#include <rouse/task/generator.hpp>
#include <rouse/task/join_handle.hpp>
#include <rouse/task/task.hpp>
#include <rouse/task/task_local.hpp>
#include <rouse/task/yield_now.hpp>
#include <rouse/testing/harness.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include <support/by_hand.hpp>
#include <support/drop_log.hpp>

// Each argument, local and temporary of a coroutine is destroyed once, and when the language says so: on
// either compiler, with what GCC 12 does to aggregates and closures in an await kept in mind.
namespace {

using rouse::block_on;
using rouse::Task;
using rouse::testing::Harness;
using rouse_test::Alive;
using rouse_test::ByHand;
using rouse_test::ByHandSource;

Task<int> looks(Alive, int& alive) { co_return alive; }
Task<int> yields_once(Alive counted, int& alive) {
    co_await rouse::yield_now();
    (void)counted;
    co_return alive;
}

Task<> keeps(std::unique_ptr<Alive> counted) {
    co_await rouse::yield_now();
    (void)counted;
}
Task<> looks_in_the_same_expression(int& alive) {
    auto argument = std::make_unique<Alive>(alive);
    const int after = ((void)co_await keeps(std::move(argument)), alive);
    EXPECT_EQ(after, 0) << "the child's frame goes when the await returns, not at the end of the expression";
}

TEST(TaskLifetimes, of_a_child_end_with_its_await) {
    int alive = 0;
    block_on(looks_in_the_same_expression(alive));
    EXPECT_EQ(alive, 0);
}

Task<> passes_prvalues(int& alive) {
    for (int i = 0; i < 3; ++i) {
        const int at_once = co_await looks(Alive(alive), alive);
        EXPECT_GE(at_once, 1);
        EXPECT_EQ(alive, 0) << "after the await of a child that did not suspend";
        const int later = co_await yields_once(Alive(alive), alive);
        EXPECT_GE(later, 1);
        EXPECT_EQ(alive, 0) << "after the await of a child that did";
    }
}

TEST(TaskLifetimes, of_arguments_that_are_temporaries) {
    int alive = 0;
    block_on(passes_prvalues(alive));
    EXPECT_EQ(alive, 0);
}

/// A future with something to destroy.
class Counted {
public:
    using Output = int;
    Counted(int& alive, int polls) : counted_(alive), left_(polls) {}
    rouse::Poll<int> poll(rouse::Context& cx) {
        if (--left_ <= 0) return rouse::Ready(1);
        cx.waker().wake_by_ref();
        return rouse::Pending;
    }

private:
    Alive counted_;
    int left_;
};
Task<> awaits_temporaries(int& alive) {
    const int ready = co_await Counted(alive, 1);
    EXPECT_EQ(alive, 0);
    const int pending = co_await Counted(alive, 3);
    EXPECT_EQ(alive, 0);
    EXPECT_EQ(ready + pending, 2);
}

TEST(TaskLifetimes, of_futures_that_are_temporaries) {
    int alive = 0;
    block_on(awaits_temporaries(alive));
    EXPECT_EQ(alive, 0);
}

/// Refers to a temporary of the full-expression, which lives as long as the await.
class Borrows {
public:
    using Output = int;
    Borrows(const Alive&, int& alive) noexcept : alive_(&alive) {}
    rouse::Poll<int> poll(rouse::Context& cx) {
        if (polls_++ == 0) {
            cx.waker().wake_by_ref();
            return rouse::Pending;
        }
        return rouse::Ready(*alive_);
    }

private:
    int* alive_;
    int polls_ = 0;
};
Task<> borrows_a_temporary(int& alive) {
    const int seen = co_await Borrows(Alive(alive), alive);
    EXPECT_EQ(seen, 1);
    EXPECT_EQ(alive, 0);
}

TEST(TaskLifetimes, of_temporaries_around_an_await) {
    int alive = 0;
    block_on(borrows_a_temporary(alive));
    EXPECT_EQ(alive, 0);
}

Task<Alive> makes(int& alive) { co_return Alive(alive); }
Task<Alive> moves_a_local(int& alive) {
    Alive local(alive);
    co_await rouse::yield_now();
    co_return local;
}
Task<> takes_results(int& alive) {
    {
        const Alive first = co_await makes(alive);
        EXPECT_EQ(alive, 1);
        const Alive second = co_await moves_a_local(alive);
        EXPECT_EQ(alive, 2);
    }
    EXPECT_EQ(alive, 0);
}

TEST(TaskLifetimes, of_results) {
    int alive = 0;
    block_on(takes_results(alive));
    EXPECT_EQ(alive, 0);
}

Task<> leaves_scopes(int& alive, ByHandSource<int>& source) {
    for (int i = 0; i < 3; ++i) {
        const Alive local(alive);
        if (i == 0) continue;
        const int value = co_await ByHand<int>(source);
        if (value == 2) co_return;
        EXPECT_EQ(alive, 1);
    }
}

TEST(TaskLifetimes, of_locals_in_scopes_that_are_left_in_every_way) {
    int alive = 0;
    ByHandSource<int> source;
    Harness test(leaves_scopes(alive, source));
    EXPECT_TRUE(test.poll().is_pending());
    EXPECT_EQ(alive, 1);
    source.complete(1);
    EXPECT_TRUE(test.poll().is_pending());
    EXPECT_EQ(alive, 1);
    source.complete(2);
    EXPECT_TRUE(test.poll().is_ready());
    EXPECT_EQ(alive, 0);
}

Task<> has_two(Alive first, Alive second, ByHandSource<int>& source) {
    const int value = co_await ByHand<int>(source);
    (void)value, (void)first, (void)second;
}
Task<> awaits_several(int& alive, ByHandSource<int>& source) {
    co_await has_two(Alive(alive), Alive(alive), source);
    EXPECT_EQ(alive, 0);
}

TEST(TaskLifetimes, of_everything_when_the_task_is_cancelled_or_completes) {
    int alive = 0;
    ByHandSource<int> source;
    {
        Harness cancelled(awaits_several(alive, source));
        EXPECT_TRUE(cancelled.poll().is_pending());
        EXPECT_GE(alive, 2); // and on one compiler the moved-from temporaries of the await
    }
    EXPECT_EQ(alive, 0);
    Harness completed(awaits_several(alive, source));
    EXPECT_TRUE(completed.poll().is_pending());
    source.complete(1);
    EXPECT_TRUE(completed.poll().is_ready());
    EXPECT_EQ(alive, 0);
}

// The cure for the closures of GCC 12: a name.
Task<> binds_closures_to_names(int& alive) {
    auto body = [counted = Alive(alive)](rouse::Context&) -> rouse::Poll<int> { return rouse::Ready(1); };
    const int value = co_await rouse::poll_fn(std::move(body));
    EXPECT_EQ(value, 1);
    EXPECT_EQ(alive, 1); // `body`
}

TEST(TaskLifetimes, of_closures_that_have_a_name) {
    int alive = 0;
    block_on(binds_closures_to_names(alive));
    EXPECT_EQ(alive, 0);
}

// GCC 12 destroys a prvalue aggregate in an await twice. So nothing that one awaits, or passes to something
// that is awaited, is an aggregate.
TEST(TaskLifetimes, no_type_of_ours_in_an_await_is_an_aggregate) {
    using Fn = decltype([](rouse::Context&) -> rouse::Poll<int> { return rouse::Pending; });
    static_assert(!std::is_aggregate_v<Task<int>>);
    static_assert(!std::is_aggregate_v<Task<>>);
    static_assert(!std::is_aggregate_v<rouse::ReadyFuture<int>>);
    static_assert(!std::is_aggregate_v<rouse::ReadyFuture<void>>);
    static_assert(!std::is_aggregate_v<rouse::Never<int>>);
    static_assert(!std::is_aggregate_v<rouse::PollFn<Fn>>);
    static_assert(!std::is_aggregate_v<rouse::BoxFuture<int>>);
    static_assert(!std::is_aggregate_v<rouse::YieldNow>);
    static_assert(!std::is_aggregate_v<rouse::Generator<int>>);
    static_assert(!std::is_aggregate_v<rouse::Generator<int>::Next>);
    static_assert(!std::is_aggregate_v<rouse::JoinHandle<int>>);
    static_assert(!std::is_aggregate_v<rouse::JoinResult<int>>);
    static_assert(!std::is_aggregate_v<rouse::TaskLocalScope<int, Task<int>>>);
    static_assert(!std::is_aggregate_v<rouse::Join<Task<int>>>);
    static_assert(!std::is_aggregate_v<rouse::Select<Task<int>>>);
    static_assert(!std::is_aggregate_v<rouse::Poll<int>>);
    static_assert(!std::is_aggregate_v<rouse::Ready<int>>);
    static_assert(!std::is_aggregate_v<rouse::Ready<>>);
    static_assert(!std::is_aggregate_v<rouse::Unit>);
    static_assert(!std::is_aggregate_v<rouse::Waker>);
    static_assert(!std::is_aggregate_v<rouse::SourceLocation>);
    static_assert(!std::is_aggregate_v<rouse::detail::FutureAwaiter<rouse::Never<int>>>);
    static_assert(!std::is_aggregate_v<rouse::detail::FutureAwaiter<rouse::YieldNow>>);
    static_assert(!std::is_aggregate_v<rouse::detail::TaskAwaiter<int>>);
}

} // namespace
