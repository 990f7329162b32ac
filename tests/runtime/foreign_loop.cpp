// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A runtime within a loop that is not ours.
#include <rouse/rouse.hpp>

#include <gtest/gtest.h>

#include <latch>
#include <thread>

#include <poll.h>

namespace {

using namespace std::chrono_literals;
using rouse::Task;

class ForeignLoop : public testing::Test {
protected:
    /// What a GUI's loop does, until `done`.
    template <class Done>
    void loop(Done&& done) {
        pollfd wait{descriptor, POLLIN, 0};
        while (!done()) {
            const auto time = runtime.run_once();
            ++rounds;
            if (done()) return;
            const int ms =
                time ? static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(*time).count()) : 10'000;
            if (::poll(&wait, 1, ms) == 0 && !time) FAIL() << "nothing came for ten seconds";
        }
    }
    rouse::Runtime runtime = rouse::Runtime::current_thread();
    const int descriptor = rouse::or_throw(runtime.poll_descriptor());
    int rounds = 0;
};

TEST_F(ForeignLoop, runs_tasks_and_timers_without_spinning) {
    auto sleeps = []() -> Task<rouse::Duration> {
        const auto start = rouse::now();
        for (int i = 0; i < 3; ++i) co_await rouse::sleep(5ms);
        co_return rouse::now() - start;
    };
    auto handle = runtime.handle().spawn(sleeps);
    loop([&] { return handle.is_finished(); });
    EXPECT_GE(rouse::block_on(std::move(handle)), 15ms);
    EXPECT_LT(rounds, 30);
}

TEST_F(ForeignLoop, sees_wakes_and_spawns_from_other_threads) {
    auto [sender, receiver] = rouse::oneshot::channel<int>();
    auto waits = [](rouse::oneshot::Receiver<int> wanted) -> Task<int> {
        co_return (co_await std::move(wanted)).value();
    };
    auto first = runtime.handle().spawn(waits, std::move(receiver));
    EXPECT_EQ(runtime.run_once(), std::nullopt); // it waits, and the loop may sleep
    rouse::JoinHandle<int> second(nullptr);
    std::thread other([&, mine = std::move(sender)]() mutable {
        (void)std::move(mine).send(4);
        second = runtime.handle().spawn([]() -> Task<int> { co_return 5; });
    });
    loop([&] { return first.is_finished(); });
    other.join();
    loop([&] { return second.is_finished(); });
    EXPECT_EQ(rouse::block_on(std::move(first)) + rouse::block_on(std::move(second)), 9);
}

TEST_F(ForeignLoop, sees_io) {
    auto echo = []() -> Task<std::string> {
        auto [writer, reader] = rouse::or_throw(rouse::io::pipe());
        auto writes = [](rouse::io::PipeSender end) -> Task<> {
            co_await rouse::sleep(2ms);
            (void)co_await rouse::io::write_all(end, rouse::io::bytes("came"));
        };
        auto other = rouse::spawn(writes, std::move(writer));
        std::string text(16, ' ');
        text.resize(rouse::or_throw(co_await reader.read(rouse::io::room(text))));
        co_await other;
        co_return text;
    };
    auto handle = runtime.handle().spawn(echo);
    loop([&] { return handle.is_finished(); });
    EXPECT_EQ(rouse::block_on(std::move(handle)), "came");
}

TEST_F(ForeignLoop, gets_its_turn_though_a_task_never_sleeps) {
    auto busy = []() -> Task<> {
        for (;;) co_await rouse::yield_now();
    };
    auto handle = runtime.handle().spawn(busy);
    for (int i = 0; i < 10; ++i) EXPECT_EQ(runtime.run_once(), rouse::Duration::zero());
    handle.abort();
    loop([&] { return handle.is_finished(); });
}

TEST(ForeignLoopDeathTest, is_not_for_a_runtime_with_threads_of_its_own) {
    rouse::RuntimeOptions options;
    options.worker_threads = 1;
    EXPECT_DEATH((void)rouse::Runtime::multi_thread(options).run_once(), "current_thread");
}

} // namespace
