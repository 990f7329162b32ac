// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Blocking code in a task. Each program blocks until the hook lets it go on: without the report none would
// end.

#include <rouse/combine/join.hpp>
#include <rouse/runtime/runtime.hpp>
#include <rouse/task/task.hpp>
#include <rouse/task/yield_now.hpp>
#include <rouse/time/sleep.hpp>

#include "support/captured_stderr.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <mutex>
#include <optional>
#include <semaphore>
#include <source_location>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

namespace {

using namespace std::chrono_literals;
using rouse::LongPollReport;
using rouse::spawn;
using rouse::Task;
using rouse::TaskBuilder;

constexpr std::uint32_t here(std::source_location where = std::source_location::current()) {
    return where.line();
}
bool mentions(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

/// Counted by the hook on the watchdog's thread.
///
/// A loaded machine may hold up any poll, and that is reported as well: it lets `block` go on early, in the
/// same poll or in a later one. So whoever wants a certain report blocks in one poll after another, until it
/// has come.
class Reported {
public:
    rouse::RuntimeOptions options(std::chrono::milliseconds threshold = 10ms) {
        rouse::RuntimeOptions options;
        options.long_poll_threshold = threshold;
        options.on_long_poll = [this](const LongPollReport& report) {
            {
                const std::lock_guard lock(mutex_);
                reports_.push_back(report);
            }
            released.release();
        };
        return options;
    }
    /// What a task does that knows nothing of async: blocks, until it was reported. Once a poll at most.
    void block() {
        ++blocks;
        released.acquire();
    }
    /// Of the task `id`, with so many awaits around what runs.
    std::optional<LongPollReport> of(std::uint64_t id, std::size_t awaits) {
        const std::lock_guard lock(mutex_);
        for (const LongPollReport& report : reports_) {
            // Under TSan the signal waits until the thread makes a call that the sanitizer knows.
            if (report.task_id == id && (ROUSE_TSAN || report.stack.size() == awaits)) return report;
        }
        return std::nullopt;
    }
    std::size_t count() {
        const std::lock_guard lock(mutex_);
        return reports_.size();
    }
    std::size_t blocks = 0;
    std::counting_semaphore<> released{0};

private:
    std::mutex mutex_;
    std::vector<LongPollReport> reports_;
};

TEST(long_poll, names_the_awaits_around_the_code_that_runs) {
    Reported reported;
    std::uint32_t lines[3] = {};
    rouse::run(
        [&]() -> Task<> {
            auto inner = [&]() -> Task<> {
                do {
                    lines[0] = here() + 1;
                    co_await rouse::yield_now();
                    reported.block();
                } while (!reported.of(1, 2));
            };
            auto outer = [&]() -> Task<> {
                lines[1] = here() + 1;
                co_await inner();
            };
            lines[2] = here() + 1;
            auto handle = TaskBuilder("blocks").spawn(outer);
            co_await handle;
        },
        reported.options());
    EXPECT_GE(reported.count(), reported.blocks);
    EXPECT_LE(reported.count(), reported.blocks + 3) << "more than polls, of it and of the main task";
    const LongPollReport report = reported.of(1, 2).value();
    EXPECT_GE(report.running, 10ms);
    const std::string text = rouse::format_report(report);
    EXPECT_TRUE(mentions(text, "blocking: task 1")) << text;
    EXPECT_TRUE(mentions(text, "and still is")) << text;
    if (ROUSE_TSAN) return;
    EXPECT_EQ(report.task_name, "blocks");
    EXPECT_EQ(report.stack[0].line(), lines[0]);
    EXPECT_EQ(report.stack[1].line(), lines[1]);
    EXPECT_EQ(report.spawned_at.line(), lines[2]);
    EXPECT_FALSE(report.native_stack.empty());
    EXPECT_TRUE(mentions(text, "native stack")) << text;
}

TEST(long_poll, of_the_main_task_and_of_a_child_of_a_combinator) {
    Reported reported;
    rouse::run(
        [&]() -> Task<> {
            auto blocks = [&]() -> Task<> {
                do {
                    co_await rouse::yield_now();
                    reported.block();
                } while (!reported.of(0, 2));
            };
            co_await rouse::join(blocks(), rouse::yield_now());
        },
        reported.options());
    EXPECT_GE(reported.count(), reported.blocks);
}

TEST(long_poll, each_poll_is_reported_once) {
    Reported reported;
    rouse::run(
        [&]() -> Task<> {
            for (int i = 0; i < 3; ++i) {
                reported.block();
                co_await rouse::yield_now();
            }
        },
        reported.options(5ms));
    EXPECT_GE(reported.count(), 3u);
    EXPECT_LE(reported.count(), 4u); // the last poll does nothing
}

TEST(long_poll, a_runtime_that_sleeps_or_turns_fast_is_not_reported) {
    rouse::RuntimeOptions options;
    options.long_poll_threshold = 500ms;
    options.on_long_poll = [](const LongPollReport& report) {
        ADD_FAILURE() << rouse::format_report(report);
    };
    rouse::run(
        []() -> Task<> {
            co_await rouse::sleep(700ms);
            const auto until = rouse::now() + 700ms;
            while (rouse::now() < until) co_await rouse::yield_now();
        },
        std::move(options));
}

TEST(long_poll, two_runtimes_at_the_same_time) {
    Reported one;
    Reported two;
    const auto blocks = [](Reported& reported) {
        return [&reported]() -> Task<> {
            co_await rouse::yield_now();
            reported.block();
        };
    };
    std::thread other([&] { rouse::run(blocks(two), two.options(5ms)); });
    rouse::run(blocks(one), one.options(20ms));
    other.join();
    for (Reported* const reported : {&one, &two}) {
        EXPECT_GE(reported->count(), 1u);
        EXPECT_LE(reported->count(), 2u); // the first poll only gives way
    }
}

// The hook was called under the watchdog's lock, and this waited for itself.
TEST(long_poll, the_hook_may_drive_a_runtime) {
    std::latch done(1);
    int got = 0;
    rouse::RuntimeOptions options;
    options.long_poll_threshold = 5ms;
    options.on_long_poll = [&](const LongPollReport&) {
        got = rouse::run([]() -> Task<int> {
            co_await rouse::sleep(1ms);
            co_return 4;
        });
        done.count_down();
    };
    rouse::run(
        [&]() -> Task<> {
            done.wait();
            co_return;
        },
        std::move(options));
    EXPECT_EQ(got, 4);
}

TEST(long_poll, the_hook_may_end_another_runtimes_drive) {
    std::latch done(1);
    rouse::RuntimeOptions options;
    options.long_poll_threshold = 5ms;
    options.on_long_poll = [&](const LongPollReport&) {
        std::thread([] { rouse::run([]() -> Task<> { co_await rouse::yield_now(); }); }).join();
        done.count_down();
    };
    rouse::run(
        [&]() -> Task<> {
            done.wait();
            co_return;
        },
        std::move(options));
}

TEST(long_poll, the_drive_does_not_end_while_its_hook_runs) {
    for (int round = 0; round < 20; ++round) {
        std::latch entered(1);
        bool through = false; // not atomic: it is read after the drive, which waits for the hook
        {
            rouse::RuntimeOptions options;
            options.long_poll_threshold = 2ms;
            options.on_long_poll = [&](const LongPollReport&) {
                entered.count_down();
                for (int i = 0; i < 1000; ++i) std::this_thread::yield();
                through = true;
            };
            rouse::run(
                [&]() -> Task<> {
                    entered.wait();
                    co_return;
                },
                std::move(options));
        }
        EXPECT_TRUE(through);
    }
}

TEST(long_poll, what_the_hook_throws_is_ignored) {
    std::latch entered(1);
    rouse::RuntimeOptions options;
    options.long_poll_threshold = 2ms;
    options.on_long_poll = [&](const LongPollReport&) {
        entered.count_down();
        throw std::runtime_error("from the hook");
    };
    rouse::run(
        [&]() -> Task<> {
            entered.wait();
            co_return;
        },
        std::move(options));
}

TEST(long_poll, a_dump_from_its_hook_says_which_task_it_is) {
    Reported reported;
    auto options = reported.options(5ms);
    std::optional<rouse::Handle> handle;
    std::atomic<bool> has_wanted{false};
    rouse::RuntimeDump dump; // written before `has_wanted`, read after it
    options.on_long_poll = [&](const LongPollReport& report) {
        rouse::RuntimeDump now = handle->dump();
        if (report.task_id == 1 && !now.complete && !has_wanted.load()) {
            dump = std::move(now);
            has_wanted.store(true);
        }
        reported.released.release();
    };
    auto runtime = rouse::Runtime::current_thread(std::move(options));
    handle = runtime.handle();
    runtime.block_on([&]() -> Task<> {
        auto blocks = [&]() -> Task<> {
            do {
                co_await rouse::yield_now();
                reported.block();
            } while (!has_wanted.load());
        };
        co_await spawn(blocks);
    });
    EXPECT_FALSE(dump.complete);
    ASSERT_EQ(dump.tasks.size(), 1u);
    EXPECT_EQ(dump.tasks[0].id, 1u);
    EXPECT_EQ(dump.tasks[0].phase, rouse::TaskPhase::running);
    handle.reset();
}

TEST(long_poll, without_a_hook_it_is_printed) {
    testing::FLAGS_gtest_death_test_style = "threadsafe";
    // By a thread that writes to the test's stderr: read by a process of its own.
    const auto program = [] {
        rouse::RuntimeOptions options;
        options.long_poll_threshold = 5ms;
        rouse::run(
            []() -> Task<> {
                // The test has put a file in the place of stderr.
                struct stat before{}, after{};
                fstat(STDERR_FILENO, &before);
                do {
                    std::this_thread::yield();
                    fstat(STDERR_FILENO, &after);
                } while (after.st_size == before.st_size);
                co_return;
            },
            std::move(options));
        std::exit(0);
    };
    EXPECT_EXIT(program(), testing::ExitedWithCode(0), "blocking: the main task");
}

} // namespace
