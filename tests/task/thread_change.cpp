// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/core/waker_from.hpp>
#include <rouse/task/generator.hpp>
#include <rouse/task/task.hpp>
#include <rouse/task/yield_now.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <support/delivery.hpp>
#include <support/drop_log.hpp>
#include <support/stress_rounds.hpp>

// A task that goes on in another thread after each await. What the library keeps for a thread must be looked
// up anew there: an optimiser that takes the address of a thread_local for a constant breaks this.
namespace {

using rouse::Context;
using rouse::Task;
using rouse::Waker;
using rouse_test::Alive;
using rouse_test::Delivery;

constexpr int over = 2;

/// Polls `future` in one thread after the other.
template <class F>
rouse::OutputOf<F> poll_in_turns(F future) {
    class Turns {
    public:
        explicit Turns(F& future) : future_(future) {}
        void work(int mine) {
            const Waker noop = Waker::noop();
            Context cx(noop);
            for (;;) {
                while (turn_.load(std::memory_order_acquire) == 1 - mine) std::this_thread::yield();
                if (turn_.load(std::memory_order_acquire) == over) return;
                auto poll = future_.poll(cx);
                if (poll.is_ready()) {
                    result = std::move(poll).value();
                    turn_.store(over, std::memory_order_release);
                    return;
                }
                turn_.store(1 - mine, std::memory_order_release);
            }
        }
        std::optional<rouse::OutputOf<F>> result;

    private:
        F& future_;
        std::atomic<int> turn_{0};
    };
    Turns turns(future);
    {
        std::jthread first([&] { turns.work(0); }), second([&] { turns.work(1); });
    }
    return std::move(*turns.result);
}

Task<int> child(int n) {
    co_await rouse::yield_now();
    if (n % 3 == 0) throw std::runtime_error("a multiple of three");
    co_await rouse::ready();
    co_return n;
}
Task<int> many_awaits(int count, int& alive) {
    int sum = 0;
    for (int i = 1; i <= count; ++i) {
        const Alive local(alive);
        co_await rouse::yield_now();
        try {
            const int value = co_await child(i);
            sum += value;
        } catch (const std::runtime_error&) {
            sum += 1000;
        }
        for (int k = 0; k < 10; ++k) co_await rouse::ready();
    }
    co_return sum;
}

TEST(ThreadChange, awaits_and_exceptions_find_their_way) {
    const int count = static_cast<int>(rouse_test::scaled(3'000));
    int expected = 0;
    for (int i = 1; i <= count; ++i) expected += i % 3 == 0 ? 1000 : i;
    int alive = 0;
    EXPECT_EQ(poll_in_turns(many_awaits(count, alive)), expected);
    EXPECT_EQ(alive, 0);
}

__attribute__((noinline)) const void* turn_of_this_thread() { return &rouse::detail::turn; }
Task<bool> compares(int times) {
    bool same = true;
    for (int i = 0; i < times; ++i) {
        const void* const before = &rouse::detail::turn;
        same = same && before == turn_of_this_thread();
        co_await rouse::yield_now();
        const void* const after = &rouse::detail::turn;
        same = same && after == turn_of_this_thread();
    }
    co_return same;
}

TEST(ThreadChange, a_thread_local_is_looked_up_after_each_await) {
    EXPECT_TRUE(poll_in_turns(compares(200)));
}

rouse::Generator<int> counts(int to) {
    for (int i = 1; i <= to; ++i) {
        co_await rouse::yield_now();
        co_yield i;
    }
}
Task<int> consumes(int to) {
    auto generator = counts(to);
    int sum = 0;
    while (auto value = co_await generator.next()) sum += *value;
    co_return sum;
}

TEST(ThreadChange, a_generator_changes_with_its_consumer) { EXPECT_EQ(poll_in_turns(consumes(200)), 20'100); }

Task<int> down_and_up(int depth) {
    co_await rouse::yield_now();
    if (depth == 0) co_return 0;
    const int below = co_await down_and_up(depth - 1);
    co_await rouse::yield_now();
    co_return below + 1;
}

TEST(ThreadChange, a_deep_chain_changes_on_its_way_down_and_up) {
    EXPECT_EQ(poll_in_turns(down_and_up(300)), 300);
}

/// A work-sharing executor of a user: whichever thread takes the task from the queue polls it.
class SharedExecutor {
public:
    explicit SharedExecutor(Task<> task) : task_(std::move(task)) {}
    void wake() {
        const std::lock_guard lock(mutex_);
        queued_ = true;
    }
    void work(const std::shared_ptr<SharedExecutor>& self) {
        const Waker waker = rouse::waker_from(self);
        Context cx(waker);
        while (!done_.load(std::memory_order_acquire)) {
            {
                const std::lock_guard lock(mutex_);
                if (!queued_ || polling_) continue;
                queued_ = false;
                polling_ = true;
            }
            if (task_.poll(cx).is_ready()) done_.store(true, std::memory_order_release);
            const std::lock_guard lock(mutex_);
            polling_ = false;
        }
    }

private:
    std::mutex mutex_;
    bool queued_ = true;
    bool polling_ = false;
    std::atomic<bool> done_{false};
    Task<> task_;
};

Task<> receives_all(std::vector<Delivery<int>>& deliveries, int& sum) {
    for (auto& delivery : deliveries) {
        const int value = co_await delivery.arrival();
        sum += value;
    }
}

TEST(ThreadChange, threads_that_share_a_task_wake_it_for_each_other) {
    const std::size_t count = rouse_test::scaled(2'000);
    std::vector<Delivery<int>> deliveries(count);
    int sum = 0;
    {
        auto executor = std::make_shared<SharedExecutor>(receives_all(deliveries, sum));
        std::jthread producer([&] {
            for (auto& delivery : deliveries) delivery.deliver(1);
        });
        std::jthread first([&] { executor->work(executor); }), second([&] { executor->work(executor); });
    }
    EXPECT_EQ(sum, static_cast<int>(count));
}

} // namespace
