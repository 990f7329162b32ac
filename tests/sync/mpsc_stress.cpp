// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Messages and permits are conserved: four threads that send, give up, receive and close.

#include <rouse/sync/mpsc.hpp>
#include <rouse/sync/semaphore.hpp>
#include <rouse/task/yield_now.hpp>

#include "support/stress_rounds.hpp"
#include "sync/threads.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace {

namespace mpsc = rouse::mpsc;
using rouse::Task;
using rouse_test::on_threads;
using rouse_test::on_workers;
using rouse_test::scaled;

class NumberedMessage {
public:
    NumberedMessage(std::uint32_t sender, std::uint32_t number) : sender(sender), number(number) { ++alive; }
    NumberedMessage(NumberedMessage&& other) noexcept : sender(other.sender), number(other.number) {
        ++alive;
    }
    NumberedMessage& operator=(NumberedMessage&& other) noexcept = default;
    ~NumberedMessage() { --alive; }
    std::uint32_t sender;
    std::uint32_t number;
    static inline std::atomic<long> alive{0};
};

/// The messages of each sender come in their order, and none is missing.
class Order {
public:
    explicit Order(std::size_t senders) : next_(senders, 0) {}
    void check(const NumberedMessage& message) {
        EXPECT_EQ(message.number, next_.at(message.sender)++) << "of sender " << message.sender;
    }
    [[nodiscard]] std::uint32_t from(std::size_t sender) const { return next_.at(sender); }

private:
    std::vector<std::uint32_t> next_;
};

TEST(MpscStress, threads_that_send_to_one_that_receives) {
    for (const std::size_t room : {1u, 3u, 1024u}) {
        const auto each = static_cast<std::uint32_t>(scaled(room < 10 ? 20'000 : 100'000));
        auto [tx, rx] = mpsc::channel<NumberedMessage>(room);
        Order order(3);
        std::optional sender(std::move(tx));
        std::vector<mpsc::Sender<NumberedMessage>> senders(3, *sender);
        sender.reset();
        on_threads(4, [&](std::size_t i) -> Task<> {
            if (i == 3) {
                while (auto message = co_await rx.recv()) order.check(*message);
                co_return;
            }
            auto own = std::move(senders[i]);
            for (std::uint32_t n = 0; n < each; ++n) {
                auto sent = co_await own.send(NumberedMessage(static_cast<std::uint32_t>(i), n));
                EXPECT_TRUE(sent.has_value());
            }
        });
        for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(order.from(i), each);
        EXPECT_EQ(rx.capacity(), room);
    }
    EXPECT_EQ(NumberedMessage::alive.load(), 0);
}

TEST(MpscStress, unbounded_over_very_many_blocks) {
    const auto each = static_cast<std::uint32_t>(scaled(300'000));
    auto [tx, rx] = mpsc::unbounded_channel<NumberedMessage>();
    Order order(3);
    on_threads(4, [&](std::size_t i) -> Task<> {
        if (i == 3) {
            for (std::uint32_t n = 0; n < 3 * each; ++n) {
                auto message = co_await rx.recv();
                order.check(*message);
            }
            co_return;
        }
        for (std::uint32_t n = 0; n < each; ++n)
            EXPECT_TRUE(tx.send(NumberedMessage(static_cast<std::uint32_t>(i), n)).has_value());
    });
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(order.from(i), each);
    EXPECT_EQ(NumberedMessage::alive.load(), 0);
}

// Whoever gives up a send has sent nothing; what was sent is received or returned, once.
TEST(MpscStress, sends_and_receives_that_give_up) {
    const auto each = static_cast<std::uint32_t>(scaled(50'000));
    auto [tx, rx] = mpsc::channel<NumberedMessage>(2);
    std::atomic<std::uint32_t> sent{0}, received{0}, through{0};
    on_threads(4, [&](std::size_t i) -> Task<> {
        if (i == 3) {
            for (std::uint32_t n = 0; through.load() < 3 || !rx.is_empty(); ++n) {
                const bool gives_up = n % 3 == 0;
                if (gives_up || through.load() == 3) {
                    auto got = co_await rouse_test::PollOnce(rx.recv());
                    if (got && *got) ++received;
                } else if (auto got = rx.try_recv()) {
                    ++received;
                } else {
                    co_await rouse::yield_now();
                }
            }
            co_return;
        }
        for (std::uint32_t n = 0; n < each; ++n) {
            if (n % 2 == 0) {
                auto result =
                    co_await rouse_test::PollOnce(tx.send(NumberedMessage(static_cast<std::uint32_t>(i), n)));
                if (result && *result) ++sent;
            } else if (n % 5 == 0) {
                auto permit = co_await rouse_test::PollOnce(tx.reserve());
                if (permit && n % 3 == 0) {
                    std::move(**permit).send(NumberedMessage(static_cast<std::uint32_t>(i), n));
                    ++sent;
                }
            } else if (tx.try_send(NumberedMessage(static_cast<std::uint32_t>(i), n))) {
                ++sent;
            }
        }
        ++through;
    });
    EXPECT_EQ(sent.load(), received.load());
    EXPECT_EQ(tx.capacity(), 2u) << "room was lost";
    EXPECT_EQ(NumberedMessage::alive.load(), 0);
}

TEST(MpscStress, the_receiver_closes_in_the_middle) {
    rouse_test::StressRounds rounds(2'000);
    while (rounds.take()) {
        auto [tx, rx] = mpsc::channel<NumberedMessage>(4);
        std::atomic<std::uint32_t> sent{0}, returned{0};
        std::uint32_t received = 0;
        on_threads(4, [&](std::size_t i) -> Task<> {
            if (i == 3) {
                for (int n = 0; n < 10; ++n) {
                    auto got = co_await rx.recv();
                    EXPECT_TRUE(got.has_value());
                    ++received;
                }
                rx.close();
                while (auto got = co_await rx.recv()) ++received;
                co_return;
            }
            for (std::uint32_t n = 0; n < 20; ++n) {
                auto result = co_await tx.send(NumberedMessage(static_cast<std::uint32_t>(i), n));
                if (result) ++sent;
                else ++returned;
            }
        });
        ASSERT_EQ(sent.load(), received);
        ASSERT_EQ(sent.load() + returned.load(), 60u);
    }
    EXPECT_EQ(NumberedMessage::alive.load(), 0);
}

TEST(MpscStress, tasks_on_four_workers) {
    const auto each = static_cast<std::uint32_t>(scaled(20'000));
    const auto send = [](mpsc::Sender<NumberedMessage> to, std::uint32_t from,
                         std::uint32_t count) -> Task<> {
        for (std::uint32_t n = 0; n < count; ++n) {
            auto sent = co_await to.send(NumberedMessage(from, n));
            EXPECT_TRUE(sent.has_value());
        }
    };
    const auto main = [&]() -> Task<> {
        auto [tx, rx] = mpsc::channel<NumberedMessage>(16);
        for (std::uint32_t i = 0; i < 8; ++i) rouse::spawn(send, tx, i, each).detach();
        { auto gone = std::move(tx); }
        Order order(8);
        while (auto message = co_await rx.recv()) order.check(*message);
        for (std::size_t i = 0; i < 8; ++i) EXPECT_EQ(order.from(i), each);
    };
    on_workers(main());
    EXPECT_EQ(NumberedMessage::alive.load(), 0);
}

TEST(SemaphoreStress, permits_are_conserved) {
    constexpr std::size_t all = 5;
    rouse::Semaphore semaphore(all);
    std::atomic<int> in_use{0};
    on_threads(4, [&](std::size_t i) -> Task<> {
        for (std::size_t n = 0; n < scaled(50'000); ++n) {
            const std::size_t wanted = 1 + (n * 7 + i) % all;
            if (n % 3 == 0) {
                auto got = co_await rouse_test::PollOnce(semaphore.acquire_many(wanted));
                if (!got) continue;
                EXPECT_LE(in_use += static_cast<int>(wanted), static_cast<int>(all));
                in_use -= static_cast<int>(wanted);
            } else {
                auto got = co_await semaphore.acquire_many(wanted);
                EXPECT_LE(in_use += static_cast<int>(wanted), static_cast<int>(all));
                in_use -= static_cast<int>(wanted);
            }
        }
    });
    EXPECT_EQ(semaphore.available_permits(), all);
}

} // namespace
