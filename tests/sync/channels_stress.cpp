// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Four threads on watch, broadcast, mpmc, tokens and trackers.

#include <rouse/sync/broadcast.hpp>
#include <rouse/sync/cancellation_token.hpp>
#include <rouse/sync/mpmc.hpp>
#include <rouse/sync/task_tracker.hpp>
#include <rouse/sync/watch.hpp>
#include <rouse/task/yield_now.hpp>

#include "support/stress_rounds.hpp"
#include "sync/threads.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <optional>
#include <thread>
#include <utility>

namespace {

namespace broadcast = rouse::broadcast;
namespace mpmc = rouse::mpmc;
namespace watch = rouse::watch;
using rouse::Task;
using rouse_test::on_threads;
using rouse_test::PollOnce;
using rouse_test::scaled;

TEST(MpmcStress, each_message_arrives_once) {
    for (const std::size_t room : {1u, 64u}) {
        const std::uint64_t each = scaled(50'000);
        auto ends = std::make_optional(mpmc::channel<std::uint64_t>(room));
        std::deque<mpmc::Sender<std::uint64_t>> senders(2, ends->first);
        std::deque<mpmc::Receiver<std::uint64_t>> receivers(2, ends->second);
        ends.reset();
        std::atomic<std::uint64_t> sum{0}, count{0};
        on_threads(4, [&](std::size_t i) -> Task<> {
            if (i < 2) {
                auto own = std::move(senders[i]);
                for (std::uint64_t n = 1; n <= each; ++n) {
                    auto sent = co_await own.send(n);
                    EXPECT_TRUE(sent.has_value());
                }
                co_return;
            }
            auto own = std::move(receivers[i - 2]);
            for (std::uint64_t n = 0;; ++n) {
                if (n % 3 == 0) { // gives up, also when a message was meant for it
                    auto got = co_await PollOnce(own.recv());
                    if (!got) continue;
                    if (!*got) break;
                    sum += **got;
                } else {
                    auto got = co_await own.recv();
                    if (!got) break;
                    sum += *got;
                }
                ++count;
            }
        });
        EXPECT_EQ(count.load(), 2 * each);
        EXPECT_EQ(sum.load(), each * (each + 1));
    }
}

TEST(BroadcastStress, received_and_missed_are_all_that_was_sent) {
    const std::uint64_t each = scaled(50'000);
    auto [tx, first] = broadcast::channel<std::uint64_t>(16);
    std::optional sender(std::move(tx));
    std::deque<broadcast::Receiver<std::uint64_t>> receivers;
    for (int i = 0; i < 2; ++i) receivers.push_back(first.resubscribe());
    receivers.push_back(std::move(first));
    on_threads(4, [&](std::size_t i) -> Task<> {
        if (i == 3) {
            for (std::uint64_t n = 0; n < each; ++n) {
                EXPECT_EQ(sender->send(n).value(), 3u);
                if (n % 8 == 0) co_await rouse::yield_now();
            }
            sender.reset();
            co_return;
        }
        std::uint64_t next = 0;
        for (;;) {
            auto got = co_await receivers[i].recv();
            if (got) {
                EXPECT_EQ(*got, next) << "in order, and none twice";
                ++next;
            } else if (got.error().is_lagged()) {
                next += got.error().missed();
            } else {
                break;
            }
        }
        EXPECT_EQ(next, each);
    });
}

/// Counts itself.
class Counted {
public:
    Counted(std::uint64_t number, std::atomic<std::int64_t>& alive) : number(number), alive_(&alive) {
        ++alive;
    }
    Counted(const Counted& other) : Counted(other.number, *other.alive_) {}
    Counted(Counted&& other) noexcept : Counted(other.number, *other.alive_) { other.number = moved; }
    Counted& operator=(const Counted&) = default;
    ~Counted() { --*alive_; }
    static constexpr std::uint64_t moved = ~std::uint64_t{0};
    std::uint64_t number;

private:
    std::atomic<std::int64_t>* alive_;
};

TEST(BroadcastStress, no_message_outlives_those_who_come_and_go) {
    rouse_test::StressRounds rounds(500);
    while (rounds.take()) {
        std::atomic<std::int64_t> alive{0};
        auto [tx, rx] = broadcast::channel<Counted>(4);
        std::optional sender(std::move(tx));
        std::optional slow(std::move(rx));
        std::atomic<bool> over{false};
        on_threads(4, [&](std::size_t i) -> Task<> {
            if (i == 3) {
                for (std::uint64_t n = 0; n < 200; ++n) {
                    EXPECT_TRUE(sender->send(Counted(n, alive)).has_value());
                    if (n % 4 == 0) std::this_thread::yield();
                }
                over = true;
                co_return;
            }
            while (!over) {
                auto own = sender->subscribe();
                std::optional<std::uint64_t> next;
                for (std::size_t n = 0; n < 2 + i; ++n) {
                    auto got = own.try_recv();
                    if (!got) continue;
                    if (!*got) {
                        if (next) *next += got->error().missed();
                        continue;
                    }
                    const std::uint64_t number = (*got)->number;
                    EXPECT_NE(number, Counted::moved);
                    EXPECT_EQ(number, next.value_or(number)) << "in order, and none left out";
                    next = number + 1;
                }
                std::this_thread::yield();
            }
        });
        EXPECT_EQ(alive.load(), 4) << "the slow one has not read them";
        for (std::uint64_t n = 196; n < 199; ++n) {
            auto got = slow->try_recv();
            if (!*got) got = slow->try_recv(); // it was too slow
            EXPECT_EQ((*got)->number, n);
        }
        EXPECT_EQ(alive.load(), 1);
        slow.reset();
        EXPECT_EQ(alive.load(), 0);
    }
}

TEST(WatchStress, the_last_value_is_always_seen) {
    const std::uint64_t last = scaled(50'000);
    auto [tx, rx] = watch::channel<std::uint64_t>(0);
    std::optional sender(std::move(tx));
    on_threads(4, [&](std::size_t i) -> Task<> {
        if (i == 3) {
            for (std::uint64_t n = 1; n <= last; ++n) EXPECT_TRUE(sender->send(n).has_value());
            sender.reset();
            co_return;
        }
        auto own = rx;
        std::uint64_t seen = 0;
        for (;;) {
            auto changed = co_await own.changed();
            if (!changed) break;
            const std::uint64_t now = *own.borrow_and_update();
            EXPECT_GE(now, seen);
            seen = now;
            EXPECT_EQ(*own.borrow(), *own.borrow()) << "what is borrowed does not change";
        }
        EXPECT_EQ(*own.borrow(), last);
    });
}

TEST(WatchStress, no_value_is_told_twice) {
    const std::uint64_t last = scaled(200'000);
    auto [tx, rx] = watch::channel<std::uint64_t>(0);
    std::optional sender(std::move(tx));
    on_threads(2, [&](std::size_t i) -> Task<> {
        if (i == 1) {
            for (std::uint64_t n = 1; n <= last; ++n) EXPECT_TRUE(sender->send(n).has_value());
            sender.reset();
            co_return;
        }
        std::uint64_t seen = 0, twice = 0;
        for (;;) {
            auto changed = co_await rx.changed();
            if (!changed) break;
            const std::uint64_t now = *rx.borrow_and_update();
            twice += now == seen;
            seen = now;
        }
        EXPECT_EQ(twice, 0u);
        EXPECT_EQ(seen, last);
    });
}

TEST(WatchStress, who_has_seen_the_value_may_end_the_channel) {
    rouse_test::StressRounds rounds(1'000);
    while (rounds.take()) {
        auto [tx, rx] = watch::channel<int>(0);
        std::optional sender(std::move(tx));
        std::optional receiver(std::move(rx));
        watch::Sender<int>& sends = *sender;
        on_threads(2, [&](std::size_t i) -> Task<> {
            if (i == 1) {
                sends.send_modify([](int& value) { value = 1; });
                co_return;
            }
            auto changed = co_await receiver->changed();
            EXPECT_TRUE(changed.has_value());
            EXPECT_EQ(*receiver->borrow(), 1);
            receiver.reset();
            sender.reset();
        });
    }
}

TEST(CancellationStress, everybody_hears_of_it_and_children_come_and_go) {
    rouse_test::StressRounds rounds(3'000);
    while (rounds.take()) {
        const rouse::CancellationToken token;
        on_threads(4, [&](std::size_t i) -> Task<> {
            if (i == 3) {
                token.cancel();
                co_return;
            }
            for (int n = 0; n < 5; ++n) {
                const auto child = token.child_token();
                const auto grandchild = child.child_token();
                (void)co_await PollOnce(grandchild.cancelled());
                (void)child.child_token();
            }
            const auto child = token.child_token();
            const auto waits = i == 0 ? token : child;
            co_await waits.cancelled();
            EXPECT_TRUE(child.is_cancelled());
        });
    }
}

TEST(TaskTrackerStress, a_wait_ends_with_the_last_task) {
    rouse_test::StressRounds rounds(3'000);
    while (rounds.take()) {
        const rouse::TaskTracker tracker;
        std::optional<rouse::TaskTrackerToken> tokens[3] = {tracker.token(), tracker.token(),
                                                            tracker.token()};
        std::atomic<int> ended{0};
        on_threads(4, [&](std::size_t i) -> Task<> {
            if (i == 3) {
                tracker.close();
                co_await tracker.wait();
                EXPECT_EQ(ended.load(), 3);
                co_return;
            }
            ++ended;
            tokens[i].reset();
        });
    }
}

} // namespace
