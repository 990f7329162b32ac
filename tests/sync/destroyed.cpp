// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What is destroyed after somebody was given something of it, and before he took it. All of it lies on the
// heap, so that AddressSanitizer sees who touches it afterwards.

#include <rouse/sync/mutex.hpp>
#include <rouse/sync/notify.hpp>
#include <rouse/sync/once_cell.hpp>
#include <rouse/sync/rw_lock.hpp>
#include <rouse/sync/semaphore.hpp>
#include <rouse/testing/harness.hpp>

#include "support/by_hand.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

namespace {

using rouse::Abandoned;
using rouse::testing::Harness;
using rouse_test::ByHand;
using rouse_test::ByHandSource;

TEST(Destroyed, a_mutex_that_was_granted_is_not_touched_any_more) {
    auto mutex = std::make_unique<rouse::Mutex<int>>(1);
    auto guard = mutex->try_lock();
    Harness polled(mutex->lock()), dropped(mutex->lock());
    EXPECT_TRUE(polled.poll().is_pending());
    EXPECT_TRUE(dropped.poll().is_pending());
    guard.reset();
    EXPECT_EQ(polled.take_wakes(), 1u) << "it was granted";
    mutex.reset();
    EXPECT_THROW((void)polled.poll(), Abandoned);

    mutex = std::make_unique<rouse::Mutex<int>>(1);
    guard = mutex->try_lock();
    Harness aborted(mutex->lock());
    EXPECT_TRUE(aborted.poll().is_pending());
    guard.reset();
    mutex.reset();
    aborted.drop();
}

TEST(Destroyed, an_rw_lock_that_was_granted_is_not_touched_any_more) {
    auto lock = std::make_unique<rouse::RwLock<int>>(1);
    auto guard = lock->try_write();
    Harness polled(lock->read()), dropped(lock->read());
    EXPECT_TRUE(polled.poll().is_pending());
    EXPECT_TRUE(dropped.poll().is_pending());
    guard.reset();
    EXPECT_EQ(polled.take_wakes(), 1u);
    EXPECT_EQ(dropped.take_wakes(), 1u);
    lock.reset();
    EXPECT_THROW((void)polled.poll(), Abandoned);
    dropped.drop();
}

TEST(Destroyed, permits_of_a_semaphore_that_is_gone_are_an_error) {
    auto semaphore = std::make_unique<rouse::Semaphore>(0);
    Harness polled(semaphore->acquire_many(2)), dropped(semaphore->acquire()), waits(semaphore->acquire());
    EXPECT_TRUE(polled.poll().is_pending());
    EXPECT_TRUE(dropped.poll().is_pending());
    EXPECT_TRUE(waits.poll().is_pending());
    semaphore->add_permits(3);
    EXPECT_EQ(polled.take_wakes(), 1u);
    EXPECT_EQ(dropped.take_wakes(), 1u);
    semaphore.reset();
    EXPECT_EQ(polled.poll().value().error(), rouse::AcquireError::closed);
    EXPECT_EQ(waits.poll().value().error(), rouse::AcquireError::closed);
    dropped.drop();
}

TEST(Destroyed, permits_that_were_granted_before_a_close_are_still_taken) {
    rouse::Semaphore semaphore(0);
    Harness waiter(semaphore.acquire());
    EXPECT_TRUE(waiter.poll().is_pending());
    semaphore.add_permits(1);
    semaphore.close();
    EXPECT_TRUE(waiter.poll().value().has_value());
    EXPECT_EQ(semaphore.available_permits(), 1u);
}

TEST(Destroyed, a_notification_of_a_notify_that_is_gone_is_not_passed_on) {
    for (const bool enabled : {false, true}) {
        auto notify = std::make_unique<rouse::Notify>();
        Harness polled(notify->notified()), dropped(notify->notified());
        if (enabled) {
            notify->notify_one();
            EXPECT_TRUE(polled.future().enable());
            notify->notify_one();
            EXPECT_TRUE(dropped.future().enable());
        } else {
            EXPECT_TRUE(polled.poll().is_pending());
            EXPECT_TRUE(dropped.poll().is_pending());
            notify->notify_one();
            notify->notify_one();
        }
        notify.reset();
        EXPECT_THROW((void)polled.poll(), Abandoned);
        dropped.drop();
    }
}

TEST(Destroyed, a_permit_of_a_notify_that_was_only_enabled_goes_back) {
    rouse::Notify notify;
    notify.notify_one();
    Harness enabled(notify.notified());
    EXPECT_TRUE(enabled.future().enable());
    enabled.drop();
    Harness next(notify.notified());
    EXPECT_TRUE(next.poll().is_ready());
    Harness none(notify.notified());
    EXPECT_TRUE(none.poll().is_pending());
}

TEST(Destroyed, whoever_makes_the_value_of_a_cell_that_is_gone_is_told) {
    for (const bool drop : {false, true}) {
        auto cell = std::make_unique<rouse::OnceCell<int>>();
        ByHandSource<int> source;
        const auto make = [&] { return ByHand<int>(source); };
        Harness maker(cell->get_or_init(make));
        EXPECT_TRUE(maker.poll().is_pending());
        Harness waiter(cell->get_or_init(make));
        EXPECT_TRUE(waiter.poll().is_pending());
        cell.reset();
        EXPECT_EQ(waiter.take_wakes(), 1u);
        EXPECT_EQ(waiter.clones_alive(), 0u);
        EXPECT_THROW((void)waiter.poll(), Abandoned);
        if (drop) {
            maker.drop();
        } else {
            source.complete(1);
            EXPECT_THROW((void)maker.poll(), Abandoned);
        }
        source.drop_waker();
        EXPECT_EQ(maker.clones_alive(), 0u);
    }
}

TEST(Destroyed, the_right_to_make_the_value_of_a_cell_goes_with_it) {
    auto cell = std::make_unique<rouse::OnceCell<int>>();
    const auto never = [] { return rouse::never<int>(); };
    Harness maker(cell->get_or_init(never)), polled(cell->get_or_init(never)),
        dropped(cell->get_or_init(never));
    EXPECT_TRUE(maker.poll().is_pending());
    EXPECT_TRUE(polled.poll().is_pending());
    EXPECT_TRUE(dropped.poll().is_pending());
    maker.drop();
    EXPECT_EQ(polled.take_wakes(), 1u) << "the right is its own";
    cell.reset();
    EXPECT_THROW((void)polled.poll(), Abandoned);
    dropped.drop();
}

TEST(Destroyed, the_value_of_a_cell_that_is_gone_is_not_given_to_those_who_were_woken) {
    auto cell = std::make_unique<rouse::OnceCell<int>>();
    ByHandSource<int> source;
    const auto make = [&] { return ByHand<int>(source); };
    Harness maker(cell->get_or_init(make)), polled(cell->get_or_init(make)), dropped(cell->get_or_init(make));
    EXPECT_TRUE(maker.poll().is_pending());
    EXPECT_TRUE(polled.poll().is_pending());
    EXPECT_TRUE(dropped.poll().is_pending());
    source.complete(1);
    EXPECT_EQ(maker.poll().value(), 1);
    EXPECT_EQ(polled.take_wakes(), 1u);
    cell.reset();
    EXPECT_THROW((void)polled.poll(), Abandoned);
    dropped.drop();
}

} // namespace
