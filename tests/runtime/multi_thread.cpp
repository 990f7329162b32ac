// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/core/waker_from.hpp>
#include <rouse/rouse.hpp>

#include "support/delivery.hpp"
#include "support/idle.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <future>
#include <latch>
#include <mutex>
#include <semaphore>
#include <set>
#include <stdexcept>
#include <thread>

namespace {

using namespace std::chrono_literals;
using rouse::Runtime;
using rouse::RuntimeOptions;
using rouse::spawn;
using rouse::Task;

RuntimeOptions with_workers(unsigned count) {
    RuntimeOptions options;
    options.worker_threads = count;
    options.long_poll_threshold = 0ms;
    return options;
}

TEST(MultiThread, block_on_gives_the_value_and_throws_what_was_thrown) {
    auto runtime = Runtime::multi_thread(with_workers(2));
    EXPECT_EQ(runtime.block_on([]() -> Task<int> { co_return 42; }), 42);
    EXPECT_THROW(runtime.block_on([]() -> Task<> {
        co_await rouse::yield_now();
        throw std::runtime_error("so it is");
    }),
                 std::runtime_error);
    EXPECT_EQ(runtime.alive_tasks(), 0u);
}

TEST(MultiThread, block_on_runs_on_a_worker_and_several_at_a_time) {
    auto runtime = Runtime::multi_thread(with_workers(2));
    std::barrier meet(2);
    const auto here = std::this_thread::get_id();
    const auto main = [&]() -> Task<bool> {
        meet.arrive_and_wait(); // both polls run at the same time
        co_return std::this_thread::get_id() != here;
    };
    std::jthread other([&] { EXPECT_TRUE(runtime.block_on(main)); });
    EXPECT_TRUE(runtime.block_on(main));
}

TEST(MultiThread, timers_and_dumps_have_their_turn_though_work_comes_from_outside_in_each) {
    std::atomic<bool> stop{false};
    std::binary_semaphore wanted(0), spawned(0); // the last poll is in them until the runtime's end
    std::promise<void> slept;
    auto runtime = Runtime::multi_thread(with_workers(1));
    const rouse::Handle handle = runtime.handle();
    const auto link = [&]() -> Task<> { // before its poll is over the next one is there
        wanted.release();
        spawned.acquire();
        co_return;
    };
    handle
        .spawn([&]() -> Task<> {
            co_await rouse::sleep(5ms);
            slept.set_value();
        })
        .detach();
    const std::jthread outside([&] {
        handle.spawn(link).detach();
        for (;;) {
            wanted.acquire();
            const bool ends = stop;
            if (!ends) handle.spawn(link).detach();
            spawned.release();
            if (ends) return;
        }
    });
    EXPECT_EQ(slept.get_future().wait_for(10s), std::future_status::ready);
    EXPECT_TRUE(runtime.dump().complete);
    stop = true;
}

TEST(MultiThread, tasks_that_are_queued_behind_each_other_come_to_run_at_the_same_time) {
    auto runtime = Runtime::multi_thread(with_workers(3));
    std::barrier meet(3); // each blocks its worker until all three run
    const auto main = [&]() -> Task<> {
        auto blocks = [&]() -> Task<> {
            meet.arrive_and_wait();
            co_return;
        };
        auto a = spawn(blocks);
        auto b = spawn(blocks);
        auto c = spawn(blocks);
        co_await a;
        co_await b;
        co_await c;
    };
    runtime.block_on(main);
}

TEST(MultiThread, a_million_tasks_each_end_once) {
    constexpr std::size_t count = ROUSE_TSAN || ROUSE_ASAN ? 50'000 : 1'000'000;
    auto runtime = Runtime::multi_thread(with_workers(2));
    std::atomic<std::size_t> ended{0};
    const auto main = [&]() -> Task<std::size_t> {
        auto one = [&](std::size_t n) -> Task<std::size_t> {
            if (n % 3 == 0) co_await rouse::yield_now();
            ended.fetch_add(1, std::memory_order_relaxed);
            co_return n;
        };
        std::vector<rouse::JoinHandle<std::size_t>> handles;
        for (std::size_t n = 0; n < count; ++n) handles.push_back(spawn(one, n));
        std::size_t sum = 0;
        for (auto& handle : handles) sum += co_await handle;
        co_return sum;
    };
    EXPECT_EQ(runtime.block_on(main), count * (count - 1) / 2);
    EXPECT_EQ(ended.load(), count);
    EXPECT_EQ(runtime.alive_tasks(), 0u);
}

TEST(MultiThread, a_local_task_stays_where_it_was_spawned) {
    auto runtime = Runtime::multi_thread(with_workers(3));
    std::atomic<int> moves{0};
    const auto main = [&]() -> Task<> {
        auto stays = [&]() -> Task<> {
            const auto first = std::this_thread::get_id();
            for (int i = 0; i < 500; ++i) {
                if (i % 10 == 0) co_await spawn([]() -> Task<> { co_await rouse::yield_now(); });
                else co_await rouse::yield_now();
                if (std::this_thread::get_id() != first) moves.fetch_add(1);
            }
        };
        auto spawner = [&]() -> Task<> {
            const auto here = std::this_thread::get_id();
            auto on_this_thread = [here]() -> Task<bool> { co_return std::this_thread::get_id() == here; };
            auto first = rouse::spawn_local(stays);
            auto second = rouse::spawn_local(on_this_thread);
            co_await first;
            EXPECT_TRUE(co_await second);
        };
        std::vector<rouse::JoinHandle<>> handles;
        for (int i = 0; i < 20; ++i) handles.push_back(spawn(spawner));
        for (auto& handle : handles) co_await handle;
    };
    runtime.block_on(main);
    EXPECT_EQ(moves.load(), 0);
}

TEST(MultiThread, spawns_wakes_and_aborts_from_foreign_threads) {
    auto runtime = Runtime::multi_thread(with_workers(2));
    const rouse::Handle handle = runtime.handle();
    const rouse_test::Delivery<int> delivery;
    auto waits = [&]() -> Task<int> { co_return co_await delivery.arrival(); };
    auto first = handle.spawn(waits);
    auto endless = handle.spawn([]() -> Task<> { co_await rouse::never<>(); });
    delivery.deliver(5);
    EXPECT_EQ(rouse::block_on(std::move(first)), 5);
    endless.abort();
    const auto ended = rouse::block_on(std::move(endless).into_result());
    ASSERT_FALSE(ended.has_value());
    EXPECT_TRUE(ended.error().is_cancelled());
    EXPECT_EQ(runtime.alive_tasks(), 0u);
}

TEST(MultiThread, sleeps_are_never_early_and_end_in_order) {
    auto runtime = Runtime::multi_thread(with_workers(2));
    const auto main = [&]() -> Task<> {
        auto sleeps = [](rouse::Duration time) -> Task<rouse::Duration> {
            const auto start = rouse::now();
            co_await rouse::sleep(time);
            co_return rouse::now() - start;
        };
        std::vector<rouse::JoinHandle<rouse::Duration>> handles;
        for (int i = 0; i < 100; ++i) handles.push_back(spawn(sleeps, i * 200us));
        for (int i = 0; i < 100; ++i) EXPECT_GE(co_await handles[static_cast<std::size_t>(i)], i * 200us);
    };
    runtime.block_on(main);
}

// Set on one worker, polled again, reset and destroyed on another.
TEST(MultiThread, a_timer_may_be_used_on_another_worker_than_where_it_was_set) {
    auto runtime = Runtime::multi_thread(with_workers(2));
    constexpr int rounds = ROUSE_TSAN || ROUSE_ASAN ? 200 : 2'000;
    const auto main = [&]() -> Task<> {
        auto churn = []() -> Task<> {
            auto timer = rouse::sleep(1h);
            for (int i = 0; i < rounds; ++i) {
                auto result = co_await rouse::timeout(std::chrono::microseconds(i % 50), timer);
                EXPECT_FALSE(result.has_value());
                timer.reset(rouse::now() + 1h);
            }
        };
        std::vector<rouse::JoinHandle<>> handles;
        for (int i = 0; i < 8; ++i) handles.push_back(spawn(churn));
        for (auto& handle : handles) co_await handle;
    };
    runtime.block_on(main);
}

/// With two workers, a hook that adds to `causes` and a task that loses its waker.
class LostOnWorkers : public testing::Test {
protected:
    static RuntimeOptions told(std::vector<rouse::HangCause>& causes, std::mutex& mutex) {
        auto options = with_workers(2);
        options.on_hang = [&](const rouse::HangReport& report) {
            const std::lock_guard lock(mutex);
            causes.push_back(report.cause);
        };
        return options;
    }

    std::vector<rouse::HangCause> seen() {
        const std::lock_guard lock(mutex);
        return causes;
    }

    std::mutex mutex;
    std::vector<rouse::HangCause> causes;
    Runtime runtime = Runtime::multi_thread(told(causes, mutex));
};

TEST_F(LostOnWorkers, a_waker_that_was_never_kept_is_found) {
    auto never_keeps = []() -> Task<> {
        auto forgets = [](rouse::Context&) -> rouse::Poll<> { return rouse::Pending; };
        co_await rouse::poll_fn(forgets);
    };
    EXPECT_THROW(runtime.block_on(never_keeps), rouse::LostWaker);
    EXPECT_EQ(seen(), std::vector{rouse::HangCause::never_registered});
}

TEST_F(LostOnWorkers, a_waker_that_another_thread_drops_is_found) {
    rouse::Waker waker;
    std::latch kept(1);
    auto dropped_later = [&]() -> Task<> {
        auto keeps = [&](rouse::Context& cx) -> rouse::Poll<> {
            waker = cx.waker().clone();
            kept.count_down();
            return rouse::Pending;
        };
        co_await rouse::poll_fn(keeps);
    };
    auto handle = runtime.handle().spawn(dropped_later);
    kept.wait();
    rouse_test::wait_until_idle(waker); // dropped while the poll goes on, it would be found at its end
    waker = rouse::Waker();
    EXPECT_THROW(rouse::block_on(std::move(handle)), rouse::LostWaker);
    EXPECT_EQ(seen(), std::vector{rouse::HangCause::last_waker_dropped});
}

TEST(MultiThread, when_all_workers_are_blocked_a_spare_one_goes_on) {
    auto runtime = Runtime::multi_thread(with_workers(2));
    std::latch blocked(2), freed(1);
    auto blocks = [&]() -> Task<> {
        blocked.count_down();
        freed.wait();
        co_return;
    };
    auto first = runtime.handle().spawn(blocks);
    auto second = runtime.handle().spawn(blocks);
    blocked.wait();
    // Nobody but a spare worker can run what lets the others go.
    auto frees = [&]() -> Task<> {
        co_await rouse::sleep(1ms);
        freed.count_down();
    };
    runtime.block_on(frees);
    rouse::block_on(std::move(first));
    rouse::block_on(std::move(second));
}

TEST(MultiThread, the_end_of_the_runtime_destroys_what_is_left_once) {
    class Counted {
    public:
        explicit Counted(std::atomic<int>& count) noexcept : count_(&count) {}
        Counted(Counted&& other) noexcept : count_(std::exchange(other.count_, nullptr)) {}
        Counted& operator=(Counted&&) = delete;
        ~Counted() {
            if (count_) count_->fetch_add(1);
        }

    private:
        std::atomic<int>* count_;
    };
    std::atomic<int> destroyed{0};
    std::vector<rouse::JoinHandle<>> handles;
    {
        auto runtime = Runtime::multi_thread(with_workers(2));
        for (int i = 0; i < 300; ++i) {
            auto task = [i, counted = Counted(destroyed)]() -> Task<> {
                if (i % 3 == 0) co_await rouse::never<>();
                if (i % 3 == 1) co_await rouse::sleep(1h);
                for (;;) co_await rouse::yield_now();
            };
            handles.push_back(runtime.handle().spawn(std::move(task)));
        }
    }
    EXPECT_EQ(destroyed.load(), 300);
    for (auto& handle : handles) {
        const auto ended = rouse::block_on(std::move(handle).into_result());
        ASSERT_FALSE(ended.has_value());
        EXPECT_TRUE(ended.error().is_cancelled());
    }
}

TEST(MultiThread, a_handle_outlives_its_runtime) {
    auto runtime = std::make_unique<Runtime>(Runtime::multi_thread(with_workers(2)));
    const rouse::Handle handle = runtime->handle();
    const rouse::Handle from_inside =
        runtime->block_on([]() -> Task<rouse::Handle> { co_return rouse::Handle::current(); });
    runtime.reset();
    const auto ended = rouse::block_on(handle.spawn([]() -> Task<> { co_return; }).into_result());
    EXPECT_FALSE(ended.has_value());
    EXPECT_FALSE(rouse::block_on(from_inside.spawn([]() -> Task<> { co_return; }).into_result()).has_value());
}

TEST(MultiThread, runtimes_live_side_by_side_and_await_each_other) {
    auto one = Runtime::multi_thread(with_workers(2));
    auto two = Runtime::multi_thread(with_workers(2));
    auto three = Runtime::current_thread();
    const rouse::Handle to_two = two.handle();
    const auto main = [&]() -> Task<int> {
        auto other = [](int n) -> Task<int> {
            co_await rouse::yield_now();
            co_return n;
        };
        int sum = 0;
        for (int i = 0; i < 1000; ++i) sum += co_await to_two.spawn(other, 1);
        co_return sum;
    };
    EXPECT_EQ(one.block_on(main), 1000);
    EXPECT_EQ(three.block_on(main), 1000);
    EXPECT_EQ(one.alive_tasks() + two.alive_tasks() + three.alive_tasks(), 0u);
}

TEST(MultiThread, threads_have_names_and_hooks) {
    std::atomic<int> started{0}, stopped{0};
    auto options = with_workers(3);
    options.name = "shop";
    options.on_thread_start = [&] { started.fetch_add(1); };
    options.on_thread_stop = [&] { stopped.fetch_add(1); };
    {
        auto runtime = Runtime::multi_thread(std::move(options));
        const std::string name = runtime.block_on([]() -> Task<std::string> {
            char text[16] = {};
            pthread_getname_np(pthread_self(), text, sizeof(text));
            co_return text;
        });
        EXPECT_EQ(name.substr(0, 5), "shop-");
    }
    EXPECT_EQ(started.load(), 3);
    EXPECT_EQ(stopped.load(), 3);
}

TEST(MultiThread, a_dump_shows_the_tasks_of_all_workers) {
    auto runtime = Runtime::multi_thread(with_workers(2));
    std::vector<rouse::JoinHandle<>> handles;
    for (int i = 0; i < 50; ++i)
        handles.push_back(runtime.handle().spawn([]() -> Task<> { co_await rouse::sleep(1h); }));
    rouse::RuntimeDump dump;
    do dump = runtime.dump();
    while (dump.timers < 50);
    EXPECT_TRUE(dump.complete);
    EXPECT_EQ(dump.tasks.size(), 50u);
    std::set<std::uint64_t> ids;
    for (const auto& task : dump.tasks) ids.insert(task.id);
    EXPECT_EQ(ids.size(), 50u);
    const auto inside = runtime.block_on(
        []() -> Task<std::size_t> { co_return rouse::Handle::current().dump().tasks.size(); });
    EXPECT_EQ(inside, 51u);
}

TEST(MultiThreadDeathTest, its_clock_cannot_be_paused) {
    RuntimeOptions options = with_workers(2);
    options.paused_clock = true;
    EXPECT_DEATH((void)Runtime::multi_thread(options), "current_thread");
}

} // namespace
