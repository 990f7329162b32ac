// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// In which order tasks run, and that none starves.

#include <rouse/combine/join.hpp>
#include <rouse/runtime/runtime.hpp>
#include <rouse/sync/oneshot.hpp>
#include <rouse/task/task.hpp>
#include <rouse/task/yield_now.hpp>
#include <rouse/time/sleep.hpp>

#include "support/quiet_runtime.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using rouse::spawn;
using rouse::Task;
using rouse_test::Place;
using rouse_test::Registers;
using rouse_test::run_quietly;
using rouse_test::Waiting;

TEST(scheduling, spawn_polls_nothing_itself) {
    run_quietly([]() -> Task<> {
        bool ran = false;
        auto body = [&]() -> Task<> {
            ran = true;
            co_return;
        };
        auto handle = spawn(body);
        EXPECT_FALSE(ran);
        co_await handle;
        EXPECT_TRUE(ran);
    });
}

TEST(scheduling, tasks_begin_in_the_order_of_their_spawn) {
    std::vector<int> order;
    run_quietly([&]() -> Task<> {
        std::vector<rouse::JoinHandle<>> handles;
        for (int i = 0; i < 100; ++i) {
            auto body = [&order, i]() -> Task<> {
                order.push_back(i);
                co_return;
            };
            handles.push_back(spawn(body));
        }
        for (auto& handle : handles) co_await handle;
    });
    ASSERT_EQ(order.size(), 100u);
    for (int i = 0; i < 100; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
}

TEST(scheduling, yields_go_round) {
    std::string order;
    run_quietly([&]() -> Task<> {
        auto body = [&order](char name) -> Task<> {
            for (int i = 0; i < 3; ++i) {
                order += name;
                co_await rouse::yield_now();
            }
        };
        auto a = spawn(body, 'a');
        auto b = spawn(body, 'b');
        auto c = spawn(body, 'c');
        co_await a;
        co_await b;
        co_await c;
    });
    EXPECT_EQ(order, "abcabcabc");
}

TEST(scheduling, woken_tasks_run_in_the_order_of_their_wakes) {
    std::string order;
    run_quietly([&]() -> Task<> {
        Place places[3];
        auto body = [&](int i) -> Task<> {
            (void)co_await Waiting(places[i]);
            order += static_cast<char>('a' + i);
        };
        auto a = spawn(body, 0);
        auto b = spawn(body, 1);
        auto c = spawn(body, 2);
        co_await rouse::yield_now();
        co_await rouse::yield_now();
        for (const int i : {1, 0, 2}) places[i].complete();
        co_await a;
        co_await b;
        co_await c;
    });
    EXPECT_EQ(order, "bac");
}

TEST(scheduling, a_task_that_yields_comes_after_one_that_it_woke) {
    std::string order;
    run_quietly([&]() -> Task<> {
        Place place;
        auto waits = [&]() -> Task<> {
            (void)co_await Waiting(place);
            order += 'w';
        };
        auto yields = [&]() -> Task<> {
            co_await rouse::yield_now();
            place.complete();
            order += 'y';
            co_await rouse::yield_now();
            order += 'Y';
        };
        auto a = spawn(waits);
        auto b = spawn(yields);
        co_await a;
        co_await b;
    });
    EXPECT_EQ(order, "ywY");
}

TEST(scheduling, many_wakes_of_a_queued_task_are_one_poll) {
    run_quietly([]() -> Task<> {
        Place place;
        auto waits = [&]() -> Task<int> { co_return co_await Waiting(place, Registers::once); };
        auto handle = spawn(waits);
        co_await rouse::yield_now();
        co_await rouse::yield_now();
        auto wakers = place.take();
        rouse::Waker waker = std::move(wakers.front());
        for (int i = 0; i < 100; ++i) waker.wake_by_ref();
        co_await rouse::yield_now();
        co_await rouse::yield_now();
        EXPECT_EQ(place.polls(), 2);
        place.complete();
        std::move(waker).wake();
        EXPECT_EQ(co_await handle, 3);
    });
}

TEST(scheduling, an_always_ready_task_does_not_starve_the_others) {
    run_quietly([]() -> Task<> {
        bool stop = false;
        std::uint64_t awaits = 0;
        auto greedy = [&]() -> Task<> {
            while (!stop) {
                co_await rouse::ready();
                ++awaits;
            }
        };
        auto handle = spawn(greedy);
        for (int i = 0; i < 10; ++i) co_await rouse::yield_now();
        EXPECT_GE(awaits, 10u);
        EXPECT_LE(awaits, 11'000u);
        stop = true;
        co_await handle;
    });
}

TEST(scheduling, a_task_of_nested_ready_tasks_does_not_starve_the_others) {
    run_quietly([]() -> Task<> {
        bool stop = false;
        std::uint64_t calls = 0;
        auto leaf = [&]() -> Task<> {
            ++calls;
            co_return;
        };
        auto greedy = [&]() -> Task<> {
            while (!stop) co_await leaf();
        };
        auto handle = spawn(greedy);
        for (int i = 0; i < 10; ++i) co_await rouse::yield_now();
        EXPECT_LE(calls, 11'000u);
        stop = true;
        co_await handle;
    });
}

TEST(scheduling, ready_children_in_a_combinator_do_not_starve_the_others) {
    run_quietly([]() -> Task<> {
        bool stop = false;
        std::uint64_t calls = 0;
        auto busy = [&]() -> Task<> {
            while (!stop) {
                co_await rouse::ready();
                ++calls;
            }
        };
        auto greedy = [&]() -> Task<> { co_await rouse::join(busy(), busy()); };
        auto handle = spawn(greedy);
        for (int i = 0; i < 10; ++i) co_await rouse::yield_now();
        EXPECT_LE(calls, 22'000u);
        stop = true;
        co_await handle;
    });
}

// Each of these roots ends in its first poll: so the queue is never found empty, nor many turns made at a
// time.
TEST(scheduling, timers_fire_though_each_block_on_is_over_at_once) {
    auto runtime = rouse::Runtime::current_thread();
    bool fired = false;
    runtime
        .spawn([&]() -> Task<> {
            co_await rouse::sleep(1ms);
            fired = true;
        })
        .detach();
    const auto give_up = std::chrono::steady_clock::now() + 10s;
    while (!fired && std::chrono::steady_clock::now() < give_up)
        EXPECT_EQ(runtime.block_on([]() -> Task<int> { co_return 1; }), 1);
    EXPECT_TRUE(fired);
}

TEST(scheduling, timers_fire_though_the_queue_never_empties) {
    rouse::run([]() -> Task<> {
        bool stop = false;
        auto busy = [&]() -> Task<> {
            while (!stop) co_await rouse::yield_now();
        };
        auto one = spawn(busy);
        auto two = spawn(busy);
        co_await rouse::sleep(5ms);
        stop = true;
        co_await one;
        co_await two;
    });
}

TEST(scheduling, injected_tasks_run_though_the_queue_never_empties) {
    auto runtime = rouse::Runtime::current_thread(rouse_test::quiet_options());
    const rouse::Handle handle = runtime.handle();
    runtime.block_on([&]() -> Task<> {
        bool ran = false;
        std::thread other([&] {
            auto body = [&]() -> Task<> {
                ran = true;
                co_return;
            };
            handle.spawn(body).detach();
        });
        other.join();
        int turns = 0;
        for (; !ran && turns < 1000; ++turns) co_await rouse::yield_now();
        EXPECT_LE(turns, 10);
    });
}

TEST(scheduling, a_hundred_thousand_tasks) {
    run_quietly([]() -> Task<> {
        std::vector<rouse::JoinHandle<int>> handles;
        Place place;
        auto waits = [&](int i) -> Task<int> {
            (void)co_await Waiting(place, Registers::once);
            co_return i;
        };
        constexpr int count = 100'000;
        for (int i = 0; i < count; ++i) handles.push_back(spawn(waits, i));
        co_await rouse::yield_now();
        co_await rouse::yield_now();
        place.complete();
        long sum = 0;
        for (auto& handle : handles) sum += co_await handle;
        EXPECT_EQ(sum, static_cast<long>(count) * (count - 1) / 2);
        EXPECT_EQ(rouse::Handle::current().alive_tasks(), 1u);
    });
}

} // namespace
