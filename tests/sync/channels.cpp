// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/sync/broadcast.hpp>
#include <rouse/sync/mpmc.hpp>
#include <rouse/sync/watch.hpp>
#include <rouse/testing/harness.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

namespace {

namespace broadcast = rouse::broadcast;
namespace mpmc = rouse::mpmc;
namespace watch = rouse::watch;
using rouse::testing::Harness;

TEST(Watch, a_receiver_sees_the_latest_value) {
    auto [tx, rx] = watch::channel(1);
    EXPECT_EQ(*rx.borrow(), 1);
    EXPECT_FALSE(rx.has_changed().value());
    Harness changed(rx.changed());
    EXPECT_TRUE(changed.poll().is_pending());
    EXPECT_TRUE(tx.send(2).has_value());
    EXPECT_TRUE(tx.send(3).has_value());
    EXPECT_EQ(changed.take_wakes(), 1u);
    EXPECT_EQ(changed.clones_alive(), 0u);
    EXPECT_TRUE(changed.poll().value().has_value());
    EXPECT_EQ(*rx.borrow(), 3);
    EXPECT_FALSE(rx.has_changed().value()) << "it was seen";
    Harness again(rx.changed());
    EXPECT_TRUE(again.poll().is_pending());
}

TEST(Watch, a_changed_that_is_dropped_has_seen_nothing) {
    auto [tx, rx] = watch::channel(1);
    Harness first(rx.changed());
    EXPECT_TRUE(first.poll().is_pending());
    EXPECT_TRUE(tx.send(2).has_value());
    first.drop();
    EXPECT_TRUE(rx.has_changed().value());
    Harness second(rx.changed());
    EXPECT_TRUE(second.poll().is_ready());
}

TEST(Watch, a_changed_whose_value_was_seen_before_its_poll_waits_for_the_next) {
    auto [tx, rx] = watch::channel(1);
    std::optional sender(std::move(tx));
    Harness changed(rx.changed());
    EXPECT_TRUE(changed.poll().is_pending());
    EXPECT_TRUE(sender->send(2).has_value());
    EXPECT_EQ(changed.take_wakes(), 1u);
    EXPECT_EQ(*rx.borrow_and_update(), 2);
    EXPECT_TRUE(changed.poll().is_pending()) << "the sender is still there";
    EXPECT_EQ(changed.clones_alive(), 1u);
    EXPECT_TRUE(sender->send(3).has_value());
    EXPECT_EQ(changed.take_wakes(), 1u);
    EXPECT_EQ(*rx.borrow_and_update(), 3);
    sender.reset();
    EXPECT_EQ(changed.poll().value().error(), watch::RecvError::closed);
}

TEST(Broadcast, a_recv_whose_message_was_taken_before_its_poll_waits_for_the_next) {
    auto [tx, rx] = broadcast::channel<int>(4);
    Harness recv(rx.recv());
    EXPECT_TRUE(recv.poll().is_pending());
    EXPECT_TRUE(tx.send(1).has_value());
    EXPECT_EQ(rx.try_recv()->value(), 1);
    EXPECT_TRUE(recv.poll().is_pending());
    EXPECT_TRUE(tx.send(2).has_value());
    EXPECT_EQ(recv.take_wakes(), 2u);
    EXPECT_EQ(recv.poll().value().value(), 2);
}

/// A message whose copies and moves throw when its number is that of the fault.
class Fragile {
public:
    explicit Fragile(int number) : number(number) {}
    Fragile(const Fragile& other) : number(checked(other.number, copy_fault)) {}
    Fragile(Fragile&& other) : number(checked(other.number, move_fault)) {}
    Fragile& operator=(Fragile&& other) {
        number = checked(other.number, move_fault);
        return *this;
    }
    ~Fragile() { number = -1; }
    int number;
    static inline int copy_fault = 0;
    static inline int move_fault = 0;

private:
    static int checked(int number, int fault) {
        if (number == fault) throw std::runtime_error("a copy or a move failed");
        return number;
    }
};

TEST(Broadcast, a_message_whose_copy_throws_is_still_there) {
    auto [tx, rx] = broadcast::channel<Fragile>(2);
    EXPECT_TRUE(tx.send(Fragile(1)).has_value());
    Fragile::copy_fault = 1;
    EXPECT_THROW((void)rx.try_recv(), std::runtime_error);
    Fragile::copy_fault = 0;
    EXPECT_EQ(rx.len(), 1u);
    EXPECT_EQ(rx.try_recv()->value().number, 1);
}

TEST(Broadcast, a_message_whose_move_throws_leaves_no_hole) {
    auto [tx, rx] = broadcast::channel<Fragile>(1);
    EXPECT_TRUE(tx.send(Fragile(1)).has_value());
    Fragile::move_fault = 2;
    EXPECT_THROW((void)tx.send(Fragile(2)), std::runtime_error);
    Fragile::move_fault = 0;
    EXPECT_EQ(rx.try_recv()->error().missed(), 1u) << "its place was being written over";
    EXPECT_FALSE(rx.try_recv().has_value());
    EXPECT_TRUE(tx.send(Fragile(3)).has_value());
    EXPECT_EQ(rx.try_recv()->value().number, 3);
}

TEST(Broadcast, a_message_that_cannot_be_moved_out_is_not_read) {
    auto [tx, rx] = broadcast::channel<Fragile>(2);
    std::optional receiver(std::move(rx));
    EXPECT_TRUE(tx.send(Fragile(1)).has_value());
    EXPECT_TRUE(tx.send(Fragile(2)).has_value());
    Fragile::move_fault = 1;
    EXPECT_THROW((void)receiver->try_recv(), std::runtime_error);
    EXPECT_EQ(receiver->len(), 2u);
    Fragile::move_fault = 0;
    EXPECT_EQ(receiver->try_recv()->value().number, 1);
    Fragile::move_fault = 2;
    receiver.reset();
    Fragile::move_fault = 0;
    auto late = tx.subscribe();
    for (int i = 3; i < 5; ++i) EXPECT_TRUE(tx.send(Fragile(i)).has_value());
    for (int i = 3; i < 5; ++i) EXPECT_EQ(late.try_recv()->value().number, i);
}

TEST(Watch, the_end_of_the_sender_is_told_after_the_last_value) {
    auto [tx, rx] = watch::channel(1);
    std::optional sender(std::move(tx));
    Harness waiting(rx.changed());
    EXPECT_TRUE(waiting.poll().is_pending());
    EXPECT_TRUE(sender->send(2).has_value());
    sender.reset();
    EXPECT_TRUE(waiting.poll().value().has_value());
    for (int i = 0; i < 2; ++i) {
        Harness ended(rx.changed());
        EXPECT_EQ(ended.poll().value().error(), watch::RecvError::closed);
    }
    EXPECT_EQ(*rx.borrow(), 2);
    EXPECT_EQ(rx.has_changed().error(), watch::RecvError::closed);
}

TEST(Watch, the_end_of_the_sender_wakes) {
    auto [tx, rx] = watch::channel(1);
    std::optional sender(std::move(tx));
    Harness waiting(rx.changed());
    EXPECT_TRUE(waiting.poll().is_pending());
    sender.reset();
    EXPECT_EQ(waiting.take_wakes(), 1u);
    EXPECT_FALSE(waiting.poll().value().has_value());
}

TEST(Watch, a_sender_without_receivers_gets_its_value_back) {
    auto [tx, rx] = watch::channel(std::string("a"));
    std::optional receiver(std::move(rx));
    std::optional copy(*receiver);
    Harness closed(tx.closed());
    receiver.reset();
    EXPECT_TRUE(closed.poll().is_pending());
    EXPECT_EQ(tx.receiver_count(), 1u);
    copy.reset();
    EXPECT_EQ(closed.take_wakes(), 1u);
    EXPECT_TRUE(closed.poll().is_ready());
    EXPECT_TRUE(tx.is_closed());
    EXPECT_EQ(tx.send("b").error(), "b");
    EXPECT_EQ(tx.send_replace("c"), "a");
    auto late = tx.subscribe();
    EXPECT_EQ(*late.borrow_and_update(), "c");
    EXPECT_FALSE(late.has_changed().value());
}

TEST(Watch, a_sender_that_is_assigned_to_itself_is_still_there) {
    auto [tx, rx] = watch::channel(1);
    auto& same = tx;
    tx = std::move(same);
    EXPECT_TRUE(tx.send(2).has_value());
    EXPECT_TRUE(rx.has_changed().value());
    auto [other, ended] = watch::channel(3);
    other = std::move(tx);
    EXPECT_EQ(ended.has_changed().error(), watch::RecvError::closed) << "what was there before is dropped";
    EXPECT_TRUE(other.send(4).has_value());
    EXPECT_EQ(*rx.borrow_and_update(), 4);
}

TEST(Watch, a_change_in_place_tells_if_it_says_so) {
    auto [tx, rx] = watch::channel(1);
    EXPECT_FALSE(tx.send_if_modified([](int&) { return false; }));
    EXPECT_FALSE(rx.has_changed().value());
    tx.send_modify([](int& value) { value += 5; });
    EXPECT_TRUE(rx.has_changed().value());
    EXPECT_EQ(*rx.borrow_and_update(), 6);
    EXPECT_FALSE(rx.has_changed().value());
    rx.mark_changed();
    EXPECT_TRUE(rx.has_changed().value());
}

TEST(Watch, is_borrowed_many_times_on_a_thread_also_while_somebody_waits_to_send) {
    auto [tx, rx] = watch::channel(1);
    std::optional first(rx.borrow()); // moved, too
    std::thread sends([&] { EXPECT_TRUE(tx.send(2).has_value()); });
    for (int i = 0; i < 100; ++i) {
        const auto second = rx.borrow();
        EXPECT_EQ(*second + **first, 2);
        std::this_thread::yield();
    }
    first.reset();
    sends.join();
    EXPECT_EQ(*rx.borrow(), 2);
}

TEST(WatchDeath, who_would_wait_for_himself_is_told) {
    auto [tx, rx] = watch::channel(1);
    EXPECT_DEATH(
        {
            const auto held = rx.borrow();
            (void)tx.send(2);
        },
        "a watch is sent to on a thread that is borrowing its value");
    EXPECT_DEATH(tx.send_modify([&](int& value) { value = *rx.borrow(); }), "borrowed within a change");
    EXPECT_DEATH(tx.send_modify([&](int&) { (void)tx.send(3); }), "sent to within a change");
}

TEST(Broadcast, everybody_gets_what_is_sent_after_he_came) {
    auto [tx, first] = broadcast::channel<int>(4);
    EXPECT_EQ(tx.send(1).value(), 1u);
    auto second = tx.subscribe();
    EXPECT_EQ(tx.send(2).value(), 2u);
    EXPECT_EQ(first.try_recv()->value(), 1);
    EXPECT_EQ(first.try_recv()->value(), 2);
    EXPECT_FALSE(first.try_recv().has_value());
    EXPECT_EQ(second.try_recv()->value(), 2);
    Harness one(first.recv()), two(second.recv());
    EXPECT_TRUE(one.poll().is_pending());
    EXPECT_TRUE(two.poll().is_pending());
    EXPECT_EQ(tx.send(3).value(), 2u);
    EXPECT_EQ(one.take_wakes(), 1u);
    EXPECT_EQ(two.take_wakes(), 1u);
    EXPECT_EQ(one.poll().value(), 3);
    EXPECT_EQ(two.poll().value(), 3);
    EXPECT_EQ(one.clones_alive() + two.clones_alive(), 0u);
}

TEST(Broadcast, who_is_too_slow_is_told_how_many_he_missed) {
    auto [tx, rx] = broadcast::channel<int>(3);
    for (int i = 0; i < 8; ++i) EXPECT_TRUE(tx.send(i).has_value());
    EXPECT_EQ(rx.len(), 8u);
    Harness lagged(rx.recv());
    auto got = lagged.poll().value();
    EXPECT_TRUE(got.error().is_lagged());
    EXPECT_EQ(got.error().missed(), 5u);
    for (int i = 5; i < 8; ++i) EXPECT_EQ(rx.try_recv()->value(), i);
    EXPECT_FALSE(rx.try_recv().has_value());
}

TEST(Broadcast, a_recv_that_is_dropped_takes_nothing) {
    auto [tx, rx] = broadcast::channel<int>(3);
    Harness first(rx.recv());
    EXPECT_TRUE(first.poll().is_pending());
    EXPECT_TRUE(tx.send(1).has_value());
    first.drop();
    EXPECT_EQ(rx.try_recv()->value(), 1);
}

TEST(Broadcast, the_end_of_the_senders_comes_after_their_messages) {
    auto [tx, rx] = broadcast::channel<int>(3);
    std::optional sender(std::move(tx));
    std::optional copy(*sender);
    EXPECT_TRUE(sender->send(1).has_value());
    sender.reset();
    EXPECT_EQ(rx.try_recv()->value(), 1);
    Harness waiting(rx.recv());
    EXPECT_TRUE(waiting.poll().is_pending());
    copy.reset();
    EXPECT_EQ(waiting.take_wakes(), 1u);
    EXPECT_TRUE(waiting.poll().value().error().is_closed());
}

TEST(Broadcast, without_receivers_a_message_comes_back) {
    auto [tx, rx] = broadcast::channel<std::string>(3);
    { auto gone = std::move(rx); }
    EXPECT_EQ(tx.send("back").error(), "back");
    auto late = tx.subscribe();
    EXPECT_EQ(tx.send("x").value(), 1u);
    EXPECT_EQ(late.try_recv()->value(), "x");
}

using Shared = std::shared_ptr<int>;
using WeakMessage = std::weak_ptr<int>;

/// Sends a number, and looks at whether it is still there.
WeakMessage send_number(const broadcast::Sender<Shared>& tx, int number) {
    auto message = std::make_shared<int>(number);
    const WeakMessage weak = message;
    auto sender = tx;
    EXPECT_TRUE(sender.send(std::move(message)).has_value());
    return weak;
}

TEST(Broadcast, a_message_is_gone_when_all_have_read_it) {
    auto [tx, first] = broadcast::channel<Shared>(4);
    auto second = tx.subscribe();
    const WeakMessage message = send_number(tx, 1);
    auto late = tx.subscribe();
    EXPECT_EQ(*first.try_recv()->value(), 1);
    EXPECT_FALSE(message.expired());
    {
        Harness recv(second.recv());
        const auto got = recv.poll().value();
        EXPECT_EQ(got.value().use_count(), 1) << "it is not for who came later";
    }
    EXPECT_TRUE(message.expired());
    EXPECT_TRUE(first.is_empty() && second.is_empty() && late.is_empty());
    EXPECT_FALSE(first.try_recv().has_value());
    EXPECT_FALSE(late.try_recv().has_value());
}

TEST(Broadcast, who_is_dropped_gives_up_what_he_has_not_read) {
    auto [tx, first] = broadcast::channel<Shared>(4);
    std::optional one(std::move(first)), two(tx.subscribe());
    const WeakMessage read = send_number(tx, 1), unread = send_number(tx, 2);
    EXPECT_EQ(*one->try_recv()->value(), 1);
    two.reset();
    EXPECT_TRUE(read.expired());
    EXPECT_FALSE(unread.expired());
    EXPECT_EQ(one->len(), 1u);
    one.reset();
    EXPECT_TRUE(unread.expired());
    auto late = tx.subscribe();
    const WeakMessage next = send_number(tx, 3);
    EXPECT_EQ(*late.try_recv()->value(), 3);
    EXPECT_TRUE(next.expired());
}

TEST(Broadcast, who_lost_messages_is_not_counted_at_those_in_their_places) {
    auto [tx, first] = broadcast::channel<Shared>(2);
    std::optional slow(tx.subscribe()), slower(tx.subscribe());
    WeakMessage sent[5];
    for (int i = 0; i < 5; ++i) {
        sent[i] = send_number(tx, i);
        EXPECT_EQ(*first.try_recv()->value(), i);
    }
    for (int i = 0; i < 5; ++i) EXPECT_EQ(sent[i].expired(), i < 3) << i;
    EXPECT_EQ(slow->try_recv()->error().missed(), 3u);
    EXPECT_EQ(*slow->try_recv()->value(), 3);
    EXPECT_FALSE(sent[3].expired());
    slower.reset();
    EXPECT_TRUE(sent[3].expired());
    EXPECT_FALSE(sent[4].expired());
    EXPECT_EQ(*slow->try_recv()->value(), 4);
    EXPECT_TRUE(sent[4].expired());
}

TEST(Broadcast, a_message_may_use_the_channel_when_it_ends) {
    auto [tx, first] = broadcast::channel<Shared>(1);
    std::optional unread(tx.subscribe());
    const auto last_words = [&](int* number) {
        delete number;
        EXPECT_EQ(tx.send(nullptr).value(), tx.receiver_count());
        EXPECT_EQ(tx.subscribe().len(), 0u);
    };
    EXPECT_EQ(tx.send(Shared(new int(1), last_words)).value(), 2u);
    EXPECT_EQ(*first.try_recv()->value(), 1);
    unread.reset();
    EXPECT_EQ(first.try_recv()->value(), nullptr);
    EXPECT_EQ(tx.send(Shared(new int(2), last_words)).value(), 1u);
    EXPECT_EQ(*first.try_recv()->value(), 2);
    EXPECT_EQ(first.try_recv()->value(), nullptr);
    EXPECT_TRUE(first.is_empty());
}

TEST(Broadcast, a_receiver_that_is_assigned_to_itself_is_still_there) {
    auto [tx, rx] = broadcast::channel<int>(2);
    EXPECT_EQ(tx.send(1).value(), 1u);
    auto& same = rx;
    rx = std::move(same);
    EXPECT_EQ(tx.receiver_count(), 1u);
    EXPECT_EQ(rx.try_recv()->value(), 1);
    auto other = tx.subscribe();
    EXPECT_EQ(tx.send(2).value(), 2u);
    other = std::move(rx);
    EXPECT_EQ(tx.receiver_count(), 1u) << "what was there before is dropped";
    EXPECT_EQ(other.try_recv()->value(), 2);
}

TEST(Mpmc, each_message_goes_to_one_of_the_receivers_in_their_order) {
    auto [tx, first] = mpmc::channel<int>(4);
    auto second = first;
    Harness one(first.recv()), two(second.recv());
    EXPECT_TRUE(two.poll().is_pending());
    EXPECT_TRUE(one.poll().is_pending());
    EXPECT_TRUE(tx.try_send(1).has_value());
    EXPECT_EQ(two.take_wakes(), 1u);
    EXPECT_EQ(one.wakes(), 0u);
    EXPECT_EQ(first.try_recv().error(), mpmc::TryRecvError::empty) << "it is the second one's";
    EXPECT_TRUE(tx.try_send(2).has_value());
    EXPECT_EQ(two.poll().value(), 1);
    EXPECT_EQ(one.poll().value(), 2);
}

TEST(Mpmc, a_message_that_was_not_seen_goes_to_the_next) {
    auto [tx, rx] = mpmc::channel<int>(4);
    Harness one(rx.recv()), two(rx.recv());
    EXPECT_TRUE(one.poll().is_pending());
    EXPECT_TRUE(two.poll().is_pending());
    EXPECT_TRUE(tx.try_send(1).has_value());
    one.drop();
    EXPECT_EQ(two.take_wakes(), 1u);
    EXPECT_EQ(two.poll().value(), 1);
}

TEST(Mpmc, a_full_channel_makes_senders_wait) {
    auto [tx, rx] = mpmc::channel<int>(1);
    EXPECT_TRUE(tx.try_send(1).has_value());
    EXPECT_TRUE(tx.try_send(2).error().is_full());
    Harness send(tx.send(2));
    EXPECT_TRUE(send.poll().is_pending());
    EXPECT_EQ(rx.try_recv().value(), 1);
    EXPECT_EQ(send.take_wakes(), 1u);
    EXPECT_TRUE(send.poll().value().has_value());
    EXPECT_EQ(rx.try_recv().value(), 2);
}

TEST(Mpmc, what_was_sent_is_received_after_the_end_of_the_senders) {
    auto [tx, rx] = mpmc::unbounded_channel<int>();
    std::optional sender(std::move(tx));
    for (int i = 0; i < 3; ++i) {
        Harness send(sender->send(i));
        EXPECT_TRUE(send.poll().value().has_value());
    }
    sender.reset();
    for (int i = 0; i < 3; ++i) {
        Harness recv(rx.recv());
        EXPECT_EQ(recv.poll().value(), i);
    }
    Harness ended(rx.recv());
    EXPECT_FALSE(ended.poll().value().has_value());
    EXPECT_EQ(rx.try_recv().error(), mpmc::TryRecvError::disconnected);
}

TEST(Mpmc, its_end_wakes_both_sides) {
    auto [tx, rx] = mpmc::channel<int>(1);
    std::optional receiver(std::move(rx));
    EXPECT_TRUE(tx.try_send(1).has_value());
    Harness send(tx.send(2));
    EXPECT_TRUE(send.poll().is_pending());
    receiver.reset();
    EXPECT_EQ(send.take_wakes(), 1u);
    EXPECT_EQ(send.poll().value().error(), 2);
    EXPECT_TRUE(tx.is_closed());
    EXPECT_TRUE(tx.try_send(3).error().is_closed());

    auto [other, waits] = mpmc::channel<int>(1);
    std::optional last(std::move(other));
    Harness recv(waits.recv());
    EXPECT_TRUE(recv.poll().is_pending());
    last.reset();
    EXPECT_EQ(recv.take_wakes(), 1u);
    EXPECT_FALSE(recv.poll().value().has_value());
}

} // namespace
