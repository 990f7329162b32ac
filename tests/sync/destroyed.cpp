// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What is destroyed after somebody was given something of it, and before he took it; and what is destroyed by
// one whom it wakes. All of it lies on the heap, so that AddressSanitizer sees who touches it afterwards.

#include <rouse/base/atomic.hpp>
#include <rouse/core/waker_from.hpp>
#include <rouse/sync/barrier.hpp>
#include <rouse/sync/cancellation_token.hpp>
#include <rouse/sync/event.hpp>
#include <rouse/sync/mutex.hpp>
#include <rouse/sync/notify.hpp>
#include <rouse/sync/once_cell.hpp>
#include <rouse/sync/rw_lock.hpp>
#include <rouse/sync/semaphore.hpp>
#include <rouse/testing/harness.hpp>

#include "support/by_hand.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace {

using rouse::Abandoned;
using rouse::testing::Harness;
using rouse_test::ByHand;
using rouse_test::ByHandSource;

/// Runs code while it is made.
class Hooked {
public:
    explicit Hooked(const std::function<void()>& hook) { hook(); }
};

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

/// Futures that wait, of which the first one destroys what they wait for when it is woken.
template <class Owner, class F>
class Crowd {
public:
    template <class Make>
    Crowd(std::unique_ptr<Owner>& owner, std::size_t count, Make make)
        : first_(make()), waker_(rouse::waker_from([&owner] { owner.reset(); })) {
        rouse::Context cx(waker_);
        EXPECT_TRUE(first_.poll(cx).is_pending());
        for (std::size_t i = 1; i < count; ++i) {
            others.push_back(std::make_unique<Harness<F>>(make()));
            EXPECT_TRUE(others.back()->poll().is_pending());
        }
    }
    /// All of them were woken, once.
    void expect_all_woken() {
        for (const auto& other : others) {
            EXPECT_EQ(other->take_wakes(), 1u);
            EXPECT_EQ(other->clones_alive(), 0u);
        }
    }
    std::vector<std::unique_ptr<Harness<F>>> others;

private:
    F first_;
    rouse::Waker waker_;
};

TEST(Destroyed, an_event_by_the_first_of_many_whom_it_wakes) {
    for (const std::size_t count : {16u, 17u, 40u}) {
        auto event = std::make_unique<rouse::Event>();
        Crowd<rouse::Event, rouse::EventWait> crowd(event, count, [&] { return event->wait(); });
        event->set();
        EXPECT_EQ(event, nullptr);
        crowd.expect_all_woken();
        for (const auto& other : crowd.others) EXPECT_TRUE(other->poll().is_ready()) << "it was set before";
    }
}

TEST(Destroyed, a_barrier_by_the_first_of_many_whom_it_wakes) {
    auto barrier = std::make_unique<rouse::Barrier>(41);
    Crowd<rouse::Barrier, rouse::BarrierWait> crowd(barrier, 40, [&] { return barrier->wait(); });
    Harness leader(barrier->wait());
    EXPECT_TRUE(leader.poll().value().is_leader());
    EXPECT_EQ(barrier, nullptr);
    crowd.expect_all_woken();
    for (const auto& other : crowd.others) EXPECT_FALSE(other->poll().value().is_leader());
}

TEST(Destroyed, a_semaphore_by_the_first_of_many_who_get_a_permit_of_it) {
    for (const std::size_t permits : {1u, 16u, 17u, 40u}) {
        auto semaphore = std::make_unique<rouse::Semaphore>(0);
        Crowd<rouse::Semaphore, rouse::SemaphoreAcquire<rouse::Semaphore*>> crowd(
            semaphore, 40, [&] { return semaphore->acquire(); });
        semaphore->add_permits(permits);
        EXPECT_EQ(semaphore, nullptr);
        crowd.expect_all_woken();
        for (const auto& other : crowd.others) EXPECT_FALSE(other->poll().value().has_value());
    }
}

TEST(Destroyed, a_semaphore_by_the_first_of_many_who_are_told_that_it_is_closed) {
    auto semaphore = std::make_unique<rouse::Semaphore>(0);
    Crowd<rouse::Semaphore, rouse::SemaphoreAcquire<rouse::Semaphore*>> crowd(
        semaphore, 40, [&] { return semaphore->acquire(); });
    semaphore->close();
    EXPECT_EQ(semaphore, nullptr);
    crowd.expect_all_woken();
    for (const auto& other : crowd.others) EXPECT_FALSE(other->poll().value().has_value());
}

TEST(Destroyed, a_semaphore_by_the_first_of_many_who_waited_behind_one_that_gave_up) {
    auto semaphore = std::make_unique<rouse::Semaphore>(39);
    Harness large(semaphore->acquire_many(40));
    EXPECT_TRUE(large.poll().is_pending());
    Crowd<rouse::Semaphore, rouse::SemaphoreAcquire<rouse::Semaphore*>> crowd(
        semaphore, 40, [&] { return semaphore->acquire(); });
    large.drop();
    EXPECT_EQ(semaphore, nullptr);
    crowd.expect_all_woken();
}

TEST(Destroyed, a_cell_by_the_first_of_many_whom_its_value_wakes) {
    auto never = [] { return rouse::never<Hooked>(); };
    auto cell = std::make_unique<rouse::OnceCell<Hooked>>();
    using Get = rouse::GetOrInit<Hooked, decltype(never)>;
    std::optional<Crowd<rouse::OnceCell<Hooked>, Get>> crowd;
    EXPECT_TRUE(cell->set([&] { crowd.emplace(cell, 40, [&] { return Get(*cell, never); }); }));
    EXPECT_EQ(cell, nullptr);
    crowd->expect_all_woken();
    for (const auto& other : crowd->others) EXPECT_THROW((void)other->poll(), Abandoned);
}

TEST(Destroyed, a_token_and_all_that_keeps_it_by_the_first_of_many_whom_it_wakes) {
    std::optional<rouse::CancellationToken> token(std::in_place);
    std::vector<std::unique_ptr<Harness<rouse::Cancelled>>> others(40);
    std::optional first(token->cancelled());
    const rouse::Waker waker = rouse::waker_from([&] {
        first.reset();
        others.clear();
        token.reset();
    });
    rouse::Context cx(waker);
    EXPECT_TRUE(first->poll(cx).is_pending());
    for (auto& other : others) {
        other = std::make_unique<Harness<rouse::Cancelled>>(token->cancelled());
        EXPECT_TRUE(other->poll().is_pending());
    }
    token->cancel();
    EXPECT_FALSE(token.has_value());
}

TEST(Destroyed, one_that_is_fired_while_others_are_goes_on_when_it_is_dropped_first) {
    rouse::Event event;
    std::vector<std::unique_ptr<Harness<rouse::EventWait>>> others(39);
    auto first = event.wait();
    const rouse::Waker waker = rouse::waker_from([&] {
        others[20].reset();
        others[38].reset();
        Harness late(event.wait());
        EXPECT_TRUE(late.poll().is_ready());
    });
    rouse::Context cx(waker);
    EXPECT_TRUE(first.poll(cx).is_pending());
    for (auto& other : others) {
        other = std::make_unique<Harness<rouse::EventWait>>(event.wait());
        EXPECT_TRUE(other->poll().is_pending());
    }
    event.set();
    for (const auto& other : others) {
        if (other) {
            EXPECT_EQ(other->take_wakes(), 1u);
        }
    }
}

/// `make` makes futures of what `owner` has, `fire` fires them on another thread, and the first one who is
/// woken has this thread destroy it meanwhile.
template <class Owner, class Make, class Fire>
void destroy_while_it_fires(std::unique_ptr<Owner>& owner, Make make, Fire fire) {
    using F = decltype(make());
    auto woken = std::make_shared<rouse::Atomic<int>>(0);
    const rouse::Waker waker = rouse::waker_from([woken] {
        woken->fetch_add(1);
        woken->notify_one();
    });
    std::vector<std::unique_ptr<F>> futures;
    rouse::Context cx(waker);
    constexpr int count = 70;
    for (int i = 0; i < count; ++i) {
        futures.push_back(std::make_unique<F>(make()));
        EXPECT_TRUE(futures.back()->poll(cx).is_pending());
    }
    std::thread other([&fire, &one = *owner] { fire(one); });
    woken->wait(0);
    owner.reset();
    other.join();
    EXPECT_EQ(woken->load(), count);
}

TEST(Destroyed, while_another_thread_wakes_those_who_wait) {
    for (int round = 0; round < 300; ++round) {
        auto event = std::make_unique<rouse::Event>();
        destroy_while_it_fires(event, [&] { return event->wait(); }, [](rouse::Event& one) { one.set(); });
        for (const bool closes : {false, true}) {
            auto semaphore = std::make_unique<rouse::Semaphore>(0);
            destroy_while_it_fires(
                semaphore, [&] { return semaphore->acquire(); },
                [closes](rouse::Semaphore& one) {
                    if (closes) one.close();
                    else one.add_permits(50);
                });
        }
    }
}

} // namespace
