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
    gate.visit([&] { visited = true; });
    EXPECT_TRUE(visited);
    EXPECT_TRUE(gate.try_visit(0ms, [&] { visited = false; }));
    EXPECT_FALSE(visited);
}

TEST(Gate, a_visitor_waits_for_the_owner_to_make_way) {
    Gate gate;
    std::vector<int> order; // plain: the gate orders it
    gate.enter();
    std::latch about_to_visit(1);
    std::jthread visitor([&] {
        about_to_visit.count_down();
        gate.visit([&] { order.push_back(2); });
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
            if (i % 2) gate.visit(enter);
            else
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

TEST(Gate, the_owner_itself_may_visit_from_the_inside) {
    Gate gate;
    gate.enter();
    bool visited = false;
    gate.visit([&] { visited = true; });
    EXPECT_TRUE(visited);
    EXPECT_FALSE(gate.try_visit(0ms, [&] { visited = false; })) << "it is in the middle of a poll";
    EXPECT_TRUE(visited);
    gate.leave();
}

TEST(Gate, gates_nest) {
    Gate outer, inner;
    outer.enter();
    inner.enter();
    int visits = 0;
    outer.visit([&] { ++visits; });
    inner.visit([&] { ++visits; });
    inner.leave();
    outer.leave();
    EXPECT_EQ(visits, 2);
    EXPECT_TRUE(outer.try_visit(0ms, [] {}));
    EXPECT_TRUE(inner.try_visit(0ms, [] {}));
}

// Each owner is inside of its own gate and visits the other's, again and again.
TEST(Gate, owners_that_visit_each_other_do_not_wait_for_ever) {
    const std::size_t rounds = rouse_test::scaled(5'000);
    Gate gates[2];
    std::size_t visits[2] = {}; // plain: each under the gate it belongs to
    std::latch start(2);
    const auto own = [&](int mine) {
        const int other = 1 - mine;
        start.arrive_and_wait();
        gates[mine].enter();
        for (std::size_t i = 0; i < rounds; ++i) {
            gates[other].visit([&] { ++visits[other]; });
            gates[mine].make_way();
        }
        gates[mine].leave();
    };
    std::thread second(own, 1);
    own(0);
    second.join();
    EXPECT_EQ(visits[0], rounds);
    EXPECT_EQ(visits[1], rounds);
}

// Who only stepped out to visit is still in the middle of its poll: a patient visitor must not see that.
TEST(Gate, a_visitor_that_can_wait_does_not_look_in_while_the_owner_is_on_a_visit) {
    Gate mine, theirs;
    std::latch on_a_visit(1), looked(1);
    theirs.enter();
    std::jthread owner([&] {
        mine.enter();
        on_a_visit.count_down();
        theirs.visit([] {}); // waits, outside of its own gate
        looked.wait();
        mine.leave();
    });
    on_a_visit.wait();
    int looks = 0;
    for (int i = 0; i < 20; ++i) mine.try_visit(1ms, [&] { ++looks; });
    looked.count_down();
    theirs.leave();
    owner.join();
    EXPECT_EQ(looks, 0);
    EXPECT_TRUE(mine.try_visit(0ms, [] {}));
}

} // namespace
