// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What a runtime of several threads says about its tasks while they move.

#include <rouse/core/block_on.hpp>
#include <rouse/rouse.hpp>

#include "support/captured_stderr.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <barrier>
#include <csignal>
#include <latch>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

namespace {

using namespace std::chrono_literals;
using rouse::Runtime;
using rouse::RuntimeOptions;
using rouse::Task;

RuntimeOptions crew_with(unsigned count) {
    RuntimeOptions options;
    options.worker_threads = count;
    options.long_poll_threshold = 0ms;
    return options;
}

/// Occupies this worker until the others have ended what `handle` is of.
template <class Handle>
void block_until_ended(const Handle& handle) {
    while (!handle.is_finished()) std::this_thread::yield();
}

/// Asks again while a worker that a loaded machine has taken its processor from is not to be had.
template <class Ask>
rouse::RuntimeDump complete_dump(Ask ask) {
    const auto until = std::chrono::steady_clock::now() + 60s; // only against hanging
    for (;;) {
        rouse::RuntimeDump dump = ask();
        if (dump.complete) return dump;
        if (std::chrono::steady_clock::now() < until) continue;
        ADD_FAILURE() << "no dump is complete";
        return dump;
    }
}
rouse::RuntimeDump complete_dump_from_a_task() {
    return complete_dump([] { return rouse::Handle::current().dump(); });
}

// A task stays in the list of the worker that took it in until that one is told; its strand is gone by then,
// and its result is there.
TEST(multi_thread_dumps, a_task_that_has_ended_on_another_worker_is_not_looked_into) {
    auto runtime = Runtime::multi_thread(crew_with(2));
    const auto main = [&]() -> Task<> {
        using Result = std::array<std::uint64_t, 8>;
        auto gives = []() -> Task<Result> {
            Result result;
            result.fill(0x4141414141414141);
            co_return result;
        };
        auto task = rouse::spawn(gives);
        auto empty = rouse::spawn([]() -> Task<> { co_return; });
        block_until_ended(task);
        block_until_ended(empty);
        const rouse::RuntimeDump dump = complete_dump_from_a_task();
        EXPECT_EQ(dump.tasks.size(), 1u) << dump.to_string();
        EXPECT_EQ((co_await task)[7], 0x4141414141414141);
        co_await empty;
    };
    runtime.block_on(main);
}

// Nobody has a handle, so the result dies on the worker where its task ended, which need not be the one that
// has it in its list.
TEST(multi_thread_dumps, a_dump_asked_for_by_the_destructor_of_a_result_does_not_look_into_its_task) {
    auto runtime = Runtime::multi_thread(crew_with(3));
    std::atomic<int> dumps{0};
    class Result {
    public:
        explicit Result(std::atomic<int>& dumps) : dumps_(&dumps) {}
        Result(Result&& other) noexcept : dumps_(std::exchange(other.dumps_, nullptr)) {}
        Result& operator=(Result&&) = delete;
        ~Result() {
            if (!dumps_) return;
            (void)complete_dump_from_a_task();
            ++*dumps_;
        }

    private:
        std::atomic<int>* dumps_;
    };
    auto ends = [&]() -> Task<Result> {
        co_await rouse::yield_now();
        co_return Result(dumps);
    };
    constexpr int tasks = 300;
    auto main = [&]() -> Task<> {
        for (int i = 0; i < tasks; ++i) rouse::spawn(ends).detach();
        while (dumps.load() != tasks) co_await rouse::yield_now();
    };
    runtime.block_on(main);
}

// Each is in a poll, for which the other has to wait: the first one finds both of them in their polls.
TEST(multi_thread_dumps, two_tasks_may_ask_at_the_same_time) {
    auto runtime = Runtime::multi_thread(crew_with(2));
    for (int round = 0; round < 20; ++round) {
        std::barrier together(2); // which keeps each on a worker of its own
        std::atomic<std::size_t> running{0};
        auto asks = [&]() -> Task<> {
            together.arrive_and_wait();
            const rouse::RuntimeDump dump = complete_dump_from_a_task();
            running += static_cast<std::size_t>(
                std::ranges::count(dump.tasks, rouse::TaskPhase::running, &rouse::TaskDump::phase));
            co_return;
        };
        auto one = runtime.handle().spawn(asks);
        auto other = runtime.handle().spawn(asks);
        rouse::block_on(std::move(one));
        rouse::block_on(std::move(other));
        EXPECT_GE(running.load(), 3u);
        EXPECT_LE(running.load(), 4u);
    }
}

// Somebody who asks about a runtime with a stuck worker must not stop the others for as long as he waits.
TEST(multi_thread_dumps, a_worker_that_is_stuck_does_not_make_the_others_wait) {
    auto runtime = Runtime::multi_thread(crew_with(2));
    std::latch stuck(1);
    std::atomic<bool> over{false};
    auto sticks = [&]() -> Task<> {
        stuck.count_down();
        while (!over.load()) std::this_thread::yield();
        co_return;
    };
    auto sticking = runtime.spawn(sticks);
    stuck.wait();
    std::atomic<int> turns{0};
    auto turns_go_on = [&]() -> Task<> {
        while (!over.load()) {
            ++turns;
            co_await rouse::yield_now();
        }
    };
    auto turning = runtime.spawn(turns_go_on);
    while (turns.load() == 0) std::this_thread::yield();
    const int before = turns.load();
    const rouse::RuntimeDump dump = runtime.dump(); // a second
    const int during = turns.load() - before;
    over.store(true);
    EXPECT_FALSE(dump.complete);
    EXPECT_GT(during, 100);
    rouse::block_on(std::move(sticking));
    rouse::block_on(std::move(turning));
}

// The worker that is asked never comes to look: it is in a poll that lasts until the dump is there.
TEST(multi_thread_dumps, the_dump_at_a_signal_comes_though_all_workers_are_stuck) {
    rouse_test::CapturedStderr printed;
    auto options = crew_with(1);
    options.dump_signal = SIGUSR1;
    auto runtime = Runtime::multi_thread(std::move(options));
    std::atomic<bool> stuck{false}, over{false};
    auto blocks = [&]() -> Task<> {
        stuck = true;
        while (!over) std::this_thread::sleep_for(1ms);
        co_return;
    };
    auto handle = runtime.handle().spawn(blocks);
    while (!stuck) std::this_thread::yield();
    std::raise(SIGUSR1);
    const auto until = std::chrono::steady_clock::now() + 10s;
    struct stat text{};
    while (::fstat(STDERR_FILENO, &text) == 0 && text.st_size == 0 &&
           std::chrono::steady_clock::now() < until)
        std::this_thread::sleep_for(5ms);
    EXPECT_NE(text.st_size, 0) << "nobody wrote it while the worker was stuck";
    over = true;
    rouse::block_on(std::move(handle));
    EXPECT_NE(printed.take(), "");
}

// The signal is taken up by one worker: it has to stop the others before it looks.
TEST(multi_thread_dumps, the_dump_at_a_signal_shows_the_tasks_of_all_workers) {
    rouse_test::CapturedStderr printed;
    {
        auto options = crew_with(3);
        options.dump_signal = SIGUSR1;
        auto runtime = Runtime::multi_thread(std::move(options));
        std::latch met(3);
        auto listed_here = [&]() -> Task<> {
            met.arrive_and_wait(); // one on each worker
            rouse::TaskBuilder("one of three").spawn([]() -> Task<> { co_await rouse::never<>(); }).detach();
            co_return;
        };
        std::vector<rouse::JoinHandle<>> handles;
        for (int i = 0; i < 3; ++i) handles.push_back(runtime.handle().spawn(listed_here));
        for (auto& handle : handles) rouse::block_on(std::move(handle));
        // Others that move and change while it looks.
        std::atomic<bool> over{false};
        auto moves = [&]() -> Task<> {
            while (!over.load()) {
                co_await rouse::spawn([]() -> Task<> { co_await rouse::yield_now(); });
                co_await rouse::sleep(10us);
            }
        };
        std::vector<rouse::JoinHandle<>> moving;
        for (int i = 0; i < 8; ++i) moving.push_back(runtime.handle().spawn(moves));
        for (int i = 0; i < 20; ++i) {
            std::raise(SIGUSR1);
            auto some_turns = []() -> Task<> {
                for (int turn = 0; turn < 100; ++turn) co_await rouse::yield_now();
            };
            runtime.block_on(some_turns);
        }
        over.store(true);
        for (auto& handle : moving) rouse::block_on(std::move(handle));
        runtime.block_on([]() -> Task<> { co_await rouse::sleep(1ms); });
    }
    const std::string text = printed.take();
    const std::size_t first = text.find("one of three");
    ASSERT_NE(first, std::string::npos) << text.substr(0, 2000);
    const std::size_t end = text.find("\nrouse: ", first);
    const std::string dump = text.substr(first, end - first);
    std::size_t shown = 0;
    for (std::size_t at = 0; (at = dump.find("one of three", at)) != std::string::npos; ++at) ++shown;
    EXPECT_EQ(shown, 3u) << dump;
}

// Each worker counts what it took in and what it ended: the sum may be asked for in between.
TEST(multi_thread_dumps, alive_tasks_is_never_below_zero) {
    auto runtime = Runtime::multi_thread(crew_with(2));
    std::atomic<bool> over{false};
    std::jthread asks([&] {
        while (!over.load()) {
            const std::size_t alive = runtime.alive_tasks();
            if (alive > 1'000'000) {
                ADD_FAILURE() << alive;
                return;
            }
        }
    });
    const auto main = [&]() -> Task<> {
        for (int round = 0; round < (ROUSE_TSAN || ROUSE_ASAN ? 200 : 2'000); ++round) {
            std::vector<rouse::JoinHandle<>> handles;
            for (int i = 0; i < 64; ++i)
                handles.push_back(rouse::spawn([]() -> Task<> { co_await rouse::yield_now(); }));
            for (auto& handle : handles) co_await handle;
        }
    };
    runtime.block_on(main);
    over.store(true);
}

TEST(multi_thread_dumps, of_tasks_that_are_spawned_and_end_meanwhile) {
    auto runtime = Runtime::multi_thread(crew_with(3));
    std::atomic<bool> over{false};
    auto churns = [&]() -> Task<> {
        while (!over.load()) {
            std::vector<rouse::JoinHandle<std::string>> handles;
            for (int i = 0; i < 20; ++i) {
                handles.push_back(rouse::spawn([]() -> Task<std::string> {
                    (void)co_await rouse::timeout(50us, rouse::never<>());
                    co_return "a result that is longer than what a string keeps in place";
                }));
            }
            for (auto& handle : handles) (void)co_await handle;
        }
    };
    std::vector<rouse::JoinHandle<>> handles;
    for (int i = 0; i < 4; ++i) handles.push_back(runtime.handle().spawn(churns));
    for (int i = 0; i < 200; ++i) {
        const rouse::RuntimeDump dump = complete_dump([&] { return runtime.dump(); });
        EXPECT_LE(dump.tasks.size(), 4u + 4u * 20u);
    }
    over.store(true);
    for (auto& handle : handles) rouse::block_on(std::move(handle));
}

// Woken on one worker and polled by another: the note of who woke it stays behind, and is not to be told of a
// later task in the same place of memory.
TEST(multi_thread_dumps, the_poll_log_does_not_take_a_task_for_one_that_was_there_before) {
    std::mutex mutex;
    std::vector<std::string> lines;
    auto options = crew_with(2);
    options.poll_log = true;
    options.on_poll = [&](const std::string& line) {
        const std::lock_guard lock(mutex);
        lines.push_back(line);
    };
    std::vector<std::string> fresh; // the heads of their lines
    {
        auto runtime = Runtime::multi_thread(std::move(options));
        auto on_one_worker = [&]() -> Task<> {
            rouse::Waker waker;
            std::atomic<bool> registered{false};
            auto waits = [&](bool twice) -> Task<> {
                auto once = [&, polls = 0](rouse::Context& cx) mutable -> rouse::Poll<> {
                    if (!twice || polls++ != 0) return rouse::Ready();
                    waker = cx.waker().clone();
                    registered.store(true);
                    return rouse::Pending;
                };
                co_await rouse::poll_fn(once);
            };
            for (int round = 0; round < 10; ++round) {
                auto task = rouse::spawn(waits, true);
                while (!registered.exchange(false)) co_await rouse::yield_now();
                std::move(waker).wake();
                block_until_ended(task);
                co_await task;
                co_await rouse::yield_now(); // this worker lets go of the memory
                auto next = rouse::spawn(waits, false);
                fresh.push_back("poll task " + std::to_string(next.id()) + " ");
                co_await next;
            }
        };
        const auto main = [&]() -> Task<> { co_await rouse::spawn_local(on_one_worker); };
        runtime.block_on(main);
    }
    for (const std::string& head : fresh) {
        for (const std::string& line : lines) {
            // By its spawn, or by "another thread" if the monitor has moved it. Who wakes here is a task.
            if (line.find(head) != std::string::npos) {
                EXPECT_EQ(line.find("woken by task "), std::string::npos) << line;
            }
        }
    }
}

} // namespace
