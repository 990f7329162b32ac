// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/core/block_on.hpp>
#include <rouse/runtime/runtime.hpp>
#include <rouse/sync/mpsc.hpp>
#include <rouse/task/task.hpp>
#include <rouse/testing/harness.hpp>

#include "support/drop_log.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

namespace mpsc = rouse::mpsc;
using mpsc::TryRecvError;
using rouse::Task;
using rouse::testing::CountingWaker;
using rouse::testing::Harness;
using rouse_test::Alive;

TEST(Mpsc, messages_arrive_in_their_order) {
    auto [tx, rx] = mpsc::channel<int>(3);
    EXPECT_EQ(tx.capacity(), 3u);
    for (int i = 0; i < 3; ++i) {
        Harness send(tx.send(i));
        EXPECT_TRUE(send.poll().value().has_value());
    }
    EXPECT_EQ(tx.capacity(), 0u);
    EXPECT_EQ(rx.len(), 3u);
    for (int i = 0; i < 3; ++i) {
        Harness recv(rx.recv());
        EXPECT_EQ(recv.poll().value(), i);
        EXPECT_EQ(recv.clones_alive(), 0u);
    }
    EXPECT_EQ(tx.capacity(), 3u);
    EXPECT_TRUE(rx.is_empty());
}

TEST(Mpsc, a_send_wakes_a_receiver_that_waits_and_only_that) {
    auto [tx, rx] = mpsc::channel<int>(4);
    Harness recv(rx.recv());
    EXPECT_TRUE(recv.poll().is_pending());
    EXPECT_EQ(recv.clones_alive(), 1u);
    EXPECT_TRUE(tx.try_send(1).has_value());
    EXPECT_EQ(recv.take_wakes(), 1u);
    EXPECT_EQ(recv.clones_alive(), 0u);
    EXPECT_TRUE(tx.try_send(2).has_value());
    EXPECT_EQ(recv.take_wakes(), 0u) << "it is awake";
    EXPECT_EQ(recv.poll().value(), 1);
    EXPECT_EQ(rx.try_recv().value(), 2);
}

TEST(Mpsc, a_full_channel_makes_senders_wait_in_their_order) {
    auto [tx, rx] = mpsc::channel<int>(1);
    EXPECT_TRUE(tx.try_send(0).has_value());
    EXPECT_TRUE(tx.try_send(9).error().is_full());
    Harness first(tx.send(1)), second(tx.send(2));
    EXPECT_TRUE(first.poll().is_pending());
    EXPECT_TRUE(second.poll().is_pending());
    EXPECT_EQ(first.clones_alive(), 1u);
    EXPECT_EQ(rx.try_recv().value(), 0);
    EXPECT_EQ(first.take_wakes(), 1u);
    EXPECT_EQ(second.wakes(), 0u);
    EXPECT_TRUE(tx.try_send(9).error().is_full()) << "the room is the first one's";
    EXPECT_TRUE(first.poll().value().has_value());
    EXPECT_EQ(first.clones_alive(), 0u);
    EXPECT_EQ(rx.try_recv().value(), 1);
    EXPECT_EQ(second.take_wakes(), 1u);
    EXPECT_TRUE(second.poll().value().has_value());
    EXPECT_EQ(rx.try_recv().value(), 2);
    EXPECT_EQ(rx.try_recv().error(), TryRecvError::empty);
}

TEST(Mpsc, a_send_that_is_dropped_passes_its_room_on) {
    for (const bool granted : {false, true}) {
        auto [tx, rx] = mpsc::channel<int>(1);
        EXPECT_TRUE(tx.try_send(0).has_value());
        Harness first(tx.send(1)), second(tx.send(2));
        EXPECT_TRUE(first.poll().is_pending());
        EXPECT_TRUE(second.poll().is_pending());
        if (!granted) first.drop();
        EXPECT_EQ(rx.try_recv().value(), 0);
        if (granted) first.drop();
        EXPECT_EQ(second.take_wakes(), 1u);
        EXPECT_TRUE(second.poll().value().has_value());
        EXPECT_EQ(rx.try_recv().value(), 2);
        EXPECT_EQ(first.clones_alive(), 0u);
    }
}

TEST(Mpsc, room_that_was_granted_is_of_no_use_when_the_receiver_goes_before_the_poll) {
    for (const bool destroyed : {false, true}) {
        auto [tx, rx] = mpsc::channel<std::shared_ptr<int>>(2);
        std::optional receiver(std::move(rx));
        const auto message = std::make_shared<int>(1);
        EXPECT_TRUE(tx.try_send(nullptr).has_value());
        EXPECT_TRUE(tx.try_send(nullptr).has_value());
        Harness send(tx.send(message));
        Harness reserve(tx.reserve());
        EXPECT_TRUE(send.poll().is_pending());
        EXPECT_TRUE(reserve.poll().is_pending());
        EXPECT_TRUE(receiver->try_recv().has_value());
        EXPECT_TRUE(receiver->try_recv().has_value());
        EXPECT_EQ(send.take_wakes(), 1u);
        EXPECT_EQ(reserve.take_wakes(), 1u);
        if (destroyed) receiver.reset();
        else receiver->close();
        const auto refused = send.poll().value();
        ASSERT_FALSE(refused.has_value());
        EXPECT_EQ(refused.error(), message);
        EXPECT_EQ(message.use_count(), 2);
        EXPECT_FALSE(reserve.poll().value().has_value());
        EXPECT_EQ(tx.capacity(), 2u) << "the room went back";
        if (!destroyed) {
            EXPECT_EQ(receiver->try_recv().error(), TryRecvError::disconnected);
        }
    }
}

/// Has no room for a third one.
class SmallVector {
public:
    void push_back(int&& number) {
        if (numbers.size() == 2) throw std::bad_alloc();
        numbers.push_back(number);
    }
    std::vector<int> numbers;
};

TEST(Mpsc, taking_many_loses_nothing_when_there_is_no_memory) {
    rouse::detail::MpscChannel<int> channel(4, true, "");
    for (int i = 0; i < 4; ++i) {
        std::uint64_t before = 0;
        EXPECT_EQ(channel.claim<true>(before), rouse::detail::MpscCore::Claim::claimed);
        channel.put(before, int(i));
    }
    SmallVector to;
    EXPECT_THROW((void)channel.take_many(to, 4), std::bad_alloc);
    EXPECT_EQ(to.numbers, (std::vector<int>{0, 1}));
    EXPECT_EQ(channel.size(), 2u);
    EXPECT_EQ(channel.slots().available(), 2u);
    EXPECT_EQ(channel.take(), 2);
    EXPECT_EQ(channel.take(), 3);
    EXPECT_EQ(channel.slots().available(), 4u);
}

TEST(Mpsc, a_close_wakes_the_receiver_that_waits) {
    {
        auto [tx, rx] = mpsc::channel<int>(1);
        Harness recv(rx.recv());
        EXPECT_TRUE(recv.poll().is_pending());
        rx.close();
        EXPECT_EQ(recv.take_wakes(), 1u);
        EXPECT_EQ(recv.clones_alive(), 0u);
        EXPECT_EQ(recv.poll().value(), std::nullopt);
    }
    {
        auto [tx, rx] = mpsc::channel<int>(1);
        std::optional permit(tx.try_reserve().value());
        Harness recv(rx.recv());
        EXPECT_TRUE(recv.poll().is_pending());
        rx.close();
        EXPECT_TRUE(recv.poll().is_pending()) << "a permit is out";
        EXPECT_EQ(recv.take_wakes(), 1u);
        permit.reset();
        EXPECT_EQ(recv.take_wakes(), 1u);
        EXPECT_EQ(recv.poll().value(), std::nullopt);
    }
    auto [tx, rx] = mpsc::unbounded_channel<int>();
    Harness recv(rx.recv());
    EXPECT_TRUE(recv.poll().is_pending());
    rx.close();
    EXPECT_EQ(recv.take_wakes(), 1u);
    EXPECT_EQ(recv.poll().value(), std::nullopt);
}

TEST(Mpsc, a_receiver_that_is_destroyed_with_a_waker_drops_it_unwoken) {
    auto [tx, rx] = mpsc::channel<int>(1);
    std::optional receiver(std::move(rx));
    CountingWaker waker;
    rouse::Context cx(waker.waker());
    EXPECT_TRUE(receiver->poll_recv(cx).is_pending());
    receiver.reset();
    EXPECT_EQ(waker.wakes() + waker.clones_alive(), 0u);
}

TEST(Mpsc, the_end_of_the_last_sender_ends_the_receiver) {
    auto [tx, rx] = mpsc::channel<int>(4);
    std::optional sender(std::move(tx));
    std::optional copy(*sender);
    EXPECT_EQ(copy->strong_count(), 2u);
    EXPECT_TRUE(copy->try_send(1).has_value());
    sender.reset();
    Harness first(rx.recv());
    EXPECT_EQ(first.poll().value(), 1);
    Harness second(rx.recv());
    EXPECT_TRUE(second.poll().is_pending());
    copy.reset();
    EXPECT_EQ(second.take_wakes(), 1u);
    EXPECT_FALSE(second.poll().value().has_value());
    EXPECT_EQ(second.clones_alive(), 0u);
    EXPECT_EQ(rx.try_recv().error(), TryRecvError::disconnected);
    EXPECT_TRUE(rx.is_closed());
}

TEST(Mpsc, a_weak_sender_does_not_keep_the_channel_open) {
    auto [tx, rx] = mpsc::channel<int>(4);
    std::optional sender(std::move(tx));
    auto weak = sender->downgrade();
    {
        auto again = weak.upgrade();
        ASSERT_TRUE(again.has_value());
        EXPECT_TRUE(again->try_send(5).has_value());
    }
    sender.reset();
    EXPECT_FALSE(weak.upgrade().has_value());
    EXPECT_EQ(rx.try_recv().value(), 5);
    EXPECT_EQ(rx.try_recv().error(), TryRecvError::disconnected);
}

TEST(Mpsc, the_end_of_the_receiver_gives_values_back) {
    auto [tx, rx] = mpsc::channel<std::string>(1);
    EXPECT_TRUE(tx.try_send("lost").has_value());
    Harness waiting(tx.send("back"));
    Harness closed(tx.closed());
    EXPECT_TRUE(waiting.poll().is_pending());
    EXPECT_TRUE(closed.poll().is_pending());
    EXPECT_FALSE(tx.is_closed());
    { auto gone = std::move(rx); }
    EXPECT_TRUE(tx.is_closed());
    EXPECT_EQ(waiting.take_wakes(), 1u);
    EXPECT_EQ(closed.take_wakes(), 1u);
    EXPECT_TRUE(closed.poll().is_ready());
    EXPECT_EQ(waiting.poll().value().error(), "back");
    EXPECT_TRUE(tx.try_send("x").error().is_closed());
    Harness late(tx.send("late"));
    EXPECT_EQ(late.poll().value().error(), "late");
    EXPECT_EQ(waiting.clones_alive() + closed.clones_alive(), 0u);
}

TEST(Mpsc, close_lets_what_was_sent_through_and_waits_for_permits) {
    auto [tx, rx] = mpsc::channel<int>(3);
    EXPECT_TRUE(tx.try_send(1).has_value());
    std::optional used(tx.try_reserve().value());
    std::optional unused(tx.try_reserve().value());
    rx.close();
    EXPECT_TRUE(tx.try_send(2).error().is_closed());
    EXPECT_EQ(tx.try_reserve().error(), mpsc::TryReserveError::closed);
    Harness first(rx.recv());
    EXPECT_EQ(first.poll().value(), 1);
    Harness second(rx.recv());
    EXPECT_TRUE(second.poll().is_pending());
    std::move(*used).send(7);
    EXPECT_EQ(second.take_wakes(), 1u);
    EXPECT_EQ(second.poll().value(), 7);
    Harness third(rx.recv());
    EXPECT_TRUE(third.poll().is_pending());
    unused.reset();
    EXPECT_EQ(third.take_wakes(), 1u);
    EXPECT_FALSE(third.poll().value().has_value());
}

TEST(Mpsc, a_permit_keeps_room_and_gives_it_back) {
    auto [tx, rx] = mpsc::channel<int>(1);
    std::optional permit(tx.try_reserve().value());
    EXPECT_EQ(tx.try_reserve().error(), mpsc::TryReserveError::full);
    Harness reserve(tx.reserve());
    EXPECT_TRUE(reserve.poll().is_pending());
    permit.reset();
    EXPECT_EQ(reserve.take_wakes(), 1u);
    auto second = reserve.poll().value();
    ASSERT_TRUE(second.has_value());
    EXPECT_EQ(rx.try_recv().error(), TryRecvError::empty);
    std::move(*second).send(3);
    EXPECT_EQ(rx.try_recv().value(), 3);
}

TEST(Mpsc, messages_of_many_blocks_pass) {
    auto [tx, rx] = mpsc::unbounded_channel<int>();
    int next = 0;
    for (int round = 0; round < 50; ++round) {
        for (int i = 0; i < 37 * round; ++i) EXPECT_TRUE(tx.send(next + i).has_value());
        for (int i = 0; i < 37 * round; ++i) ASSERT_EQ(rx.try_recv().value(), next + i);
        next += 37 * round;
        EXPECT_EQ(rx.try_recv().error(), TryRecvError::empty);
    }
}

TEST(Mpsc, recv_many_takes_what_is_there) {
    auto [tx, rx] = mpsc::channel<int>(100);
    std::vector<int> got{-1};
    Harness first(rx.recv_many(got, 10));
    EXPECT_TRUE(first.poll().is_pending());
    for (int i = 0; i < 70; ++i) EXPECT_TRUE(tx.try_send(i).has_value());
    EXPECT_EQ(first.take_wakes(), 1u);
    EXPECT_EQ(first.poll().value(), 10u);
    EXPECT_EQ(tx.capacity(), 40u);
    Harness second(rx.recv_many(got, 100));
    EXPECT_EQ(second.poll().value(), 60u);
    EXPECT_EQ(got.size(), 71u);
    for (int i = 0; i < 70; ++i) EXPECT_EQ(got[i + 1], i);
    EXPECT_EQ(tx.capacity(), 100u);
    Harness none(rx.recv_many(got, 0));
    EXPECT_EQ(none.poll().value(), 0u);
}

TEST(Mpsc, what_was_not_received_is_destroyed_with_the_receiver) {
    int alive = 0;
    auto [tx, rx] = mpsc::unbounded_channel<Alive>();
    std::optional permit_channel(mpsc::channel<Alive>(2));
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(tx.send(Alive(alive)).has_value());
    auto permit = permit_channel->first.try_reserve();
    EXPECT_TRUE(permit_channel->first.try_send(Alive(alive)).has_value());
    EXPECT_EQ(alive, 101);
    { auto gone = std::move(rx); }
    EXPECT_EQ(alive, 1);
    { auto gone = std::move(permit_channel->second); }
    EXPECT_EQ(alive, 0);
    std::move(*permit).send(Alive(alive));
    EXPECT_EQ(alive, 1) << "nobody will read it; it goes with the channel";
    permit_channel.reset();
    EXPECT_EQ(alive, 0);
}

TEST(Mpsc, a_recv_that_is_dropped_takes_nothing) {
    for (const bool woken : {false, true}) {
        auto [tx, rx] = mpsc::channel<int>(2);
        Harness first(rx.recv());
        EXPECT_TRUE(first.poll().is_pending());
        if (woken) {
            EXPECT_TRUE(tx.try_send(1).has_value());
        }
        first.drop();
        EXPECT_EQ(first.clones_alive(), 0u);
        if (!woken) {
            EXPECT_TRUE(tx.try_send(1).has_value());
        }
        EXPECT_EQ(first.take_wakes(), woken ? 1u : 0u);
        Harness second(rx.recv());
        EXPECT_EQ(second.poll().value(), 1);
    }
}

TEST(Mpsc, another_waker_replaces_the_one_before) {
    auto [tx, rx] = mpsc::channel<int>(2);
    CountingWaker first, second;
    rouse::Context with_first(first.waker()), with_second(second.waker());
    auto recv = rx.recv();
    EXPECT_TRUE(recv.poll(with_first).is_pending());
    EXPECT_TRUE(recv.poll(with_second).is_pending());
    EXPECT_EQ(first.clones_alive(), 0u);
    EXPECT_EQ(second.clones_alive(), 1u);
    EXPECT_TRUE(tx.try_send(1).has_value());
    EXPECT_EQ(first.wakes(), 0u);
    EXPECT_EQ(second.wakes(), 1u);
    EXPECT_EQ(recv.poll(with_first).value(), 1);
}

TEST(Mpsc, a_receiver_that_is_polled_again_while_it_sleeps_is_woken_by_the_next_message) {
    auto [tx, rx] = mpsc::channel<int>(2);
    Harness recv(rx.recv());
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(recv.poll().is_pending());
    EXPECT_EQ(recv.clones_alive(), 1u);
    EXPECT_TRUE(tx.try_send(1).has_value());
    EXPECT_EQ(recv.take_wakes(), 1u);
    EXPECT_EQ(recv.poll().value(), 1);

    CountingWaker first, second;
    rouse::Context with_first(first.waker()), with_second(second.waker());
    EXPECT_TRUE(rx.poll_recv(with_first).is_pending());
    EXPECT_TRUE(tx.try_send(2).has_value());
    EXPECT_EQ(rx.poll_recv(with_first).value(), 2);
    EXPECT_TRUE(rx.poll_recv(with_first).is_pending()) << "it sleeps anew, by the same waker";
    EXPECT_TRUE(rx.poll_recv(with_second).is_pending());
    EXPECT_TRUE(rx.poll_recv(with_first).is_pending());
    EXPECT_EQ(first.clones_alive(), 1u);
    EXPECT_EQ(second.clones_alive(), 0u);
    EXPECT_TRUE(tx.try_send(3).has_value());
    EXPECT_EQ(first.wakes(), 2u);
    EXPECT_EQ(second.wakes(), 0u);
}

TEST(Mpsc, a_receiver_that_is_polled_by_hand) {
    auto [tx, rx] = mpsc::channel<int>(2);
    CountingWaker waker;
    rouse::Context cx(waker.waker());
    EXPECT_TRUE(rx.poll_recv(cx).is_pending());
    EXPECT_TRUE(tx.try_send(4).has_value());
    EXPECT_EQ(waker.wakes(), 1u);
    EXPECT_EQ(rx.poll_recv(cx).value(), 4);
    EXPECT_TRUE(rx.poll_recv(cx).is_pending());
    { auto gone = std::move(rx); }
    EXPECT_EQ(waker.clones_alive(), 0u);
}

TEST(Mpsc, a_move_only_message) {
    auto [tx, rx] = mpsc::channel<std::unique_ptr<int>>(2);
    auto send = [&]() -> Task<> {
        auto sent = co_await tx.send(std::make_unique<int>(3));
        EXPECT_TRUE(sent.has_value());
    };
    rouse::block_on(send());
    EXPECT_EQ(**rx.try_recv(), 3);
}

TEST(Mpsc, between_tasks_of_a_runtime) {
    rouse::run([]() -> Task<> {
        auto [tx, rx] = mpsc::channel<int>(2);
        auto produce = [](mpsc::Sender<int> to, int from) -> Task<> {
            for (int i = 0; i < 100; ++i) {
                auto sent = co_await to.send(from + i);
                EXPECT_TRUE(sent.has_value());
            }
        };
        for (int i = 0; i < 4; ++i) rouse::spawn(produce, tx, i * 100).detach();
        { auto gone = std::move(tx); }
        int sum = 0;
        while (auto message = co_await rx.recv()) sum += *message;
        EXPECT_EQ(sum, 399 * 400 / 2);
    });
}

} // namespace
