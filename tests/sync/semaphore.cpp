// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/sync/semaphore.hpp>
#include <rouse/testing/harness.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace {

using rouse::AcquireError;
using rouse::Semaphore;
using rouse::TryAcquireError;
using rouse::testing::CountingWaker;
using rouse::testing::Harness;

/// The permit of an acquisition that is ready.
template <class H>
auto permit_of(H& test) {
    auto poll = test.poll();
    EXPECT_TRUE(poll.is_ready());
    auto result = std::move(poll).value();
    EXPECT_TRUE(result.has_value());
    return std::move(*result);
}

TEST(Semaphore, a_permit_that_is_there_is_taken_at_once_and_given_back) {
    Semaphore semaphore(2);
    {
        Harness first(semaphore.acquire());
        auto permit = permit_of(first);
        EXPECT_EQ(first.clones_alive(), 0u);
        EXPECT_EQ(semaphore.available_permits(), 1u);
        EXPECT_EQ(permit.num_permits(), 1u);
    }
    EXPECT_EQ(semaphore.available_permits(), 2u);
}

TEST(Semaphore, a_waiter_is_woken_by_the_permit_that_comes_back) {
    Semaphore semaphore(1);
    std::optional permit(semaphore.try_acquire().value());
    Harness waiter(semaphore.acquire());
    EXPECT_TRUE(waiter.poll().is_pending());
    EXPECT_EQ(waiter.clones_alive(), 1u);
    permit.reset();
    EXPECT_EQ(waiter.take_wakes(), 1u);
    EXPECT_EQ(waiter.clones_alive(), 0u);
    EXPECT_EQ(semaphore.available_permits(), 0u) << "it is the waiter's already";
    auto got = permit_of(waiter);
    EXPECT_EQ(semaphore.available_permits(), 0u);
}

TEST(Semaphore, first_come_first_served) {
    Semaphore semaphore(0);
    Harness first(semaphore.acquire()), second(semaphore.acquire()), third(semaphore.acquire());
    EXPECT_TRUE(second.poll().is_pending());
    EXPECT_TRUE(first.poll().is_pending());
    EXPECT_TRUE(third.poll().is_pending());
    semaphore.add_permits(1);
    EXPECT_EQ(second.take_wakes(), 1u);
    EXPECT_EQ(first.wakes() + third.wakes(), 0u);
    semaphore.add_permits(2);
    EXPECT_EQ(first.take_wakes(), 1u);
    EXPECT_EQ(third.take_wakes(), 1u);
}

TEST(Semaphore, a_request_for_many_collects_and_is_not_overtaken) {
    Semaphore semaphore(2);
    Harness many(semaphore.acquire_many(4));
    EXPECT_TRUE(many.poll().is_pending());
    EXPECT_EQ(semaphore.available_permits(), 0u) << "it has collected two";
    EXPECT_EQ(semaphore.try_acquire().error(), TryAcquireError::no_permits);
    Harness one(semaphore.acquire());
    EXPECT_TRUE(one.poll().is_pending());
    semaphore.add_permits(1);
    EXPECT_EQ(many.wakes() + one.wakes(), 0u);
    semaphore.add_permits(2);
    EXPECT_EQ(many.take_wakes(), 1u);
    EXPECT_EQ(one.take_wakes(), 1u);
    EXPECT_EQ(permit_of(many).num_permits(), 4u);
    EXPECT_EQ(semaphore.available_permits(), 4u);
}

TEST(Semaphore, what_a_dropped_request_collected_goes_to_those_behind_it) {
    Semaphore semaphore(2);
    Harness many(semaphore.acquire_many(4));
    Harness one(semaphore.acquire()), two(semaphore.acquire_many(2));
    EXPECT_TRUE(many.poll().is_pending());
    EXPECT_TRUE(one.poll().is_pending());
    EXPECT_TRUE(two.poll().is_pending());
    many.drop();
    EXPECT_EQ(many.wakes(), 0u);
    EXPECT_EQ(many.clones_alive(), 0u);
    EXPECT_EQ(one.take_wakes(), 1u);
    EXPECT_EQ(two.wakes(), 0u) << "it has one of its two";
    auto permit = permit_of(one);
    semaphore.add_permits(1);
    EXPECT_EQ(two.take_wakes(), 1u);
}

TEST(Semaphore, a_grant_that_nobody_took_goes_to_the_next) {
    Semaphore semaphore(0);
    Harness first(semaphore.acquire_many(2)), second(semaphore.acquire());
    EXPECT_TRUE(first.poll().is_pending());
    EXPECT_TRUE(second.poll().is_pending());
    semaphore.add_permits(2);
    EXPECT_EQ(first.wakes(), 1u);
    EXPECT_EQ(second.wakes(), 0u);
    first.drop();
    EXPECT_EQ(second.take_wakes(), 1u);
    EXPECT_EQ(semaphore.available_permits(), 1u);
}

TEST(Semaphore, closing_tells_those_who_wait_and_keeps_the_permits) {
    Semaphore semaphore(1);
    Harness many(semaphore.acquire_many(3)), one(semaphore.acquire()), late(semaphore.acquire());
    EXPECT_TRUE(many.poll().is_pending());
    EXPECT_TRUE(one.poll().is_pending());
    semaphore.close();
    EXPECT_TRUE(semaphore.is_closed());
    EXPECT_EQ(many.take_wakes(), 1u);
    EXPECT_EQ(one.take_wakes(), 1u);
    EXPECT_EQ(many.poll().value().error(), AcquireError::closed);
    EXPECT_EQ(one.poll().value().error(), AcquireError::closed);
    EXPECT_EQ(late.poll().value().error(), AcquireError::closed);
    EXPECT_EQ(semaphore.try_acquire().error(), TryAcquireError::closed);
    EXPECT_EQ(semaphore.available_permits(), 1u);
}

TEST(Semaphore, its_destruction_wakes_those_who_wait_with_an_error) {
    std::optional<Semaphore> semaphore(std::in_place, 0);
    Harness waiter(semaphore->acquire()), dropped(semaphore->acquire());
    EXPECT_TRUE(waiter.poll().is_pending());
    EXPECT_TRUE(dropped.poll().is_pending());
    semaphore.reset();
    EXPECT_EQ(waiter.take_wakes(), 1u);
    EXPECT_EQ(waiter.clones_alive(), 0u);
    EXPECT_EQ(waiter.poll().value().error(), AcquireError::closed);
    dropped.drop();
}

TEST(Semaphore, more_waiters_than_a_batch_of_wakers_are_all_woken) {
    Semaphore semaphore(0);
    std::vector<std::unique_ptr<Harness<rouse::SemaphoreAcquire<Semaphore*>>>> waiters;
    for (int i = 0; i < 40; ++i) {
        waiters.push_back(
            std::make_unique<Harness<rouse::SemaphoreAcquire<Semaphore*>>>(semaphore.acquire()));
        EXPECT_TRUE(waiters.back()->poll().is_pending());
    }
    semaphore.add_permits(33);
    for (int i = 0; i < 40; ++i) EXPECT_EQ(waiters[i]->take_wakes(), i < 33 ? 1u : 0u) << i;
    semaphore.close();
    for (int i = 33; i < 40; ++i) EXPECT_EQ(waiters[i]->take_wakes(), 1u) << i;
    waiters.clear();
    EXPECT_EQ(semaphore.available_permits(), 33u);
}

TEST(Semaphore, many_small_waiters_behind_a_dropped_large_one_are_all_woken) {
    Semaphore semaphore(32);
    Harness large(semaphore.acquire_many(40));
    EXPECT_TRUE(large.poll().is_pending());
    std::vector<std::unique_ptr<Harness<rouse::SemaphoreAcquire<Semaphore*>>>> waiters;
    for (int i = 0; i < 32; ++i) {
        waiters.push_back(
            std::make_unique<Harness<rouse::SemaphoreAcquire<Semaphore*>>>(semaphore.acquire()));
        EXPECT_TRUE(waiters.back()->poll().is_pending());
    }
    large.drop();
    for (const auto& waiter : waiters) EXPECT_EQ(waiter->take_wakes(), 1u);
}

TEST(Semaphore, another_waker_replaces_the_one_before) {
    Semaphore semaphore(0);
    CountingWaker first, second;
    auto future = semaphore.acquire();
    rouse::Context with_first(first.waker()), with_second(second.waker());
    EXPECT_TRUE(future.poll(with_first).is_pending());
    EXPECT_TRUE(future.poll(with_second).is_pending());
    EXPECT_TRUE(future.poll(with_second).is_pending());
    EXPECT_EQ(first.clones_alive(), 0u);
    EXPECT_EQ(second.clones_alive(), 1u);
    semaphore.add_permits(1);
    EXPECT_EQ(first.wakes(), 0u);
    EXPECT_EQ(second.wakes(), 1u);
}

TEST(Semaphore, permits_are_forgotten_split_and_merged) {
    Semaphore semaphore(10);
    auto permit = semaphore.try_acquire(6).value();
    {
        auto part = permit.split(2).value();
        EXPECT_EQ(permit.num_permits(), 4u);
        EXPECT_FALSE(permit.split(5).has_value());
        permit.merge(std::move(part));
        EXPECT_EQ(permit.num_permits(), 6u);
        auto lost = permit.split(1).value();
        std::move(lost).forget();
    }
    { auto gone = std::move(permit); }
    EXPECT_EQ(semaphore.available_permits(), 9u);
    EXPECT_EQ(semaphore.forget_permits(20), 9u);
    EXPECT_EQ(semaphore.available_permits(), 0u);
}

TEST(Semaphore, an_owned_permit_keeps_its_semaphore) {
    auto semaphore = std::make_shared<Semaphore>(1);
    const std::weak_ptr<Semaphore> watch = semaphore;
    {
        Harness test(Semaphore::acquire_owned(semaphore));
        auto permit = permit_of(test);
        EXPECT_FALSE(Semaphore::try_acquire_owned(semaphore).has_value());
        semaphore.reset();
        EXPECT_FALSE(watch.expired());
    }
    EXPECT_TRUE(watch.expired());
}

TEST(Semaphore, none_is_always_there) {
    Semaphore semaphore(0);
    Harness test(semaphore.acquire_many(0));
    EXPECT_EQ(permit_of(test).num_permits(), 0u);
}

} // namespace
