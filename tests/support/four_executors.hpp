// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <rouse/core/block_on.hpp>
#include <rouse/core/waker_from.hpp>
#include <rouse/runtime/runtime.hpp>
#include <rouse/task/task.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <semaphore>
#include <utility>

// What keeps to the contract runs on any executor: each of these has `run(task)`.
namespace rouse_test {

/// As a user would write it.
class Bell {
public:
    void wake() { rung_.release(); }
    void wait() { rung_.acquire(); }

private:
    std::counting_semaphore<> rung_{0};
};
class TenLines {
public:
    static void run(rouse::Task<> future) {
        const auto bell = std::make_shared<Bell>();
        const rouse::Waker waker = rouse::waker_from(bell);
        rouse::Context cx(waker);
        while (future.poll(cx).is_pending()) bell->wait();
    }
};
class BlockOn {
public:
    static void run(rouse::Task<> future) { rouse::block_on(std::move(future)); }
};
class CurrentThread {
public:
    static void run(rouse::Task<> future) { rouse::run(std::move(future)); }
};
class MultiThread {
public:
    static void run(rouse::Task<> future) {
        rouse::RuntimeOptions options;
        options.worker_threads = 2;
        auto runtime = rouse::Runtime::multi_thread(std::move(options));
        // In a task, which any worker polls.
        const auto root = [&future]() -> rouse::Task<> { co_await rouse::spawn(std::move(future)); };
        runtime.block_on(root());
    }
};
using FourExecutors = testing::Types<TenLines, BlockOn, CurrentThread, MultiThread>;

} // namespace rouse_test
