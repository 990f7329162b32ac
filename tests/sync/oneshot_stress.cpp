// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Both ends of many channels, one thread each, which meet at most of them.

#include <rouse/runtime/runtime.hpp>
#include <rouse/sync/oneshot.hpp>
#include <rouse/task/task.hpp>
#include <rouse/testing/harness.hpp>

#include "support/stress_rounds.hpp"
#include "support/two_threads.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace {

namespace oneshot = rouse::oneshot;
using rouse::testing::CountingWaker;

/// Knows how many of its kind are alive, and whether it was taken for another.
class Payload {
public:
    explicit Payload(std::size_t number) noexcept : number_(number) { alive.fetch_add(1); }
    Payload(Payload&& other) noexcept : number_(other.number_) { alive.fetch_add(1); }
    Payload& operator=(Payload&&) = delete;
    ~Payload() { alive.fetch_sub(1); }
    [[nodiscard]] std::size_t number() const noexcept { return number_; }
    static inline std::atomic<long> alive{0};

private:
    std::size_t number_;
};

class Round {
public:
    using Got = std::expected<Payload, oneshot::RecvError>;
    Round() : Round(oneshot::channel<Payload>()) {}

    void poll(const CountingWaker& with) {
        rouse::Context cx(with.waker());
        auto poll = receiver->poll(cx);
        if (poll.is_ready()) got.emplace(std::move(poll).value());
    }
    void send(std::size_t number) {
        auto sent = std::move(*sender).send(number);
        sender.reset();
        if (sent) return;
        came_back = true;
        EXPECT_EQ(sent.error().number(), number);
    }
    std::optional<oneshot::Sender<Payload>> sender;
    std::optional<oneshot::Receiver<Payload>> receiver;
    CountingWaker waker;
    CountingWaker second;
    std::optional<Got> got;
    bool came_back = false;

private:
    explicit Round(std::pair<oneshot::Sender<Payload>, oneshot::Receiver<Payload>> ends)
        : sender(std::move(ends.first)), receiver(std::move(ends.second)) {}
};

/// `at_receiver(round, i)` and `at_sender(round, i)` on two threads for each of very many channels, then
/// `check(round, i)`.
template <class AtReceiver, class AtSender, class Check>
void race(AtReceiver at_receiver, AtSender at_sender, Check check) {
    rouse_test::StressRounds rounds(100'000);
    while (const std::size_t count = rounds.take(5'000)) {
        std::vector<Round> channels(count);
        const auto here = [&](std::size_t i) { at_receiver(channels[i], i); };
        const auto there = [&](std::size_t i) { at_sender(channels[i], i); };
        rouse_test::TwoThreads::walk(count, here, there);
        for (std::size_t i = 0; i < count; ++i) {
            check(channels[i], i);
            EXPECT_EQ(channels[i].waker.clones_alive(), 0u);
            EXPECT_EQ(channels[i].second.clones_alive(), 0u);
            if (testing::Test::HasFailure()) return;
        }
        channels.clear();
        ASSERT_EQ(Payload::alive.load(), 0);
    }
}

TEST(OneshotStress, send_against_poll) {
    const auto poll = [](Round& round, std::size_t) { round.poll(round.waker); };
    const auto send = [](Round& round, std::size_t i) { round.send(i); };
    race(poll, send, [](Round& round, std::size_t i) {
        EXPECT_FALSE(round.came_back);
        if (!round.got) {
            EXPECT_GE(round.waker.wakes(), 1u) << "Pending, and nobody woke it";
            round.poll(round.waker);
        }
        ASSERT_TRUE(round.got && round.got->has_value());
        EXPECT_EQ((*round.got)->number(), i);
    });
}

TEST(OneshotStress, send_against_polls_with_two_wakers) {
    const auto poll = [](Round& round, std::size_t) {
        round.poll(round.waker);
        if (!round.got) round.poll(round.second);
    };
    const auto send = [](Round& round, std::size_t i) { round.send(i); };
    race(poll, send, [](Round& round, std::size_t i) {
        if (!round.got) {
            EXPECT_GE(round.second.wakes(), 1u) << "Pending, and the latest waker was not woken";
            round.poll(round.second);
        }
        ASSERT_TRUE(round.got && round.got->has_value());
        EXPECT_EQ((*round.got)->number(), i);
    });
}

TEST(OneshotStress, drop_of_the_sender_against_poll) {
    const auto poll = [](Round& round, std::size_t) { round.poll(round.waker); };
    const auto drop = [](Round& round, std::size_t) { round.sender.reset(); };
    race(poll, drop, [](Round& round, std::size_t) {
        if (!round.got) {
            EXPECT_GE(round.waker.wakes(), 1u);
            round.poll(round.waker);
        }
        ASSERT_TRUE(round.got);
        EXPECT_FALSE(round.got->has_value());
    });
}

TEST(OneshotStress, drop_of_the_receiver_against_send) {
    const auto drop = [](Round& round, std::size_t) { round.receiver.reset(); };
    const auto send = [](Round& round, std::size_t i) { round.send(i); };
    race(drop, send, [](Round& round, std::size_t) { EXPECT_EQ(round.waker.wakes(), 0u); });
}

TEST(OneshotStress, poll_and_drop_of_the_receiver_against_send) {
    const auto drop = [](Round& round, std::size_t) {
        round.poll(round.waker);
        round.receiver.reset();
    };
    const auto send = [](Round& round, std::size_t i) { round.send(i); };
    race(drop, send, [](Round& round, std::size_t i) {
        if (round.got) {
            EXPECT_EQ((*round.got)->number(), i);
        }
        EXPECT_FALSE(round.got && round.came_back) << "one value, in two places";
    });
}

TEST(OneshotStress, poll_and_drop_of_the_receiver_against_drop_of_the_sender) {
    const auto drop_receiver = [](Round& round, std::size_t) {
        round.poll(round.waker);
        round.receiver.reset();
    };
    const auto drop_sender = [](Round& round, std::size_t) { round.sender.reset(); };
    race(drop_receiver, drop_sender, [](Round& round, std::size_t) {
        if (round.got) {
            EXPECT_FALSE(round.got->has_value());
        }
    });
}

TEST(OneshotStress, try_recv_against_send) {
    const auto try_it = [](Round& round, std::size_t) {
        if (auto got = round.receiver->try_recv()) round.got.emplace(std::move(*got));
    };
    const auto send = [](Round& round, std::size_t i) { round.send(i); };
    race(try_it, send, [](Round& round, std::size_t i) {
        if (!round.got) round.poll(round.waker);
        ASSERT_TRUE(round.got && round.got->has_value());
        EXPECT_EQ((*round.got)->number(), i);
    });
}

// The runtime is asleep, or about to be, when the value comes.
TEST(OneshotStress, a_task_receives_from_a_foreign_thread) {
    const std::size_t count = rouse_test::scaled(50'000);
    std::vector<Round> channels(count);
    std::jthread sender([&] {
        for (std::size_t i = 0; i < count; ++i) {
            if (i % 3 == 0) channels[i].sender.reset();
            else channels[i].send(i);
        }
    });
    rouse::run([&]() -> rouse::Task<> {
        for (std::size_t i = 0; i < count; ++i) {
            auto got = co_await *channels[i].receiver;
            EXPECT_EQ(got.has_value(), i % 3 != 0);
            if (got) {
                EXPECT_EQ(got->number(), i);
            }
        }
    });
    sender.join();
    EXPECT_EQ(Payload::alive.load(), 0);
}

} // namespace
