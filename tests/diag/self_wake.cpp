// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Tasks that burn a core by waking themselves in every poll, and those that only look like it.

#include <rouse/combine/join.hpp>
#include <rouse/runtime/runtime.hpp>
#include <rouse/task/task.hpp>
#include <rouse/task/yield_now.hpp>
#include <rouse/time/timeout.hpp>

#include "support/captured_stderr.hpp"

#include <gtest/gtest.h>

#include <ctime>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using rouse::SelfWakeReport;
using rouse::spawn;
using rouse::Task;
using rouse::TaskBuilder;

std::chrono::nanoseconds cpu_time() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

/// Wakes itself in every poll until it may stop; each `kind`-th time it gives way instead.
class Spins {
public:
    using Output = int;
    explicit Spins(const bool& stop, std::uint64_t gives_way_each = 0) noexcept
        : stop_(stop), gives_way_each_(gives_way_each) {}
    rouse::Poll<int> poll(rouse::Context& cx) {
        if (stop_) return rouse::Ready(1);
        if (gives_way_each_ && ++polls_ % gives_way_each_ == 0) rouse::detail::request_yield(cx);
        else cx.waker().wake_by_ref();
        return rouse::Pending;
    }

private:
    const bool& stop_;
    std::uint64_t gives_way_each_;
    std::uint64_t polls_ = 0;
};

/// Sets `stop` when `cpu` was spent.
Task<> stop_after(std::chrono::nanoseconds cpu, bool& stop) {
    const auto until = cpu_time() + cpu;
    while (cpu_time() < until) co_await rouse::yield_now();
    stop = true;
}

class self_wake : public testing::Test {
protected:
    rouse::RuntimeOptions options(std::chrono::milliseconds threshold = 5ms) {
        rouse::RuntimeOptions options;
        options.self_wake_threshold = threshold;
        options.on_self_wake = [this](const SelfWakeReport& report) { reports.push_back(report); };
        return options;
    }
    std::vector<SelfWakeReport> reports;
    bool stop = false;
};

TEST_F(self_wake, is_found_among_other_tasks_and_reported_once) {
    rouse::run(
        [&]() -> Task<> {
            auto body = [&]() -> Task<int> { co_return co_await Spins(stop); };
            auto handle = TaskBuilder("spins").spawn(body);
            co_await stop_after(80ms, stop);
            EXPECT_EQ(co_await handle, 1);
        },
        options());
    ASSERT_EQ(reports.size(), 1u);
    EXPECT_EQ(reports[0].task_name, "spins");
    EXPECT_EQ(reports[0].task_id, 1u);
    EXPECT_GE(reports[0].cpu, 5ms);
    EXPECT_GE(reports[0].polls, 64u);
    EXPECT_EQ(reports[0].stack.size(), 1u);
    EXPECT_NE(reports[0].future_type.find("Spins"), std::string::npos);
    EXPECT_TRUE(reports[0].spawned_at);
    const std::string text = rouse::format_report(reports[0]);
    EXPECT_NE(text.find("busy: task 1 `spins` wakes itself in every poll"), std::string::npos) << text;
    EXPECT_NE(text.find("a second"), std::string::npos) << text;
}

TEST_F(self_wake, of_several_tasks_each_is_reported) {
    rouse::run(
        [&]() -> Task<> {
            std::vector<rouse::JoinHandle<int>> handles;
            for (int i = 0; i < 5; ++i) handles.push_back(spawn(Spins(stop)));
            co_await stop_after(150ms, stop);
            for (auto& handle : handles) (void)co_await handle;
        },
        options(2ms));
    std::set<std::uint64_t> ids;
    for (const SelfWakeReport& report : reports) ids.insert(report.task_id);
    EXPECT_EQ(ids.size(), 5u);
    EXPECT_EQ(reports.size(), 5u);
}

TEST_F(self_wake, of_a_child_of_a_combinator) {
    rouse::run(
        [&]() -> Task<> {
            auto body = [&]() -> Task<> { (void)co_await rouse::timeout(1h, Spins(stop)); };
            auto handle = spawn(body);
            co_await stop_after(80ms, stop);
            co_await handle;
        },
        options());
    EXPECT_EQ(reports.size(), 1u);
}

TEST_F(self_wake, not_when_it_gives_way_now_and_then) {
    rouse::run(
        [&]() -> Task<> {
            auto handle = spawn(Spins(stop, 100));
            co_await stop_after(60ms, stop);
            (void)co_await handle;
        },
        options());
    EXPECT_TRUE(reports.empty());
}

TEST_F(self_wake, not_when_somebody_else_wakes_it_as_well) {
    rouse::run(
        [&]() -> Task<> {
            rouse::Waker waker;
            auto both = [&](rouse::Context& cx) -> rouse::Poll<> {
                if (stop) return rouse::Ready();
                waker.clone_from(cx.waker());
                cx.waker().wake_by_ref();
                return rouse::Pending;
            };
            auto handle = spawn(rouse::poll_fn(both));
            const auto until = cpu_time() + 60ms;
            while (cpu_time() < until) {
                if (waker) waker.wake_by_ref();
                co_await rouse::yield_now();
            }
            stop = true;
            co_await handle;
        },
        options());
    EXPECT_TRUE(reports.empty());
}

TEST_F(self_wake, not_when_it_is_switched_off) {
    rouse::run(
        [&]() -> Task<> {
            auto handle = spawn(Spins(stop));
            co_await stop_after(30ms, stop);
            (void)co_await handle;
        },
        options(0ms));
    EXPECT_TRUE(reports.empty());
}

// Others may have burned the CPU: a task is charged with its share of the polls.
TEST_F(self_wake, a_lazy_one_is_not_charged_with_what_others_burned) {
    rouse::run(
        [&]() -> Task<> {
            int polls = 0;
            auto few = [&](rouse::Context& cx) -> rouse::Poll<> {
                if (++polls > 300) return rouse::Ready();
                cx.waker().wake_by_ref();
                return rouse::Pending;
            };
            auto handle = spawn(rouse::poll_fn(few));
            // 150 others, that all give way, take 150 times as many turns.
            std::vector<rouse::JoinHandle<>> others;
            auto yields = [&]() -> Task<> {
                while (!handle.is_finished()) co_await rouse::yield_now();
            };
            for (int i = 0; i < 150; ++i) others.push_back(spawn(yields));
            for (auto& other : others) co_await other;
        },
        options(50ms));
    EXPECT_TRUE(reports.empty());
}

TEST_F(self_wake, what_the_hook_throws_is_ignored) {
    auto hooked = options();
    hooked.on_self_wake = [&](const SelfWakeReport&) {
        stop = true;
        throw std::runtime_error("from the hook");
    };
    EXPECT_EQ(rouse::run([&]() -> Task<int> { co_return co_await Spins(stop); }, std::move(hooked)), 1);
}

TEST_F(self_wake, without_a_hook_it_is_printed) {
    rouse_test::CapturedStderr printed;
    rouse::RuntimeOptions plain;
    plain.self_wake_threshold = 2ms;
    rouse::run(
        [&]() -> Task<> {
            auto handle = spawn(Spins(stop));
            co_await stop_after(40ms, stop);
            (void)co_await handle;
        },
        std::move(plain));
    EXPECT_NE(printed.take().find("busy: task 1"), std::string::npos);
}

} // namespace
