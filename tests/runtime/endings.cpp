// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The end of a runtime in a given time, and runtimes in a forked process.
#include <rouse/rouse.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <latch>
#include <optional>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace std::chrono_literals;
using rouse::Task;

rouse::RuntimeOptions two_workers() {
    rouse::RuntimeOptions options;
    options.worker_threads = 2;
    options.long_poll_threshold = 0ms;
    return options;
}

TEST(Shutdown, says_whether_all_ended_in_time) {
    auto runtime = rouse::Runtime::multi_thread(two_workers());
    auto waits = runtime.handle().spawn([]() -> Task<> { co_await rouse::never<>(); });
    EXPECT_TRUE(runtime.shutdown(10s));
    EXPECT_TRUE(runtime.shutdown(10s)); // nothing is left to end
    EXPECT_FALSE(rouse::block_on(std::move(waits).into_result()).has_value());
    auto alone = rouse::Runtime::current_thread();
    EXPECT_TRUE(alone.shutdown(10s));
}

TEST(Shutdown, does_not_wait_longer_than_it_was_told_for_a_poll_that_blocks) {
    auto runtime = rouse::Runtime::multi_thread(two_workers());
    std::latch blocked(1), freed(1);
    auto blocks = [&]() -> Task<> {
        blocked.count_down();
        freed.wait();
        co_return;
    };
    auto handle = runtime.handle().spawn(blocks);
    blocked.wait();
    EXPECT_FALSE(runtime.shutdown(1ms));
    freed.count_down();
    rouse::block_on(std::move(handle)); // its poll goes on to its end, and the runtime ends behind it
}

/// In a child process, which must not return into the test.
template <class Fn>
int in_a_fork(Fn&& fn) {
    const pid_t child = fork();
    if (child == 0) {
        std::fclose(stderr);
        fn();
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return status;
}

Task<int> answer() { co_return 42; }

class Fork : public testing::TestWithParam<bool> {
protected:
    static rouse::Runtime make() {
        return GetParam() ? rouse::Runtime::multi_thread(two_workers()) : rouse::Runtime::current_thread();
    }
    /// Each worker has started and gone to sleep: none is in the middle of an allocation when we fork.
    static void settle(rouse::Runtime& runtime) {
        EXPECT_EQ(runtime.block_on(answer()), 42);
        const auto is_new = [](const rouse::WorkerMetrics& worker) { return worker.parks == 0; };
        while (GetParam() && std::ranges::any_of(runtime.metrics().workers, is_new))
            std::this_thread::yield();
    }
};
INSTANTIATE_TEST_SUITE_P(Kinds, Fork, testing::Bool());

TEST_P(Fork, cannot_use_the_runtime_of_its_parent) {
    if (ROUSE_TSAN)
        GTEST_SKIP() << "the sanitizer does not let a fork of a process with threads start others";
    auto runtime = make();
    settle(runtime);
    const int blocked = in_a_fork([&] { runtime.block_on(answer()); });
    EXPECT_TRUE(WIFSIGNALED(blocked) && WTERMSIG(blocked) == SIGABRT);
    const int spawned = in_a_fork([&] { runtime.handle().spawn(answer).detach(); });
    EXPECT_TRUE(WIFSIGNALED(spawned) && WTERMSIG(spawned) == SIGABRT);
    EXPECT_EQ(runtime.block_on(answer()), 42);
}

TEST_P(Fork, leaves_the_runtime_of_its_parent_alone_when_it_ends) {
    if (ROUSE_TSAN)
        GTEST_SKIP() << "the sanitizer does not let a fork of a process with threads start others";
    std::optional<rouse::Runtime> runtime(make());
    settle(*runtime);
    EXPECT_EQ(in_a_fork([&] { runtime.reset(); }), 0);
    EXPECT_EQ(runtime->block_on(answer()), 42);
}

TEST_P(Fork, may_make_a_runtime_of_its_own) {
    if (ROUSE_TSAN)
        GTEST_SKIP() << "the sanitizer does not let a fork of a process with threads start others";
    auto runtime = rouse::Runtime::current_thread();
    EXPECT_EQ(in_a_fork([&] {
                  auto own = rouse::Runtime::current_thread();
                  if (own.block_on(answer()) != 42) _exit(1);
              }),
              0);
}

} // namespace
