// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// A JoinHandle that is polled by its own runtime first, and goes to another thread while its task ends.

#include <rouse/core/block_on.hpp>
#include <rouse/runtime/runtime.hpp>
#include <rouse/task/yield_now.hpp>

#include "stress/many_hands.hpp"
#include "stress/stress_watchdog.hpp"
#include "support/delivery.hpp"
#include "support/stress_rounds.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <optional>
#include <thread>

namespace {

using rouse::JoinHandle;
using rouse::Task;
using rouse_test::Counted;
using rouse_test::Delivery;
using rouse_test::Random;
using rouse_test::StressRounds;
using rouse_test::StressWatchdog;

using Value = std::pair<int, Counted>;

class Element {
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
        std::deque<Element> elements(count);
        std::atomic<std::size_t> values{0};
        std::size_t dropped = 0;
        auto round = [&]() -> Task<> {
            for (Element& element : elements) {
                element.handle = rouse::spawn(serve(element.delivery, alive, Counted(alive)));
                element.ended = element.handle->abort_handle();
            }
            co_await rouse::yield_now();
            for (Element& element : elements) {
                const bool ready = co_await poll_here(*element.handle);
                EXPECT_FALSE(ready);
            }
            std::jthread completer([&] {
                for (std::size_t i = 0; i < count; ++i) elements[i].delivery.deliver(static_cast<int>(i));
            });
            std::jthread owner([&, random = Random(seed++)]() mutable {
                for (std::size_t i = 0; i < count; ++i) {
                    Element& element = elements[i];
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
            for (Element& element : elements)
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
