// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "stream/each_stream.hpp"

#include <rouse/stream/buffered.hpp>
#include <rouse/stream/chunks.hpp>
#include <rouse/stream/collect.hpp>
#include <rouse/stream/cycle.hpp>
#include <rouse/stream/filter.hpp>
#include <rouse/stream/flatten.hpp>
#include <rouse/stream/fold.hpp>
#include <rouse/stream/iter.hpp>
#include <rouse/stream/map.hpp>
#include <rouse/stream/merge.hpp>
#include <rouse/stream/peekable.hpp>
#include <rouse/stream/select_all.hpp>
#include <rouse/stream/sink.hpp>
#include <rouse/stream/sources.hpp>
#include <rouse/stream/split.hpp>
#include <rouse/stream/take.hpp>
#include <rouse/stream/timed.hpp>
#include <rouse/stream/try.hpp>
#include <rouse/stream/until.hpp>
#include <rouse/task/generator.hpp>
#include <rouse/task/task.hpp>
#include <rouse/task/yield_now.hpp>

#include <numeric>
#include <utility>

namespace rouse_test {
namespace {

using namespace std::chrono_literals;
namespace stream = rouse::stream;
using rouse::Generator;
using rouse::Task;
using rouse::yield_now;

template <class S>
AnyStream box(S of) {
    return AnyStream(std::move(of));
}
int sum_of(const std::vector<int>& chunk) { return std::accumulate(chunk.begin(), chunk.end(), 0); }
int sum_of_pair(std::pair<int, int> pair) { return pair.first * 100 + pair.second; }
int or_minus_one(const std::expected<int, rouse::Elapsed>& item) { return item.value_or(-1); }

// Functions that answer by a future which waits.
Task<int> twice(int n) {
    co_await yield_now();
    co_return 2 * n;
}
Task<bool> is_odd(const int& n) {
    co_await yield_now();
    co_return n % 2 != 0;
}
Task<bool> below_three(const int& n) {
    co_await yield_now();
    co_return n < 3;
}
Task<std::optional<int>> if_odd(int n) {
    co_await yield_now();
    if (n % 2 == 0) co_return std::nullopt;
    co_return n;
}
Task<std::optional<int>> next_of_script(Script::Numbers& numbers) {
    co_return co_await stream::next(numbers);
}
Task<std::optional<int>> sum_up(int& sum, int n) {
    co_await yield_now();
    co_return sum += n;
}
Generator<int> generated(Script::Numbers numbers) {
    while (auto n = co_await stream::next(numbers)) co_yield *n;
}

} // namespace

const std::vector<StreamCase>& each_stream() {
    using S = Script;
    static const std::vector<StreamCase> all = {
        {"Generator", [](S& s) { return box(generated(s.numbers(0, 4))); }},
        {"unfold", [](S& s) { return box(stream::unfold(s.numbers(0, 4), next_of_script)); }},
        {"fuse", [](S& s) { return box(s.numbers(0, 4) | stream::fuse()); }},
        {"map", [](S& s) { return box(s.numbers(0, 4) | stream::map([](int n) { return n + 1; })); }},
        {"then", [](S& s) { return box(s.numbers(0, 4) | stream::then(twice)); }},
        {"inspect", [](S& s) { return box(s.numbers(0, 4) | stream::inspect([](int) {})); }},
        {"enumerate",
         [](S& s) {
             return box(s.numbers(0, 4) | stream::enumerate() |
                        stream::map(&std::pair<std::size_t, int>::second));
         }},
        {"scan", [](S& s) { return box(s.numbers(0, 4) | stream::scan(0, sum_up)); }},
        {"filter", [](S& s) { return box(s.numbers(0, 4) | stream::filter([](int n) { return n > 1; })); }},
        {"filter, by a future", [](S& s) { return box(s.numbers(0, 4) | stream::filter(is_odd)); }},
        {"filter_map, by a future", [](S& s) { return box(s.numbers(0, 4) | stream::filter_map(if_odd)); }},
        {"dedup",
         [](S& s) {
             return box(s.numbers(0, 4) | stream::map([](int n) { return n / 2; }) | stream::dedup());
         }},
        {"cycle",
         [](S& s) { return box(stream::cycle([&s] { return s.numbers(0, 2); }) | stream::take(3)); }},
        {"take", [](S& s) { return box(s.numbers(0, 4) | stream::take(3)); }},
        {"take_while",
         [](S& s) { return box(s.numbers(0, 4) | stream::take_while([](int n) { return n < 3; })); }, false,
         true},
        {"take_while, by a future",
         [](S& s) { return box(s.numbers(0, 5) | stream::take_while(below_three)); }, false, true},
        {"map_while, by a future", [](S& s) { return box(s.numbers(1, 4) | stream::map_while(if_odd)); },
         false, true},
        {"take_until", [](S& s) { return box(s.numbers(0, 4) | stream::take_until(rouse::never())); }},
        {"skip", [](S& s) { return box(s.numbers(0, 4) | stream::skip(2)); }},
        {"skip_while, by a future",
         [](S& s) { return box(s.numbers(0, 5) | stream::skip_while(below_three)); }},
        {"chunks", [](S& s) { return box(s.numbers(0, 5) | stream::chunks(2) | stream::map(sum_of)); }},
        {"ready_chunks",
         [](S& s) { return box(s.numbers(0, 5) | stream::ready_chunks(2) | stream::map(sum_of)); }},
        {"merge",
         [](S& s) { return box(stream::merge(s.numbers(0, 3), s.numbers(10, 2), s.numbers(20, 1))); }},
        {"zip",
         [](S& s) { return box(stream::zip(s.numbers(0, 3), s.numbers(10, 4)) | stream::map(sum_of_pair)); },
         false, true},
        {"chain", [](S& s) { return box(stream::chain(s.numbers(0, 3), s.numbers(10, 2))); }},
        {"select_all",
         [](S& s) {
             std::vector<S::Numbers> numbers;
             for (int i = 0; i < 3; ++i) numbers.push_back(s.numbers(i, 3));
             return box(stream::select_all(std::move(numbers)));
         }},
        {"flatten",
         [](S& s) {
             return box(s.numbers(1, 3) | stream::map([&s](int n) { return s.numbers(10 * n, 2); }) |
                        stream::flatten());
         }},
        {"buffer_unordered",
         [](S& s) { return box(s.numbers(0, 5) | stream::map(twice) | stream::buffer_unordered(2)); }},
        {"boxed", [](S& s) { return box(s.numbers(0, 4) | stream::boxed()); }},
        {"buffered", [](S& s) { return box(s.numbers(0, 5) | stream::map(twice) | stream::buffered(2)); }},
        {"peekable", [](S& s) { return box(s.numbers(0, 4) | stream::peekable()); }},
        {"map_ok",
         [](S& s) {
             return box(s.numbers(0, 4) | stream::map([](int n) { return std::expected<int, int>(n); }) |
                        stream::map_ok([](int n) { return 2 * n; }) |
                        stream::map_err([](int n) { return n; }) |
                        stream::map([](std::expected<int, int> n) { return *n; }));
         }},
        {"throttle", [](S& s) { return box(s.numbers(0, 4) | stream::throttle(1ms)); }, true},
        {"timeout",
         [](S& s) { return box(s.numbers(0, 4) | stream::timeout(1ms) | stream::map(or_minus_one)); }, true},
        {"chunks_timeout",
         [](S& s) { return box(s.numbers(0, 5) | stream::chunks_timeout(2, 1h) | stream::map(sum_of)); },
         true},
    };
    return all;
}

namespace {

template <class F>
AnyFuture any_future(F future) {
    return AnyFuture(std::move(future));
}
/// Takes whatever it is sent.
class Drain {
public:
    using Error = int;
    using Result = std::expected<void, int>;
    Drain() noexcept = default;
    rouse::Poll<Result> poll_ready(rouse::Context&) { return rouse::Poll<Result>(std::in_place); }
    Result start_send(int) { return {}; }
    rouse::Poll<Result> poll_flush(rouse::Context&) { return rouse::Poll<Result>(std::in_place); }
    rouse::Poll<Result> poll_close(rouse::Context&) { return rouse::Poll<Result>(std::in_place); }
};
using Number = std::expected<int, int>;
Number as_expected(int n) { return n; }
Task<> waits(int) { co_await yield_now(); }
Task<std::expected<void, int>> waits_and_tries(int) {
    co_await yield_now();
    co_return std::expected<void, int>();
}
Task<int> adds(int sum, int n) {
    co_await yield_now();
    co_return sum + n;
}
Task<Number> adds_and_tries(int sum, int n) {
    co_await yield_now();
    co_return sum + n;
}

} // namespace

const std::vector<UseCase>& each_use() {
    using S = Script;
    static const std::vector<UseCase> all = {
        {"for_each", [](S& s) { return any_future(stream::for_each(s.numbers(0, 4), waits)); }},
        {"fold", [](S& s) { return any_future(stream::fold(s.numbers(0, 4), 0, adds)); }},
        {"any", [](S& s) { return any_future(stream::any(s.numbers(0, 9), [](int n) { return n == 3; })); }},
        {"all", [](S& s) { return any_future(stream::all(s.numbers(0, 9), below_three)); }},
        {"count", [](S& s) { return any_future(stream::count(s.numbers(0, 4))); }},
        {"collect", [](S& s) { return any_future(s.numbers(0, 4) | stream::collect()); }},
        {"try_collect",
         [](S& s) { return any_future(s.numbers(0, 4) | stream::map(as_expected) | stream::try_collect()); }},
        {"try_for_each",
         [](S& s) {
             return any_future(s.numbers(0, 4) | stream::map(as_expected) |
                               stream::try_for_each(waits_and_tries));
         }},
        {"try_fold",
         [](S& s) {
             return any_future(s.numbers(0, 4) | stream::map(as_expected) |
                               stream::try_fold(0, adds_and_tries));
         }},
        {"for_each_concurrent",
         [](S& s) { return any_future(stream::for_each_concurrent(s.numbers(0, 5), 2, waits)); }},
        {"forward", [](S& s) { return any_future(stream::forward(s.numbers(0, 4), Drain())); }},
        {"send_all", [](S& s) { return any_future(stream::send_all(Drain(), s.numbers(0, 4))); }},
    };
    return all;
}

} // namespace rouse_test
