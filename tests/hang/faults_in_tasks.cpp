// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Seeded faults in spawned tasks. Each must be found by the next turn of the scheduler, counted in turns.

#include <rouse/core/box_future.hpp>
#include <rouse/core/hang.hpp>
#include <rouse/task/task.hpp>

#include "support/by_hand.hpp"
#include "support/idle.hpp"
#include "support/scene.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <thread>

#include <unistd.h>

namespace {

using rouse::HangCause;
using rouse::spawn;
using rouse::Task;
using rouse_test::Forgetful;
using rouse_test::give_turns;
using rouse_test::Place;
using rouse_test::Registers;
using rouse_test::Scene;
using rouse_test::Waiting;

Task<int> waits_at(Place& place, Registers registers) { co_return co_await Waiting(place, registers); }

TEST(faults_in_tasks, never_registers) {
    Scene scene;
    scene.run([&]() -> Task<> {
        int polled_at = 0;
        auto body = [&]() -> Task<int> {
            polled_at = scene.turns();
            co_return co_await Forgetful();
        };
        auto handle = spawn(body);
        auto result = co_await std::move(handle).into_result();
        EXPECT_FALSE(result.has_value());
        EXPECT_TRUE(result.error().is_lost());
        EXPECT_LE(scene.found_at() - polled_at, 1);
    });
    EXPECT_EQ(scene.hangs().size(), 1u);
    EXPECT_EQ(scene.hangs().at(0).cause, HangCause::never_registered);
    EXPECT_TRUE(scene.unhandled().empty());
}

TEST(faults_in_tasks, never_registers_alone_in_the_runtime) {
    std::size_t hangs = 0;
    rouse::RuntimeOptions options;
    options.deadlock_grace = std::chrono::milliseconds(0);
    options.on_hang = [&](const rouse::HangReport&) { ++hangs; };
    auto runtime = rouse::Runtime::current_thread(std::move(options));
    Place place;
    EXPECT_THROW(runtime.block_on(waits_at(place, Registers::never)), rouse::LostWaker);
    EXPECT_EQ(place.polls(), 1);
    EXPECT_EQ(hangs, 1u);
}

TEST(faults_in_tasks, registers_only_on_the_second_polls_path) {
    Scene scene;
    int polls = 0;
    rouse::Waker kept;
    scene.run([&]() -> Task<> {
        int polled_at = 0;
        auto second_time = [&](rouse::Context& cx) -> rouse::Poll<> {
            polled_at = scene.turns();
            if (++polls > 1) kept = cx.waker().clone();
            return rouse::Pending;
        };
        auto handle = spawn(rouse::poll_fn(second_time));
        auto result = co_await std::move(handle).into_result();
        EXPECT_TRUE(result.error().is_lost());
        EXPECT_LE(scene.found_at() - polled_at, 1);
    });
    EXPECT_EQ(polls, 1);
    EXPECT_EQ(scene.hangs().size(), 1u);
}

TEST(faults_in_tasks, does_not_register_again_after_a_wake) {
    Scene scene;
    Place place;
    scene.run([&]() -> Task<> {
        auto handle = spawn(waits_at(place, Registers::once));
        co_await give_turns(2);
        auto wakers = place.take();
        EXPECT_EQ(wakers.size(), 1u);
        const int woken_at = scene.turns();
        std::move(wakers.front()).wake(); // and the place is not complete
        auto result = co_await std::move(handle).into_result();
        EXPECT_TRUE(result.error().is_lost());
        EXPECT_LE(scene.found_at() - woken_at, 2);
    });
    EXPECT_EQ(place.polls(), 2);
    EXPECT_EQ(scene.hangs().at(0).cause, HangCause::never_registered);
}

TEST(faults_in_tasks, woken_by_reference_and_then_forgotten) {
    Scene scene;
    Place place;
    scene.run([&]() -> Task<> {
        auto handle = spawn(waits_at(place, Registers::once));
        co_await give_turns(2);
        auto wakers = place.take();
        wakers.front().wake_by_ref();
        wakers.clear();
        auto result = co_await std::move(handle).into_result();
        EXPECT_TRUE(result.error().is_lost());
    });
    EXPECT_EQ(place.polls(), 2);
}

TEST(faults_in_tasks, the_waker_is_dropped_unwoken_by_a_cleared_container) {
    Scene scene;
    Place place;
    scene.run([&]() -> Task<> {
        auto handle = spawn(waits_at(place, Registers::each_poll));
        co_await give_turns(2);
        const int dropped_at = scene.turns();
        place.forget();
        auto result = co_await std::move(handle).into_result();
        EXPECT_TRUE(result.error().is_lost());
        EXPECT_LE(scene.found_at() - dropped_at, 1);
    });
    EXPECT_EQ(place.polls(), 1); // the verdict polls no future
    EXPECT_EQ(scene.hangs().size(), 1u);
    EXPECT_EQ(scene.hangs().at(0).cause, HangCause::last_waker_dropped);
    EXPECT_NE(scene.hangs().at(0).dropped_by.find("in a poll of task 0"), std::string::npos)
        << scene.hangs().at(0).dropped_by;
}

TEST(faults_in_tasks, the_waker_is_dropped_unwoken_by_a_cleared_container_of_many) {
    constexpr std::size_t tasks = 100;
    Scene scene;
    Place place;
    scene.run([&]() -> Task<> {
        std::vector<rouse::JoinHandle<int>> handles;
        for (std::size_t i = 0; i < tasks; ++i) handles.push_back(spawn(waits_at(place, Registers::once)));
        co_await give_turns(2);
        EXPECT_EQ(place.wakers(), tasks);
        place.forget();
        const int dropped_at = scene.turns();
        for (auto& handle : handles) {
            auto result = co_await std::move(handle).into_result();
            EXPECT_TRUE(result.error().is_lost());
        }
        EXPECT_LE(scene.turns() - dropped_at, static_cast<int>(10 * tasks));
    });
    // One await site: told once, at the 10th and at the 100th.
    EXPECT_EQ(scene.hangs().size(), 3u);
    EXPECT_EQ(scene.hangs().back().count_at_site, tasks);
}

TEST(faults_in_tasks, the_waker_is_dropped_unwoken_by_a_destroyed_callback) {
    Scene scene;
    Place place;
    scene.run([&]() -> Task<> {
        auto handle = spawn(waits_at(place, Registers::once));
        co_await give_turns(2);
        auto shared = std::make_shared<rouse::Waker>(std::move(place.take().front()));
        std::function<void()> callback = [shared = std::move(shared)] { shared->wake_by_ref(); };
        const int dropped_at = scene.turns();
        callback = nullptr;
        auto result = co_await std::move(handle).into_result();
        EXPECT_TRUE(result.error().is_lost());
        EXPECT_LE(scene.found_at() - dropped_at, 1);
    });
    EXPECT_EQ(scene.hangs().at(0).cause, HangCause::last_waker_dropped);
}

TEST(faults_in_tasks, the_waker_is_dropped_unwoken_by_another_thread) {
    Scene scene;
    Place place;
    long dropper = 0;
    scene.run([&]() -> Task<> {
        auto handle = spawn(waits_at(place, Registers::once));
        co_await give_turns(2);
        const int dropped_at = scene.turns();
        std::thread([&, wakers = place.take()]() mutable {
            dropper = gettid();
            wakers.clear();
        }).join();
        auto result = co_await std::move(handle).into_result();
        EXPECT_TRUE(result.error().is_lost());
        EXPECT_LE(scene.found_at() - dropped_at, 2);
    });
    EXPECT_EQ(scene.hangs().size(), 1u);
    EXPECT_EQ(scene.hangs().at(0).cause, HangCause::last_waker_dropped);
    EXPECT_EQ(scene.hangs().at(0).dropped_by, "thread " + std::to_string(dropper));
}

// The runtime sleeps in its parker meanwhile: the drop must wake it.
TEST(faults_in_tasks, the_waker_is_dropped_unwoken_by_another_thread_while_the_runtime_is_idle) {
    std::size_t hangs = 0;
    rouse::RuntimeOptions options;
    options.deadlock_grace = std::chrono::milliseconds(0);
    options.on_hang = [&](const rouse::HangReport&) { ++hangs; };
    auto runtime = rouse::Runtime::current_thread(std::move(options));
    std::thread dropper;
    auto hand_over = [&](rouse::Context& cx) -> rouse::Poll<> {
        dropper = std::thread([waker = cx.waker().clone()]() mutable {
            rouse_test::wait_until_idle(waker);
            waker = rouse::Waker();
        });
        return rouse::Pending;
    };
    EXPECT_THROW(runtime.block_on(rouse::poll_fn(hand_over)), rouse::LostWaker);
    dropper.join();
    EXPECT_EQ(hangs, 1u);
}

TEST(faults_in_tasks, all_of_many_clones_are_dropped) {
    Scene scene;
    scene.run([&]() -> Task<> {
        std::vector<rouse::Waker> clones;
        auto many = [&](rouse::Context& cx) -> rouse::Poll<> {
            for (int i = 0; i < 1000; ++i) clones.push_back(cx.waker().clone());
            return rouse::Pending;
        };
        auto handle = spawn(rouse::poll_fn(many));
        co_await give_turns(2);
        while (clones.size() > 1) {
            clones.pop_back();
            if (clones.size() % 100 == 1) co_await rouse::yield_now();
        }
        EXPECT_TRUE(scene.is_quiet());
        clones.clear();
        auto result = co_await std::move(handle).into_result();
        EXPECT_TRUE(result.error().is_lost());
    });
    EXPECT_EQ(scene.hangs().size(), 1u);
}

TEST(faults_in_tasks, a_boxed_future) {
    Scene scene;
    scene.run([&]() -> Task<> {
        auto handle = spawn(rouse::boxed(Forgetful()));
        auto result = co_await std::move(handle).into_result();
        EXPECT_TRUE(result.error().is_lost());
    });
    ASSERT_EQ(scene.hangs().size(), 1u);
    EXPECT_NE(scene.hangs()[0].future_type.find("Forgetful"), std::string::npos)
        << scene.hangs()[0].future_type;
}

TEST(faults_in_tasks, a_boxed_coroutine_throws_at_its_own_await) {
    Scene scene;
    scene.run([&]() -> Task<> {
        auto inner = []() -> Task<int> {
            try {
                co_return co_await Forgetful();
            } catch (const rouse::LostWaker&) {
                co_return 7;
            }
        };
        auto handle = spawn(rouse::boxed(inner()));
        EXPECT_EQ(co_await handle, 7);
    });
    EXPECT_EQ(scene.hangs().size(), 1u);
}

TEST(faults_in_tasks, a_hand_written_root_future) {
    Scene scene;
    scene.run([&]() -> Task<> {
        auto handle = spawn(Forgetful());
        const int spawned_at = scene.turns();
        bool lost = false;
        try {
            (void)co_await handle;
        } catch (const rouse::LostWaker& error) {
            lost = true;
            EXPECT_TRUE(error.report().stack.empty());
        }
        EXPECT_TRUE(lost);
        EXPECT_LE(scene.found_at() - spawned_at, 2);
    });
}

TEST(faults_in_tasks, after_a_move_of_the_state_to_another_thread) {
    Scene scene;
    Place place;
    scene.run([&]() -> Task<> {
        Task<int> moved = waits_at(place, Registers::once);
        auto first_poll = [&](rouse::Context& cx) -> rouse::Poll<> {
            EXPECT_TRUE(moved.poll(cx).is_pending()); // this task's waker is registered
            return rouse::Ready();
        };
        co_await rouse::poll_fn(first_poll);
        std::thread([task = std::move(moved)]() mutable {
            Scene other;
            Place unused;
            bool lost = false;
            auto rest = [&]() -> Task<int> { co_return co_await std::move(task); };
            try {
                (void)other.run(rest);
            } catch (const rouse::LostWaker&) {
                lost = true;
            }
            EXPECT_TRUE(lost);
            EXPECT_EQ(other.hangs().size(), 1u);
        }).join();
    });
    EXPECT_EQ(place.polls(), 2);
    EXPECT_EQ(place.wakers(), 1u); // of the first task, which is none the worse for it
    EXPECT_TRUE(scene.is_quiet());
}

TEST(faults_in_tasks, a_task_that_was_moved_to_another_thread_by_a_handle) {
    Scene scene;
    const rouse::Handle handle = scene.runtime().handle();
    std::optional<rouse::JoinHandle<int>> spawned;
    std::thread([&] { spawned = handle.spawn(Forgetful()); }).join();
    scene.run([&]() -> Task<> {
        auto result = co_await std::move(*spawned).into_result();
        EXPECT_TRUE(result.error().is_lost());
    });
    EXPECT_EQ(scene.hangs().size(), 1u);
}

TEST(faults_in_tasks, deep_inside_of_other_coroutines) {
    Scene scene;
    scene.run([&]() -> Task<> {
        auto dig = [](auto self, int depth) -> Task<int> {
            if (depth == 0) co_return co_await Forgetful();
            co_return co_await self(self, depth - 1);
        };
        auto handle = spawn(dig(dig, 1000));
        auto result = co_await std::move(handle).into_result();
        EXPECT_TRUE(result.error().is_lost());
    });
    EXPECT_EQ(scene.hangs().at(0).stack.size(), 1001u);
}

TEST(faults_in_tasks, caught_at_the_await_the_coroutine_goes_on) {
    Scene scene;
    Place place;
    scene.run([&]() -> Task<> {
        auto body = [&]() -> Task<int> {
            int caught = 0;
            for (int i = 0; i < 3; ++i) {
                try {
                    (void)co_await Forgetful();
                } catch (const rouse::LostWaker& error) {
                    EXPECT_EQ(error.report().count_at_site, static_cast<std::uint64_t>(i + 1));
                    ++caught;
                }
            }
            co_return caught * 10 + co_await Waiting(place);
        };
        auto handle = spawn(body);
        co_await give_turns(20);
        EXPECT_FALSE(handle.is_finished());
        place.complete();
        EXPECT_EQ(co_await handle, 32); // the last one was polled twice
    });
    EXPECT_EQ(scene.hangs().size(), 1u);
}

TEST(faults_in_tasks, who_awaits_the_handle_fails_with_it_and_is_told_once) {
    Scene scene;
    scene.run([&]() -> Task<> {
        auto inner = spawn(Forgetful());
        auto middle_body = [inner = std::move(inner)]() mutable -> Task<int> { co_return co_await inner; };
        auto middle = spawn(std::move(middle_body));
        auto outer_body = [middle = std::move(middle)]() mutable -> Task<int> { co_return co_await middle; };
        auto outer = spawn(std::move(outer_body));
        auto result = co_await std::move(outer).into_result();
        EXPECT_TRUE(result.error().is_lost());
        try {
            std::rethrow_exception(result.error().error());
        } catch (const rouse::LostWaker& error) {
            EXPECT_EQ(error.report().id, scene.hangs().at(0).id);
        }
    });
    EXPECT_EQ(scene.hangs().size(), 1u);
    EXPECT_TRUE(scene.unhandled().empty());
}

} // namespace
