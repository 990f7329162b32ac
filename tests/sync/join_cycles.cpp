// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Tasks that wait for each other's ends, or for an end and a lock: found where it is proven, and never where
// it is not.

#include <rouse/rouse.hpp>

#include "support/captured_stderr.hpp"

#include <gtest/gtest.h>

#include <array>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using rouse::JoinHandle;
using rouse::LockCycle;
using rouse::LockDeadlock;
using rouse::Mutex;
using rouse::RuntimeOptions;
using rouse::Task;

/// What a runtime found.
class Found {
public:
    RuntimeOptions options() {
        RuntimeOptions options;
        options.worker_threads = 2;
        options.on_lock_cycle = [this](const LockCycle& cycle) {
            const std::lock_guard lock(mutex_);
            cycles_.push_back(cycle);
        };
        return options;
    }
    [[nodiscard]] std::size_t count() {
        const std::lock_guard lock(mutex_);
        return cycles_.size();
    }
    [[nodiscard]] const LockCycle& first() { return cycles_.at(0); }

private:
    std::mutex mutex_;
    std::vector<LockCycle> cycles_;
};

enum class Threads : std::uint8_t { one, many };
rouse::Runtime make_runtime(Threads threads, RuntimeOptions options) {
    return threads == Threads::one ? rouse::Runtime::current_thread(std::move(options))
                                   : rouse::Runtime::multi_thread(std::move(options));
}

/// Lets all others run until they wait.
Task<> give_way() {
    for (int i = 0; i < 20; ++i) co_await rouse::yield_now();
}

Task<> lock_once(Mutex<int>& mutex) { ++*co_await mutex.lock(); }

/// True: it ended with LockDeadlock.
Task<bool> ends_by_deadlock(JoinHandle<>& handle) {
    try {
        co_await handle;
    } catch (const LockDeadlock&) {
        co_return true;
    }
    co_return false;
}

class JoinDeadlock : public testing::TestWithParam<Threads> {
protected:
    rouse::Runtime runtime() { return make_runtime(GetParam(), found.options()); }
    Found found;
};
INSTANTIATE_TEST_SUITE_P(runtimes, JoinDeadlock, testing::Values(Threads::one, Threads::many),
                         [](const auto& of) { return of.param == Threads::one ? "one" : "many"; });

TEST_P(JoinDeadlock, of_one_that_awaits_who_waits_for_its_lock) {
    Mutex<int> mutex(0, "m");
    auto runtime = this->runtime();
    auto parent = [&]() -> Task<> {
        auto guard = co_await mutex.lock();
        auto child = rouse::TaskBuilder("child").spawn(lock_once, std::ref(mutex));
        co_await give_way();
        const bool deadlock = co_await ends_by_deadlock(child);
        EXPECT_TRUE(deadlock);
        std::move(guard).unlock();
        if (!child.is_finished()) co_await child; // it goes on, if it was not the one that threw
    };
    runtime.block_on(parent);
    ASSERT_EQ(found.count(), 1u);
    const auto& tasks = found.first().tasks;
    ASSERT_EQ(tasks.size(), 2u);
    const auto& joined = tasks[tasks[0].is_joined ? 0 : 1]; // the first one closed it: on two threads, either
    const auto& joins = tasks[tasks[0].is_joined ? 1 : 0];
    EXPECT_EQ(joined.task_name, "child");
    EXPECT_EQ(joined.waits_for, "a mutex `m`");
    EXPECT_EQ(joins.has, "a mutex `m`");
    EXPECT_EQ(joins.waits_for, "the end of task " + std::to_string(joined.task_id) + " `child`");
    EXPECT_EQ(joined.has, joins.waits_for);
    EXPECT_EQ(joined.taken_at.line(), joins.taken_at.line() + 1); // where it was spawned
    EXPECT_FALSE(joins.is_joined);
    EXPECT_EQ(joins.waits_at.line(), 68u);
}

TEST_P(JoinDeadlock, of_one_whose_lock_is_wanted_after_it_began_to_await) {
    Mutex<int> mutex;
    auto runtime = this->runtime();
    auto parent = [&]() -> Task<> {
        auto guard = co_await mutex.lock();
        auto late = [&]() -> Task<> {
            co_await give_way();
            auto mine = co_await mutex.lock();
        };
        auto child = rouse::spawn(late);
        const bool deadlock = co_await ends_by_deadlock(child);
        EXPECT_TRUE(deadlock);
    };
    runtime.block_on(parent);
    ASSERT_EQ(found.count(), 1u);
    EXPECT_EQ(found.first().tasks.size(), 2u);
    if (GetParam() == Threads::one) {
        EXPECT_TRUE(found.first().tasks[0].is_joined); // the lock closed it
    }
}

TEST_P(JoinDeadlock, of_a_lock_that_is_read) {
    rouse::RwLock<int> lock(0, "table");
    auto runtime = this->runtime();
    auto parent = [&]() -> Task<> {
        auto guard = co_await lock.read();
        auto writes = [&]() -> Task<> { auto mine = co_await lock.write(); };
        auto child = rouse::spawn(writes);
        const bool deadlock = co_await ends_by_deadlock(child);
        EXPECT_TRUE(deadlock);
    };
    runtime.block_on(parent);
    EXPECT_EQ(found.count(), 1u);
}

TEST_P(JoinDeadlock, of_a_handle_whose_result_is_asked_for) {
    Mutex<int> mutex;
    auto runtime = this->runtime();
    auto parent = [&]() -> Task<> {
        auto guard = co_await mutex.lock();
        auto child = rouse::spawn(lock_once, std::ref(mutex));
        auto result = co_await std::move(child).into_result();
        if (!result) std::rethrow_exception(result.error().error()); // the child's wait closed it
    };
    EXPECT_THROW(runtime.block_on(parent), LockDeadlock);
    EXPECT_EQ(found.count(), 1u);
}

TEST_P(JoinDeadlock, of_a_task_that_awaits_itself) {
    auto runtime = this->runtime();
    std::string what;
    auto main = [&]() -> Task<> {
        std::optional<JoinHandle<>> handle;
        rouse::Event ready;
        rouse::TaskTracker tracker;
        auto waits = [&](rouse::TaskTrackerToken) -> Task<> {
            co_await ready.wait();
            try {
                co_await *handle;
            } catch (const LockDeadlock& deadlock) {
                what = deadlock.what();
            }
        };
        handle.emplace(rouse::TaskBuilder("me").spawn(waits, tracker.token()));
        ready.set();
        tracker.close();
        co_await tracker.wait();
    };
    runtime.block_on(main);
    ASSERT_EQ(found.count(), 1u);
    ASSERT_EQ(found.first().tasks.size(), 1u);
    EXPECT_NE(what.find("`me` waits for the end of task "), std::string::npos) << what;
    const std::string text = rouse::format_report(found.first());
    EXPECT_NE(text.find("`me` waits for its own end\n"), std::string::npos) << text;
}

/// Tasks each of which awaits the next one's handle, and the last the first's.
class Ring {
public:
    explicit Ring(std::size_t size) : handles(size) {}
    Task<> run() {
        for (std::size_t i = 0; i < handles.size(); ++i)
            handles[i].emplace(rouse::spawn(&Ring::member, this, (i + 1) % handles.size(), tracker.token()));
        ready.set();
        tracker.close();
        co_await tracker.wait();
    }
    Task<> member(std::size_t next, rouse::TaskTrackerToken) {
        co_await ready.wait();
        const bool deadlock = co_await ends_by_deadlock(*handles[next]);
        if (deadlock) ++ended_by_deadlock;
    }
    std::vector<std::optional<JoinHandle<>>> handles;
    rouse::TaskTracker tracker;
    rouse::Event ready;
    std::atomic<int> ended_by_deadlock{0};
};

TEST_P(JoinDeadlock, of_two_to_five_that_await_each_other) {
    for (std::size_t size = 2; size <= 5; ++size) {
        Found found;
        auto runtime = make_runtime(GetParam(), found.options());
        Ring ring(size);
        runtime.block_on(ring.run());
        EXPECT_EQ(ring.ended_by_deadlock, 1) << size;
        ASSERT_EQ(found.count(), 1u) << size;
        EXPECT_EQ(found.first().tasks.size(), size);
        for (const auto& task : found.first().tasks) EXPECT_TRUE(task.is_joined);
    }
}

/// Tasks in a ring; by `shape`, for each: 'l' it waits for a lock that the next one has, 'j' for its end.
class Mixed {
public:
    explicit Mixed(std::string shape) : shape(std::move(shape)), handles(this->shape.size()) {}
    Task<> run(std::size_t first) {
        const std::size_t size = shape.size();
        for (std::size_t i = 0; i < size; ++i)
            handles[i].emplace(rouse::spawn(&Mixed::member, this, i, (i + first) % size));
        co_await held.wait(); // all have their locks
        ready.set();
        tracker.close();
        co_await tracker.wait();
    }
    /// `turns`: after how many it begins to wait; so the one that closes the cycle is chosen.
    Task<> member(std::size_t self, std::size_t turns) {
        const auto running = tracker.token();
        auto guard = co_await locks[self].lock();
        co_await held.wait();
        co_await ready.wait();
        for (std::size_t i = 0; i < turns * 10; ++i) co_await rouse::yield_now();
        const std::size_t next = (self + 1) % shape.size();
        try {
            if (shape[self] == 'j') {
                co_await *handles[next];
            } else {
                auto other = co_await locks[next].lock();
            }
        } catch (const LockDeadlock&) {
            ++ended_by_deadlock;
        }
    }
    std::string shape;
    std::array<Mutex<int>, 5> locks;
    std::vector<std::optional<JoinHandle<>>> handles;
    rouse::TaskTracker tracker;
    rouse::Barrier held{shape.size() + 1};
    rouse::Event ready;
    std::atomic<int> ended_by_deadlock{0};
};

TEST_P(JoinDeadlock, of_locks_and_ends_whoever_closes_it) {
    for (const char* const shape :
         {"jl", "jjl", "jll", "ljj", "jljl", "jjll", "jjjl", "ljll", "jljlj", "lljjj"})
        for (std::size_t first = 0; shape[first]; ++first) {
            Found found;
            auto runtime = make_runtime(GetParam(), found.options());
            Mixed ring(shape);
            runtime.block_on(ring.run(first));
            EXPECT_EQ(ring.ended_by_deadlock, 1) << shape << first;
            ASSERT_EQ(found.count(), 1u) << shape << first;
            EXPECT_EQ(found.first().tasks.size(), std::string(shape).size());
        }
}

// ---- on one thread, where the order is known ----

TEST(JoinCycles, one_that_was_caught_leaves_a_handle_that_can_be_awaited) {
    Found found;
    Mutex<int> mutex;
    auto runtime = make_runtime(Threads::one, found.options());
    auto main = [&]() -> Task<int> {
        auto waits = [&]() -> Task<int> {
            auto mine = co_await mutex.lock();
            co_return 7;
        };
        auto guard = co_await mutex.lock();
        auto child = rouse::spawn(waits);
        co_await rouse::yield_now();
        int caught = 0;
        for (int i = 0; i < 2; ++i) {
            try {
                (void)co_await child;
            } catch (const LockDeadlock& deadlock) {
                EXPECT_FALSE(deadlock.cycle().tasks[0].is_joined); // the await of the handle closed it
                ++caught;
            }
        }
        EXPECT_EQ(caught, 2);
        std::move(guard).unlock();
        const int value = co_await child;
        co_return value;
    };
    EXPECT_EQ(runtime.block_on(main), 7);
    EXPECT_EQ(found.count(), 2u);
}

TEST(JoinCycles, one_that_was_caught_and_gone_on_from_is_no_edge_any_more) {
    Found found;
    Mutex<int> a, b;
    auto runtime = make_runtime(Threads::one, found.options());
    auto main = [&]() -> Task<> {
        auto guard = co_await a.lock();
        auto needs_both = [&]() -> Task<> {
            { auto mine = co_await a.lock(); }
            auto other = co_await b.lock(); // that main has, and which it does not await any more
        };
        auto child = rouse::spawn(needs_both);
        co_await rouse::yield_now();
        const bool deadlock = co_await ends_by_deadlock(child);
        EXPECT_TRUE(deadlock);
        auto other = co_await b.lock();
        std::move(guard).unlock();
        co_await give_way();
        std::move(other).unlock();
        co_await child;
    };
    runtime.block_on(main);
    EXPECT_EQ(found.count(), 1u);
}

TEST(JoinCycles, is_printed_with_each_task_and_what_it_waits_for) {
    Mutex<int> mutex(0, "cache");
    rouse_test::CapturedStderr captured;
    std::string what;
    rouse::run([&]() -> Task<> {
        auto guard = co_await mutex.lock();
        auto child = rouse::TaskBuilder("child").spawn(lock_once, std::ref(mutex));
        try {
            co_await child;
        } catch (const rouse::Deadlock& deadlock) {
            what = deadlock.what();
        }
    });
    EXPECT_NE(what.find("`child` waits for a mutex `cache` ("), std::string::npos) << what;
    EXPECT_NE(what.find(", which is held by the main task `"), std::string::npos) << what;
    EXPECT_NE(what.find(", which waits for the end of task 1 `child` ("), std::string::npos) << what;
    const std::string text = captured.take();
    EXPECT_NE(text.find("deadlock: 2 tasks wait for each other\n"), std::string::npos) << text;
    EXPECT_NE(text.find("      waits for the end of task 1 `child` "), std::string::npos) << text;
    EXPECT_NE(text.find("      which was spawned "), std::string::npos) << text;
    EXPECT_NE(text.find("help: unlock before the await of a task that needs the lock\n"), std::string::npos)
        << text;
}

TEST(JoinCycles, by_policy_report_are_told_once_and_left) {
    Found found;
    auto options = found.options();
    options.hang_policy = rouse::HangPolicy::report;
    Mutex<int> mutex;
    auto runtime = make_runtime(Threads::one, std::move(options));
    auto main = [&]() -> Task<> {
        rouse::AbortHandle child_abort = [&] {
            auto nothing = rouse::spawn(rouse::never<>());
            return nothing.abort_handle();
        }();
        auto holds = [&]() -> Task<> {
            auto guard = co_await mutex.lock();
            auto child = rouse::spawn(lock_once, std::ref(mutex));
            child_abort.abort();
            child_abort = child.abort_handle();
            auto result = co_await std::move(child).into_result();
            EXPECT_FALSE(result.has_value());
        };
        auto parent = rouse::spawn(holds);
        while (found.count() == 0) co_await rouse::yield_now();
        for (int i = 0; i < 300; ++i) co_await rouse::yield_now();
        child_abort.abort(); // and the other goes on
        co_await parent;
    };
    runtime.block_on(main);
    EXPECT_EQ(found.count(), 1u);
    EXPECT_TRUE(mutex.try_lock());
}

TEST(JoinCyclesDeathTest, by_policy_abort_stop_the_program) {
    const auto hangs = [] {
        RuntimeOptions options;
        options.hang_policy = rouse::HangPolicy::abort;
        Mutex<int> mutex;
        rouse::Runtime::current_thread(std::move(options)).block_on([&]() -> Task<> {
            auto guard = co_await mutex.lock();
            co_await rouse::spawn(lock_once, std::ref(mutex));
        });
    };
    EXPECT_DEATH(hangs(), "tasks wait for each other, and the hang policy is abort");
}

// ---- what is none ----

class NoJoinDeadlock : public testing::Test {
protected:
    void run(rouse::Task<> main) {
        auto options = found.options();
        options.paused_clock = true;
        make_runtime(Threads::one, std::move(options)).block_on(std::move(main));
        EXPECT_EQ(found.count(), 0u);
    }
    Found found;
    Mutex<int> mutex;
};

TEST_F(NoJoinDeadlock, an_await_of_a_handle_with_a_timeout) {
    auto main = [&]() -> Task<> {
        auto guard = co_await mutex.lock();
        auto child = rouse::spawn(lock_once, std::ref(mutex));
        auto in_time = co_await rouse::timeout(1s, child);
        EXPECT_FALSE(in_time.has_value());
        std::move(guard).unlock();
        co_await child;
    };
    run(main());
}

TEST_F(NoJoinDeadlock, a_handle_that_is_an_arm_of_a_select_or_in_a_join) {
    auto main = [&]() -> Task<> {
        auto guard = co_await mutex.lock();
        auto child = rouse::spawn(lock_once, std::ref(mutex));
        auto timer = rouse::sleep(1s);
        (void)co_await rouse::select(child, timer);
        auto unlocks = [&]() -> Task<> {
            co_await rouse::sleep(1s);
            std::move(guard).unlock();
        };
        (void)co_await rouse::join(child, unlocks());
    };
    run(main());
}

TEST_F(NoJoinDeadlock, a_handle_that_a_coroutine_awaits_which_is_an_arm_of_a_select) {
    auto main = [&]() -> Task<> {
        auto guard = co_await mutex.lock();
        auto child = rouse::spawn(lock_once, std::ref(mutex));
        auto waits = [&]() -> Task<> { co_await child; };
        Task<> waiting = waits();
        auto timer = rouse::sleep(1s);
        (void)co_await rouse::select(waiting, timer);
        std::move(guard).unlock();
        co_await waiting;
    };
    run(main());
}

TEST_F(NoJoinDeadlock, a_handle_in_a_poll_that_asks_something_else_too) {
    auto main = [&]() -> Task<> {
        auto guard = co_await mutex.lock();
        auto child = rouse::spawn(lock_once, std::ref(mutex));
        auto timer = rouse::sleep(1s);
        auto either = [&](rouse::Context& cx) -> rouse::Poll<> {
            if (child.poll(cx).is_ready()) return rouse::Ready();
            return timer.poll(cx);
        };
        co_await rouse::poll_fn(either);
    };
    run(main());
}

TEST_F(NoJoinDeadlock, a_child_that_waits_for_the_lock_with_a_timeout) {
    auto main = [&]() -> Task<> {
        auto guard = co_await mutex.lock();
        auto patient = [&]() -> Task<> {
            auto mine = co_await rouse::timeout(1s, mutex.lock());
            EXPECT_FALSE(mine.has_value());
        };
        co_await rouse::spawn(patient);
    };
    run(main());
}

TEST_F(NoJoinDeadlock, a_child_that_was_aborted) {
    auto main = [&]() -> Task<> {
        auto guard = co_await mutex.lock();
        auto child = rouse::spawn(lock_once, std::ref(mutex));
        co_await rouse::yield_now();
        child.abort();
        auto result = co_await std::move(child).into_result();
        EXPECT_FALSE(result.has_value());
    };
    run(main());
}

TEST_F(NoJoinDeadlock, a_guard_that_was_handed_to_another_task) {
    auto main = [&]() -> Task<> {
        auto keeps = [](rouse::MutexGuard<int>) -> Task<> { co_await give_way(); };
        auto guard = co_await mutex.lock();
        auto keeper = rouse::spawn(keeps, std::move(guard));
        co_await rouse::spawn(lock_once, std::ref(mutex));
        co_await keeper;
    };
    run(main());
}

TEST_F(NoJoinDeadlock, a_handle_that_another_task_awaits) {
    auto main = [&]() -> Task<> {
        auto guard = co_await mutex.lock();
        auto joins = [](JoinHandle<> handle) -> Task<> { co_await handle; };
        auto joiner = rouse::spawn(joins, rouse::spawn(lock_once, std::ref(mutex)));
        co_await give_way();
        std::move(guard).unlock();
        co_await joiner;
    };
    run(main());
}

TEST_F(NoJoinDeadlock, a_lock_that_somebody_has_who_goes_on) {
    auto main = [&]() -> Task<> {
        Mutex<int> own;
        auto mine = co_await own.lock();
        auto works = [&]() -> Task<> {
            auto guard = co_await mutex.lock();
            co_await rouse::sleep(1s);
        };
        auto worker = rouse::spawn(works);
        co_await rouse::yield_now();
        co_await rouse::spawn(lock_once, std::ref(mutex));
        co_await worker;
    };
    run(main());
}

TEST_F(NoJoinDeadlock, a_tree_of_tasks_that_await_their_children_and_share_a_lock) {
    class Tree {
    public:
        static Task<int> grow(Mutex<int>& mutex, int depth) {
            { ++*co_await mutex.lock(); }
            if (depth == 0) co_return 1;
            auto left = rouse::spawn(grow, std::ref(mutex), depth - 1);
            auto right = rouse::spawn(grow, std::ref(mutex), depth - 1);
            { // others queue up
                auto guard = co_await mutex.lock();
                co_await rouse::yield_now();
            }
            const int on_the_left = co_await left;
            const int on_the_right = co_await right;
            co_return on_the_left + on_the_right;
        }
    };
    auto main = [&]() -> Task<> {
        const int leaves = co_await rouse::spawn(Tree::grow, std::ref(mutex), 8);
        EXPECT_EQ(leaves, 256);
    };
    run(main());
}

TEST_F(NoJoinDeadlock, a_handle_that_somebody_drops_while_it_is_awaited_is_a_lost_waker) {
    auto main = [&]() -> Task<> {
        std::optional<JoinHandle<>> child;
        auto parent = [&]() -> Task<> {
            auto guard = co_await mutex.lock();
            auto waits = [&]() -> Task<> {
                co_await rouse::sleep(1s);
                auto mine = co_await mutex.lock();
            };
            child.emplace(rouse::spawn(waits));
            EXPECT_THROW(co_await *child, rouse::LostWaker);
            co_await rouse::sleep(5s);
        };
        auto waits = rouse::spawn(parent);
        co_await give_way();
        child.reset();
        co_await waits;
    };
    auto options = found.options();
    options.paused_clock = true;
    options.on_hang = [](const rouse::HangReport&) {};
    make_runtime(Threads::one, std::move(options)).block_on(main);
    EXPECT_EQ(found.count(), 0u);
}

// ---- on four threads ----

// Parents that await a child under a lock, and children that take another: whatever closes, every task ends.
TEST(JoinCyclesStress, every_task_ends) {
    Found found;
    auto options = found.options();
    options.worker_threads = 4;
    auto runtime = rouse::Runtime::multi_thread(std::move(options));
    std::atomic<int> failed{0};
    class Round {
    public:
        Task<> parent(std::size_t first, std::size_t second, std::atomic<int>& failed) {
            auto guard = co_await locks[first].lock();
            auto child = rouse::spawn(&Round::child, this, second, tracker.token(), std::ref(failed));
            if (first % 2 == 0) co_await rouse::yield_now();
            try {
                co_await child;
            } catch (const LockDeadlock&) {
                ++failed;
            }
        }
        /// The await of its lock may be what closes a cycle.
        Task<> child(std::size_t second, rouse::TaskTrackerToken, std::atomic<int>& failed) {
            try {
                ++*co_await locks[second].lock();
            } catch (const LockDeadlock&) {
                ++failed;
            }
        }
        std::array<Mutex<int>, 6> locks;
        rouse::TaskTracker tracker; // children whose parent gave up run on
    };
    auto main = [&]() -> Task<> {
        for (unsigned round = 0; round < 200; ++round) {
            Round state;
            std::vector<JoinHandle<>> tasks;
            for (std::size_t i = 0; i < 24; ++i) {
                const std::size_t first = (i + round) % 6, second = (i * 7 + round / 6) % 6;
                tasks.push_back(rouse::spawn(&Round::parent, &state, first, second, std::ref(failed)));
            }
            for (auto& task : tasks) co_await task;
            state.tracker.close();
            co_await state.tracker.wait();
        }
    };
    runtime.block_on(main);
    EXPECT_EQ(static_cast<std::size_t>(failed.load()), found.count());
    EXPECT_GT(found.count(), 0u);
}

// Rings that close on several threads at the same instant.
TEST(JoinCyclesStress, every_ring_is_found) {
    for (int round = 0; round < 100; ++round) {
        Found found;
        auto options = found.options();
        options.worker_threads = 4;
        auto runtime = rouse::Runtime::multi_thread(std::move(options));
        Ring ring(2 + static_cast<std::size_t>(round) % 4);
        runtime.block_on(ring.run());
        EXPECT_EQ(ring.ended_by_deadlock, 1);
        EXPECT_EQ(found.count(), 1u);
    }
}

} // namespace
