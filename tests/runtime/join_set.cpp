// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include <rouse/rouse.hpp>

#include "support/by_hand.hpp"
#include "time/paused.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <semaphore>
#include <stdexcept>

namespace {

using namespace std::chrono_literals;
using rouse::JoinSet;
using rouse::sleep;
using rouse::Task;
using rouse_test::run_paused;

Task<int> after(rouse::Duration time, int value) {
    co_await sleep(time);
    co_return value;
}

const std::vector one_two_three{1, 2, 3};

TEST(JoinSet, gives_results_in_the_order_in_which_the_tasks_end) {
    run_paused([]() -> Task<> {
        JoinSet<int> set;
        for (const int i : {3, 1, 2}) set.spawn(after(i * 1s, i));
        EXPECT_EQ(set.len(), 3u);
        EXPECT_FALSE(set.try_join_next().has_value());
        for (const int i : {1, 2, 3}) {
            auto next = co_await set.join_next();
            EXPECT_EQ(next.value().value(), i);
        }
        EXPECT_TRUE(set.is_empty());
        auto none = co_await set.join_next();
        EXPECT_FALSE(none.has_value());
    });
}

TEST(JoinSet, tells_which_task_it_was) {
    run_paused([]() -> Task<> {
        JoinSet<int> set;
        std::map<std::uint64_t, int> expected;
        for (int i = 1; i <= 5; ++i) expected[set.spawn(after, 1s, i).id()] = i;
        while (auto next = co_await set.join_next_with_id()) {
            EXPECT_EQ(expected.at(next->first), next->second.value());
            expected.erase(next->first);
        }
        EXPECT_TRUE(expected.empty());
    });
}

TEST(JoinSet, a_task_that_failed_or_was_aborted_is_an_error_among_the_results) {
    run_paused([]() -> Task<> {
        JoinSet<> set;
        auto fails = []() -> Task<> {
            co_await sleep(1s);
            throw std::runtime_error("as it is meant");
        };
        set.spawn(fails);
        auto failed = co_await set.join_next();
        EXPECT_TRUE(failed.value().error().is_failed());
        const rouse::AbortHandle abort = set.spawn(sleep(1h));
        abort.abort();
        auto aborted = co_await set.join_next();
        EXPECT_TRUE(aborted.value().error().is_cancelled());
        EXPECT_EQ(aborted.value().error().task_id(), abort.id());
    });
}

TEST(JoinSet, a_lost_task_is_one_too) {
    rouse::RuntimeOptions options = rouse_test::paused_clock();
    options.on_hang = [](const rouse::HangReport&) {};
    const auto body = []() -> Task<> {
        JoinSet<int> set;
        set.spawn(rouse_test::Forgetful());
        auto lost = co_await set.join_next();
        EXPECT_TRUE(lost.value().error().is_lost());
    };
    rouse::run(body, std::move(options));
}

TEST(JoinSet, its_end_aborts_its_tasks_and_detach_all_does_not) {
    run_paused([]() -> Task<> {
        {
            JoinSet<int> set;
            for (int i = 0; i < 3; ++i) set.spawn(after(1h, i));
            EXPECT_EQ(rouse::Handle::current().alive_tasks(), 4u);
        }
        co_await rouse::yield_now();
        co_await rouse::yield_now();
        EXPECT_EQ(rouse::Handle::current().alive_tasks(), 1u);
        {
            JoinSet<int> set;
            set.spawn(after(1s, 1));
            set.detach_all();
            EXPECT_TRUE(set.is_empty());
        }
        co_await rouse::yield_now();
        EXPECT_EQ(rouse::Handle::current().alive_tasks(), 2u);
        co_await sleep(2s);
    });
}

TEST(JoinSet, shutdown_waits_until_all_are_gone) {
    run_paused([]() -> Task<> {
        int gone = 0;
        class Counts {
        public:
            explicit Counts(int& gone) : gone_(gone) {}
            ~Counts() { ++gone_; }
            Counts(const Counts&) = delete;
            Counts& operator=(const Counts&) = delete;

        private:
            int& gone_;
        };
        auto waits = [&gone]() -> Task<> {
            const Counts counts(gone);
            co_await sleep(1h);
        };
        JoinSet<> set;
        for (int i = 0; i < 3; ++i) set.spawn(waits);
        co_await sleep(1s);
        co_await set.shutdown();
        EXPECT_EQ(gone, 3);
        EXPECT_TRUE(set.is_empty());
    });
}

TEST(JoinSet, join_all_gives_the_values_or_aborts_the_rest) {
    run_paused([]() -> Task<> {
        JoinSet<int> set;
        for (int i = 1; i <= 3; ++i) set.spawn(after(i * 1s, i));
        const auto values = co_await set.join_all();
        EXPECT_EQ(values, one_two_three);
        auto fails = []() -> Task<int> {
            throw std::runtime_error("as it is meant");
            co_return 0;
        };
        set.spawn(after(1h, 1));
        set.spawn(fails);
        EXPECT_THROW((void)co_await set.join_all(), std::runtime_error);
        auto rest = co_await set.join_next();
        EXPECT_TRUE(rest.value().error().is_cancelled());
    });
}

TEST(JoinSet, takes_local_tasks_and_those_that_were_spawned_before) {
    run_paused([]() -> Task<> {
        JoinSet<int> set;
        set.spawn_local(after(1s, 1));
        set.spawn_on(rouse::Handle::current(), after(2s, 2));
        set.insert(rouse::spawn(after(3s, 3)));
        const auto values = co_await set.join_all();
        EXPECT_EQ(values, one_two_three);
    });
}

// Workers end tasks while others are joined, aborted and spawned: each task is joined once.
TEST(JoinSet, joins_each_task_once_on_four_workers) {
    rouse::RuntimeOptions options;
    options.worker_threads = 4;
    auto runtime = rouse::Runtime::multi_thread(std::move(options));
    const auto main = []() -> Task<> {
        auto works = [](int i) -> Task<int> {
            for (int turn = i % 7; turn > 0; --turn) co_await rouse::yield_now();
            co_return i;
        };
        JoinSet<int> set;
        constexpr int count = 2000;
        int spawned = 0, joined = 0, aborted = 0;
        long sum = 0;
        while (joined < count) {
            for (int i = 0; i < 20 && spawned < count; ++i) {
                const rouse::AbortHandle abort = set.spawn(works, spawned++);
                if (spawned % 5 == 0) abort.abort();
            }
            for (int i = 0; i < 15; ++i) {
                auto next = co_await set.join_next();
                if (!next) break;
                ++joined;
                if (next->has_value()) sum += **next;
                else ++aborted;
                EXPECT_TRUE(next->has_value() || next->error().is_cancelled());
            }
        }
        EXPECT_EQ(joined, count);
        EXPECT_TRUE(set.is_empty());
        EXPECT_LE(aborted, count / 5);
        EXPECT_LE(sum, long{count} * (count - 1) / 2);
    };
    const auto root = [&main]() -> Task<> { co_await rouse::spawn(main()); };
    runtime.block_on(root());
}

TEST(JoinSet, spawns_blocking_calls_beside_tasks) {
    rouse::run([]() -> Task<> {
        JoinSet<int> set;
        set.spawn_blocking([] { return 1; });
        set.spawn_blocking([](int a, int b) { return a + b; }, 1, 1);
        set.spawn(after(0s, 3));
        auto values = co_await set.join_all();
        std::ranges::sort(values);
        EXPECT_EQ(values, one_two_three);
        JoinSet<> nothing;
        nothing.spawn_blocking([] { throw std::runtime_error("as it is meant"); });
        const auto failed = co_await nothing.join_next();
        EXPECT_TRUE(failed->error().is_failed());
    });
}

TEST(JoinSet, takes_a_blocking_call_back_that_has_not_begun) {
    rouse::RuntimeOptions options;
    options.max_blocking_threads = 1;
    auto runtime = rouse::Runtime::current_thread(std::move(options));
    std::binary_semaphore go(0), begun(0);
    bool ran = false;
    const auto main = [&]() -> Task<> {
        JoinSet<> set;
        const auto first = set.spawn_blocking([&] {
            begun.release();
            go.acquire();
        });
        set.spawn_blocking([&] { ran = true; });
        begun.acquire();
        co_await set.shutdown(); // one runs on, unobserved; the other is taken back
        EXPECT_TRUE(first.is_finished());
        go.release();
        co_await rouse::spawn_blocking([] {}); // behind whatever there was
        EXPECT_FALSE(ran);
    };
    runtime.block_on(main);
}

} // namespace
