// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/stream/sender_sink.hpp>
#include <rouse/stream/with.hpp>
#include <rouse/sync/oneshot.hpp>
#include <rouse/task/task.hpp>

#include "stream/polled.hpp"
#include "stream/tank.hpp"
#include "support/scene.hpp"

#include <deque>
#include <expected>
#include <memory>
#include <stdexcept>
#include <string>

namespace {

namespace stream = rouse::stream;
using rouse::Task;
using rouse::testing::Harness;
using rouse_test::result_of;
using rouse_test::Tank;
using Deque = std::deque<int>;

TEST(With, sends_what_the_function_makes_of_each_value) {
    Tank tank(9);
    auto lengths = stream::with<std::string>(
        tank, [](const std::string& text) { return static_cast<int>(text.size()); });
    static_assert(rouse::Sink<decltype(lengths), std::string>);
    static_assert(!rouse::Sink<decltype(lengths), std::deque<int>>);
    EXPECT_TRUE(result_of(stream::feed(lengths, std::string("abc"))).has_value());
    EXPECT_TRUE(result_of(stream::feed(lengths, std::string())).has_value());
    EXPECT_EQ(tank.taken, (Deque{3, 0}));
}

TEST(With, an_error_of_the_function_is_the_sinks) {
    Tank tank(9);
    auto checked = stream::with<int>(tank, [](int n) -> std::expected<int, Tank::Error> {
        if (n == 0) return std::unexpected(Tank::Error::full_of_holes);
        return n;
    });
    EXPECT_TRUE(result_of(stream::feed(checked, 1)).has_value());
    EXPECT_FALSE(result_of(stream::feed(checked, 0)).has_value());
    EXPECT_EQ(tank.taken, Deque{1});
}

TEST(With, a_future_of_the_answer_holds_the_next_value_up_and_is_sent_by_a_flush) {
    Tank tank(9);
    std::deque<rouse::oneshot::Sender<int>> answers;
    auto asks = stream::with<int>(tank, [&](int n) -> Task<int> {
        auto [answer, asked] = rouse::oneshot::channel<int>();
        answers.push_back(std::move(answer));
        const auto got = co_await std::move(asked);
        co_return n** got;
    });
    EXPECT_TRUE(result_of(stream::feed(asks, 2)).has_value()); // it is being answered
    Harness second(stream::feed(asks, 3));
    EXPECT_TRUE(second.poll().is_pending());
    EXPECT_EQ(second.clones_alive(), 1u);
    EXPECT_EQ(answers.size(), 1u);
    (void)std::move(answers.front()).send(10);
    EXPECT_EQ(second.take_wakes(), 1u);
    EXPECT_TRUE(second.poll().is_ready());
    EXPECT_EQ(tank.taken, Deque{20});
    Harness flush(stream::flush(asks));
    EXPECT_TRUE(flush.poll().is_pending());
    (void)std::move(answers.back()).send(100);
    EXPECT_TRUE(flush.poll().is_pending()); // now it is in the tank
    EXPECT_EQ(tank.taken, (Deque{20, 300}));
    tank.drain();
    EXPECT_TRUE(flush.poll().value().has_value());
    EXPECT_TRUE(result_of(stream::close(asks)).has_value());
    EXPECT_TRUE(tank.closed);
}

TEST(With, a_value_whose_send_is_dropped_while_it_is_answered_is_sent_by_the_next_poll) {
    Tank tank(9);
    auto [answer, asked] = rouse::oneshot::channel<int>();
    auto asks =
        stream::with<int>(tank, [&asked = asked](int n) -> Task<int> { co_return n + *co_await asked; });
    Harness send(stream::send(asks, 1));
    EXPECT_TRUE(send.poll().is_pending());
    send.drop();
    (void)std::move(answer).send(1);
    Harness flush(stream::flush(asks));
    EXPECT_TRUE(flush.poll().is_pending());
    EXPECT_EQ(tank.taken, Deque{2});
}

TEST(With, a_value_lives_as_long_as_the_coroutine_that_takes_it_by_reference) {
    Tank tank(9);
    auto asks = stream::with<std::shared_ptr<int>>(
        tank, [](const std::shared_ptr<int>& n) -> Task<int> { co_return *n; });
    auto value = std::make_shared<int>(7);
    const std::weak_ptr<int> watched = value;
    EXPECT_TRUE(result_of(stream::feed(asks, std::move(value))).has_value());
    ASSERT_FALSE(watched.expired());
    Harness flush(stream::flush(asks));
    EXPECT_TRUE(flush.poll().is_pending());
    EXPECT_EQ(tank.taken, Deque{7});
    EXPECT_TRUE(watched.expired()) << "it is kept for its answer only";
}

TEST(With, goes_on_after_an_answer_that_throws) {
    Tank tank(9);
    auto asks = stream::with<int>(tank, [](int n) -> Task<int> {
        if (n == 0) throw std::runtime_error("none");
        co_return n;
    });
    EXPECT_TRUE(result_of(stream::feed(asks, 0)).has_value()); // it is being answered
    EXPECT_THROW((void)result_of(stream::flush(asks)), std::runtime_error);
    EXPECT_TRUE(result_of(stream::feed(asks, 1)).has_value());
    Harness flush(stream::flush(asks));
    EXPECT_TRUE(flush.poll().is_pending());
    EXPECT_EQ(tank.taken, Deque{1});
}

TEST(Fanout, gives_each_value_to_both) {
    Tank first(9), second(9);
    auto both = stream::fanout(first, second);
    EXPECT_TRUE(result_of(stream::feed(both, 1)).has_value());
    EXPECT_TRUE(result_of(stream::feed(both, 2)).has_value());
    EXPECT_EQ(first.taken, (Deque{1, 2}));
    EXPECT_EQ(second.taken, (Deque{1, 2}));
}

TEST(Fanout, has_room_and_is_flushed_and_closed_when_both_are) {
    Tank first(1), second(1);
    auto both = stream::fanout(first, second);
    EXPECT_TRUE(result_of(stream::feed(both, 1)).has_value());
    Harness feed(stream::feed(both, 2));
    EXPECT_TRUE(feed.poll().is_pending());
    EXPECT_EQ(feed.clones_alive(), 2u);
    first.drain();
    EXPECT_EQ(feed.take_wakes(), 1u);
    EXPECT_TRUE(feed.poll().is_pending());
    second.drain();
    EXPECT_EQ(feed.take_wakes(), 1u);
    EXPECT_TRUE(feed.poll().value().has_value());
    EXPECT_EQ(feed.clones_alive(), 0u);
    Harness close(stream::close(both));
    EXPECT_TRUE(close.poll().is_pending());
    first.drain();
    EXPECT_TRUE(close.poll().is_pending());
    EXPECT_TRUE(first.closed);
    EXPECT_FALSE(second.closed);
    second.drain();
    EXPECT_TRUE(close.poll().value().has_value());
    EXPECT_TRUE(second.closed);
}

/// A Tank that forgets who waits for it.
class ForgetfulTank {
public:
    using Error = Tank::Error;
    using Result = Tank::Result;
    rouse::Poll<Result> poll_ready(rouse::Context&) { return rouse::Poll<Result>(std::in_place); }
    Result start_send(int) { return {}; }
    rouse::Poll<Result> poll_flush(rouse::Context&) { return rouse::Pending; }
    rouse::Poll<Result> poll_close(rouse::Context&) { return rouse::Pending; }
};
TEST(Fanout, a_sink_that_nobody_can_wake_throws_though_the_other_one_still_waits) {
    for (const bool is_first : {true, false}) {
        rouse_test::Scene scene;
        Tank tank(9);
        ForgetfulTank forgets;
        scene.run([&]() -> Task<> {
            auto body = [&]() -> Task<> {
                if (is_first) {
                    auto both = stream::fanout(forgets, tank);
                    (void)co_await stream::send(both, 1);
                } else {
                    auto both = stream::fanout(tank, forgets);
                    (void)co_await stream::send(both, 1);
                }
            };
            const int spawned_at = scene.turns();
            const auto result = co_await rouse::spawn(body).into_result();
            EXPECT_TRUE(!result && result.error().is_lost());
            EXPECT_LE(scene.turns() - spawned_at, 4);
        });
        ASSERT_EQ(scene.hangs().size(), 1u);
        EXPECT_EQ(scene.hangs()[0].child_role, is_first ? "sink 1 of fanout" : "sink 2 of fanout");
        EXPECT_EQ(tank.taken, Deque{1});
    }
}
TEST(Fanout, nothing_is_told_of_a_sink_that_is_through_before_the_other) {
    rouse_test::Scene scene;
    Tank first(1), second(1);
    scene.run([&]() -> Task<> {
        auto body = [&]() -> Task<> {
            auto both = stream::fanout(first, second);
            for (int i = 0; i < 2; ++i) (void)co_await stream::send(both, i);
            (void)co_await stream::close(both);
        };
        auto sending = rouse::spawn(body);
        for (Tank* one : {&first, &second, &second, &first}) {
            co_await rouse_test::give_turns(20);
            one->drain();
        }
        co_await sending;
    });
    EXPECT_TRUE(scene.is_quiet());
    EXPECT_TRUE(first.closed && second.closed);
}

TEST(Fanout, an_error_of_either_is_its_own) {
    Tank first(9), second(9);
    auto both = stream::fanout(first, second);
    second.broken = true;
    EXPECT_FALSE(result_of(stream::feed(both, 1)).has_value());
    EXPECT_TRUE(first.taken.empty());
    second.broken = false;
    EXPECT_FALSE(result_of(stream::feed(both, -1)).has_value()); // by start_send
}

} // namespace
