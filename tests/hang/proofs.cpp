// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Programs that broke a naive build.

#include <rouse/core/block_on.hpp>
#include <rouse/sync/oneshot.hpp>
#include <rouse/task/generator.hpp>
#include <rouse/task/task.hpp>
#include <rouse/time/sleep.hpp>
#include <rouse/time/timeout.hpp>

#include "support/by_hand.hpp"
#include "support/drop_log.hpp"
#include "support/quiet_runtime.hpp"
#include "support/scene.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>

#include <barrier>
#include <deque>
#include <latch>
#include <mutex>
#include <optional>
#include <thread>

namespace {

using namespace std::chrono_literals;
using rouse::spawn;
using rouse::Task;
using rouse_test::Alive;
using rouse_test::Forgetful;
using rouse_test::give_turns;
using rouse_test::Place;
using rouse_test::quiet_options;
using rouse_test::Registers;
using rouse_test::Scene;
using rouse_test::Waiting;

/// The smallest channel of many values: the receiver ends when the sender's object dies.
class Pipe {
public:
    std::deque<int> values;
    bool closed = false;
    rouse::Waker receiver;

    void wake() { std::move(receiver).wake(); }
    rouse::Poll<std::optional<int>> poll(rouse::Context& cx) {
        if (!values.empty()) {
            const int value = values.front();
            values.pop_front();
            return rouse::Ready(std::optional<int>(value));
        }
        if (closed) return rouse::Ready(std::optional<int>());
        receiver.clone_from(cx.waker());
        return rouse::Pending;
    }
};
class PipeSender {
public:
    explicit PipeSender(Pipe& pipe) noexcept : pipe_(&pipe) {}
    PipeSender(PipeSender&& other) noexcept : pipe_(std::exchange(other.pipe_, nullptr)) {}
    PipeSender& operator=(PipeSender&&) = delete;
    ~PipeSender() {
        if (!pipe_) return;
        pipe_->closed = true;
        pipe_->wake();
    }
    void send(int value) {
        pipe_->values.push_back(value);
        pipe_->wake();
    }

private:
    Pipe* pipe_;
};

Task<int> produce(PipeSender to) {
    for (int i = 1; i <= 3; ++i) {
        to.send(i);
        co_await rouse::yield_now();
    }
    co_return 10;
}

// The argument must die when the task completes, while the handle still is alive: else the loop never ends.
TEST(proofs, a_producer_that_owns_the_sender) {
    rouse_test::run_quietly([]() -> Task<> {
        Pipe pipe;
        PipeSender tx(pipe);
        auto handle = spawn(produce, std::move(tx));
        int sum = 0;
        auto receive = [&](rouse::Context& cx) { return pipe.poll(cx); };
        while (auto value = co_await rouse::poll_fn(receive)) sum += *value;
        EXPECT_EQ(sum, 6);
        EXPECT_EQ(co_await handle, 10);
    });
}

TEST(proofs, a_closure_that_owns_the_sender) {
    rouse_test::run_quietly([]() -> Task<> {
        Pipe pipe;
        auto body = [tx = PipeSender(pipe)]() mutable -> Task<int> {
            tx.send(5);
            co_await rouse::yield_now();
            co_return 1;
        };
        auto handle = spawn(std::move(body));
        int sum = 0;
        auto receive = [&](rouse::Context& cx) { return pipe.poll(cx); };
        while (auto value = co_await rouse::poll_fn(receive)) sum += *value;
        EXPECT_EQ(sum, 5);
        EXPECT_EQ(co_await handle, 1);
    });
}

TEST(proofs, a_foreign_thread_clears_wakers_under_a_mutex_that_the_hook_takes_too) {
    std::mutex mutex;
    std::vector<rouse::Waker> shelf; // under the mutex
    int told = 0;
    rouse::RuntimeOptions options;
    options.on_hang = [&](const rouse::HangReport&) {
        const std::lock_guard lock(mutex);
        ++told;
    };
    auto runtime = rouse::Runtime::current_thread(std::move(options));
    for (int round = 0; round < 200; ++round) {
        std::barrier both(2);
        std::thread clears([&] {
            both.arrive_and_wait();
            const std::lock_guard lock(mutex);
            shelf.clear();
        });
        auto waits = [&]() -> Task<> {
            auto puts = [&](rouse::Context& cx) -> rouse::Poll<> {
                const std::lock_guard lock(mutex);
                shelf.push_back(cx.waker().clone());
                return rouse::Pending;
            };
            co_await rouse::poll_fn(puts);
        };
        runtime.block_on([&]() -> Task<> {
            std::vector<rouse::JoinHandle<>> handles;
            for (int i = 0; i < 20; ++i) handles.push_back(spawn(waits));
            co_await give_turns(2);
            both.arrive_and_wait();
            for (auto& handle : handles) {
                auto result = co_await std::move(handle).into_result();
                EXPECT_TRUE(result.error().is_lost());
            }
        });
        clears.join();
    }
    EXPECT_EQ(told, 4); // the 1st, 10th, 100th and 1000th of one await site
}

TEST(proofs, wakers_are_dropped_in_destructors_of_the_tasks_own_locals) {
    Scene scene;
    Place place;
    scene.run([&]() -> Task<> {
        auto waits = [&]() -> Task<int> { co_return co_await Waiting(place, Registers::once); };
        auto handle = spawn(waits);
        auto holds = [&]() -> Task<> {
            while (place.wakers() == 0) co_await rouse::yield_now();
            const std::vector<rouse::Waker> held = place.take();
            co_await rouse::yield_now();
        };
        co_await spawn(holds); // ends, and with it the last waker goes
        auto result = co_await std::move(handle).into_result();
        EXPECT_TRUE(result.error().is_lost());
    });
    ASSERT_EQ(scene.hangs().size(), 1u);
    EXPECT_EQ(scene.hangs()[0].cause, rouse::HangCause::last_waker_dropped);
}

TEST(proofs, a_leaf_that_throws_in_its_second_poll_is_caught_where_it_is_awaited) {
    rouse_test::run_quietly([]() -> Task<> {
        int polls = 0;
        auto throws_later = [&](rouse::Context& cx) -> rouse::Poll<int> {
            if (++polls == 2) throw std::runtime_error("second");
            cx.waker().wake_by_ref();
            return rouse::Pending;
        };
        bool caught = false;
        try {
            (void)co_await rouse::poll_fn(throws_later);
        } catch (const std::runtime_error&) {
            caught = true;
        }
        EXPECT_TRUE(caught);
    });
}

TEST(proofs, a_generators_next_is_dropped_in_the_middle) {
    rouse_test::run_quietly([]() -> Task<> {
        auto numbers = []() -> rouse::Generator<int> {
            for (int i = 0;; ++i) {
                co_await rouse::sleep(10ms);
                co_yield i;
            }
        };
        auto generator = numbers();
        int timeouts = 0;
        for (int expected = 0; expected < 5;) {
            auto next = co_await rouse::timeout(4ms, generator.next());
            if (!next) {
                ++timeouts;
            } else {
                EXPECT_EQ(*next.value(), expected++);
            }
        }
        EXPECT_GE(timeouts, 10);
    });
}

TEST(proofs, a_task_polled_by_hand_then_moved_then_awaited) {
    Place place;
    rouse_test::run_quietly([&]() -> Task<> {
        auto body = [&]() -> Task<int> { co_return co_await Waiting(place); };
        std::optional<Task<int>> first(body());
        auto poll_it = [&](rouse::Context& cx) -> rouse::Poll<> {
            EXPECT_TRUE(first->poll(cx).is_pending());
            return rouse::Ready();
        };
        co_await rouse::poll_fn(poll_it);
        Task<int> moved = std::move(*first);
        first.reset();
        auto completes = [&]() -> Task<> {
            co_await give_turns(3);
            place.complete();
        };
        auto completer = spawn(completes);
        EXPECT_EQ(co_await std::move(moved), 3);
        co_await completer;
    });
}

TEST(proofs, a_thread_that_spawns_and_exits) {
    auto runtime = rouse::Runtime::current_thread(quiet_options());
    const rouse::Handle handle = runtime.handle();
    std::vector<rouse::JoinHandle<std::string>> handles;
    for (int i = 0; i < 20; ++i) {
        std::thread([&] {
            auto body = [text = std::string(100, 'x')](int n) -> Task<std::string> {
                co_await rouse::yield_now();
                co_return text + std::to_string(n);
            };
            handles.push_back(handle.spawn(body, i)); // the frame's memory is the thread's, which ends
        }).join();
    }
    runtime.block_on([&]() -> Task<> {
        for (std::size_t i = 0; i < handles.size(); ++i)
            EXPECT_EQ(co_await handles[i], std::string(100, 'x') + std::to_string(i));
    });
}

TEST(proofs, a_thread_that_spawns_and_exits_while_the_runtime_sleeps) {
    auto runtime = rouse::Runtime::current_thread(quiet_options());
    std::optional<rouse::JoinHandle<int>> spawned;
    std::thread other;
    auto hand_over = [&](rouse::Context& cx) -> rouse::Poll<> {
        if (spawned) return rouse::Ready();
        other = std::thread([&, handle = runtime.handle(), waker = cx.waker().clone()]() mutable {
            auto body = [](int a, int b) -> Task<int> { co_return a + b; };
            spawned = handle.spawn(body, 1, 2);
            std::move(waker).wake();
        });
        return rouse::Pending;
    };
    EXPECT_EQ(runtime.block_on([&]() -> Task<int> {
        co_await rouse::poll_fn(hand_over);
        co_return co_await *spawned;
    }),
              3);
    other.join();
}

TEST(proofs, a_retry_loop_around_a_hang_is_one_report_and_a_count) {
    Scene scene;
    int hangs = 0;
    scene.run([&]() -> Task<> {
        auto retries = [&]() -> Task<> {
            for (int i = 0; i < 1000; ++i) {
                try {
                    (void)co_await rouse::timeout(1s, Forgetful());
                } catch (const rouse::LostWaker& error) {
                    ++hangs;
                    EXPECT_EQ(error.report().count_at_site, static_cast<std::uint64_t>(hangs));
                }
            }
        };
        co_await spawn(retries);
    });
    EXPECT_EQ(hangs, 1000);
    ASSERT_EQ(scene.hangs().size(), 4u);
    for (std::size_t i = 0, count = 1; i < 4; ++i, count *= 10)
        EXPECT_EQ(scene.hangs()[i].count_at_site, count);
}

} // namespace
