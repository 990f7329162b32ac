// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What a reader of a dump is told: names, and who has the permits.

#include <rouse/rouse.hpp>

#include "support/told.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

using rouse::Task;
using rouse_test::told_by;

TEST(Names, are_told_of_channels) {
    auto [watch_tx, watch_rx] = rouse::watch::channel(0, "config");
    EXPECT_EQ(told_by(watch_rx.changed()), "a new value of a watch channel `config`");
    EXPECT_EQ(told_by(watch_tx.closed()), "the end of the receivers of a watch channel `config`");
    auto [news_tx, news_rx] = rouse::broadcast::channel<int>(4, "news");
    EXPECT_EQ(told_by(news_rx.recv()), "a message of a broadcast channel `news`");
    auto [jobs_tx, jobs_rx] = rouse::mpmc::channel<int>(4, "jobs");
    EXPECT_EQ(told_by(jobs_rx.recv()), "a message of an mpmc channel `jobs`");
    EXPECT_EQ(told_by(jobs_tx.send(1)), "room in an mpmc channel `jobs`");
    auto [logs_tx, logs_rx] = rouse::mpmc::unbounded_channel<int>("logs");
    EXPECT_EQ(told_by(logs_rx.recv()), "a message of an mpmc channel `logs`");
    auto [bare_tx, bare_rx] = rouse::mpmc::unbounded_channel<int>();
    EXPECT_EQ(told_by(bare_rx.recv()), "a message of an mpmc channel");
}

TEST(Names, of_a_token_go_to_its_children_that_have_none) {
    const rouse::CancellationToken stop("stop");
    EXPECT_EQ(told_by(stop.cancelled()), "the cancellation of a token `stop`");
    EXPECT_EQ(stop.child_token().name(), "stop");
    EXPECT_EQ(stop.child_token("reload").name(), "reload");
    EXPECT_EQ(told_by(rouse::CancellationToken().cancelled()), "the cancellation of a token");
}

TEST(Names, are_told_of_a_tracker) {
    const rouse::TaskTracker clients("clients"), bare;
    const auto token = clients.token();
    EXPECT_EQ(told_by(clients.wait()), "the end of 1 tasks of the tracker `clients`");
    EXPECT_EQ(told_by(bare.wait()), "the end of 0 tracked tasks");
}

/// As a task, takes `count` permits and keeps them until `done`.
Task<> keeps(rouse::Semaphore& semaphore, std::size_t count, rouse::Event& done) {
    auto permit = co_await semaphore.acquire_many(count);
    co_await done.wait();
}

TEST(Permits, are_told_with_those_who_have_them) {
    rouse::Semaphore semaphore(5, "connections");
    rouse::run([&]() -> Task<> {
        rouse::Event done;
        auto first = rouse::spawn(keeps, std::ref(semaphore), 2, std::ref(done));
        auto second = rouse::spawn(keeps, std::ref(semaphore), 3, std::ref(done));
        auto waiting = semaphore.acquire_many(2);
        EXPECT_EQ(told_by(waiting), "2 permits of a semaphore `connections`");
        co_await rouse::yield_now();
        co_await rouse::yield_now();
        EXPECT_EQ(semaphore.holders(), (std::vector<std::uint64_t>{first.id(), second.id()}));
        EXPECT_EQ(told_by(waiting), "2 permits of a semaphore `connections`, held by tasks " +
                                        std::to_string(first.id()) + " and " + std::to_string(second.id()));
        first.abort();
        auto ended = co_await std::move(first).into_result();
        EXPECT_FALSE(ended.has_value());
        EXPECT_EQ(semaphore.holders(), std::vector<std::uint64_t>{second.id()});
        done.set();
        co_await second;
        EXPECT_TRUE(semaphore.holders().empty());
    });
}

TEST(Permits, that_are_split_merged_moved_and_forgotten_are_of_their_taker_until_they_are_gone) {
    rouse::Semaphore semaphore(4);
    rouse::run([&]() -> Task<> {
        auto works = [&]() -> Task<> {
            auto all = co_await semaphore.acquire_many(3);
            const auto self = semaphore.holders();
            EXPECT_EQ(self.size(), 1u);
            auto part = all->split(1);
            auto moved = std::move(*all);
            { auto gone = std::move(moved); }
            EXPECT_EQ(semaphore.holders(), self); // one is left
            auto whole = part->split(1);
            { auto nothing = std::move(*part); }
            EXPECT_EQ(semaphore.holders(), self);
            auto more = co_await semaphore.acquire();
            whole->merge(std::move(*more));
            EXPECT_EQ(whole->num_permits(), 2u);
            EXPECT_EQ(semaphore.holders(), self);
            std::move(*whole).forget();
            EXPECT_TRUE(semaphore.holders().empty());
        };
        co_await rouse::spawn(works);
    });
    EXPECT_EQ(semaphore.available_permits(), 2u);
}

TEST(Permits, of_more_than_eight_tasks_are_told_in_part) {
    rouse::Semaphore semaphore(20);
    rouse::run([&]() -> Task<> {
        rouse::Event done;
        std::vector<rouse::JoinHandle<>> tasks;
        for (int i = 0; i < 12; ++i)
            tasks.push_back(rouse::spawn(keeps, std::ref(semaphore), 1, std::ref(done)));
        co_await rouse::yield_now();
        EXPECT_EQ(semaphore.holders().size(), 8u);
        done.set();
        for (auto& task : tasks) co_await task;
        EXPECT_TRUE(semaphore.holders().empty());
    });
    EXPECT_EQ(semaphore.available_permits(), 20u);
}

} // namespace
