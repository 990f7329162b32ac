// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// A runtime ends as soon as its task has, while the thread that woke the task is still in the wake.
#include <rouse/runtime/runtime.hpp>
#include <rouse/runtime/spawn.hpp>
#include <rouse/task/yield_now.hpp>

#include "support/delivery.hpp"
#include "support/stress_rounds.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace {

using rouse::Runtime;
using rouse::Task;
using rouse_test::Delivery;

Task<> give_way_for_ever() {
    for (;;) co_await rouse::yield_now();
}

Runtime crew_of_two() {
    rouse::RuntimeOptions options;
    options.worker_threads = 2;
    return Runtime::multi_thread(std::move(options));
}

/// `busy`: the task is polled before the wake has come as far as the thread that it might have to wake.
void end_under_wakes(auto make_runtime, bool busy) {
    rouse_test::StressRounds rounds(2'000);
    while (rounds.take()) {
        const Delivery<int> delivery;
        std::jthread other([delivery] {
            while (delivery.polls() == 0) std::this_thread::yield();
            delivery.deliver(7);
        });
        Runtime runtime = make_runtime();
        auto main = [&]() -> Task<int> {
            if (busy) rouse::spawn(give_way_for_ever).detach();
            co_return co_await rouse::spawn(delivery.arrival());
        };
        EXPECT_EQ(runtime.block_on(std::move(main)), 7);
    }
}

TEST(EndsUnderAWake, current_thread) {
    end_under_wakes([] { return Runtime::current_thread(); }, false);
}
TEST(EndsUnderAWake, current_thread_that_is_busy) {
    end_under_wakes([] { return Runtime::current_thread(); }, true);
}
TEST(EndsUnderAWake, two_workers) {
    end_under_wakes([] { return crew_of_two(); }, false);
}
TEST(EndsUnderAWake, two_workers_that_are_busy) {
    end_under_wakes([] { return crew_of_two(); }, true);
}

} // namespace
