// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Tasks that wait for each other's locks: found where it is proven, and never where it is not.

#include <rouse/rouse.hpp>

#include "support/captured_stderr.hpp"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using rouse::LockCycle;
using rouse::LockDeadlock;
using rouse::Mutex;
using rouse::RuntimeOptions;
using rouse::RwLock;
using rouse::Task;

/// A runtime of this thread whose cycles are told to `cycles`.
RuntimeOptions told(std::vector<LockCycle>& cycles) {
    RuntimeOptions options;
    options.on_lock_cycle = [&](const LockCycle& cycle) { cycles.push_back(cycle); };
    return options;
}

/// Locks one, lets the others run, and locks the other; true: it had both.
Task<bool> lock_both(Mutex<int>& first, Mutex<int>& second) {
    auto one = co_await first.lock();
    co_await rouse::yield_now();
    try {
        auto two = co_await second.lock();
        ++*one;
        ++*two;
    } catch (const LockDeadlock&) {
        co_return false;
    }
    co_return true;
}

TEST(LockDeadlock, of_two_tasks_is_thrown_at_the_wait_that_closed_it_and_the_other_goes_on) {
    std::vector<LockCycle> cycles;
    Mutex<int> a(0, "a"), b(0, "b");
    auto runtime = rouse::Runtime::current_thread(told(cycles));
    auto main = [&]() -> Task<> {
        auto first = rouse::TaskBuilder("first").spawn(lock_both, std::ref(a), std::ref(b));
        auto second = rouse::TaskBuilder("second").spawn(lock_both, std::ref(b), std::ref(a));
        EXPECT_TRUE(co_await first);
        EXPECT_FALSE(co_await second);
    };
    runtime.block_on(main);
    EXPECT_EQ(*a.try_lock().value(), 1);
    ASSERT_EQ(cycles.size(), 1u);
    const auto& tasks = cycles[0].tasks;
    ASSERT_EQ(tasks.size(), 2u);
    EXPECT_EQ(tasks[0].task_name, "second");
    EXPECT_EQ(tasks[0].waits_for, "a mutex `a`");
    EXPECT_EQ(tasks[0].has, "a mutex `b`");
    EXPECT_EQ(tasks[1].task_name, "first");
    EXPECT_EQ(tasks[1].waits_for, "a mutex `b`");
    EXPECT_EQ(tasks[1].has, "a mutex `a`");
    for (const auto& task : tasks) {
        EXPECT_EQ(task.taken_at.line(), 38u);
        EXPECT_EQ(task.waits_at.line(), 41u);
        EXPECT_FALSE(task.granted_unpolled);
        EXPECT_NE(task.task_id, 0u);
    }
}

TEST(LockDeadlock, is_printed_with_each_task_and_what_it_waits_for) {
    Mutex<int> a(0, "a"), b(0, "b");
    rouse_test::CapturedStderr captured;
    std::string what;
    rouse::run([&]() -> Task<> {
        auto fails = [&]() -> Task<> {
            auto one = co_await b.lock();
            co_await rouse::yield_now();
            auto two = co_await a.lock();
        };
        auto first = rouse::spawn(lock_both, std::ref(a), std::ref(b));
        auto second = rouse::TaskBuilder("second").spawn(fails);
        try {
            co_await second;
        } catch (const rouse::Deadlock& deadlock) {
            what = deadlock.what();
        }
        co_await first;
    });
    EXPECT_NE(what.find("`second` waits for a mutex `a` ("), std::string::npos) << what;
    EXPECT_NE(what.find("which is held by task "), std::string::npos) << what;
    const std::string text = captured.take();
    EXPECT_NE(text.find("deadlock: 2 tasks wait for each other's locks\n"), std::string::npos) << text;
    EXPECT_NE(text.find("      waits for a mutex `a` "), std::string::npos) << text;
    EXPECT_NE(text.find("`lock_both`, taken "), std::string::npos) << text;
    EXPECT_NE(text.find("help: take locks in the same order"), std::string::npos) << text;
}

TEST(LockDeadlock, of_five_tasks) {
    std::vector<LockCycle> cycles;
    std::array<Mutex<int>, 5> locks;
    auto runtime = rouse::Runtime::current_thread(told(cycles));
    auto main = [&]() -> Task<> {
        std::vector<rouse::JoinHandle<bool>> tasks;
        for (std::size_t i = 0; i < 5; ++i)
            tasks.push_back(rouse::spawn(lock_both, std::ref(locks[i]), std::ref(locks[(i + 1) % 5])));
        int failed = 0;
        for (auto& task : tasks) failed += !co_await task;
        EXPECT_EQ(failed, 1);
    };
    runtime.block_on(main);
    ASSERT_EQ(cycles.size(), 1u);
    EXPECT_EQ(cycles[0].tasks.size(), 5u);
}

TEST(LockDeadlock, of_one_task_with_itself) {
    std::vector<LockCycle> cycles;
    Mutex<int> lock(0, "mine");
    auto runtime = rouse::Runtime::current_thread(told(cycles));
    auto twice = [&]() -> Task<> {
        auto guard = co_await lock.lock();
        auto again = co_await lock.lock();
    };
    EXPECT_THROW(runtime.block_on(twice), LockDeadlock);
    auto tried = [&]() -> Task<> {
        auto guard = lock.try_lock();
        auto again = co_await lock.lock();
    };
    EXPECT_THROW(runtime.block_on(tried), LockDeadlock);
    ASSERT_EQ(cycles.size(), 2u);
    ASSERT_EQ(cycles[0].tasks.size(), 1u);
    EXPECT_EQ(cycles[0].tasks[0].waits_for, "a mutex `mine`");
    EXPECT_EQ(cycles[1].tasks[0].taken_at.line() + 1, cycles[1].tasks[0].waits_at.line());
    EXPECT_TRUE(lock.try_lock());
}

TEST(LockDeadlock, of_readers_and_writers) {
    std::vector<LockCycle> cycles;
    RwLock<int> lock;
    auto runtime = rouse::Runtime::current_thread(told(cycles));
    auto upgrades = [&]() -> Task<> {
        auto read = co_await lock.read();
        auto write = co_await lock.write();
    };
    EXPECT_THROW(runtime.block_on(upgrades), LockDeadlock);
    auto reads_again_behind_a_writer = [&]() -> Task<> {
        auto read = co_await lock.read();
        auto writes = [&]() -> Task<> { (void)co_await lock.write(); };
        auto writer = rouse::spawn(writes);
        co_await rouse::yield_now();
        auto again = co_await lock.read();
    };
    EXPECT_THROW(runtime.block_on(reads_again_behind_a_writer), LockDeadlock);
    auto reads_what_it_writes = [&]() -> Task<> {
        auto write = co_await lock.write();
        auto read = co_await lock.read();
    };
    EXPECT_THROW(runtime.block_on(reads_what_it_writes), LockDeadlock);
    EXPECT_EQ(cycles.size(), 3u);
}

TEST(LockDeadlock, a_reader_behind_a_writer_that_gives_up_is_none) {
    std::vector<LockCycle> cycles;
    auto options = told(cycles);
    options.paused_clock = true;
    RwLock<int> lock;
    auto runtime = rouse::Runtime::current_thread(std::move(options));
    auto main = [&]() -> Task<> {
        auto read = co_await lock.read();
        auto gives_up = [&]() -> Task<> { (void)co_await rouse::timeout(1s, lock.write()); };
        auto writer = rouse::spawn(gives_up);
        co_await rouse::yield_now();
        auto again = co_await lock.read();
        co_await writer;
    };
    runtime.block_on(main);
    EXPECT_TRUE(cycles.empty());
}

TEST(LockDeadlock, a_wait_with_a_timeout_is_none) {
    std::vector<LockCycle> cycles;
    auto options = told(cycles);
    options.paused_clock = true;
    Mutex<int> a, b;
    auto runtime = rouse::Runtime::current_thread(std::move(options));
    auto patient = [&]() -> Task<> {
        auto one = co_await a.lock();
        co_await rouse::yield_now();
        auto two = co_await rouse::timeout(1s, b.lock());
        EXPECT_FALSE(two.has_value());
    };
    auto main = [&]() -> Task<> {
        auto first = rouse::spawn(patient);
        EXPECT_TRUE(co_await lock_both(b, a));
        co_await first;
    };
    runtime.block_on(main);
    EXPECT_TRUE(cycles.empty());
}

TEST(LockDeadlock, a_guard_that_was_handed_to_another_task_is_none) {
    std::vector<LockCycle> cycles;
    Mutex<int> a;
    auto runtime = rouse::Runtime::current_thread(told(cycles));
    auto main = [&]() -> Task<> {
        auto keeps = [](rouse::MutexGuard<int>) -> Task<> {
            for (int i = 0; i < 20; ++i) co_await rouse::yield_now();
        };
        auto guard = co_await a.lock();
        auto other = rouse::spawn(keeps, std::move(guard));
        auto again = co_await a.lock();
        co_await other;
    };
    runtime.block_on(main);
    EXPECT_TRUE(cycles.empty());
}

TEST(LockDeadlock, a_poll_that_registers_with_somebody_else_after_the_lock_is_none) {
    std::vector<LockCycle> cycles;
    auto options = told(cycles);
    options.paused_clock = true;
    Mutex<int> a;
    auto runtime = rouse::Runtime::current_thread(std::move(options));
    auto by_hand = [&]() -> Task<> {
        auto guard = co_await a.lock();
        auto lock = a.lock();
        auto timer = rouse::sleep(1s);
        auto either = [&](rouse::Context& cx) -> rouse::Poll<> {
            if (lock.poll(cx).is_ready()) return rouse::Ready();
            return timer.poll(cx);
        };
        co_await rouse::poll_fn(either);
    };
    runtime.block_on(by_hand);
    EXPECT_TRUE(cycles.empty());
}

TEST(Futurelock, of_a_lock_that_was_granted_to_an_arm_which_lost) {
    std::vector<LockCycle> cycles;
    Mutex<int> lock(0, "m");
    auto runtime = rouse::Runtime::current_thread(told(cycles));
    auto main = [&]() -> Task<> {
        auto holds = [&]() -> Task<> {
            auto guard = co_await lock.lock();
            for (int i = 0; i < 5; ++i) co_await rouse::yield_now();
        };
        auto holder = rouse::spawn(holds);
        co_await rouse::yield_now();
        auto arm = lock.lock();
        auto other = rouse::yield_now();
        (void)co_await rouse::select_biased(arm, other);
        auto guard = co_await lock.lock(); // behind `arm`, which nobody polls
    };
    EXPECT_THROW(runtime.block_on(main), LockDeadlock);
    ASSERT_EQ(cycles.size(), 1u);
    ASSERT_EQ(cycles[0].tasks.size(), 1u);
    EXPECT_TRUE(cycles[0].tasks[0].granted_unpolled);
    EXPECT_EQ(cycles[0].tasks[0].taken_at.line() + 1, cycles[0].tasks[0].waits_at.line());
    const std::string text = rouse::format_report(cycles[0]);
    EXPECT_NE(text.find("which it was granted in a future that it polls no longer"), std::string::npos)
        << text;
    EXPECT_TRUE(lock.try_lock());
}

TEST(Futurelock, of_a_lock_that_a_coroutine_has_is_none_for_that_may_go_on_elsewhere) {
    std::vector<LockCycle> cycles;
    auto options = told(cycles);
    options.paused_clock = true;
    Mutex<int> lock(0, "m");
    auto runtime = rouse::Runtime::current_thread(std::move(options));
    auto main = [&]() -> Task<> {
        auto works = [&]() -> Task<> {
            auto guard = co_await lock.lock();
            co_await rouse::sleep(10s);
        };
        Task<> arm = works();
        (void)co_await rouse::select_biased(arm, rouse::sleep(1s));
        auto moved = rouse::spawn(std::move(arm));
        auto guard = co_await lock.lock();
        co_await moved;
    };
    runtime.block_on(main);
    EXPECT_TRUE(cycles.empty());
}

TEST(LockDeadlock, of_a_task_that_was_aborted_already_is_none) {
    std::vector<LockCycle> cycles;
    Mutex<int> a, b;
    auto runtime = rouse::Runtime::current_thread(told(cycles));
    auto main = [&]() -> Task<> {
        auto mine = co_await a.lock();
        auto other = rouse::spawn(lock_both, std::ref(b), std::ref(a));
        for (int i = 0; i < 5; ++i) co_await rouse::yield_now();
        other.abort();
        auto both = co_await b.lock();
    };
    runtime.block_on(main);
    EXPECT_TRUE(cycles.empty());
}

TEST(LockDeadlock, one_that_was_caught_waits_no_longer) {
    std::vector<LockCycle> cycles;
    Mutex<int> a, b, c;
    auto runtime = rouse::Runtime::current_thread(told(cycles));
    auto main = [&]() -> Task<> {
        auto catches = [&]() -> Task<> {
            auto other = co_await a.lock();
            for (int i = 0; i < 3; ++i) co_await rouse::yield_now();
            auto wait = b.lock();
            try {
                auto guard = co_await wait;
                ADD_FAILURE();
            } catch (const LockDeadlock&) {}
            { auto third = co_await c.lock(); }
            auto again = co_await c.lock();
            std::move(other).unlock();
            for (int i = 0; i < 10; ++i) co_await rouse::yield_now();
        };
        auto holds_b = [&]() -> Task<> {
            auto guard = co_await b.lock();
            auto from_other = co_await a.lock();
            auto third = co_await c.lock();
        };
        auto first = rouse::spawn(catches);
        auto second = rouse::spawn(holds_b);
        co_await first;
        co_await second;
    };
    runtime.block_on(main);
    EXPECT_EQ(cycles.size(), 1u);
}

TEST(LockDeadlock, one_that_was_caught_and_is_awaited_again_is_thrown_again) {
    std::vector<LockCycle> cycles;
    Mutex<int> lock;
    auto runtime = rouse::Runtime::current_thread(told(cycles));
    auto main = [&]() -> Task<> {
        auto guard = co_await lock.lock();
        auto wait = lock.lock();
        for (int i = 0; i < 2; ++i) {
            try {
                auto again = co_await wait;
                ADD_FAILURE();
            } catch (const LockDeadlock&) {}
        }
    };
    runtime.block_on(main);
    EXPECT_EQ(cycles.size(), 2u);
}

TEST(LockDeadlock, a_lock_that_was_given_to_a_child_is_of_its_task) {
    std::vector<LockCycle> cycles;
    Mutex<int> lock;
    auto runtime = rouse::Runtime::current_thread(told(cycles));
    auto main = [&]() -> Task<> {
        auto guard = co_await lock.lock();
        auto waits = [&]() -> Task<> { auto mine = co_await lock.lock(); };
        auto both = [&]() -> Task<> { (void)co_await rouse::join(waits(), rouse::yield_now()); };
        auto other = rouse::spawn(both);
        co_await rouse::yield_now();
        std::move(guard).unlock(); // it has not looked yet
        EXPECT_EQ(lock.holder(), other.id());
        co_await other;
    };
    runtime.block_on(main);
}

TEST(LockDeadlock, a_reader_that_was_queued_before_the_writer_is_none) {
    std::vector<LockCycle> cycles;
    auto options = told(cycles);
    options.paused_clock = true;
    RwLock<int> lock;
    auto runtime = rouse::Runtime::current_thread(std::move(options));
    auto main = [&]() -> Task<> {
        auto first = co_await lock.read();
        auto gives_up = [&]() -> Task<> { (void)co_await rouse::timeout(50ms, lock.write()); };
        auto impatient = rouse::spawn(gives_up);
        co_await rouse::yield_now();
        auto again = lock.read();
        auto timer = rouse::sleep(1ms);
        (void)co_await rouse::select(again, timer); // it is queued, before the next
        auto writes = [&]() -> Task<> { (void)co_await lock.write(); };
        auto writer = rouse::spawn(writes);
        co_await rouse::yield_now();
        { auto second = co_await again; }
        { auto gone = std::move(first); }
        co_await writer;
        co_await impatient;
    };
    runtime.block_on(main);
    EXPECT_TRUE(cycles.empty());
}

TEST(LockDeadlock, a_thousand_who_wait_do_not_look_at_each_other) {
    std::vector<LockCycle> cycles;
    Mutex<int> lock;
    auto runtime = rouse::Runtime::current_thread(told(cycles));
    auto main = [&]() -> Task<> {
        auto guard = co_await lock.lock();
        auto waits = [&]() -> Task<> { ++*co_await lock.lock(); };
        std::vector<rouse::JoinHandle<>> tasks;
        for (int i = 0; i < 20'000; ++i) tasks.push_back(rouse::spawn(waits));
        co_await rouse::yield_now();
        std::move(guard).unlock();
        for (auto& task : tasks) co_await task;
    };
    runtime.block_on(main);
    EXPECT_EQ(*lock.try_lock().value(), 20'000);
    EXPECT_TRUE(cycles.empty());
}

const int before_main = [] {
    int done = 0;
    Mutex<int> lock;
    auto main = [&]() -> Task<> {
        auto guard = co_await lock.lock();
        auto waits = [&]() -> Task<> { done = *co_await lock.lock() + 1; };
        auto waiter = rouse::spawn(waits);
        co_await rouse::yield_now();
        std::move(guard).unlock();
        co_await waiter;
    };
    rouse::run(main);
    return done;
}();
TEST(LockDeadlock, locks_work_in_constructors_of_statics) { EXPECT_EQ(before_main, 1); }

TEST(LockDeadlock, by_policy_report_is_told_once_and_left) {
    std::vector<LockCycle> cycles;
    auto options = told(cycles);
    options.hang_policy = rouse::HangPolicy::report;
    Mutex<int> a, b;
    auto runtime = rouse::Runtime::current_thread(std::move(options));
    auto main = [&]() -> Task<> {
        auto first = rouse::spawn(lock_both, std::ref(a), std::ref(b));
        auto second = rouse::spawn(lock_both, std::ref(b), std::ref(a));
        while (cycles.empty()) co_await rouse::yield_now();
        for (int i = 0; i < 300; ++i) co_await rouse::yield_now();
        second.abort(); // and the other goes on
        EXPECT_TRUE(co_await first);
    };
    runtime.block_on(main);
    EXPECT_EQ(cycles.size(), 1u);
}

TEST(LockDeadlock, healthy_contention_is_none) {
    std::vector<LockCycle> cycles;
    std::array<Mutex<int>, 3> locks;
    auto runtime = rouse::Runtime::current_thread(told(cycles));
    auto main = [&]() -> Task<> {
        std::vector<rouse::JoinHandle<bool>> tasks;
        for (std::size_t i = 0; i < 300; ++i) {
            const std::size_t low = i % 2, high = 1 + i % 2;
            tasks.push_back(rouse::spawn(lock_both, std::ref(locks[low]), std::ref(locks[high])));
        }
        for (auto& task : tasks) EXPECT_TRUE(co_await task);
    };
    runtime.block_on(main);
    EXPECT_TRUE(cycles.empty());
}

// Threads that close cycles at the same time: every task ends, by having both locks or by the exception.
TEST(LockDeadlockStress, every_task_ends) {
    RuntimeOptions options;
    options.worker_threads = 4;
    std::atomic<int> told_of{0};
    options.on_lock_cycle = [&](const LockCycle& cycle) {
        EXPECT_GE(cycle.tasks.size(), 2u);
        told_of.fetch_add(1);
    };
    auto runtime = rouse::Runtime::multi_thread(std::move(options));
    int failed = 0, ended = 0;
    auto main = [&]() -> Task<> {
        for (unsigned round = 0; round < 200; ++round) {
            std::mt19937 random(round);
            std::array<Mutex<int>, 6> locks;
            std::vector<rouse::JoinHandle<bool>> tasks;
            for (int i = 0; i < 24; ++i) {
                const std::size_t one = random() % 6, two = (one + 1 + random() % 5) % 6;
                tasks.push_back(rouse::spawn(lock_both, std::ref(locks[one]), std::ref(locks[two])));
            }
            for (auto& task : tasks) {
                failed += !co_await task;
                ++ended;
            }
        }
    };
    runtime.block_on(main);
    EXPECT_EQ(ended, 200 * 24);
    EXPECT_EQ(failed, told_of.load());
    std::printf("%d of %d tasks closed a cycle\n", failed, ended);
}

} // namespace
