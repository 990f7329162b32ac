// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/combine/join.hpp>
#include <rouse/stream/channels.hpp>
#include <rouse/stream/iter.hpp>
#include <rouse/stream/map.hpp>
#include <rouse/stream/merge.hpp>
#include <rouse/stream/sender_sink.hpp>
#include <rouse/stream/sources.hpp>
#include <rouse/stream/split.hpp>
#include <rouse/task/generator.hpp>
#include <rouse/task/task.hpp>
#include <rouse/time/sleep.hpp>

#include "stream/polled.hpp"
#include "stream/script.hpp"
#include "stream/tank.hpp"
#include "support/by_hand.hpp"
#include "support/scene.hpp"
#include "support/told.hpp"
#include "time/paused.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
namespace stream = rouse::stream;
using rouse::Context;
using rouse::Task;
using rouse::Waker;
using rouse::testing::Harness;
using rouse_test::next_of;
using rouse_test::result_of;
using rouse_test::run_paused;
using rouse_test::Scene;
using rouse_test::Script;
using rouse_test::Tank;
using Ints = std::vector<int>;

static_assert(rouse::Sink<Tank, int>);
static_assert(!rouse::Sink<Tank, std::string>);
static_assert(rouse::Sink<stream::SenderSink<int>, int>);
static_assert(rouse::Sink<stream::SplitSink<Tank>, int>);

TEST(Sink, send_waits_for_room_and_for_the_flush) {
    Tank tank(1);
    tank.taken = {1};
    Harness send(stream::send(tank, 2));
    EXPECT_TRUE(send.poll().is_pending()); // no room
    EXPECT_EQ(tank.taken, std::deque<int>{1});
    tank.drain();
    EXPECT_EQ(send.take_wakes(), 1u);
    EXPECT_TRUE(send.poll().is_pending()); // not flushed
    EXPECT_EQ(tank.taken, std::deque<int>{2});
    tank.drain();
    EXPECT_TRUE(send.poll().value().has_value());
    EXPECT_EQ(send.clones_alive(), 0u);
}
TEST(Sink, send_that_is_dropped_has_sent_nothing_or_only_not_flushed) {
    Tank tank(1);
    tank.taken = {1};
    Harness first(stream::send(tank, 2));
    EXPECT_TRUE(first.poll().is_pending());
    first.drop();
    tank.drain();
    EXPECT_TRUE(tank.taken.empty());
    Harness second(stream::send(tank, 3));
    EXPECT_TRUE(second.poll().is_pending());
    second.drop();
    EXPECT_EQ(tank.taken, std::deque<int>{3});
}
TEST(Sink, feed_flush_and_close) {
    Tank tank(2);
    EXPECT_TRUE(result_of(stream::feed(tank, 1)).has_value());
    EXPECT_TRUE(result_of(stream::feed(tank, 2)).has_value());
    Harness flush(stream::flush(tank));
    EXPECT_TRUE(flush.poll().is_pending());
    tank.drain();
    EXPECT_TRUE(flush.poll().value().has_value());
    EXPECT_TRUE(result_of(stream::close(tank)).has_value());
    EXPECT_TRUE(tank.closed);
    tank.broken = true;
    EXPECT_EQ(result_of(stream::send(tank, 3)).error(), Tank::Error::full_of_holes);
}
TEST(Sink, a_poll_after_ready_stops) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    Tank tank(9);
    Harness feed(stream::feed(tank, 1));
    (void)feed.poll();
    EXPECT_DEATH((void)feed.poll(), "stream::SendTo was polled after it had returned Ready");
    tank.drain();
    Harness flush(stream::flush(tank));
    (void)flush.poll();
    EXPECT_DEATH((void)flush.poll(), "stream::Finish was polled after it had returned Ready");
    Harness all(stream::send_all(tank, stream::empty<int>()));
    (void)all.poll();
    EXPECT_DEATH((void)all.poll(), "stream::Forward was polled after it had returned Ready");
}

TEST(Forward, sends_all_flushes_while_nothing_comes_and_closes) {
    Script script;
    Tank tank(2);
    Harness forward(stream::forward(script.numbers(1, 3), tank));
    EXPECT_TRUE(forward.poll().is_pending());
    script.fire();
    EXPECT_TRUE(forward.poll().is_pending());
    EXPECT_EQ(tank.taken, std::deque<int>{1});
    EXPECT_EQ(forward.clones_alive(), 2u) << "it waits for the next item and for the flush";
    script.fire();
    EXPECT_TRUE(forward.poll().is_pending());
    script.fire();
    EXPECT_TRUE(forward.poll().is_pending()); // holds 3, for which there is no room
    EXPECT_EQ(tank.taken.size(), 2u);
    tank.drain();
    EXPECT_TRUE(forward.poll().is_pending());
    EXPECT_EQ(tank.taken, std::deque<int>{3});
    script.fire(); // the end
    EXPECT_TRUE(forward.poll().is_pending());
    EXPECT_FALSE(tank.closed);
    EXPECT_EQ(script.alive(), 0);
    tank.drain();
    EXPECT_TRUE(forward.poll().value().has_value());
    EXPECT_TRUE(tank.closed);
    EXPECT_EQ(forward.clones_alive(), 0u);
    EXPECT_EQ(script.polls_after_end(), 0);
}
TEST(Forward, send_all_does_not_close) {
    Tank tank(9);
    auto numbers = stream::iter({1, 2});
    Harness all(stream::send_all(tank, numbers));
    EXPECT_TRUE(all.poll().is_pending());
    tank.drain();
    EXPECT_TRUE(all.poll().value().has_value());
    EXPECT_FALSE(tank.closed);
}
TEST(Forward, stops_at_the_first_error_of_either) {
    using Result = std::expected<int, Tank::Error>;
    Tank tank(9);
    auto results = stream::iter(std::vector<Result>{1, std::unexpected(Tank::Error::full_of_holes), 3});
    EXPECT_EQ(result_of(stream::forward(results, tank)).error(), Tank::Error::full_of_holes);
    EXPECT_EQ(next_of(results), Result(3));
    EXPECT_EQ(tank.taken, std::deque<int>{1});
    auto numbers = stream::iter({2, -1, 3});
    EXPECT_EQ(result_of(stream::forward(numbers, tank)).error(), Tank::Error::full_of_holes);
    EXPECT_EQ(next_of(numbers), 3);
}
TEST(Forward, of_an_endless_stream_gives_way) {
    Tank tank(1'000'000);
    Harness forward(stream::forward(stream::repeat(1), tank));
    EXPECT_TRUE(forward.poll().is_pending());
    EXPECT_EQ(forward.take_wakes(), 1u);
    EXPECT_LE(tank.taken.size(), 2u * rouse::detail::poll_budget);
}

// ---- what nobody can wake, beside what somebody can ----

/// A sink that forgets who waits for room, or for the flush.
class ForgetfulSink {
public:
    using Error = int;
    using Result = std::expected<void, Error>;
    enum class At { ready, flush };
    explicit ForgetfulSink(At at) noexcept : at_(at) {}
    rouse::Poll<Result> poll_ready(Context&) { return poll_at(At::ready); }
    Result start_send(int value) {
        taken.push_back(value);
        return {};
    }
    rouse::Poll<Result> poll_flush(Context&) { return poll_at(At::flush); }
    rouse::Poll<Result> poll_close(Context&) { return rouse::Poll<Result>(std::in_place); }
    Ints taken;

private:
    rouse::Poll<Result> poll_at(At at) const {
        if (at_ == at) return rouse::Pending;
        return rouse::Poll<Result>(std::in_place);
    }
    At at_;
};
/// Runs `body`, which throws `LostWaker` before any time has gone.
template <class F>
void expect_lost_without_delay(Scene& scene, F body) {
    scene.run([&]() -> Task<> {
        const auto start = rouse::now();
        const auto result = co_await rouse::spawn(body).into_result();
        EXPECT_TRUE(!result && result.error().is_lost());
        EXPECT_EQ(rouse::now(), start);
    });
    EXPECT_EQ(scene.hangs().size(), 1u);
}
rouse::Generator<int> one_each_hour() {
    for (int i = 0; i < 3; ++i) {
        co_yield i;
        co_await rouse::sleep(1h);
    }
}
rouse::Generator<int> after_an_hour() {
    co_await rouse::sleep(1h);
    co_yield 0;
}
rouse::Generator<int> one_then_forgets() {
    co_yield 1;
    (void)co_await rouse_test::Forgetful();
}
TEST(Forward, a_flush_that_nobody_can_wake_throws_though_an_item_may_come) {
    Scene scene;
    ForgetfulSink sink(ForgetfulSink::At::flush);
    auto items = one_each_hour();
    auto body = [&]() -> Task<> { (void)co_await stream::forward(items, sink); };
    expect_lost_without_delay(scene, body);
    ASSERT_EQ(scene.hangs().size(), 1u);
    EXPECT_EQ(scene.hangs()[0].child_role, "sink of forward");
    EXPECT_NE(scene.hangs()[0].future_type.find("ForgetfulSink"), std::string::npos);
    EXPECT_EQ(sink.taken, Ints{0});
    scene.run([&]() -> Task<> {
        const auto next = co_await stream::next(items);
        EXPECT_EQ(next, 1) << "the stream stays usable, and nothing of it is lost";
    });
}
TEST(Forward, a_sink_that_never_has_room_throws_though_the_stream_below_keeps_a_waker) {
    Scene scene;
    auto body = []() -> Task<> {
        auto items = stream::merge(after_an_hour(), stream::iter({1}));
        (void)co_await stream::send_all(ForgetfulSink(ForgetfulSink::At::ready), items);
    };
    expect_lost_without_delay(scene, body);
}
TEST(Forward, a_stream_that_nobody_can_wake_throws_at_its_own_await_though_the_flush_waits) {
    Scene scene;
    Tank tank(9);
    auto body = [&]() -> Task<> { (void)co_await stream::forward(one_then_forgets(), tank); };
    expect_lost_without_delay(scene, body);
    ASSERT_EQ(scene.hangs().size(), 1u);
    EXPECT_EQ(scene.hangs()[0].child_role, "stream of forward");
    EXPECT_GE(scene.hangs()[0].stack.size(), 2u);
    EXPECT_EQ(tank.taken, std::deque<int>{1});
}
TEST(Forward, nothing_is_told_of_what_waits_long) {
    Scene scene;
    Tank tank(1);
    scene.run([&]() -> Task<> {
        auto all = [&]() -> Task<> { (void)co_await stream::forward(one_each_hour(), tank); };
        auto forwarding = rouse::spawn(all);
        for (int i = 0; i < 3; ++i) {
            co_await rouse::sleep(2h); // for the flush, then for room
            tank.drain();
        }
        co_await rouse::sleep(2h);
        tank.drain();
        co_await forwarding;
        EXPECT_EQ(tank.out, (std::deque<int>{0, 1, 2}));
    });
    EXPECT_TRUE(scene.is_quiet());
}

TEST(SenderSink, keeps_the_room_that_it_was_given_until_it_sends) {
    auto [tx, rx] = rouse::mpsc::channel<int>(1);
    auto sink = stream::into_sink(tx);
    EXPECT_TRUE(result_of(stream::send(sink, 1)).has_value());
    {
        Harness dropped(stream::send(sink, 2));
        EXPECT_TRUE(dropped.poll().is_pending());
        EXPECT_EQ(dropped.clones_alive(), 1u);
        EXPECT_EQ(rx.try_recv(), 1);
        EXPECT_EQ(dropped.take_wakes(), 1u);
    }
    EXPECT_EQ(tx.capacity(), 0u); // the room is the sink's
    EXPECT_TRUE(result_of(stream::send(sink, 3)).has_value());
    EXPECT_EQ(rx.try_recv(), 3);
    EXPECT_TRUE(result_of(stream::close(sink)).has_value());
    EXPECT_EQ(result_of(stream::send(sink, 4)).error(), rouse::mpsc::ReserveError::closed);
    { const auto gone = std::move(tx); }
    EXPECT_EQ(rx.try_recv(), std::unexpected(rouse::mpsc::TryRecvError::disconnected));
}
TEST(SenderSink, gives_its_room_back_and_says_when_nobody_receives) {
    auto [tx, rx] = rouse::mpsc::channel<int>(1);
    {
        auto sink = stream::into_sink(tx);
        const Waker noop = Waker::noop();
        Context cx(noop);
        EXPECT_TRUE(sink.poll_ready(cx).is_ready());
        EXPECT_EQ(tx.capacity(), 0u);
    }
    EXPECT_EQ(tx.capacity(), 1u);
    auto sink = stream::into_sink(tx);
    rx.close();
    EXPECT_FALSE(result_of(stream::send(sink, 1)).has_value());
    auto [to, from] = rouse::mpsc::unbounded_channel<int>();
    auto unbounded = stream::into_sink(std::move(to));
    EXPECT_TRUE(result_of(stream::send_all(unbounded, stream::iter({1, 2}))).has_value());
    EXPECT_EQ(from.len(), 2u);
    { const auto gone = std::move(from); }
    EXPECT_FALSE(result_of(stream::send(unbounded, 3)).has_value());
}
TEST(SenderSink, forward_carries_a_stream_to_another_task) {
    run_paused([]() -> Task<> {
        auto [tx, rx] = rouse::mpsc::channel<int>(2);
        auto receive = [](rouse::mpsc::Receiver<int> from) -> Task<int> {
            int sum = 0;
            auto messages = stream::from(std::move(from)); // ends when the sink is closed
            while (auto message = co_await stream::next(messages)) sum += *message;
            co_return sum;
        };
        auto receiver = rouse::spawn(receive(std::move(rx)));
        std::vector<int> numbers(100, 1);
        auto sink = stream::into_sink(std::move(tx));
        auto sent = co_await stream::forward(stream::iter(numbers), sink);
        EXPECT_TRUE(sent.has_value());
        const int sum = co_await receiver;
        EXPECT_EQ(sum, 100);
    });
}

TEST(Split, the_halves_are_used_by_two_tasks) {
    auto [sink, numbers] = stream::split(Tank(1));
    Harness next(stream::next(numbers));
    EXPECT_TRUE(next.poll().is_pending());
    EXPECT_EQ(next.clones_alive(), 1u);
    Harness send(stream::send(sink, 1));
    EXPECT_TRUE(send.poll().is_pending());
    EXPECT_EQ(next.clones_alive(), 1u);
    next.drop();
    send.drop();
    { const auto gone = std::move(sink); }
    EXPECT_EQ(send.clones_alive(), 1u); // in the tank, which the other half still has
    { const auto gone = std::move(numbers); }
    EXPECT_EQ(send.clones_alive(), 0u);
}
/// Its poll looks at what the other half waits for, as a dump does that is asked for there.
class LooksAround : public Tank {
public:
    LooksAround() : Tank(0) {}
    rouse::Poll<std::optional<int>> poll_next(Context& cx) {
        if (look) look();
        return Tank::poll_next(cx);
    }
    std::function<void()> look;
};
TEST(Split, a_dump_in_the_poll_of_one_half_does_not_wait_for_it) {
    std::string said;
    std::function<void()> look;
    LooksAround around;
    around.look = [&] { look(); };
    auto [sink, numbers] = stream::split(std::move(around));
    Harness send(stream::send(sink, 1));
    EXPECT_TRUE(send.poll().is_pending());
    look = [&said, &sink = sink, &numbers = numbers] {
        said = rouse_test::told_by(sink) + "; " + rouse_test::told_by(numbers);
    };
    Harness next(stream::next(numbers));
    EXPECT_TRUE(next.poll().is_pending());
    EXPECT_EQ(said, "the other half, which is being polled; the other half, which is being polled");
    EXPECT_EQ(rouse_test::told_by(sink), "the tank"); // and afterwards it is looked at as before
}

} // namespace
