// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/core/waker_from.hpp>
#include <rouse/sync/barrier.hpp>
#include <rouse/sync/event.hpp>
#include <rouse/sync/notify.hpp>
#include <rouse/testing/harness.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace {

using rouse::Abandoned;
using rouse::Barrier;
using rouse::Event;
using rouse::Notify;
using rouse::testing::Harness;

TEST(Notify, a_notification_is_stored_once_for_the_next) {
    Notify notify;
    notify.notify_one();
    notify.notify_one();
    Harness first(notify.notified()), second(notify.notified());
    EXPECT_TRUE(first.poll().is_ready());
    EXPECT_EQ(first.clones_alive(), 0u);
    EXPECT_TRUE(second.poll().is_pending());
}

TEST(Notify, notify_one_wakes_the_one_that_has_waited_longest) {
    Notify notify;
    Harness first(notify.notified()), second(notify.notified());
    EXPECT_TRUE(second.poll().is_pending());
    EXPECT_TRUE(first.poll().is_pending());
    notify.notify_one();
    EXPECT_EQ(second.take_wakes(), 1u);
    EXPECT_EQ(first.wakes(), 0u);
    EXPECT_EQ(second.clones_alive(), 0u);
    EXPECT_TRUE(second.poll().is_ready());
    EXPECT_TRUE(first.poll().is_pending());
}

TEST(Notify, notify_waiters_wakes_all_that_exist_and_stores_nothing) {
    Notify notify;
    Harness polled(notify.notified()), unpolled(notify.notified());
    EXPECT_TRUE(polled.poll().is_pending());
    notify.notify_waiters();
    Harness late(notify.notified());
    EXPECT_EQ(polled.take_wakes(), 1u);
    EXPECT_TRUE(polled.poll().is_ready());
    EXPECT_TRUE(unpolled.poll().is_ready()) << "it was made before";
    EXPECT_TRUE(late.poll().is_pending());
}

TEST(Notify, notify_waiters_wakes_more_than_a_batch) {
    Notify notify;
    for (const int count : {15, 16, 17, 40}) {
        std::vector<std::unique_ptr<Harness<rouse::Notified>>> waiters;
        for (int i = 0; i < count; ++i) {
            waiters.push_back(std::make_unique<Harness<rouse::Notified>>(notify.notified()));
            EXPECT_TRUE(waiters.back()->poll().is_pending());
        }
        notify.notify_waiters();
        for (const auto& waiter : waiters) {
            EXPECT_EQ(waiter->take_wakes(), 1u);
            EXPECT_TRUE(waiter->poll().is_ready());
        }
    }
}

TEST(Notify, a_notification_that_was_not_seen_goes_to_the_next_or_is_stored) {
    Notify notify;
    Harness first(notify.notified()), second(notify.notified());
    EXPECT_TRUE(first.poll().is_pending());
    EXPECT_TRUE(second.poll().is_pending());
    notify.notify_one();
    first.drop();
    EXPECT_EQ(second.take_wakes(), 1u);
    second.drop();
    Harness third(notify.notified());
    EXPECT_TRUE(third.poll().is_ready());
}

TEST(Notify, a_notification_of_all_is_not_passed_on) {
    Notify notify;
    Harness first(notify.notified());
    EXPECT_TRUE(first.poll().is_pending());
    notify.notify_waiters();
    first.drop();
    Harness second(notify.notified());
    EXPECT_TRUE(second.poll().is_pending());
}

TEST(Notify, enable_takes_a_place_before_the_first_poll) {
    Notify notify;
    auto enabled = std::make_unique<Harness<rouse::Notified>>(notify.notified());
    EXPECT_FALSE(enabled->future().enable());
    Harness late(notify.notified());
    EXPECT_TRUE(late.poll().is_pending());
    notify.notify_one();
    EXPECT_EQ(late.wakes(), 0u);
    EXPECT_TRUE(enabled->future().enable());
    EXPECT_TRUE(enabled->poll().is_ready());
}

TEST(Notify, enable_after_a_poll_leaves_the_waker_where_it_is) {
    Notify notify;
    Harness waiter(notify.notified());
    EXPECT_TRUE(waiter.poll().is_pending());
    EXPECT_FALSE(waiter.future().enable());
    EXPECT_EQ(waiter.clones_alive(), 1u);
    notify.notify_one();
    EXPECT_EQ(waiter.take_wakes(), 1u);
    EXPECT_TRUE(waiter.future().enable());
    EXPECT_TRUE(waiter.poll().is_ready());
}

TEST(Notify, its_destruction_wakes_those_who_wait_with_an_error) {
    std::optional<Notify> notify(std::in_place);
    Harness waiter(notify->notified()), dropped(notify->notified());
    EXPECT_TRUE(waiter.poll().is_pending());
    EXPECT_TRUE(dropped.poll().is_pending());
    notify.reset();
    EXPECT_EQ(waiter.take_wakes(), 1u);
    EXPECT_EQ(waiter.clones_alive(), 0u);
    EXPECT_THROW((void)waiter.poll(), Abandoned);
}

TEST(Event, lets_all_through_until_it_is_reset) {
    Event event;
    Harness first(event.wait()), second(event.wait());
    EXPECT_TRUE(first.poll().is_pending());
    EXPECT_TRUE(second.poll().is_pending());
    event.set();
    event.set();
    EXPECT_TRUE(event.is_set());
    EXPECT_EQ(first.take_wakes(), 1u);
    EXPECT_EQ(second.take_wakes(), 1u);
    EXPECT_TRUE(first.poll().is_ready());
    Harness third(event.wait());
    EXPECT_TRUE(third.poll().is_ready());
    event.reset();
    EXPECT_TRUE(second.poll().is_ready()) << "it was let through before";
    Harness fourth(event.wait());
    EXPECT_TRUE(fourth.poll().is_pending());
    fourth.drop();
    EXPECT_EQ(fourth.clones_alive(), 0u);
    event.set();
    EXPECT_EQ(fourth.wakes(), 0u);
}

TEST(Event, its_destruction_wakes_those_who_wait_with_an_error) {
    std::optional<Event> event(std::in_place);
    Harness waiter(event->wait());
    EXPECT_TRUE(waiter.poll().is_pending());
    event.reset();
    EXPECT_EQ(waiter.take_wakes(), 1u);
    EXPECT_THROW((void)waiter.poll(), Abandoned);
}

TEST(Barrier, the_last_one_to_come_leads_and_the_next_round_begins) {
    Barrier barrier(3);
    for (int round = 0; round < 3; ++round) {
        Harness first(barrier.wait()), second(barrier.wait()), third(barrier.wait());
        EXPECT_TRUE(first.poll().is_pending());
        EXPECT_TRUE(first.poll().is_pending()) << "it came once";
        EXPECT_TRUE(second.poll().is_pending());
        EXPECT_TRUE(third.poll().value().is_leader());
        EXPECT_EQ(first.take_wakes(), 1u);
        EXPECT_FALSE(first.poll().value().is_leader());
        EXPECT_FALSE(second.poll().value().is_leader());
        EXPECT_EQ(first.clones_alive() + second.clones_alive() + third.clones_alive(), 0u);
    }
}

TEST(Barrier, one_that_gives_up_has_not_come) {
    Barrier barrier(2);
    Harness first(barrier.wait()), second(barrier.wait()), third(barrier.wait());
    EXPECT_TRUE(first.poll().is_pending());
    first.drop();
    EXPECT_TRUE(second.poll().is_pending());
    EXPECT_TRUE(third.poll().value().is_leader());
    EXPECT_EQ(second.take_wakes(), 1u);
    EXPECT_EQ(first.wakes(), 0u);
    second.drop(); // it had come
    Harness fourth(barrier.wait());
    EXPECT_TRUE(fourth.poll().is_pending());
}

TEST(Barrier, one_of_many_that_is_dropped_by_one_who_is_woken_does_not_count_in_the_next_round) {
    constexpr std::size_t count = 20; // more than are woken at once
    Barrier barrier(count);
    std::vector<std::unique_ptr<Harness<rouse::BarrierWait>>> others;
    for (std::size_t i = 0; i < count - 2; ++i) others.push_back(nullptr);
    auto first = barrier.wait();
    const rouse::Waker drops_the_last = rouse::waker_from([&] { others.back().reset(); });
    rouse::Context cx(drops_the_last);
    EXPECT_TRUE(first.poll(cx).is_pending());
    for (int round = 0; round < 2; ++round) {
        for (auto& other : others) {
            other = std::make_unique<Harness<rouse::BarrierWait>>(barrier.wait());
            EXPECT_TRUE(other->poll().is_pending());
        }
        if (round == 1) {
            Harness also(barrier.wait());
            EXPECT_TRUE(also.poll().is_pending());
            Harness leader(barrier.wait());
            EXPECT_TRUE(leader.poll().value().is_leader());
            EXPECT_TRUE(also.poll().is_ready());
        } else {
            Harness leader(barrier.wait());
            EXPECT_TRUE(leader.poll().value().is_leader());
            EXPECT_EQ(others.back(), nullptr);
            EXPECT_TRUE(first.poll(cx).is_ready());
        }
        for (auto& other : others) {
            if (other) {
                EXPECT_TRUE(other->poll().is_ready());
            }
        }
    }
}

TEST(Barrier, of_one_or_none_never_waits) {
    for (const std::size_t count : {0u, 1u}) {
        Barrier barrier(count);
        Harness test(barrier.wait());
        EXPECT_TRUE(test.poll().value().is_leader());
    }
}

TEST(Barrier, its_destruction_wakes_those_who_wait_with_an_error) {
    std::optional<Barrier> barrier(std::in_place, 2);
    Harness waiter(barrier->wait());
    EXPECT_TRUE(waiter.poll().is_pending());
    barrier.reset();
    EXPECT_EQ(waiter.take_wakes(), 1u);
    EXPECT_THROW((void)waiter.poll(), Abandoned);
}

} // namespace
