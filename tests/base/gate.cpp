// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/base/gate.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <thread>
#include <vector>

#include <support/stress_rounds.hpp>

namespace {

using rouse::detail::Gate;
using namespace std::chrono_literals;

TEST(Gate, a_visitor_comes_in_when_the_owner_is_outside) {
    Gate gate;
    bool visited = false;
    EXPECT_TRUE(gate.try_visit(0ms, [&] { visited = true; }));
    EXPECT_TRUE(visited);
}

TEST(Gate, a_visitor_waits_for_the_owner_to_make_way) {
    Gate gate;
    std::vector<int> order; // plain: the gate orders it
    gate.enter();
    std::latch about_to_visit(1);
    std::jthread visitor([&] {
        about_to_visit.count_down();
        while (!gate.try_visit(50ms, [&] { order.push_back(2); })) {}
    });
    about_to_visit.wait();
    order.push_back(1);
    while (order.size() < 2) gate.make_way();
    order.push_back(3);
    gate.leave();
    EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
}

TEST(Gate, make_way_returns_at_once_when_nobody_waits) {
    Gate gate;
    gate.enter();
    for (int i = 0; i < 1000; ++i) gate.make_way();
    gate.leave();
    EXPECT_TRUE(gate.try_visit(0ms, [] {})); // and it is outside now
}

TEST(Gate, a_patient_visitor_gives_up_on_an_owner_that_stays_inside) {
    Gate gate;
    gate.enter();
    bool came_in = true;
    bool called = false;
    std::thread([&] { came_in = gate.try_visit(1ms, [&] { called = true; }); }).join();
    EXPECT_FALSE(came_in);
    EXPECT_FALSE(called);
    // It is no longer waited for.
    gate.make_way();
    gate.leave();
}

TEST(Gate, owner_and_visitors_never_are_inside_together) {
    const std::size_t visits = rouse_test::scaled(10'000);
    Gate gate;
    std::size_t inside = 0; // plain: TSan sees who does not keep to the gate
    std::size_t count = 0;
    std::atomic<int> working{2};
    const auto enter = [&] {
        EXPECT_EQ(inside, 0u);
        ++inside;
        ++count;
        --inside;
    };
    const auto visit = [&] {
        for (std::size_t i = 0; i < visits; ++i) {
            while (!gate.try_visit(50ms, enter)) {}
        }
        working.fetch_sub(1);
    };
    std::size_t polls = 0;
    {
        gate.enter(); // so that there is at least one poll to wait for
        std::jthread first(visit), second(visit);
        while (working.load() != 0) {
            ++inside;
            ++polls;
            --inside;
            gate.make_way();
        }
        gate.leave();
    }
    EXPECT_EQ(count, 2 * visits);
    EXPECT_GT(polls, 0u);
}

} // namespace
