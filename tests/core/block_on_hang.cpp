// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/core/block_on.hpp>
#include <rouse/core/box_future.hpp>
#include <rouse/task/task.hpp>

#include <gtest/gtest.h>

#include <latch>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <support/by_hand.hpp>
#include <support/delivery.hpp>
#include <support/drop_log.hpp>
#include <support/stress_rounds.hpp>
#include <unistd.h>

namespace {

using rouse::block_on;
using rouse::Context;
using rouse::HangCause;
using rouse::LostWaker;
using rouse::Pending;
using rouse::Poll;
using rouse::poll_fn;
using rouse::Ready;
using rouse::Task;
using rouse::Waker;
using rouse_test::Delivery;
using rouse_test::Forgetful;

/// The default hook prints to stderr; a test of a hang takes it.
class BlockOnHang : public testing::Test {
protected:
    BlockOnHang() { testing::internal::CaptureStderr(); }
    ~BlockOnHang() override {
        if (!printed_) testing::internal::GetCapturedStderr();
    }
    std::string printed() {
        printed_ = true;
        return testing::internal::GetCapturedStderr();
    }

private:
    bool printed_ = false;
};

constexpr unsigned line_of_await = __LINE__ + 3;
Task<std::string> catches() {
    try {
        co_await Forgetful();
    } catch (const LostWaker& lost) {
        EXPECT_EQ(lost.report().site().line(), line_of_await);
        co_return "caught";
    }
    co_return "not lost";
}

TEST_F(BlockOnHang, in_a_coroutine_it_is_an_exception_at_the_await) {
    EXPECT_EQ(block_on(catches()), "caught");
}

Task<int> awaits_once() { co_return co_await Forgetful(); }
Task<int> outer() {
    const int value = co_await awaits_once();
    co_return value;
}

TEST_F(BlockOnHang, that_nobody_catches_leaves_block_on_with_a_report) {
    bool first = false; // of this process: the others are not printed
    const unsigned line = __LINE__ + 2;
    try {
        block_on(outer());
        FAIL() << "it was not lost";
    } catch (const LostWaker& lost) {
        const rouse::HangReport& report = lost.report();
        first = report.count_at_site == 1;
        EXPECT_EQ(report.cause, HangCause::never_registered);
        EXPECT_EQ(report.task_id, 0u);
        EXPECT_NE(report.future_type.find("Forgetful"), std::string::npos);
        ASSERT_EQ(report.stack.size(), 2u);
        EXPECT_LT(report.stack[0].line(), report.stack[1].line()); // innermost first
        EXPECT_TRUE(std::string_view(report.stack[0].file_name()).ends_with("block_on_hang.cpp"));
        EXPECT_EQ(report.spawned_at.line(), line);
        EXPECT_TRUE(report.dropped_by.empty());
        EXPECT_NE(std::string(lost.what()).find("kept no waker"), std::string::npos) << lost.what();
    }
    EXPECT_EQ(printed().find("Forgetful") != std::string::npos, first);
}

TEST_F(BlockOnHang, in_a_future_that_is_no_coroutine_destroys_it_and_throws) {
    int alive = 0;
    auto body = [counted = rouse_test::Alive(alive)](Context&) -> Poll<int> { return Pending; };
    auto future = poll_fn(std::move(body)); // `body` still counts
    try {
        block_on(std::move(future));
        FAIL() << "it was not lost";
    } catch (const LostWaker& lost) {
        EXPECT_EQ(alive, 2); // body, future; not what block_on held
        EXPECT_EQ(lost.report().cause, HangCause::never_registered);
        EXPECT_TRUE(lost.report().stack.empty());
        EXPECT_NE(lost.report().future_type.find("PollFn"), std::string::npos);
        EXPECT_EQ(lost.report().site().line(), lost.report().spawned_at.line());
    }
}

TEST_F(BlockOnHang, a_box_hands_the_error_to_the_coroutine_inside) {
    EXPECT_EQ(block_on(rouse::boxed(catches())), "caught");
    EXPECT_EQ(block_on(rouse::boxed(rouse::boxed(catches()))), "caught");
}

TEST_F(BlockOnHang, of_a_boxed_future_that_is_no_coroutine_throws) {
    EXPECT_THROW(block_on(rouse::boxed(Forgetful())), LostWaker);
}

TEST_F(BlockOnHang, a_clone_that_was_dropped_in_the_poll_does_not_count) {
    auto future = poll_fn([](Context& cx) -> Poll<int> {
        const Waker clone = cx.waker().clone();
        return Pending;
    });
    EXPECT_THROW(block_on(std::move(future)), LostWaker);
}

TEST_F(BlockOnHang, a_future_that_registers_in_its_first_poll_only_is_found_in_its_second) {
    const Delivery<int> delivery;
    int polls = 0;
    std::latch registered(1); // delivered before, the first poll would be Ready
    auto future = poll_fn([&, inner = delivery.arrival()](Context& cx) mutable -> Poll<int> {
        if (++polls > 1) return Pending;
        auto first = inner.poll(cx);
        registered.count_down();
        return first;
    });
    std::jthread producer([&] {
        registered.wait();
        delivery.deliver(1);
    });
    EXPECT_THROW(block_on(std::move(future)), LostWaker);
    EXPECT_EQ(polls, 2);
}

/// `count_at_site` of each.
Task<std::vector<std::uint64_t>> catches_many(int times) {
    std::vector<std::uint64_t> counts;
    for (int i = 0; i < times; ++i) {
        try {
            co_await Forgetful();
        } catch (const LostWaker& lost) {
            counts.push_back(lost.report().count_at_site);
        }
    }
    co_return counts;
}

TEST_F(BlockOnHang, a_loop_around_a_hang_is_one_report_and_a_count) {
    const std::vector<std::uint64_t> counts = block_on(catches_many(9));
    ASSERT_EQ(counts.size(), 9u);
    for (std::size_t i = 1; i < counts.size(); ++i) EXPECT_EQ(counts[i], counts[0] + i);
    const std::string text = printed();
    std::size_t reports = 0;
    for (std::size_t at = 0; (at = text.find("hang:", at)) != std::string::npos; ++at) ++reports;
    EXPECT_EQ(reports, counts[0] == 1 ? 1u : 0u) << text; // one in this process
}

Task<int> goes_on_after_a_hang(const Delivery<int>& delivery) {
    try {
        co_await Forgetful();
    } catch (const LostWaker&) {}
    co_return co_await delivery.arrival();
}

TEST_F(BlockOnHang, after_it_was_caught_the_task_waits_as_before) {
    const Delivery<int> delivery;
    std::jthread producer([&] { delivery.deliver(3); });
    EXPECT_EQ(block_on(goes_on_after_a_hang(delivery)), 3);
}

/// Waits until the task of `waker` is idle: its poll has ended.
void wait_until_idle(const Waker& waker) {
    while (rouse::detail::task_of(waker)->load() & rouse::detail::TaskState::active)
        std::this_thread::yield();
}

TEST_F(BlockOnHang, a_last_waker_dropped_by_another_thread_names_the_thread) {
    const Delivery<int> delivery;
    pid_t thread = 0;
    std::jthread dropper([&] {
        Waker waker;
        while (!waker) waker = delivery.steal_waker();
        thread = gettid();
        wait_until_idle(waker);
    });
    try {
        block_on(delivery.arrival());
        FAIL() << "it was not lost";
    } catch (const LostWaker& lost) {
        EXPECT_EQ(lost.report().cause, HangCause::last_waker_dropped);
        EXPECT_EQ(lost.report().dropped_by, "thread " + std::to_string(thread));
        EXPECT_NE(std::string(lost.what()).find("lost its last waker"), std::string::npos);
    }
}

TEST_F(BlockOnHang, whenever_the_last_waker_is_dropped_the_hang_is_found) {
    for (std::size_t i = 0; i < rouse_test::scaled(1'000); ++i) {
        const Delivery<int> delivery;
        std::jthread dropper([&] {
            Waker waker;
            while (!waker) waker = delivery.steal_waker();
        });
        EXPECT_THROW(block_on(delivery.arrival()), LostWaker);
    }
}

TEST_F(BlockOnHang, one_waker_that_is_left_is_enough) {
    const Delivery<int> delivery;
    std::jthread other([&] {
        Waker waker;
        while (!waker) waker = delivery.steal_waker();
        wait_until_idle(waker);
        { const Waker clone = waker.clone(); } // not the last
        wait_until_idle(waker);
        delivery.deliver(4);
        std::move(waker).wake();
    });
    EXPECT_EQ(block_on(delivery.arrival()), 4);
}

Task<int> catches_and_blocks() {
    try {
        co_await Forgetful();
    } catch (const LostWaker&) {
        int value = 0;
        std::thread([&] { value = block_on(catches()) == "caught" ? 1 : 0; }).join();
        co_return value;
    }
    co_return -1;
}

TEST_F(BlockOnHang, while_one_is_handled_another_thread_may_hang) {
    EXPECT_EQ(block_on(catches_and_blocks()), 1);
}

} // namespace
