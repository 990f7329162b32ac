// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// A JoinHandle that is polled by its own runtime first, and goes to another thread while its task ends.

#include <rouse/core/block_on.hpp>
#include <rouse/runtime/runtime.hpp>
#include <rouse/task/yield_now.hpp>

#include "stress/many_hands.hpp"
#include "stress/stress_watchdog.hpp"
#include "support/delivery.hpp"
#include "support/scene.hpp"
#include "support/stress_rounds.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <optional>
#include <thread>
#include <vector>

namespace {

using rouse::JoinHandle;
using rouse::Task;
using rouse_test::Counted;
using rouse_test::Delivery;
using rouse_test::Random;
using rouse_test::StressRounds;
using rouse_test::StressWatchdog;

using Value = std::pair<int, Counted>;

class Served {
public:
    Delivery<int> delivery;
    std::optional<JoinHandle<Value>> handle;
    std::optional<rouse::AbortHandle> ended;
};

Task<Value> serve(Delivery<int> delivery, std::atomic<long>& alive, Counted) {
    const int value = co_await delivery.arrival();
    co_return Value(value, Counted(alive));
}

/// Polls it once, and leaves a waker of this task in it.
Task<bool> poll_here(JoinHandle<Value>& handle) {
    auto once = [&](rouse::Context& cx) -> rouse::Poll<bool> { return rouse::Ready(handle.poll_ready(cx)); };
    co_return co_await rouse::poll_fn(once);
}

TEST(stress_handles, a_handle_moves_to_another_thread_while_its_task_ends) {
    StressWatchdog watchdog("a_handle_moves_to_another_thread_while_its_task_ends");
    StressRounds rounds(30'000);
    std::atomic<long> alive{0};
    auto runtime = rouse::Runtime::current_thread();
    unsigned seed = 1;
    while (const std::size_t count = rounds.take(300)) {
        std::deque<Served> elements(count);
        std::atomic<std::size_t> values{0};
        std::size_t dropped = 0;
        auto round = [&]() -> Task<> {
            for (Served& element : elements) {
                element.handle = rouse::spawn(serve(element.delivery, alive, Counted(alive)));
                element.ended = element.handle->abort_handle();
            }
            co_await rouse::yield_now();
            for (Served& element : elements) {
                const bool ready = co_await poll_here(*element.handle);
                EXPECT_FALSE(ready);
            }
            std::jthread completer([&] {
                for (std::size_t i = 0; i < count; ++i) elements[i].delivery.deliver(static_cast<int>(i));
            });
            std::jthread owner([&, random = Random(seed++)]() mutable {
                for (std::size_t i = 0; i < count; ++i) {
                    Served& element = elements[i];
                    const auto what = random() % 4;
                    if (what == 0) {
                        element.handle.reset();
                        ++dropped;
                    } else if (what == 1) { // moved on, and awaited in its own runtime after all
                        const rouse::Waker noop = rouse::Waker::noop();
                        rouse::Context cx(noop);
                        (void)element.handle->poll_ready(cx);
                    } else {
                        const Value value = rouse::block_on(std::move(*element.handle));
                        EXPECT_EQ(value.first, static_cast<int>(i));
                        element.handle.reset();
                        ++values;
                    }
                }
            });
            for (Served& element : elements)
                while (!element.ended->is_finished()) co_await rouse::yield_now();
            completer.join();
            owner.join();
            for (std::size_t i = 0; i < count; ++i) {
                if (!elements[i].handle) continue;
                const Value value = co_await std::move(*elements[i].handle);
                EXPECT_EQ(value.first, static_cast<int>(i));
                ++values;
            }
        };
        runtime.block_on(std::move(round));
        EXPECT_EQ(values + dropped, count);
        EXPECT_EQ(alive, 0);
        ASSERT_FALSE(HasFailure());
        watchdog.progress();
    }
}

Task<Value> end_when(const std::atomic<bool>& told, int value, std::atomic<long>& alive, Counted) {
    while (!told.load(std::memory_order_acquire)) co_await rouse::yield_now();
    co_return Value(value, Counted(alive));
}

// Nobody but the handle has anything of the task, so that its end takes the short way (J6 in cell.cpp), while
// the handle is used elsewhere for the first time.
TEST(stress_handles, a_handle_leaves_its_runtime_at_the_instant_at_which_its_task_ends) {
    StressWatchdog watchdog("a_handle_leaves_its_runtime_at_the_instant_at_which_its_task_ends");
    StressRounds rounds(5000);
    std::atomic<long> alive{0};
    auto runtime = rouse::Runtime::current_thread();
    unsigned seed = 1;
    while (const std::size_t count = rounds.take(100)) {
        std::deque<std::atomic<bool>> told(count);
        std::vector<std::optional<JoinHandle<Value>>> handles(count);
        std::atomic<std::size_t> values{0};
        std::atomic<bool> over{false};
        std::size_t dropped = 0;
        auto round = [&]() -> Task<> {
            for (std::size_t i = 0; i < count; ++i)
                handles[i] = rouse::spawn(end_when(told[i], static_cast<int>(i), alive, Counted(alive)));
            for (auto& handle : handles) {
                const bool ready = co_await poll_here(*handle);
                EXPECT_FALSE(ready);
            }
            std::jthread owner([&, random = Random(seed++)]() mutable {
                for (std::size_t i = 0; i < count; ++i) {
                    auto& handle = handles[i];
                    told[i].store(true, std::memory_order_release);
                    for (volatile auto pause = random() % 4096; pause > 0;) pause = pause - 1;
                    switch (random() % 4) {
                    case 0:
                        handle.reset();
                        ++dropped;
                        break;
                    case 1: {
                        const Value value = rouse::block_on(std::move(*handle));
                        EXPECT_EQ(value.first, static_cast<int>(i));
                        handle.reset();
                        ++values;
                        break;
                    }
                    case 2: { // another reference, which outlives the handle
                        const rouse::AbortHandle other = handle->abort_handle();
                        while (!other.is_finished()) std::this_thread::yield();
                        handle.reset();
                        ++dropped;
                        break;
                    }
                    default: // another reference, and awaited in its own runtime after all
                        (void)handle->abort_handle();
                    }
                }
                over = true;
            });
            while (!over) co_await rouse::yield_now();
            owner.join();
            for (std::size_t i = 0; i < count; ++i) {
                if (!handles[i]) continue;
                const Value value = co_await std::move(*handles[i]);
                EXPECT_EQ(value.first, static_cast<int>(i));
                ++values;
            }
            while (alive != 0) co_await rouse::yield_now(); // those that were let go of end on their own
            const rouse::RuntimeDump dump = rouse::Handle::current().dump();
            for (const rouse::TaskDump& task : dump.tasks)
                EXPECT_EQ(task.wakers, 0u) << "those that were in the joiners' places are gone";
        };
        runtime.block_on(std::move(round));
        EXPECT_EQ(values + dropped, count);
        ASSERT_FALSE(HasFailure());
        watchdog.progress();
    }
}

// A second reference is made outside of the runtime while a task of it awaits the handle, asleep: it is woken
// all the same.
TEST(stress_handles, an_abort_handle_made_elsewhere_leaves_the_joiner_registered) {
    auto runtime = rouse::Runtime::current_thread();
    std::optional<JoinHandle<>> sleeper = runtime.spawn(rouse::never<>());
    auto waits = [&]() -> Task<bool> {
        try {
            co_await *sleeper;
        } catch (const rouse::JoinError& error) {
            co_return error.is_cancelled();
        }
        co_return false;
    };
    auto waiter = runtime.spawn(waits);
    runtime.block_on(rouse_test::give_turns(3));
    std::jthread([&] { sleeper->abort_handle().abort(); }).join();
    EXPECT_TRUE(runtime.block_on(std::move(waiter)));
}

// The task that awaits a handle is itself awaited elsewhere, and one runtime waits for the other.
TEST(stress_handles, two_runtimes_await_each_others_tasks) {
    StressWatchdog watchdog("two_runtimes_await_each_others_tasks");
    StressRounds rounds(100);
    std::atomic<long> alive{0};
    while (rounds.take() != 0) {
        auto first = rouse::Runtime::current_thread();
        auto second = rouse::Runtime::current_thread();
        const Delivery<int> stop;
        std::jthread thread([&] { (void)second.block_on(stop.arrival()); });
        auto count_down = [&](auto self, rouse::Handle mine, rouse::Handle other, int n,
                              Counted) -> Task<int> {
            if (n == 0) co_return 0;
            auto next = other.spawn(self(self, other, mine, n - 1, Counted(alive)));
            co_return co_await std::move(next) + 1;
        };
        auto main = count_down(count_down, first.handle(), second.handle(), 100, Counted(alive));
        EXPECT_EQ(first.block_on(std::move(main)), 100);
        stop.deliver(1);
        thread.join();
        EXPECT_EQ(alive, 0);
        watchdog.progress();
    }
}

} // namespace
