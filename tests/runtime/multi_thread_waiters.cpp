// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Who waits for a task that hangs, where several workers poll those who wait.

#include <rouse/diag/reports.hpp>
#include <rouse/rouse.hpp>

#include "support/poll_once.hpp"
#include "support/quiet_runtime.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <latch>
#include <mutex>
#include <optional>
#include <random>
#include <thread>

namespace {

using rouse::JoinHandle;
using rouse::Runtime;
using rouse::spawn;
using rouse::Task;
using rouse::TaskBuilder;

/// Keeps the waker of whoever waits, until a test forgets it.
class Keeper {
public:
    class Wait {
    public:
        using Output = int;
        explicit Wait(Keeper& keeper) noexcept : keeper_(&keeper) {}
        rouse::Poll<int> poll(rouse::Context& cx) {
            const std::lock_guard lock(keeper_->mutex_);
            keeper_->waker_ = cx.waker().clone();
            return rouse::Pending;
        }

    private:
        Keeper* keeper_;
    };
    [[nodiscard]] bool has() {
        const std::lock_guard lock(mutex_);
        return waker_.has_value();
    }
    void forget() {
        std::optional<rouse::Waker> dropped;
        const std::lock_guard lock(mutex_);
        dropped.swap(waker_);
    }

private:
    std::mutex mutex_;
    std::optional<rouse::Waker> waker_;
};

Task<int> wait_for_keeper(Keeper& keeper) { co_return co_await Keeper::Wait(keeper); }

rouse::RuntimeOptions several(unsigned workers) {
    auto options = rouse_test::quiet_options();
    options.paused_clock = false;
    options.worker_threads = workers;
    options.on_hang = [](const rouse::HangReport&) {}; // each has its error
    return options;
}

/// The report that came with the error of a task.
rouse::HangReport hang_of(const std::expected<int, rouse::JoinError>& result) {
    try {
        if (!result) std::rethrow_exception(result.error().error());
    } catch (const rouse::LostWaker& lost) {
        return lost.report();
    } catch (...) { // NOLINT: another error is none
    }
    ADD_FAILURE() << "it did not hang";
    return {};
}

/// So many, and behind them the main task, if it waits already.
bool are_listed(const rouse::HangReport& report, std::size_t count) {
    return report.waiters.size() == count || report.waiters.size() == count + 1;
}

/// Until those named have been polled, and are not any more.
Task<> until_idle(Runtime& runtime, std::vector<std::uint64_t> ids) {
    for (;;) {
        const auto dump = runtime.dump();
        const auto is_idle = [&](std::uint64_t id) {
            return std::ranges::any_of(dump.tasks, [&](const rouse::TaskDump& task) {
                return task.id == id && task.phase == rouse::TaskPhase::idle && task.polls > 0;
            });
        };
        if (dump.complete && std::ranges::all_of(ids, is_idle)) co_return;
        co_await rouse::yield_now();
    }
}

TEST(multi_thread_waiters, are_listed_nearest_first_whoever_polled_them) {
    auto runtime = Runtime::multi_thread(several(3));
    rouse::HangReport report;
    std::vector<std::uint64_t> ids;
    std::vector<std::thread::id> threads(3);
    std::atomic<std::uint32_t> await_line{0};
    runtime.block_on([&]() -> Task<> {
        Keeper keeper;
        std::latch all_at_once(3); // each on a worker of its own
        auto waits = [&](JoinHandle<int> handle, std::size_t n) -> Task<int> {
            all_at_once.arrive_and_wait();
            threads[n] = std::this_thread::get_id();
            await_line = __LINE__ + 1;
            co_return co_await std::move(handle);
        };
        auto first = spawn(wait_for_keeper(keeper));
        const std::uint64_t root = first.id();
        auto second = TaskBuilder("second").spawn(waits, std::move(first), std::size_t{0});
        ids.push_back(second.id());
        auto third = TaskBuilder("third").spawn(waits, std::move(second), std::size_t{1});
        ids.push_back(third.id());
        auto fourth = spawn(waits, std::move(third), std::size_t{2});
        ids.push_back(fourth.id());
        auto all = ids;
        all.push_back(root);
        co_await until_idle(runtime, std::move(all));
        keeper.forget();
        const auto result = co_await std::move(fourth).into_result();
        report = hang_of(result);
    });
    ASSERT_TRUE(are_listed(report, 3)) << rouse::format_report(report);
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(report.waiters[i].task_id, ids[i]);
        EXPECT_EQ(report.waiters[i].where.line(), await_line);
        EXPECT_NE(threads[i], threads[(i + 1) % 3]);
    }
    EXPECT_EQ(report.waiters[0].task_name, "second");
    EXPECT_EQ(report.waiters[1].task_name, "third");
    EXPECT_FALSE(report.waiters[2].task_name.empty()) << "that of its function";
}

TEST(multi_thread_waiters, one_who_waits_in_a_combinator_is_listed) {
    auto runtime = Runtime::multi_thread(several(2));
    rouse::HangReport report;
    runtime.block_on([&]() -> Task<> {
        Keeper keeper;
        auto first = spawn(wait_for_keeper(keeper));
        const std::uint64_t root = first.id();
        auto waits = [&](JoinHandle<int> handle) -> Task<> {
            const auto result =
                co_await rouse::timeout(std::chrono::hours(1), std::move(handle).into_result());
            if (result) report = hang_of(*result);
        };
        auto second = TaskBuilder("second").spawn(waits, std::move(first));
        const std::vector<std::uint64_t> these{root, second.id()}; // g++ 12 takes no list in a co_await
        co_await until_idle(runtime, these);
        keeper.forget();
        co_await second;
    });
    ASSERT_TRUE(are_listed(report, 1)) << rouse::format_report(report);
    EXPECT_EQ(report.waiters[0].task_name, "second");
}

// Where it awaits cannot be read then.
TEST(multi_thread_waiters, one_who_is_polled_meanwhile_is_told_by_where_it_was_spawned) {
    std::latch told(1);
    auto options = several(2);
    options.on_hang = [&](const rouse::HangReport&) { told.count_down(); };
    auto runtime = Runtime::multi_thread(std::move(options));
    rouse::HangReport report;
    std::uint32_t spawn_line = 0;
    runtime.block_on([&]() -> Task<> {
        Keeper keeper;
        auto first = spawn(wait_for_keeper(keeper));
        const std::uint64_t root = first.id();
        const std::vector<std::uint64_t> these{root}; // g++ 12 takes no list in a co_await
        co_await until_idle(runtime, these);
        std::latch waits_now(1);
        auto waits = [&](JoinHandle<int> handle) -> Task<> {
            auto result = std::move(handle).into_result();
            EXPECT_FALSE(co_await rouse_test::poll_once(result));
            waits_now.count_down();
            told.wait(); // in the middle of its poll
            report = hang_of(co_await std::move(result));
        };
        auto builder = TaskBuilder("busy");
        spawn_line = __LINE__ + 1;
        auto second = std::move(builder).spawn(waits, std::move(first));
        waits_now.wait();
        keeper.forget();
        co_await second;
    });
    ASSERT_TRUE(are_listed(report, 1)) << rouse::format_report(report);
    EXPECT_EQ(report.waiters[0].task_name, "busy");
    EXPECT_EQ(report.waiters[0].where.line(), spawn_line);
}

// A look at one who waits may come at any time of his life: while he is woken, aborted, ends, or goes.
TEST(multi_thread_waiters, may_come_and_go_while_they_are_listed) {
    auto options = several(3);
    options.on_unhandled = [](const rouse::UnhandledReport&) {
    }; // who awaited one that was aborted fails with it
    auto runtime = Runtime::multi_thread(std::move(options));
    runtime.block_on([&]() -> Task<> {
        auto waits = [](JoinHandle<int> handle) -> Task<int> { co_return co_await std::move(handle); };
        auto hesitates = [](JoinHandle<int> handle) -> Task<int> {
            for (int i = 0; i < 3; ++i) {
                (void)co_await rouse_test::poll_once(handle);
                co_await rouse::yield_now();
            }
            co_return co_await std::move(handle);
        };
        auto cut = [&](JoinHandle<int> handle, unsigned seed) -> Task<> {
            std::minstd_rand random(seed);
            for (unsigned i = random() % 8; i > 0; --i) co_await rouse::yield_now();
            handle.abort();
            (void)co_await std::move(handle).into_result();
        };
        auto forget = [](Keeper& keeper) -> Task<> {
            while (!keeper.has()) co_await rouse::yield_now();
            keeper.forget();
        };
        for (unsigned round = 0; round < 200; ++round) {
            Keeper keeper;
            std::vector<rouse::AbortHandle> some;
            auto last = spawn(wait_for_keeper(keeper));
            for (unsigned i = 0; i < 6; ++i) {
                last = i % 2 == round % 2 ? spawn(waits, std::move(last)) : spawn(hesitates, std::move(last));
                if (i == 2) some.push_back(last.abort_handle());
            }
            auto cutting = spawn(cut, std::move(last), round + 1);
            auto forgetting = spawn(forget, std::ref(keeper));
            if (round % 3 == 0) some[0].abort();
            co_await forgetting;
            co_await cutting;
        }
    });
}

TEST(multi_thread_waiters, of_a_hang_that_is_left_alone_wait_on) {
    auto options = several(2);
    options.hang_policy = rouse::HangPolicy::report;
    rouse::HangReport report;
    std::latch told(1);
    options.on_hang = [&](const rouse::HangReport& hang) {
        report = hang;
        told.count_down();
    };
    auto runtime = Runtime::multi_thread(std::move(options));
    runtime.block_on([&]() -> Task<> {
        Keeper keeper;
        auto first = spawn(wait_for_keeper(keeper));
        const std::uint64_t root = first.id();
        const auto abort = first.abort_handle();
        auto waits = [](JoinHandle<int> handle) -> Task<bool> {
            const auto result = co_await std::move(handle).into_result();
            co_return result.has_value();
        };
        auto second = TaskBuilder("second").spawn(waits, std::move(first));
        const std::vector<std::uint64_t> these{root, second.id()}; // g++ 12 takes no list in a co_await
        co_await until_idle(runtime, these);
        keeper.forget();
        told.wait();
        EXPECT_FALSE(second.is_finished());
        abort.abort();
        EXPECT_FALSE(co_await std::move(second));
    });
    ASSERT_TRUE(are_listed(report, 1)) << rouse::format_report(report);
    EXPECT_EQ(report.waiters[0].task_name, "second");
}

} // namespace
