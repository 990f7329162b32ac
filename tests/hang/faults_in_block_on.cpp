// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Seeded faults under rouse::block_on, without a runtime. Nothing else runs there, so "at once" is: no
// further poll.

#include <rouse/combine/join.hpp>
#include <rouse/combine/select.hpp>
#include <rouse/core/block_on.hpp>
#include <rouse/core/box_future.hpp>
#include <rouse/core/hang.hpp>
#include <rouse/sync/oneshot.hpp>
#include <rouse/task/generator.hpp>
#include <rouse/task/task.hpp>

#include "support/by_hand.hpp"
#include "support/captured_stderr.hpp"
#include "support/idle.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <thread>

#include <unistd.h>

namespace {

using rouse::HangCause;
using rouse::Task;
using rouse_test::CapturedStderr;
using rouse_test::Forgetful;
using rouse_test::Place;
using rouse_test::Registers;
using rouse_test::wait_until_idle;
using rouse_test::Waiting;

Task<int> await_it(Place& place, Registers registers) { co_return co_await Waiting(place, registers); }

/// The report of the hang that `future` ends with.
template <class F>
rouse::HangReport hang_of(F future) {
    const CapturedStderr quiet;
    try {
        (void)rouse::block_on(std::move(future));
    } catch (const rouse::LostWaker& error) {
        return error.report();
    }
    ADD_FAILURE() << "it did not hang";
    return {};
}

TEST(faults_in_block_on, never_registers) {
    Place place;
    const auto report = hang_of(await_it(place, Registers::never));
    EXPECT_EQ(place.polls(), 1);
    EXPECT_EQ(report.cause, HangCause::never_registered);
    EXPECT_EQ(report.task_id, 0u);
}

TEST(faults_in_block_on, the_report_is_printed) {
    CapturedStderr printed;
    EXPECT_THROW((void)rouse::block_on(Forgetful()), rouse::LostWaker);
    const std::string text = printed.take();
    EXPECT_NE(text.find("hang:"), std::string::npos) << text;
    EXPECT_NE(text.find("Forgetful"), std::string::npos) << text;
}

TEST(faults_in_block_on, registers_only_on_the_second_polls_path) {
    int polls = 0;
    rouse::Waker kept;
    auto second_time = [&](rouse::Context& cx) -> rouse::Poll<> {
        if (++polls > 1) kept = cx.waker().clone();
        return rouse::Pending;
    };
    (void)hang_of(rouse::poll_fn(second_time));
    EXPECT_EQ(polls, 1);
}

TEST(faults_in_block_on, does_not_register_again_after_a_wake) {
    int polls = 0;
    auto wakes_once = [&](rouse::Context& cx) -> rouse::Poll<> {
        if (++polls == 1) cx.waker().wake_by_ref();
        return rouse::Pending;
    };
    const auto report = hang_of(rouse::poll_fn(wakes_once));
    EXPECT_EQ(polls, 2);
    EXPECT_EQ(report.cause, HangCause::never_registered);
}

TEST(faults_in_block_on, a_hand_written_root_future) {
    const auto report = hang_of(Forgetful());
    EXPECT_TRUE(report.stack.empty());
    EXPECT_NE(report.future_type.find("Forgetful"), std::string::npos);
    EXPECT_TRUE(report.spawned_at) << "the place of the block_on";
}

TEST(faults_in_block_on, a_boxed_future) {
    EXPECT_NE(hang_of(rouse::boxed(Forgetful())).future_type.find("Forgetful"), std::string::npos);
}

TEST(faults_in_block_on, a_boxed_coroutine_throws_at_its_own_await) {
    auto inner = []() -> Task<int> {
        try {
            co_return co_await Forgetful();
        } catch (const rouse::LostWaker&) {
            co_return 7;
        }
    };
    const CapturedStderr quiet;
    EXPECT_EQ(rouse::block_on(rouse::boxed(inner())), 7);
}

TEST(faults_in_block_on, the_waker_is_dropped_unwoken_by_another_thread) {
    long dropper_id = 0;
    std::thread dropper;
    int polls = 0;
    auto hand_over = [&](rouse::Context& cx) -> rouse::Poll<> {
        ++polls;
        dropper = std::thread([&, waker = cx.waker().clone()]() mutable {
            dropper_id = gettid();
            wait_until_idle(waker);
            waker = rouse::Waker();
        });
        return rouse::Pending;
    };
    const auto report = hang_of(rouse::poll_fn(hand_over));
    dropper.join();
    EXPECT_EQ(polls, 1);
    EXPECT_EQ(report.cause, HangCause::last_waker_dropped);
    EXPECT_EQ(report.dropped_by, "thread " + std::to_string(dropper_id));
}

TEST(faults_in_block_on, the_waker_is_dropped_unwoken_by_a_destroyed_callback) {
    std::thread dropper;
    auto call_back = [&](rouse::Context& cx) -> rouse::Poll<> {
        auto shared = std::make_shared<rouse::Waker>(cx.waker().clone());
        const rouse::Waker* waker = shared.get();
        std::function<void()> callback = [shared = std::move(shared)] { shared->wake_by_ref(); };
        dropper = std::thread([waker, callback = std::move(callback)]() mutable {
            wait_until_idle(*waker);
            callback = nullptr;
        });
        return rouse::Pending;
    };
    EXPECT_EQ(hang_of(rouse::poll_fn(call_back)).cause, HangCause::last_waker_dropped);
    dropper.join();
}

TEST(faults_in_block_on, the_waker_is_dropped_unwoken_by_a_cleared_container) {
    std::vector<rouse::Waker> shelf;
    std::thread dropper;
    auto fill = [&](rouse::Context& cx) -> rouse::Poll<> {
        for (int i = 0; i < 100; ++i) shelf.push_back(cx.waker().clone());
        dropper = std::thread([&] {
            wait_until_idle(shelf.front());
            shelf.clear();
        });
        return rouse::Pending;
    };
    EXPECT_EQ(hang_of(rouse::poll_fn(fill)).cause, HangCause::last_waker_dropped);
    dropper.join();
}

TEST(faults_in_block_on, the_container_is_cleared_in_the_same_poll) {
    std::vector<rouse::Waker> shelf;
    auto fill = [&](rouse::Context& cx) -> rouse::Poll<> {
        shelf.push_back(cx.waker().clone());
        shelf.clear();
        return rouse::Pending;
    };
    EXPECT_EQ(hang_of(rouse::poll_fn(fill)).cause, HangCause::never_registered);
}

TEST(faults_in_block_on, after_a_move_of_the_state_to_another_thread) {
    Place place;
    Task<int> task = await_it(place, Registers::once);
    const rouse::Waker first = rouse::Waker::noop();
    rouse::Context cx(first);
    EXPECT_TRUE(task.poll(cx).is_pending());
    std::thread([task = std::move(task)]() mutable { (void)hang_of(std::move(task)); }).join();
    EXPECT_EQ(place.polls(), 2);
}

TEST(faults_in_block_on, caught_at_the_await_the_coroutine_goes_on) {
    int caught = 0;
    auto body = [&]() -> Task<int> {
        for (int i = 0; i < 3; ++i) {
            try {
                (void)co_await Forgetful();
            } catch (const rouse::LostWaker&) {
                ++caught;
            }
        }
        auto [tx, rx] = rouse::oneshot::channel<int>();
        (void)std::move(tx).send(4);
        co_return *co_await rx;
    };
    const CapturedStderr quiet;
    EXPECT_EQ(rouse::block_on(body()), 4);
    EXPECT_EQ(caught, 3);
}

TEST(faults_in_block_on, an_lvalue_future_stays_where_it_is) {
    Forgetful future;
    const CapturedStderr quiet;
    EXPECT_THROW((void)rouse::block_on(future), rouse::LostWaker);
}

TEST(faults_in_block_on, a_child_of_join_at_once) {
    Place healthy;
    Place faulty;
    const auto report = hang_of(rouse::join(Waiting(healthy), Waiting(faulty, Registers::never)));
    EXPECT_EQ(report.child_role, "child 2 of join");
    EXPECT_EQ(faulty.polls(), 1);
    healthy.complete(); // its wakers outlive the call, and wake nobody
}

TEST(faults_in_block_on, all_arms_of_a_select) {
    const CapturedStderr quiet;
    auto body = []() -> Task<int> {
        try {
            (void)co_await rouse::select(Forgetful(), Forgetful());
        } catch (const rouse::LostWaker& error) {
            EXPECT_TRUE(error.report().child_role.empty());
            co_return 3;
        }
        co_return 0;
    };
    EXPECT_EQ(rouse::block_on(body()), 3);
}

TEST(faults_in_block_on, a_generator) {
    auto numbers = []() -> rouse::Generator<int> {
        co_yield 1;
        (void)co_await Forgetful();
        co_yield 2;
    };
    auto body = [&]() -> Task<int> {
        auto generator = numbers();
        int sum = 0;
        try {
            while (auto value = co_await generator.next()) sum += *value;
        } catch (const rouse::LostWaker&) {
            sum += 10;
        }
        co_return sum;
    };
    const CapturedStderr quiet;
    EXPECT_EQ(rouse::block_on(body()), 11);
}

} // namespace
