// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/task/executor.hpp>
#include <rouse/task/yield_now.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <string>
#include <thread>
#include <vector>

#include <support/by_hand.hpp>
#include <support/mini_executor.hpp>

namespace {

using rouse::Task;
using rouse::detail::Cell;
using rouse::detail::RunQueue;
using rouse_test::ByHand;
using rouse_test::ByHandSource;
using rouse_test::MiniExecutor;

/// The queue only carries addresses.
Cell& cell(std::size_t number) { return *reinterpret_cast<Cell*>((number + 1) * 64); }

TEST(RunQueue, is_first_in_first_out) {
    RunQueue queue;
    EXPECT_TRUE(queue.empty());
    EXPECT_EQ(queue.pop(), nullptr);
    queue.reserve(3);
    for (std::size_t i = 0; i < 3; ++i) queue.push(cell(i));
    EXPECT_EQ(queue.size(), 3u);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(queue.pop(), &cell(i));
    EXPECT_TRUE(queue.empty());
    EXPECT_EQ(queue.pop(), nullptr);
}

TEST(RunQueue, keeps_the_order_around_the_end_of_the_ring_and_when_it_grows) {
    RunQueue queue;
    std::deque<Cell*> expected;
    std::size_t number = 0;
    unsigned seed = 1;
    for (std::size_t tasks = 1; tasks < 3000; ++tasks) {
        queue.reserve(tasks);
        while (expected.size() < tasks) { // every task may be queued
            expected.push_back(&cell(number));
            queue.push(cell(number++));
        }
        seed = seed * 1664525u + 1013904223u;
        for (std::size_t pops = (seed >> 16) % (tasks + 1); pops > 0; --pops) {
            ASSERT_EQ(queue.pop(), expected.front());
            expected.pop_front();
        }
        ASSERT_EQ(queue.size(), expected.size());
    }
    while (!expected.empty()) {
        ASSERT_EQ(queue.pop(), expected.front());
        expected.pop_front();
    }
    EXPECT_TRUE(queue.empty());
}

TEST(Executor, is_found_by_its_index_as_long_as_it_lives) {
    std::uint16_t index;
    {
        const MiniExecutor executor;
        index = executor.index();
        EXPECT_NE(index, 0u);
        EXPECT_EQ(rouse::detail::executors[index].load(), &executor);
        const MiniExecutor another;
        EXPECT_NE(another.index(), index);
    }
    EXPECT_EQ(rouse::detail::executors[index].load(), nullptr);
}

Task<> notes(std::string& log, char name, int times) {
    for (int i = 0; i < times; ++i) {
        log += name;
        co_await rouse::yield_now();
    }
}

TEST(Executor, tasks_take_turns) {
    MiniExecutor executor;
    std::string log;
    executor.spawn(notes, std::ref(log), 'a', 3).detach();
    executor.spawn(notes, std::ref(log), 'b', 3).detach();
    executor.run();
    EXPECT_EQ(log, "ababab");
    EXPECT_EQ(executor.alive(), 0u);
}

Task<int> waits(ByHandSource<int>& source) { co_return co_await ByHand<int>(source); }

TEST(Executor, a_task_is_polled_when_it_is_woken_and_not_before) {
    MiniExecutor executor;
    ByHandSource<int> source;
    auto handle = executor.spawn(waits, std::ref(source));
    executor.run();
    const std::size_t polls = executor.polls;
    executor.run();
    EXPECT_EQ(executor.polls, polls);
    source.complete(1);
    executor.run();
    EXPECT_EQ(executor.polls, polls + 1);
    EXPECT_TRUE(handle.is_finished());
}

TEST(Executor, a_wake_from_another_thread_is_delivered) {
    MiniExecutor executor;
    ByHandSource<int> source;
    auto handle = executor.spawn(waits, std::ref(source));
    executor.run();
    std::thread([&] { source.complete(1); }).join();
    executor.run();
    EXPECT_TRUE(handle.is_finished());
}

TEST(Executor, a_last_drop_from_another_thread_is_delivered_as_lost) {
    MiniExecutor executor;
    ByHandSource<int> source;
    auto handle = executor.spawn(waits, std::ref(source));
    executor.run();
    std::thread([&] { source.drop_waker(); }).join();
    executor.run();
    EXPECT_EQ(executor.lost, 1u);
    EXPECT_TRUE(handle.is_finished());
}

} // namespace
