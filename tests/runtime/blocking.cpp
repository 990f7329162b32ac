// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// spawn_blocking, block_in_place, and the pool under them.

#include <rouse/rouse.hpp>

#include "support/quiet_runtime.hpp"
#include "support/stress_rounds.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <barrier>
#include <future>
#include <latch>
#include <optional>
#include <semaphore>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using rouse::Runtime;
using rouse::RuntimeOptions;
using rouse::spawn;
using rouse::spawn_blocking;
using rouse::Task;

RuntimeOptions options() {
    auto options = rouse_test::quiet_options();
    options.paused_clock = false;
    options.long_poll_threshold = 0ms;
    return options;
}
RuntimeOptions workers(unsigned count) {
    auto more = options();
    more.worker_threads = count;
    return more;
}

/// Counts how many of it were made and destroyed.
class Counted {
public:
    explicit Counted(std::atomic<int>& alive) : alive_(&alive) { alive.fetch_add(1); }
    Counted(Counted&& other) noexcept : alive_(other.alive_) { alive_->fetch_add(1); }
    Counted(const Counted& other) : alive_(other.alive_) { alive_->fetch_add(1); }
    ~Counted() { alive_->fetch_sub(1); }

private:
    std::atomic<int>* alive_;
};

TEST(Blocking, the_function_runs_elsewhere_and_its_value_comes_back) {
    const auto here = std::this_thread::get_id();
    auto runtime = Runtime::current_thread(options());
    const auto main = [&]() -> Task<> {
        EXPECT_NE(co_await spawn_blocking([] { return std::this_thread::get_id(); }), here);
        EXPECT_EQ(co_await spawn_blocking([](int a, int b) { return a + b; }, 1, 2), 3);
        co_await spawn_blocking([] {});
        auto text = std::make_unique<std::string>("moved there and back");
        auto back =
            co_await spawn_blocking([](std::unique_ptr<std::string> p) { return p; }, std::move(text));
        EXPECT_EQ(*back, "moved there and back");
    };
    runtime.block_on(main);
}

TEST(Blocking, an_exception_travels) {
    auto runtime = Runtime::current_thread(options());
    const auto main = [&]() -> Task<> {
        auto handle = spawn_blocking([]() -> int { throw std::runtime_error("so it is"); });
        try {
            co_await handle;
            ADD_FAILURE();
        } catch (const std::runtime_error& error) {
            EXPECT_STREQ(error.what(), "so it is");
        }
        auto other = spawn_blocking([] { throw std::logic_error("no"); });
        const auto result = co_await std::move(other).into_result();
        EXPECT_TRUE(result.error().is_failed());
    };
    runtime.block_on(main);
}

TEST(Blocking, the_function_is_gone_before_the_awaiter_goes_on) {
    std::atomic<int> alive{0};
    auto runtime = Runtime::current_thread(options());
    const auto main = [&]() -> Task<> {
        for (int i = 0; i < 100; ++i) {
            auto call = [counted = Counted(alive)] { return 1; };
            {
                auto moved = std::move(call);
                auto handle = spawn_blocking(std::move(moved));
                co_await handle;
            }
            EXPECT_EQ(alive.load(), 1); // `call`
        }
    };
    runtime.block_on(main);
    EXPECT_EQ(alive.load(), 0);
}

TEST(Blocking, any_executor_may_await_it) {
    auto runtime = Runtime::current_thread(options());
    std::promise<rouse::BlockingHandle<int>> given;
    std::latch go(1);
    std::jthread plain([&] { EXPECT_EQ(rouse::block_on(given.get_future().get()), 7); });
    given.set_value(runtime.handle().spawn_blocking([&] {
        go.wait();
        return 7;
    }));
    auto other = Runtime::multi_thread(workers(2));
    auto handle = runtime.handle().spawn_blocking([&] {
        go.count_down();
        return 8;
    });
    EXPECT_EQ(other.block_on(std::move(handle)), 8);
}

TEST(Blocking, a_blocking_call_may_start_another) {
    auto runtime = Runtime::current_thread(options());
    const auto main = [&]() -> Task<> {
        auto outer = spawn_blocking([] { return spawn_blocking([] { return 5; }); });
        auto inner = co_await outer;
        EXPECT_EQ(co_await inner, 5);
    };
    runtime.block_on(main);
}

TEST(Blocking, calls_run_at_the_same_time_up_to_the_limit_and_the_rest_wait) {
    auto few = options();
    few.max_blocking_threads = 3;
    auto runtime = Runtime::current_thread(std::move(few));
    std::atomic<int> running{0};
    std::atomic<int> most{0};
    std::barrier meet(3);
    const auto main = [&]() -> Task<> {
        std::vector<rouse::BlockingHandle<>> handles;
        for (int i = 0; i < 12; ++i)
            handles.push_back(spawn_blocking([&] {
                const int now = running.fetch_add(1) + 1;
                for (int seen = most.load(); now > seen && !most.compare_exchange_weak(seen, now);) {}
                meet.arrive_and_wait(); // three at a time, or it never ends
                running.fetch_sub(1);
            }));
        for (auto& handle : handles) co_await handle;
    };
    runtime.block_on(main);
    EXPECT_EQ(most.load(), 3);
}

TEST(Blocking, an_idle_thread_is_used_again_and_ends_after_a_while) {
    auto impatient = options();
    impatient.blocking_keep_alive = 1ms;
    auto runtime = Runtime::current_thread(std::move(impatient));
    const auto main = [&]() -> Task<> {
        // A thread-local destructor tells when the thread is gone.
        static std::promise<void> gone;
        struct Tells {
            ~Tells() { gone.set_value(); }
        };
        co_await spawn_blocking([] {
            static thread_local Tells tells;
            (void)&tells;
        });
        gone.get_future().wait();
        EXPECT_EQ(co_await spawn_blocking([] { return 3; }), 3) << "a new one is made";
    };
    runtime.block_on(main);
}

TEST(Blocking, its_threads_have_names) {
    auto named = options();
    named.name = "archive";
    auto runtime = Runtime::current_thread(std::move(named));
    const auto main = [&]() -> Task<> {
        auto name = co_await spawn_blocking([] {
            char text[16] = {};
            pthread_getname_np(pthread_self(), text, sizeof(text));
            return std::string(text);
        });
        EXPECT_EQ(name, "archive-b0");
    };
    runtime.block_on(main);
}

TEST(Blocking, abort_takes_back_what_has_not_begun_and_nothing_else) {
    auto one = options();
    one.max_blocking_threads = 1;
    auto runtime = Runtime::current_thread(std::move(one));
    std::latch begun(1), go(1);
    std::atomic<int> alive{0};
    const auto main = [&]() -> Task<> {
        auto running = spawn_blocking([&] {
            begun.count_down();
            go.wait();
            return 1;
        });
        auto waiting = spawn_blocking([counted = Counted(alive)] { return 2; });
        auto detached = spawn_blocking([] { return 3; });
        begun.wait();
        EXPECT_EQ(alive.load(), 1);
        waiting.abort();
        EXPECT_EQ(alive.load(), 0) << "the function is destroyed at once";
        running.abort();
        go.count_down();
        EXPECT_EQ(co_await running, 1);
        EXPECT_TRUE(waiting.is_finished());
        const auto result = co_await std::move(waiting).into_result();
        EXPECT_TRUE(result.error().is_cancelled());
        EXPECT_EQ(co_await detached, 3);
        detached = spawn_blocking([] { return 4; });
        detached.abort();
    };
    runtime.block_on(main);
}

TEST(Blocking, a_task_that_awaits_an_aborted_call_is_woken) {
    auto one = options();
    one.max_blocking_threads = 1;
    auto runtime = Runtime::current_thread(std::move(one));
    std::latch go(1);
    const auto main = [&]() -> Task<> {
        auto running = spawn_blocking([&] { go.wait(); });
        auto waiting = spawn_blocking([] {});
        auto waits = [&]() -> Task<> { co_await waiting; };
        auto task = spawn(waits);
        co_await rouse::yield_now();
        waiting.abort();
        const auto result = co_await std::move(task).into_result();
        EXPECT_TRUE(result.error().is_failed()) << "with the JoinError of the call";
        go.count_down();
        co_await running;
    };
    runtime.block_on(main);
}

TEST(Blocking, a_dropped_handle_detaches) {
    std::promise<void> ran;
    std::atomic<int> alive{0};
    {
        auto runtime = Runtime::current_thread(options());
        const auto main = [&]() -> Task<> {
            {
                auto dropped = spawn_blocking([&, counted = Counted(alive)] {
                    ran.set_value();
                    return Counted(alive);
                });
            }
            co_return;
        };
        runtime.block_on(main);
        ran.get_future().wait();
    }
    EXPECT_EQ(alive.load(), 0) << "the result is destroyed too";
}

TEST(Blocking, the_end_of_the_runtime_cancels_what_waits_and_waits_for_what_runs) {
    std::latch begun(1), go(1);
    std::atomic<bool> over{false};
    rouse::BlockingHandle<> running = [&] {
        auto one = options();
        one.max_blocking_threads = 1;
        auto runtime = Runtime::current_thread(std::move(one));
        auto first = runtime.handle().spawn_blocking([&] {
            begun.count_down();
            go.wait();
            over.store(true);
        });
        auto second = runtime.handle().spawn_blocking([] { ADD_FAILURE() << "must not run"; });
        begun.wait();
        std::jthread waits([&, second = std::move(second)]() mutable {
            const auto result = rouse::block_on(std::move(second).into_result());
            EXPECT_TRUE(result.error().is_cancelled());
            go.count_down(); // only now: the end of the runtime cancelled it while the first still ran
        });
        { const Runtime ended = std::move(runtime); }
        EXPECT_TRUE(over.load());
        return first;
    }();
    EXPECT_TRUE(running.is_finished());
    rouse::block_on(std::move(running));
}

/// Aborts a call when it is destroyed.
class AbortsAtEnd {
public:
    explicit AbortsAtEnd(std::optional<rouse::BlockingHandle<>>& victim) noexcept : victim_(&victim) {}
    AbortsAtEnd(AbortsAtEnd&& other) noexcept : victim_(std::exchange(other.victim_, nullptr)) {}
    ~AbortsAtEnd() {
        if (victim_ && *victim_) (*victim_)->abort();
    }
    AbortsAtEnd& operator=(AbortsAtEnd&&) = delete;

private:
    std::optional<rouse::BlockingHandle<>>* victim_;
};

TEST(Blocking, what_the_end_of_the_runtime_refuses_may_abort_what_it_would_refuse_next) {
    auto one = options();
    one.max_blocking_threads = 1;
    std::optional<Runtime> runtime(Runtime::current_thread(std::move(one)));
    const rouse::Handle handle = runtime->handle();
    std::latch begun(1), go(1);
    std::optional<rouse::BlockingHandle<>> victim;
    auto running = handle.spawn_blocking([&] {
        begun.count_down();
        go.wait();
    });
    begun.wait();
    auto refused = handle.spawn_blocking([aborts = AbortsAtEnd(victim), &go] { go.count_down(); });
    victim.emplace(handle.spawn_blocking([] {}));
    std::jthread ends([&] { runtime.reset(); });
    EXPECT_TRUE(rouse::block_on(std::move(refused).into_result()).error().is_cancelled());
    EXPECT_TRUE(rouse::block_on(std::move(*victim).into_result()).error().is_cancelled());
    EXPECT_EQ(handle.metrics().blocking.queued, 0u);
    go.count_down();
    ends.join();
    EXPECT_EQ(handle.metrics().blocking.queued, 0u);
}

TEST(Blocking, aborts_race_the_end_of_the_runtime) {
    rouse_test::StressRounds rounds(400);
    while (rounds.take()) {
        auto one = options();
        one.max_blocking_threads = 1;
        std::optional<Runtime> runtime(Runtime::current_thread(std::move(one)));
        const rouse::Handle handle = runtime->handle();
        std::vector<rouse::BlockingHandle<>> calls;
        std::latch go(2);
        calls.push_back(handle.spawn_blocking([&] { go.wait(); }));
        for (int i = 0; i < 200; ++i) calls.push_back(handle.spawn_blocking([] {}));
        {
            std::jthread aborts([&] {
                go.arrive_and_wait();
                for (std::size_t i = calls.size(); i-- > 1;) calls[i].abort();
            });
            go.arrive_and_wait();
            runtime.reset();
        }
        EXPECT_EQ(handle.metrics().blocking.queued, 0u);
        for (const auto& call : calls) EXPECT_TRUE(call.is_finished());
    }
}

TEST(Blocking, the_end_of_the_runtime_is_not_held_up_for_ever) {
    std::latch begun(1), go(1);
    auto hasty = options();
    hasty.blocking_patience = 1ms;
    auto handle = [&] {
        auto runtime = Runtime::multi_thread(std::move(hasty));
        auto stuck = runtime.handle().spawn_blocking([&] {
            begun.count_down();
            go.wait();
            return 11;
        });
        begun.wait();
        return stuck;
    }();
    EXPECT_FALSE(handle.is_finished());
    go.count_down();
    EXPECT_EQ(rouse::block_on(std::move(handle)), 11) << "it goes on alone";
}

TEST(Blocking, after_the_end_of_the_runtime_it_is_cancelled_at_once) {
    std::optional<rouse::Handle> handle;
    {
        auto runtime = Runtime::current_thread(options());
        handle.emplace(runtime.handle());
    }
    auto call = handle->spawn_blocking([] { ADD_FAILURE(); });
    EXPECT_TRUE(call.is_finished());
    EXPECT_THROW(rouse::block_on(std::move(call)), rouse::JoinError);
}

TEST(Blocking, tasks_that_await_it_at_the_end_of_the_runtime_are_cancelled) {
    std::latch go(1);
    std::optional<rouse::JoinHandle<>> task;
    {
        auto runtime = Runtime::current_thread(options());
        const auto main = [&]() -> Task<> {
            auto waits = [&]() -> Task<> { co_await spawn_blocking([&] { go.wait(); }); };
            task.emplace(spawn(waits));
            co_await rouse::yield_now();
        };
        runtime.block_on(main);
        go.count_down();
    }
    const auto result = rouse::block_on(std::move(*task).into_result());
    EXPECT_TRUE(result.error().is_cancelled());
}

// The loop had looked for work, then the call ended and sent its wake, then the loop found nobody blocking:
// and the clock went on to the timer while a task was runnable.
TEST(Blocking, a_paused_clock_stands_still_when_a_call_ends_between_two_looks) {
    auto paused = options();
    paused.paused_clock = true;
    auto runtime = Runtime::current_thread(std::move(paused));
    const auto main = [&]() -> Task<> {
        auto far = spawn([]() -> Task<> { co_await rouse::sleep(1h); });
        auto ends = rouse::or_throw(rouse::io::pipe()); // there is a driver to be asked between the two looks
        auto reads = [&]() -> Task<> {
            std::array<char, 1> none;
            (void)co_await ends.second.read(rouse::io::room(none));
        };
        auto reading = spawn(reads);
        const auto begin = rouse::now();
        for (int round = 0; round < (ROUSE_TSAN || ROUSE_ASAN ? 2'000 : 20'000); ++round) {
            const auto lasts = 50ns * (round % 200);
            auto spins = [lasts] {
                const auto until = std::chrono::steady_clock::now() + lasts;
                while (std::chrono::steady_clock::now() < until) {}
            };
            co_await spawn_blocking(std::move(spins));
            EXPECT_EQ(rouse::now(), begin) << round;
            if (rouse::now() != begin) break;
        }
        far.abort();
        reading.abort();
    };
    runtime.block_on(main);
}

TEST(Blocking, a_paused_clock_waits_for_it) {
    auto paused = options();
    paused.paused_clock = true;
    auto runtime = Runtime::current_thread(std::move(paused));
    std::promise<void> polled;
    const auto main = [&]() -> Task<> {
        auto call = [&] {
            polled.get_future().wait();
            return 1;
        };
        auto handle = spawn_blocking(call);
        auto says = [&]() -> Task<> {
            polled.set_value();
            co_return;
        };
        auto other = spawn(says);
        EXPECT_EQ((co_await rouse::timeout(1s, std::move(handle))).value(), 1);
        co_await other;
    };
    runtime.block_on(main);
}

TEST(Blocking, many_calls_from_many_threads_each_end_once) {
    auto runtime = Runtime::multi_thread(workers(3));
    std::atomic<int> ran{0};
    constexpr int tasks = 20;
    constexpr int calls = ROUSE_TSAN || ROUSE_ASAN ? 50 : 500;
    const auto main = [&]() -> Task<> {
        auto many = [&]() -> Task<> {
            for (int i = 0; i < calls; ++i) {
                auto handle = spawn_blocking([&] { return ran.fetch_add(1); });
                if (i % 3 == 0) handle.abort();
                if (i % 3 == 1) co_await std::move(handle).into_result();
                if (i % 3 == 2) co_await handle;
            }
        };
        std::vector<rouse::JoinHandle<>> handles;
        for (int i = 0; i < tasks; ++i) handles.push_back(spawn(many));
        for (auto& handle : handles) co_await handle;
    };
    runtime.block_on(main);
    EXPECT_GE(ran.load(), tasks * calls / 3);
    EXPECT_LE(ran.load(), tasks * calls);
}

// ---- the proof of a deadlock ----

/// Waits for a wake that can never come, though its waker is kept.
class Forever {
public:
    using Output = void;
    rouse::Poll<> poll(rouse::Context& cx) {
        waker_ = cx.waker().clone();
        return rouse::Pending;
    }

private:
    rouse::Waker waker_;
};

TEST(Blocking, an_idle_pool_does_not_hide_a_deadlock) {
    if (ROUSE_TSAN) GTEST_SKIP() << "nothing is proven under TSan";
    auto hasty = options();
    hasty.deadlock_grace = 20ms;
    auto runtime = Runtime::current_thread(std::move(hasty));
    const auto main = [&]() -> Task<> {
        co_await spawn_blocking([] {});
        co_await Forever();
    };
    EXPECT_THROW(runtime.block_on(main), rouse::Deadlock);
}

TEST(Blocking, a_call_that_runs_might_wake_somebody) {
    auto hasty = options();
    hasty.deadlock_grace = 20ms;
    std::promise<std::string> suspected;
    hasty.on_suspicion = [&](const rouse::QuiescenceReport& report) {
        suspected.set_value(report.why_not_proven);
    };
    auto runtime = Runtime::current_thread(std::move(hasty));
    const auto main = [&]() -> Task<> {
        co_await spawn_blocking([&] { suspected.get_future().wait(); }); // or it is a deadlock, and throws
    };
    runtime.block_on(main);
}

// ---- block_in_place ----

TEST(BlockInPlace, the_other_tasks_of_the_worker_go_on) {
    auto runtime = Runtime::multi_thread(workers(2));
    const auto main = [&]() -> Task<> {
        std::latch all_ran(20);
        auto runs = [&]() -> Task<> {
            all_ran.count_down();
            co_return;
        };
        std::vector<rouse::JoinHandle<>> handles;
        for (int i = 0; i < 20; ++i) handles.push_back(spawn(runs)); // queued behind us
        EXPECT_EQ(rouse::block_in_place([&] {
                      all_ran.wait();
                      return 9;
                  }),
                  9);
        for (auto& handle : handles) co_await handle;
    };
    runtime.block_on(main);
}

TEST(BlockInPlace, all_workers_may_block_and_a_spare_one_goes_on) {
    auto runtime = Runtime::multi_thread(workers(2));
    const auto main = [&]() -> Task<> {
        std::latch both(2), go(1);
        auto blocks = [&]() -> Task<> {
            rouse::block_in_place([&] {
                both.count_down();
                go.wait();
            });
            co_return;
        };
        auto frees = [&]() -> Task<> {
            co_await rouse::sleep(1ms);
            go.count_down();
        };
        auto a = spawn(blocks);
        auto b = spawn(blocks);
        both.wait();
        auto c = spawn(frees);
        co_await a;
        co_await b;
        co_await c;
    };
    // This task runs on a worker too, so `both` needs a spare one already.
    runtime.block_on(main);
}

// Beside one that says nothing, and is reported twice before this one goes on: by the second time this one,
// too, was seen for as long as it takes. Any poll may be reported that a loaded machine holds up; what is
// said of this one is a fault if its poll ran for longer than it had when it came to block.
TEST(BlockInPlace, is_not_reported_as_a_long_poll) {
    auto watched = workers(2);
    watched.long_poll_threshold = 100ms;
    constexpr std::uint64_t unknown = ~std::uint64_t{0};
    std::atomic<std::uint64_t> in_place{unknown}, silent{unknown}; // tasks
    std::atomic<std::chrono::steady_clock::duration> until_in_place{0ns};
    std::atomic<int> faults{0};
    std::counting_semaphore<> silent_told(0);
    watched.on_long_poll = [&](const rouse::LongPollReport& report) {
        if (report.task_id == in_place.load() && report.running > until_in_place.load()) faults.fetch_add(1);
        if (report.task_id == silent.load()) silent_told.release();
    };
    auto runtime = Runtime::multi_thread(std::move(watched));
    const auto main = [&]() -> Task<> {
        std::latch blocks(1), over(1);
        auto blocks_silently = [&]() -> Task<> {
            while (silent.load() == unknown) co_await rouse::yield_now();
            blocks.wait();
            for (int i = 0; i < 2; ++i) {
                co_await rouse::yield_now();
                silent_told.acquire(); // a poll that was told of already has been counted
            }
            over.count_down();
        };
        std::atomic<std::uint64_t> own{unknown};
        auto blocks_in_place = [&]() -> Task<> {
            while (own.load() == unknown) co_await rouse::yield_now();
            const auto before = std::chrono::steady_clock::now();
            co_await rouse::yield_now();
            rouse::block_in_place([&] {
                until_in_place.store(std::chrono::steady_clock::now() - before);
                in_place.store(own.load());
                blocks.count_down();
                over.wait();
                in_place.store(unknown);
            });
        };
        auto other = spawn(blocks_silently);
        silent.store(other.id());
        auto this_one = spawn(blocks_in_place);
        own.store(this_one.id());
        co_await this_one;
        co_await other;
    };
    runtime.block_on(main);
    EXPECT_EQ(faults.load(), 0);
}

TEST(BlockInPlace, outside_of_a_runtime_it_just_calls) {
    int called = 0;
    rouse::block_in_place([&] { ++called; });
    EXPECT_EQ(called, 1);
}

TEST(BlockInPlaceDeathTest, a_current_thread_runtime_stops_with_a_message) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_DEATH(rouse::run([]() -> Task<> {
                     rouse::block_in_place([] {});
                     co_return;
                 }),
                 "block_in_place on a current_thread runtime");
}

TEST(BlockingDeathTest, outside_of_a_runtime_it_stops_with_a_message) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_DEATH((void)spawn_blocking([] {}), "spawn_blocking outside of a runtime");
}

} // namespace
