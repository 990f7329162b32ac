// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/core/poll.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <type_traits>

namespace {

using rouse::Pending;
using rouse::Poll;
using rouse::Ready;

// As one writes them in a `poll`.
Poll<int> answer(bool known) {
    if (!known) return Pending;
    return Ready(42);
}
Poll<> done(bool is_done) {
    if (!is_done) return Pending;
    return Ready();
}

TEST(Poll, of_a_value) {
    EXPECT_TRUE(answer(false).is_pending());
    EXPECT_FALSE(answer(false).is_ready());
    EXPECT_TRUE(answer(true).is_ready());
    EXPECT_FALSE(answer(true).is_pending());
    EXPECT_EQ(answer(true).value(), 42);
}

TEST(Poll, of_void) {
    EXPECT_TRUE(done(false).is_pending());
    EXPECT_TRUE(done(true).is_ready());
    done(true).value();
}

TEST(Poll, of_a_move_only_value) {
    Poll<std::unique_ptr<int>> poll = Ready(std::make_unique<int>(7));
    ASSERT_TRUE(poll.is_ready());
    EXPECT_EQ(*poll.value(), 7);
    std::unique_ptr<int> out = std::move(poll).value();
    EXPECT_EQ(*out, 7);
}

TEST(Poll, of_a_reference_refers_to_the_object) {
    int object = 1;
    Poll<int&> poll = Ready<int&>(object);
    ASSERT_TRUE(poll.is_ready());
    EXPECT_EQ(&poll.value(), &object);
    int& out = std::move(poll).value();
    EXPECT_EQ(&out, &object);
    EXPECT_TRUE(Poll<int&>(Pending).is_pending());
}

TEST(Poll, of_a_const_reference_refers_to_the_object) {
    const std::string object = "here";
    Poll<const std::string&> poll = Ready<const std::string&>(object);
    EXPECT_EQ(&std::move(poll).value(), &object);
}

// `Ready(object)` is a copy, which dies with the statement: a Poll of a reference must not refer to it.
TEST(Poll, of_a_reference_is_not_made_from_a_ready_value) {
    static_assert(!std::is_constructible_v<Poll<int&>, Ready<int>>);
    static_assert(!std::is_constructible_v<Poll<const int&>, Ready<int>>);
    static_assert(!std::is_constructible_v<Poll<const std::string&>, Ready<const std::string>>);
    static_assert(std::is_constructible_v<Poll<const int&>, Ready<int&>>);
    static_assert(std::is_constructible_v<Poll<const int&>, Ready<const int&>>);
}

TEST(Poll, converts_what_the_value_can_be_made_of) {
    const Poll<std::string> text = Ready("text");
    EXPECT_EQ(text.value(), "text");
    const Poll<std::optional<int>> none = Ready(std::nullopt);
    EXPECT_TRUE(none.is_ready());
    EXPECT_FALSE(none.value().has_value());
    const Poll<long> number = Ready(3);
    EXPECT_EQ(number.value(), 3);
}

TEST(Poll, is_not_made_of_a_bare_value) {
    static_assert(!std::is_convertible_v<int, Poll<int>>);
    static_assert(!std::is_constructible_v<Poll<int>, int>);
    static_assert(!std::is_convertible_v<bool, Poll<>>);
    static_assert(!std::is_constructible_v<Poll<int>, Ready<std::string>>);
}

TEST(Poll, makes_the_value_in_place) {
    class Fixed {
    public:
        Fixed(int a, int b) : sum(a + b) {}
        Fixed(const Fixed&) = delete;
        int sum;
    };
    Poll<Fixed> poll(std::in_place, 1, 2);
    ASSERT_TRUE(poll.is_ready());
    EXPECT_EQ(poll.value().sum, 3);
}

TEST(Poll, value_of_an_lvalue_leaves_it_there) {
    Poll<std::string> poll = Ready(std::string("abc"));
    poll.value() += "d";
    EXPECT_EQ(poll.value(), "abcd");
    EXPECT_EQ(std::as_const(poll).value(), "abcd");
    static_assert(std::is_same_v<decltype(poll.value()), std::string&>);
    static_assert(std::is_same_v<decltype(std::as_const(poll).value()), const std::string&>);
    static_assert(std::is_same_v<decltype(std::move(poll).value()), std::string>);
}

TEST(Poll, map_of_ready_calls_and_of_pending_does_not) {
    int calls = 0;
    const auto twice = [&](int n) {
        ++calls;
        return 2 * n;
    };
    EXPECT_TRUE(answer(false).map(twice).is_pending());
    EXPECT_EQ(calls, 0);
    EXPECT_EQ(answer(true).map(twice).value(), 84);
    EXPECT_EQ(calls, 1);
}

TEST(Poll, map_from_and_to_void) {
    int calls = 0;
    const auto count = [&] { ++calls; };
    EXPECT_TRUE(done(true).map(count).is_ready());
    EXPECT_TRUE(done(false).map(count).is_pending());
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(done(true).map([] { return 5; }).value(), 5);
    int seen = 0;
    Poll<void> mapped = answer(true).map([&](int n) { seen = n; });
    EXPECT_TRUE(mapped.is_ready());
    EXPECT_EQ(seen, 42);
}

TEST(Poll, map_moves_a_move_only_value_in) {
    Poll<std::unique_ptr<int>> poll = Ready(std::make_unique<int>(7));
    auto mapped = std::move(poll).map([](std::unique_ptr<int> p) { return *p + 1; });
    EXPECT_EQ(mapped.value(), 8);
}

TEST(Poll, map_to_a_reference) {
    int object = 3;
    Poll<int&> mapped = done(true).map([&]() -> int& { return object; });
    EXPECT_EQ(&mapped.value(), &object);
}

TEST(Poll, is_usable_at_compile_time) {
    constexpr Poll<int> ready = Ready(3);
    static_assert(ready.is_ready() && ready.value() == 3);
    constexpr Poll<int> pending = Pending;
    static_assert(pending.is_pending());
    constexpr Poll<> unit = Ready();
    static_assert(unit.is_ready());
}

TEST(Unit, all_are_equal) {
    EXPECT_EQ(rouse::Unit(), rouse::Unit());
    static_assert(std::is_same_v<rouse::NonVoid<void>, rouse::Unit>);
    static_assert(std::is_same_v<rouse::NonVoid<int&>, int&>);
}

class PollDeath : public testing::Test {
protected:
    PollDeath() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_F(PollDeath, value_of_pending_stops) {
    EXPECT_DEATH((void)answer(false).value(), "rouse: fatal: .*value.. of a Pending poll");
    EXPECT_DEATH(
        {
            const Poll<std::string> pending = Pending;
            (void)pending.value();
        },
        "Pending poll");
    EXPECT_DEATH(done(false).value(), "Pending poll");
    EXPECT_DEATH((void)Poll<int&>(Pending).value(), "Pending poll");
}

} // namespace
