// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// All of sync on an executor of ten lines, under block_on, and on both runtimes.

#include <rouse/combine/join.hpp>
#include <rouse/task/task.hpp>
#include <rouse/task/yield_now.hpp>

#include "support/four_executors.hpp"
#include "sync/each_future.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace {

using rouse::join;
using rouse::Task;
using rouse::yield_now;

template <class Executor>
class Everywhere : public ::testing::Test {};
TYPED_TEST_SUITE(Everywhere, rouse_test::FourExecutors);

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
