// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Four threads on one lock, barrier, event: mutual exclusion, and nobody forgotten.

#include <rouse/sync/barrier.hpp>
#include <rouse/sync/mutex.hpp>
#include <rouse/sync/notify.hpp>
#include <rouse/sync/once_cell.hpp>
#include <rouse/sync/rw_lock.hpp>
#include <rouse/task/yield_now.hpp>

#include "support/stress_rounds.hpp"
#include "sync/threads.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <utility>
#include <vector>

namespace {

using rouse::Task;
using rouse_test::on_threads;
using rouse_test::on_workers;
using rouse_test::PollOnce;
using rouse_test::scaled;

TEST(MutexStress, one_at_a_time) {
    rouse::Mutex<std::size_t> mutex(0); // a plain number: TSan sees two at a time
    std::atomic<std::size_t> added{0};
    on_threads(4, [&](std::size_t i) -> Task<> {
        for (std::size_t n = 0; n < scaled(50'000); ++n) {
            if (n % 4 == i) { // gives up if it is not there at once
                auto guard = co_await PollOnce(mutex.lock());
                if (!guard) continue;
                ++**guard;
                ++added;
            } else {
                auto guard = co_await mutex.lock();
                ++*guard;
                ++added;
            }
        }
    });
    EXPECT_EQ(mutex.get_mut(), added.load());
    EXPECT_TRUE(mutex.try_lock().has_value());
}

TEST(MutexStress, a_hundred_tasks_on_four_workers) {
    auto mutex = std::make_shared<rouse::Mutex<std::size_t>>(0);
    const auto count = scaled(1'000);
    const auto body = [](std::shared_ptr<rouse::Mutex<std::size_t>> own, std::size_t times) -> Task<> {
        for (std::size_t n = 0; n < times; ++n) {
            auto guard = co_await own->lock();
            const std::size_t before = *guard;
            co_await rouse::yield_now(); // across an await
            *guard = before + 1;
        }
    };
    const auto main = [&]() -> Task<> {
        std::vector<rouse::JoinHandle<void>> handles;
        for (int i = 0; i < 100; ++i) handles.push_back(rouse::spawn(body, mutex, count / 10));
        for (auto& handle : handles) co_await handle;
    };
    on_workers(main());
    EXPECT_EQ(mutex->get_mut(), 100 * (count / 10));
}

TEST(RwLockStress, writers_alone_readers_together) {
    rouse::RwLock<std::pair<std::size_t, std::size_t>> lock({0, 0});
    on_threads(4, [&](std::size_t i) -> Task<> {
        for (std::size_t n = 0; n < scaled(40'000); ++n) {
            switch ((n + i) % 5) {
            case 0: {
                auto guard = co_await lock.write();
                ++guard->first;
                ++guard->second;
                if (n % 2 == 0) {
                    const std::size_t mine = guard->first;
                    auto read = std::move(guard).downgrade();
                    EXPECT_EQ(read->first, mine) << "a writer came in between";
                }
                break;
            }
            case 1: {
                auto guard = co_await PollOnce(lock.write());
                if (guard) ++(*guard)->first, ++(*guard)->second;
                break;
            }
            default: {
                auto guard = co_await lock.read();
                EXPECT_EQ(guard->first, guard->second);
            }
            }
        }
    });
    EXPECT_TRUE(lock.try_write().has_value());
}

TEST(NotifyStress, no_notification_is_lost) {
    rouse::Notify notify;
    const std::size_t count = scaled(50'000);
    std::atomic<std::size_t> taken{0};
    std::atomic<int> gone{0};
    std::atomic<bool> done{false};
    on_threads(4, [&](std::size_t i) -> Task<> {
        if (i == 0) {
            for (std::size_t n = 0; n < count; ++n) {
                notify.notify_one(); // and not the next before this one was taken: two stored ones are one
                while (taken.load() == n) co_await rouse::yield_now();
            }
            done = true;
            for (; gone.load() < 3; co_await rouse::yield_now()) notify.notify_waiters();
            co_return;
        }
        for (std::size_t n = 0; !done.load(); ++n) {
            if (n % 3 == 0) { // gives up, also when it was chosen and not yet told
                auto got = co_await PollOnce(notify.notified());
                if (got && !done.load()) ++taken;
            } else {
                co_await notify.notified();
                if (!done.load()) ++taken;
            }
        }
        ++gone;
    });
    EXPECT_EQ(taken.load(), count);
}

TEST(BarrierStress, all_meet_in_each_round_and_one_leads) {
    rouse::Barrier barrier(4);
    std::atomic<std::size_t> leaders{0};
    std::size_t in_round[4] = {};
    const std::size_t count = scaled(10'000);
    on_threads(4, [&](std::size_t i) -> Task<> {
        for (std::size_t n = 1; n <= count; ++n) {
            in_round[i] = n;
            const auto met = co_await barrier.wait();
            if (met.is_leader()) ++leaders;
            for (const std::size_t round : in_round) EXPECT_EQ(round, n);
            co_await barrier.wait();
        }
    });
    EXPECT_EQ(leaders.load(), count);
}

TEST(OnceCellStress, is_made_once) {
    rouse_test::StressRounds rounds(2'000);
    while (rounds.take()) {
        rouse::OnceCell<int> cell;
        std::atomic<int> made{0};
        const auto make = [&made]() -> Task<int> {
            co_await rouse::yield_now();
            co_return ++made;
        };
        on_threads(4, [&](std::size_t i) -> Task<> {
            if (i == 0) co_await PollOnce(cell.get_or_init(make)); // gives up in the middle
            const int& value = co_await cell.get_or_init(make);
            EXPECT_EQ(value, *cell.get());
        });
        ASSERT_EQ(made.load(), 1);
    }
}

} // namespace
