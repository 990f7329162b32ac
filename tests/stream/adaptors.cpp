// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/stream/buffered.hpp>
#include <rouse/stream/chunks.hpp>
#include <rouse/stream/collect.hpp>
#include <rouse/stream/filter.hpp>
#include <rouse/stream/flatten.hpp>
#include <rouse/stream/fold.hpp>
#include <rouse/stream/iter.hpp>
#include <rouse/stream/map.hpp>
#include <rouse/stream/merge.hpp>
#include <rouse/stream/peekable.hpp>
#include <rouse/stream/sources.hpp>
#include <rouse/stream/take.hpp>
#include <rouse/stream/try.hpp>
#include <rouse/task/task.hpp>
#include <rouse/task/yield_now.hpp>
#include <rouse/testing/harness.hpp>

#include "stream/polled.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <new>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#if !ROUSE_TSAN // which brings one of its own
static thread_local std::size_t allocations = 0;
void* operator new(std::size_t size) {
    ++allocations;
    if (void* memory = std::malloc(size ? size : 1)) return memory;
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
#endif

namespace {

namespace stream = rouse::stream;
using rouse::Task;
using rouse::testing::Harness;
using rouse_test::items_of;
using rouse_test::next_of;
using rouse_test::result_of;
using Ints = std::vector<int>;

auto to(int n) {
    return stream::unfold(0, [n](int& i) { return i < n ? std::optional(++i) : std::nullopt; });
}
bool is_odd(int n) { return n % 2 != 0; }

TEST(Adaptors, one_item_for_each) {
    EXPECT_EQ(items_of(to(3) | stream::map([](int n) { return 10 * n; })), (Ints{10, 20, 30}));
    const auto later = [](int n) -> Task<int> {
        co_await rouse::yield_now();
        co_return 10 * n;
    };
    EXPECT_EQ(items_of(to(3) | stream::then(later)), (Ints{10, 20, 30}));
    int seen = 0;
    EXPECT_EQ(items_of(to(3) | stream::inspect([&seen](const int& n) { seen += n; })), (Ints{1, 2, 3}));
    EXPECT_EQ(seen, 6);
    using Pair = std::pair<std::size_t, int>;
    EXPECT_EQ(items_of(to(2) | stream::enumerate()), (std::vector<Pair>{{0, 1}, {1, 2}}));
    const auto add_up = [](int& sum, int n) { return sum < 5 ? std::optional(sum += n) : std::nullopt; };
    EXPECT_EQ(items_of(to(9) | stream::scan(0, add_up)), (Ints{1, 3, 6}));
}
TEST(Adaptors, some_of_the_items) {
    EXPECT_EQ(items_of(to(5) | stream::filter(is_odd)), (Ints{1, 3, 5}));
    const auto half = [](int n) { return n % 2 == 0 ? std::optional(n / 2) : std::nullopt; };
    EXPECT_EQ(items_of(to(5) | stream::filter_map(half)), (Ints{1, 2}));
    EXPECT_EQ(items_of(stream::iter({1, 1, 2, 2, 2, 1}) | stream::dedup()), (Ints{1, 2, 1}));
    EXPECT_EQ(items_of(to(5) | stream::take(2)), (Ints{1, 2}));
    EXPECT_EQ(items_of(to(5) | stream::take(0)), Ints());
    EXPECT_EQ(items_of(to(2) | stream::take(5)), (Ints{1, 2}));
    EXPECT_EQ(items_of(to(5) | stream::take_while([](int n) { return n < 3; })), (Ints{1, 2}));
    EXPECT_EQ(items_of(to(5) | stream::skip(3)), (Ints{4, 5}));
    EXPECT_EQ(items_of(to(5) | stream::skip_while([](int n) { return n < 3; })), (Ints{3, 4, 5}));
    const auto below = [](int n) { return n < 3 ? std::optional(-n) : std::nullopt; };
    EXPECT_EQ(items_of(to(5) | stream::map_while(below)), (Ints{-1, -2}));
}
TEST(Adaptors, several_in_one) {
    using Chunks = std::vector<Ints>;
    EXPECT_EQ(items_of(to(5) | stream::chunks(2)), (Chunks{{1, 2}, {3, 4}, {5}}));
    EXPECT_EQ(items_of(to(4) | stream::chunks(2)), (Chunks{{1, 2}, {3, 4}}));
    EXPECT_EQ(items_of(to(3) | stream::ready_chunks(2)), (Chunks{{1, 2}, {3}}));
    EXPECT_EQ(items_of(to(0) | stream::chunks(2)), Chunks());
    EXPECT_EQ(items_of(to(3) | stream::flat_map(to)), (Ints{1, 1, 2, 1, 2, 3}));
    EXPECT_EQ(items_of(to(2) | stream::chain(to(1)) | stream::chain(to(2))), (Ints{1, 2, 1, 1, 2}));
    using Pair = std::pair<int, int>;
    EXPECT_EQ(items_of(to(2) | stream::zip(to(9))), (std::vector<Pair>{{1, 1}, {2, 2}}));
}
TEST(Adaptors, of_a_stream_elsewhere_leave_the_rest_there) {
    auto numbers = to(7);
    EXPECT_EQ(items_of(numbers | stream::take(2)), (Ints{1, 2}));
    EXPECT_EQ(items_of(numbers | stream::take_while([](int n) { return n < 4; })), Ints{3});
    EXPECT_EQ(items_of(numbers | stream::boxed() | stream::take(1)), Ints{5}); // 4 was looked at
    EXPECT_EQ(items_of(numbers), (Ints{6, 7}));
}
TEST(Adaptors, make_one_of_two_before_there_is_a_stream) {
    const auto odd_squares = stream::filter(is_odd) | stream::map([](int n) { return n * n; });
    EXPECT_EQ(items_of(to(5) | odd_squares), (Ints{1, 9, 25}));
    EXPECT_EQ(items_of(to(5) | odd_squares | stream::take(1)), Ints{1});
}

class Person {
public:
    Person(std::string name, int age) : name(std::move(name)), age_(age) {}
    [[nodiscard]] int age() const { return age_; }
    std::string name;

private:
    int age_;
};
TEST(Adaptors, keep_references_and_take_pointers_to_members) {
    std::vector<Person> people = {{"Ada", 36}, {"Grace", 85}, {"Alan", 41}};
    auto old = stream::iter(people) | stream::filter([](const Person& p) { return p.age() > 40; }) |
               stream::enumerate() |
               stream::map([](std::pair<std::size_t, Person&> p) -> Person& { return p.second; }) |
               stream::inspect([](const Person&) {}) | stream::take(2) | stream::peekable();
    EXPECT_EQ(Harness(old.peek()).poll().value(), &people[1]);
    EXPECT_EQ(&*next_of(old), &people[1]);
    EXPECT_EQ(&*next_of(old), &people[2]);
    EXPECT_FALSE(next_of(old));
    EXPECT_EQ(items_of(stream::iter(people) | stream::map(&Person::age)), (Ints{36, 85, 41}));
    EXPECT_EQ(items_of(stream::iter(people) | stream::map(&Person::name))[2], "Alan");
}
TEST(Adaptors, move_items_that_cannot_be_copied) {
    const auto boxes = [] { return to(4) | stream::map([](int n) { return std::make_unique<int>(n); }); };
    const auto is_late = [](const std::unique_ptr<int>& n) -> Task<bool> {
        co_await rouse::yield_now();
        co_return *n > 1;
    };
    auto some =
        boxes() | stream::filter(is_late) | stream::zip(boxes()) | stream::chunks(2) | stream::peekable();
    EXPECT_EQ(items_of(std::move(some)).size(), 2u);
    const auto add = [](std::unique_ptr<int> sum, std::unique_ptr<int> n) {
        *sum += *n;
        return sum;
    };
    EXPECT_EQ(*result_of(stream::fold(boxes(), std::make_unique<int>(0), add)), 10);
}

TEST(Peekable, looks_at_the_next_item_and_takes_it_on_a_condition) {
    auto numbers = to(3) | stream::peekable();
    EXPECT_EQ(*Harness(numbers.peek()).poll().value(), 1);
    EXPECT_EQ(*Harness(numbers.peek()).poll().value(), 1);
    EXPECT_EQ(Harness(numbers.next_if([](int n) { return n == 2; })).poll().value(), std::nullopt);
    EXPECT_EQ(Harness(numbers.next_if(is_odd)).poll().value(), 1);
    EXPECT_EQ(items_of(numbers), (Ints{2, 3}));
    EXPECT_EQ(Harness(numbers.peek()).poll().value(), nullptr);
}

/// A foreign stream, which begins anew after its end.
class Circle {
public:
    using Item = int;
    Circle() noexcept = default;
    rouse::Poll<std::optional<int>> poll_next(rouse::Context&) {
        if (++at_ % 3 == 0) return rouse::Ready(std::optional<int>());
        return rouse::Ready(std::optional(at_));
    }

private:
    int at_ = 0;
};
TEST(Adaptors, do_not_poll_a_stream_again_that_was_over) {
    auto fused = Circle() | stream::fuse();
    EXPECT_EQ(items_of(fused), (Ints{1, 2}));
    EXPECT_TRUE(fused.is_over());
    EXPECT_EQ(next_of(fused), std::nullopt);
    auto mapped = Circle() | stream::map([](int n) { return n; });
    EXPECT_EQ(items_of(mapped), (Ints{1, 2}));
    EXPECT_EQ(next_of(mapped), std::nullopt);
    auto chained = Circle() | stream::chain(Circle());
    EXPECT_EQ(items_of(chained), (Ints{1, 2, 1, 2}));
    EXPECT_EQ(next_of(chained), std::nullopt);
}

// ---- exceptions ----

template <class S>
void expect_over_after_a_throw(S of, const std::shared_ptr<int>& owned) {
    EXPECT_EQ(owned.use_count(), 2);
    EXPECT_THROW((void)items_of(of), std::runtime_error);
    EXPECT_EQ(next_of(of), std::nullopt);
    EXPECT_EQ(owned.use_count(), 1) << "the stream below is still there";
}
TEST(Adaptors, are_over_when_their_function_has_thrown) {
    const auto owned = std::make_shared<int>();
    const auto source = [&owned] {
        return stream::unfold(owned, [n = 0](const auto&) mutable { return std::optional(++n); });
    };
    const auto fails = [](int n) -> int { return n < 3 ? n : throw std::runtime_error("three"); };
    const auto fails_later = [](int n) -> Task<int> {
        co_await rouse::yield_now();
        if (n == 3) throw std::runtime_error("three");
        co_return n;
    };
    const auto maybe = [fails](int n) { return std::optional(fails(n)); };
    expect_over_after_a_throw(source() | stream::map(fails), owned);
    expect_over_after_a_throw(source() | stream::then(fails_later), owned);
    expect_over_after_a_throw(source() | stream::inspect(fails), owned);
    expect_over_after_a_throw(source() | stream::filter(fails), owned);
    expect_over_after_a_throw(source() | stream::filter(fails_later), owned);
    expect_over_after_a_throw(source() | stream::filter_map(maybe), owned);
    expect_over_after_a_throw(source() | stream::take_while(fails_later), owned);
    expect_over_after_a_throw(source() | stream::skip_while(fails), owned);
    expect_over_after_a_throw(source() | stream::map_while(maybe), owned);
    expect_over_after_a_throw(
        source() | stream::scan(0, [fails](int&, int n) { return std::optional(fails(n)); }), owned);
    expect_over_after_a_throw(
        source() | stream::map(fails) | stream::chunks(2) | stream::map([](Ints) { return 0; }), owned);
}

// ---- the budget ----

constexpr int budget = rouse::detail::poll_budget;

/// Each poll takes some items of an endless source, gives way, and is woken.
template <class F>
void expect_gives_way(F future, const int& taken) {
    Harness test(std::move(future));
    for (int i = 1; i <= 5; ++i) {
        const int before = taken;
        EXPECT_TRUE(test.poll().is_pending());
        EXPECT_EQ(test.take_wakes(), 1u);
        EXPECT_EQ(test.clones_alive(), 0u);
        EXPECT_GT(taken, before);
        EXPECT_LE(taken - before, 2 * budget);
    }
}
template <class F>
Task<> in_a_task(F future) {
    (void)co_await future;
}
TEST(Adaptors, that_throw_items_away_for_ever_give_way) {
    int taken = 0;
    const auto source = [&taken] { return stream::repeat_with([&taken] { return ++taken; }); };
    const auto none = [](int) { return false; };
    auto filtered = source() | stream::filter(none);
    auto mapped = source() | stream::filter_map([](int) { return std::optional<int>(); });
    auto skipped = source() | stream::skip(1'000'000'000);
    auto skipped_while = source() | stream::skip_while([](int) -> Task<bool> { co_return true; });
    auto same = source() | stream::map([](int) { return 1; }) | stream::dedup() | stream::skip(1);
    auto flat = source() | stream::flat_map([](int) { return stream::empty<int>(); });
    auto chunk = source() | stream::chunks(1'000'000'000);
    expect_gives_way(stream::next(filtered), taken);
    expect_gives_way(in_a_task(stream::next(filtered)), taken);
    expect_gives_way(stream::next(mapped), taken);
    expect_gives_way(stream::next(skipped), taken);
    expect_gives_way(in_a_task(stream::next(skipped)), taken);
    expect_gives_way(stream::next(skipped_while), taken);
    expect_gives_way(stream::next(same), taken);
    expect_gives_way(stream::next(flat), taken);
    expect_gives_way(stream::next(chunk), taken);
}
TEST(Adaptors, that_use_up_an_endless_stream_give_way) {
    int taken = 0;
    const auto source = [&taken] { return stream::repeat_with([&taken] { return ++taken; }); };
    expect_gives_way(stream::count(source()), taken);
    expect_gives_way(in_a_task(stream::count(source())), taken);
    expect_gives_way(stream::collect(source()), taken);
    expect_gives_way(stream::for_each(source(), [](int) {}), taken);
    expect_gives_way(stream::fold(source(), 0, [](int, int n) { return n; }), taken);
    expect_gives_way(stream::all(source(), [](int) -> Task<bool> { co_return true; }), taken);
}

#if !ROUSE_TSAN
TEST(Adaptors, allocate_nothing) {
    Ints numbers(1000, 1);
    const std::size_t before = allocations;
    auto counted = stream::iter(numbers) | stream::map([](int n) { return n + 1; }) |
                   stream::filter([](int) { return true; }) | stream::enumerate() | stream::skip(10) |
                   stream::take(900) | stream::count();
    const rouse::Waker noop = rouse::Waker::noop();
    rouse::Context cx(noop);
    for (;;) {
        auto poll = counted.poll(cx);
        if (poll.is_pending()) continue;
        EXPECT_EQ(poll.value(), 900u);
        break;
    }
    EXPECT_EQ(allocations, before);
}
#endif

// ---- what uses a stream up ----

TEST(Fold, for_each_fold_any_all_count) {
    int sum = 0;
    EXPECT_TRUE(Harness(stream::for_each(to(4), [&sum](int n) { sum += n; })).poll().is_ready());
    EXPECT_EQ(sum, 10);
    const auto later = [&sum](int n) -> Task<> {
        co_await rouse::yield_now();
        sum += n;
    };
    EXPECT_TRUE(Harness(to(4) | stream::for_each(later)).poll_while_woken().is_ready());
    EXPECT_EQ(sum, 20);
    const auto add = [](std::string all, int n) { return std::move(all) + std::to_string(n); };
    EXPECT_EQ(result_of(to(4) | stream::fold(std::string("0"), add)), "01234");
    const auto add_later = [](int all, int n) -> Task<int> {
        co_await rouse::yield_now();
        co_return all + n;
    };
    EXPECT_EQ(result_of(stream::fold(to(4), 0, add_later)), 10);
    EXPECT_EQ(result_of(to(4) | stream::count()), 4u);

    auto numbers = to(9);
    EXPECT_TRUE(result_of(stream::any(numbers, [](int n) { return n == 3; })));
    EXPECT_FALSE(result_of(numbers | stream::all([](int n) { return n != 5; })));
    EXPECT_EQ(next_of(numbers), 6); // they stopped where they knew
    EXPECT_FALSE(result_of(stream::any(to(3), [](int n) { return n == 4; })));
    EXPECT_TRUE(result_of(stream::all(to(3), [](int n) { return n < 4; })));
}
// Each item is a value that lies nowhere else, on the heap.
TEST(Functions, that_are_coroutines_may_take_their_items_by_reference) {
    const auto words = [] {
        return to(3) | stream::map([](int n) { return std::string(100, static_cast<char>('a' + n)); });
    };
    const auto size_of = [](const std::string& word) -> Task<std::size_t> {
        co_await rouse::yield_now();
        co_return word.size();
    };
    const auto is_long = [](const std::string& word) -> Task<bool> {
        co_await rouse::yield_now();
        co_return word.size() == 100;
    };
    const auto first = [](const std::string& word) -> Task<std::optional<char>> {
        co_await rouse::yield_now();
        co_return word.front();
    };
    const auto add = [](const std::string& all, const std::string& word) -> Task<std::string> {
        co_await rouse::yield_now();
        co_return all + word.front();
    };
    const auto try_it = [](const std::string& word) -> Task<std::expected<void, int>> {
        co_await rouse::yield_now();
        if (word.size() == 100) co_return std::expected<void, int>();
        co_return std::unexpected(1);
    };
    int sum = 0;
    const auto add_size = [&sum](const std::string& word) -> Task<> {
        co_await rouse::yield_now();
        sum += static_cast<int>(word.size());
    };
    EXPECT_EQ(items_of(words() | stream::then(size_of)), (std::vector<std::size_t>{100, 100, 100}));
    EXPECT_EQ(items_of(words() | stream::filter_map(first)), (std::vector<char>{'b', 'c', 'd'}));
    EXPECT_TRUE(result_of(stream::all(words(), is_long)));
    EXPECT_EQ(result_of(stream::fold(words(), std::string(50, '.'), add)), std::string(50, '.') + "bcd");
    const auto as_expected = [](std::string word) {
        return std::expected<std::string, int>(std::move(word));
    };
    EXPECT_TRUE(result_of(words() | stream::map(as_expected) | stream::try_for_each(try_it)).has_value());
    EXPECT_TRUE(Harness(stream::for_each_concurrent(words(), 2, add_size)).poll_while_woken().is_ready());
    EXPECT_EQ(sum, 300);
}
TEST(Collect, makes_the_container_that_is_asked_for) {
    EXPECT_EQ(result_of(to(3) | stream::collect()), (Ints{1, 2, 3}));
    EXPECT_EQ(result_of(stream::collect<std::set<int>>(stream::iter({2, 1, 2}))), (std::set{1, 2}));
    const auto letter = [](int n) { return static_cast<char>('a' + n); };
    EXPECT_EQ(result_of(to(3) | stream::map(letter) | stream::collect<std::string>()), "bcd");
}

using Result = std::expected<int, std::string>;
std::vector<Result> results() { return {1, 2, std::unexpected("three"), 4}; }

TEST(Try, stops_at_the_first_error_and_leaves_the_rest) {
    const auto all = results();
    auto first = stream::iter(all);
    EXPECT_EQ(result_of(stream::try_collect(first)), std::unexpected(std::string("three")));
    EXPECT_EQ(next_of(first), Result(4));
    EXPECT_EQ(result_of(stream::iter(results()) | stream::take(2) | stream::try_collect()), (Ints{1, 2}));
    EXPECT_EQ(all, results()) << "something was moved out of items that are elsewhere";

    auto second = stream::iter(results());
    EXPECT_EQ(result_of(stream::try_next(second)).value(), std::optional(1));
    EXPECT_EQ(result_of(stream::try_next(second)).value(), std::optional(2));
    EXPECT_EQ(result_of(stream::try_next(second)).error(), "three");
    EXPECT_EQ(result_of(stream::try_next(second)).value(), std::optional(4));
    EXPECT_EQ(result_of(stream::try_next(second)).value(), std::optional<int>());
}
TEST(Try, for_each_and_fold_stop_at_the_error_of_a_function_too) {
    using Done = std::expected<void, std::string>;
    int sum = 0;
    const auto add = [&sum](int n) -> Task<Done> {
        co_await rouse::yield_now();
        sum += n;
        co_return Done();
    };
    EXPECT_EQ(result_of(stream::try_for_each(stream::iter(results()), add)), Done(std::unexpect, "three"));
    EXPECT_EQ(sum, 3);
    const auto refuse = [](int n) { return n < 2 ? Done() : Done(std::unexpect, "no"); };
    EXPECT_EQ(result_of(stream::iter(results()) | stream::try_for_each(refuse)), Done(std::unexpect, "no"));
    const auto plus = [](int all, int n) { return Result(all + n); };
    EXPECT_EQ(result_of(stream::try_fold(stream::iter(results()) | stream::take(2), 10, plus)), Result(13));
    EXPECT_EQ(result_of(stream::iter(results()) | stream::try_fold(0, plus)), Result(std::unexpect, "three"));
}
TEST(Try, map_ok_and_map_err) {
    const auto all = results();
    using Other = std::expected<std::string, std::size_t>;
    const auto text = [](int n) { return std::to_string(n); };
    EXPECT_EQ(items_of(stream::iter(all) | stream::map_ok(text) |
                       stream::map_err([](const std::string& error) { return error.size(); })),
              (std::vector<Other>{"1", "2", std::unexpected(5u), "4"}));
}

class StreamDeath : public ::testing::Test {
protected:
    StreamDeath() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};
template <class F>
void expect_stops_after_ready(F future, const char* name) {
    Harness test(std::move(future));
    EXPECT_TRUE(test.poll().is_ready());
    EXPECT_DEATH((void)test.poll(), std::string(name) + " was polled after it had returned Ready");
}
TEST_F(StreamDeath, a_poll_after_ready_stops_and_names_the_type) {
    const auto yes = [](int) { return true; };
    const auto good = [](int) { return std::expected<void, std::string>(); };
    auto peekable = to(2) | stream::peekable();
    auto tries = stream::iter(results());
    expect_stops_after_ready(stream::for_each(to(2), yes), "stream::ForEach");
    expect_stops_after_ready(stream::fold(to(2), 0, [](int, int n) { return n; }), "stream::Fold");
    expect_stops_after_ready(stream::any(to(2), yes), "stream::Search");
    expect_stops_after_ready(stream::count(to(2)), "stream::Count");
    expect_stops_after_ready(stream::collect(to(2)), "stream::Collect");
    expect_stops_after_ready(stream::try_collect(stream::iter(results())), "stream::TryCollect");
    expect_stops_after_ready(stream::try_for_each(stream::iter(results()), good), "stream::TryEach");
    expect_stops_after_ready(stream::try_next(tries), "stream::Next");
    expect_stops_after_ready(peekable.peek(), "Peekable::Peek");
    expect_stops_after_ready(peekable.next_if(yes), "Peekable::NextIf");
}

} // namespace
