// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Several streams or futures in one, and time.

#include <rouse/stream/buffered.hpp>
#include <rouse/stream/chunks.hpp>
#include <rouse/stream/iter.hpp>
#include <rouse/stream/map.hpp>
#include <rouse/stream/merge.hpp>
#include <rouse/stream/peekable.hpp>
#include <rouse/stream/select_all.hpp>
#include <rouse/stream/sources.hpp>
#include <rouse/stream/take.hpp>
#include <rouse/stream/timed.hpp>
#include <rouse/stream/until.hpp>
#include <rouse/sync/oneshot.hpp>
#include <rouse/task/generator.hpp>
#include <rouse/task/task.hpp>

#include "stream/polled.hpp"
#include "stream/script.hpp"
#include "support/by_hand.hpp"
#include "support/scene.hpp"
#include "time/paused.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
namespace stream = rouse::stream;
using rouse::Generator;
using rouse::now;
using rouse::Task;
using rouse::testing::Harness;
using rouse_test::items_of;
using rouse_test::next_of;
using rouse_test::run_paused;
using rouse_test::Scene;
using rouse_test::Script;
using rouse_test::timers_set;
using Ints = std::vector<int>;
using Boxed = stream::BoxStream<int>;

Generator<int> each(rouse::Duration gap, int first, int count) {
    for (int i = first; i < first + count; ++i) {
        co_await rouse::sleep(gap);
        co_yield i;
    }
}
Boxed boxed_each(rouse::Duration gap, int first, int count) {
    return each(gap, first, count) | stream::boxed();
}
Task<Ints> all_of(Boxed of) {
    Ints items;
    while (auto item = co_await stream::next(of)) items.push_back(*item);
    co_return items;
}

TEST(Merge, takes_turns_among_streams_that_always_have_an_item) {
    auto three = stream::merge(stream::repeat(1), stream::repeat(2), stream::repeat(3));
    EXPECT_EQ(items_of(three | stream::take(6)), (Ints{1, 2, 3, 1, 2, 3}));
    auto two = stream::repeat(1) | stream::merge(stream::iter({5, 6}));
    EXPECT_EQ(items_of(two | stream::take(6)), (Ints{1, 5, 1, 6, 1, 1}));
}
TEST(Merge, gives_each_item_when_it_is_there_and_ends_with_the_last_stream) {
    run_paused([]() -> Task<> {
        auto merged = stream::merge(boxed_each(10ms, 0, 4), boxed_each(25ms, 100, 2)) | stream::boxed();
        auto items = co_await all_of(std::move(merged));
        EXPECT_EQ(items, (Ints{0, 1, 100, 2, 3, 101}));
        EXPECT_EQ(timers_set(), 0u);
    });
}
TEST(Merge, polls_the_streams_elsewhere_where_they_are) {
    auto one = stream::iter({1, 2, 3});
    auto other = stream::iter({4, 5, 6});
    EXPECT_EQ(items_of(stream::merge(one, other) | stream::take(2)), (Ints{1, 4}));
    EXPECT_EQ(next_of(one), 2);
    EXPECT_EQ(next_of(other), 5);
}

TEST(SelectAll, polls_only_the_streams_that_were_woken) {
    Script script;
    std::vector<Script::Numbers> numbers;
    for (int i = 0; i < 3; ++i) numbers.push_back(script.numbers(10 * i, 2));
    auto all = stream::select_all(std::move(numbers));
    EXPECT_EQ(all.len(), 3u);
    Ints items;
    Harness next(stream::next(all));
    for (bool waits = next.poll().is_pending(); waits; waits = next.poll().is_pending()) {
        next.take_wakes();
        EXPECT_TRUE(script.fire());
        EXPECT_EQ(next.take_wakes(), 1u);
    }
    EXPECT_EQ(script.taken(), 1);
}
TEST(SelectAll, takes_turns_and_may_be_added_to) {
    stream::SelectAll<Boxed> all;
    EXPECT_EQ(next_of(all), std::nullopt);
    all.push(stream::repeat(1) | stream::boxed());
    all.push(stream::repeat(2) | stream::boxed());
    Ints items = items_of(all | stream::take(4));
    std::ranges::sort(items);
    EXPECT_EQ(items, (Ints{1, 1, 2, 2}));
    all.push(stream::repeat(3) | stream::boxed());
    items = items_of(all | stream::take(6));
    std::ranges::sort(items);
    EXPECT_EQ(items, (Ints{1, 1, 2, 2, 3, 3}));
    all.clear();
    EXPECT_TRUE(all.is_empty());
    all.push(stream::once(4) | stream::boxed());
    EXPECT_EQ(items_of(all), Ints{4});
}

// ---- futures at the same time ----

/// Takes some time for each number, and knows how many of it there are.
class Work {
public:
    Task<int> operator()(int n) {
        most_ = std::max(most_, ++running_);
        co_await rouse::sleep((10 - n) * 1ms);
        --running_;
        co_return n;
    }
    [[nodiscard]] int most() const noexcept { return most_; }
    [[nodiscard]] int running() const noexcept { return running_; }

private:
    int running_ = 0;
    int most_ = 0;
};

TEST(Buffered, unordered_gives_what_is_ready_first_and_runs_no_more_than_its_limit) {
    run_paused([]() -> Task<> {
        Work work;
        auto done = stream::iter({1, 2, 3, 4, 5, 6}) | stream::map([&work](int n) { return work(n); }) |
                    stream::buffer_unordered(3) | stream::boxed();
        auto items = co_await all_of(std::move(done));
        EXPECT_EQ(items, (Ints{3, 2, 1, 4, 5, 6}));
        EXPECT_EQ(work.most(), 3);
        EXPECT_EQ(timers_set(), 0u);
    });
}
TEST(Buffered, in_order_keeps_what_is_there_too_early) {
    run_paused([]() -> Task<> {
        Work work;
        const auto start = now();
        auto done = stream::iter({1, 2, 3, 4, 5, 6}) | stream::map([&work](int n) { return work(n); }) |
                    stream::buffered(3) | stream::boxed();
        const auto first = co_await stream::next(done);
        EXPECT_EQ(first, 1);
        EXPECT_EQ(now() - start, 9ms);
        EXPECT_EQ(work.running(), 0) << "two values wait, and count";
        auto items = co_await all_of(std::move(done));
        EXPECT_EQ(items, (Ints{2, 3, 4, 5, 6}));
        EXPECT_EQ(work.most(), 3);
        EXPECT_EQ(timers_set(), 0u);
    });
}
TEST(Buffered, an_exception_ends_it_and_destroys_the_other_futures) {
    run_paused([]() -> Task<> {
        const auto fails = [](int n) -> Task<int> {
            co_await rouse::sleep(n * 1ms);
            if (n == 2) throw std::runtime_error("two");
            co_return n;
        };
        auto done = stream::iter({1, 2, 3, 4}) | stream::map(fails) | stream::buffer_unordered(4);
        const auto first = co_await stream::next(done);
        EXPECT_EQ(first, 1);
        try {
            (void)co_await stream::next(done);
            ADD_FAILURE();
        } catch (const std::runtime_error&) {}
        EXPECT_EQ(timers_set(), 0u);
        const auto after = co_await stream::next(done);
        EXPECT_EQ(after, std::nullopt);
    });
}
TEST(Buffered, a_future_that_nobody_can_wake_throws_at_its_own_await) {
    Scene scene;
    scene.run([]() -> Task<> {
        const auto work = [](int n) -> Task<int> {
            if (n == 1) {
                co_await rouse::sleep(1h);
                co_return 1;
            }
            try {
                co_return co_await rouse_test::Forgetful();
            } catch (const rouse::LostWaker&) {
                co_return -1;
            }
        };
        auto done = stream::iter({1, 2}) | stream::map(work) | stream::buffer_unordered(2);
        const auto first = co_await stream::next(done);
        EXPECT_EQ(first, -1);
    });
    EXPECT_EQ(scene.hangs().size(), 1u);
}
TEST(ForEachConcurrent, awaits_up_to_its_limit_at_the_same_time) {
    run_paused([]() -> Task<> {
        Work work;
        int sum = 0;
        const auto add = [&work, &sum](int n) -> Task<> { sum += co_await work(n); };
        auto numbers = stream::iter({1, 2, 3, 4, 5});
        co_await stream::for_each_concurrent(numbers, 2, add);
        EXPECT_EQ(sum, 15);
        EXPECT_EQ(work.most(), 2);
        co_await stream::for_each_concurrent(boxed_each(1ms, 0, 8), stream::unlimited, add);
        EXPECT_EQ(sum, 43);
        EXPECT_GT(work.most(), 2);
        EXPECT_EQ(timers_set(), 0u);
    });
}
TEST(ForEachConcurrent, the_futures_have_their_turn_while_the_stream_always_has_an_item) {
    run_paused([]() -> Task<> {
        int pulled = 0;
        int begun = 0;
        int through = 0;
        const auto number = [&pulled] { return ++pulled; };
        const auto awaits = [&begun, &through](int) -> Task<> {
            ++begun;
            for (int i = 0; i < 3; ++i) co_await rouse::ready(i);
            ++through;
        };
        Harness all(stream::for_each_concurrent(stream::repeat_with(number), stream::unlimited, awaits));
        EXPECT_TRUE(all.poll().is_pending());
        EXPECT_GT(begun, 0);
        for (int polls = 0; polls < 10; ++polls) EXPECT_TRUE(all.poll().is_pending());
        EXPECT_GT(through, 10);
        EXPECT_LT(pulled, 11 * 257);
        co_return;
    });
}
TEST(ForEachConcurrent, an_endless_stream_shares_the_polls_of_its_task_with_the_futures) {
    run_paused([]() -> Task<> {
        int through = 0;
        auto all = [&through]() -> Task<> {
            const auto awaits = [&through](int n) -> Task<> { through += co_await rouse::ready(n); };
            co_await stream::for_each_concurrent(stream::repeat(1), stream::unlimited, awaits);
        };
        auto running = rouse::spawn(all);
        co_await rouse_test::give_turns(20);
        EXPECT_GT(through, 20) << "more than one in each poll";
        running.abort();
        (void)co_await std::move(running).into_result();
    });
}
TEST(ForEachConcurrent, dropped_destroys_what_runs) {
    run_paused([]() -> Task<> {
        Work work;
        const auto add = [&work](int n) -> Task<> { (void)co_await work(n); };
        {
            Harness all(stream::for_each_concurrent(stream::iter({1, 2, 3}), 2, add));
            EXPECT_TRUE(all.poll().is_pending());
            EXPECT_EQ(work.running(), 2);
            EXPECT_EQ(timers_set(), 2u);
            all.drop();
            EXPECT_EQ(all.clones_alive(), 0u);
        }
        EXPECT_EQ(timers_set(), 0u);
        co_return;
    });
}

// ---- time ----

TEST(Timed, throttle_keeps_items_apart) {
    run_paused([]() -> Task<> {
        const auto start = now();
        auto slow = stream::iter({1, 2, 3}) | stream::throttle(10ms);
        for (int i = 0; i < 3; ++i) {
            (void)co_await stream::next(slow);
            EXPECT_EQ(now() - start, i * 10ms);
        }
        // The pause runs while nobody asks.
        co_await rouse::sleep(30ms);
        const auto end = co_await stream::next(slow);
        EXPECT_EQ(end, std::nullopt);
        EXPECT_EQ(now() - start, 50ms);
        EXPECT_EQ(timers_set(), 0u);
    });
}
TEST(Timed, timeout_says_once_that_the_next_item_is_late) {
    run_paused([]() -> Task<> {
        const auto start = now();
        auto late = each(10ms, 1, 2) | stream::timeout(4ms);
        std::string seen;
        while (auto item = co_await stream::next(late))
            seen +=
                (*item ? std::to_string(**item) : "late") + "@" + std::to_string((now() - start) / 1ms) + " ";
        EXPECT_EQ(seen, "late@4 1@10 late@14 2@20 ");
        EXPECT_EQ(timers_set(), 0u);
    });
}
TEST(Timed, timeout_repeating_says_it_again) {
    run_paused([]() -> Task<> {
        auto late = each(10ms, 1, 1) | stream::timeout_repeating(3ms);
        int told = 0;
        while (auto item = co_await stream::next(late)) told += item->has_value() ? 100 : 1;
        EXPECT_EQ(told, 103);
        EXPECT_EQ(timers_set(), 0u);
    });
}
TEST(Timed, chunks_timeout_gives_what_has_come_when_its_time_is_over) {
    run_paused([]() -> Task<> {
        const auto start = now();
        auto chunks = each(10ms, 1, 7) | stream::chunks_timeout(3, 15ms);
        std::vector<Ints> all;
        while (auto chunk = co_await stream::next(chunks)) all.push_back(std::move(*chunk));
        // Each chunk begins with its first item: 10, 20 | 30, 40 | ...
        EXPECT_EQ(all, (std::vector<Ints>{{1, 2}, {3, 4}, {5, 6}, {7}}));
        auto full = stream::iter({1, 2, 3, 4}) | stream::chunks_timeout(3, 1h);
        const auto first = co_await stream::next(full);
        EXPECT_EQ(first->size(), 3u);
        EXPECT_EQ(timers_set(), 0u) << "a timer without a chunk";
        EXPECT_LE(now() - start, 90ms);
    });
}
TEST(Timed, chunks_timeout_is_not_held_up_by_a_stream_that_never_waits) {
    run_paused([]() -> Task<> {
        constexpr std::size_t count = 100'000;
        auto chunks = stream::iter(Ints(count)) | stream::chunks_timeout(2 * count, 0s);
        std::size_t all = 0, number = 0;
        while (auto chunk = co_await stream::next(chunks)) {
            all += chunk->size();
            ++number;
        }
        EXPECT_EQ(all, count);
        EXPECT_GT(number, 1u) << "the time of the first chunk was over";
    });
}
TEST(Timed, take_until_ends_with_its_future_and_leaves_the_rest_elsewhere) {
    run_paused([]() -> Task<> {
        auto numbers = each(10ms, 1, 9);
        auto deadline = rouse::sleep(35ms);
        auto items = co_await all_of(numbers | stream::take_until(deadline) | stream::boxed());
        EXPECT_EQ(items, (Ints{1, 2, 3}));
        const auto rest = co_await stream::next(numbers);
        EXPECT_EQ(rest, 4);
    });
}

// ---- streams that nobody can wake, beside others that somebody can ----

Generator<int> forgets_after(int count) {
    for (int i = 0; i < count; ++i) co_yield i;
    (void)co_await rouse_test::Forgetful();
}

TEST(Lost, a_stream_of_merge_is_told_and_the_others_go_on) {
    Scene scene;
    scene.run([]() -> Task<> {
        auto merged = stream::merge(forgets_after(1), each(10ms, 10, 2));
        int sum = 0;
        try {
            while (auto item = co_await stream::next(merged)) sum += *item;
            ADD_FAILURE() << "it has ended";
        } catch (const rouse::LostWaker&) { // when the other one had ended
        }
        EXPECT_EQ(sum, 21);
    });
    ASSERT_GE(scene.hangs().size(), 1u);
    EXPECT_EQ(scene.hangs()[0].child_role, "stream 1 of merge");
}
TEST(Lost, a_stream_of_zip_throws_at_its_own_await) {
    Scene scene;
    scene.run([]() -> Task<> {
        auto pairs = stream::zip(each(1h, 1, 9), forgets_after(0));
        const auto start = now();
        try {
            (void)co_await stream::next(pairs);
            ADD_FAILURE();
        } catch (const rouse::LostWaker& lost) {
            EXPECT_EQ(lost.report().child_role, "stream 2 of zip");
            EXPECT_GE(lost.report().stack.size(), 2u);
        }
        EXPECT_EQ(now(), start);
        EXPECT_EQ(timers_set(), 0u);
    });
}
TEST(Lost, a_stream_in_timeout_at_once) {
    Scene scene;
    scene.run([]() -> Task<> {
        auto late = forgets_after(1) | stream::timeout(1h);
        const auto start = now();
        const auto first = co_await stream::next(late);
        EXPECT_EQ(first->value(), 0);
        try {
            (void)co_await stream::next(late);
            ADD_FAILURE();
        } catch (const rouse::LostWaker&) {}
        EXPECT_EQ(now(), start);
    });
    EXPECT_EQ(scene.hangs().size(), 1u);
}
TEST(Lost, a_stream_in_take_until_is_told_and_its_end_still_comes) {
    Scene scene;
    scene.run([]() -> Task<> {
        auto until = forgets_after(0) | stream::take_until(rouse::sleep(1s));
        const auto end = co_await stream::next(until);
        EXPECT_EQ(end, std::nullopt);
    });
    ASSERT_EQ(scene.hangs().size(), 1u);
    EXPECT_EQ(scene.hangs()[0].child_role, "stream of take_until");
}
TEST(Lost, the_future_of_take_until_is_told_and_the_items_still_come) {
    Scene scene;
    scene.run([]() -> Task<> {
        auto until = each(10ms, 1, 2) | stream::take_until(rouse_test::Forgetful());
        int sum = 0;
        while (auto item = co_await stream::next(until)) sum += *item;
        EXPECT_EQ(sum, 3);
    });
    ASSERT_EQ(scene.hangs().size(), 1u);
    EXPECT_EQ(scene.hangs()[0].child_role, "future of take_until");
}
Task<int> an_hour(int n) {
    co_await rouse::sleep(1h);
    co_return n;
}
TEST(Lost, the_stream_below_buffered_is_told_and_the_futures_go_on) {
    const auto gives_two_and_throws = [](Boxed (*buffer)(Boxed)) {
        Scene scene;
        scene.run([buffer]() -> Task<> {
            const auto start = now();
            auto all = buffer(forgets_after(2) | stream::boxed());
            int count = 0;
            auto counts = [&all, &count]() -> Task<> {
                while (co_await stream::next(all)) ++count;
            };
            auto counting = rouse::spawn(counts);
            co_await rouse_test::give_turns(3);
            EXPECT_EQ(now(), start);
            co_await rouse::sleep(2h);
            EXPECT_EQ(count, 2);
            const auto result = co_await std::move(counting).into_result();
            EXPECT_TRUE(!result && result.error().is_lost()) << "when the futures were through";
        });
        ASSERT_EQ(scene.hangs().size(), 2u) << "once beside the futures, once alone";
        EXPECT_EQ(scene.hangs()[0].child_role, "stream of futures");
        EXPECT_EQ(scene.hangs()[0].policy, rouse::HangPolicy::report);
        EXPECT_LE(scene.found_at(), 4) << "not when the first future was through";
    };
    gives_two_and_throws([](Boxed of) {
        return std::move(of) | stream::map(an_hour) | stream::buffer_unordered(8) | stream::boxed();
    });
    gives_two_and_throws([](Boxed of) {
        return std::move(of) | stream::map(an_hour) | stream::buffered(8) | stream::boxed();
    });
}
TEST(Lost, the_stream_below_for_each_concurrent_is_told_and_the_futures_go_on) {
    Scene scene;
    scene.run([]() -> Task<> {
        int through = 0;
        auto all = [&through]() -> Task<> {
            const auto waits = [&through](int n) -> Task<> { through += 1 + 0 * co_await an_hour(n); };
            co_await stream::for_each_concurrent(forgets_after(2), 8, waits);
        };
        const auto result = co_await rouse::spawn(all).into_result();
        EXPECT_TRUE(!result && result.error().is_lost());
        EXPECT_EQ(through, 2);
    });
    ASSERT_EQ(scene.hangs().size(), 2u);
    EXPECT_EQ(scene.hangs()[0].child_role, "stream of futures");
    EXPECT_LE(scene.found_at(), 4);
}
TEST(Lost, a_stream_that_was_not_asked_for_want_of_room_is_not_told) {
    Scene scene;
    scene.run([]() -> Task<> {
        const auto waits = [](int n) -> Task<> { (void)co_await an_hour(n); };
        auto all = stream::iter({1, 2, 3, 4, 5}) | stream::map(an_hour) | stream::buffer_unordered(2);
        int sum = 0;
        while (auto n = co_await stream::next(all)) sum += *n;
        EXPECT_EQ(sum, 15);
        // It has ended; it waits longer than the futures; it has no room when its item comes.
        auto two = stream::iter({1, 2});
        co_await stream::for_each_concurrent(two, 8, waits);
        co_await stream::for_each_concurrent(each(10h, 0, 3), 8, waits);
        co_await stream::for_each_concurrent(each(10min, 0, 5), 1, waits);
        EXPECT_EQ(timers_set(), 0u);
    });
    EXPECT_TRUE(scene.is_quiet());
}
TEST(Lost, one_stream_alone_throws_at_the_await_of_its_next_item) {
    Scene scene;
    scene.run([]() -> Task<> {
        auto mapped = forgets_after(1) | stream::map([](int n) { return n; }) | stream::take(5);
        (void)co_await stream::next(mapped);
        try {
            (void)co_await stream::next(mapped);
            ADD_FAILURE();
        } catch (const rouse::LostWaker&) {}
    });
    EXPECT_EQ(scene.hangs().size(), 1u);
}
TEST(Lost, nothing_is_told_of_healthy_streams_that_wait_long) {
    Scene scene;
    scene.run([]() -> Task<> {
        auto merged = stream::merge(boxed_each(2h, 0, 2), stream::never<int>(), boxed_each(1h, 10, 3)) |
                      stream::take_until(rouse::sleep(10h)) | stream::timeout(20h);
        int count = 0;
        while (auto item = co_await stream::next(merged)) count += item->has_value() ? 1 : 100;
        EXPECT_EQ(count, 5);
        EXPECT_EQ(timers_set(), 0u);
    });
    EXPECT_TRUE(scene.is_quiet());
}

} // namespace
