// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/core/block_on.hpp>
#include <rouse/runtime/runtime.hpp>
#include <rouse/sync/oneshot.hpp>
#include <rouse/task/task.hpp>
#include <rouse/task/yield_now.hpp>
#include <rouse/testing/harness.hpp>

#include "support/drop_log.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

namespace {

namespace oneshot = rouse::oneshot;
using oneshot::RecvError;
using rouse::Task;
using rouse::testing::CountingWaker;
using rouse::testing::Harness;
using rouse_test::Alive;

/// A channel whose receiver is polled by hand, and whose sender can be dropped.
template <class T>
class Ends {
public:
    Ends() : Ends(oneshot::channel<T>()) {}
    void drop_sender() { sender.reset(); }
    template <class... Args>
    auto send(Args&&... args) {
        return std::move(*sender).send(std::forward<Args>(args)...);
    }
    std::optional<oneshot::Sender<T>> sender;
    Harness<oneshot::Receiver<T>> receiver;

private:
    explicit Ends(std::pair<oneshot::Sender<T>, oneshot::Receiver<T>> ends)
        : sender(std::move(ends.first)), receiver(std::move(ends.second)) {}
};

TEST(Oneshot, send_before_the_first_poll) {
    Ends<int> ends;
    EXPECT_TRUE(ends.send(7).has_value());
    auto poll = ends.receiver.poll();
    ASSERT_TRUE(poll.is_ready());
    EXPECT_EQ(poll.value(), 7);
    EXPECT_EQ(ends.receiver.wakes(), 0u);
    EXPECT_EQ(ends.receiver.clones_alive(), 0u);
}

TEST(Oneshot, poll_then_send) {
    Ends<int> ends;
    EXPECT_TRUE(ends.receiver.poll().is_pending());
    EXPECT_EQ(ends.receiver.clones_alive(), 1u);
    EXPECT_TRUE(ends.send(7).has_value());
    EXPECT_EQ(ends.receiver.take_wakes(), 1u);
    EXPECT_EQ(ends.receiver.clones_alive(), 0u);
    EXPECT_EQ(ends.receiver.poll().value(), 7);
    EXPECT_EQ(ends.receiver.clones_alive(), 0u);
}

TEST(Oneshot, drop_of_the_sender_before_the_first_poll) {
    Ends<int> ends;
    ends.drop_sender();
    EXPECT_EQ(ends.receiver.poll().value().error(), RecvError::closed);
    EXPECT_EQ(ends.receiver.wakes(), 0u);
    EXPECT_EQ(ends.receiver.clones_alive(), 0u);
}

TEST(Oneshot, poll_then_drop_of_the_sender) {
    Ends<int> ends;
    EXPECT_TRUE(ends.receiver.poll().is_pending());
    ends.drop_sender();
    EXPECT_EQ(ends.receiver.take_wakes(), 1u);
    EXPECT_EQ(ends.receiver.clones_alive(), 0u);
    EXPECT_EQ(ends.receiver.poll().value().error(), RecvError::closed);
}

TEST(Oneshot, drop_of_the_receiver_before_the_first_poll) {
    Ends<std::string> ends;
    EXPECT_FALSE(ends.sender->is_closed());
    ends.receiver.drop();
    EXPECT_TRUE(ends.sender->is_closed());
    EXPECT_EQ(ends.send("back").error(), "back");
}

TEST(Oneshot, poll_then_drop_of_the_receiver) {
    Ends<std::string> ends;
    EXPECT_TRUE(ends.receiver.poll().is_pending());
    ends.receiver.drop();
    EXPECT_EQ(ends.receiver.clones_alive(), 0u);
    EXPECT_TRUE(ends.sender->is_closed());
    EXPECT_EQ(ends.send("back").error(), "back");
    EXPECT_EQ(ends.receiver.wakes(), 0u);
}

TEST(Oneshot, both_ends_dropped_in_either_order) {
    for (const bool sender_first : {true, false}) {
        for (const bool polled : {true, false}) {
            Ends<int> ends;
            if (polled) {
                EXPECT_TRUE(ends.receiver.poll().is_pending());
            }
            if (sender_first) ends.drop_sender();
            ends.receiver.drop();
            ends.drop_sender();
            EXPECT_EQ(ends.receiver.wakes(), sender_first && polled ? 1u : 0u);
            EXPECT_EQ(ends.receiver.clones_alive(), 0u);
        }
    }
}

TEST(Oneshot, a_value_that_nobody_took_is_destroyed_with_the_receiver) {
    for (const bool polled : {true, false}) {
        int alive = 0;
        Ends<Alive> ends;
        if (polled) {
            EXPECT_TRUE(ends.receiver.poll().is_pending());
        }
        EXPECT_TRUE(ends.send(Alive(alive)).has_value());
        EXPECT_EQ(alive, 1);
        ends.receiver.drop();
        EXPECT_EQ(alive, 0);
    }
}

TEST(Oneshot, a_value_that_was_taken_or_came_back_is_destroyed_once) {
    int alive = 0;
    {
        Ends<Alive> ends;
        EXPECT_TRUE(ends.send(Alive(alive)).has_value());
        auto poll = ends.receiver.poll();
        EXPECT_EQ(alive, 1) << "the poll's; the channel is gone";
        Ends<Alive> another;
        another.receiver.drop();
        auto back = another.send(Alive(alive));
        EXPECT_FALSE(back.has_value());
        EXPECT_EQ(alive, 2);
    }
    EXPECT_EQ(alive, 0);
}

TEST(Oneshot, another_waker_replaces_the_one_before) {
    CountingWaker first, second;
    auto [tx, rx] = oneshot::channel<int>();
    rouse::Context with_first(first.waker()), with_second(second.waker());
    EXPECT_TRUE(rx.poll(with_first).is_pending());
    EXPECT_TRUE(rx.poll(with_second).is_pending());
    EXPECT_EQ(first.clones_alive(), 0u);
    EXPECT_EQ(second.clones_alive(), 1u);
    EXPECT_TRUE(std::move(tx).send(1).has_value());
    EXPECT_EQ(first.wakes(), 0u);
    EXPECT_EQ(second.wakes(), 1u);
    EXPECT_EQ(rx.poll(with_first).value(), 1);
}

TEST(Oneshot, polls_with_the_same_waker_keep_one_clone) {
    Ends<int> ends;
    for (int i = 0; i < 10; ++i) EXPECT_TRUE(ends.receiver.poll().is_pending());
    EXPECT_EQ(ends.receiver.clones_alive(), 1u);
    ends.drop_sender();
    EXPECT_EQ(ends.receiver.wakes(), 1u);
}

TEST(Oneshot, try_recv_in_each_state) {
    {
        auto [tx, rx] = oneshot::channel<int>();
        EXPECT_FALSE(rx.try_recv().has_value());
        EXPECT_FALSE(rx.try_recv().has_value());
        EXPECT_TRUE(std::move(tx).send(4).has_value());
        auto got = rx.try_recv();
        ASSERT_TRUE(got.has_value());
        EXPECT_EQ(got->value(), 4);
        EXPECT_EQ(rx.try_recv()->error(), RecvError::closed) << "it was taken";
    }
    {
        Ends<int> ends;
        ends.drop_sender();
        EXPECT_EQ(ends.receiver.future().try_recv()->error(), RecvError::closed);
        EXPECT_EQ(ends.receiver.future().try_recv()->error(), RecvError::closed);
    }
    {
        Ends<int> ends;
        EXPECT_TRUE(ends.receiver.poll().is_pending());
        EXPECT_FALSE(ends.receiver.future().try_recv().has_value());
        EXPECT_EQ(ends.receiver.clones_alive(), 1u) << "it still waits";
        EXPECT_TRUE(ends.send(5).has_value());
        EXPECT_EQ(ends.receiver.take_wakes(), 1u);
        EXPECT_EQ(ends.receiver.future().try_recv()->value(), 5);
    }
}

TEST(Oneshot, a_move_only_value) {
    Ends<std::unique_ptr<int>> ends;
    EXPECT_TRUE(ends.send(std::make_unique<int>(3)).has_value());
    auto got = ends.receiver.poll().value();
    EXPECT_EQ(**got, 3);
    Ends<std::unique_ptr<int>> another;
    another.receiver.drop();
    EXPECT_EQ(*another.send(std::make_unique<int>(4)).error(), 4);
}

TEST(Oneshot, no_value_at_all) {
    Ends<void> ends;
    EXPECT_TRUE(ends.receiver.poll().is_pending());
    EXPECT_TRUE(ends.send().has_value());
    EXPECT_EQ(ends.receiver.wakes(), 1u);
    EXPECT_TRUE(ends.receiver.poll().value().has_value());
    Ends<void> dropped;
    dropped.drop_sender();
    EXPECT_FALSE(dropped.receiver.poll().value().has_value());
}

/// Throws when it is made of -1, and, when told so, when it is moved.
class Touchy {
public:
    explicit Touchy(int value, bool* throws = nullptr) : value_(value), throws_(throws) {
        if (value == -1) throw std::invalid_argument("made of -1");
        ++alive;
    }
    Touchy(Touchy&& other) : value_(other.value_), throws_(other.throws_) {
        if (throws_ && *throws_) throw std::runtime_error("moved");
        ++alive;
    }
    Touchy& operator=(Touchy&&) = delete;
    ~Touchy() { --alive; }
    [[nodiscard]] int value() const noexcept { return value_; }
    static inline int alive = 0;

private:
    int value_;
    bool* throws_;
};

TEST(Oneshot, a_value_that_cannot_be_made_leaves_the_sender_as_it_was) {
    Ends<Touchy> ends;
    EXPECT_TRUE(ends.receiver.poll().is_pending());
    EXPECT_THROW((void)ends.send(-1), std::invalid_argument);
    EXPECT_EQ(ends.receiver.wakes(), 0u);
    EXPECT_FALSE(ends.sender->is_closed());
    EXPECT_TRUE(ends.send(6).has_value());
    EXPECT_EQ(ends.receiver.poll().value()->value(), 6);
    EXPECT_EQ(Touchy::alive, 0);
}

TEST(Oneshot, a_value_that_throws_when_it_is_taken_is_destroyed) {
    bool throws = false;
    Ends<Touchy> ends;
    EXPECT_TRUE(ends.send(6, &throws).has_value());
    throws = true;
    EXPECT_THROW((void)ends.receiver.poll(), std::runtime_error);
    EXPECT_EQ(Touchy::alive, 0);
}

TEST(Oneshot, a_value_that_throws_on_its_way_back_is_destroyed) { // and the channel with it, as ASan sees
    bool throws = true;
    Ends<Touchy> ends;
    ends.receiver.drop();
    EXPECT_THROW((void)ends.send(6, &throws), std::runtime_error);
    EXPECT_EQ(Touchy::alive, 0);
}

TEST(Oneshot, ends_move) {
    auto [tx, rx] = oneshot::channel<int>();
    auto [other_tx, other_rx] = oneshot::channel<int>();
    other_tx = std::move(tx); // drops the other sender
    Harness closed(std::move(other_rx));
    EXPECT_FALSE(closed.poll().value().has_value());
    Harness test(std::move(rx));
    EXPECT_TRUE(std::move(other_tx).send(8).has_value());
    EXPECT_EQ(test.poll().value(), 8);
    EXPECT_TRUE(tx.is_closed()); // NOLINT(bugprone-use-after-move)
}

TEST(Oneshot, an_assigned_receiver_drops_the_one_before) {
    auto [tx, rx] = oneshot::channel<int>();
    auto [other_tx, other_rx] = oneshot::channel<int>();
    rx = std::move(other_rx);
    EXPECT_TRUE(tx.is_closed());
    EXPECT_FALSE(other_tx.is_closed());
    EXPECT_TRUE(std::move(other_tx).send(2).has_value());
    EXPECT_EQ(rx.try_recv()->value(), 2);
}

TEST(Oneshot, between_tasks_of_a_runtime) {
    rouse::run([]() -> Task<> {
        for (const bool receiver_first : {true, false}) {
            auto [tx, rx] = oneshot::channel<std::string>();
            auto receive = [rx = std::move(rx)]() mutable -> Task<std::string> {
                co_return (co_await rx).value();
            };
            auto send = [tx = std::move(tx)]() mutable -> Task<> {
                EXPECT_TRUE(std::move(tx).send("hello").has_value());
                co_return;
            };
            if (!receiver_first) co_await rouse::spawn(std::move(send));
            auto receiver = rouse::spawn(std::move(receive));
            if (receiver_first) co_await rouse::spawn(std::move(send));
            EXPECT_EQ(co_await receiver, "hello");
        }
    });
}

TEST(Oneshot, a_task_that_dies_closes_its_channel) {
    rouse::run([]() -> Task<> {
        auto [tx, rx] = oneshot::channel<int>();
        auto body = [tx = std::move(tx)]() mutable -> Task<> { co_await rouse::never(); };
        auto holder = rouse::spawn(std::move(body));
        co_await rouse::yield_now();
        holder.abort();
        auto got = co_await rx;
        EXPECT_EQ(got.error(), RecvError::closed);
    });
}

TEST(Oneshot, from_a_foreign_thread_under_block_on) {
    auto [tx, rx] = oneshot::channel<int>();
    const std::jthread other([sender = std::move(tx)]() mutable { (void)std::move(sender).send(11); });
    EXPECT_EQ(rouse::block_on(std::move(rx)), 11);
}

class OneshotDeath : public testing::Test {
protected:
    OneshotDeath() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_F(OneshotDeath, a_second_send_stops) {
    auto [tx, rx] = oneshot::channel<int>();
    (void)std::move(tx).send(1);
    EXPECT_DEATH((void)std::move(tx).send(2), // NOLINT(bugprone-use-after-move)
                 "oneshot: send on a sender that was used or moved from");
}

} // namespace
