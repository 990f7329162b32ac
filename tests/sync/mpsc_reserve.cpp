// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Room that is kept for messages to come: several places at once, and permits that own their sender.

#include <rouse/sync/mpsc.hpp>
#include <rouse/testing/harness.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <utility>

namespace {

namespace mpsc = rouse::mpsc;
using rouse::testing::Harness;

TEST(MpscReserve, an_owned_permit_sends_and_gives_its_sender_back) {
    auto [tx, rx] = mpsc::channel<int>(1);
    std::optional<mpsc::OwnedPermit<int>> kept;
    {
        Harness reserve(std::move(tx).reserve_owned());
        kept.emplace(std::move(*reserve.poll().value()));
    }
    EXPECT_EQ(rx.sender_strong_count(), 1u);
    auto sender = std::move(*kept).send(7);
    EXPECT_EQ(rx.try_recv().value(), 7);
    EXPECT_EQ(sender.strong_count(), 1u);
    auto again = sender.try_reserve_owned();
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(sender.capacity(), 0u);
    EXPECT_TRUE(again->same_channel(*again));
    auto back = std::move(*again).release();
    EXPECT_EQ(back.capacity(), 1u);
    EXPECT_EQ(rx.sender_strong_count(), 2u);
}

TEST(MpscReserve, an_owned_permit_that_is_dropped_gives_its_room_back_and_its_sender_up) {
    auto [tx, rx] = mpsc::channel<int>(2);
    {
        auto first = tx.try_reserve_owned(), second = tx.try_reserve_owned();
        EXPECT_EQ(tx.try_reserve_owned().error(), mpsc::TryReserveError::full);
        *first = std::move(*second);
        EXPECT_EQ(tx.capacity(), 1u);
    }
    EXPECT_EQ(tx.capacity(), 2u);
    EXPECT_EQ(tx.strong_count(), 1u);
    rx.close();
    EXPECT_EQ(tx.try_reserve_owned().error(), mpsc::TryReserveError::closed);
}

TEST(MpscReserve, try_reserve_owned_without_room_leaves_the_sender_where_it_was) {
    auto [tx, rx] = mpsc::channel<int>(1);
    auto permit = tx.try_reserve();
    EXPECT_FALSE(std::move(tx).try_reserve_owned().has_value());
    EXPECT_EQ(tx.strong_count(), 1u);
    std::move(*permit).send(1);
    EXPECT_EQ(rx.try_recv().value(), 1);
    EXPECT_TRUE(std::move(tx).try_reserve_owned().has_value());
    EXPECT_EQ(rx.try_recv().error(), mpsc::TryRecvError::disconnected);
}

TEST(MpscReserve, an_owned_reserve_keeps_the_channel_open_and_is_told_of_its_close) {
    auto [tx, rx] = mpsc::channel<int>(1);
    EXPECT_TRUE(tx.try_send(1).has_value());
    Harness reserve(std::move(tx).reserve_owned());
    EXPECT_TRUE(reserve.poll().is_pending());
    EXPECT_EQ(reserve.clones_alive(), 1u);
    EXPECT_EQ(rx.try_recv().value(), 1);
    EXPECT_EQ(rx.try_recv().error(), mpsc::TryRecvError::empty) << "there is a sender";
    EXPECT_EQ(reserve.take_wakes(), 1u);
    rx.close();
    EXPECT_EQ(reserve.poll().value().error(), mpsc::ReserveError::closed);
    EXPECT_EQ(reserve.clones_alive(), 0u);
    EXPECT_EQ(rx.try_recv().error(), mpsc::TryRecvError::disconnected);
}

TEST(MpscReserve, several_places_are_sent_to_one_by_one_and_the_rest_is_given_back) {
    auto [tx, rx] = mpsc::channel<int>(4);
    {
        Harness reserve(tx.reserve_many(3));
        auto permits = std::move(*reserve.poll().value());
        EXPECT_EQ(permits.len(), 3u);
        EXPECT_EQ(tx.capacity(), 1u);
        permits.send(1);
        auto one = permits.next();
        ASSERT_TRUE(one.has_value());
        std::move(*one).send(2);
        EXPECT_EQ(permits.len(), 1u);
    }
    EXPECT_EQ(tx.capacity(), 2u);
    EXPECT_EQ(rx.try_recv().value(), 1);
    EXPECT_EQ(rx.try_recv().value(), 2);
    EXPECT_EQ(tx.capacity(), 4u);
}

TEST(MpscReserve, several_places_are_waited_for_and_not_overtaken) {
    auto [tx, rx] = mpsc::channel<int>(2);
    EXPECT_TRUE(tx.try_send(0).has_value());
    Harness many(tx.reserve_many(2));
    EXPECT_TRUE(many.poll().is_pending());
    EXPECT_FALSE(tx.try_reserve().has_value()) << "it collects";
    many.drop();
    EXPECT_EQ(tx.capacity(), 1u) << "what it had collected";
    Harness again(tx.reserve_many(2));
    EXPECT_TRUE(again.poll().is_pending());
    EXPECT_EQ(rx.try_recv().value(), 0);
    EXPECT_EQ(again.take_wakes(), 1u);
    EXPECT_EQ(again.poll().value()->len(), 2u);
}

TEST(MpscReserve, try_reserve_many_has_all_or_nothing) {
    auto [tx, rx] = mpsc::channel<int>(2);
    EXPECT_EQ(tx.try_reserve_many(3).error(), mpsc::TryReserveError::full);
    EXPECT_EQ(tx.try_reserve_many(0)->len(), 0u);
    {
        auto both = tx.try_reserve_many(2);
        EXPECT_EQ(both->len(), 2u);
        EXPECT_EQ(tx.try_reserve_many(1).error(), mpsc::TryReserveError::full);
        auto moved = std::move(*both);
        EXPECT_TRUE(both->is_empty());
        EXPECT_FALSE(both->next().has_value());
    }
    EXPECT_EQ(tx.capacity(), 2u);
    rx.close();
    EXPECT_EQ(tx.try_reserve_many(1).error(), mpsc::TryReserveError::closed);
}

TEST(MpscReserve, messages_of_permits_are_received_after_a_close) {
    auto [tx, rx] = mpsc::channel<int>(3);
    auto permits = tx.try_reserve_many(2);
    rx.close();
    EXPECT_EQ(rx.try_recv().error(), mpsc::TryRecvError::empty) << "they may come";
    permits->send(1);
    EXPECT_EQ(rx.try_recv().value(), 1);
    Harness recv(rx.recv());
    EXPECT_TRUE(recv.poll().is_pending());
    { auto gone = std::move(*permits); }
    EXPECT_EQ(recv.take_wakes(), 1u);
    EXPECT_FALSE(recv.poll().value().has_value());
}

TEST(MpscReserveDeathTest, more_than_there_is_room_or_was_reserved_stops) {
    auto [tx, rx] = mpsc::channel<int>(2);
    EXPECT_DEATH((void)tx.reserve_many(3), "reserve_many of more than the channel has room for");
    auto one = tx.try_reserve_many(1);
    one->send(1);
    EXPECT_DEATH(one->send(2), "more was sent than was reserved");
}

} // namespace
