// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/combine/join.hpp>
#include <rouse/combine/select.hpp>
#include <rouse/task/task.hpp>
#include <rouse/task/task_local.hpp>
#include <rouse/task/yield_now.hpp>

#include <gtest/gtest.h>

#include <utility>

#include <support/mini_executor.hpp>

// A future is polled until its first Ready and not after: each of ours stops the program and says its name.
namespace {

using rouse::Context;
using rouse::Task;
using rouse::Waker;
using rouse_test::MiniExecutor;

ROUSE_TASK_LOCAL(int, number);
Task<int> answer() { co_return 42; }

class PollAfterReady : public testing::Test {
protected:
    PollAfterReady() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }

    /// Polls until it is ready, and once more.
    template <class F>
    static void poll_once_too_often(F future) {
        const Waker noop = Waker::noop();
        Context cx(noop);
        while (future.poll(cx).is_pending()) {}
        (void)future.poll(cx);
    }
};

TEST_F(PollAfterReady, of_yield_now_stops) {
    EXPECT_DEATH(poll_once_too_often(rouse::yield_now()), "YieldNow was polled after it had returned Ready");
}

TEST_F(PollAfterReady, of_join_stops) {
    EXPECT_DEATH(poll_once_too_often(rouse::join(answer(), answer())),
                 "Join was polled after it had returned Ready");
}

TEST_F(PollAfterReady, of_select_stops) {
    EXPECT_DEATH(poll_once_too_often(rouse::select(answer(), rouse::never())),
                 "Select was polled after it had returned Ready");
}

TEST_F(PollAfterReady, of_a_task_local_scope_stops) {
    EXPECT_DEATH(poll_once_too_often(number.scope(1, answer())),
                 "Task<int> was polled after it had returned Ready");
}

TEST_F(PollAfterReady, of_a_join_result_stops) {
    EXPECT_DEATH(
        {
            MiniExecutor executor;
            auto handle = executor.spawn(answer);
            executor.run();
            poll_once_too_often(std::move(handle).into_result());
        },
        "JoinHandle<int> was polled after it had returned Ready");
}

Task<> awaits_the_same_twice() {
    auto future = rouse::yield_now();
    co_await future;
    co_await future;
}

TEST_F(PollAfterReady, in_an_await_stops_as_well) {
    EXPECT_DEATH(poll_once_too_often(awaits_the_same_twice()),
                 "YieldNow was polled after it had returned Ready");
}

} // namespace
