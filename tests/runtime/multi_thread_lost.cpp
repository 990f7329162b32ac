// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What is said of a task that is lost on another worker than the one that took it in.

#include <rouse/core/block_on.hpp>
#include <rouse/rouse.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <exception>
#include <thread>

namespace {

using namespace std::chrono_literals;
using rouse::Runtime;
using rouse::RuntimeOptions;
using rouse::Task;

rouse::HangReport report_of(const rouse::JoinError& error) {
    try {
        std::rethrow_exception(error.error());
    } catch (const rouse::LostWaker& lost) {
        return lost.report();
    }
}

// Lost, and aborted before anybody could say so: who dropped its last waker is forgotten with it, and not
// told of a later task in the same place of memory.
TEST(multi_thread_lost, who_dropped_a_waker_is_not_told_of_another_task) {
    RuntimeOptions options;
    options.worker_threads = 2;
    options.long_poll_threshold = 0ms;
    options.on_hang = [](const rouse::HangReport&) {}; // of the first and the tenth: each has its error
    auto runtime = Runtime::multi_thread(std::move(options));
    const auto main = [&]() -> Task<> {
        auto on_one_worker = [&]() -> Task<> {
            rouse::Waker waker;
            std::atomic<bool> registered{false};
            auto waits = [&](bool registers) -> Task<> {
                auto forgets = [&](rouse::Context& cx) -> rouse::Poll<> {
                    if (registers) {
                        waker = cx.waker().clone();
                        registered.store(true);
                    }
                    return rouse::Pending;
                };
                co_await rouse::poll_fn(forgets);
            };
            for (int round = 0; round < 20; ++round) {
                auto task = rouse::spawn(waits, true);
                while (!registered.exchange(false)) co_await rouse::yield_now();
                auto lose = [&waker, abort = task.abort_handle()]() -> Task<> {
                    waker = rouse::Waker();
                    abort.abort();
                    co_return;
                };
                auto loses = rouse::spawn(std::move(lose));
                while (!loses.is_finished() || !task.is_finished())
                    std::this_thread::yield(); // they are taken by the other worker
                const auto result = co_await std::move(task).into_result();
                // Lost, if somebody came to say so before the abort.
                EXPECT_TRUE(!result && (result.error().is_cancelled() || result.error().is_lost()));
                co_await loses;
                co_await rouse::yield_now(); // this worker lets go of the memory
                auto next = rouse::spawn(waits, false);
                const auto lost = co_await std::move(next).into_result();
                EXPECT_TRUE(!lost && lost.error().is_lost());
                const rouse::HangReport report = report_of(lost.error());
                EXPECT_EQ(report.cause, rouse::HangCause::never_registered);
                EXPECT_EQ(report.dropped_by, "");
            }
        };
        co_await rouse::spawn_local(on_one_worker);
    };
    runtime.block_on(main);
}

} // namespace
