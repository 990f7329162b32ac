// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "stand_ins.hpp"
#include "workloads.hpp"

#include <chrono>
#include <vector>

namespace compare {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

Task<> sleep_in(Group& group, microseconds duration) {
    co_await rouse::sleep(duration);
    group.end_one();
}

/// Ready at once, with whether `timer` was still Pending.
class PollOnce {
public:
    using Output = bool;
    explicit PollOnce(rouse::Sleep& timer) noexcept : timer_(&timer) {}
    rouse::Poll<bool> poll(rouse::Context& cx) { return rouse::Ready(timer_->poll(cx).is_pending()); }

private:
    rouse::Sleep* timer_;
};

} // namespace

/// n tasks without handles sleep for 1 to 2 seconds each, all at once; the last one tells.
Task<bench_round> sleeps(std::uint64_t n) {
    Group group(n);
    const bench_watch watch = bench_start();
    for (std::uint64_t i = 0; i < n; ++i) {
        const microseconds duration = seconds(1) + microseconds(bench_scattered(i, n));
        rouse::spawn(sleep_in, std::ref(group), duration).detach();
    }
    (void)co_await group.all_ended();
    const bench_round round = bench_stop(watch, n - group.left());
    if (round.nanoseconds < 1000000000) std::abort();
    co_return round;
}

/// A timeout of a minute around a yield, n times.
Task<bench_round> timeouts(std::uint64_t n) {
    std::uint64_t in_time = 0;
    const bench_watch watch = bench_start();
    for (std::uint64_t i = 0; i < n; ++i) {
        const auto yielded = co_await rouse::timeout(seconds(60), rouse::yield_now());
        in_time += yielded.has_value();
    }
    co_return bench_stop(watch, in_time);
}

/// Sets n timers for 60 to 61 seconds, all at once, then cancels them.
Task<bench_round> create_and_cancel(std::uint64_t n) {
    std::vector<rouse::Sleep> timers;
    timers.reserve(n); // they do not move once they are polled
    std::uint64_t pending = 0;
    const bench_watch watch = bench_start();
    for (std::uint64_t i = 0; i < n; ++i) {
        timers.push_back(rouse::sleep(seconds(60) + microseconds(bench_scattered(i, n))));
        pending += co_await PollOnce(timers.back());
    }
    timers = std::vector<rouse::Sleep>();
    co_return bench_stop(watch, pending);
}

} // namespace compare
