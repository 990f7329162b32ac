// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// All of sync on an executor of ten lines, under block_on, and on both runtimes.

#include <rouse/combine/join.hpp>
#include <rouse/core/block_on.hpp>
#include <rouse/core/waker_from.hpp>
#include <rouse/runtime/runtime.hpp>
#include <rouse/task/task.hpp>
#include <rouse/task/yield_now.hpp>

#include "sync/each_future.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <semaphore>
#include <string>
#include <utility>

namespace {

using rouse::join;
using rouse::Task;
using rouse::yield_now;

/// As a user would write it.
class Bell {
public:
    void wake() { rung_.release(); }
    void wait() { rung_.acquire(); }

private:
    std::counting_semaphore<> rung_{0};
};
class TenLines {
public:
    static void run(Task<> future) {
        const auto bell = std::make_shared<Bell>();
        const rouse::Waker waker = rouse::waker_from(bell);
        rouse::Context cx(waker);
        while (future.poll(cx).is_pending()) bell->wait();
    }
};
class BlockOn {
public:
    static void run(Task<> future) { rouse::block_on(std::move(future)); }
};
class CurrentThread {
public:
    static void run(Task<> future) { rouse::run(std::move(future)); }
};
class MultiThread {
public:
    static void run(Task<> future) {
        rouse::RuntimeOptions options;
        options.worker_threads = 2;
        auto runtime = rouse::Runtime::multi_thread(std::move(options));
        // In a task, which any worker polls.
        const auto root = [&future]() -> Task<> { co_await rouse::spawn(std::move(future)); };
        runtime.block_on(root());
    }
};

template <class Driver>
class Everywhere : public ::testing::Test {};
using Drivers = ::testing::Types<TenLines, BlockOn, CurrentThread, MultiThread>;
TYPED_TEST_SUITE(Everywhere, Drivers);

/// `future` waits; then `fire` makes it ready.
template <class Case>
Task<> waits(Case& one, bool& ready) {
    (void)co_await one.make();
    ready = true;
}
template <class Case>
Task<> fires(Case& one) {
    co_await yield_now();
    one.fire();
}
template <class Case>
Task<> pair_of() {
    Case one;
    bool ready = false;
    co_await join(waits(one, ready), fires(one));
    EXPECT_TRUE(ready);
    EXPECT_TRUE(one.conserved());
}
template <class... Cases>
Task<> all_of() {
    (co_await pair_of<Cases>(), ...);
}

TYPED_TEST(Everywhere, each_future_waits_and_is_woken) {
    using namespace rouse_test::futures;
    TypeParam::run(all_of<Acquire<1>, Acquire<3>, AcquireOwned, Lock, LockOwned, Read, Write>());
    TypeParam::run(
        all_of<NotifyOne, NotifyAll, EventSet, BarrierMet, CellValue, Send, Reserve, Recv, RecvMany>());
    TypeParam::run(
        all_of<RecvUnbounded, ReceiverClosed, SendToMany, RecvOfMany, WatchChanged, WatchClosed>());
    TypeParam::run(all_of<BroadcastRecv, OneshotValue, TokenCancelled, TrackerEmpty>());
}

Task<> pings(rouse::mpsc::Sender<int> to, rouse::mpsc::Receiver<int> from) {
    for (int i = 0; i < 100; ++i) {
        auto sent = co_await to.send(i);
        EXPECT_TRUE(sent.has_value());
        auto answer = co_await from.recv();
        EXPECT_EQ(answer, i + 1);
    }
}
Task<> pongs(rouse::mpsc::Sender<int> to, rouse::mpsc::Receiver<int> from) {
    while (auto message = co_await from.recv()) {
        auto sent = co_await to.send(*message + 1);
        EXPECT_TRUE(sent.has_value());
    }
}

TYPED_TEST(Everywhere, two_sides_of_channels) {
    auto [ping, pinged] = rouse::mpsc::channel<int>(1);
    auto [pong, ponged] = rouse::mpsc::channel<int>(1);
    auto joined = join(pings(std::move(ping), std::move(ponged)), pongs(std::move(pong), std::move(pinged)));
    const auto run = [&joined]() -> Task<> { co_await joined; };
    TypeParam::run(run());
}

} // namespace
