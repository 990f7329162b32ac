// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Asking a live program: dumps, the poll log.

#include <rouse/rouse.hpp>

#include "support/scene.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <future>
#include <thread>

namespace {

using namespace rouse;

Task<int> innermost(oneshot::Receiver<int>& rx) { co_return *co_await rx; }
Task<int> waits_for_rx(oneshot::Receiver<int> rx) { co_return co_await innermost(rx); }

const TaskDump* find(const RuntimeDump& dump, std::string_view name) {
    for (const TaskDump& task : dump.tasks)
        if (task.name == name) return &task;
    return nullptr;
}

TEST(Dump, tells_state_stack_and_what_a_task_waits_for_and_polls_nothing) {
    auto runtime = Runtime::current_thread();
    auto [tx, rx] = oneshot::channel<int>();
    const auto main = [&](oneshot::Receiver<int> from) -> Task<> {
        auto reader = TaskBuilder("reader").spawn(waits_for_rx, std::move(from));
        auto joiner = TaskBuilder("joiner").spawn(
            [](JoinHandle<int> of) -> Task<int> { co_return co_await of; }, std::move(reader));
        auto timer = TaskBuilder("timer").spawn([]() -> Task<> { co_await sleep(std::chrono::hours(1)); });
        co_await yield_now();
        const RuntimeDump first = runtime.dump();
        const RuntimeDump dump = runtime.dump();
        EXPECT_TRUE(dump.complete);
        EXPECT_EQ(dump.tasks.size(), 4u);
        EXPECT_EQ(dump.timers, 1u);
        const TaskDump* read = find(dump, "reader");
        EXPECT_NE(read, nullptr);
        if (read) {
            EXPECT_EQ(read->phase, TaskPhase::idle);
            EXPECT_EQ(read->polls, 1u);
            EXPECT_EQ(read->wakers, 1u);
            EXPECT_EQ(read->await.frames.size(), 2u);
            EXPECT_EQ(read->await.frames.at(0).line() + 1, read->await.frames.at(1).line());
            EXPECT_NE(read->await.future_type.find("Receiver"), std::string::npos);
            EXPECT_EQ(read->await.waits.at(0).kind, WaitKind::channel);
            EXPECT_EQ(find(first, "reader")->polls, read->polls);
        }
        const TaskDump* join = find(dump, "joiner");
        EXPECT_NE(join, nullptr);
        if (join) {
            EXPECT_EQ(join->await.waits.at(0).kind, WaitKind::task);
            EXPECT_NE(join->await.waits.at(0).text.find("`reader`"), std::string::npos);
        }
        const std::string text = dump.to_string();
        for (const char* expected :
             {"4 tasks, 1 timer", "`reader`", "idle", "asking.cpp:", "waits for a timer", "running"})
            EXPECT_NE(text.find(expected), std::string::npos) << expected << "\n" << text;
        timer.abort();
        (void)std::move(tx).send(3);
        EXPECT_EQ(co_await joiner, 3);
    };
    runtime.block_on([&]() -> Task<> { co_await main(std::move(rx)); });
}

TEST(Dump, can_be_asked_for_from_another_thread_while_the_runtime_sleeps) {
    auto runtime = Runtime::current_thread();
    auto [tx, rx] = oneshot::channel<int>();
    const Handle handle = runtime.handle();
    std::thread asker([&handle, to = std::move(tx)]() mutable {
        RuntimeDump dump = handle.dump();
        while (dump.tasks.empty()) dump = handle.dump(); // the runtime may not have begun
        EXPECT_EQ(dump.tasks.size(), 1u);
        EXPECT_TRUE(dump.complete);
        (void)std::move(to).send(4);
    });
    EXPECT_EQ(*runtime.block_on(rx), 4);
    asker.join();
}

TEST(Dump, says_so_when_a_poll_does_not_end) {
    auto runtime = Runtime::current_thread();
    const Handle handle = runtime.handle();
    const auto main = [&handle]() -> Task<> {
        const RuntimeDump dump = std::async(std::launch::async, [&handle] { return handle.dump(); }).get();
        EXPECT_FALSE(dump.complete);
        EXPECT_EQ(dump.tasks.size(), 1u);
        EXPECT_EQ(dump.tasks.at(0).phase, TaskPhase::running);
        EXPECT_NE(dump.to_string().find("does not end"), std::string::npos);
        co_return;
    };
    runtime.block_on(main);
}

TEST(Dump, comes_to_stderr_at_the_signal) {
    RuntimeOptions options;
    options.dump_signal = SIGUSR2;
    const auto main = []() -> Task<> {
        auto waiting = TaskBuilder("sleeper").spawn([]() -> Task<> { co_await never(); });
        co_await yield_now();
        std::raise(SIGUSR2);
        co_await sleep(std::chrono::milliseconds(1));
    };
    testing::internal::CaptureStderr();
    run(main, std::move(options));
    const std::string text = testing::internal::GetCapturedStderr();
    EXPECT_NE(text.find("`sleeper`"), std::string::npos) << text;
}

TEST(PollLog, has_a_line_for_each_poll_with_who_woke_it) {
    std::vector<std::string> lines;
    RuntimeOptions options;
    options.on_poll = [&](const std::string& line) { lines.push_back(line); };
    options.poll_log = true;
    const auto main = []() -> Task<> {
        auto [tx, rx] = oneshot::channel<int>();
        auto reader = TaskBuilder("reader").spawn(waits_for_rx, std::move(rx));
        co_await yield_now();
        (void)std::move(tx).send(1);
        co_await reader;
    };
    run(main, std::move(options));
    std::vector<std::string> reader;
    for (const std::string& line : lines)
        if (line.find("`reader`") != std::string::npos) reader.push_back(line);
    ASSERT_EQ(reader.size(), 2u);
    EXPECT_NE(reader[0].find("Pending at "), std::string::npos) << reader[0];
    EXPECT_NE(reader[0].find("asking.cpp"), std::string::npos) << reader[0];
    EXPECT_NE(reader[0].find("woken by its spawn"), std::string::npos) << reader[0];
    EXPECT_NE(reader[1].find("Ready"), std::string::npos) << reader[1];
    EXPECT_NE(reader[1].find("woken by task 0"), std::string::npos) << reader[1];
}

} // namespace
