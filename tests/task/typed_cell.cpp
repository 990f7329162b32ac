// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/core/box_future.hpp>
#include <rouse/task/join_handle.hpp>
#include <rouse/task/task.hpp>
#include <rouse/task/typed_cell.hpp>
#include <rouse/task/yield_now.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include <support/by_hand.hpp>
#include <support/drop_log.hpp>
#include <support/mini_executor.hpp>

// A spawned task's cell: what it keeps, in which order it lets go, and what its handle gets.
namespace {

using rouse::Context;
using rouse::JoinError;
using rouse::JoinHandle;
using rouse::Poll;
using rouse::Task;
using rouse::Waker;
using rouse_test::Alive;
using rouse_test::ByHand;
using rouse_test::ByHandSource;
using rouse_test::CellWatch;
using rouse_test::DropLog;
using rouse_test::Dropped;
using rouse_test::MiniExecutor;

/// The outcome of a task that has ended.
template <class T>
T take(JoinHandle<T> handle) {
    const Waker noop = Waker::noop();
    Context cx(noop);
    return handle.poll(cx).value();
}

Task<std::string> text() { co_return "a text that is too long for the small buffer"; }
Task<> does_nothing() { co_return; }
Task<std::unique_ptr<int>> unique() { co_return std::make_unique<int>(5); }
int object = 0;
Task<int&> reference_to_object() { co_return object; }

class alignas(64) Wide {
public:
    explicit Wide(int value) : value(value) {}
    [[nodiscard]] bool is_aligned() const { return reinterpret_cast<std::uintptr_t>(this) % 64 == 0; }
    int value;
};
Task<Wide> wide() { co_return Wide(9); }

TEST(TypedCell, keeps_a_result_of_any_kind) {
    MiniExecutor executor;
    for (int round = 0; round < 3; ++round) { // from the second on the frame lies in the cell
        auto a = executor.spawn(text);
        auto b = executor.spawn(does_nothing);
        auto c = executor.spawn(unique);
        auto d = executor.spawn(reference_to_object);
        auto e = executor.spawn(wide);
        executor.run();
        EXPECT_EQ(take(std::move(a)), "a text that is too long for the small buffer");
        take(std::move(b));
        EXPECT_EQ(*take(std::move(c)), 5);
        EXPECT_EQ(&take(std::move(d)), &object);
        const Wide result = take(std::move(e));
        EXPECT_EQ(result.value, 9);
        EXPECT_TRUE(result.is_aligned());
    }
}

TEST(TypedCell, destroys_a_result_that_nobody_takes) {
    MiniExecutor executor;
    int alive = 0;
    const auto counted = [&]() -> Task<Alive> { co_return Alive(alive); };
    {
        auto handle = executor.spawn(counted);
        executor.run();
        EXPECT_EQ(alive, 1);
    }
    EXPECT_EQ(alive, 0);
    executor.spawn(counted).detach();
    executor.run();
    EXPECT_EQ(alive, 0);
}

class Body {
public:
    explicit Body(DropLog& log) : log_(&log), closure_(log, "closure") {}
    Task<int> operator()(Dropped) {
        const Dropped local(*log_, "local");
        co_await rouse::yield_now();
        co_return 1;
    }

private:
    DropLog* log_;
    Dropped closure_;
};
Task<> join_and_note(JoinHandle<int> handle, DropLog& log) {
    const int value = co_await handle;
    log.push_back("joined " + std::to_string(value));
}

TEST(TypedCell, frame_arguments_and_closure_are_gone_before_the_joiner_runs) {
    for (int round = 0; round < 3; ++round) {
        MiniExecutor executor;
        DropLog log;
        auto handle = executor.spawn(Body(log), Dropped(log, "argument"));
        log.clear(); // the moves on the way in
        executor.spawn(join_and_note, std::move(handle), std::ref(log)).detach();
        executor.run();
        ASSERT_EQ(log.size(), 4u);
        EXPECT_EQ(log[0], "local");
        EXPECT_EQ(log[3], "joined 1");
    }
}

TEST(TypedCell, abort_destroys_what_runs_and_the_handle_says_cancelled) {
    MiniExecutor executor;
    ByHandSource<int> source;
    int alive = 0;
    const auto body = [&source](Alive) -> Task<int> { co_return co_await ByHand<int>(source); };
    auto handle = executor.spawn(body, Alive(alive));
    executor.run();
    EXPECT_GT(alive, 0);
    handle.abort();
    EXPECT_GT(alive, 0); // nobody waits here
    executor.run();
    EXPECT_EQ(alive, 0);
    EXPECT_TRUE(handle.is_finished());
    source.drop_waker();
    try {
        take(std::move(handle));
        FAIL();
    } catch (const JoinError& error) {
        EXPECT_TRUE(error.is_cancelled());
        EXPECT_EQ(error.error(), nullptr);
    }
}

TEST(TypedCell, abort_before_the_first_poll_destroys_arguments_unstarted) {
    MiniExecutor executor;
    int alive = 0;
    bool ran = false;
    const auto body = [&ran](Alive) -> Task<> {
        ran = true;
        co_return;
    };
    auto handle = executor.spawn(body, Alive(alive));
    handle.abort();
    executor.run();
    EXPECT_FALSE(ran);
    EXPECT_EQ(alive, 0);
}

Task<int> fails() {
    co_await rouse::yield_now();
    throw std::runtime_error("on the way");
}

TEST(TypedCell, an_exception_is_kept_for_the_handle) {
    MiniExecutor executor;
    auto handle = executor.spawn(fails);
    auto other = executor.spawn(fails);
    executor.run();
    EXPECT_THROW(take(std::move(handle)), std::runtime_error);
    const Waker noop = Waker::noop();
    Context cx(noop);
    auto result = std::move(other).into_result().poll(cx).value();
    ASSERT_FALSE(result.has_value());
    EXPECT_TRUE(result.error().is_failed());
    EXPECT_NE(std::string(result.error().what()).find("on the way"), std::string::npos);
    EXPECT_THROW(std::rethrow_exception(result.error().error()), std::runtime_error);
}

TEST(TypedCell, a_future_that_is_no_coroutine) {
    MiniExecutor executor;
    ByHandSource<std::string> source;
    auto handle = executor.spawn(ByHand(source));
    executor.run();
    EXPECT_FALSE(handle.is_finished());
    source.complete("by hand");
    executor.run();
    EXPECT_EQ(take(std::move(handle)), "by hand");
}

TEST(TypedCell, a_future_that_throws_in_any_poll) {
    MiniExecutor executor;
    auto at_once =
        executor.spawn(rouse::poll_fn([](Context&) -> Poll<int> { throw std::runtime_error("first poll"); }));
    auto later = executor.spawn(rouse::poll_fn([n = 0](Context& cx) mutable -> Poll<int> {
        if (++n == 2) throw std::runtime_error("second poll");
        cx.waker().wake_by_ref();
        return rouse::Pending;
    }));
    executor.run();
    EXPECT_THROW(take(std::move(at_once)), std::runtime_error);
    EXPECT_THROW(take(std::move(later)), std::runtime_error);
}

TEST(TypedCell, a_future_without_a_coroutine_that_is_lost_ends_with_the_error) {
    MiniExecutor executor;
    auto plain = executor.spawn(rouse_test::Forgetful());
    auto boxed = executor.spawn(rouse::boxed(rouse_test::Forgetful()));
    executor.run();
    EXPECT_EQ(executor.lost, 2u);
    EXPECT_THROW(take(std::move(plain)), rouse::LostWaker);
    EXPECT_THROW(take(std::move(boxed)), rouse::LostWaker);
}

Task<int> catches_lost() {
    try {
        co_return co_await rouse_test::Forgetful();
    } catch (const rouse::LostWaker&) {}
    co_return -1;
}

TEST(TypedCell, a_lost_coroutine_gets_the_error_also_in_a_box_or_as_a_started_task) {
    MiniExecutor executor;
    auto plain = executor.spawn(catches_lost);
    auto boxed = executor.spawn(rouse::boxed(catches_lost()));
    Task<int> started = catches_lost();
    const Waker noop = Waker::noop();
    Context cx(noop);
    EXPECT_TRUE(started.poll(cx).is_pending());
    auto moved = executor.spawn(std::move(started));
    executor.run();
    EXPECT_EQ(take(std::move(plain)), -1);
    EXPECT_EQ(take(std::move(boxed)), -1);
    EXPECT_EQ(take(std::move(moved)), -1);
}

TEST(TypedCell, a_task_that_was_made_before) {
    MiniExecutor executor;
    Task<std::string> task = text();
    auto handle = executor.spawn(std::move(task));
    executor.run();
    EXPECT_EQ(take(std::move(handle)).size(), 44u);
}

TEST(TypedCell, a_handle_may_outlive_the_executor) {
    std::optional<JoinHandle<std::string>> done, cancelled;
    ByHandSource<std::string> source;
    {
        MiniExecutor executor;
        done.emplace(executor.spawn(text));
        executor.run();
        cancelled.emplace(executor.spawn(ByHand(source)));
        executor.run();
    }
    source.drop_waker();
    EXPECT_EQ(take(std::move(*done)).size(), 44u);
    EXPECT_THROW(take(std::move(*cancelled)), JoinError);
}

/// Throws at its n-th move.
class MoveBomb {
public:
    MoveBomb(int& moves_left, int& alive) : moves_left_(&moves_left), counted_(alive) {}
    MoveBomb(MoveBomb&& other) : moves_left_(other.moves_left_), counted_(other.counted_) {
        if (--*moves_left_ == 0) throw std::runtime_error("a move too many");
    }

private:
    int* moves_left_;
    Alive counted_;
};

// The result moves out of the frame, and again to where the frame was. Wherever that throws, frame, closure
// and arguments are destroyed once, and the exception is the task's.
TEST(TypedCell, a_result_whose_move_throws_ends_the_task_with_that) {
    for (int moves = 1; moves <= 4; ++moves) {
        MiniExecutor executor;
        int moves_left = moves;
        int bombs = 0;
        int closures = 0;
        auto body = [&moves_left, &bombs, counted = Alive(closures)](Alive) -> Task<MoveBomb> {
            co_return MoveBomb(moves_left, bombs);
        };
        auto handle = executor.spawn(body, Alive(closures));
        EXPECT_GT(closures, 1); // `body`, and what the task keeps
        executor.run();
        EXPECT_EQ(closures, 1) << moves;
        ASSERT_TRUE(handle.is_finished());
        if (moves_left <= 0) {
            EXPECT_THROW(take(std::move(handle)), std::runtime_error) << moves;
        } else {
            std::move(handle).detach();
        }
        EXPECT_EQ(bombs, 0) << moves;
    }
}

class JoinHandleDeath : public testing::Test {
protected:
    JoinHandleDeath() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_F(JoinHandleDeath, a_poll_after_ready_stops) {
    EXPECT_DEATH(
        {
            MiniExecutor executor;
            auto handle = executor.spawn(does_nothing);
            executor.run();
            const Waker noop = Waker::noop();
            Context cx(noop);
            (void)handle.poll(cx);
            (void)handle.poll(cx);
        },
        "JoinHandle<.*> was polled after it had returned Ready");
}

TEST_F(JoinHandleDeath, a_spawn_of_a_task_that_was_moved_from_stops) {
    EXPECT_DEATH(
        {
            MiniExecutor executor;
            Task<> task = does_nothing();
            Task<> moved = std::move(task);
            (void)executor.spawn(std::move(task));
        },
        "spawn of a Task that was moved from");
}

} // namespace
