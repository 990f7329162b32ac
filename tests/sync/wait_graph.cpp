// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Faults of the graph of waits that a review found: cycles that were none, and one that was passed over.

#include <rouse/core/waker_from.hpp>
#include <rouse/rouse.hpp>

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <optional>

namespace {

using rouse::Event;
using rouse::JoinHandle;
using rouse::LockDeadlock;
using rouse::Mutex;
using rouse::Runtime;
using rouse::Task;

/// Until all the others wait.
Task<> let_all_wait() {
    for (int i = 0; i < 20; ++i) co_await rouse::yield_now();
}

class WaitGraph : public testing::Test {
protected:
    template <class F>
    void run(F body) {
        rouse::RuntimeOptions options;
        options.on_lock_cycle = [this](const rouse::LockCycle&) { ++cycles; };
        options.on_hang = [](const rouse::HangReport&) {};
        auto runtime = Runtime::current_thread(std::move(options));
        runtime.block_on(body);
    }
    int cycles = 0;
};

TEST_F(WaitGraph, a_writer_that_was_aborted_holds_up_no_reader) {
    run([]() -> Task<> {
        rouse::RwLock<int> lock;
        const auto writes = [&]() -> Task<> { (void)co_await lock.write(); };
        const auto reads = [&]() -> Task<> { (void)co_await lock.read(); };
        auto guard = co_await lock.read();
        auto writer = rouse::spawn(writes);
        co_await let_all_wait();
        auto reader = rouse::spawn(reads); // behind the writer
        co_await let_all_wait();
        writer.abort();
        co_await reader;
    });
    EXPECT_EQ(cycles, 0);
}

/// A awaits the end of T, T a lock; T gets it, is lets `awaits` ready ones go by, and awaits the end of A.
Task<int> ends_after_a_cycle(int awaits) {
    Mutex<int> mutex;
    Event go;
    std::optional<JoinHandle<>> a, t;
    int thrown = 0;
    const auto waits_for_a = [&]() -> Task<> {
        co_await go.wait();
        { auto guard = co_await mutex.lock(); }
        Event done;
        done.set();
        for (int i = 0; i < awaits; ++i) co_await done.wait(); // which spends the budget of the poll
        try {
            co_await *a;
        } catch (const LockDeadlock&) {
            ++thrown;
        }
    };
    const auto waits_for_t = [&]() -> Task<> {
        try {
            co_await *t;
        } catch (const LockDeadlock&) {
            ++thrown;
        }
    };
    auto guard = co_await mutex.lock();
    t.emplace(rouse::spawn(waits_for_a));
    a.emplace(rouse::spawn(waits_for_t));
    co_await let_all_wait();
    go.set();
    co_await let_all_wait();
    std::move(guard).unlock();
    for (int i = 0; i < 10; ++i) co_await let_all_wait();
    const bool ended = t->is_finished() && a->is_finished();
    t->abort();
    a->abort();
    co_await let_all_wait();
    co_return ended ? thrown : -1;
}

TEST_F(WaitGraph, a_cycle_is_found_wherever_in_a_poll_s_budget_it_closes) {
    run([]() -> Task<> {
        for (int awaits = 250; awaits < 262; ++awaits) {
            const int thrown = co_await ends_after_a_cycle(awaits);
            EXPECT_EQ(thrown, 1) << awaits;
        }
    });
}

TEST_F(WaitGraph, a_task_that_lost_its_waker_is_in_no_cycle) {
    bool b_got_it = false;
    run([&]() -> Task<> {
        Mutex<int> mutex, first;
        Event go;
        std::optional<JoinHandle<>> b;
        const auto wants_both = [&]() -> Task<> {
            co_await go.wait();
            { auto guard = co_await first.lock(); }
            auto guard = co_await mutex.lock();
            b_got_it = true;
        };
        const auto waits_for_b = [&]() -> Task<> {
            auto guard = co_await mutex.lock();
            try {
                co_await *b;
            } catch (const rouse::LostWaker&) {}
        };
        auto guard = co_await first.lock();
        b.emplace(rouse::spawn(wants_both));
        auto a = rouse::spawn(waits_for_b);
        co_await let_all_wait();
        go.set();
        co_await let_all_wait();
        std::move(guard).unlock();
        b.reset(); // now A is lost, and will throw; before that B has its turn
        co_await let_all_wait();
        co_await a;
        co_await let_all_wait();
    });
    EXPECT_TRUE(b_got_it);
    EXPECT_EQ(cycles, 0);
}

TEST_F(WaitGraph, a_handle_that_was_assigned_to_leads_to_its_new_task) {
    bool ended = false;
    run([&]() -> Task<> {
        Mutex<int> mutex, first;
        Event go, finish;
        std::optional<rouse::Waker> waker;
        std::optional<JoinHandle<>> handle;
        const auto wants_both = [&]() -> Task<> {
            co_await go.wait();
            { auto guard = co_await first.lock(); }
            auto guard = co_await mutex.lock();
            ended = true;
        };
        const auto other = [&]() -> Task<> { co_await finish.wait(); };
        const auto waits = [&]() -> Task<> {
            auto guard = co_await mutex.lock();
            auto keep = rouse::poll_fn([&](rouse::Context& cx) -> rouse::Poll<> {
                waker.emplace(cx.waker().clone());
                return rouse::Ready();
            });
            co_await keep;
            co_await *handle;
        };
        auto guard = co_await first.lock();
        handle.emplace(rouse::spawn(wants_both));
        auto a = rouse::spawn(waits);
        co_await let_all_wait();
        go.set();
        co_await let_all_wait();
        *handle = rouse::spawn(other);
        waker->wake_by_ref(); // it awaits the other task from here on
        waker.reset();
        co_await let_all_wait();
        std::move(guard).unlock();
        co_await let_all_wait();
        finish.set();
        co_await a;
        co_await let_all_wait();
    });
    EXPECT_TRUE(ended);
    EXPECT_EQ(cycles, 0);
}

/// As large as what `waker_from` makes of it is freed and made again at the same address.
class CountsWakes {
public:
    void wake() { ++wakes; }
    int wakes = 0;
};

/// Polls with a waker of each of `of`, none of which outlives its poll.
template <class Poll>
void poll_with_each(std::array<std::shared_ptr<CountsWakes>, 2>& of, Poll poll) {
    for (auto& one : of) {
        const rouse::Waker waker = rouse::waker_from(one);
        rouse::Context cx(waker);
        poll(cx);
    }
}

TEST(RenewedWakers, an_mpsc_receiver_wakes_the_latest_whatever_its_address) {
    std::array of{std::make_shared<CountsWakes>(), std::make_shared<CountsWakes>()};
    auto [sender, receiver] = rouse::mpsc::channel<int>(2);
    poll_with_each(of, [&](rouse::Context& cx) { EXPECT_TRUE(receiver.poll_recv(cx).is_pending()); });
    EXPECT_TRUE(sender.try_send(1).has_value());
    EXPECT_EQ(of[0]->wakes, 0);
    EXPECT_EQ(of[1]->wakes, 1);
}

TEST(RenewedWakers, a_sleep_wakes_the_latest_whatever_its_address) {
    std::array of{std::make_shared<CountsWakes>(), std::make_shared<CountsWakes>(),
                  std::make_shared<CountsWakes>()};
    std::array later{of[1], of[2]};
    rouse::RuntimeOptions options;
    options.paused_clock = true;
    auto runtime = Runtime::current_thread(std::move(options));
    runtime.block_on([&]() -> Task<> {
        auto sleep = rouse::sleep(std::chrono::seconds(1));
        {
            const rouse::Waker waker = rouse::waker_from(of[0]);
            rouse::Context cx(waker);
            EXPECT_TRUE(sleep.poll(cx).is_pending());
        }
        poll_with_each(later, [&](rouse::Context& cx) { EXPECT_TRUE(sleep.poll(cx).is_pending()); });
        co_await rouse::sleep(std::chrono::seconds(2));
    });
    EXPECT_EQ(of[0]->wakes + of[1]->wakes, 0);
    EXPECT_EQ(of[2]->wakes, 1);
}

} // namespace
