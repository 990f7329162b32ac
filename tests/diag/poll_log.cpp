// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The poll log: a line for each poll, which says where, what came of it, and who had woken the task.

#include <rouse/runtime/runtime.hpp>
#include <rouse/sync/oneshot.hpp>
#include <rouse/task/task.hpp>
#include <rouse/task/yield_now.hpp>
#include <rouse/time/sleep.hpp>

#include "support/captured_stderr.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using rouse::spawn;
using rouse::Task;
using rouse::TaskBuilder;
using rouse_test::Place;
using rouse_test::Registers;
using rouse_test::Waiting;

/// The lines of one task in a program.
class poll_log : public testing::Test {
protected:
    template <class F>
    void run(F main) {
        rouse::RuntimeOptions options;
        options.paused_clock = true;
        options.poll_log = true;
        options.on_poll = [this](const std::string& line) { lines.push_back(line); };
        options.on_hang = [](const rouse::HangReport&) {};
        rouse::run(std::move(main), std::move(options));
    }
    /// Those of the task with this name, in order.
    std::vector<std::string> of(const std::string& name) const {
        std::vector<std::string> found;
        for (const std::string& line : lines)
            if (line.find("`" + name + "`") != std::string::npos) found.push_back(line);
        return found;
    }
    void expect(const std::string& name, std::vector<std::vector<std::string>> parts) {
        const auto found = of(name);
        ASSERT_EQ(found.size(), parts.size()) << all();
        for (std::size_t i = 0; i < found.size(); ++i)
            for (const std::string& part : parts[i])
                EXPECT_NE(found[i].find(part), std::string::npos) << part << "\nin " << found[i];
    }
    std::string all() const {
        std::string text;
        for (const std::string& line : lines) text += line + "\n";
        return text;
    }
    std::vector<std::string> lines;
    Place place;
};

TEST_F(poll_log, says_task_result_place_time_and_spawn) {
    run([&]() -> Task<> {
        auto body = [&]() -> Task<int> { co_return co_await Waiting(place); };
        auto handle = TaskBuilder("waits").spawn(body);
        co_await rouse::yield_now();
        co_await rouse::yield_now();
        place.complete();
        (void)co_await handle;
    });
    expect("waits", {{"poll task 1 ", "-> Pending", "poll_log.cpp:", " us", "woken by its spawn"},
                     {"poll task 1 ", "-> Ready,", " us", "woken by task 0"}});
}

TEST_F(poll_log, says_which_task_woke_it_at_once_or_later) {
    run([&]() -> Task<> {
        auto waits = [](rouse::oneshot::Receiver<int> from) -> Task<> { (void)co_await from; };
        auto sends = [](rouse::oneshot::Sender<int> to, int turns) -> Task<> {
            for (int i = 0; i < turns; ++i) co_await rouse::yield_now();
            (void)std::move(to).send(1);
        };
        // At once: the receiver is polled right before the sender, and has not been settled.
        auto [tx1, rx1] = rouse::oneshot::channel<int>();
        auto first = TaskBuilder("first").spawn(waits, std::move(rx1));
        auto sender1 = spawn(sends, std::move(tx1), 0);
        co_await first;
        auto [tx2, rx2] = rouse::oneshot::channel<int>();
        auto second = TaskBuilder("second").spawn(waits, std::move(rx2));
        auto sender2 = spawn(sends, std::move(tx2), 3);
        co_await second;
    });
    expect("first", {{"woken by its spawn"}, {"woken by task 2"}});
    expect("second", {{"woken by its spawn"}, {"woken by task 4"}});
}

TEST_F(poll_log, says_that_it_woke_itself_or_gave_way) {
    run([&]() -> Task<> {
        auto yields = []() -> Task<> { co_await rouse::yield_now(); };
        co_await TaskBuilder("yields").spawn(yields);
        int polls = 0;
        auto wakes = [&](rouse::Context& cx) -> rouse::Poll<> {
            if (++polls == 2) return rouse::Ready();
            cx.waker().wake_by_ref();
            return rouse::Pending;
        };
        co_await TaskBuilder("wakes").spawn(rouse::poll_fn(wakes));
    });
    expect("yields", {{"Pending", "its spawn"}, {"Ready", "woken by itself (it gave way)"}});
    expect("wakes", {{"Pending", "its spawn"}, {"Ready", "woken by itself"}});
}

TEST_F(poll_log, says_that_a_thread_a_timer_or_the_end_of_a_task_woke_it) {
    run([&]() -> Task<> {
        auto waits = [&]() -> Task<> { (void)co_await Waiting(place, Registers::once); };
        auto foreign = TaskBuilder("foreign").spawn(waits);
        co_await rouse::yield_now();
        co_await rouse::yield_now();
        auto wakers = place.take();
        place.complete();
        std::thread([&] { std::move(wakers.front()).wake(); }).join();
        co_await foreign;
        auto sleeps = []() -> Task<> { co_await rouse::sleep(1ms); };
        auto timer = TaskBuilder("timer").spawn(sleeps);
        auto joins = [](rouse::JoinHandle<> of) -> Task<> { co_await of; };
        co_await TaskBuilder("joins").spawn(joins, std::move(timer));
    });
    expect("foreign", {{"its spawn"}, {"another thread"}});
    expect("timer", {{"its spawn"}, {"timer"}});
    expect("joins", {{"its spawn"}, {"the end of task 2"}});
}

TEST_F(poll_log, says_that_nobody_will_when_it_hangs_and_that_it_threw) {
    run([&]() -> Task<> {
        auto waits = [&]() -> Task<> { (void)co_await Waiting(place, Registers::never); };
        auto handle = TaskBuilder("hangs").spawn(waits);
        (void)co_await std::move(handle).into_result();
    });
    expect("hangs", {{"Pending", "its spawn"}, {"Ready, with an exception", "nobody"}});
}

// The note of who woke a task that was aborted stayed behind, and went to the next one in its memory.
TEST_F(poll_log, forgets_who_woke_a_task_that_was_aborted) {
    run([&]() -> Task<> {
        auto waits = [&]() -> Task<int> { co_return co_await Waiting(place); };
        for (int i = 0; i < 5; ++i) {
            auto aborted = spawn(waits);
            co_await rouse::yield_now();
            co_await rouse::yield_now();
            for (rouse::Waker& waker : place.take()) std::move(waker).wake();
            aborted.abort();
            (void)co_await std::move(aborted).into_result();
            auto fresh = TaskBuilder("fresh").spawn(waits);
            co_await rouse::yield_now();
            co_await rouse::yield_now();
            fresh.abort();
            (void)co_await std::move(fresh).into_result();
        }
    });
    for (const std::string& line : of("fresh")) EXPECT_NE(line.find("its spawn"), std::string::npos) << line;
    EXPECT_EQ(of("fresh").size(), 5u);
}

TEST(poll_log_switch, the_environment_turns_it_on) {
    ASSERT_EQ(setenv("ROUSE_POLL_LOG", "1", 1), 0);
    rouse_test::CapturedStderr printed;
    rouse::run([]() -> Task<> { co_await rouse::yield_now(); });
    const std::string text = printed.take();
    ASSERT_EQ(setenv("ROUSE_POLL_LOG", "0", 1), 0);
    rouse_test::CapturedStderr silent;
    rouse::run([]() -> Task<> { co_await rouse::yield_now(); });
    EXPECT_EQ(silent.take(), "");
    unsetenv("ROUSE_POLL_LOG");
    EXPECT_NE(text.find("rouse: poll task 0 -> Pending at "), std::string::npos) << text;
    EXPECT_NE(text.find("rouse: poll task 0 -> Ready"), std::string::npos) << text;
}

} // namespace
