// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Look-alikes of the seeded faults that are healthy: nothing may be reported, nothing thrown.

#include <rouse/core/block_on.hpp>
#include <rouse/core/box_future.hpp>
#include <rouse/core/waker_from.hpp>
#include <rouse/sync/oneshot.hpp>
#include <rouse/task/task.hpp>
#include <rouse/time/sleep.hpp>

#include "support/scene.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>

#include <latch>
#include <thread>

namespace {

using namespace std::chrono_literals;
using rouse::spawn;
using rouse::Task;
using rouse_test::give_turns;
using rouse_test::Place;
using rouse_test::Registers;
using rouse_test::Scene;
using rouse_test::Waiting;

Task<int> awaits_place(Place& place, Registers registers) { co_return co_await Waiting(place, registers); }

/// A scene in which nothing may be told.
class healthy : public testing::Test {
protected:
    Scene scene;
    Place place;
    void TearDown() override {
        EXPECT_TRUE(scene.hangs().empty()) << rouse::format_report(scene.hangs().front());
        EXPECT_TRUE(scene.unhandled().empty());
    }
};

TEST_F(healthy, the_waker_is_kept_by_another_thread_that_wakes_later) {
    std::latch may_wake(1);
    std::thread keeper;
    bool woken = false;
    auto hand_over = [&](rouse::Context& cx) -> rouse::Poll<> {
        if (woken) return rouse::Ready();
        if (!keeper.joinable()) {
            keeper = std::thread([&, waker = cx.waker().clone()]() mutable {
                may_wake.wait();
                std::move(waker).wake();
            });
        }
        return rouse::Pending;
    };
    scene.run([&]() -> Task<> {
        auto handle = spawn(rouse::poll_fn(hand_over));
        co_await give_turns(1000);
        EXPECT_FALSE(handle.is_finished());
        woken = true;
        may_wake.count_down();
        co_await handle;
    });
    keeper.join();
}

TEST_F(healthy, cloned_many_times_and_all_but_one_dropped) {
    std::vector<rouse::Waker> clones;
    bool ready = false;
    auto many = [&](rouse::Context& cx) -> rouse::Poll<> {
        if (ready) return rouse::Ready();
        for (int i = 0; i < 1000; ++i) clones.push_back(cx.waker().clone());
        return rouse::Pending;
    };
    scene.run([&]() -> Task<> {
        auto handle = spawn(rouse::poll_fn(many));
        co_await give_turns(2);
        auto last = std::move(clones[500]);
        clones.clear();
        co_await give_turns(100);
        ready = true;
        std::move(last).wake();
        co_await handle;
    });
}

TEST_F(healthy, cloned_from_the_last_clone_which_is_then_dropped) {
    scene.run([&]() -> Task<> {
        auto handle = spawn(awaits_place(place, Registers::once));
        co_await give_turns(2);
        rouse::Waker waker = std::move(place.take().front());
        for (int i = 0; i < 1000; ++i) waker = waker.clone();
        co_await give_turns(2);
        place.complete();
        std::move(waker).wake();
        EXPECT_EQ(co_await handle, 2);
    });
}

TEST_F(healthy, woken_during_the_poll_by_another_thread) {
    int polls = 0;
    auto foreign_wake = [&](rouse::Context& cx) -> rouse::Poll<> {
        if (++polls == 3) return rouse::Ready();
        std::thread([waker = cx.waker().clone()]() mutable { std::move(waker).wake(); }).join();
        return rouse::Pending;
    };
    scene.run([&]() -> Task<> { co_await spawn(rouse::poll_fn(foreign_wake)); });
    EXPECT_EQ(polls, 3);
}

TEST_F(healthy, woken_by_itself_before_pending_is_returned) {
    int polls = 0;
    auto self_wake = [&](rouse::Context& cx) -> rouse::Poll<> {
        if (++polls == 3) return rouse::Ready();
        if (polls == 1) cx.waker().wake_by_ref();
        else cx.waker().clone().wake();
        return rouse::Pending;
    };
    scene.run([&]() -> Task<> { co_await spawn(rouse::poll_fn(self_wake)); });
    EXPECT_EQ(polls, 3);
}

TEST_F(healthy, woken_twice_by_one_clone_before_pending_is_returned_is_one_poll) {
    int polls = 0;
    auto self_wake = [&](rouse::Context& cx) -> rouse::Poll<> {
        if (++polls == 2) return rouse::Ready();
        for (int i = 0; i < 10; ++i) cx.waker().wake_by_ref();
        return rouse::Pending;
    };
    scene.run([&]() -> Task<> {
        co_await spawn(rouse::poll_fn(self_wake));
        co_await give_turns(10);
    });
    EXPECT_EQ(polls, 2);
}

TEST_F(healthy, replaced_on_each_poll) {
    for (const Registers registers : {Registers::each_poll, Registers::drop_then_clone}) {
        Place here;
        scene.run([&]() -> Task<> {
            auto handle = spawn(awaits_place(here, registers));
            for (int i = 0; i < 100; ++i) {
                co_await give_turns(2);
                EXPECT_EQ(here.wakers(), 1u);
                for (rouse::Waker& waker : here.take()) std::move(waker).wake();
            }
            co_await give_turns(2);
            here.complete();
            EXPECT_EQ(co_await handle, 102);
        });
    }
}

TEST_F(healthy, never) {
    scene.run([&]() -> Task<> {
        auto handle = spawn(rouse::never<int>());
        co_await give_turns(1000);
        EXPECT_FALSE(handle.is_finished());
    });
}

TEST_F(healthy, a_dropped_oneshot_sender_is_an_error_and_no_hang) {
    scene.run([&]() -> Task<> {
        auto [tx, rx] = rouse::oneshot::channel<int>();
        auto receive = [](rouse::oneshot::Receiver<int> from) -> Task<bool> {
            co_return (co_await from).has_value();
        };
        auto handle = spawn(receive, std::move(rx));
        co_await give_turns(2);
        { auto dropped = std::move(tx); }
        EXPECT_FALSE(co_await handle);
    });
}

TEST_F(healthy, an_aborted_task) {
    scene.run([&]() -> Task<> {
        auto handle = spawn(awaits_place(place, Registers::once));
        co_await give_turns(2);
        handle.abort();
        place.forget(); // the last waker goes after the abort, before the task's end
        auto result = co_await std::move(handle).into_result();
        EXPECT_TRUE(result.error().is_cancelled());
    });
}

TEST_F(healthy, an_aborted_task_whose_waker_went_first) {
    scene.run([&]() -> Task<> {
        auto handle = spawn(awaits_place(place, Registers::once));
        co_await give_turns(2);
        place.forget();
        handle.abort();
        auto result = co_await std::move(handle).into_result();
        EXPECT_TRUE(result.error().is_cancelled());
    });
}

// The note of who dropped the waker of the task before stayed behind, and a task in the same memory got it.
TEST(healthy_after_abort, the_note_of_a_dropped_waker_goes_with_its_task) {
    Scene scene;
    scene.run([&]() -> Task<> {
        Place place;
        auto body = [&](Registers registers) -> Task<int> { co_return co_await Waiting(place, registers); };
        for (int i = 0; i < 10; ++i) {
            auto aborted = spawn(body, Registers::once);
            co_await give_turns(2);
            place.forget();
            aborted.abort();
            (void)co_await std::move(aborted).into_result();
            auto hangs = spawn(body, Registers::never);
            try {
                (void)co_await hangs;
            } catch (const rouse::LostWaker& error) {
                EXPECT_EQ(error.report().cause, rouse::HangCause::never_registered);
                EXPECT_TRUE(error.report().dropped_by.empty()) << error.report().dropped_by;
            }
        }
    });
}

TEST_F(healthy, a_task_that_awaits_a_join_handle) {
    scene.run([&]() -> Task<> {
        auto inner = spawn(awaits_place(place, Registers::each_poll));
        auto middle_body = [](rouse::JoinHandle<int> handle) -> Task<int> { co_return co_await handle + 1; };
        auto middle = spawn(middle_body, std::move(inner));
        auto outer = spawn(middle_body, std::move(middle));
        co_await give_turns(100);
        place.complete();
        EXPECT_EQ(co_await outer, 4);
    });
}

TEST_F(healthy, a_nested_block_on_on_another_thread) {
    scene.run([&]() -> Task<> {
        auto [tx, rx] = rouse::oneshot::channel<int>();
        std::thread other([from = std::move(rx)]() mutable {
            auto receive = [](rouse::oneshot::Receiver<int> channel) -> Task<int> {
                co_return *co_await channel;
            };
            EXPECT_EQ(rouse::block_on(receive(std::move(from))), 5);
        });
        co_await give_turns(100);
        (void)std::move(tx).send(5);
        other.join();
    });
}

TEST_F(healthy, a_nested_block_on_inside_of_a_thread_that_a_task_waits_for) {
    scene.run([&]() -> Task<> {
        auto [tx, rx] = rouse::oneshot::channel<int>();
        std::thread other([to = std::move(tx)]() mutable {
            const int value = rouse::run([]() -> Task<int> {
                co_await rouse::sleep(1ms);
                co_return 6;
            });
            (void)std::move(to).send(value);
        });
        EXPECT_EQ(*co_await rx, 6);
        other.join();
    });
}

TEST_F(healthy, a_future_that_changes_hands_between_two_tasks) {
    scene.run([&]() -> Task<> {
        auto task = std::make_unique<Task<int>>(awaits_place(place, Registers::each_poll));
        auto poll_once = [&](rouse::Context& cx) -> rouse::Poll<> {
            EXPECT_TRUE(task->poll(cx).is_pending());
            return rouse::Ready();
        };
        co_await spawn(rouse::poll_fn(poll_once));
        auto handle = spawn(std::move(*task));
        co_await give_turns(2);
        place.complete();
        EXPECT_EQ(co_await handle, 3);
    });
}

TEST_F(healthy, a_waker_that_outlives_its_task_and_its_runtime) {
    std::vector<rouse::Waker> late;
    {
        Scene short_lived;
        short_lived.run([&]() -> Task<> {
            auto handle = spawn(awaits_place(place, Registers::once));
            co_await give_turns(2);
            late = place.take();
            late.push_back(late.front().clone());
            late.push_back(late.front().clone());
        });
        EXPECT_TRUE(short_lived.is_quiet());
    }
    late[0].wake_by_ref();
    std::move(late[1]).wake();
    late.clear();
}

TEST_F(healthy, a_waker_of_a_hand_made_kind_in_between) {
    scene.run([&]() -> Task<> {
        auto wrapped = [&](rouse::Context& cx) -> rouse::Poll<> {
            if (place.is_ready()) return rouse::Ready();
            auto inner = std::make_shared<rouse::Waker>(cx.waker().clone());
            const rouse::Waker outer = rouse::waker_from([inner] { inner->wake_by_ref(); });
            rouse::Context own(outer);
            EXPECT_TRUE(Waiting(place, Registers::once).poll(own).is_pending());
            return rouse::Pending;
        };
        auto handle = spawn(rouse::poll_fn(wrapped));
        co_await give_turns(100);
        place.complete();
        co_await handle;
    });
}

TEST_F(healthy, boxed_and_unboxed_futures_that_wait_long) {
    scene.run([&]() -> Task<> {
        auto handle = spawn(rouse::boxed(Waiting(place)));
        co_await give_turns(1000);
        place.complete();
        EXPECT_EQ(co_await handle, 2);
    });
}

} // namespace
