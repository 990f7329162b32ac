// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What holds for every future of combine, wherever it is dropped, and on whichever executor it runs.

#include "combine/each_future.hpp"

#include <rouse/rouse.hpp>
#include <rouse/testing/harness.hpp>

#include "support/drop_anywhere.hpp"

#include <gtest/gtest.h>

#include <semaphore>

namespace {

using namespace rouse_test::scripted;
using rouse::Task;
using rouse::testing::Harness;
using rouse_test::DropPoint;
using rouse_test::combined::all_cases;

TEST(EachCombinator, holds_no_waker_when_it_is_ready) {
    for (const Case& one : all_cases()) {
        SCOPED_TRACE(one.name);
        Scene scene;
        Harness test(one.make(scene));
        int steps = 0;
        for (auto poll = test.poll(); poll.is_pending(); poll = test.poll_while_woken()) {
            EXPECT_GE(test.clones_alive(), 1u);
            test.take_wakes();
            ASSERT_TRUE(scene.step());
            EXPECT_GE(test.take_wakes(), 1u);
            ASSERT_LT(++steps, 10);
        }
        EXPECT_EQ(test.clones_alive(), 0u);
        if (!one.resume) {
            EXPECT_FALSE(scene.any_waker()) << "a child is left, or its waker is";
        }
        test.drop();
        EXPECT_EQ(test.clones_alive(), 0u);
    }
}

TEST(EachCombinator, dropped_at_any_point_it_leaves_no_waker_and_loses_nothing) {
    for (const Case& one : all_cases()) {
        SCOPED_TRACE(one.name);
        const auto make = [&] { return DropCase(one); };
        drop_anywhere(DropPoint::while_it_waits, make);
        drop_anywhere(DropPoint::after_the_wake, make);
    }
}

TEST(EachCombinator, dropped_unpolled_it_was_never_there) {
    for (const Case& one : all_cases()) {
        SCOPED_TRACE(one.name);
        Scene scene;
        Harness test(one.make(scene));
        test.drop();
        EXPECT_FALSE(scene.any_waker());
        EXPECT_EQ(test.clones_alive(), 0u);
    }
}

// Clones from one task, polls from another: the last waker counts.
TEST(EachCombinator, wakes_the_waker_of_its_last_poll) {
    for (const Case& one : all_cases()) {
        SCOPED_TRACE(one.name);
        Scene scene;
        const rouse::testing::CountingWaker first, second;
        rouse::Context with_first(first.waker()), with_second(second.waker());
        Future future = one.make(scene);
        if (future.poll(with_first).is_ready()) continue;
        EXPECT_TRUE(future.poll(with_second).is_pending());
        ASSERT_TRUE(scene.step());
        EXPECT_GE(second.wakes(), 1u);
        if (one.resume || one.name == "join_all") {
            EXPECT_EQ(first.clones_alive(), 0u);
        }
    }
}

// ---- on every executor ----

Task<> waits(Future future, bool& over) {
    (void)co_await future;
    over = true;
}
Task<> fires(Scene& scene, const bool& over) {
    for (int turn = 0; !over && turn < 1000; ++turn) {
        co_await rouse::yield_now();
        (void)scene.step();
    }
}
Task<> run_all_cases() {
    for (const Case& one : all_cases()) {
        SCOPED_TRACE(one.name);
        Scene scene;
        bool over = false;
        co_await rouse::join(waits(one.make(scene), over), fires(scene, over));
        EXPECT_TRUE(over);
    }
}

/// As a user would write it.
class Bell {
public:
    void wake() { rung_.release(); }
    void wait() { rung_.acquire(); }

private:
    std::counting_semaphore<> rung_{0};
};

TEST(EachCombinator, completes_on_an_executor_of_ten_lines) {
    const auto bell = std::make_shared<Bell>();
    const rouse::Waker waker = rouse::waker_from(bell);
    rouse::Context cx(waker);
    auto future = run_all_cases();
    while (future.poll(cx).is_pending()) bell->wait();
}

TEST(EachCombinator, completes_under_block_on) { rouse::block_on(run_all_cases()); }

TEST(EachCombinator, completes_on_a_runtime_of_one_thread) { rouse::run(run_all_cases()); }

TEST(EachCombinator, completes_on_a_runtime_of_many) {
    rouse::RuntimeOptions options;
    options.worker_threads = 2;
    auto runtime = rouse::Runtime::multi_thread(std::move(options));
    const auto root = []() -> Task<> { co_await rouse::spawn(run_all_cases()); };
    runtime.block_on(root());
}

} // namespace
