// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/stream/cycle.hpp>
#include <rouse/stream/iter.hpp>
#include <rouse/stream/take.hpp>

#include "stream/polled.hpp"
#include "stream/script.hpp"

#include <stdexcept>
#include <vector>

namespace {

namespace stream = rouse::stream;
using rouse_test::items_of;
using rouse_test::next_of;
using rouse_test::Script;
using Ints = std::vector<int>;

TEST(Cycle, begins_anew_when_the_stream_is_over) {
    int made = 0;
    auto make = [&made] {
        ++made;
        return stream::iter({1, 2, 3});
    };
    EXPECT_EQ(items_of(stream::cycle(make) | stream::take(7)), (Ints{1, 2, 3, 1, 2, 3, 1}));
    EXPECT_EQ(made, 3);
}

TEST(Cycle, is_over_when_a_stream_has_no_item_and_makes_no_other) {
    int left = 2;
    int made = 0;
    auto cycle = stream::cycle([&] {
        ++made;
        return stream::iter(Ints(static_cast<std::size_t>(left-- > 0 ? 1 : 0), 7));
    });
    EXPECT_EQ(items_of(cycle), (Ints{7, 7}));
    EXPECT_FALSE(next_of(cycle).has_value());
    EXPECT_EQ(made, 3);
}

TEST(Cycle, waits_with_the_stream_that_it_is_at_and_lets_go_of_the_one_before) {
    Script script;
    auto cycle = stream::cycle([&] { return script.numbers(1, 1); });
    rouse::testing::Harness first(stream::next(cycle));
    EXPECT_TRUE(first.poll().is_pending());
    EXPECT_EQ(first.clones_alive(), 1u);
    EXPECT_TRUE(script.fire());
    EXPECT_EQ(first.poll().value(), 1);
    rouse::testing::Harness second(stream::next(cycle));
    EXPECT_TRUE(second.poll().is_pending()); // the end of the first one
    EXPECT_TRUE(script.fire());
    EXPECT_TRUE(second.poll().is_pending()); // the second one
    EXPECT_EQ(script.alive(), 1);
    EXPECT_TRUE(script.fire());
    EXPECT_EQ(second.poll().value(), 1);
    EXPECT_EQ(second.clones_alive(), 0u);
    EXPECT_EQ(script.polls_after_end(), 0);
}

TEST(Cycle, is_over_when_making_or_the_stream_throws) {
    auto fails = stream::cycle([]() -> stream::Iter<Ints> { throw std::runtime_error("no stream"); });
    EXPECT_THROW((void)next_of(fails), std::runtime_error);
    EXPECT_FALSE(next_of(fails).has_value());
    Script script;
    script.throw_at = 1;
    auto broken = stream::cycle([&] { return script.numbers(1, 2); });
    rouse::testing::Harness next(stream::next(broken));
    EXPECT_TRUE(next.poll().is_pending());
    EXPECT_TRUE(script.fire());
    EXPECT_THROW((void)next.poll(), std::runtime_error);
    EXPECT_EQ(script.alive(), 0);
    EXPECT_FALSE(next_of(broken).has_value());
}

} // namespace
