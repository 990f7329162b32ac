// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/time/wheel.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <random>
#include <set>
#include <vector>

namespace {

using rouse::detail::IntrusiveList;
using rouse::detail::TimerNode;
using rouse::detail::TimerWheel;

constexpr std::int64_t top_slot = std::int64_t{1} << 53; // 104 days, in nanoseconds
constexpr std::int64_t year = std::int64_t{365} * 24 * 3600 * 1'000'000'000;

std::vector<TimerNode*> advance(TimerWheel& wheel, std::int64_t now) {
    IntrusiveList<TimerNode> due;
    wheel.advance(now, due);
    std::vector<TimerNode*> fired;
    while (TimerNode* node = due.front()) {
        wheel.remove(*node);
        fired.push_back(node);
    }
    return fired;
}

/// A wheel next to a set of deadlines; whatever is done to one is done to the other.
class Model {
public:
    explicit Model(std::uint64_t seed, std::int64_t now) : random_(seed), now_(now), wheel_(now) {}

    void add() {
        auto node = std::make_unique<TimerNode>();
        const std::int64_t span = some_span();
        node->set_deadline(pick(8) == 0              ? now_ - std::min(span, now_)
                           : span < INT64_MAX - now_ ? now_ + span
                                                     : INT64_MAX);
        deadlines_.insert(node->deadline());
        wheel_.add(*node);
        set_.push_back(std::move(node));
    }
    void remove() {
        if (set_.empty()) return;
        std::swap(set_[pick(set_.size())], set_.back());
        wheel_.remove(*set_.back());
        deadlines_.erase(deadlines_.find(set_.back()->deadline()));
        set_.pop_back();
    }
    void advance_some() {
        const std::int64_t span = some_span() / 4;
        advance_to(span < INT64_MAX - now_ ? now_ + span : INT64_MAX);
    }
    /// As a runtime does: from one wakeup to the next, up to the earliest deadline.
    void advance_to_the_earliest() {
        if (deadlines_.empty()) return;
        const std::int64_t earliest = *deadlines_.begin();
        for (int steps = 0; now_ < earliest; ++steps) {
            ASSERT_LT(steps, 32) << "it goes down level by level";
            const auto next = wheel_.next_wakeup();
            ASSERT_TRUE(next);
            ASSERT_LE(*next, earliest);
            ASSERT_GT(*next, now_) << "or the runtime would spin";
            advance_to(*next);
        }
    }
    void check() {
        ASSERT_EQ(wheel_.size(), deadlines_.size());
        const auto next = wheel_.next_wakeup();
        ASSERT_EQ(next.has_value(), !deadlines_.empty());
        if (next) {
            ASSERT_LE(*next, std::max(*deadlines_.begin(), now_));
        }
    }
    std::size_t pick(std::size_t below) {
        return std::uniform_int_distribution<std::size_t>(0, below - 1)(random_);
    }
    [[nodiscard]] std::int64_t now() const noexcept { return now_; }
    [[nodiscard]] std::size_t fired() const noexcept { return fired_; }

private:
    std::int64_t some_span() { // each order of magnitude as often as the others
        const std::int64_t below = std::int64_t{1} << pick(62);
        return std::uniform_int_distribution<std::int64_t>(0, below)(random_);
    }
    void advance_to(std::int64_t now) {
        now_ = now;
        const std::vector<TimerNode*> fired = advance(wheel_, now);
        fired_ += fired.size();
        std::multiset<std::int64_t> got;
        for (const TimerNode* node : fired) got.insert(node->deadline());
        const auto end = deadlines_.upper_bound(now);
        ASSERT_TRUE(std::equal(got.begin(), got.end(), deadlines_.begin(), end))
            << "now " << now << ", fired " << got.size() << ", due "
            << std::distance(deadlines_.begin(), end);
        deadlines_.erase(deadlines_.begin(), end);
        std::erase_if(set_, [](const auto& node) { return !node->linked(); });
    }

    std::mt19937_64 random_;
    std::int64_t now_;
    TimerWheel wheel_;
    std::vector<std::unique_ptr<TimerNode>> set_;
    std::multiset<std::int64_t> deadlines_;
    std::size_t fired_ = 0;
};

TEST(TimerWheel, agrees_with_a_set_of_deadlines) {
    std::size_t fired = 0;
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        SCOPED_TRACE(seed);
        // Up to a century on: the wheel is in any place, and past any number of its turns.
        Model model(seed, static_cast<std::int64_t>((seed * 7919) % 400) * (year / 4));
        for (int step = 0; step < 300; ++step) {
            const std::size_t what = model.pick(16);
            if (what < 9) model.add();
            else if (what < 11) model.remove();
            else if (what < 14 && model.now() < 100 * year) model.advance_some();
            else model.advance_to_the_earliest();
            if (HasFatalFailure()) return;
            model.check();
            if (HasFatalFailure()) return;
        }
        fired += model.fired();
    }
    EXPECT_GT(fired, 10'000u);
}

TEST(TimerWheel, fires_at_the_nanosecond) {
    TimerWheel wheel(0);
    TimerNode node;
    node.set_deadline(10 * year + 12'345);
    wheel.add(node);
    EXPECT_TRUE(advance(wheel, node.deadline() - 1).empty());
    EXPECT_EQ(wheel.next_wakeup(), node.deadline());
    EXPECT_EQ(advance(wheel, node.deadline()), std::vector{&node});
    EXPECT_EQ(wheel.size(), 0u);
    EXPECT_FALSE(wheel.next_wakeup());
}

TEST(TimerWheel, with_slack_one_wakeup_serves_those_that_are_near_and_none_is_early) {
    TimerWheel wheel(0);
    TimerNode nodes[5];
    const std::int64_t deadlines[] = {5'700, 5'000, 5'500, 5'501, 90'000};
    for (int i = 0; i < 5; ++i) {
        nodes[i].set_deadline(deadlines[i]);
        wheel.add(nodes[i]);
    }
    EXPECT_EQ(wheel.next_wakeup(), 5'000);
    EXPECT_EQ(wheel.next_wakeup(500), 5'500);
    EXPECT_EQ(advance(wheel, 5'500), (std::vector{&nodes[1], &nodes[2]}));
    EXPECT_EQ(wheel.next_wakeup(500), 5'700) << "the one at 90,000 is too far away to be waited for";
    EXPECT_EQ(advance(wheel, 5'700), (std::vector{&nodes[0], &nodes[3]}));
    EXPECT_EQ(wheel.next_wakeup(500), 90'000) << "alone it is woken on time";
}

// The top level comes round, and the deadline lies in its next turn, before the slot just passed.
TEST(TimerWheel, a_deadline_in_the_next_turn_of_the_top_level_is_not_late) {
    for (std::int64_t here = 1; here < 64; ++here) {
        for (std::int64_t ahead = 64 - here; ahead < 130; ++ahead) {
            const std::int64_t start = here * top_slot + 5;
            TimerWheel wheel(start);
            TimerNode node;
            node.set_deadline(start + ahead * top_slot);
            wheel.add(node);
            for (int steps = 0; steps < 32; ++steps) {
                const auto next = wheel.next_wakeup();
                ASSERT_TRUE(next);
                ASSERT_LE(*next, node.deadline()) << here << " + " << ahead;
                if (!advance(wheel, *next).empty()) break;
            }
            ASSERT_EQ(wheel.size(), 0u) << here << " + " << ahead;
        }
    }
}

TEST(TimerWheel, the_last_instant_there_is) {
    TimerWheel wheel(5 * year);
    TimerNode node;
    node.set_deadline(INT64_MAX);
    wheel.add(node);
    EXPECT_TRUE(advance(wheel, 200 * year).empty());
    EXPECT_TRUE(advance(wheel, INT64_MAX - 1).empty());
    EXPECT_EQ(advance(wheel, INT64_MAX), std::vector{&node});
}

TEST(TimerWheel, equal_deadlines_come_in_the_order_of_their_setting) {
    constexpr std::int64_t deadline = 3'600'000'000'000;
    TimerWheel wheel(0);
    std::vector<TimerNode> nodes(40);
    std::vector<TimerNode*> expected;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        nodes[i].set_deadline(deadline);
        wheel.add(nodes[i]);
        expected.push_back(&nodes[i]);
        // The later ones are set ever nearer, on ever lower levels.
        EXPECT_TRUE(advance(wheel, deadline - (deadline >> (i + 1))).empty());
    }
    EXPECT_EQ(advance(wheel, deadline), expected);
}

// A slot of the second level goes down with all that it holds, one of the lowest becomes due as a whole, and
// the one of `now` gives only what is due.
TEST(TimerWheel, many_in_one_slot_go_down_and_fall_due_in_order) {
    TimerWheel wheel(0);
    constexpr std::int64_t start = 100'000'000, apart = 10'000; // thirteen to a slot
    std::vector<TimerNode> nodes(1000);
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        nodes[i].set_deadline(start + apart * static_cast<std::int64_t>(i));
        wheel.add(nodes[i]);
    }
    for (std::size_t i = 3; i < nodes.size(); i += 7) wheel.remove(nodes[i]);
    std::vector<TimerNode*> fired, expected;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        const auto next = wheel.next_wakeup();
        if (i % 7 != 3) expected.push_back(&nodes[i]);
        else continue;
        ASSERT_TRUE(next);
        ASSERT_LE(*next, nodes[i].deadline());
        for (TimerNode* node : advance(wheel, nodes[i].deadline())) fired.push_back(node);
        ASSERT_EQ(fired, expected);
    }
    EXPECT_EQ(wheel.size(), 0u);
}

TEST(TimerWheel, one_long_advance_fires_in_the_order_of_the_deadlines) {
    TimerWheel wheel(year);
    std::vector<TimerNode> nodes(60);
    std::vector<TimerNode*> expected;
    for (std::size_t i = nodes.size(); i-- > 0;) { // a millisecond apart, then seconds, hours, years
        const std::int64_t unit = std::int64_t{1'000'000} << (i / 10 * 7);
        nodes[i].set_deadline(year + unit * static_cast<std::int64_t>(i % 10 + 1));
        wheel.add(nodes[i]);
    }
    for (TimerNode& node : nodes) expected.push_back(&node);
    std::ranges::sort(expected, {}, &TimerNode::deadline);
    EXPECT_EQ(advance(wheel, 200 * year), expected);
}

TEST(TimerWheel, what_is_due_may_be_removed_before_it_is_taken) {
    TimerWheel wheel(0);
    TimerNode a, b;
    a.set_deadline(1000);
    b.set_deadline(1000);
    wheel.add(a);
    wheel.add(b);
    IntrusiveList<TimerNode> due;
    wheel.advance(2000, due);
    EXPECT_EQ(wheel.size(), 2u);
    wheel.remove(b);
    EXPECT_EQ(due.front(), &a);
    wheel.remove(a);
    EXPECT_TRUE(due.empty());
    EXPECT_EQ(wheel.size(), 0u);
}

TEST(TimerWheel, what_is_unmeasured_counts_from_the_next_look_at_the_clock) {
    TimerWheel wheel(1000);
    TimerNode waits, removed, known;
    wheel.add_unmeasured(removed, rouse::Duration(1));
    wheel.add_unmeasured(waits, rouse::Duration(500));
    EXPECT_EQ(wheel.size(), 2u);
    wheel.remove(removed);
    EXPECT_TRUE(wheel.has_unmeasured());
    wheel.measure(5000);
    EXPECT_FALSE(wheel.has_unmeasured());
    EXPECT_EQ(waits.deadline(), 5500);
    known.set_deadline(5400);
    wheel.add(known);
    EXPECT_EQ(wheel.next_wakeup(), 5400);
    EXPECT_EQ(advance(wheel, 5499), std::vector{&known});
    EXPECT_EQ(advance(wheel, 5500), std::vector{&waits});
    EXPECT_EQ(wheel.size(), 0u);
}

TEST(TimerWheel, drain_empties_all_levels) {
    TimerWheel wheel(year);
    std::vector<TimerNode> nodes(60);
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        nodes[i].set_deadline(year + (std::int64_t{1} << i));
        wheel.add(nodes[i]);
    }
    TimerNode unmeasured;
    wheel.add_unmeasured(unmeasured, rouse::Duration(1));
    IntrusiveList<TimerNode> out;
    wheel.drain(out);
    EXPECT_EQ(out.size(), nodes.size() + 1);
    EXPECT_FALSE(wheel.has_unmeasured());
    EXPECT_EQ(wheel.size(), 0u);
    EXPECT_FALSE(wheel.next_wakeup());
    while (out.pop_front()) {}
}

} // namespace
