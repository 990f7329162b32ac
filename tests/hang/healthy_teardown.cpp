// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The end of a runtime with tasks pending: each is cancelled, none is reported, whatever their destructors do
// to the wakers of the others.

#include <rouse/combine/select.hpp>
#include <rouse/core/block_on.hpp>
#include <rouse/sync/oneshot.hpp>
#include <rouse/task/task.hpp>
#include <rouse/task/yield_now.hpp>
#include <rouse/time/sleep.hpp>

#include "support/drop_log.hpp"
#include "support/quiet_runtime.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <latch>
#include <optional>
#include <thread>

namespace {

using namespace std::chrono_literals;
using rouse::spawn;
using rouse::Task;
using rouse_test::Alive;
using rouse_test::Place;
using rouse_test::quiet_options;
using rouse_test::Registers;
using rouse_test::Waiting;

Task<int> await_it(Place& place) { co_return co_await Waiting(place, Registers::once); }

TEST(teardown, tasks_that_are_pending_are_cancelled_and_not_reported) {
    Place place;
    std::vector<rouse::JoinHandle<int>> handles;
    int alive = 0;
    {
        auto runtime = rouse::Runtime::current_thread(quiet_options());
        auto body = [&place, counted = Alive(alive)]() -> Task<int> {
            co_return co_await Waiting(place, Registers::once);
        };
        for (int i = 0; i < 10; ++i) handles.push_back(runtime.spawn(body));
        runtime.block_on([]() -> Task<> { co_await rouse::sleep(1ms); });
        EXPECT_EQ(place.polls(), 10);
        EXPECT_EQ(alive, 11);
    }
    EXPECT_EQ(alive, 0);
    place.forget();
    auto check = [&]() -> Task<> {
        for (auto& handle : handles) {
            auto result = co_await std::move(handle).into_result();
            EXPECT_TRUE(result.error().is_cancelled());
        }
    };
    rouse::block_on(check());
}

TEST(teardown, one_tasks_callback_holds_anothers_last_waker) {
    Place place;
    std::optional<rouse::JoinHandle<int>> first;
    std::optional<rouse::JoinHandle<>> second;
    for (const bool waits_first : {true, false}) {
        auto runtime = rouse::Runtime::current_thread(quiet_options());
        auto holds = [&]() -> Task<> {
            auto shared = std::make_shared<rouse::Waker>();
            std::function<void()> callback = [shared] { shared->wake_by_ref(); };
            while (place.wakers() == 0) co_await rouse::yield_now();
            *shared = std::move(place.take().front());
            co_await rouse::never<>();
        };
        // Whichever is destroyed first, and whichever was spawned first.
        if (waits_first) first = runtime.spawn(await_it(place));
        second = runtime.spawn(holds);
        if (!waits_first) first = runtime.spawn(await_it(place));
        runtime.block_on([]() -> Task<> { co_await rouse::sleep(1ms); });
        EXPECT_EQ(place.wakers(), 0u);
    }
}

TEST(teardown, a_ring_of_tasks_that_hold_each_others_wakers) {
    constexpr int count = 20;
    std::vector<rouse::Waker> wakers(count);
    auto runtime = rouse::Runtime::current_thread(quiet_options());
    for (int i = 0; i < count; ++i) {
        auto body = [&wakers, i]() -> Task<> {
            auto own = [&](rouse::Context& cx) -> rouse::Poll<rouse::Waker> {
                return rouse::Ready(cx.waker().clone());
            };
            wakers[static_cast<std::size_t>(i)] = co_await rouse::poll_fn(own);
            const auto next = static_cast<std::size_t>((i + 1) % count);
            while (!wakers[next]) co_await rouse::yield_now();
            const rouse::Waker of_next = std::move(wakers[next]);
            auto never_ready = [](rouse::Context&) -> rouse::Poll<> { return rouse::Pending; };
            co_await rouse::poll_fn(never_ready);
        };
        runtime.spawn(body).detach();
    }
    runtime.block_on([]() -> Task<> { co_await rouse::sleep(1ms); });
    EXPECT_EQ(runtime.alive_tasks(), static_cast<std::size_t>(count));
}

TEST(teardown, destructors_wake_and_spawn_and_abort) {
    int alive = 0;
    Place place;
    {
        auto runtime = rouse::Runtime::current_thread(quiet_options());
        auto other = runtime.spawn(await_it(place));
        class AtEnd {
        public:
            AtEnd(Place& place, rouse::AbortHandle other, int& alive)
                : place_(place), other_(std::move(other)), alive_(alive) {}
            ~AtEnd() {
                other_.abort();
                place_.complete();
                auto body = [counted = Alive(alive_)]() -> Task<> { co_return; };
                spawn(std::move(body)).detach();
            }

        private:
            Place& place_;
            rouse::AbortHandle other_;
            int& alive_;
        };
        auto body = [&]() -> Task<> {
            const AtEnd at_end(place, other.abort_handle(), alive);
            co_await rouse::never<>();
        };
        runtime.spawn(body).detach();
        runtime.spawn(body).detach();
        runtime.block_on([]() -> Task<> { co_await rouse::sleep(1ms); });
    }
    EXPECT_EQ(alive, 0);
}

TEST(teardown, foreign_threads_wake_and_drop_meanwhile) {
    for (int round = 0; round < 50; ++round) {
        Place dropped;
        Place woken;
        std::thread other;
        {
            auto runtime = rouse::Runtime::current_thread(quiet_options());
            for (int i = 0; i < 20; ++i) {
                runtime.spawn(await_it(dropped)).detach();
                runtime.spawn(await_it(woken)).detach();
            }
            runtime.block_on([]() -> Task<> { co_await rouse::sleep(1ms); });
            auto drops = dropped.take();
            auto wakes = woken.take();
            rouse::Waker first = std::move(wakes.back()); // started: the rest meets the teardown
            std::latch started(1);
            other = std::thread([&started, drops = std::move(drops), wakes = std::move(wakes),
                                 first = std::move(first)]() mutable {
                started.count_down();
                for (rouse::Waker& waker : wakes) waker.wake_by_ref();
                std::move(first).wake();
                wakes.clear();
                drops.clear();
            });
            started.wait();
        }
        other.join();
    }
}

TEST(teardown, timers_of_others_are_closed_with_an_error) {
    std::optional<rouse::Sleep> sleep;
    {
        auto runtime = rouse::Runtime::current_thread(quiet_options());
        runtime.block_on([&]() -> Task<> {
            sleep.emplace(rouse::now() + 1h);
            (void)co_await rouse::select(*sleep, rouse::yield_now());
        });
    }
    auto wait = [&]() -> Task<> { co_await *sleep; };
    EXPECT_THROW(rouse::run(wait), rouse::TimerClosed);
}

TEST(teardown, a_handle_that_is_left_cancels_what_it_spawns) {
    std::optional<rouse::Handle> left;
    int alive = 0;
    {
        auto runtime = rouse::Runtime::current_thread(quiet_options());
        left = runtime.handle();
    }
    auto body = [counted = Alive(alive)]() -> Task<int> { co_return 1; };
    auto handle = left->spawn(std::move(body));
    EXPECT_TRUE(handle.is_finished());
    EXPECT_EQ(alive, 1); // `body`, moved from
    auto check = [&]() -> Task<> {
        auto result = co_await std::move(handle).into_result();
        EXPECT_TRUE(result.error().is_cancelled());
    };
    rouse::block_on(check());
    EXPECT_EQ(left->alive_tasks(), 0u);
}

} // namespace
