// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Two threads do something to one task at the same time, while a third drives it.

#include <rouse/core/block_on.hpp>
#include <rouse/runtime/runtime.hpp>
#include <rouse/task/yield_now.hpp>

#include "stress/many_hands.hpp"
#include "stress/stress_watchdog.hpp"
#include "support/stress_rounds.hpp"
#include "support/two_threads.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <optional>
#include <thread>

namespace {

using rouse::JoinHandle;
using rouse::Task;
using rouse_test::Counted;
using rouse_test::StressRounds;
using rouse_test::StressWatchdog;
using rouse_test::TwoThreads;

/// One task, as the two threads have it.
class Element {
public:
    void complete() {
        complete_.store(true);
        std::move(waker).wake();
    }
    rouse::Poll<> poll(rouse::Context& cx) {
        if (complete_.load()) return rouse::Ready();
        if (!polled_) waker = cx.waker().clone();
        polled_ = true;
        return rouse::Pending;
    }
    rouse::Waker waker; // of one of the two
    std::optional<JoinHandle<Counted>> handle;
    std::optional<rouse::AbortHandle> abort;

private:
    bool polled_ = false; // of the runtime's thread
    std::atomic<bool> complete_{false};
};

Task<Counted> wait_for(Element& element, std::atomic<long>& alive, Counted) {
    auto poll = [&element](rouse::Context& cx) { return element.poll(cx); };
    co_await rouse::poll_fn(poll);
    co_return Counted(alive);
}

class Ends {
public:
    void count(const std::expected<Counted, rouse::JoinError>& result) {
        if (result) ++values;
        else if (result.error().is_lost()) ++lost;
        else if (result.error().is_cancelled()) ++cancelled;
        else ADD_FAILURE() << result.error().what();
    }
    std::size_t values = 0, lost = 0, cancelled = 0;
};

/// `mine` and `other` on many tasks at the same time. The ends that the handles tell of which are left.
template <class Mine, class Other>
Ends race(const char* name, std::size_t wanted, Mine mine, Other other) {
    StressWatchdog watchdog(name);
    StressRounds rounds(wanted);
    Ends ends;
    std::atomic<long> alive{0};
    rouse::RuntimeOptions options;
    options.on_hang = [](const rouse::HangReport&) {};
    auto runtime = rouse::Runtime::current_thread(std::move(options));
    while (const std::size_t count = rounds.take(500)) {
        std::deque<Element> elements(count);
        auto round = [&]() -> Task<> {
            for (Element& element : elements) {
                element.handle = rouse::spawn(wait_for(element, alive, Counted(alive)));
                element.abort = element.handle->abort_handle();
            }
            co_await rouse::yield_now();
            std::jthread both([&] {
                TwoThreads::walk(
                    count, [&](std::size_t i) { mine(elements[i]); },
                    [&](std::size_t i) { other(elements[i]); });
            });
            for (Element& element : elements) {
                while (!element.abort->is_finished()) co_await rouse::yield_now();
            }
            both.join();
            for (Element& element : elements) {
                if (!element.handle) continue;
                auto result = co_await std::move(*element.handle).into_result();
                ends.count(result);
            }
        };
        runtime.block_on(std::move(round));
        elements.clear();
        EXPECT_EQ(alive, 0);
        EXPECT_EQ(runtime.alive_tasks(), 0u);
        if (testing::Test::HasFailure()) break;
        watchdog.progress();
    }
    return ends;
}

TEST(stress_aborts, abort_races_the_last_drop) {
    std::atomic<std::size_t> tasks{0};
    const Ends ends = race(
        "abort_races_the_last_drop", 20'000, [&](Element& element) { element.waker = rouse::Waker(); },
        [&](Element& element) {
            element.abort->abort();
            ++tasks;
        });
    EXPECT_EQ(ends.values, 0u);
    EXPECT_EQ(ends.lost + ends.cancelled, tasks);
}

TEST(stress_aborts, abort_races_the_wake) {
    std::atomic<std::size_t> tasks{0};
    const Ends ends = race(
        "abort_races_the_wake", 20'000, [](Element& element) { element.complete(); },
        [&](Element& element) {
            element.abort->abort();
            ++tasks;
        });
    EXPECT_EQ(ends.lost, 0u);
    EXPECT_EQ(ends.values + ends.cancelled, tasks);
}

TEST(stress_aborts, the_last_drop_races_the_drop_of_the_handle) {
    const Ends ends = race(
        "the_last_drop_races_the_drop_of_the_handle", 20'000,
        [](Element& element) { element.waker = rouse::Waker(); },
        [](Element& element) { element.handle.reset(); });
    EXPECT_EQ(ends.values + ends.lost + ends.cancelled, 0u);
}

TEST(stress_aborts, completion_races_the_drop_of_the_handle) {
    const Ends ends = race(
        "completion_races_the_drop_of_the_handle", 20'000, [](Element& element) { element.complete(); },
        [](Element& element) { element.handle.reset(); });
    EXPECT_EQ(ends.values + ends.lost + ends.cancelled, 0u);
}

TEST(stress_aborts, completion_races_a_poll_on_another_thread) {
    std::atomic<std::size_t> tasks{0};
    const rouse::Waker noop = rouse::Waker::noop();
    const Ends ends = race(
        "completion_races_a_poll_on_another_thread", 20'000,
        [&](Element& element) {
            element.complete();
            ++tasks;
        },
        [&](Element& element) {
            rouse::Context cx(noop);
            for (int i = 0; i < 3; ++i) {
                if (element.handle->poll_ready(cx)) break;
            }
        });
    EXPECT_EQ(ends.values, tasks);
}

TEST(stress_aborts, completion_races_an_await_on_another_thread) {
    std::atomic<std::size_t> tasks{0};
    std::atomic<std::size_t> values{0};
    const Ends ends = race(
        "completion_races_an_await_on_another_thread", 10'000,
        [&](Element& element) {
            element.complete();
            ++tasks;
        },
        [&](Element& element) {
            auto handle = std::move(*element.handle);
            element.handle.reset();
            const Counted value = rouse::block_on(std::move(handle));
            ++values;
        });
    EXPECT_EQ(ends.values, 0u);
    EXPECT_EQ(values, tasks);
}

TEST(stress_aborts, completion_races_abort_handles) {
    std::atomic<std::size_t> tasks{0};
    const Ends ends = race(
        "completion_races_abort_handles", 20'000,
        [&](Element& element) {
            element.complete();
            ++tasks;
        },
        [](Element& element) {
            const rouse::AbortHandle copy = *element.abort;
            if (!copy.is_finished()) copy.abort();
            const rouse::AbortHandle another = element.handle->abort_handle();
            another.abort();
        });
    EXPECT_EQ(ends.values + ends.cancelled, tasks);
}

} // namespace
